//! `delete`: DELETE, and wait until the object is gone.

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::Value;

use super::reference::ObjectRef;
use super::{Action, Backoff, Declared, Decoder, Kind, Reply, RunError, StepCx, View};
use crate::cluster::{Exchange, Request, SendError};
use crate::shape;
use crate::syntax::{Fields, Node};

pub(super) const KIND: Kind = Kind {
    key: "delete",
    doc: "Deletes an object and waits until it is gone, or another one has its name; `wait: false` does not wait. The \
          answer is that of the DELETE. Options stand in `query:`, as in `query: {gracePeriodSeconds: 0}`.",
    example: "delete: {kind: Pod, name: test-pod}",
    shape,
    decode,
};

#[derive(Debug)]
struct Delete {
    object: ObjectRef,
    wait: bool,
}

fn shape() -> Value {
    ObjectRef::shape().optional("wait", shape::boolean()).finish()
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "delete", decoder.diagnostics)?;
    let object = ObjectRef::read(&mut fields);
    let wait = fields.optional("wait").boolean().unwrap_or(true);
    fields.finish();
    Some(Box::new(Delete { object: object?, wait }))
}

impl Action for Delete {
    fn declare(&self, declared: &mut Declared) {
        self.object.declare(declared);
    }

    fn view(&self) -> View {
        View::Envelope
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move {
            let path = match self.object.path(cx).await? {
                Ok(path) => path,
                Err(reply) => return Ok(reply),
            };
            let exchange = cx.send_for_object(Request::new(Method::DELETE, path.clone())).await?;
            if self.wait && self.object.is_whole() && exchange.is_success() && !cx.is_dry_run() {
                until_gone(cx, path, uid(&exchange)).await?;
            }
            Ok(Reply::Http(exchange))
        })
    }
}

/// The uid of what was deleted: some kinds answer with the object, others with a Status about it.
fn uid(exchange: &Exchange) -> Option<&str> {
    let body = &exchange.body;
    body["metadata"]["uid"].as_str().or_else(|| body["details"]["uid"].as_str())
}

async fn until_gone(cx: &StepCx<'_>, path: String, uid: Option<&str>) -> Result<(), RunError> {
    let mut backoff = Backoff::new(cx.pace, cx.patience);
    loop {
        // The parameters of the DELETE say nothing to a GET.
        let request = Request::new(Method::GET, path.clone());
        let exchange = cx.api.send(request).await.map_err(RunError::Send)?;
        let current = exchange.body["metadata"]["uid"].as_str();
        match exchange.status {
            404 => return Ok(()),
            200 if uid.is_some() && current != uid => return Ok(()),
            status @ (401 | 403) => return Err(RunError::Unseen { path, status }),
            _ => {}
        }
        match backoff.next() {
            Some(pause) => cx.api.sleep(pause).await,
            None if exchange.is_trouble() => {
                return Err(SendError::Refused { exchange: Box::new(exchange) }.into());
            }
            None => return Err(RunError::StillThere { path, left: left(&exchange, cx) }),
        }
    }
}

/// What keeps an object that was deleted.
fn left(exchange: &Exchange, cx: &StepCx<'_>) -> String {
    let finalizers = exchange.body["metadata"]["finalizers"].as_array().into_iter().flatten();
    let finalizers: Vec<&str> = finalizers.filter_map(serde_json::Value::as_str).collect();
    match finalizers[..] {
        [] => format!("{} s after the DELETE", cx.patience.as_secs_f64()),
        _ => format!("finalizers {}", finalizers.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fake::Fake;
    use super::*;

    const DELETE: &str = "DELETE /api/v1/namespaces/demo/pods/p";
    const GET: &str = "GET /api/v1/namespaces/demo/pods/p";
    const STEP: &str = "delete: {kind: Pod, name: p}";

    fn pod(uid: &str) -> Value {
        json!({"metadata": {"uid": uid, "finalizers": ["a/b"]}})
    }

    #[tokio::test]
    async fn it_waits_until_that_object_is_gone() {
        let api = Fake::answering([(200, pod("1")), (200, pod("1")), (404, json!({}))]);
        api.run(STEP, &[("gracePeriodSeconds", "0")]).await.unwrap();
        assert_eq!(api.log(), [&format!("{DELETE}?gracePeriodSeconds=0"), GET, "sleep 1000", GET]);
        let by_status = Fake::answering([(200, json!({"details": {"uid": "1"}})), (200, pod("2"))]);
        by_status.run(STEP, &[]).await.unwrap();
        assert_eq!(by_status.log(), [DELETE, GET]);
    }

    #[tokio::test]
    async fn it_does_not_wait_where_nothing_goes() {
        let refused = Fake::answering([(403, json!({}))]);
        refused.run(STEP, &[]).await.unwrap();
        let told = Fake::answering([(200, pod("1"))]);
        told.run("delete: {kind: Pod, name: p, wait: false}", &[]).await.unwrap();
        let dry = Fake::answering([(200, pod("1"))]);
        dry.run(STEP, &[("dryRun", "All")]).await.unwrap();
        for api in [refused, told, dry] {
            assert_eq!(api.log().len(), 1);
        }
    }

    #[tokio::test]
    async fn what_stays_or_cannot_be_seen_is_an_error() {
        let lasting = Fake::answering(std::iter::repeat_n((200, pod("1")), 50));
        let error = lasting.run(STEP, &[]).await.unwrap_err();
        assert!(error.to_string().ends_with("is still there: finalizers a/b"), "{error}");
        let blind = Fake::answering([(200, pod("1")), (403, json!({}))]);
        assert!(matches!(blind.run(STEP, &[]).await, Err(RunError::Unseen { status: 403, .. })));
    }
}
