//! `rehearsal lint` and `rehearsal prune`: mistakes in scenarios and snapshots found, and mended where that needs no
//! cluster.

use std::collections::BTreeSet;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::json;

use super::run::Output;
use super::selection::Selection;
use super::{Exit, Failure, Terminal};
use crate::scenario::ScenarioFile;
use crate::snapshot::lint::{self, Finding, Known};
use crate::snapshot::{ScenarioId, Store, StoreError, Subject};
use crate::version::Version;
use crate::{cluster, plan, run};

/// How many mistakes are shown by who is not asked for them.
const FEW: usize = 5;
const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default().bold();

/// Arguments of `lint`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal lint
  rehearsal lint scenarios/tokens/pod-bound.yaml
  rehearsal lint --output json

Every mistake of every scenario is told in one go, one YAML syntax error a file. Snapshots are compared with what their \
ledger says was recorded, and with the steps as they are now. Exit code 2 if anything is wrong.")]
pub(super) struct LintArgs {
    #[command(flatten)]
    selection: Selection,
    /// How to show what is wrong.
    #[arg(long, value_enum, default_value_t = Output::Human, value_name = "FORMAT")]
    output: Output,
}

/// Arguments of `prune`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal prune                                   after a merge, or when a range was narrowed
  rehearsal prune scenarios/tokens/pod-bound.yaml")]
pub(super) struct PruneArgs {
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(args: &LintArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let files = match (args.selection.load(), args.output) {
        (Err(Failure::Mistakes(mistakes)), Output::Json) => {
            writeln!(terminal.out, "{:#}", json!({"mistakes": mistakes.to_json(), "snapshots": []}))?;
            return Ok(Exit::Parse);
        }
        (files, _) => files?,
    };
    let store = args.selection.store();
    let findings = findings(&files, &store, args.selection.is_whole()).map_err(|error| Failure::store(&error))?;
    let wrong = findings.iter().filter(|finding| !finding.problem.is_warning()).count();
    match args.output {
        Output::Json => {
            let found: Vec<_> = findings
                .iter()
                .map(|finding| {
                    json!({
                        "file": finding.path, "line": finding.line, "message": finding.problem.to_string(),
                        "help": finding.problem.help(), "warning": finding.problem.is_warning(),
                    })
                })
                .collect();
            writeln!(terminal.out, "{:#}", json!({"mistakes": [], "snapshots": found}))?;
        }
        Output::Human => {
            print(findings.iter(), terminal)?;
            let scenarios = files.len();
            writeln!(terminal.out, "{scenarios} scenarios read; {wrong} mistakes")?;
        }
    }
    Ok(if wrong == 0 { Exit::Ok } else { Exit::Parse })
}

/// Whether the snapshots of these scenarios can be relied on; if not, some of what is wrong is said.
pub(super) fn is_sound(
    files: &[ScenarioFile],
    selection: &Selection,
    terminal: &mut Terminal,
) -> Result<bool, Failure> {
    let findings = findings(files, &selection.store(), selection.is_whole()).map_err(|error| Failure::store(&error))?;
    let wrong: Vec<&Finding> = findings.iter().filter(|finding| !finding.problem.is_warning()).collect();
    print(wrong.iter().copied().take(FEW), terminal)?;
    if wrong.len() > FEW {
        writeln!(terminal.err, "and {} more: `rehearsal lint` lists them all", wrong.len() - FEW)?;
    }
    Ok(wrong.is_empty())
}

fn print<'f>(findings: impl Iterator<Item = &'f Finding>, terminal: &mut Terminal) -> Result<(), Failure> {
    for finding in findings {
        let (style, word) = if finding.problem.is_warning() { (ODD, "warning") } else { (BAD, "error") };
        writeln!(terminal.err, "{style}{word}:{style:#} {finding}")?;
        writeln!(terminal.err, "   = {}", finding.problem.help())?;
    }
    Ok(())
}

pub(super) fn prune(args: &PruneArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let store = args.selection.store();
    let mut changed = 0;
    for file in args.selection.load()? {
        let Some(subject) = run::subject(&file) else { continue };
        let in_range = |version: &Version| file.scenario.kubernetes.contains(version);
        let written = store
            .update(&subject.id, |recorded| recorded.described(&subject).retain(in_range))
            .map_err(|error| Failure::store(&error))?;
        for path in &written.written {
            writeln!(terminal.out, "wrote {path}")?;
        }
        for path in &written.removed {
            writeln!(terminal.out, "removed {path}")?;
        }
        changed += written.written.len() + written.removed.len();
    }
    if changed == 0 {
        writeln!(terminal.out, "nothing to put right")?;
    }
    Ok(Exit::Ok)
}

/// What is wrong with the snapshots of these scenarios; with `whole`, also folders that belong to none.
fn findings(files: &[ScenarioFile], store: &Store, whole: bool) -> Result<Vec<Finding>, StoreError> {
    let subjects: Vec<(&ScenarioFile, Subject)> =
        files.iter().filter_map(|file| Some((file, run::subject(file)?))).collect();
    let mut findings = Vec::new();
    let has = cluster::local_capabilities();
    for (file, subject) in &subjects {
        let scenario = &file.scenario;
        let plan = |version: &Version| {
            let digest = scenario.kubernetes.contains(version).then(|| plan::digest(scenario, version, &has));
            digest.and_then(|digest| digest.parse().ok())
        };
        findings.extend(lint::scenario(store, Known { subject, plan: &plan })?);
    }
    if whole {
        let known: BTreeSet<ScenarioId> = subjects.into_iter().map(|(_, subject)| subject.id).collect();
        findings.extend(lint::orphans(store, &known)?);
    }
    Ok(findings)
}
