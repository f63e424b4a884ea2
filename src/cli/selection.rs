//! Options that several commands share: which scenarios, which snapshots, which clusters.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::Args;

use super::{Environment, Failure};
use crate::cluster::{self, ClusterSet, ClusterSpec, Images, NodeImage, Release, SpecError};
use crate::scenario::{self, ScenarioFile};
use crate::snapshot::{NameError, ScenarioId, Store};
use crate::timeline::Timeline;

/// Which scenarios, and where their snapshots are.
#[derive(Debug, Clone, Args)]
pub(super) struct Selection {
    /// Scenario files, or folders that are searched for them; of a file that holds several, or one with `cases`, a single
    /// scenario as in `scenarios/tokens/node-bound.revoked.gated`.
    #[arg(value_name = "PATH", default_value = "scenarios")]
    pub paths: Vec<Utf8PathBuf>,
    /// Only scenarios with one of these `tags`.
    #[arg(long = "tag", value_name = "TAG", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// The folder of the snapshots, which mirrors the scenarios.
    #[arg(long, value_name = "DIR", default_value = "snapshots")]
    pub snapshots: Utf8PathBuf,
}

impl Selection {
    /// Reads the scenarios; every mistake of every file in one go.
    pub(super) fn load(&self) -> Result<Vec<ScenarioFile>, Failure> {
        let mut files = scenario::load(&self.paths)?;
        let known: BTreeSet<&String> = files.iter().flat_map(|file| &file.scenario.tags).collect();
        if let Some(tag) = self.tags.iter().find(|tag| !known.contains(tag)) {
            let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
            let help =
                if known.is_empty() { "none has any".to_owned() } else { format!("there are: {}", known.join(", ")) };
            return Err(Failure::usage(format!("no scenario has the tag `{tag}`"), help));
        }
        let is_tagged = |file: &ScenarioFile| file.scenario.tags.iter().any(|tag| self.tags.contains(tag));
        files.retain(|file| self.tags.is_empty() || is_tagged(file));
        Ok(files)
    }

    /// Whether these are all scenarios of the project, so that a snapshot of none of them belongs to nobody.
    pub(super) fn is_whole(&self) -> bool {
        self.paths == ["scenarios"] && self.tags.is_empty()
    }

    /// What was recorded of each scenario.
    pub(super) fn timelines<'f>(&self, files: &'f [ScenarioFile]) -> Result<Vec<Timeline<'f>>, Failure> {
        let store = self.store();
        let timeline = |file| {
            let recorded = store.scenario(&id(file)?).map_err(|error| Failure::store(&error))?;
            Ok(Timeline::new(file, recorded))
        };
        files.iter().map(timeline).collect()
    }

    pub(super) fn store(&self) -> Store {
        Store::open(self.snapshots.clone())
    }
}

/// The folder of a scenario's snapshots.
pub(super) fn id(file: &ScenarioFile) -> Result<ScenarioId, Failure> {
    file.id().parse().map_err(|error: NameError| Failure::usage(error.to_string(), "rename the file"))
}

/// Which clusters.
#[derive(Debug, Clone, Args)]
pub(super) struct Clusters {
    /// Clusters to run on, separated by commas: `embedded:v1.36` (a model of the API server inside this program),
    /// `local:v1.36` (a real control plane as processes on this machine), `local:v1.22..v1.37` (one of every minor of a
    /// range), `local:all` (one of every minor that is installed; `embedded` likewise), `kind:v1.32` (a cluster that kind
    /// makes, of the newest release without a version), `kind:NAME` (one of kind that is there), `context:NAME` (a context
    /// of your kubeconfig). Nothing else is ever touched. As many at once as memory and processors allow. Without it, what
    /// the environment variable `REHEARSAL_CLUSTER` names; `run` then takes `embedded`, of the newest release.
    #[arg(long = "cluster", value_name = "CLUSTER", value_delimiter = ',')]
    sets: Vec<ClusterSet>,
    #[command(flatten)]
    images: KindImages,
}

/// Which images clusters of kind are made of.
#[derive(Debug, Clone, Args)]
pub(super) struct KindImages {
    /// Node images for `--cluster kind:vX.Y`, separated by commas: IMAGE:vX.Y.Z, or vX.Y.Z=IMAGE where the tag is another
    /// one. Without it, what the environment variable `REHEARSAL_NODE_IMAGE` names, and else what kind published.
    #[arg(long = "node-image", value_name = "IMAGE", value_delimiter = ',')]
    nodes: Vec<NodeImage>,
    /// Images of the container engine that are loaded into clusters of kind, separated by commas, for Pods of scenarios.
    /// Without it, what the environment variable `REHEARSAL_LOAD_IMAGE` names.
    #[arg(long = "load-image", value_name = "IMAGE", value_delimiter = ',')]
    loaded: Vec<String>,
}

impl KindImages {
    /// The images that are named, here or by the environment.
    pub(super) fn named(&self, environment: &Environment) -> Result<Images, SpecError> {
        let mut images = environment.images()?;
        if !self.nodes.is_empty() {
            images.nodes.clone_from(&self.nodes);
        }
        if !self.loaded.is_empty() {
            images.loaded.clone_from(&self.loaded);
        }
        Ok(images)
    }
}

impl Clusters {
    /// The clusters that are named, here or by the environment, else the newest embedded one. None outside of this program
    /// is ever chosen that is not named.
    pub(super) fn named_or_embedded(&self, environment: &Environment) -> Result<Vec<ClusterSpec>, Failure> {
        let named = self.named_if_any(environment)?;
        Ok(if named.is_empty() { vec![ClusterSpec::Embedded(Release::Newest)] } else { named })
    }

    /// The clusters that are named, of which snapshots may come: from a model none does.
    pub(super) fn real(&self, environment: &Environment) -> Result<Vec<ClusterSpec>, Failure> {
        let named = self.named_if_any(environment)?;
        if named.is_empty() {
            return Err(Failure::usage("no cluster is named", NAME_ONE));
        }
        match named.iter().find(|spec| spec.is_embedded()) {
            Some(spec) => Err(Failure::usage(
                format!("nothing is recorded on {spec}: snapshots come from real control planes"),
                "record on one, as in `--cluster local:v1.36`; what a model answers is held against that",
            )),
            None => Ok(named),
        }
    }

    fn named_if_any(&self, environment: &Environment) -> Result<Vec<ClusterSpec>, Failure> {
        let sets = if self.sets.is_empty() {
            environment.clusters().map_err(|error| wrong(&error))?
        } else {
            self.sets.clone()
        };
        cluster::named(&sets).map_err(|error| Failure::could_not_run(&error))
    }

    /// The images for those of kind.
    pub(super) fn images(&self, environment: &Environment) -> Result<Images, Failure> {
        let wrong = |error: SpecError| Failure::usage(format!("REHEARSAL_NODE_IMAGE: {error}"), "or use --node-image");
        self.images.named(environment).map_err(wrong)
    }
}

fn wrong(error: &SpecError) -> Failure {
    Failure::usage(format!("REHEARSAL_CLUSTER: {error}"), NAME_ONE)
}

const NAME_ONE: &str = "as in `--cluster local:v1.36` or `--cluster context:NAME`; `rehearsal cluster list` says which \
                        control planes are installed, `kubectl config get-contexts` which contexts there are";

/// Reads `30s`, `500ms` or `2m` on the command line.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = crate::syntax::parse_duration(text).filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| "write a whole number and its unit: 500ms, 12s or 1m".to_owned())
}
