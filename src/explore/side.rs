//! One side of an exploration: a cluster, and what a sequence needs there before and leaves behind.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::call::{Call, SUFFIX, Verb, Who};
use super::error::ExploreError;
use super::fill::World;
use super::generate::HOME;
use super::see::Eye;
use crate::cluster::{Cluster, Exchange, Identity, RUN_LABEL, Request, SendError};
use crate::path;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often one looks at most for what controllers put into a Namespace.
const LOOKS: usize = 500;

/// How often another suffix is drawn at most.
const REDRAWS: usize = 3;

/// One sequence on one cluster.
pub(super) struct Side<'c> {
    cluster: &'c Cluster,
    suffix: String,
    /// How long things may take to settle.
    pub(super) settling: Duration,
    pub(super) world: World,
    pub(super) eye: Eye,
    /// What stands outside of Namespaces, or is held by finalizers; to be taken away.
    left: BTreeSet<String>,
    held: BTreeSet<String>,
}

impl<'c> Side<'c> {
    /// Makes the Namespace that every sequence has, and waits for what every Namespace has.
    pub(super) async fn open(cluster: &'c Cluster, calls: &[Call], settling: Duration) -> Result<Self, ExploreError> {
        let (mut side, mut made) = Self::begin(cluster, calls, settling).await?;
        for _ in 0..REDRAWS {
            // Of thousands of suffixes two may well be alike, and the Namespace of the first still be going.
            if made.status == 409 {
                (side, made) = Self::begin(cluster, calls, settling).await?;
            }
        }
        if !made.is_success() {
            return Err(ExploreError::refused(&made));
        }
        let name = side.world.text(HOME).into_owned();
        side.left.insert(format!("/api/v1/namespaces/{name}"));
        side.until_settled(&name).await?;
        Ok(side)
    }

    /// A suffix, and the answer to whether its Namespace can be had.
    async fn begin(cluster: &'c Cluster, calls: &[Call], settling: Duration) -> Result<(Self, Exchange), ExploreError> {
        let suffix = crate::suffix::draw(&mut rand::rng());
        let (world, eye) = (World::new(&suffix), Eye::new(cluster, &suffix, calls));
        let mut side = Self { cluster, suffix, settling, world, eye, left: BTreeSet::new(), held: BTreeSet::new() };
        let name = side.world.text(HOME).into_owned();
        let run = side.suffix.trim_start_matches('-');
        let metadata = json!({"name": name, "labels": {RUN_LABEL: run}});
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        let made = side.own(Request::new(Method::POST, "/api/v1/namespaces").body(body)).await?;
        Ok((side, made))
    }

    /// Until the default `ServiceAccount` is there, and before v1.24 its token, and nothing more comes.
    async fn until_settled(&self, namespace: &str) -> Result<(), ExploreError> {
        let path = format!("/api/v1/namespaces/{namespace}");
        let look = async || -> Result<[usize; 3], ExploreError> {
            let mut counts = [0; 3];
            for (count, plural) in counts.iter_mut().zip(["serviceaccounts", "configmaps", "secrets"]) {
                let listed = self.own(Request::new(Method::GET, format!("{path}/{plural}"))).await?;
                *count = listed.body["items"].as_array().map_or(0, Vec::len);
            }
            Ok(counts)
        };
        let mut before = look().await?;
        for _ in 0..LOOKS {
            self.pause(self.settling / 4).await;
            let now = look().await?;
            if now == before && now[0] > 0 && now[1] > 0 {
                break;
            }
            before = now;
        }
        // What never comes is a difference like any other.
        Ok(())
    }

    /// Sends a call; none is sent that could touch what is not the sequence's own. What a model does not know it says.
    pub(super) async fn send(&mut self, call: &Call) -> Result<Option<Result<Exchange, String>>, ExploreError> {
        if call.is_loose() {
            return Ok(None);
        }
        let identity = match &call.who {
            Who::Own => Identity::Own,
            Who::Anonymous => Identity::Anonymous,
            Who::Bearer(token) => Identity::Bearer(self.world.text(token).into_owned()),
            Who::User { name, groups } => Identity::Impersonated {
                user: self.world.text(name).into_owned(),
                groups: groups.iter().map(|group| self.world.text(group).into_owned()).collect(),
                uid: None,
                extra: std::collections::BTreeMap::new(),
            },
        };
        let request = self.request(call);
        let session = self.cluster.session(&identity)?;
        let sent = format!("{} {}", request.method, request.path);
        let answered = timeout(PATIENCE, session.send(request)).await;
        match answered.map_err(|_| ExploreError::NoAnswer { request: sent })? {
            Ok(exchange) => {
                self.remember(call, &exchange);
                Ok(Some(Ok(exchange)))
            }
            Err(SendError::NotModelled { what, .. }) => Ok(Some(Err(what))),
            Err(error) => Err(error.into()),
        }
    }

    fn request(&mut self, call: &Call) -> Request {
        let method = match call.verb {
            Verb::Get | Verb::List => Method::GET,
            Verb::Create => Method::POST,
            Verb::Update => Method::PUT,
            Verb::Patch(_) => Method::PATCH,
            Verb::Delete | Verb::DeleteCollection => Method::DELETE,
        };
        // Names are filled in before they are put into a path.
        let filled = Call {
            name: self.world.text(&call.name).into_owned(),
            namespace: call.namespace.as_deref().map(|namespace| self.world.text(namespace).into_owned()),
            ..call.clone()
        };
        let query: Vec<(String, String)> =
            call.query.iter().map(|(key, value)| (key.clone(), self.world.text(value).into_owned())).collect();
        let mut request = Request::new(method, path::with_query(&filled.path(), &query));
        if let Verb::Patch(form) = call.verb {
            request.content_type = form.content_type();
        }
        request.body = call.body.as_ref().map(|body| self.world.value(body));
        request
    }

    fn remember(&mut self, call: &Call, exchange: &Exchange) {
        self.world.answered(call.id, exchange.body.clone());
        let metadata = &exchange.body["metadata"];
        let Some(name) = metadata["name"].as_str().filter(|_| exchange.is_success() && call.subresource.is_none())
        else {
            return;
        };
        let namespace = metadata["namespace"].as_str();
        let object = path::object(&path::collection(call.kind.api_version, call.kind.plural, namespace), name, None);
        if metadata["finalizers"].as_array().is_some_and(|finalizers| !finalizers.is_empty()) {
            self.held.insert(object.clone());
        }
        if !call.kind.namespaced && !call.verb.is_read() {
            self.left.insert(object);
        }
    }

    /// Asks for everything to be taken away, and does not wait. Refusals are for `cluster gc` to mend.
    pub(super) async fn clean_up(&self) -> Result<(), ExploreError> {
        for object in &self.held {
            let free = json!({"metadata": {"finalizers": Value::Null}});
            let mut request = Request::new(Method::PATCH, object.as_str()).body(free);
            request.content_type = "application/merge-patch+json";
            self.own(request).await?;
        }
        for object in &self.left {
            // Whatever the answers said: only what carries the suffix is this sequence's own.
            if object.contains(&self.suffix) {
                self.own(Request::new(Method::DELETE, object.as_str())).await?;
            }
        }
        Ok(())
    }

    async fn own(&self, request: Request) -> Result<Exchange, ExploreError> {
        let sent = format!("{} {}", request.method, request.path);
        let answered = timeout(PATIENCE, self.cluster.session(&Identity::Own)?.send(request)).await;
        Ok(answered.map_err(|_| ExploreError::NoAnswer { request: sent })??)
    }

    /// Lets this side do what it does by itself for a while.
    pub(super) async fn pause(&self, duration: Duration) {
        sleep(duration).await;
    }
}

/// A text as an author would have written it, without suffix.
pub(super) fn unmarked(text: &str) -> String {
    text.replace(SUFFIX, "")
}
