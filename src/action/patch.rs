//! `patch`: PATCH in each of its four forms.

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::Value;

use super::reference::ObjectRef;
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, apply};
use crate::cluster::Request;
use crate::shape;
use crate::syntax::{Diagnostic, Diagnostics, Fields, Node, Template, Yaml, nearest};

pub(super) const KIND: Kind = Kind {
    key: "patch",
    doc: "Changes a part of an object, or of a `subresource` of it. `type` says how to read `body`, which is sent as it is \
          written: `merge` (RFC 7386: null removes, lists are replaced), `json` (RFC 6902: a list of operations), `strategic` \
          (as `merge`, but lists of Kubernetes' own kinds are merged by key; custom resources have none) or `apply` \
          (server-side apply: `body` is a manifest with `apiVersion` and `kind`, as field manager `rehearsal` unless `query:` says otherwise).",
    example: "patch: {kind: ConfigMap, name: settings, type: merge, body: {data: {colour: red}}}",
    shape,
    decode,
};

/// The forms: what `type` says, what the request says, and whether the body is a list.
const FORMS: [Form; 4] = [
    Form { word: "merge", content_type: "application/merge-patch+json", is_list: false },
    Form { word: "json", content_type: "application/json-patch+json", is_list: true },
    Form { word: "strategic", content_type: "application/strategic-merge-patch+json", is_list: false },
    Form { word: "apply", content_type: apply::CONTENT_TYPE, is_list: false },
];

#[derive(Debug)]
struct Form {
    word: &'static str,
    content_type: &'static str,
    is_list: bool,
}

#[derive(Debug)]
struct Patch {
    object: ObjectRef,
    form: &'static Form,
    body: Template,
}

fn shape() -> Value {
    let forms = FORMS.each_ref().map(|form| form.word);
    ObjectRef::shape().required("type", shape::word(&forms)).required("body", shape::anything()).finish()
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "patch", decoder.diagnostics)?;
    let object = ObjectRef::read(&mut fields);
    let form = fields.required("type").located();
    let body = fields.required("body").node();
    fields.finish();
    let form = form.and_then(|(word, at)| {
        let known = FORMS.iter().find(|form| form.word == word);
        if known.is_none() {
            let meant = nearest(word, FORMS.iter().map(|form| form.word));
            let meant = meant.map_or(String::new(), |word| format!("did you mean `{word}`? "));
            let help = format!("{meant}there are: {}", FORMS.each_ref().map(|form| form.word).join(", "));
            decoder.diagnostics.push(Diagnostic::new(at.clone(), format!("`{word}` is no type of patch")).help(help));
        }
        known
    });
    if let (Some(form), Some(body)) = (form, body) {
        check_body(form, body, decoder.diagnostics);
    }
    let body = body.map(|body| Template::decode(body, decoder.diagnostics));
    Some(Box::new(Patch { object: object?, form: form?, body: body? }))
}

/// A server says of a body of the wrong form only that it cannot read it.
fn check_body(form: &Form, body: &Node, diagnostics: &mut Diagnostics) {
    let (wanted, help) = match &body.value {
        Yaml::Map(_) | Yaml::List(_) if matches!(body.value, Yaml::List(_)) == form.is_list => return,
        // What is filled in may be either.
        Yaml::String(text) if text.contains("${") => return,
        _ if form.is_list => ("a list of operations", "as in [{op: replace, path: /data/colour, value: red}]"),
        Yaml::List(_) => ("a mapping", "a list of operations is of `type: json`"),
        _ => ("a mapping", "as in {data: {colour: red}}"),
    };
    let message = format!("the body of a patch of type `{}` is {wanted}, this is {}", form.word, body.what());
    diagnostics.push(Diagnostic::new(body.at.clone(), message).help(help));
}

impl Action for Patch {
    fn declare(&self, declared: &mut Declared) {
        self.object.declare(declared);
        declared.reads.extend(self.body.references().into_iter().cloned());
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
            let is_apply = self.form.content_type == apply::CONTENT_TYPE;
            let path = if is_apply { apply::with_field_manager(path, cx) } else { path };
            let mut request = Request::new(Method::PATCH, path).body(self.body.resolve(cx.scope)?);
            request.content_type = self.form.content_type;
            cx.send_for_object(request).await.map(Reply::Http)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, NoManifests, decode};

    #[tokio::test]
    async fn the_type_is_the_content_type() {
        let api = Fake::default();
        api.run("patch: {kind: Pod, name: p, type: merge, body: {a: '${count}'}}", &[("dryRun", "All")]).await.unwrap();
        api.run("patch: {kind: Pod, name: p, type: strategic, subresource: status, body: {}}", &[]).await.unwrap();
        api.run("patch: {kind: Pod, name: p, type: json, body: [{op: remove, path: /a}]}", &[]).await.unwrap();
        let pod = "PATCH /api/v1/namespaces/demo/pods/p";
        assert_eq!(
            api.log(),
            [
                format!(r#"{pod}?dryRun=All {{"a":600}} as application/merge-patch+json"#),
                format!("{pod}/status {{}} as application/strategic-merge-patch+json"),
                format!(r#"{pod} [{{"op":"remove","path":"/a"}}] as application/json-patch+json"#),
            ]
        );
    }

    #[tokio::test]
    async fn an_apply_has_a_field_manager() {
        let api = Fake::default();
        api.run("patch: {kind: Pod, name: p, type: apply, body: {}}", &[]).await.unwrap();
        api.run("patch: {kind: Pod, name: p, type: apply, body: {}}", &[("fieldManager", "me")]).await.unwrap();
        let pod = "PATCH /api/v1/namespaces/demo/pods/p";
        let is = "{} as application/apply-patch+yaml";
        assert_eq!(api.log(), [format!("{pod}?fieldManager=rehearsal {is}"), format!("{pod}?fieldManager=me {is}")]);
    }

    #[test]
    fn type_and_body_go_together() {
        for fields in ["", "type: mrege, body: {}", "type: merge", "type: json, body: {}", "type: merge, body: [1]"] {
            assert!(decode(&format!("patch: {{kind: Pod, name: p, {fields}}}"), &NoManifests).is_err(), "{fields}");
        }
        assert!(decode("patch: {kind: Pod, name: p, type: json, body: '${operations}'}", &NoManifests).is_ok());
    }
}
