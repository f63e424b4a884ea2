//! Commands of one scenario: where they run, as whom, and how they are ended with all that they started.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use crate::action::{CommandError, Commands, Exit, Invocation, Program, Said, Saying};
use crate::cluster::{Cluster, Identity, Workplace};
use crate::plan::Plan;
use crate::scenario::ScenarioFile;

/// How much of an output is kept; what writes more is ended.
const LIMIT: usize = 1024 * 1024;

/// Where the commands of one scenario run, from its first step to its last.
pub(super) struct Place<'a> {
    cluster: &'a Cluster,
    workplace: Workplace,
    namespace: Option<String>,
    /// One for each identity, so that what a command changes in it stays for the next one.
    kubeconfigs: Mutex<Vec<(Identity, PathBuf)>>,
}

impl<'a> Place<'a> {
    /// A private folder with the files of the scenario, in which the names are this run's.
    pub(super) async fn prepare(cluster: &'a Cluster, file: &ScenarioFile, plan: &Plan) -> Result<Self, CommandError> {
        cluster.serve().await?;
        let workplace = cluster.workplace()?;
        for (name, contents) in file.folder(&|text| plan.names.rewrite(text)) {
            workplace.write(&workplace.files().join(name), &contents)?;
        }
        let namespace = plan.scenario.namespace.clone();
        Ok(Self { cluster, workplace, namespace, kubeconfigs: Mutex::default() })
    }

    /// The private folder as its commands see it.
    pub(super) fn folder(&self) -> String {
        self.workplace.path().to_string_lossy().into_owned()
    }

    /// Where its commands find programs: first those of the release that answers now.
    fn path(&self) -> OsString {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.cluster.programs().into_iter().chain(std::env::split_paths(&inherited));
        // A folder with a colon in its name cannot be in a PATH; then the others are.
        std::env::join_paths(folders).unwrap_or(inherited)
    }

    fn kubeconfig(&self, identity: &Identity) -> Result<PathBuf, CommandError> {
        // Nothing panics between two changes that belong together.
        let mut known = self.kubeconfigs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, path)) = known.iter().find(|(of, _)| of == identity) {
            return Ok(path.clone());
        }
        let path = self.workplace.path().join(format!("kubeconfig-{}", known.len()));
        let kubeconfig = self.cluster.kubeconfig_of(identity, self.namespace.as_deref())?;
        self.workplace.write(&path, &kubeconfig)?;
        known.push((identity.clone(), path.clone()));
        Ok(path)
    }

    fn command(&self, invocation: &Invocation, identity: &Identity) -> Result<Command, CommandError> {
        let mut command = match &invocation.program {
            Program::Shell(script) => {
                let mut command = Command::new("sh");
                command.arg("-c").arg(script);
                command
            }
            Program::Words(words) => {
                let mut words = words.iter();
                let mut command = Command::new(words.next().map_or("", String::as_str));
                command.args(words);
                command
            }
        };
        command.env_clear().env("PATH", self.path()).env("HOME", self.workplace.home());
        command.env("TMPDIR", self.workplace.temporary()).env("KUBECONFIG", self.kubeconfig(identity)?);
        command.env("LANG", "C.UTF-8").env("TZ", "UTC");
        command.envs(invocation.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.workplace.files()).process_group(0).kill_on_drop(true);
        command.stdin(if invocation.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    fn start(&self, invocation: Invocation, identity: &Identity) -> Result<Saying, CommandError> {
        for (name, contents) in &invocation.files {
            self.workplace.write(&self.workplace.files().join(name), contents.as_bytes())?;
        }
        // A process lives in the time of the wall, and whoever waits for it too.
        let held = self.cluster.clock().hold();
        let mut child = self.command(&invocation, identity)?.spawn().map_err(|cause| {
            let program = match &invocation.program {
                Program::Shell(_) => "sh".to_owned(),
                Program::Words(words) => words.first().cloned().unwrap_or_default(),
            };
            CommandError::Start { program, cause }
        })?;
        let group = Group::of(&child);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (say, said) = mpsc::unbounded_channel();
        let whole = async move {
            let ended = async {
                let status = child.wait().await.map_err(CommandError::Read)?;
                // What it left running in the background ends with it, and lets go of its output.
                drop(group);
                Ok(status)
            };
            let end = tokio::try_join!(
                ended,
                read(stdout, "standard output", |line| say.send(Ok(Said::Out(line)))),
                read(stderr, "standard error", |line| say.send(Ok(Said::Err(line)))),
                feed(stdin, invocation.stdin.unwrap_or_default()),
            );
            drop(held);
            // Nobody listens any more where what was said is enough.
            let _ = say.send(end.map(|(status, (), (), ())| Said::Ended(exit(status))));
        };
        let lines = stream::unfold(said, async |mut said| said.recv().await.map(|line| (line, said)));
        let silence = stream::once(whole).filter_map(async |()| None);
        Ok(stream::select(lines, silence).boxed())
    }
}

/// The commands of a scenario under one identity.
pub(super) struct StepCommands<'a> {
    /// None where the scenario has no command.
    pub(super) place: Option<&'a Place<'a>>,
    pub(super) identity: Identity,
}

impl Commands for StepCommands<'_> {
    fn start(&self, invocation: Invocation) -> Result<Saying, CommandError> {
        let place = self.place.ok_or_else(|| CommandError::Read(io::ErrorKind::NotFound.into()))?;
        place.start(invocation, &self.identity)
    }
}

/// The processes that a command started, itself included; killed when dropped. Not asked to end first: nobody would wait
/// for those that do not.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error says that there is nobody left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Says each line of a stream.
async fn read<T>(
    stream: Option<impl AsyncRead + Unpin>,
    name: &'static str,
    say: impl Fn(String) -> T,
) -> Result<(), CommandError> {
    let Some(stream) = stream else { return Ok(()) };
    let mut stream = BufReader::new(stream);
    let mut left = LIMIT;
    loop {
        let mut line = Vec::new();
        let most = u64::try_from(left).unwrap_or(u64::MAX).saturating_add(1);
        match (&mut stream).take(most).read_until(b'\n', &mut line).await.map_err(CommandError::Read)? {
            0 => return Ok(()),
            length if length > left => return Err(CommandError::TooMuch { stream: name, limit: LIMIT }),
            length => left -= length,
        }
        say(String::from_utf8(line).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()));
    }
}

/// Writes what the command reads. That it does not read all of it is its own affair.
async fn feed(stdin: Option<ChildStdin>, text: String) -> Result<(), CommandError> {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(text.as_bytes()).await;
    }
    Ok(())
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}
