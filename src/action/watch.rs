//! `watch`: the changes of an object or of a kind's objects, as the server tells them.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};

use super::during::Gather;
use super::listing::{Listing, is_own};
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, during, path};
use crate::cluster::{EventKind, Exchange, Request, WatchEvent};
use crate::shape;
use crate::syntax::{Fields, Node, TextTemplate};

pub(super) const KIND: Kind = Kind {
    key: "watch",
    doc: "Reads the changes of one object (`name`), or of those that `list` with the same fields would list, until `until` \
          holds over `events`, a list of `{type, object}`; `holds` with `for` says what no event may break. It begins where \
          the answer of an earlier step was, with `query: {resourceVersion: \"${before.metadata.resourceVersion}\"}`, or with \
          what is there, with the version `\"0\"`; without one, now. The steps of `during` run \
          as soon as it is open; nothing of what comes meanwhile is lost, and `until` is looked at, event by event, and `within` and \
          `for` counted, when they are done. They are steps like any other, and a failed one ends the watch. \
          A refusal ends it and is the answer. Bookmarks are left out but for the one that ends the initial events. \
          A snapshot shows type and name of each event, neighbours that show alike as one; paths in `select` begin at `type` \
          and `object`.",
    example: "- watch: {kind: ConfigMap, name: settings}\n  query: {resourceVersion: \"0\"}\n  \
              until: events.exists(e, e.type == 'ADDED')\n  within: 10s\n- watch:\n    kind: ConfigMap\n    \
              name: short-lived\n    during:\n      - create: {kind: ConfigMap, name: short-lived}\n      \
              - delete: {kind: ConfigMap, name: short-lived}\n  until: events.exists(e, e.type == 'DELETED')",
    shape,
    decode,
};

#[derive(Debug)]
struct Watch {
    listing: Listing,
    name: Option<TextTemplate>,
}

fn shape() -> Value {
    during::shape(Listing::shape().optional("name", shape::text())).finish()
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "watch", decoder.diagnostics)?;
    let listing = Listing::read(&mut fields);
    let name = fields.optional("name").text();
    during::read(&mut fields);
    fields.finish();
    Some(Box::new(Watch { listing: listing?, name }))
}

impl Watch {
    /// The step's `query:`, with the name among its selectors.
    fn query(&self, cx: &StepCx<'_>) -> Result<Vec<(String, String)>, RunError> {
        const SELECTOR: &str = "fieldSelector";
        let Some(name) = &self.name else { return Ok(cx.query.to_vec()) };
        let own = format!("metadata.name={}", name.resolve(cx.scope)?);
        let selector = cx.parameter(SELECTOR).map_or(own.clone(), |other| format!("{own},{other}"));
        let others = cx.query.iter().filter(|(name, _)| name != SELECTOR).cloned();
        Ok(std::iter::once((SELECTOR.to_owned(), selector)).chain(others).collect())
    }

    /// The path and query of the watch, or the refusal of the list it would begin at.
    async fn begin(&self, collection: &str, cx: &StepCx<'_>) -> Result<Result<String, Exchange>, RunError> {
        let mut query = self.query(cx)?;
        // From no version, some API servers take 3 s to begin; and what is there already is not a change.
        if cx.parameter("resourceVersion").is_none() && cx.parameter("sendInitialEvents").is_none() {
            let list =
                path::with_query(collection, &[query.clone(), vec![("limit".to_owned(), "1".to_owned())]].concat());
            let listed = cx.api.send(Request::new(Method::GET, list)).await?;
            match listed.body["metadata"]["resourceVersion"].as_str() {
                Some(version) if listed.is_success() => query.push(("resourceVersion".to_owned(), version.to_owned())),
                _ => return Ok(Err(listed)),
            }
        }
        query.push(("watch".to_owned(), "true".to_owned()));
        Ok(Ok(path::with_query(collection, &query)))
    }
}

impl Action for Watch {
    fn declare(&self, declared: &mut Declared) {
        self.listing.declare(declared);
        declared.about(&self.listing.collection.kind.kind, self.name.as_ref());
        declared.read(&self.name);
    }

    fn view(&self) -> View {
        View::Events
    }

    fn waits_itself(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move {
            let place = match self.listing.place(cx).await? {
                Ok(place) => place,
                Err(reply) => return Ok(reply),
            };
            let path = match self.begin(&place.path, cx).await? {
                Ok(path) => path,
                Err(refusal) => return Ok(Reply::Http(refusal)),
            };
            let coming = match cx.api.events(path.clone()).await? {
                Ok(coming) => coming,
                Err(refusal) => return Ok(Reply::Http(refusal)),
            };
            let told = Told { path, events: Vec::new(), own: place.is_shared.then_some(cx.suffix) };
            cx.gather(coming, told).await
        })
    }
}

/// Bookmarks come when a server likes; only the one after the initial events says something.
fn counts(event: &WatchEvent) -> bool {
    let ends_initial_events = || event.object["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true";
    event.kind != EventKind::Bookmark || ends_initial_events()
}

/// What was told so far.
struct Told<'a> {
    path: String,
    events: Vec<Value>,
    /// The suffix of this run, where only its objects count.
    own: Option<&'a str>,
}

impl Gather for Told<'_> {
    type Bit = WatchEvent;

    fn take(&mut self, event: WatchEvent) {
        if counts(&event) && self.own.is_none_or(|suffix| is_own(&event.object, suffix)) {
            self.events.push(json!({"type": event.kind.word(), "object": event.object}));
        }
    }

    fn reply(&self) -> Reply {
        let (path, body) = (self.path.clone(), Arc::new(Value::Array(self.events.clone())));
        Reply::Events(Exchange { method: Method::GET, path, status: 200, warnings: Vec::new(), body })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Reply;
    use super::super::fake::{Fake, NoManifests, decode};

    const STEP: &str = "watch: {kind: Pod, name: p}";

    fn told(reply: Reply) -> Vec<String> {
        let Reply::Events(exchange) = reply else { panic!("{reply:?}") };
        let words = exchange.body.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned());
        words.collect()
    }

    #[tokio::test]
    async fn it_begins_now_or_where_an_answer_was() {
        let api = Fake::answering([(200, json!({"metadata": {"resourceVersion": "7"}}))]);
        api.run(STEP, &[]).await.unwrap();
        api.run("watch: {kind: Pod}", &[("resourceVersion", "5"), ("labelSelector", "a")]).await.unwrap();
        api.run(STEP, &[("sendInitialEvents", "true"), ("fieldSelector", "a=b")]).await.unwrap();
        let pods = "/api/v1/namespaces/demo/pods";
        let requests = api.log().into_iter().filter(|line| line.contains(' ') && !line.starts_with("sleep"));
        let requests: Vec<String> = requests.collect();
        assert_eq!(
            requests,
            [
                format!("GET {pods}?fieldSelector=metadata.name%3Dp&limit=1"),
                format!("WATCH {pods}?fieldSelector=metadata.name%3Dp&resourceVersion=7&watch=true"),
                format!("WATCH {pods}?resourceVersion=5&labelSelector=a&watch=true"),
                format!("WATCH {pods}?fieldSelector=metadata.name%3Dp,a%3Db&sendInitialEvents=true&watch=true"),
            ]
        );
    }

    #[tokio::test]
    async fn events_are_read_until_there_are_enough() {
        let events = || [("ADDED", json!({})), ("BOOKMARK", json!({})), ("DELETED", json!({})), ("ADDED", json!({}))];
        let version = [("resourceVersion", "5")];
        let all = Fake::telling(events()).run(STEP, &version).await.unwrap();
        assert_eq!(told(all), ["ADDED", "DELETED", "ADDED"]);
        let mut api = Fake::telling(events());
        api.enough = |reply| matches!(reply, Reply::Events(exchange) if exchange.body[1]["type"] == "DELETED");
        assert_eq!(told(api.run(STEP, &version).await.unwrap()), ["ADDED", "DELETED"]);
        let end = json!({"metadata": {"annotations": {"k8s.io/initial-events-end": "true"}}});
        assert_eq!(told(Fake::telling([("BOOKMARK", end)]).run(STEP, &version).await.unwrap()), ["BOOKMARK"]);
    }

    #[tokio::test]
    async fn a_refusal_is_the_answer() {
        let api = Fake::answering([(403, json!({}))]);
        let reply = api.run(STEP, &[]).await.unwrap();
        assert!(matches!(reply, Reply::Http(exchange) if exchange.status == 403));
        assert!(!api.log().contains(&"during".to_owned()), "it was not open");
    }

    #[tokio::test]
    async fn what_comes_during_the_steps_is_looked_at_after_them() {
        let mut api = Fake::telling([("ADDED", json!({})), ("DELETED", json!({})), ("ADDED", json!({}))]);
        api.enough = |reply| matches!(reply, Reply::Events(exchange) if exchange.body[0]["type"] == "ADDED");
        let step = "watch: {kind: Pod, during: [{delete: {kind: Pod, name: p}}]}";
        let version = [("resourceVersion", "5")];
        assert_eq!(told(api.run(step, &version).await.unwrap()), ["ADDED"]);
        let watched = "WATCH /api/v1/namespaces/demo/pods?resourceVersion=5&watch=true";
        assert_eq!(api.log(), [watched, "during", "sleep 10000"]);
        api.patience = None;
        assert_eq!(told(api.run(step, &version).await.unwrap()), ["ADDED", "DELETED", "ADDED"]);
    }

    #[test]
    fn during_is_a_list_of_steps() {
        for during in ["[]", "", "{delete: {kind: Pod, name: p}}"] {
            assert!(decode(&format!("watch: {{kind: Pod, name: p, during: {during}}}"), &NoManifests).is_err());
        }
    }
}
