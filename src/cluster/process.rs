//! Child processes of a keeper: each is started through this program as a shim, so that it dies with the keeper.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, getppid, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::task::JoinHandle;

use crate::guard;

/// Set for a process that is to become a component: the pid of the keeper it belongs to.
pub(super) const SHIM: &str = "REHEARSAL_INTERNAL_SHIM";

/// Becomes the program that the arguments name, to be killed when the keeper goes. Returns only if that fails.
pub(super) fn shim(keeper: &OsStr) -> ExitCode {
    let error = become_component(keeper);
    // Standard error is the component's log.
    let _ = io::stderr().write_all(format!("cannot be started: {error}\n").as_bytes());
    ExitCode::FAILURE
}

fn become_component(keeper: &OsStr) -> io::Error {
    if let Err(error) = die_with_parent() {
        return error;
    }
    // The keeper may have gone before the signal was asked for.
    let parent = getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if parent.as_deref().map(OsStr::new) != Some(keeper) {
        return io::Error::other("the keeper is gone");
    }
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else { return io::Error::other("no program is named") };
    Command::new(program).args(arguments).env_remove(SHIM).exec()
}

#[cfg(target_os = "linux")]
fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?)
}

/// Elsewhere a killed keeper would leave its components, and nothing there finds them.
#[cfg(not(target_os = "linux"))]
fn die_with_parent() -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "local clusters need Linux"))
}

/// How long a component that is asked to end may take.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Which environment a program gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// None but where programs and temporary files are: etcd takes its settings from `ETCD_*`, webhooks go through
    /// `HTTPS_PROXY`, and nothing of that is a control plane's.
    Bare,
    /// All of the keeper's: a container engine is found by it.
    Ours,
}

/// One component of a control plane, killed when dropped.
#[derive(Debug)]
pub(super) struct Component {
    /// Its program's name.
    pub(super) name: &'static str,
    /// Where it writes what it has to say.
    pub(super) log: PathBuf,
    child: Child,
    logging: JoinHandle<()>,
}

impl Component {
    /// Starts a program in the folder of its cluster. To be called on the main thread only: the death signal comes when
    /// the *thread* that started the child ends.
    pub(super) fn start(
        name: &'static str,
        program: &Path,
        arguments: &[OsString],
        folder: &Path,
        log: PathBuf,
        surroundings: Surroundings,
    ) -> io::Result<Self> {
        let file = File::create(&log)?;
        let (said, output) = io::pipe()?;
        let mut command = Command::new(std::env::current_exe()?);
        if surroundings == Surroundings::Bare {
            command.env_clear();
            command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "TMPDIR"));
        }
        command.env(SHIM, std::process::id().to_string()).env_remove(super::keeper::KEEPER);
        command.arg(program).args(arguments).current_dir(folder);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
        let said = pipe::Receiver::from_owned_fd(OwnedFd::from(said))?;
        Ok(Self { name, log, child, logging: tokio::spawn(write_log(said, file)) })
    }

    /// Its process, as long as nobody waited for its end.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end; can be dropped and called again.
    pub(super) async fn ended(&mut self) -> String {
        match self.finished().await {
            Ok(status) => describe(status),
            Err(error) => format!("cannot be waited for: {error}"),
        }
    }

    /// The same for a program that is to end; all that it said is in its log then.
    pub(super) async fn finished(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.until_logged().await;
        status
    }

    /// Kills it and waits until it is gone. Not asked to stop first: its data goes with its folder, and an API server
    /// asked politely takes seconds to say good-bye to its watchers.
    pub(super) async fn kill(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill().await;
        self.until_logged().await;
    }

    /// Asks it to end and waits until it has; one that takes its time is killed.
    pub(super) async fn end(mut self) {
        if let Some(pid) = self.pid() {
            // An error says that it has ended already.
            let _ = send_signal(pid, Signal::TERM);
        }
        if tokio::time::timeout(ENDS_WITHIN, self.finished()).await.is_err() {
            self.kill().await;
        }
    }

    /// Waits until all that it said before its end is in its log.
    async fn until_logged(&mut self) {
        if !self.logging.is_finished() {
            // A log that cannot be written any more is no reason to fail.
            let _ = (&mut self.logging).await;
        }
    }

    /// The last lines it wrote.
    pub(super) fn last_words(&self) -> String {
        tail(&self.log).unwrap_or_default()
    }
}

/// Sends a signal to a process; to none where its number is none of a process.
pub(super) fn send_signal(pid: u32, signal: Signal) -> io::Result<()> {
    match i32::try_from(pid).ok().and_then(Pid::from_raw) {
        Some(pid) => Ok(kill_process(pid, signal)?),
        None => Ok(()),
    }
}

/// Writes what a component says into its log, without credentials: API servers tell the paths of requests that were
/// broken off, and a path may hold a token.
async fn write_log(said: pipe::Receiver, mut log: File) {
    let mut said = BufReader::new(said);
    let mut line = Vec::new();
    while said.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
        // A full disk must not stop the component, which would wait for its words to be taken.
        let _ = log.write_all(guard::scrub(&String::from_utf8_lossy(&line)).as_bytes());
        line.clear();
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// The last lines of a log.
pub(super) fn tail(log: &Path) -> io::Result<String> {
    const LINES: usize = 8;
    const BYTES: u64 = 8 * 1024;
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
    let mut bytes = Vec::new();
    file.take(BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(LINES)..].join("\n"))
}
