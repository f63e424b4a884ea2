//! One cluster of kind, from its making to its deletion, as a keeper does both.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderMap;
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};

use super::failure::explain;
use super::{Cause, KindError, KindOrder, Tools, config, mark, name};
use crate::cluster::folder::Folder;
use crate::cluster::order::Order;
use crate::cluster::process::{self, Component, Surroundings};
use crate::cluster::{Session, context, discovery, probe};

/// With an image that has to be pulled first.
const MADE_WITHIN: Duration = Duration::from_mins(15);
/// After kind is done, until Pods can be made.
const READY_WITHIN: Duration = Duration::from_mins(2);

/// Where kind's own words go.
pub(super) fn log(folder: &Folder) -> PathBuf {
    folder.logs().join("kind.log")
}

/// Why there is no cluster.
#[derive(Debug)]
pub(in crate::cluster) struct MakeError {
    pub(in crate::cluster) cause: Cause,
    /// The log, or folder of logs, that knows more.
    pub(in crate::cluster) log: PathBuf,
    pub(in crate::cluster) last_words: String,
}

/// A cluster; it is deleted by [`KindCluster::stop`].
#[derive(Default)]
pub(in crate::cluster) struct KindCluster {
    server: String,
    made: Option<Made>,
}

/// A cluster that was at least begun.
struct Made {
    tools: Tools,
    name: String,
    kubeconfig: PathBuf,
    /// Ends when the node does.
    watch: Option<Component>,
}

impl Made {
    fn node(&self) -> String {
        format!("{}-control-plane", self.name)
    }
}

impl KindCluster {
    /// Makes it in a folder. To be called on the main thread.
    pub(in crate::cluster) async fn boot(
        &mut self,
        order: &Order,
        kind: &KindOrder,
        folder: &Folder,
    ) -> Result<(), MakeError> {
        let failed = |cause: Cause| MakeError { cause, log: log(folder), last_words: String::new() };
        let tools = Tools::find().map_err(|error| failed(error.into()))?;
        let name = name(folder);
        let taken = tools.clusters().await.map_err(|error| failed(error.into()))?;
        if taken.contains(&name) {
            return Err(failed(explain("node(s) already exist for a cluster with the name")));
        }
        let configuration = folder.file("kind.yaml");
        let prepared = mark(folder, &name)
            .and_then(|()| std::fs::write(&configuration, config::configuration(&order.setup)))
            .map_err(|error| failed(unprepared(&error)));
        prepared?;
        let kubeconfig = folder.file("kubeconfig");
        let made = self.made.insert(Made { tools, name, kubeconfig, watch: None });
        create(made, &kind.image, &configuration, folder).await?;
        if !kind.loaded.is_empty() {
            let images: Vec<&str> = kind.loaded.iter().map(|(image, _)| image.as_str()).collect();
            let loaded = made.tools.load(&made.name, &images, &folder.file("images.tar")).await;
            loaded.map_err(|error| failed(error.into()))?;
        }
        self.use_it(folder).await
    }

    /// What comes after kind: the node's `kubectl` and authority, and the wait until scenarios can begin.
    async fn use_it(&mut self, folder: &Folder) -> Result<(), MakeError> {
        let failed = |cause: Cause| MakeError { cause, log: log(folder), last_words: String::new() };
        let Some(made) = &mut self.made else { return Err(failed(explain(""))) };
        made.watch = Some(watch(made, folder).map_err(|error| failed(unprepared(&error)))?);
        take_out(made, folder).await.map_err(failed)?;
        let kubeconfig = context::read(&made.kubeconfig).map_err(|cause| failed(explain(&cause)))?;
        let cluster = kubeconfig.clusters.first().and_then(|cluster| cluster.cluster.as_ref());
        self.server = cluster.and_then(|cluster| cluster.server.clone()).unwrap_or_default();
        let transports = context::transports_of(kubeconfig).await.map_err(|cause| failed(explain(&cause)))?;
        let admin = Session::new(transports.own, HeaderMap::new());
        let waited = tokio::time::timeout(READY_WITHIN, ready(&admin)).await;
        waited.map_err(|_| {
            failed(explain("ERROR: its node was not Ready, or no default ServiceAccount there, within 2 min"))
        })?;
        // Without it, runs ask themselves.
        let _ = folder.write_served(&discovery::everything(&admin).await);
        Ok(())
    }

    /// The URL of the API server.
    pub(in crate::cluster) fn server(&self) -> &str {
        &self.server
    }

    /// Waits until the node ends, which it should not.
    pub(in crate::cluster) async fn ended(&mut self) -> MakeError {
        let watch = self.made.as_mut().and_then(|made| made.watch.as_mut());
        let Some(watch) = watch else { return std::future::pending().await };
        // It tells the exit code of the container on its standard output, which is its log.
        let _ = watch.ended().await;
        let cause = Cause { reason: "the container of its node ended, or its engine did".to_owned(), help: None };
        MakeError { cause, log: watch.log.clone(), last_words: watch.last_words() }
    }

    /// Deletes what was made.
    pub(in crate::cluster) async fn stop(&mut self) -> Result<(), KindError> {
        let Some(mut made) = self.made.take() else { return Ok(()) };
        if let Some(watch) = &mut made.watch {
            watch.kill().await;
        }
        made.tools.delete(&made.name).await
    }
}

fn unprepared(error: &io::Error) -> Cause {
    Cause { reason: format!("its folder cannot be written: {error}"), help: None }
}

/// Runs `kind create cluster`. Of a node that does not come up, the logs are kept.
async fn create(made: &Made, image: &str, configuration: &Path, folder: &Folder) -> Result<(), MakeError> {
    let flags: [(&str, &std::ffi::OsStr); 4] = [
        ("--name", made.name.as_ref()),
        ("--image", image.as_ref()),
        ("--config", configuration.as_os_str()),
        ("--kubeconfig", made.kubeconfig.as_os_str()),
    ];
    let mut arguments: Vec<OsString> = ["create", "cluster", "--retain"].map(OsString::from).into();
    arguments.extend(flags.into_iter().flat_map(|(flag, value)| [flag.into(), value.to_owned()]));
    let log = log(folder);
    let failed = |cause: Cause, log: PathBuf, last_words: String| MakeError { cause, log, last_words };
    let started =
        Component::start("kind", made.tools.path(), &arguments, folder.path(), log.clone(), Surroundings::Ours);
    let mut kind = started.map_err(|error| failed(unprepared(&error), log.clone(), String::new()))?;
    let finished = tokio::time::timeout(MADE_WITHIN, kind.finished()).await;
    if matches!(&finished, Ok(Ok(status)) if status.success()) {
        return Ok(());
    }
    kind.kill().await;
    let output = std::fs::read_to_string(&log).unwrap_or_default();
    let cause = match finished {
        Ok(_) => explain(&output),
        Err(_) => explain(&format!("ERROR: kind was not done within {} min", MADE_WITHIN.as_secs() / 60)),
    };
    let (log, last_words) = match node_logs(made, folder).await {
        Some((logs, last_words)) => (logs, last_words),
        None => (log, kind.last_words()),
    };
    Err(failed(cause, log, last_words))
}

/// What the node of a cluster that did not come up has to say: the folder of its logs, and the end of the one that
/// matters. None where there is no node.
async fn node_logs(made: &Made, folder: &Folder) -> Option<(PathBuf, String)> {
    let logs = folder.logs().join("node");
    let mut export = made.tools.kind(["export", "logs", "--name", &made.name]);
    export.arg(&logs).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let exported = tokio::time::timeout(Duration::from_mins(2), export.output()).await.ok()?.ok()?;
    let node = logs.join(made.node());
    let log = ["kubelet.log", "journal.log"].map(|name| node.join(name)).into_iter().find(|log| log.exists())?;
    exported.status.success().then_some(())?;
    Some((logs, process::tail(&log).unwrap_or_default()))
}

/// A program that ends when the container of the node does.
fn watch(made: &Made, folder: &Folder) -> io::Result<Component> {
    let program = PathBuf::from(made.tools.engine_name());
    let arguments = ["wait".into(), OsString::from(made.node())];
    let log = folder.logs().join("node-ended.log");
    Component::start("the node", &program, &arguments, folder.path(), log, Surroundings::Ours)
}

/// Takes out of the node what the cluster is used with: its own `kubectl`, and the authority that signs for clients.
async fn take_out(made: &Made, folder: &Folder) -> Result<(), Cause> {
    let node = made.node();
    let read = async |path: &str| made.tools.inside(&node, &["cat", path]).await.map_err(Cause::from);
    let (kubectl, certificate, key) = tokio::try_join!(
        read("/usr/bin/kubectl"),
        read("/etc/kubernetes/pki/ca.crt"),
        read("/etc/kubernetes/pki/ca.key"),
    )?;
    let key = pkcs8(&key).map_err(|cause| Cause { reason: format!("the node's authority: {cause}"), help: None })?;
    let write = || -> io::Result<()> {
        for part in [programs(folder), folder.file("pki")] {
            Folder::new(part).create()?;
        }
        write(&programs(folder).join("kubectl"), &kubectl, 0o700)?;
        write(&folder.file("pki/ca.crt"), &certificate, 0o600)?;
        write(&folder.file("pki/ca.key"), key.as_bytes(), 0o600)
    };
    write().map_err(|error| unprepared(&error))
}

/// Where the node's `kubectl` is put.
pub(in crate::cluster) fn programs(folder: &Folder) -> PathBuf {
    folder.file("programs")
}

/// kubeadm writes RSA keys as PKCS #1, and what signs here reads PKCS #8.
fn pkcs8(key: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(key).map_err(|error| error.to_string())?;
    if !text.contains("RSA PRIVATE KEY") {
        return Ok(text.to_owned());
    }
    // What the parser says of a key may hold pieces of it.
    let key = RsaPrivateKey::from_pkcs1_pem(text).map_err(|_| "its key cannot be read".to_owned())?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| "its key cannot be written".to_owned())?;
    Ok(pem.to_string())
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    std::fs::OpenOptions::new().create_new(true).write(true).mode(mode).open(path)?.write_all(bytes)
}

/// Comes when its Node is Ready and Pods can be made in the Namespace `default`.
async fn ready(admin: &Session) {
    let mut pause = Duration::from_millis(10);
    loop {
        let (nodes, account) = tokio::join!(
            probe::soon(admin, "/api/v1/nodes"),
            probe::soon(admin, "/api/v1/namespaces/default/serviceaccounts/default"),
        );
        let is_ready = nodes.is_some_and(|nodes| probe::is_ready(&nodes.body["items"][0]));
        if account.is_some() && is_ready {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_millis(200));
    }
}
