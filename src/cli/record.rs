//! `rehearsal record`.

use std::collections::BTreeSet;
use std::io::Write;

use clap::Args;

use super::run::{How, exit};
use super::selection::{Clusters, Selection};
use super::{Environment, Exit, Failure, Terminal};
use crate::report::{Human, Ordered, Progress, Reporter};
use crate::run::{Runs, ScenarioOutcome, Suite};
use crate::snapshot::Written;

/// Arguments of `record`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal record --cluster local:v1.36 scenarios/tokens/pod-bound.yaml
  rehearsal record --cluster local:v1.22..v1.37
  rehearsal record --cluster local:v1.36 --accept scenarios/tokens

What was answered is proposed: files ending in .snap.new beside the snapshots, for `rehearsal review` or `cargo insta \
review`. Snapshots come from real control planes, never from an embedded one. The order in which versions are recorded makes no difference, and recording again changes nothing. A scenario \
with a failed `expect`, one that could not run to its end, or one whose runs show different answers, is not recorded.")]
pub(super) struct RecordArgs {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    clusters: Clusters,
    #[command(flatten)]
    how: How,
    /// Run each scenario so often on each cluster: what does not show the same answers each time is not recorded.
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Accept at once what is proposed.
    #[arg(long)]
    accept: bool,
    /// Record servers that are not upstream releases, such as v1.30.4-gke.1 or a pre-release.
    #[arg(long)]
    vendor: bool,
}

pub(super) fn run(args: &RecordArgs, environment: &Environment, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let clusters = args.clusters.real(environment)?;
    let scenarios = args.selection.load()?;
    let store = args.selection.store();
    let mut settings = args.how.settings(environment);
    // What was not recorded yet is what this is for.
    settings.unrecorded_fails = false;
    settings.images = args.clusters.images(environment)?;
    settings.runs = Runs { times: usize::from(args.runs), only_complete: true };
    let mut finished = {
        let mut reporter = Ordered::new(Human::new(&mut terminal.out, false).recording());
        let mut progress = Progress::on_terminal();
        let suite = Suite { scenarios: scenarios.iter().collect(), store: &store, settings };
        suite.run(&clusters, &mut |event| progress.around(event, || reporter.event(event)))?
    };

    if finished.summary.interrupted {
        writeln!(terminal.err, "nothing is recorded: the run was interrupted")?;
        return Ok(Exit::Interrupted);
    }
    finished.outcomes.sort_by(|a, b| (&a.version, &a.id).cmp(&(&b.version, &b.id)));
    let mut kept = Kept::default();
    for outcome in &finished.outcomes {
        let Some(recording) = &outcome.recording else { continue };
        if !outcome.version.is_upstream() && !args.vendor {
            let version = &outcome.version;
            writeln!(
                terminal.err,
                "not recorded: {} on {version}, which is no upstream release (--vendor does)",
                outcome.id
            )?;
            continue;
        }
        let written = if args.accept { recording.record(&store) } else { recording.propose(&store) };
        let written = written.map_err(|error| Failure::store(&error))?;
        kept.add(&outcome.id, &written);
    }
    kept.tell(args.accept, &mut terminal.out)?;
    // A changed answer is no failure here: it is what was recorded.
    let mut summary = finished.summary;
    let is_failure = |outcome: &&ScenarioOutcome| outcome.is_unmet() || outcome.is_unstable();
    summary.failed = finished.outcomes.iter().filter(is_failure).count();
    Ok(exit(&summary))
}

/// What was written.
#[derive(Default)]
struct Kept {
    /// The recordings that came about, changed or not.
    recordings: usize,
    /// The scenarios whose files changed.
    changed: BTreeSet<String>,
}

impl Kept {
    fn add(&mut self, id: &str, written: &Written) {
        self.recordings += 1;
        if !(written.written.is_empty() && written.removed.is_empty()) {
            self.changed.insert(id.to_owned());
        }
    }

    fn tell(&self, accepted: bool, out: &mut impl Write) -> std::io::Result<()> {
        match (self.changed.len(), accepted) {
            (0, _) if self.recordings == 0 => {
                writeln!(out, "nothing is recorded: no scenario ran to its end as expected")
            }
            (0, _) => writeln!(out, "nothing changed: every answer is as it was recorded"),
            (scenarios, true) => writeln!(out, "recorded: {scenarios} changed"),
            (scenarios, false) => writeln!(out, "proposed for {scenarios}; look at it with: rehearsal review"),
        }
    }
}
