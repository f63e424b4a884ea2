//! `update`: PUT to the object.

use futures_util::future::BoxFuture;
use http::Method;

use super::object::Objects;
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, path};
use crate::cluster::Request;
use crate::syntax::Node;

pub(super) const KIND: Kind = Kind {
    key: "update",
    doc: "Puts an object, several, or those of a file in the place of what is there: what the manifest leaves out goes. \
          Nothing is read before; with the `resourceVersion` of an earlier answer, a change in between is a conflict (409).",
    example: "update: {kind: ConfigMap, name: settings, data: {colour: red}}",
    shape: Objects::shape,
    decode,
};

#[derive(Debug)]
struct Update(Objects);

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    Some(Box::new(Update(Objects::decode_named(node, "update", decoder)?)))
}

impl Action for Update {
    fn declare(&self, declared: &mut Declared) {
        self.0.declare(declared);
    }

    fn view(&self) -> View {
        View::Envelope
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(self.0.write(cx, |object, cx, collection| {
            let path = path::object(collection, &object.name(cx)?, None);
            Ok(Request::new(Method::PUT, path).body(object.manifest(cx)?))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, NoManifests, decode};

    #[tokio::test]
    async fn the_whole_object_is_put_in_its_place() {
        let api = Fake::default();
        let action = "update: {kind: Pod, name: p, metadata: {resourceVersion: '${name}'}, spec: {n: '${count}'}}";
        api.run(action, &[("fieldManager", "me")]).await.unwrap();
        let body =
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","resourceVersion":"filled"},"spec":{"n":600}}"#;
        assert_eq!(api.log(), [format!("PUT /api/v1/namespaces/demo/pods/p?fieldManager=me {body}")]);
    }

    #[test]
    fn what_is_put_has_a_name() {
        assert!(decode("update: {kind: Pod, metadata: {generateName: p-}}", &NoManifests).is_err());
    }
}
