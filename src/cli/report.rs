//! `rehearsal report`: what can be done with JSON reports of runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Subcommand};

use super::reports::Reports;
use super::sharding::unusable;
use super::{Exit, Failure, Terminal, run};
use crate::report::{Origin, Report, merge};
use crate::run::Status;
use crate::shard::Durations;

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal report merge 1.json 2.json 3.json
  rehearsal report durations merged.json

A report is what `rehearsal run --report-json FILE` or `--output json` writes.")]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make one report of several, as if it had been one run: shards, clusters, or what was run again.
    Merge(MergeArgs),
    /// Write down how long scenarios took, for `--shard`.
    Durations(DurationsArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal report merge 1.json 2.json 3.json
  rehearsal report merge shards/*.json --report-junit junit.xml --report-markdown \"$GITHUB_STEP_SUMMARY\"
  rehearsal report merge all.json again.json --output json > both.json

A scenario that is in several reports on the same cluster counts as the last of them says, in the order in which they \
are named: name what was run again after what failed. Shards of a cluster become one cluster; one that is missing, or \
that was interrupted, is told.

Exit codes: as those of the run it might have been: 0 all held, 3 could not be run to the end, or a shard is missing, 4 an \
answer was not as recorded or expected. 1 wrong usage, 2 a file is no report.")]
struct MergeArgs {
    /// JSON reports; of what was run several times the last one last.
    #[arg(value_name = "REPORT", required = true)]
    files: Vec<Utf8PathBuf>,
    #[command(flatten)]
    reports: Reports,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal report durations report.json
  rehearsal report durations v1.32.json v1.36.json --into snapshots/durations.yaml

Of several reports and clusters the longest counts, in whole seconds; only of scenarios that passed, and that were run once. \
What the file has stays where it is about right, and where a scenario is in none of the reports.")]
struct DurationsArgs {
    /// JSON reports.
    #[arg(value_name = "REPORT", required = true)]
    files: Vec<Utf8PathBuf>,
    /// The file to write them to.
    #[arg(long, value_name = "FILE", default_value = "snapshots/durations.yaml")]
    into: Utf8PathBuf,
}

pub(super) fn run(args: &ReportArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match &args.command {
        Command::Merge(args) => merged(args, terminal),
        Command::Durations(args) => durations(args, terminal),
    }
}

fn merged(args: &MergeArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let merged = merge(read(&args.files)?);
    let mut reporter = args.reports.open(&mut terminal.out, &Origin::Merged(merged.runs.clone()))?;
    merged.play(&mut reporter)?;
    drop(reporter);
    for line in &merged.again {
        writeln!(terminal.err, "{line}")?;
    }
    for line in &merged.missing {
        writeln!(terminal.err, "not all of it was run: {line}")?;
    }
    Ok(if merged.missing.is_empty() { run::exit(&merged.summary) } else { Exit::CouldNotRun })
}

fn durations(args: &DurationsArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut measured: BTreeMap<String, Duration> = BTreeMap::new();
    let outcomes = read(&args.files)?.into_iter().flat_map(|(_, report)| report.outcomes);
    // A failure may have waited for nothing, and of several runs the time of one is not known.
    for outcome in outcomes.filter(|outcome| outcome.status() == Status::Passed && outcome.runs == 1) {
        let longest = measured.entry(outcome.id).or_default();
        *longest = outcome.took.max(*longest);
    }
    let into = &args.into;
    let before = Durations::read_if_there(into).map_err(|error| unusable(&error))?;
    let after = before.clone().with(&measured);
    if after == before {
        writeln!(terminal.out, "{into} is up to date: {} scenarios", after.len())?;
        return Ok(Exit::Ok);
    }
    write(into, &after.to_string()).map_err(|error| Failure::could_not_write(into, &error))?;
    writeln!(terminal.out, "wrote {into}: {} scenarios", after.len())?;
    Ok(Exit::Ok)
}

fn write(path: &Utf8Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text)
}

/// Reads reports, each with its name.
fn read(files: &[Utf8PathBuf]) -> Result<Vec<(String, Report)>, Failure> {
    let mut seen = BTreeSet::new();
    let mut reports = Vec::new();
    for path in files {
        let text = fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => no_report(path, "it is no text", None),
            _ => Failure::could_not_read(path, &error),
        })?;
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.into())) {
            return Err(Failure::usage(format!("{path} is named twice"), "name each report once"));
        }
        let report = Report::parse(&text).map_err(|error| {
            no_report(path, &error.to_string(), miette::Diagnostic::help(&error).map(|help| help.to_string()))
        })?;
        reports.push((path.to_string(), report));
    }
    Ok(reports)
}

fn no_report(path: &Utf8Path, reason: &str, help: Option<String>) -> Failure {
    Failure::Error { message: format!("{path} cannot be used: {reason}"), help, exit: Exit::Parse }
}
