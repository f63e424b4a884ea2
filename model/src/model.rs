//! One control plane: everything it holds, behind one lock.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::answer::{Answer, Content};
use crate::clock::Clock;
use crate::key::SigningKey;
use crate::profile::{NotModelled, Profile, Release};
use crate::request::Request;
use crate::service::{Body, Peer, Service};
use crate::status::Refusal;
use crate::world::World;
use crate::{api, watching, written};

/// How a control plane is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which release.
    pub release: Release,
    /// Feature gates that are not as by default.
    pub gates: BTreeMap<String, bool>,
    /// Flags of kube-apiserver, without their dashes.
    pub apiserver: BTreeMap<String, String>,
    /// Flags of kube-controller-manager.
    pub controller_manager: BTreeMap<String, String>,
    /// Signs tokens.
    pub key: Arc<SigningKey>,
    /// The certificate of the cluster's authority as PEM, which controllers hand out.
    pub authority: String,
}

/// What is known of a control plane before it is started.
#[derive(Debug, Clone)]
pub struct Outline(Profile);

impl Outline {
    /// Of a release that is set up so, as in [`Options`].
    pub fn new(
        release: Release,
        gates: &BTreeMap<String, bool>,
        apiserver: &BTreeMap<String, String>,
        controller_manager: &BTreeMap<String, String>,
    ) -> Result<Self, NotModelled> {
        Profile::new(release, gates, apiserver, controller_manager).map(Self)
    }

    /// Says so if real ones serve a kind, named as in a manifest, and a model of them does not.
    pub fn check_kind(&self, api_version: &str, kind: &str) -> Result<(), NotModelled> {
        api::check_kind(&self.0, api_version, kind)
    }
}

/// A control plane. Cloning shares it.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    /// Where the next event will stand: changes when something is written.
    written: watch::Sender<u64>,
}

impl Model {
    /// The issuer of its tokens, which is their audience too.
    pub const ISSUER: &'static str = "https://kubernetes.default.svc.cluster.local";
    /// Its Node.
    pub const NODE: &'static str = "hollow-node";

    /// Starts a control plane with an empty store. In a tokio runtime, whose time is its time.
    pub fn start(options: Options) -> Result<Self, NotModelled> {
        let Options { release, gates, apiserver, controller_manager, key, authority } = options;
        let profile = Profile::new(release, &gates, &apiserver, &controller_manager)?;
        let world = World::new(profile, Clock::start(), key, authority);
        let written = watch::Sender::new(world.store.end());
        Ok(Self(Arc::new(Inner { world: Mutex::new(world), written })))
    }

    /// A connection on behalf of somebody.
    pub fn service(&self, peer: Peer) -> Service {
        Service::new(self.clone(), peer)
    }

    /// Its release.
    pub fn release(&self) -> Release {
        self.world().profile.release()
    }

    /// The answer to a request.
    pub(crate) fn answer(&self, request: &Request) -> http::Response<Body> {
        let mut world = self.world();
        world.catch_up();
        let answered = api::answer(&mut world, request);
        let (end, profile) = (world.store.end(), Arc::clone(&world.profile));
        drop(world);
        self.0.written.send_if_modified(|written| std::mem::replace(written, end) != end);
        match answered {
            Ok(api::Reply::Answer(answer)) => encode(&answer, |value| written::body(value, request, &profile)),
            Ok(api::Reply::Watch(wanted)) => watching::response(self, wanted),
            Err(refusal) => encode(&refusal.answer(), |value| written::body(value, request, &profile)),
        }
    }

    /// Everything, for as long as the guard lives. Nothing waits for anything while it does.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whenever something was written.
    pub(crate) fn written(&self) -> watch::Receiver<u64> {
        self.0.written.subscribe()
    }

    /// Lets controllers do what is due, and tells of what they wrote.
    pub(crate) fn catch_up(&self) -> MutexGuard<'_, World> {
        let mut world = self.world();
        world.catch_up();
        let end = world.store.end();
        self.0.written.send_if_modified(|written| std::mem::replace(written, end) != end);
        world
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Model({})", self.release().version)
    }
}

/// A refusal as it is sent before the request was read.
pub(crate) fn refused(refusal: &Refusal) -> http::Response<Body> {
    encode(&refusal.answer(), |value| value.to_string() + "\n")
}

fn encode(answer: &Answer, json: impl FnOnce(&Value) -> String) -> http::Response<Body> {
    let (content_type, body) = match &answer.content {
        Content::Json(value) => ("application/json", Body::whole(json(value))),
        Content::Text { content_type, text } => (*content_type, Body::whole(text.clone())),
        Content::Bytes { content_type, bytes } => (*content_type, Body::whole(bytes.clone())),
    };
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(answer.code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    headers.insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-cache, private"));
    for warning in &answer.warnings {
        let quoted: String =
            warning.chars().flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c])).collect();
        // A text with a control character is no header, and no server sends one.
        if let Ok(value) = http::HeaderValue::from_bytes(format!("299 - \"{quoted}\"").as_bytes()) {
            headers.append(http::header::WARNING, value);
        }
    }
    response
}
