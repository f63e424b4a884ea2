//! `token`: a `TokenRequest` for a ServiceAccount.

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::Value;

use super::reference::KindName;
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, path};
use crate::cluster::Request;
use crate::shape::{self, Shape};
use crate::syntax::{Diagnostic, Diagnostics, Fields, Node, Template, TextTemplate};

pub(super) const KIND: Kind = Kind {
    key: "token",
    doc: "Asks for a token of a ServiceAccount, perhaps bound to an object (`boundTo`), with `audiences` and \
          `expirationSeconds` of one's own; `body` stands for the whole TokenRequest. A snapshot shows spec, relative expiry, header and claims, never the token.",
    example: "token: {serviceAccount: demo-sa, boundTo: {kind: Pod, name: test-pod}, expirationSeconds: 600}",
    shape,
    decode,
};

#[derive(Debug)]
struct Token {
    service_account: TextTemplate,
    namespace: Option<TextTemplate>,
    body: Template,
}

fn shape() -> Value {
    let bound_to = KindName::shape(Shape::new()).required("name", shape::text()).optional("uid", shape::text());
    let shape = Shape::new().required("serviceAccount", shape::text()).optional("namespace", shape::text());
    let shape = shape.optional("boundTo", bound_to.finish());
    let others = ["audiences", "expirationSeconds", "body"].into_iter();
    others.fold(shape, |shape, name| shape.optional(name, shape::anything())).finish()
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "token", decoder.diagnostics)?;
    let service_account = fields.required("serviceAccount").text();
    let namespace = fields.optional("namespace").text();
    let bound_to = fields.optional("boundTo").node();
    let audiences = fields.optional("audiences").template();
    let expiration = fields.optional("expirationSeconds").template();
    let body = fields.optional("body").template();
    fields.finish();
    if body.is_some()
        && (bound_to.is_some() || audiences.is_some() || expiration.is_some())
        && let Some((key, _)) = node.entry("body")
    {
        let message = "`body` is the whole TokenRequest, and other fields of it are given besides";
        let help = "write either `body` or `boundTo`, `audiences` and `expirationSeconds`";
        decoder.diagnostics.push(Diagnostic::new(key.at.clone(), message).help(help));
    }
    let bound_to = bound_to.and_then(|node| bound_object(node, decoder.diagnostics));
    let spec = [("audiences", audiences), ("boundObjectRef", bound_to), ("expirationSeconds", expiration)];
    let spec = spec.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let body = body.unwrap_or_else(|| {
        Template::map(vec![
            ("apiVersion".to_owned(), Template::constant("authentication.k8s.io/v1".into())),
            ("kind".to_owned(), Template::constant("TokenRequest".into())),
            ("spec".to_owned(), Template::map(spec)),
        ])
    });
    Some(Box::new(Token { service_account: service_account?, namespace, body }))
}

/// The object a token is bound to. Without a uid the server takes that of the object it finds.
fn bound_object(node: &Node, diagnostics: &mut Diagnostics) -> Option<Template> {
    let mut fields = Fields::of(node, "boundTo", diagnostics)?;
    let kind = KindName::read(&mut fields);
    let name = fields.required("name").text();
    let uid = fields.optional("uid").text();
    fields.finish();
    let kind = kind?;
    let mut entries = vec![
        ("kind".to_owned(), Template::constant(kind.kind.into())),
        ("apiVersion".to_owned(), Template::constant(kind.api_version.into())),
        ("name".to_owned(), name?.into()),
    ];
    entries.extend(uid.map(|uid| ("uid".to_owned(), uid.into())));
    Some(Template::map(entries))
}

impl Action for Token {
    fn declare(&self, declared: &mut Declared) {
        declared.about("ServiceAccount", Some(&self.service_account));
        declared.read([&self.service_account]);
        declared.read(&self.namespace);
        declared.reads.extend(self.body.references().into_iter().cloned());
    }

    fn view(&self) -> View {
        View::Token
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move {
            let namespace = cx.namespace(self.namespace.as_ref(), "ServiceAccount")?;
            let collection = path::collection("v1", "serviceaccounts", Some(&namespace));
            let name = self.service_account.resolve(cx.scope)?;
            let request = Request::new(Method::POST, path::object(&collection, &name, Some("token")));
            cx.send_for_object(request.body(self.body.resolve(cx.scope)?)).await.map(Reply::Http)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, NoManifests, decode};

    #[tokio::test]
    async fn the_fields_make_a_token_request() {
        let api = Fake::default();
        let action =
            "token: {serviceAccount: sa, boundTo: {kind: Pod, name: p}, audiences: [a], expirationSeconds: '${count}'}";
        api.run(action, &[]).await.unwrap();
        api.run("token: {serviceAccount: sa, namespace: other, body: {spec: {}}}", &[]).await.unwrap();
        let spec = r#"{"audiences":["a"],"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"},"expirationSeconds":600}"#;
        let body = format!(r#"{{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{spec}}}"#);
        assert_eq!(
            api.log(),
            [
                format!("POST /api/v1/namespaces/demo/serviceaccounts/sa/token {body}"),
                r#"POST /api/v1/namespaces/other/serviceaccounts/sa/token {"spec":{}}"#.to_owned(),
            ]
        );
        assert!(decode("token: {serviceAccount: sa, audiences: [a], body: {}}", &NoManifests).is_err());
    }
}
