//! An API server for the tests of actions: it answers from a list and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde_json::{Value, json};

use super::{
    Action, Api, CommandError, Commands, Decoder, During, Events, Exit, Invocation, KINDS, Manifests, Pace, Reply,
    RunError, Said, Saying, StepCx, Upgrade,
};
use crate::cluster::{EventKind, Exchange, Request, Resource, SendError, UpgradeError, WatchEvent};
use crate::syntax::{At, Diagnostic, Diagnostics, Node, Scope, Source, parse};

/// The answers to come, and what happened.
pub(super) struct Fake {
    answers: Mutex<VecDeque<(u16, Value)>>,
    events: Vec<(&'static str, Value)>,
    log: Mutex<Vec<String>>,
    says: Vec<Said>,
    /// How long an action may go on after the steps during it.
    pub(super) patience: Option<Duration>,
    /// What says that a reply is enough.
    pub(super) enough: fn(&Reply) -> bool,
}

/// How long actions wait here.
const PATIENCE: Duration = Duration::from_millis(10);

impl Default for Fake {
    fn default() -> Self {
        Self {
            answers: Mutex::default(),
            events: Vec::new(),
            log: Mutex::default(),
            says: vec![Said::Ended(Exit::Code(0))],
            patience: Some(PATIENCE),
            enough: |_| false,
        }
    }
}

impl Fake {
    /// Answers in this order; after the last one 200 with an empty body.
    pub(super) fn answering(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() }
    }

    /// Tells these events to each watch, and ends it.
    pub(super) fn telling(events: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        Self { events: events.into_iter().collect(), ..Self::default() }
    }

    /// Says this of each command; one of whose end is said nothing goes on.
    pub(super) fn saying(says: impl IntoIterator<Item = Said>) -> Self {
        Self { says: says.into_iter().collect(), ..Self::default() }
    }

    /// `METHOD PATH BODY` of each request, `sleep N`, in microseconds, of each pause, and `during` of the steps during it.
    pub(super) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, line: String) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Runs an action in the Namespace `demo` with the variables `name` and `count`.
    pub(super) async fn run(&self, action: &str, query: &[(&str, &str)]) -> Result<Reply, RunError> {
        let action = decode(action, &NoManifests).unwrap();
        let query: Vec<(String, String)> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut scope = Scope::new();
        scope.set("name", json!("filled"));
        scope.set("count", json!(600));
        let (namespace, suffix, enough, patience) = (Some("demo"), "-rhabcde", &self.enough, PATIENCE);
        let (scope, query) = (&scope, &query[..]);
        let cx = StepCx {
            api: self,
            commands: self,
            scope,
            namespace,
            suffix,
            query,
            patience,
            pace: Pace::WAITING,
            during: self,
            enough,
        };
        action.run(&cx).await
    }
}

impl Api for Fake {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Exchange, SendError>> {
        let body = request.body.as_ref().map_or(String::new(), |body| format!(" {body}"));
        let form =
            if request.method == http::Method::PATCH { format!(" as {}", request.content_type) } else { String::new() };
        self.note(format!("{} {}{body}{form}", request.method, request.path));
        let (status, body) =
            self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or((200, json!({})));
        let (method, path, body) = (request.method, request.path, body.into());
        let exchange = Exchange { method, path, status, warnings: Vec::new(), body };
        Box::pin(async move { Ok(exchange) })
    }

    fn events(&self, path: String) -> BoxFuture<'_, Result<Result<Events<'_>, Exchange>, SendError>> {
        self.note(format!("WATCH {path}"));
        let event =
            |(word, object): (&str, Value)| Ok(WatchEvent { kind: EventKind::from_word(word).unwrap(), object });
        let events: Vec<_> = self.events.iter().cloned().map(event).collect();
        Box::pin(async move { Ok(Ok(stream::iter(events).boxed())) })
    }

    fn resolve<'a>(
        &'a self,
        api_version: &'a str,
        kind: &'a str,
    ) -> BoxFuture<'a, Result<Option<Resource>, SendError>> {
        let resource = Resource {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            plural: format!("{}s", kind.to_lowercase()),
            namespaced: kind != "Namespace",
        };
        Box::pin(async move { Ok((!kind.starts_with("Unserved")).then_some(resource)) })
    }

    fn meant(&self, api_version: &str, kind: &str) -> Option<Resource> {
        let (api_version, kind) = (api_version.to_owned(), kind.strip_suffix("Typo")?.to_owned());
        Some(Resource { api_version, kind, plural: String::new(), namespaced: true })
    }

    fn upgrade(&self, to: Upgrade) -> BoxFuture<'_, Result<(), UpgradeError>> {
        self.note(match to {
            Upgrade::Next => "upgrade".to_owned(),
            Upgrade::To(release) => format!("upgrade to {release}"),
        });
        Box::pin(async { Ok(()) })
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.note(format!("sleep {}", time.as_micros()));
        Box::pin(tokio::task::yield_now())
    }

    fn audience(&self) -> Option<&str> {
        Some("api")
    }

    fn nonce(&self) -> String {
        "7".to_owned()
    }
}

impl Commands for Fake {
    fn start(&self, invocation: Invocation) -> Result<Saying, CommandError> {
        let Invocation { program, stdin, env, files } = invocation;
        self.note(format!("run {program:?} {stdin:?} {env:?} {files:?}"));
        let goes_on = !self.says.iter().any(|said| matches!(said, Said::Ended(_)));
        let rest = if goes_on { stream::pending().boxed() } else { stream::empty().boxed() };
        Ok(stream::iter(self.says.clone()).map(Ok).chain(rest).boxed())
    }
}

impl During for Fake {
    fn run(&self) -> BoxFuture<'_, Option<Duration>> {
        self.note("during".to_owned());
        Box::pin(async {
            tokio::task::yield_now().await;
            self.patience
        })
    }
}

/// A scenario without a folder.
pub(super) struct NoManifests;

impl Manifests for NoManifests {
    fn documents(&self, name: &str, at: &At) -> Result<&[Node], Diagnostics> {
        Err(Diagnostic::new(at.clone(), format!("no {name}")).into())
    }
}

/// Decodes `KIND: ...`.
pub(super) fn decode(step: &str, manifests: &dyn Manifests) -> Result<Box<dyn Action>, Diagnostics> {
    let document = parse(&Source::new("x.yaml", step))?.pop().unwrap();
    let (key, node) = &document.entries()[0];
    let kind = KINDS.iter().find(|kind| kind.key == key.text).unwrap();
    let mut diagnostics = Diagnostics::new();
    let mut decoder = Decoder { diagnostics: &mut diagnostics, manifests, named: true };
    let action = (kind.decode)(node, &mut decoder);
    diagnostics.or(()).map(|()| action.unwrap())
}
