//! `list`: the objects of a kind.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::Value;

use super::listing::{Listing, is_own};
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, Watched};
use crate::cluster::{Exchange, Request};
use crate::syntax::{Fields, Node};

pub(super) const KIND: Kind = Kind {
    key: "list",
    doc: "Lists the objects of a kind, in the scenario's Namespace or in another one. Where there is no Namespace to list, and \
          for kinds that live in none, only what this run made is in the answer; with `all: true` everything is, over all \
          Namespaces. `query:` takes `labelSelector`, `fieldSelector`, `limit` and `continue`. A snapshot shows the names.",
    example: "list: {kind: Secret}\nquery: {labelSelector: app=demo}",
    shape,
    decode,
};

#[derive(Debug)]
struct List(Listing);

fn shape() -> Value {
    Listing::shape().finish()
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "list", decoder.diagnostics)?;
    let listing = Listing::read(&mut fields);
    fields.finish();
    Some(Box::new(List(listing?)))
}

impl Action for List {
    fn declare(&self, declared: &mut Declared) {
        self.0.declare(declared);
        declared.about(&self.0.collection.kind.kind, None);
    }

    fn view(&self) -> View {
        View::Names
    }

    fn watched<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Option<Watched>, RunError>> {
        Box::pin(async move {
            let selectors = cx.query.iter().filter(|(name, _)| name.ends_with("Selector")).cloned().collect();
            Ok(self.0.place(cx).await?.ok().map(|place| Watched { path: place.path, query: selectors }))
        })
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move {
            let place = match self.0.place(cx).await? {
                Ok(place) => place,
                Err(reply) => return Ok(reply),
            };
            let mut exchange = cx.send_for_object(Request::new(Method::GET, place.path)).await?;
            if place.is_shared {
                keep_own(&mut exchange, cx.suffix);
            }
            Ok(Reply::Http(exchange))
        })
    }
}

/// Leaves out what others made; conditions too are about what this run made.
fn keep_own(exchange: &mut Exchange, suffix: &str) {
    if let Some(items) = Arc::make_mut(&mut exchange.body).get_mut("items").and_then(|items| items.as_array_mut()) {
        items.retain(|item| is_own(item, suffix));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Reply;
    use super::super::fake::{Fake, NoManifests, decode};

    #[tokio::test]
    async fn a_namespace_or_all_of_them() {
        let api = Fake::default();
        api.run("list: {kind: Pod}", &[("labelSelector", "a=b")]).await.unwrap();
        api.run("list: {kind: Pod, all: true}", &[]).await.unwrap();
        assert_eq!(api.log(), ["GET /api/v1/namespaces/demo/pods?labelSelector=a%3Db", "GET /api/v1/pods"]);
        assert!(decode("list: {kind: Pod, all: true, namespace: x}", &NoManifests).is_err());
    }

    #[tokio::test]
    async fn of_what_everybody_makes_only_the_runs_own_is_listed() {
        let items = json!({"items": [
            {"metadata": {"name": "default"}},
            {"metadata": {"name": "demo-rhabcde"}},
            {"metadata": {"name": "x", "namespace": "demo-rhabcde"}},
        ]});
        for (step, listed) in [
            ("list: {kind: Namespace}", 2),
            ("list: {kind: Namespace, all: true}", 3),
            ("list: {kind: Pod}", 3),
            ("list: {kind: Pod, all: true}", 3),
        ] {
            let reply = Fake::answering([(200, items.clone())]).run(step, &[]).await.unwrap();
            let Reply::Http(exchange) = reply else { panic!("{reply:?}") };
            assert_eq!(exchange.body["items"].as_array().unwrap().len(), listed, "{step}");
        }
    }
}
