//! `rehearsal explore`: sequences of calls that nobody wrote, on two clusters.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rand::Rng;

use super::run::Output;
use super::{Exit, Failure, Terminal};
use crate::cluster::{self, Cluster, ClusterError, ClusterSpec, OpenOptions};
use crate::explore::{self, Progress, Report, Settings, Sides};
use crate::guard;
use crate::stop::Stop;

/// Arguments of `explore`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal explore --left local:v1.31 --right local:v1.32
  rehearsal explore --left local:v1.31 --right local:v1.32 --calls 20000 --into found/
  rehearsal explore --left local:v1.31 --right local:v1.32 --seed 7 --sequences 1      the same calls again

Sequences of calls are drawn from the seed and sent to both clusters: objects are created, read, changed and deleted, tokens \
asked for and reviewed, rights given and used, in the right way and in wrong ones. A difference counts if it shows again when \
time is taken; it is shrunk to the shortest sequence that shows it, and with --into written as a scenario. Each sequence has a \
Namespace of its own and removes what it made. Both clusters must allow everything, and better be nobody's: Nodes and roles are \
created there.

Exit codes: 0 no difference, 1 differences (or wrong usage), 3 it could not be explored to the end, 130 interrupted.")]
pub(super) struct ExploreArgs {
    /// The one cluster.
    #[arg(long, value_name = "CLUSTER")]
    left: ClusterSpec,
    /// The other one.
    #[arg(long, value_name = "CLUSTER")]
    right: ClusterSpec,
    /// What everything is drawn from; said at the end where it is left out.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many calls are sent to each of them.
    #[arg(long, value_name = "N", default_value = "2000")]
    calls: usize,
    /// How many sequences are sent, instead of a number of calls.
    #[arg(long, value_name = "N", conflicts_with = "calls")]
    sequences: Option<usize>,
    /// Write a scenario for each difference into this folder.
    #[arg(long, value_name = "DIR")]
    into: Option<Utf8PathBuf>,
    /// End with so many differences.
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    max_differences: u32,
    /// Sequences at once.
    #[arg(short, long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// How to show what was found.
    #[arg(long, value_enum, default_value_t = Output::Human, value_name = "FORMAT")]
    output: Output,
}

/// How many calls a sequence has.
const LENGTH: usize = 80;
/// How long controllers may take: longer than anything but a Namespace takes to go.
const SETTLING: Duration = Duration::from_millis(120);

pub(super) fn run(args: &ExploreArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::rng().random::<u32>()));
    let line = line();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let explored = runtime.block_on(args.explore(seed, &line));
    runtime.shutdown_background();
    line.finish_and_clear();
    let (mut report, versions) = explored?;
    let sides = Sides { left: args.left.to_string(), right: args.right.to_string(), versions, seed };
    if let Some(folder) = &args.into {
        for found in &mut report.found {
            match explore::write(found, &sides, folder) {
                Ok(file) => found.file = Some(file),
                // What was found is worth more than its file.
                Err(error) => Failure::could_not_run(&error).print(&mut terminal.err)?,
            }
        }
    }
    args.show(&report, &sides, &mut terminal.out)?;
    match &report.failed {
        Some(error) => Err(Failure::could_not_run(error)),
        None if report.interrupted => Ok(Exit::Interrupted),
        None if report.found.is_empty() => Ok(Exit::Ok),
        None => Ok(Exit::DIFFERS),
    }
}

impl ExploreArgs {
    /// Opens both clusters and explores them; gives back their versions too.
    async fn explore(&self, seed: u64, line: &ProgressBar) -> Result<(Report, [String; 2]), Failure> {
        let open = async |spec: &ClusterSpec| -> Result<Cluster, ClusterError> {
            let tell = |doing: &cluster::Progress| {
                line.set_message(format!("{spec}: {doing}"));
                Ok(())
            };
            cluster::open_telling(spec, OpenOptions::default(), tell).await
        };
        let (left, right) = futures_util::future::join(open(&self.left), open(&self.right)).await;
        let refused = |error: ClusterError| Failure::could_not_run(&error);
        let (left, right) = (left.map_err(refused)?, right.map_err(refused)?);
        let settings = Settings {
            seed,
            calls: if self.sequences.is_some() { usize::MAX } else { self.calls },
            sequences: self.sequences.unwrap_or(usize::MAX),
            length: LENGTH,
            jobs: usize::from(self.jobs),
            max_differences: usize::try_from(self.max_differences).unwrap_or(usize::MAX),
            settling: SETTLING,
        };
        let stop = Stop::on_signals();
        let hear = |progress: &Progress| {
            let Progress { calls, found, checking } = progress;
            line.set_message(format!("{calls} calls, {found} differences, {checking} looked at again"));
        };
        let report = explore::explore((&left, &right), &settings, &|| stop.is_asked(), &hear).await;
        Ok((report, [&left, &right].map(|cluster| cluster.version().to_string())))
    }

    /// What servers said has gone through a guard already; this is the last one.
    fn show(&self, report: &Report, sides: &Sides, out: &mut impl Write) -> io::Result<()> {
        let [left, right] = [(&sides.left, &sides.versions[0]), (&sides.right, &sides.versions[1])]
            .map(|(name, version)| format!("{name} ({version})"));
        match self.output {
            Output::Human => write!(out, "{}", guard::scrub(&report.human(&left, &right)))?,
            Output::Json => {
                let mut document = report.json(&left, &right);
                guard::scrub_texts(&mut document);
                writeln!(out, "{document:#}")?;
            }
        }
        out.flush()
    }
}

/// What is being done right now, on standard error and only on a terminal.
fn line() -> ProgressBar {
    let is_terminal = io::stderr().is_terminal();
    let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let line = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {wide_msg}") {
        line.set_style(style);
    }
    if is_terminal {
        line.enable_steady_tick(Duration::from_millis(100));
    }
    line
}
