//! What was sent on behalf of a scenario: the requests of a step for its report, and what has to be taken away again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Method;
use serde_json::Value;

use super::watched::Watches;
use crate::cluster::{Exchange, Request, SendError, Session};

/// Sends requests and keeps count of them and of what they made outside the scenario's own Namespace.
pub(super) struct Sent {
    suffix: String,
    namespace: Option<String>,
    keeps_bodies: bool,
    watches: Watches,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: Vec<String>,
    /// The body of the first of them, if bodies are kept.
    body: Option<Value>,
    /// What waits for its answer.
    under_way: Option<String>,
    made: Vec<String>,
    /// Whether the scenario's Namespace is known not to be there. Until then it is taken as made.
    without_namespace: bool,
}

impl Sent {
    /// Nothing sent yet. What is made inside `namespace` goes with it; a name with `suffix` can only be this run's.
    pub(super) fn new(namespace: Option<&str>, suffix: &str, keeps_bodies: bool) -> Self {
        let (suffix, namespace) = (suffix.to_owned(), namespace.map(str::to_owned));
        Self { suffix, namespace, keeps_bodies, watches: Watches::default(), state: Mutex::default() }
    }

    /// The watches of its steps that are open.
    pub(super) fn watches(&self) -> &Watches {
        &self.watches
    }

    /// Sends a request and remembers what it made. Where no answer comes, an object that carries this run's suffix is
    /// taken as made: it may be, and it can be nobody else's.
    pub(super) async fn send(&self, session: &Session, request: Request) -> Result<Exchange, SendError> {
        let (method, is_counted) = (request.method.clone(), self.is_outside(&request.path) && !is_dry(&request.path));
        let may_be_made = {
            let mut state = self.state();
            let line = format!("{} {}", request.method, request.path);
            if self.keeps_bodies && state.requests.is_empty() {
                state.body.clone_from(&request.body);
            }
            state.requests.push(line.clone());
            state.under_way = Some(line);
            let unsure = self.target(&request).filter(|path| path.contains(&self.suffix) && !state.made.contains(path));
            state.made.extend(unsure.clone());
            unsure
        };
        let answer = session.send(request).await;
        let mut state = self.state();
        state.under_way = None;
        if let Ok(exchange) = &answer {
            if let Some(unsure) = may_be_made {
                state.made.retain(|path| *path != unsure);
            }
            if is_counted {
                state.made.extend(made(&method, exchange));
            }
        }
        drop(state);
        answer
    }

    /// Remembers a request of the step, which is under way until the answer begins.
    pub(super) async fn open<T>(&self, request: String, answer: impl Future<Output = T>) -> T {
        self.state().requests.push(request.clone());
        self.beside(request, answer).await
    }

    /// Remembers a request as under way until it is answered, and not as one of the step.
    pub(super) async fn beside<T>(&self, request: String, answer: impl Future<Output = T>) -> T {
        self.state().under_way = Some(request);
        let answer = answer.await;
        self.state().under_way = None;
        answer
    }

    /// The request that waits for its answer, once.
    pub(super) fn take_under_way(&self) -> Option<String> {
        self.state().under_way.take()
    }

    /// Says that the scenario's Namespace was not made.
    pub(super) fn namespace_was_not_made(&self) {
        self.state().without_namespace = true;
    }

    /// The requests since the last call, and the body of the first of them if bodies are kept.
    pub(super) fn take_requests(&self) -> (Vec<String>, Option<Value>) {
        let mut state = self.state();
        (std::mem::take(&mut state.requests), state.body.take())
    }

    /// Takes what carries this run's suffix in a list for something that was made.
    pub(super) fn found(&self, collection: &str, list: &Exchange) {
        let mut state = self.state();
        for item in list.body["items"].as_array().into_iter().flatten() {
            let metadata = &item["metadata"];
            let Some(name) = metadata["name"].as_str().filter(|name| name.contains(&self.suffix)) else { continue };
            let path = format!("{collection}/{name}");
            let is_own = self.namespace.as_deref() == Some(name) && collection.ends_with("/namespaces");
            if metadata["deletionTimestamp"].is_null() && !is_own && !state.made.contains(&path) {
                state.made.push(path);
            }
        }
    }

    /// The paths of what was made, oldest first: the Namespace, then what is outside it.
    pub(super) fn made(&self) -> Vec<String> {
        let state = self.state();
        let namespace = self.namespace.iter().filter(|_| !state.without_namespace);
        let namespace = namespace.map(|namespace| format!("/api/v1/namespaces/{namespace}"));
        namespace.chain(state.made.iter().cloned()).collect()
    }

    /// The object that a write may make, where its name is known before the answer.
    fn target(&self, request: &Request) -> Option<String> {
        if is_dry(&request.path) || !self.is_outside(&request.path) {
            return None;
        }
        let path = path_of(&request.path);
        match request.method {
            Method::POST => {
                let name = request.body.as_ref()?["metadata"]["name"].as_str()?;
                Some(format!("{path}/{name}"))
            }
            Method::PATCH | Method::PUT => Some(path.to_owned()),
            _ => None,
        }
    }

    fn is_outside(&self, path: &str) -> bool {
        let inside = |namespace: &String| path.contains(&format!("/namespaces/{namespace}/"));
        !self.namespace.as_ref().is_some_and(inside)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path of the object that an answer says was made. A review or a token request has no uid: it is no object.
fn made(method: &Method, exchange: &Exchange) -> Option<String> {
    let metadata = &exchange.body["metadata"];
    let (_uid, name) = (metadata["uid"].as_str()?, metadata["name"].as_str()?);
    let path = path_of(&exchange.path);
    match *method {
        Method::POST if exchange.is_success() => Some(format!("{path}/{name}")),
        Method::PATCH | Method::PUT if exchange.status == 201 => Some(path.to_owned()),
        _ => None,
    }
}

fn path_of(path_and_query: &str) -> &str {
    path_and_query.split_once('?').map_or(path_and_query, |(path, _)| path)
}

fn is_dry(path_and_query: &str) -> bool {
    path_and_query.split_once('?').is_some_and(|(_, query)| query.contains("dryRun="))
}
