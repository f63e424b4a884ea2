//! Options of a suite that is divided between machines.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::selection::Selection;
use super::{Environment, Exit, Failure};
use crate::report::{Origin, ShardOf};
use crate::scenario::ScenarioFile;
use crate::shard::{Durations, DurationsError, FILE_NAME, Partition, Shard};

/// Which part of the scenarios.
#[derive(Debug, Clone, Args)]
pub(super) struct Sharding {
    /// Only this part of the scenarios, as in `2/5`: the second of five that take about as long as each other. Each scenario is
    /// in exactly one, the same on every machine that has the same files, and on every cluster. `run` without it takes what
    /// the environment variable `REHEARSAL_SHARD` says.
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// How long each scenario takes, as `rehearsal report durations` wrote it. Without it, `durations.yaml` in the folder of the
    /// snapshots; what is not in it counts as the median.
    #[arg(long, value_name = "FILE")]
    durations: Option<Utf8PathBuf>,
}

/// The scenarios that are to be run here.
pub(super) struct Part {
    pub(super) files: Vec<ScenarioFile>,
    /// Of what they are a part; none if they are all.
    pub(super) shard: Option<(Shard, Partition)>,
}

impl Sharding {
    /// The same, with what the environment says where nothing is said here.
    pub(super) fn or(&self, environment: &Environment) -> Result<Self, Failure> {
        let wrong = |error| Failure::usage(format!("REHEARSAL_SHARD: {error}"), "or use --shard");
        let named = if self.shard.is_some() { Ok(None) } else { environment.shard().map_err(wrong) };
        Ok(Self { shard: self.shard.or(named?), durations: self.durations.clone() })
    }

    /// The scenarios that are selected, as far as they are in this shard.
    pub(super) fn part(&self, selection: &Selection) -> Result<Part, Failure> {
        let mut files = selection.load()?;
        let Some(shard) = self.shard else { return Ok(Part { files, shard: None }) };
        let durations = self.known(&selection.snapshots).map_err(|error| unusable(&error))?;
        let partition = Partition::new(files.iter().map(ScenarioFile::id), &durations, shard.of());
        files.retain(|file| partition.has(shard, file.id()));
        Ok(Part { files, shard: Some((shard, partition)) })
    }

    fn known(&self, snapshots: &Utf8Path) -> Result<Durations, DurationsError> {
        match &self.durations {
            Some(path) => Durations::read(path),
            None => Durations::read_if_there(&snapshots.join(FILE_NAME)),
        }
    }
}

/// Durations that cannot be used.
pub(super) fn unusable(error: &DurationsError) -> Failure {
    let exit = if matches!(error, DurationsError::Mistaken { .. }) { Exit::Parse } else { Exit::CouldNotRun };
    Failure::of(error, exit)
}

impl Part {
    /// What a report says about where it comes from.
    pub(super) fn origin(&self) -> Origin {
        let shard = self.shard.as_ref();
        Origin::Run(shard.map(|(shard, partition)| ShardOf::new(*shard, partition)))
    }

    /// What part it is, in a line; nothing of a suite that is not divided.
    pub(super) fn said(&self) -> Option<String> {
        let (shard, partition) = self.shard.as_ref()?;
        let all = partition.scenarios();
        if self.files.is_empty() {
            let scenarios = if all == 1 { "1 scenario is".to_owned() } else { format!("{all} scenarios are") };
            return Some(format!("shard {shard}: nothing to run, {scenarios} in the others"));
        }
        let assumed = match partition.assumed() {
            (0, _) => String::new(),
            (count, each) => format!("; {count} of all were never measured and count as {} s", each.as_secs()),
        };
        let (here, mine, whole) = (self.files.len(), partition.load(*shard).as_secs(), partition.total().as_secs());
        Some(format!("shard {shard}: {here} of {all} scenarios, {mine} s of {whole} s one after the other{assumed}"))
    }
}
