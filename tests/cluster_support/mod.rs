//! What the tests of local clusters share: homes of their own, clients that can be killed, and looking at processes.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::print_stdout, reason = "a client answers on its standard output")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use rehearsal::cluster::{self, Cluster, ClusterSpec, Home, Linger, OpenOptions, Release};
use rehearsal::scenario::{self, ScenarioFile};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// The program under test, which is the keeper of every cluster that tests start.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_rehearsal");

/// Longer than anything takes that works, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Where the control planes are that were really installed; tests without any fail, they do not pass silently.
pub(crate) fn installed_assets() -> PathBuf {
    let cache = std::env::var_os("REHEARSAL_CACHE")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("XDG_CACHE_HOME").map(|folder| Path::new(&folder).join("rehearsal")))
        .or_else(|| std::env::var_os("HOME").map(|folder| Path::new(&folder).join(".cache/rehearsal")))
        .expect("a cache folder");
    let home = Home::new(&cache, "/nonexistent");
    let installed = cluster::installed(&home).expect("the installed control planes");
    assert!(!installed.is_empty(), "no control plane is installed; build one: ci/control-plane/build v1.36");
    cache
}

/// Where the clusters are that the tests of this package share: started by whoever comes first, and gone after the last.
pub(crate) fn shared_state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("clusters")
}

/// The newest control plane, opened by the test itself: it sees the cluster before, during and after a run.
pub(crate) fn newest(runtime: &tokio::runtime::Runtime, cache: &Path, state: &Path) -> Cluster {
    let home = Some(Home::new(cache, state));
    let linger = Linger::For(Duration::from_secs(10));
    let how = OpenOptions { home, keeper: Some(PROGRAM.into()), ..OpenOptions::lingering(linger) };
    runtime.block_on(cluster::open(&ClusterSpec::Local(Release::Newest), &how)).unwrap()
}

/// Where the scenarios are that tests run again and again to see something about runs: of every kind of step and step of
/// waiting, and done in half a minute. The others would add minutes and nothing else.
pub(crate) const QUICK: [&str; 4] = ["scenarios/api", "scenarios/crd", "scenarios/posts", "scenarios/tokens"];

/// The scenarios of this project that are quick, below a folder.
pub(crate) fn quick_scenarios(root: &Utf8Path) -> Vec<ScenarioFile> {
    scenario::load(&QUICK.map(|folder| root.join(folder))).unwrap()
}

/// A home for clusters of one test, removed at its end; the control planes are the installed ones.
pub(crate) struct OwnHome {
    folder: tempfile::TempDir,
    cache: PathBuf,
}

impl OwnHome {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("rehearsal-test-").tempdir().unwrap();
        Self { folder, cache: installed_assets() }
    }

    pub(crate) fn state(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn home(&self) -> Home {
        Home::new(&self.cache, self.state())
    }

    pub(crate) fn options(&self, linger: Linger) -> OpenOptions {
        OpenOptions { home: Some(self.home()), keeper: Some(PROGRAM.into()), ..OpenOptions::lingering(linger) }
    }

    /// `rehearsal ARGS..` in this home.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(PROGRAM).args(args).output().unwrap()
    }

    /// The clusters that run, as `list` has them.
    pub(crate) fn running(&self) -> Vec<Value> {
        let output = self.run(&["cluster", "list", "--output", "json"]);
        let list: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        list["running"].as_array().unwrap().clone()
    }

    /// A process that opens `local` and uses it until it is told to end.
    pub(crate) fn client(&self) -> Client {
        Client::start(self.command(std::env::current_exe().unwrap()).env("TEST_CLIENT", "local"))
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("REHEARSAL_CACHE", &self.cache).env("REHEARSAL_STATE", self.state());
        command
    }

    /// The folders of clusters, those that are being removed included.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.state().join("clusters"))
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default()
    }

    /// The components that run in this home, as pid and program.
    pub(crate) fn components(&self) -> Vec<(u32, String)> {
        let state = self.state().to_str().unwrap();
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let line = String::from_utf8(std::fs::read(format!("/proc/{pid}/cmdline")).ok()?).ok()?;
            let program = line.split('\0').next()?.rsplit('/').next()?.to_owned();
            (line.contains(state) && program != "rehearsal").then_some((pid, program))
        });
        processes.collect()
    }

    pub(crate) fn wait_until_nothing_is_left(&self) {
        until("its processes end", || self.components().is_empty());
        until("its folder is removed", || self.folders().is_empty());
    }
}

/// Another process that uses a cluster.
pub(crate) struct Client {
    process: Child,
    /// What it says about the cluster.
    pub(crate) cluster: Value,
}

impl Client {
    /// Starts this very test binary as a client: the test `is_a_client` of it does the rest.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = Self::spawn(command);
        let cluster = Self::answer(&mut process);
        Self { process, cluster }
    }

    /// Only starts it, without waiting for its cluster.
    pub(crate) fn spawn(command: &mut Command) -> Child {
        command.args(["--exact", "is_a_client", "--ignored", "--nocapture", "--quiet"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }

    fn answer(process: &mut Child) -> Value {
        let mut lines = BufReader::new(process.stdout.as_mut().unwrap()).lines();
        let answer =
            lines.by_ref().map(Result::unwrap).find_map(|line| line.strip_prefix("CLUSTER ").map(str::to_owned));
        serde_json::from_str(&answer.expect("the client opened no cluster")).unwrap()
    }

    pub(crate) fn server(&self) -> &str {
        self.cluster["server"].as_str().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send_signal(self.process.id(), signal);
    }

    /// Lets it end by itself.
    pub(crate) fn end(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }

    pub(crate) fn wait(&mut self) {
        self.process.wait().unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a process does that a test started as a client: opens what `TEST_CLIENT` names, says so, and holds it until its
/// standard input ends.
pub(crate) fn be_a_client() {
    let Ok(spec) = std::env::var("TEST_CLIENT") else { return };
    let spec: ClusterSpec = spec.parse().unwrap();
    runtime().block_on(async {
        let options = OpenOptions { keeper: Some(PROGRAM.into()), ..OpenOptions::default() };
        let cluster = cluster::open(&spec, &options).await.unwrap();
        println!("\nCLUSTER {}", describe(&cluster));
        let _ = std::io::stdin().lines().count();
    });
}

fn describe(cluster: &Cluster) -> Value {
    let capabilities: Vec<&str> = cluster.capabilities().iter().map(|capability| capability.word()).collect();
    json!({
        "kind": cluster.origin().kind,
        "version": cluster.version().to_string(),
        "server": cluster.server(),
        "issuer": cluster.issuer(),
        "audience": cluster.audience(),
        "capabilities": capabilities,
    })
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub(crate) fn send_signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// Looks again and again until it is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
