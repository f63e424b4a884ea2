//! An API server in a few lines: it keeps objects by path and answers calls on them, and does one thing wrong on request.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use http::{Method, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use rehearsal::cluster::{Cluster, Facts, Origin};
use serde_json::{Value, json};
use tower::service_fn;

/// What a fake does otherwise than the others: an answer in the place of its own, or with code 0 none.
pub(crate) type Fault = fn(&mut World, &Asked) -> Option<(u16, Value)>;

/// A request.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    query: String,
    pub(crate) body: Value,
}

/// What a fake knows.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) objects: BTreeMap<String, Value>,
    pub(crate) asked: usize,
    writes: usize,
}

impl World {
    /// How many objects have names that runs give; what is left of them.
    pub(crate) fn left(&self) -> Vec<&String> {
        self.objects.keys().filter(|path| path.contains("-rh")).collect()
    }
}

pub(crate) fn cluster(fault: Fault) -> (Cluster, Arc<Mutex<World>>) {
    let world = Arc::new(Mutex::new(World::default()));
    let shared = Arc::clone(&world);
    let service = service_fn(move |request: http::Request<Body>| {
        let shared = Arc::clone(&shared);
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            let asked = Asked {
                method: parts.method,
                path: parts.uri.path().to_owned(),
                query: parts.uri.query().unwrap_or_default().to_owned(),
                body,
            };
            let world = &mut *shared.lock().unwrap();
            world.asked += 1;
            let (code, answer) = fault(world, &asked).unwrap_or_else(|| answer(world, &asked));
            if code == 0 {
                return Err(io::Error::from(io::ErrorKind::ConnectionReset));
            }
            let response = Response::builder().status(code).header("Content-Type", "application/json");
            Ok(response.body(Body::from(answer.to_string().into_bytes())).unwrap())
        }
    });
    let origin = Origin { kind: "test", etcd: None };
    let client = kube::Client::new(service, "default");
    (Cluster::over(client, origin, "v1.36.3".parse().unwrap(), Facts::default()), world)
}

/// As `(code, reason)` and a Status.
pub(crate) fn refusal(code: u16, reason: &str, message: &str) -> (u16, Value) {
    (code, json!({"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}))
}

/// The uid of the how-manieth object.
fn uid(number: usize) -> String {
    format!("12345678-1234-4234-8234-{number:012}")
}

const COLLECTIONS: [&str; 11] = [
    "namespaces",
    "serviceaccounts",
    "secrets",
    "configmaps",
    "pods",
    "nodes",
    "leases",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
];

/// Whether an object is asked for. Of all selectors only the one counts that tells whose it is.
fn is_wanted(asked: &Asked, object: &Value) -> bool {
    let owner = object["metadata"]["labels"]["rehearsal.dev/own"].as_str();
    !asked.query.contains("rehearsal.dev") || owner.is_some_and(|owner| asked.query.contains(owner))
}

fn answer(world: &mut World, asked: &Asked) -> (u16, Value) {
    let path = asked.path.as_str();
    let is_collection = path.rsplit('/').next().is_some_and(|last| COLLECTIONS.contains(&last));
    match (asked.method.as_str(), is_collection) {
        ("GET", true) => {
            // What controllers put into a Namespace.
            let mut items: Vec<Value> = Vec::new();
            if path.ends_with("/serviceaccounts") || path.ends_with("/configmaps") {
                items.push(json!({"metadata": {"name": "default"}}));
            }
            let within = format!("{path}/");
            let listed = world.objects.iter().filter(|(at, object)| {
                let is_within = at.strip_prefix(&within).is_some_and(|name| !name.contains('/'));
                is_within && is_wanted(asked, object)
            });
            items.extend(listed.map(|(_, object)| object.clone()));
            (200, json!({"kind": "ThingList", "apiVersion": "v1", "metadata": {}, "items": items}))
        }
        ("POST", true) => {
            let Some(name) = asked.body["metadata"]["name"].as_str() else {
                return refusal(422, "Invalid", "a name is required");
            };
            let at = format!("{path}/{name}");
            if world.objects.contains_key(&at) {
                return refusal(409, "AlreadyExists", &format!("\"{name}\" already exists"));
            }
            world.writes += 1;
            let mut object = asked.body.clone();
            object["metadata"]["uid"] = uid(world.writes).into();
            object["metadata"]["resourceVersion"] = (1000 + world.writes).to_string().into();
            world.objects.insert(at, object.clone());
            (201, object)
        }
        ("GET", false) => match world.objects.get(path) {
            Some(object) => (200, object.clone()),
            None => refusal(404, "NotFound", "not found"),
        },
        ("DELETE", false) => match world.objects.remove(path) {
            Some(object) => (200, object),
            None => refusal(404, "NotFound", "not found"),
        },
        _ => refusal(405, "MethodNotAllowed", "not here"),
    }
}
