//! `get`: one object, or a subresource of it.

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::Value;

use super::reference::ObjectRef;
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, Watched};
use crate::cluster::Request;
use crate::syntax::{Fields, Node};

pub(super) const KIND: Kind = Kind {
    key: "get",
    doc: "Reads one object. A snapshot shows it without uid, times, versions and managed fields.",
    example: "get: {kind: Secret, name: sample}",
    shape,
    decode,
};

#[derive(Debug)]
struct Get(ObjectRef);

fn shape() -> Value {
    ObjectRef::shape().finish()
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "get", decoder.diagnostics)?;
    let object = ObjectRef::read(&mut fields);
    fields.finish();
    Some(Box::new(Get(object?)))
}

impl Action for Get {
    fn declare(&self, declared: &mut Declared) {
        self.0.declare(declared);
    }

    fn view(&self) -> View {
        View::Object
    }

    fn watched<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Option<Watched>, RunError>> {
        Box::pin(self.0.watched(cx))
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(read(&self.0, cx))
    }
}

/// The object as it is now.
pub(super) async fn read(object: &ObjectRef, cx: &StepCx<'_>) -> Result<Reply, RunError> {
    match object.path(cx).await? {
        Ok(path) => cx.send_for_object(Request::new(Method::GET, path)).await.map(Reply::Http),
        Err(reply) => Ok(reply),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, NoManifests, decode};

    #[tokio::test]
    async fn one_object_or_a_part_of_it() {
        let api = Fake::default();
        api.run("get: {kind: Secret, name: '${name}'}", &[]).await.unwrap();
        api.run("get: {apiVersion: apps/v1, kind: Deployment, namespace: x, name: d, subresource: scale}", &[])
            .await
            .unwrap();
        assert_eq!(
            api.log(),
            ["GET /api/v1/namespaces/demo/secrets/filled", "GET /apis/apps/v1/namespaces/x/deployments/d/scale"]
        );
        assert!(api.run("get: {kind: Secret, name: '${missing}'}", &[]).await.is_err());
        assert!(api.run("get: {kind: Secret, name: ''}", &[]).await.is_err());
    }

    #[test]
    fn kind_and_version_are_fixed() {
        for action in
            ["{kind: '${k}', name: x}", "{kind: pods, name: x}", "{kind: A, apiVersion: a/b/c, name: x}", "{kind: A}"]
        {
            assert!(decode(&format!("get: {action}"), &NoManifests).is_err(), "{action}");
        }
    }
}
