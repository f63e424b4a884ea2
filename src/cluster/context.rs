//! `context:NAME`: any cluster of the kubeconfig. Never chosen unless it is named.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, Method};
use kube::Config;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use serde_json::Value;

use super::{Cluster, Facts, Origin, Request, SendError, Session, Transports};
use crate::capability::Capability;
use crate::version::Version;

/// How long a cluster may take to say its version.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// Why a context could not be opened.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ContextError {
    /// No kubeconfig, or one that cannot be read.
    #[error("the kubeconfig cannot be read: {cause}")]
    #[diagnostic(help("set KUBECONFIG to a file, or write ~/.kube/config"))]
    Kubeconfig {
        /// What came back.
        cause: String,
    },
    /// A name that is not in the kubeconfig.
    #[error("the kubeconfig has no context `{name}`")]
    #[diagnostic(help("{known}"))]
    NoSuchContext {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A context that cannot be turned into a connection: a missing file, a broken certificate, an exec plug-in.
    #[error("context `{name}` cannot be used: {cause}")]
    #[diagnostic(help("compare with what `kubectl --context {name} version` says"))]
    Unusable {
        /// The context.
        name: String,
        /// What came back.
        cause: String,
    },
    /// The first request had no answer.
    #[error("context `{name}`")]
    NoAnswer {
        /// The context.
        name: String,
        /// Why.
        #[source]
        #[diagnostic_source]
        cause: SendError,
    },
    /// The first request hung.
    #[error("context `{name}`: the API server at {server} did not say its version within {} s", FIRST_ANSWER.as_secs())]
    #[diagnostic(help("check that the address is right and that nothing between drops packets"))]
    Hangs {
        /// The context.
        name: String,
        /// Its address.
        server: String,
    },
    /// What answered is no API server, or refused to say its version.
    #[error("context `{name}`: GET /version was answered with {status}: {body}")]
    #[diagnostic(help(
        "check that {server} is a Kubernetes API server and that the context's user may ask its version"
    ))]
    NoVersion {
        /// The context.
        name: String,
        /// Its address.
        server: String,
        /// The status.
        status: u16,
        /// The beginning of what it said.
        body: String,
    },
}

/// Opens the context `name` of the kubeconfig that `KUBECONFIG` or the home folder has.
pub(super) async fn open(name: &str) -> Result<Cluster, ContextError> {
    let kubeconfig = Kubeconfig::read().map_err(|error| ContextError::Kubeconfig { cause: error.to_string() })?;
    open_in(kubeconfig, name, Origin { kind: "context", etcd: None }).await
}

/// Opens a context of a kubeconfig.
async fn open_in(kubeconfig: Kubeconfig, name: &str, origin: Origin) -> Result<Cluster, ContextError> {
    if !kubeconfig.contexts.iter().any(|context| context.name == name) {
        let names: Vec<&str> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
        let known = if names.is_empty() { "it has none".to_owned() } else { format!("it has: {}", names.join(", ")) };
        return Err(ContextError::NoSuchContext { name: name.to_owned(), known });
    }
    let unusable = |cause: String| ContextError::Unusable { name: name.to_owned(), cause };
    let options = KubeConfigOptions { context: Some(name.to_owned()), ..KubeConfigOptions::default() };
    let config =
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| unusable(error.to_string()))?;
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let transports = transports(config).map_err(|error| unusable(error.to_string()))?;

    let own = Session::new(transports.own.clone(), HeaderMap::new());
    let asked = tokio::time::timeout(FIRST_ANSWER, own.send(Request::new(Method::GET, "/version"))).await;
    let answer = asked
        .map_err(|_| ContextError::Hangs { name: name.to_owned(), server: server.clone() })?
        .map_err(|cause| ContextError::NoAnswer { name: name.to_owned(), cause })?;
    let version: Option<Version> = answer.body["gitVersion"].as_str().and_then(|text| text.parse().ok());
    let Some(version) = version else {
        let said = answer.body["message"].as_str().map_or_else(|| answer.body.to_string(), str::to_owned);
        let body = said.chars().take(200).collect();
        return Err(ContextError::NoVersion { name: name.to_owned(), server, status: answer.status, body });
    };
    let (issuer, nodes) = tokio::join!(issuer(&own), nodes(&own));
    let capabilities = capabilities(&nodes);
    let name = |node: &Value| node["metadata"]["name"].as_str().map(str::to_owned);
    let nodes = nodes.iter().filter_map(name).collect();
    let facts = Facts { audience: issuer.clone(), issuer, server: Some(server), nodes };
    Ok(Cluster::new(origin, version, capabilities, facts, transports))
}

/// The two connections of a kubeconfig of ours.
pub(super) async fn transports_of(kubeconfig: &Path) -> Result<Transports, String> {
    let read = Kubeconfig::read_from(kubeconfig).map_err(|error| error.to_string())?;
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(read, &options).await.map_err(|error| error.to_string())?;
    // HTTPS_PROXY is not for a server on this machine.
    config.proxy_url = None;
    transports(config).map_err(|error| error.to_string())
}

/// The two connections of a kubeconfig context: its user's, and one without credentials.
pub(super) fn transports(mut config: Config) -> Result<Transports, kube::Error> {
    // Observed calls are never retried: 429 may be the very answer that a step is about.
    config.default_retry = false;
    config.disable_compression = true;
    let mut without = config.clone();
    without.auth_info = AuthInfo::default();
    let own = kube::Client::try_from(config)?;
    // Tried once here, so that making it later cannot fail.
    let bare = kube::Client::try_from(without)?;
    Ok(Transports { own, bare })
}

/// The issuer, where this user may ask for it; the audience of the API is the same unless somebody changed it.
async fn issuer(own: &Session) -> Option<String> {
    let answer = own.send(Request::new(Method::GET, "/.well-known/openid-configuration")).await.ok()?;
    answer.body["issuer"].as_str().map(str::to_owned)
}

/// Its Nodes, where this user may list them.
async fn nodes(own: &Session) -> Vec<Value> {
    let answer = own.send(Request::new(Method::GET, "/api/v1/nodes")).await;
    let mut body = answer.map(|answer| answer.body).unwrap_or_default();
    body["items"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

/// What a cluster can do, by its Nodes: any Node is scheduled to, and only the hollow one has no kubelet behind it.
fn capabilities(nodes: &[Value]) -> BTreeSet<Capability> {
    let mut found = BTreeSet::new();
    if !nodes.is_empty() {
        found.extend([Capability::Node, Capability::Scheduler]);
    }
    let is_real = |node: &Value| node["metadata"]["labels"][super::HOLLOW_LABEL].is_null();
    if nodes.iter().any(is_real) {
        found.insert(Capability::Kubelet);
    }
    found
}
