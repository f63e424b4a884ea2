//! The start of a control plane through us, against the same programs started by hand: the plainest flags, no hollow
//! Node but one that is posted, keys and certificates ready before the clock runs.

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http::Method;
use rehearsal::cluster::{self, Assets, Home};
use serde_json::{Value, json};

use super::bare::{Answer, client, send};
use super::figures::Verdict;
use super::pairs::Pairs;
use super::{Outcome, home, on, spec};

const LIMIT: f64 = 1.25;
const PAIRS: usize = 3;
const PAUSE: Duration = Duration::from_millis(5);
const TOKEN: &str = "bench";
const DEFAULT: &str = "/api/v1/namespaces/default/serviceaccounts/default";
const NODE: &str = "/api/v1/nodes/bench-node";

pub(crate) fn measure(assets: &Assets, out: &mut impl Write) -> Outcome<Verdict> {
    let version = &assets.version;
    writeln!(out, "\nstart: {version} until its default ServiceAccount is there and its Node Ready ({PAIRS} pairs)")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ours = |_| {
        let state = tempfile::tempdir()?;
        let home = home(assets, state.path())?;
        let options = on(assets, state.path())?;
        let start = Instant::now();
        let opened = runtime.block_on(cluster::open(&spec(assets), &options))?;
        let took = start.elapsed();
        drop(opened);
        until_gone(&home)?;
        Ok(took)
    };
    let bare = |_| {
        let folder = tempfile::tempdir()?;
        let mut plane = ControlPlane::prepare(assets, folder.path())?;
        let start = Instant::now();
        let booted = runtime.block_on(plane.boot());
        let took = start.elapsed();
        booted.map(|()| took).map_err(|error| format!("{error}: {}", plane.last_words()).into())
    };
    let taken = Pairs::take(PAIRS, ours, bare)?;
    taken.show(out)?;
    taken.ratios().judge("ratio", "times", LIMIT, out)
}

/// Our cluster stops when nobody uses it; the next start is not to share the machine with that.
fn until_gone(home: &Home) -> Outcome<()> {
    while !cluster::running(home)?.is_empty() {
        std::thread::sleep(PAUSE);
    }
    std::thread::sleep(Duration::from_millis(500));
    Ok(())
}

/// The programs of a control plane; those that run are killed when it is dropped.
struct ControlPlane<'a> {
    programs: &'a Path,
    folder: &'a Path,
    etcd: u16,
    etcd_peers: u16,
    apiserver: u16,
    started: Vec<&'static str>,
    running: Vec<Child>,
}

impl Drop for ControlPlane<'_> {
    fn drop(&mut self) {
        for child in self.running.iter_mut().rev() {
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

impl<'a> ControlPlane<'a> {
    fn prepare(assets: &'a Assets, folder: &'a Path) -> Outcome<Self> {
        let plane = Self {
            programs: &assets.folder,
            folder,
            etcd: free_port()?,
            etcd_peers: free_port()?,
            apiserver: free_port()?,
            started: Vec::new(),
            running: Vec::new(),
        };
        let serving = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])?;
        plane.write("serving.crt", &serving.cert.pem())?;
        plane.write("serving.key", &serving.signing_key.serialize_pem())?;
        let accounts = rcgen::KeyPair::generate()?;
        plane.write("accounts.key", &accounts.serialize_pem())?;
        plane.write("accounts.pub", &accounts.public_key_pem())?;
        plane.write("tokens.csv", &format!("{TOKEN},admin,1,system:masters\n"))?;
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "bench",
            "clusters": [{"name": "bench", "cluster": {"server": plane.server(), "insecure-skip-tls-verify": true}}],
            "users": [{"name": "bench", "user": {"token": TOKEN}}],
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        });
        plane.write("kubeconfig", &kubeconfig.to_string())?;
        Ok(plane)
    }

    async fn boot(&mut self) -> Outcome<()> {
        let (etcd, peers, apiserver) = (self.etcd, self.etcd_peers, self.apiserver);
        let (clients, peers) = (format!("http://127.0.0.1:{etcd}"), format!("http://127.0.0.1:{peers}"));
        self.start(
            "etcd",
            &[
                ("data-dir", &self.file("etcd")),
                ("listen-client-urls", &clients),
                ("advertise-client-urls", &clients),
                ("listen-peer-urls", &peers),
                ("initial-advertise-peer-urls", &peers),
                ("initial-cluster", &format!("default={peers}")),
                // As we have them: what is left between both is ours.
                ("heartbeat-interval", "10"),
                ("election-timeout", "100"),
                ("unsafe-no-fsync", "true"),
            ],
        )?;
        until(async || tokio::net::TcpStream::connect(("127.0.0.1", etcd)).await.is_ok()).await?;

        let (accounts, accounts_public) = (self.file("accounts.key"), self.file("accounts.pub"));
        self.start(
            "kube-apiserver",
            &[
                ("etcd-servers", &clients),
                ("bind-address", "127.0.0.1"),
                // Loopback addresses are refused in Endpoints.
                ("advertise-address", "192.0.2.1"),
                ("secure-port", &apiserver.to_string()),
                ("tls-cert-file", &self.file("serving.crt")),
                ("tls-private-key-file", &self.file("serving.key")),
                ("token-auth-file", &self.file("tokens.csv")),
                ("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
                ("service-account-key-file", &accounts_public),
                ("service-account-signing-key-file", &accounts),
                ("service-cluster-ip-range", "10.96.0.0/16"),
                ("authorization-mode", "Node,RBAC"),
            ],
        )?;
        let mut config = kube::Config::new(self.server().parse()?);
        config.accept_invalid_certs = true;
        config.auth_info.token = Some(TOKEN.to_owned().into());
        let client = client(config)?;
        let get = async |path: &str| send(&client, Method::GET, path, None).await;
        until(async || is_there(&get("/readyz").await)).await?;

        let kubeconfig = self.file("kubeconfig");
        self.start(
            "kube-controller-manager",
            &[
                ("kubeconfig", &kubeconfig),
                ("service-account-private-key-file", &accounts),
                ("leader-elect", "false"),
                ("secure-port", "0"),
            ],
        )?;
        self.start("kube-scheduler", &[("kubeconfig", &kubeconfig), ("leader-elect", "false"), ("secure-port", "0")])?;
        let posted = async || is_there(&send(&client, Method::POST, "/api/v1/nodes", Some(&node())).await);
        until(posted).await?;
        until(async || is_there(&get(DEFAULT).await)).await?;
        until(async || get(NODE).await.is_ok_and(|answer| is_ready(&answer.body))).await
    }

    fn start(&mut self, name: &'static str, flags: &[(&str, &str)]) -> Outcome<()> {
        let log = File::create(self.folder.join(format!("{name}.log")))?;
        let mut command = Command::new(self.programs.join(name));
        command.args(flags.iter().map(|(flag, value)| format!("--{flag}={value}"))).current_dir(self.folder);
        self.started.push(name);
        self.running.push(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?);
        Ok(())
    }

    /// The last line of each log.
    fn last_words(&self) -> String {
        let logs = self.started.iter().map(|name| {
            let log = std::fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default();
            format!("\n{name}: {}", log.lines().next_back().unwrap_or_default())
        });
        logs.collect()
    }

    fn write(&self, name: &str, text: &str) -> Outcome<()> {
        Ok(std::fs::write(self.folder.join(name), text)?)
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.apiserver)
    }
}

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) -> Outcome<()> {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so().await {
        if Instant::now() > deadline {
            return Err("the bare control plane did not come up".into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

fn is_there(answer: &Outcome<Answer>) -> bool {
    answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status))
}

fn node() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "bench-node"},
        "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]},
    })
}

fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
