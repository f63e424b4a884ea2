//! `rehearsal cluster`: install control planes, start, stop and list clusters of ours, and remove what dead runs have left.

use std::fmt;
use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};

use super::selection::KindImages;
use super::{Environment, Exit, install};
use crate::cluster::{
    self, AssetsError, ClusterError, ClusterSet, ClusterSpec, DownError, GcError, Home, HomeError, Identity, Images,
    InstallError, Linger, MirrorError, OpenOptions, Release, RemoveError, Running, SendError, SpecError, SweepError,
};
use crate::stop::Stop;

/// Install, start, stop and list local control planes and kind clusters.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal cluster install v1.36                download the newest patch of v1.36
  rehearsal cluster list                         what is installed, and what runs
  rehearsal cluster up local:v1.36               start one that stays
  rehearsal cluster down local:v1.36             take it down
  rehearsal cluster gc                           remove what killed programs have left")]
pub struct ClusterArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install control planes: the released programs of each version, checked against their published checksums.
    #[command(after_help = "Examples:
  rehearsal cluster install v1.36                the newest patch of v1.36
  rehearsal cluster install v1.35 v1.36.3        several, one after the other
  rehearsal cluster install --from ./programs    what a folder holds
  rehearsal cluster install --build v1.36        without released programs
  REHEARSAL_MIRROR=https://mirror.example.com rehearsal cluster install v1.36

Proxies are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY. A download that was cut off goes on where it ended. A \
folder of envtest (KUBEBUILDER_ASSETS, which is taken where nothing is named) lacks kube-controller-manager and \
kube-scheduler: put them beside the others.")]
    Install(install::InstallArgs),
    /// Remove installed control planes, and say what that frees.
    #[command(after_help = "Examples:
  rehearsal cluster remove v1.36                 all patches of v1.36
  rehearsal cluster remove v1.35.4 v1.36.3       exactly these
  rehearsal cluster remove --all --now           all of them, also from under a run")]
    Remove(install::RemoveArgs),
    /// Start clusters that stay until `cluster down`, or an embedded one until Ctrl-C, and print how to use them.
    #[command(after_help = "Examples:
  rehearsal cluster up local:v1.36               the newest installed patch of v1.36
  eval \"$(rehearsal cluster up local:v1.36)\"     and use it in this shell
  rehearsal cluster up local:v1.24 local:v1.36   two of them
  rehearsal cluster up local:v1.22..v1.24        three: one of every minor of the range
  rehearsal cluster up kind:v1.32                one that kind makes
  rehearsal cluster up embedded:v1.24            a model in this process, until Ctrl-C")]
    Up {
        /// Which: `local`, `local:v1.36`, `local:v1.36.3`, `local:v1.22..v1.24`, `local:all` that is installed, or
        /// `kind:v1.32`.
        #[arg(value_name = "CLUSTER", required = true)]
        sets: Vec<ClusterSet>,
        #[command(flatten)]
        images: KindImages,
    },
    /// Take clusters down that `cluster up` or `run --keep` started.
    #[command(after_help = "Examples:
  rehearsal cluster down local:v1.36             if nobody uses it
  rehearsal cluster down local:v1.22..v1.24      those of the range that run
  rehearsal cluster down --all --now             all of them, also from under a run")]
    Down {
        /// Which: `local` (the newest), `local:v1.36`, `local:v1.36.3`, `local:v1.22..v1.24`, `local:all` that run, or
        /// `kind:v1.32`.
        #[arg(value_name = "CLUSTER", required_unless_present = "all")]
        sets: Vec<ClusterSet>,
        /// All that run.
        #[arg(long, conflicts_with = "sets")]
        all: bool,
        /// Also if a run uses it, which then fails.
        #[arg(long)]
        now: bool,
    },
    /// List the control planes that are installed and those that run.
    #[command(after_help = "Examples:
  rehearsal cluster list
  rehearsal cluster list --output json           for programs")]
    List {
        /// How.
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        output: Output,
    },
    /// Remove what killed programs have left, and say what that was.
    #[command(after_help = "Examples:
  rehearsal cluster gc                           on this machine: dead control planes, logs
  rehearsal cluster gc --cluster context:dev     also what killed runs left there: Namespaces, and what else
                                                 has no Namespace, such as ClusterRoles

Only what carries the suffix of a run, and its label or its hand, is deleted. A run that is going on over there loses \
what it made too.")]
    Gc {
        /// Clusters on which what was left is deleted too; none is touched that is not named.
        #[arg(long = "cluster", value_name = "CLUSTER", value_delimiter = ',')]
        sets: Vec<ClusterSet>,
    },
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CommandError {
    /// Opening a cluster.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Open(#[from] ClusterError),
    /// Reading what is installed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Assets(#[from] AssetsError),
    /// Taking a cluster down, or listing them.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Down(#[from] DownError),
    /// Removing what was left.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Gc(#[from] GcError),
    /// The same on a cluster.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sweep(#[from] SweepError),
    /// There is nowhere to look.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Home(#[from] HomeError),
    /// A cluster that is not ours to start or stop.
    #[error("`{0}` is not a cluster that can be started or stopped here")]
    #[diagnostic(help("name one of ours: local, local:v1.36, local:v1.36.3, local:v1.22..v1.24, kind or kind:v1.32"))]
    NotOurs(ClusterSpec),
    /// `REHEARSAL_NODE_IMAGE`.
    #[error("REHEARSAL_NODE_IMAGE: {0}")]
    #[diagnostic(help("or use --node-image"))]
    NodeImage(#[from] SpecError),
    /// A cluster that does not run.
    #[error("`{set}` does not run; {running}")]
    #[diagnostic(help("look at `rehearsal cluster list`"))]
    NotRunning {
        /// Which.
        set: ClusterSet,
        /// What does.
        running: String,
    },
    /// Installing a control plane.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Install(#[from] InstallError),
    /// Removing one.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Remove(#[from] RemoveError),
    /// `--mirror` or `REHEARSAL_MIRROR`.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Mirror(MirrorError),
    /// A password that everybody on this machine can read.
    #[error("the address of the mirror holds a name or a password, which has no place in an argument list")]
    #[diagnostic(help("set REHEARSAL_MIRROR to that address instead"))]
    PasswordInArguments,
    /// Nothing to install.
    #[error("no version is named, and no folder")]
    #[diagnostic(help(
        "name one, as in `rehearsal cluster install v1.36`; a folder of programs is named by --from or KUBEBUILDER_ASSETS"
    ))]
    NoVersion,
    /// Several versions of one folder.
    #[error("a folder holds the programs of one release, and several versions were named")]
    #[diagnostic(help("leave the versions out: the programs are asked"))]
    OneVersion,
    /// Nothing of that release.
    #[error("no control plane of {release} is installed; {installed}")]
    #[diagnostic(help("look at `rehearsal cluster list`"))]
    NotInstalled {
        /// Which.
        release: Release,
        /// What is.
        installed: String,
    },
    /// An embedded control plane ends with the command, so there is one at a time.
    #[error("an embedded control plane is served by a command of its own")]
    #[diagnostic(help("name one of them and nothing else, in a terminal each: rehearsal cluster up embedded:v1.36"))]
    OneEmbedded,
    /// Nobody could be told how to reach it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Send(#[from] SendError),
    /// The terminal, or what stands in for it.
    #[error("writing the answer: {0}")]
    Write(#[from] io::Error),
}

impl CommandError {
    /// The exit code of the program.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::OneEmbedded | Self::Mirror(_) | Self::PasswordInArguments | Self::OneVersion | Self::NoVersion => {
                Exit::Usage
            }
            _ => Exit::CouldNotRun,
        }
    }
}

/// Runs a subcommand: its answer goes to `out`, what only people want to know to `err`.
pub async fn run(
    args: ClusterArgs,
    environment: &Environment,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<(), CommandError> {
    match args.command {
        Command::Install(args) => install::install(args, environment, out, err).await,
        Command::Remove(args) => install::remove(args, out).await,
        Command::Up { sets, images } => up(&cluster::named(&sets)?, &images.named(environment)?, out, err).await,
        Command::Down { sets, all, now } => down(&sets, all, now, out).await,
        Command::List { output } => list(output, out),
        Command::Gc { sets } => gc(&cluster::named(&sets)?, out).await,
    }
}

async fn up(
    specs: &[ClusterSpec],
    images: &Images,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<(), CommandError> {
    match specs {
        [spec] if spec.is_embedded() => return serve(spec, out, err).await,
        several if several.iter().any(ClusterSpec::is_embedded) => return Err(CommandError::OneEmbedded),
        _ => {}
    }
    for spec in specs {
        ours(spec)?;
        let how = OpenOptions { images: images.clone(), ..OpenOptions::lingering(Linger::Stay) };
        let tell = |progress: &cluster::Progress| Ok::<_, CommandError>(writeln!(err, "{spec}: {progress}")?);
        let opened = cluster::open_telling(spec, how, tell).await?;
        let kubeconfig = opened.kubeconfig().map(|path| path.display().to_string()).unwrap_or_default();
        writeln!(err, "{spec}: {} at {}", opened.describe(), opened.server().unwrap_or_default())?;
        writeln!(out, "export KUBECONFIG={}", quoted(&kubeconfig))?;
    }
    Ok(())
}

/// Serves an embedded control plane for as long as nobody interrupts: it lives in this process.
async fn serve(spec: &ClusterSpec, out: &mut impl Write, err: &mut impl Write) -> Result<(), CommandError> {
    let stop = Stop::on_signals();
    let opened = cluster::open(spec, &OpenOptions::default()).await?;
    opened.serve().await.map_err(ClusterError::from)?;
    let kubeconfig = opened.kubeconfig_of(&Identity::Own, None)?;
    // Only its owner may read it, and it goes with the control plane.
    let mut file = tempfile::Builder::new().prefix("rehearsal-").suffix(".kubeconfig").tempfile()?;
    file.write_all(&kubeconfig)?;
    writeln!(err, "{spec}: {}, until Ctrl-C", opened.describe())?;
    writeln!(out, "export KUBECONFIG={}", quoted(&file.path().display().to_string()))?;
    out.flush()?;
    let mut stopped = stop.heard();
    // Its sender is ours.
    let _ = stopped.wait_for(|is| *is).await;
    Ok(())
}

async fn down(sets: &[ClusterSet], all: bool, now: bool, out: &mut impl Write) -> Result<(), CommandError> {
    let home = Home::from_env()?;
    let running = cluster::running(&home)?;
    let mut chosen: Vec<&Running> = if all { running.iter().collect() } else { Vec::new() };
    for set in sets {
        if let ClusterSet::One(spec) = set {
            ours(spec)?;
        }
        let mut fitting: Vec<&Running> = running.iter().filter(|it| it.is(set)).collect();
        // Without a version the newest is meant, as in `up`.
        if matches!(set, ClusterSet::One(ClusterSpec::Local(Release::Newest) | ClusterSpec::Kind(Release::Newest))) {
            fitting = fitting.pop().into_iter().collect();
        }
        if fitting.is_empty() {
            let versions: Vec<&str> = running.iter().map(|it| it.version.as_str()).collect();
            let running = if versions.is_empty() { "nothing does".to_owned() } else { versions.join(", ") + " do" };
            return Err(CommandError::NotRunning { set: set.clone(), running });
        }
        fitting.retain(|it| !chosen.contains(it));
        chosen.extend(fitting);
    }
    for it in chosen {
        cluster::take_down(&home, it, now).await?;
        writeln!(out, "took {} down", it.version)?;
    }
    Ok(())
}

fn list(output: Output, out: &mut impl Write) -> Result<(), CommandError> {
    let home = Home::from_env()?;
    let running = cluster::running(&home)?;
    if matches!(output, Output::Json) {
        let all = serde_json::json!({"installed": install::installed(&home)?, "running": running});
        writeln!(out, "{all:#}")?;
        return Ok(());
    }
    for it in &running {
        write_running(out, it)?;
    }
    install::list(&running, &home, out)
}

fn write_running(out: &mut impl Write, it: &Running) -> io::Result<()> {
    let state = match (it.in_use, it.stays) {
        (true, _) => "in use",
        (false, true) => "up",
        (false, false) => "lingers",
    };
    let (uptime, kubeconfig) = (Uptime(it.uptime_seconds), it.kubeconfig.display());
    let made = it.etcd.as_ref().map_or_else(|| "kind".to_owned(), |etcd| format!("etcd {etcd}"));
    let memory = it.memory_mib.map(|mib| format!(" {mib} MiB,")).unwrap_or_default();
    writeln!(
        out,
        "{:<10} {made:<13} {state:<9} {} pid {} for {uptime},{memory} KUBECONFIG={kubeconfig}",
        it.version, it.server, it.keeper,
    )
}

async fn gc(specs: &[ClusterSpec], out: &mut impl Write) -> Result<(), CommandError> {
    let mut is_clean = true;
    for line in cluster::sweep_local(&Home::from_env()?).await? {
        is_clean = false;
        writeln!(out, "{line}")?;
    }
    for spec in specs {
        let opened = cluster::open(spec, &OpenOptions::default()).await?;
        for path in cluster::sweep(&opened).await? {
            is_clean = false;
            writeln!(out, "{spec}: deleted {path}")?;
        }
    }
    if is_clean {
        writeln!(out, "nothing was left")?;
    }
    Ok(())
}

fn ours(spec: &ClusterSpec) -> Result<(), CommandError> {
    match spec {
        ClusterSpec::Local(_) | ClusterSpec::Kind(_) => Ok(()),
        ClusterSpec::Context(_) | ClusterSpec::NamedKind(_) | ClusterSpec::Embedded(_) => {
            Err(CommandError::NotOurs(spec.clone()))
        }
    }
}

/// A path as a shell takes it back.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

struct Uptime(u64);

impl fmt::Display for Uptime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds if seconds < 120 => write!(f, "{seconds} s"),
            seconds if seconds < 7200 => write!(f, "{} min", seconds / 60),
            seconds => write!(f, "{} h", seconds / 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_the_shell() {
        assert_eq!(quoted("/home/me/.local/state/x"), "/home/me/.local/state/x");
        assert_eq!(quoted("/tmp/it's here"), r"'/tmp/it'\''s here'");
    }
}
