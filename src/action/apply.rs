//! `apply`: server-side apply.

use futures_util::future::BoxFuture;
use http::Method;

use super::object::Objects;
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, path};
use crate::cluster::Request;
use crate::syntax::Node;

pub(super) const KIND: Kind = Kind {
    key: "apply",
    doc: "Applies an object on the server (server-side apply) as field manager `rehearsal`, unless `query:` names another \
          `fieldManager`; `query: {force: true}` takes fields over from other managers.",
    example: "apply: {kind: ConfigMap, name: settings, data: {colour: red}}",
    shape: Objects::shape,
    decode,
};

/// How a request says that it is one.
pub(super) const CONTENT_TYPE: &str = "application/apply-patch+yaml";

const FIELD_MANAGER: &str = "rehearsal";

#[derive(Debug)]
struct Apply(Objects);

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    Some(Box::new(Apply(Objects::decode_named(node, "apply", decoder)?)))
}

impl Action for Apply {
    fn declare(&self, declared: &mut Declared) {
        self.0.declare(declared);
    }

    fn view(&self) -> View {
        View::Envelope
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(self.0.write(cx, |object, cx, collection| {
            let path = with_field_manager(path::object(collection, &object.name(cx)?, None), cx);
            let mut request = Request::new(Method::PATCH, path).body(object.manifest(cx)?);
            request.content_type = CONTENT_TYPE;
            Ok(request)
        }))
    }
}

/// The path of an apply, which says who manages the fields: we, unless the step's `query:` names another.
pub(super) fn with_field_manager(path: String, cx: &StepCx<'_>) -> String {
    match cx.parameter("fieldManager") {
        Some(_) => path,
        None => path::with_query(&path, &[("fieldManager".to_owned(), FIELD_MANAGER.to_owned())]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, NoManifests, decode};

    #[tokio::test]
    async fn the_field_manager_is_ours_unless_another_is_named() {
        let api = Fake::default();
        api.run("apply: {kind: Pod, name: p}", &[("force", "true")]).await.unwrap();
        api.run("apply: {kind: Pod, name: p}", &[("fieldManager", "me")]).await.unwrap();
        assert!(api.log()[0].starts_with("PATCH /api/v1/namespaces/demo/pods/p?fieldManager=rehearsal&force=true {"));
        assert!(api.log()[1].starts_with("PATCH /api/v1/namespaces/demo/pods/p?fieldManager=me {"));
    }

    #[test]
    fn an_object_without_name_cannot_be_applied() {
        assert!(decode("apply: {kind: Pod, metadata: {generateName: p-}}", &NoManifests).is_err());
    }
}
