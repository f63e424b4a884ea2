//! `review`: a `TokenReview`, the API server's word on a token.

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};

use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, path};
use crate::cluster::Request;
use crate::shape::{self, Shape};
use crate::syntax::{Fields, Node, Template, TextTemplate};

pub(super) const KIND: Kind = Kind {
    key: "review",
    doc: "Asks the API server whose token this is, perhaps for some `audiences`. The server believes for ten seconds what it found, by token and audiences; \
          `uncached: true` adds an audience that was never used, beside its own, and so has it look again.",
    example: "review: {token: \"no-token\", uncached: true}",
    shape,
    decode,
};

#[derive(Debug)]
struct Review {
    token: TextTemplate,
    audiences: Option<Template>,
    uncached: bool,
}

fn shape() -> Value {
    let shape = Shape::new().required("token", shape::text()).optional("audiences", shape::anything());
    shape.optional("uncached", shape::boolean()).finish()
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "review", decoder.diagnostics)?;
    let token = fields.required("token").text();
    let audiences = fields.optional("audiences").template();
    let uncached = fields.optional("uncached").boolean().unwrap_or(false);
    fields.finish();
    Some(Box::new(Review { token: token?, audiences, uncached }))
}

impl Review {
    fn body(&self, cx: &StepCx<'_>) -> Result<Value, RunError> {
        let mut spec = json!({"token": self.token.resolve(cx.scope)?});
        let mut audiences = match &self.audiences {
            Some(audiences) => audiences.resolve(cx.scope)?,
            None if self.uncached => json!([cx.api.audience().ok_or(RunError::NoAudience)?]),
            None => Value::Null,
        };
        if let (true, Some(audiences)) = (self.uncached, audiences.as_array_mut()) {
            audiences.push(format!("uncached-{}", cx.api.nonce()).into());
        }
        if !audiences.is_null() {
            spec["audiences"] = audiences;
        }
        Ok(json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}))
    }
}

impl Action for Review {
    fn declare(&self, declared: &mut Declared) {
        declared.read([&self.token]);
        declared.reads.extend(self.audiences.iter().flat_map(Template::references).cloned());
    }

    fn view(&self) -> View {
        View::Status
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move {
            let path = path::collection("authentication.k8s.io/v1", "tokenreviews", None);
            cx.send_for_object(Request::new(Method::POST, path).body(self.body(cx)?)).await.map(Reply::Http)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;

    #[tokio::test]
    async fn uncached_adds_an_audience_beside_the_servers_own() {
        let api = Fake::default();
        api.run("review: {token: '${name}'}", &[]).await.unwrap();
        api.run("review: {token: x, uncached: true}", &[]).await.unwrap();
        api.run("review: {token: x, uncached: true, audiences: [mine]}", &[]).await.unwrap();
        let specs: Vec<String> =
            api.log().iter().map(|line| line.split("\"spec\":").nth(1).unwrap().to_owned()).collect();
        assert_eq!(
            specs,
            [
                r#"{"token":"filled"}}"#,
                r#"{"audiences":["api","uncached-7"],"token":"x"}}"#,
                r#"{"audiences":["mine","uncached-7"],"token":"x"}}"#,
            ]
        );
        assert!(api.log()[0].starts_with("POST /apis/authentication.k8s.io/v1/tokenreviews {"));
    }
}
