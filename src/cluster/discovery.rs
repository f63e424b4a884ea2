//! Which path a kind is served under: read from the server, one group-version at a time and only those that are named.
//! The keeper of a local cluster reads them all once, for everybody who uses it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Exchange, Request, SendError, Session};

/// How a server serves a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The group and version: `v1`, `apps/v1`.
    pub api_version: String,
    /// The kind: `Pod`.
    pub kind: String,
    /// The word in paths: `pods`.
    pub plural: String,
    /// Whether its objects live in a Namespace.
    pub namespaced: bool,
}

/// What a server serves, by group-version.
pub(super) type Served = BTreeMap<String, Vec<Resource>>;

/// What was read so far, by group-version. A miss is read again: a CRD may have come in between.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    known: RwLock<HashMap<String, Arc<Vec<Resource>>>>,
}

impl Discovery {
    /// What a server serves that has answered before.
    pub(super) fn knowing(served: Served) -> Self {
        let discovery = Self::default();
        discovery.begin_anew(served);
        discovery
    }

    /// Begins anew, with what a server serves that has taken another one's place.
    pub(super) fn begin_anew(&self, served: Served) {
        let known = served.into_iter().map(|(api_version, resources)| (api_version, Arc::new(resources)));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known.collect();
    }

    /// The resource of a kind; none where the server does not serve it.
    pub(super) async fn resolve(
        &self,
        session: &Session,
        api_version: &str,
        kind: &str,
    ) -> Result<Option<Resource>, SendError> {
        let find = |resources: &[Resource]| resources.iter().find(|resource| resource.kind == kind).cloned();
        // Nothing panics while the lock is held.
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(api_version).cloned();
        if let Some(found) = known.and_then(|resources| find(&resources)) {
            return Ok(Some(found));
        }
        let exchange = session.send(Request::new(Method::GET, path(api_version))).await?;
        // Only 404 says that it is not served. Anything else must not read as if this server did not know the kind.
        if exchange.status != 404 && !exchange.body["resources"].is_array() {
            return Err(unusable(exchange));
        }
        let resources = Arc::new(resources(api_version, &exchange.body));
        let found = find(&resources);
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(api_version.to_owned(), resources);
        Ok(found)
    }

    /// The group-versions, as far as they were read, that a kind of this name is in.
    pub(super) fn homes(&self, kind: &str) -> Vec<String> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let has = |resources: &[Resource]| resources.iter().any(|resource| resource.kind == kind);
        let homes = known.iter().filter(|(_, resources)| has(resources)).map(|(api_version, _)| api_version.clone());
        let mut homes: Vec<String> = homes.collect();
        homes.sort();
        homes
    }

    /// What is served, as far as it was read, that is spelt almost so: the kind within its group-version, or the group.
    pub(super) fn meant(&self, api_version: &str, kind: &str) -> Option<Resource> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let group = |api_version: &str| api_version.split_once('/').map(|(group, _)| group.to_owned());
        let is_meant = |resource: &&Resource| {
            let groups = || group(&resource.api_version).zip(group(api_version));
            resource.api_version == api_version && alike(&resource.kind, kind)
                || resource.kind == kind
                    && groups().is_some_and(|(served, asked)| served != asked && alike(&served, &asked))
        };
        let mut meant: Vec<&Resource> =
            known.values().flat_map(|resources| resources.iter()).filter(is_meant).collect();
        meant.sort_by(|a, b| (&a.api_version, &a.kind).cmp(&(&b.api_version, &b.kind)));
        meant.first().copied().cloned()
    }
}

/// Whether only the case differs, or one letter is missing, too much, wrong or in its neighbour's place.
fn alike(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || strsim::damerau_levenshtein(one, other) == 1
}

/// A refusal, or an answer of something else than an API server.
fn unusable(exchange: Exchange) -> SendError {
    if !exchange.is_success() {
        return SendError::Refused { exchange: Box::new(exchange) };
    }
    let request = format!("{} {}", exchange.method, exchange.path);
    SendError::Unreadable { request, status: exchange.status, what: "is no list of resources".to_owned() }
}

/// All that a new server serves. What it would not tell is left out, to be asked for by whoever needs it.
pub(super) async fn everything(session: &Session) -> Served {
    let get = async |path: String| {
        let exchange = session.send(Request::new(Method::GET, path)).await.ok()?;
        exchange.is_success().then_some(Arc::unwrap_or_clone(exchange.body))
    };
    let groups = get("/apis".to_owned()).await.unwrap_or_default();
    let groups = groups["groups"].as_array().into_iter().flatten();
    let versions = groups.flat_map(|group| group["versions"].as_array().into_iter().flatten());
    let versions = versions.filter_map(|version| version["groupVersion"].as_str());
    let mut served = Served::new();
    for api_version in std::iter::once("v1").chain(versions) {
        if let Some(list) = get(path(api_version)).await {
            served.insert(api_version.to_owned(), resources(api_version, &list));
        }
    }
    served
}

/// The collections of all kinds that a server keeps outside of any Namespace, each once.
pub(super) async fn cluster_wide(session: &Session) -> Vec<String> {
    let served = everything(session).await;
    let resources = served.values().flatten().filter(|resource| !resource.namespaced);
    let by_kind = resources.map(|resource| {
        let group = resource.api_version.split_once('/').map_or("", |(group, _)| group);
        ((group.to_owned(), resource.kind.clone()), format!("{}/{}", path(&resource.api_version), resource.plural))
    });
    by_kind.collect::<BTreeMap<_, _>>().into_values().collect()
}

fn path(api_version: &str) -> String {
    if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") }
}

/// The resources of an `APIResourceList`, without subresources.
fn resources(api_version: &str, list: &Value) -> Vec<Resource> {
    let listed = list["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let resource = |entry: &Value| {
        let plural = entry["name"].as_str().filter(|name| !name.contains('/'))?;
        Some(Resource {
            api_version: api_version.to_owned(),
            kind: entry["kind"].as_str()?.to_owned(),
            plural: plural.to_owned(),
            namespaced: entry["namespaced"].as_bool()?,
        })
    };
    listed.iter().filter_map(resource).collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{HeaderMap, Response};
    use kube::client::Body;
    use serde_json::json;
    use tower::service_fn;

    use super::*;

    fn session(answer: impl Fn(&str) -> Option<Value> + Clone + Send + 'static) -> Session {
        let service = service_fn(move |request: http::Request<Body>| {
            let body = answer(request.uri().path());
            let status = if body.is_some() { 200 } else { 404 };
            let body = Body::from(body.unwrap_or_default().to_string().into_bytes());
            let response = Response::builder().status(status).body(body).unwrap();
            async move { Ok::<_, Infallible>(response) }
        });
        Session::new(kube::Client::new(service, "default"), HeaderMap::new())
    }

    #[tokio::test]
    async fn what_a_keeper_has_read_is_not_asked_for() {
        let list = |kind: &str, plural: &str| {
            let resource = json!({"name": plural, "kind": kind, "namespaced": true});
            json!({"resources": [resource, {"name": "pods/log", "kind": "Pod", "namespaced": true}]})
        };
        let served = everything(&session(move |path| match path {
            "/apis" => Some(
                json!({"groups": [{"versions": [{"groupVersion": "apps/v1"}, {"groupVersion": "metrics.k8s.io/v1"}]}]}),
            ),
            "/api/v1" => Some(list("Pod", "pods")),
            "/apis/apps/v1" => Some(list("Deployment", "deployments")),
            _ => None,
        }))
        .await;
        let read: Served = serde_json::from_str(&serde_json::to_string(&served).unwrap()).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["apps/v1", "v1"]);

        let discovery = Discovery::knowing(read);
        let silent = session(|path| panic!("asked for {path}"));
        let found = discovery.resolve(&silent, "apps/v1", "Deployment").await.unwrap().unwrap();
        assert_eq!((found.plural.as_str(), found.namespaced), ("deployments", true));
        let meant = |api_version, kind| discovery.meant(api_version, kind).map(|resource| resource.plural);
        assert_eq!(meant("apps/v1", "Deploymnet").as_deref(), Some("deployments"));
        assert_eq!(meant("v1", "POD").as_deref(), Some("pods"));
        assert_eq!(meant("app/v1", "Deployment").as_deref(), Some("deployments"));
        assert_eq!((discovery.homes("Deployment"), discovery.homes("Widget")), (vec!["apps/v1".to_owned()], vec![]));
        assert_eq!((meant("apps/v1", "Widget"), meant("apps/v2", "Deployment")), (None, None));
        let later = session(move |_| Some(list("Widget", "widgets")));
        assert!(discovery.resolve(&later, "example.com/v1", "Widget").await.unwrap().is_some());
    }
}
