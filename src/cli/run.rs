//! `rehearsal run`.

use std::io::Write;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::reports::Reports;
use super::selection::{Clusters, Selection, duration};
use super::sharding::Sharding;
use super::{Environment, Exit, Failure, Terminal};
use crate::cluster::ClusterSpec;
use crate::report::{Progress, Reporter};
use crate::run::{Settings, Suite, Summary};

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal run                                           on a model of the newest release, inside this program
  rehearsal run --cluster embedded:all                    on one of every minor that there is a model of
  rehearsal run --cluster local:v1.36                     on a real control plane
  rehearsal run --cluster local:v1.23,local:v1.24 scenarios/tokens
  rehearsal run --cluster kind:v1.32                      a cluster that kind makes, and that goes afterwards
  rehearsal run --cluster context:staging --show scenarios/tokens/pod-bound.yaml
  rehearsal run --cluster local:v1.22..v1.37              every minor, several at once
  rehearsal run --cluster local:v1.36 --output json | jq .summary
  rehearsal run --cluster local:v1.36 --report report.html      a page about it, for a browser
  rehearsal run --cluster local:all --report-junit junit.xml --report-markdown \"$GITHUB_STEP_SUMMARY\"
  rehearsal run --cluster local:v1.36 --repeat 50 scenarios/tokens/pod-bound.yaml
  rehearsal run --cluster local:v1.36 --shard 2/5 --report-json 2.json

A scenario works in a Namespace of its own, with a name unique to the run, and removes what it made. An answer that \
nobody recorded yet passes on its `expect`, and fails where CI=true. `run` writes no file but the reports it is asked \
for.")]
pub(super) struct RunArgs {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    sharding: Sharding,
    #[command(flatten)]
    clusters: Clusters,
    #[command(flatten)]
    how: How,
    /// Run each scenario so often on each cluster; all runs must hold and show the same answers.
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    #[command(flatten)]
    reports: Reports,
}

/// How scenarios are run, for `run` and `record`.
#[derive(Debug, Clone, Args)]
pub(super) struct How {
    /// Scenarios at once on a cluster; of those that run commands never more than two for each processor.
    #[arg(short, long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// How long a step may take that does not say `timeout` itself.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub timeout: Duration,
    /// Leave what the scenarios made on the cluster, and say where it is; a cluster that was started for them stays too,
    /// until `rehearsal cluster down`.
    #[arg(long)]
    pub keep: bool,
}

/// How what is not a run is shown.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Output {
    /// Lines for people.
    Human,
    /// One JSON document at the end.
    Json,
}

pub(super) fn run(args: &RunArgs, environment: &Environment, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let clusters = args.clusters.named_or_embedded(environment)?;
    if args.how.keep && clusters.iter().any(ClusterSpec::is_embedded) {
        let help = "name a cluster that stays, as in `--cluster local:v1.36`";
        return Err(Failure::usage("an embedded control plane ends with the run: there is nothing to keep", help));
    }
    let part = args.sharding.or(environment)?.part(&args.selection)?;
    let store = args.selection.store();
    let mut settings = args.how.settings(environment);
    settings.runs.times = usize::from(args.repeat);
    settings.bodies = args.reports.show_bodies();
    settings.images = args.clusters.images(environment)?;
    let mut reporter = args.reports.open(&mut terminal.out, &part.origin())?;
    if let Some(said) = part.said() {
        writeln!(terminal.err, "{said}")?;
    }
    let mut progress = Progress::on_terminal();
    let suite = Suite { scenarios: part.files.iter().collect(), store: &store, settings };
    let finished = suite.run(&clusters, &mut |event| progress.around(event, || reporter.event(event)))?;
    Ok(exit(&finished.summary))
}

impl How {
    pub(super) fn settings(&self, environment: &Environment) -> Settings {
        Settings {
            jobs: usize::from(self.jobs),
            timeout: self.timeout,
            keep: self.keep,
            unrecorded_fails: environment.ci,
            ..Settings::default()
        }
    }
}

/// The exit code of a run. What could not be run comes before what failed: the list of failures is then not whole.
pub(super) fn exit(summary: &Summary) -> Exit {
    match summary {
        Summary { interrupted: true, .. } => Exit::Interrupted,
        Summary { broken: 1.., .. } => Exit::CouldNotRun,
        Summary { failed: 1.., .. } => Exit::Assertion,
        _ => Exit::Ok,
    }
}
