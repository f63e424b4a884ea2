//! A real control plane as child processes: the order they start in, and another release in their place on the same data.

mod components;
mod upgrade;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future;
use http::HeaderMap;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use super::folder::Folder;
use super::hollow_node::HollowNode;
use super::order::{LocalOrder, Order};
use super::pki::{self, Pki, PkiError};
use super::process::Component;
use super::{Session, context, discovery, probe};
use components::Starting;

/// The issuer of `ServiceAccount` tokens, as kubeadm has it.
pub(super) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// The address of the `kubernetes` Service, the first of the range.
pub(super) const SERVICE_ADDRESS: &str = "10.96.0.1";
const SERVICE_RANGE: &str = "10.96.0.0/16";
/// An address of no machine (RFC 5737) that the control plane and the hollow Node have on paper: a loopback address would
/// be refused in Endpoints, and this machine's own would differ from machine to machine.
pub(super) const HOST_ADDRESS: &str = "192.0.2.1";

/// etcd listens on sockets in the cluster's folder: whoever reaches it reads every Secret, so it has no port. Clients of
/// etcd want a URL with a host and a port, which then is the name of the socket.
const ETCD_CLIENTS: &str = "localhost:2379";
const ETCD_PEERS: &str = "localhost:2380";

/// The kubeconfig of the hollow Node.
const NODE_KUBECONFIG: &str = "pki/hollow-node.kubeconfig";

const READY_WITHIN: Duration = Duration::from_mins(1);
/// Between choosing a free port and using it somebody else may take it.
const PORT_ATTEMPTS: usize = 4;

/// Why a control plane is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum BootError {
    #[error(transparent)]
    Pki(#[from] PkiError),
    #[error("preparing {path}: {cause}")]
    Prepare { path: PathBuf, cause: io::Error },
    #[error("finding a free port on 127.0.0.1: {0}")]
    Port(io::Error),
    #[error("starting {program}: {cause}")]
    Start { program: PathBuf, cause: io::Error },
    #[error("connecting to the new API server: {0}")]
    Connect(String),
    #[error("{name} {how}")]
    Ended { name: &'static str, how: String, last_words: String, log: PathBuf },
    #[error("{missing} did not come within {} s", within.as_secs())]
    NotReady { missing: &'static str, within: Duration, last_words: String, log: PathBuf },
}

impl BootError {
    /// The log that knows more, and its end.
    pub(super) fn log(&self) -> Option<(&Path, &str)> {
        match self {
            Self::Ended { last_words, log, .. } | Self::NotReady { last_words, log, .. } => Some((log, last_words)),
            _ => None,
        }
    }

    fn is_port_clash(&self) -> bool {
        self.log().is_some_and(|(_, last_words)| last_words.contains("address already in use"))
    }
}

/// A control plane, from its first process to its last; they are killed when it is dropped.
#[derive(Default)]
pub(super) struct ControlPlane {
    server: String,
    port: u16,
    /// The version of etcd that runs.
    etcd: String,
    components: Vec<Component>,
    node: Option<JoinHandle<()>>,
    /// What comes next while it starts.
    missing: &'static str,
}

impl ControlPlane {
    /// Starts it in a folder. To be called on the main thread, with the folder as working folder.
    pub(super) async fn boot(&mut self, order: &Order, local: &LocalOrder, folder: &Folder) -> Result<(), BootError> {
        let mut attempt = 1;
        loop {
            match self.boot_once(order, local, folder).await {
                Err(error) if error.is_port_clash() && attempt < PORT_ATTEMPTS => attempt += 1,
                result => return result,
            }
            self.stop().await;
        }
    }

    async fn boot_once(&mut self, order: &Order, local: &LocalOrder, folder: &Folder) -> Result<(), BootError> {
        for path in [folder.file("etcd"), folder.file("pki")] {
            let made = match std::fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Folder::new(path.clone()).create(),
            };
            made.map_err(|cause| BootError::Prepare { path, cause })?;
        }
        self.port = free_port().map_err(BootError::Port)?;
        self.server = format!("https://127.0.0.1:{}", self.port);
        let outcome = tokio::time::timeout(READY_WITHIN, self.start(order, local, folder)).await;
        outcome.unwrap_or_else(|_| Err(self.not_ready(READY_WITHIN)))
    }

    /// The URL of the API server.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    async fn start(&mut self, order: &Order, local: &LocalOrder, folder: &Folder) -> Result<(), BootError> {
        let starting = Starting { order, local, folder };
        let pki_folder = folder.file("pki");
        // The RSA key takes as long as etcd: side by side.
        let key = tokio::task::spawn_blocking(move || pki::write_service_account_key(&pki_folder));
        self.components.push(starting.etcd()?);
        self.etcd.clone_from(&local.etcd);
        let pki = Pki::create(&folder.file("pki"))?;
        for (file, user) in [
            ("kubeconfig", "admin"),
            ("pki/controller-manager.kubeconfig", "system:kube-controller-manager"),
            ("pki/scheduler.kubeconfig", "system:kube-scheduler"),
            (NODE_KUBECONFIG, "system:node:hollow-node"),
        ] {
            let path = folder.file(file);
            let _ = std::fs::remove_file(&path);
            pki.write_kubeconfig(&path, user, &self.server)?;
        }
        self.until_etcd_listens().await?;
        key.await.map_err(|error| PkiError::Make { what: "the key".to_owned(), cause: error.to_string() })??;

        self.components.push(starting.apiserver(self.port)?);
        let admin = session(folder, "kubeconfig").await?;
        self.until_ready(&admin).await?;

        let made = "/api/v1/namespaces/default/serviceaccounts/default";
        let what = "the default ServiceAccount, which kube-controller-manager makes";
        self.start_the_rest(&starting, &admin, (made, what)).await
    }

    /// Starts what needs an API server, the Node last, and waits until there is what kube-controller-manager makes: a path,
    /// and what that is.
    async fn start_the_rest(
        &mut self,
        starting: &Starting<'_>,
        admin: &Session,
        (made, what): (&str, &'static str),
    ) -> Result<(), BootError> {
        self.components.push(starting.controller_manager()?);
        self.components.push(starting.scheduler()?);
        self.start_node(starting.order, starting.folder).await?;
        // While kube-controller-manager starts: each run would have to ask otherwise.
        let asking = admin.clone();
        let served = tokio::spawn(async move { discovery::everything(&asking).await });
        self.missing = what;
        self.until(async || answers(admin, made).await).await?;
        // Without it, runs do ask.
        let _ = starting.folder.write_served(&served.await.unwrap_or_default());
        Ok(())
    }

    /// Has the hollow Node run at a release, in place of the one before.
    async fn start_node(&mut self, order: &Order, folder: &Folder) -> Result<(), BootError> {
        if let Some(before) = self.node.take() {
            before.abort();
        }
        let node = HollowNode::new(session(folder, NODE_KUBECONFIG).await?, order.version.clone());
        self.missing = "the hollow Node";
        self.until(async || node.register().await.is_ok()).await?;
        self.node = Some(tokio::spawn(node.run()));
        Ok(())
    }

    async fn until_etcd_listens(&mut self) -> Result<(), BootError> {
        self.missing = "etcd's socket";
        self.until(async || UnixStream::connect(ETCD_CLIENTS).await.is_ok()).await
    }

    async fn until_ready(&mut self, admin: &Session) -> Result<(), BootError> {
        self.missing = "readiness of kube-apiserver";
        self.until(async || answers(admin, "/readyz").await).await
    }

    /// Asks until it is so, or until a component has ended.
    async fn until(&mut self, mut is_so: impl AsyncFnMut() -> bool) -> Result<(), BootError> {
        let mut pause = Duration::from_millis(4);
        loop {
            tokio::select! {
                error = self.ended() => return Err(error),
                yes = is_so() => if yes { return Ok(()) },
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_millis(30));
        }
    }

    /// Waits until a component ends, which none should.
    pub(super) async fn ended(&mut self) -> BootError {
        let ends = self.components.iter_mut().map(|component| {
            Box::pin(async {
                let how = component.ended().await;
                let (last_words, log) = (component.last_words(), component.log.clone());
                BootError::Ended { name: component.name, how, last_words, log }
            })
        });
        future::select_all(ends).await.0
    }

    fn not_ready(&self, within: Duration) -> BootError {
        let missing = self.missing;
        let last = self.components.last();
        let last_words = last.map(Component::last_words).unwrap_or_default();
        BootError::NotReady { missing, within, last_words, log: last.map(|last| last.log.clone()).unwrap_or_default() }
    }

    /// The processes, by name.
    pub(super) fn processes(&self) -> Vec<(String, u32)> {
        self.components.iter().filter_map(|component| Some((component.name.to_owned(), component.pid()?))).collect()
    }

    /// Ends the processes and waits until they are gone.
    pub(super) async fn stop(&mut self) {
        if let Some(node) = self.node.take() {
            node.abort();
        }
        future::join_all(self.components.iter_mut().map(Component::kill)).await;
        self.components.clear();
    }
}

/// Requests as whom a kubeconfig in the folder of the cluster names.
async fn session(folder: &Folder, kubeconfig: &str) -> Result<Session, BootError> {
    let transports = context::transports_at(&folder.file(kubeconfig)).await.map_err(BootError::Connect)?;
    Ok(Session::new(transports.own, HeaderMap::new()))
}

/// Whether the API server answers a path with 200, and soon.
async fn answers(session: &Session, path: &str) -> bool {
    probe::soon(session, path).await.is_some()
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
