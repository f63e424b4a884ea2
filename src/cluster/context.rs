//! `context:NAME`: any cluster of the kubeconfig. Never chosen unless it is named.

use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use kube::Config;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::access::Access;
use super::probe::Unanswered;
use super::{
    Cluster, Exchange, Home, Origin, Release, Request, SendError, Session, Transports, assets, probe, send_error,
};
use crate::capability::Capability;
use crate::version::Version;

/// How long a credential plug-in may take; somebody may have to log in.
const LOG_IN: Duration = Duration::from_mins(1);

/// Why a context could not be opened.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ContextError {
    /// No kubeconfig, or one that cannot be read.
    #[error("the kubeconfig cannot be read: {cause}")]
    #[diagnostic(help("it is what KUBECONFIG names, or else ~/.kube/config; `kubectl config view` reads the same"))]
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
    #[diagnostic(help("{help}"))]
    Unusable {
        /// The context.
        name: String,
        /// What came back.
        cause: String,
        /// What to do.
        help: String,
    },
    /// The first request had no answer.
    #[error("context `{name}` at {server}: {cause}")]
    #[diagnostic(forward(cause))]
    NoAnswer {
        /// The context.
        name: String,
        /// Its address.
        server: String,
        /// Why.
        cause: Box<SendError>,
    },
    /// One of the first requests hung.
    #[error("context `{name}`: the API server at {server} did not answer {request} within {} s", probe::WITHIN.as_secs())]
    #[diagnostic(help("check that the address is right and that nothing between drops packets"))]
    Hangs {
        /// The context.
        name: String,
        /// Its address.
        server: String,
        /// The request.
        request: String,
    },
    /// The API server does not know the context's user.
    #[error("context `{name}`: the API server at {server} does not accept its credentials (401)")]
    #[diagnostic(help(
        "log in again; a certificate or token may have expired, or be from before the cluster was made anew"
    ))]
    Unauthorized {
        /// The context.
        name: String,
        /// Its address.
        server: String,
    },
}

/// Opens the context `name` of the kubeconfig that `KUBECONFIG` or the home folder has.
pub(super) async fn open(name: &str) -> Result<Cluster, ContextError> {
    // Large, and awaited by everything that opens a cluster.
    Box::pin(open_in(kubeconfig()?, name, Origin { kind: "context", etcd: None })).await
}

/// The version of a context's cluster; nothing else is asked.
pub(super) async fn version_of(name: &str) -> Result<Version, ContextError> {
    Ok(Box::pin(connect(kubeconfig()?, name)).await?.version)
}

fn kubeconfig() -> Result<Kubeconfig, ContextError> {
    Kubeconfig::read().map_err(|error| ContextError::Kubeconfig { cause: unread(&error) })
}

/// Opens a context of the text of a kubeconfig.
pub(super) async fn open_kubeconfig(text: &str, name: &str, origin: Origin) -> Result<Cluster, ContextError> {
    let kubeconfig = Kubeconfig::from_yaml(text).map_err(|error| ContextError::Kubeconfig { cause: unread(&error) })?;
    Box::pin(open_in(kubeconfig, name, origin)).await
}

/// Opens the current context of a kubeconfig of ours.
pub(super) async fn open_file(path: &Path, origin: Origin) -> Result<Cluster, ContextError> {
    let kubeconfig = Kubeconfig::read_from(path).map_err(|error| ContextError::Kubeconfig { cause: unread(&error) })?;
    let name = kubeconfig.current_context.clone().unwrap_or_default();
    Box::pin(open_in(kubeconfig, &name, origin)).await
}

/// Opens a context of a kubeconfig.
async fn open_in(kubeconfig: Kubeconfig, name: &str, origin: Origin) -> Result<Cluster, ContextError> {
    let access = Access::of(&kubeconfig, Some(name));
    let Connected { server, transports, own, version } = connect(kubeconfig, name).await?;
    let probed = probe::all(&own, &server).await;
    let (facts, mut capabilities) = probed.map_err(|why| unanswered(why, name, &server))?;
    let programs = programs(&version);
    capabilities.extend(programs.as_ref().map(|_| Capability::Kubectl));
    Ok(Cluster {
        access,
        programs: RwLock::new(programs),
        ..Cluster::new(origin, version, capabilities, facts, transports)
    })
}

/// A context whose server has said which version it is.
struct Connected {
    server: String,
    transports: Transports,
    own: Session,
    version: Version,
}

async fn connect(kubeconfig: Kubeconfig, name: &str) -> Result<Connected, ContextError> {
    if !kubeconfig.contexts.iter().any(|context| context.name == name) {
        let names: Vec<&str> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
        let known = if names.is_empty() { "it has none".to_owned() } else { format!("it has: {}", names.join(", ")) };
        return Err(ContextError::NoSuchContext { name: name.to_owned(), known });
    }
    let is_sendable = has_sendable_token(&kubeconfig, name);
    let unusable = |cause: String| ContextError::Unusable { help: help(&cause, name), name: name.to_owned(), cause };
    let options = KubeConfigOptions { context: Some(name.to_owned()), ..KubeConfigOptions::default() };
    let config =
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| unusable(error.to_string()))?;
    let server = address(&config.cluster_url);
    if !is_sendable {
        return Err(unusable("its token holds a line break or another control character".to_owned()));
    }
    // A credential plug-in runs in there, and may take its time.
    let making = tokio::task::spawn_blocking(move || transports(config));
    let made = tokio::time::timeout(LOG_IN, making).await;
    let made = made.map_err(|_| unusable(format!("its credentials did not come within {} s", LOG_IN.as_secs())))?;
    let transports = made.map_err(|error| unusable(error.to_string()))?.map_err(|error| unusable(cause(&error)))?;

    let own = Session::new(transports.own.clone(), HeaderMap::new());
    let unanswered = |why: Unanswered| unanswered(why, name, &server);
    let answer = probe::answer(&own, Request::new(Method::GET, "/version")).await.map_err(unanswered)?;
    if answer.status == 401 {
        return Err(ContextError::Unauthorized { name: name.to_owned(), server });
    }
    let version = version(answer).map_err(Unanswered::Error).map_err(unanswered)?;
    Ok(Connected { server, transports, own, version })
}

fn unanswered(why: Unanswered, name: &str, server: &str) -> ContextError {
    let (name, server) = (name.to_owned(), server.to_owned());
    match why {
        Unanswered::Error(cause) => ContextError::NoAnswer { name, server, cause: Box::new(cause) },
        Unanswered::Hangs(request) => ContextError::Hangs { name, server, request },
    }
}

/// Where a `kubectl` of that minor version is: an installed control plane of it brings one.
fn programs(version: &Version) -> Option<PathBuf> {
    let release = Release::Minor(version.minor);
    assets::resolve(&Home::from_env().ok()?, &release).ok().map(|assets| assets.folder)
}

fn version(answer: Exchange) -> Result<Version, SendError> {
    if !answer.is_success() {
        return Err(SendError::Refused { exchange: Box::new(answer) });
    }
    answer.body["gitVersion"].as_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
        let request = format!("{} {}", answer.method, answer.path);
        SendError::Unreadable { request, status: answer.status, what: "tells no version of Kubernetes".to_owned() }
    })
}

/// Why a kubeconfig cannot be read, without the lines of it that the parser would show: a token may stand there.
fn unread(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(error) => {
            let place = error.location().map(|place| format!(" in line {}, column {}", place.line(), place.column()));
            format!("it has a mistake{}", place.unwrap_or_default())
        }
        KubeconfigError::ReadConfig(cause, path) => format!("{}: {cause}", path.display()),
        other => other.to_string(),
    }
}

/// The address of a server, without the password that one may hold.
fn address(url: &http::Uri) -> String {
    let text = url.to_string();
    let text = text.trim_end_matches('/');
    match text.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://{rest}"),
        None => text.to_owned(),
    }
}

/// Whether the token of a context's user can stand in a header; kube panics at one that cannot.
fn has_sendable_token(kubeconfig: &Kubeconfig, context: &str) -> bool {
    let context = kubeconfig.contexts.iter().find(|known| known.name == context).and_then(|it| it.context.as_ref());
    let user =
        context.and_then(|context| kubeconfig.auth_infos.iter().find(|user| Some(&user.name) == context.user.as_ref()));
    let user = user.and_then(|user| serde_json::to_value(user.auth_info.as_ref()?).ok()).unwrap_or_default();
    user["token"].as_str().is_none_or(|token| HeaderValue::from_str(token).is_ok())
}

/// What kube says, but for what a credential plug-in printed: that may be a token.
fn cause(error: &kube::Error) -> String {
    match error {
        kube::Error::Auth(error) => send_error::credentials(error),
        kube::Error::InferKubeconfig(error) => unread(error),
        other => other.to_string(),
    }
}

fn help(cause: &str, name: &str) -> String {
    if cause.contains("UnsupportedCertVersion") {
        // rustls says only that; `openssl x509 -req` without extensions makes such a certificate.
        "its client certificate is X.509 v1, which is not supported: issue it again as v3 (with openssl: add \
         -extfile with extendedKeyUsage=clientAuth)"
            .to_owned()
    } else {
        format!("compare with what `kubectl --context {name} version` says")
    }
}

/// The two connections of a kubeconfig of ours, by its path.
pub(super) async fn transports_at(kubeconfig: &Path) -> Result<Transports, String> {
    transports_of(read(kubeconfig)?).await
}

/// The two connections of a kubeconfig of ours.
pub(super) async fn transports_of(kubeconfig: Kubeconfig) -> Result<Transports, String> {
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| error.to_string())?;
    // HTTPS_PROXY is not for a server on this machine.
    config.proxy_url = None;
    transports(config).map_err(|error| error.to_string())
}

/// A kubeconfig of ours.
pub(super) fn read(kubeconfig: &Path) -> Result<Kubeconfig, String> {
    Kubeconfig::read_from(kubeconfig).map_err(|error| error.to_string())
}

/// The two connections of a kubeconfig context: its user's, and one without credentials. Both are prepared now, so that
/// what cannot work fails before anything is sent; neither connects before its first request.
fn transports(mut config: Config) -> Result<Transports, kube::Error> {
    // Observed calls are never retried: 429 may be the very answer that a step is about.
    config.default_retry = false;
    config.disable_compression = true;
    let mut without = config.clone();
    without.auth_info = AuthInfo::default();
    let bare = kube::Client::try_from(without.clone())?.into();
    Ok(Transports { own: kube::Client::try_from(config)?.into(), bare, without: Some(Box::new(without)) })
}
