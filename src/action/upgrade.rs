//! `upgrade`: another release in place of the one that runs, on the same data.

use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::Value;

use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View};
use crate::cluster::{Release, Request};
use crate::shape::{self, Shape};
use crate::syntax::{Diagnostic, Fields, Node, Scope, TemplateError, TextTemplate};
use crate::version::Version;

pub(super) const KIND: Kind = Kind {
    key: "upgrade",
    doc: "Puts another release in place of the one that runs: `next`, the newest installed patch of the next minor; or \
          `{to: v1.25}`, the newest of that minor, or just one, `{to: v1.34.1}`. The data, certificates, keys and address stay, \
          and with them objects and tokens; a watch is opened again and begins with what is there. The API server is first, \
          then the controllers and the scheduler, then the Node, as the version-skew policy has it. The answer is that of `GET /version` afterwards. \
          The scenario gets a local control plane for itself; where the release is not installed, and on other clusters, it is \
          skipped. It says either `next`, once, or what it begins with and each release it goes to: `kubernetes: \"1.22\"`, and then \
          `{to: v1.23}`. `when` and `expect: {when: ..}` speak of the version that it began with; a snapshot is named by the one \
          that answered.",
    example: "upgrade: next",
    shape,
    decode,
};

/// What is put in place of what runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upgrade {
    /// The newest patch of the next minor.
    Next,
    /// The newest patch of a minor, or one release.
    To(Release),
}

impl Upgrade {
    /// The release that is meant where another one runs.
    pub fn release(&self, now: &Version) -> Release {
        match self {
            Self::Next => Release::Minor(now.minor.after()),
            Self::To(release) => release.clone(),
        }
    }
}

/// How long it may take at least: three programs start, one after the other.
const PATIENCE: Duration = Duration::from_mins(4);

#[derive(Debug)]
struct Step {
    /// None for the next minor.
    to: Option<TextTemplate>,
}

fn shape() -> Value {
    shape::any_of(&[serde_json::json!({"const": "next"}), Shape::new().required("to", shape::text()).finish()])
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    match node.as_str() {
        Some("next") => return Some(Box::new(Step { to: None })),
        Some(other) => {
            let message = format!("`upgrade` goes to `next` or to a release, this is `{other}`");
            decoder.diagnostics.push(Diagnostic::new(node.at.clone(), message).help("as in `upgrade: {to: v1.25}`"));
            return None;
        }
        None => {}
    }
    let mut fields = Fields::of(node, "upgrade", decoder.diagnostics)?;
    let to = fields.required("to").text();
    fields.finish();
    Some(Box::new(Step { to: Some(to?) }))
}

impl Action for Step {
    fn declare(&self, declared: &mut Declared) {
        let to = self.to.as_ref().map(|to| to.constant().map_or_else(|| to.at().text().into(), str::to_owned));
        declared.about.push(to.map_or_else(|| "to the next minor".to_owned(), |to| format!("to {to}")));
        declared.read(&self.to);
    }

    fn view(&self) -> View {
        View::Nothing
    }

    fn repeatable(&self, _dry_run: bool) -> bool {
        false
    }

    fn upgrade(&self, scope: &Scope) -> Option<Result<Upgrade, TemplateError>> {
        Some(self.target(scope))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move {
            cx.api.upgrade(self.target(cx.scope)?).await?;
            Ok(Reply::Http(cx.send_for_object(Request::new(Method::GET, "/version")).await?))
        })
    }
}

impl Step {
    fn target(&self, scope: &Scope) -> Result<Upgrade, TemplateError> {
        let Some(to) = &self.to else { return Ok(Upgrade::Next) };
        let text = to.resolve(scope)?;
        text.parse().map(Upgrade::To).map_err(|_| TemplateError::NoRelease { text })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fake::{Fake, NoManifests, decode};
    use super::*;

    #[test]
    fn it_goes_to_the_next_minor_or_to_a_release() {
        let mut scope = Scope::new();
        scope.set("case", json!({"key": "v1.23"}));
        let target = |step: &str| decode(step, &NoManifests).unwrap().upgrade(&scope).unwrap();
        assert_eq!(target("upgrade: next").unwrap(), Upgrade::Next);
        assert_eq!(target("upgrade: {to: v1.34.1}").unwrap(), Upgrade::To("v1.34.1".parse().unwrap()));
        assert_eq!(target("upgrade: {to: '${case.key}'}").unwrap(), Upgrade::To("v1.23".parse().unwrap()));
        assert!(target("upgrade: {to: '${later}'}").is_err());
        assert_eq!(
            target("upgrade: {to: new}").unwrap_err().to_string(),
            "`new` is no release, as v1.25 or v1.25.4 is"
        );
        for step in ["upgrade: latest", "upgrade: {}", "upgrade: {to: v1.25, from: v1.24}", "upgrade: [v1.25]"] {
            assert!(decode(step, &NoManifests).is_err(), "{step}");
        }
    }

    #[tokio::test]
    async fn the_answer_is_what_runs_then() {
        let api = Fake::default();
        api.run("upgrade: {to: v1.25}", &[]).await.unwrap();
        assert_eq!(api.log(), ["upgrade to v1.25", "GET /version"]);
    }
}
