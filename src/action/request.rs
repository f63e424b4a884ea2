//! `request`: any request to the API server, as it is written.

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::Value;

use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, path};
use crate::cluster::Request as HttpRequest;
use crate::shape::{self, Shape};
use crate::syntax::{Diagnostic, Diagnostics, Fields, Key, Node, Template, TextTemplate, not_a_string};

pub(super) const KIND: Kind = Kind {
    key: "request",
    doc: "Sends a request as it is written: `get`, `post`, `put`, `patch`, `delete`, `head` or `options` with a path, \
          perhaps `headers` and a `body`. A path that is not served shows the server's own 404.",
    example: "request: {get: /api/v1/namespaces/token-demo/pods}",
    shape,
    decode,
};

const METHODS: [(&str, Method); 7] = [
    ("get", Method::GET),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("patch", Method::PATCH),
    ("delete", Method::DELETE),
    ("head", Method::HEAD),
    ("options", Method::OPTIONS),
];

#[derive(Debug)]
struct Request {
    method: Method,
    path: TextTemplate,
    headers: Vec<(String, TextTemplate)>,
    body: Option<Template>,
}

fn shape() -> Value {
    let shape = Shape::new().optional("headers", shape::entries(&shape::text())).optional("body", shape::anything());
    let methods = METHODS.each_ref().map(|(name, _)| *name);
    let shape = methods.iter().fold(shape, |shape, name| shape.optional(name, shape::text()));
    shape::with_one_of(shape.finish(), &methods)
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "request", decoder.diagnostics)?;
    let mut calls = Vec::new();
    for (name, method) in METHODS {
        let path = fields.optional(name);
        if node.get(name).is_some() {
            calls.push((method, path.text()));
        }
    }
    let headers = fields.optional("headers").entries().unwrap_or_default();
    let body = fields.optional("body").template();
    fields.finish();
    let headers = headers.iter().filter_map(|entry| header(entry, decoder.diagnostics)).collect();
    if calls.len() != 1 {
        let message = format!("a request has one method with its path, this has {}", calls.len());
        let help = "as in {get: /api/v1/namespaces}";
        decoder.diagnostics.push(Diagnostic::new(node.at.clone(), message).help(help));
    }
    let (method, path) = calls.pop()?;
    let path = path?;
    if path.constant().is_some_and(|path| !path.starts_with('/')) {
        let help = "it begins at the root of the server, as in /api/v1/namespaces";
        decoder.diagnostics.push(Diagnostic::new(path.at().clone(), "a path begins with `/`").help(help));
    }
    Some(Box::new(Request { method, path, headers, body }))
}

fn header((key, node): &(Key, Node), diagnostics: &mut Diagnostics) -> Option<(String, TextTemplate)> {
    let Some(text) = node.as_str() else {
        diagnostics.push(not_a_string(&key.text, node));
        return None;
    };
    Some((key.text.clone(), diagnostics.keep(TextTemplate::parse(text, &node.at))?))
}

impl Action for Request {
    fn declare(&self, declared: &mut Declared) {
        declared.about.push(format!("{} {}", self.method, self.path.at().text()));
        declared.read([&self.path]);
        declared.read(self.headers.iter().map(|(_, value)| value));
        declared.reads.extend(self.body.iter().flat_map(Template::references).cloned());
    }

    fn view(&self) -> View {
        View::Body
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move {
            let path = path::written(&self.path.resolve(cx.scope)?);
            let mut request = HttpRequest::new(self.method.clone(), path);
            for (name, value) in &self.headers {
                request.headers.push((name.clone(), value.resolve(cx.scope)?));
            }
            request.body = self.body.as_ref().map(|body| body.resolve(cx.scope)).transpose()?;
            cx.send(request).await.map(Reply::Http)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, NoManifests, decode};

    #[tokio::test]
    async fn a_request_is_sent_as_written() {
        let api = Fake::default();
        api.run("request: {get: '/api/v1/namespaces/${name}/pods?limit=1'}", &[("dryRun", "All")]).await.unwrap();
        api.run("request: {post: /x y, body: {n: '${count}'}, headers: {Accept: text/plain}}", &[]).await.unwrap();
        assert_eq!(api.log(), ["GET /api/v1/namespaces/filled/pods?limit=1&dryRun=All", r#"POST /x%20y {"n":600}"#]);
    }

    #[test]
    fn one_method_and_a_whole_path() {
        for fields in
            ["get: /a, post: /b", "body: {}", "get: api/v1", "get: /a, headers: {a: 1}", "fetch: /a", "get: 1"]
        {
            assert!(decode(&format!("request: {{{fields}}}"), &NoManifests).is_err(), "{fields}");
        }
    }
}
