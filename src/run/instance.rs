//! One scenario on one cluster: its Namespace, its steps in order, and what it made taken away again whatever happens.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use tokio::sync::{RwLock, watch};

use super::commands::Place;
use super::outcome::{ScenarioOutcome, Status, Trouble};
use super::own::Own;
use super::recording::{Recording, subject};
use super::remembered::Remembered;
use super::sent::Sent;
use super::step::Stage;
use super::suite::Settings;
use crate::action::CommandError;
use crate::cluster::{Cluster, RUN_LABEL};
use crate::observe::{Known, Observer};
use crate::plan::{self, Plan, Planned, Renamed};
use crate::scenario::ScenarioFile;
use crate::snapshot::{Entry, NameError, Recorded, ScenarioId, Series, Store, Text};
use crate::syntax::Diagnostics;
use crate::version::Version;

/// A scenario about to be run on a cluster.
pub(super) struct Instance<'a> {
    pub(super) file: &'a ScenarioFile,
    pub(super) cluster: &'a Cluster,
    pub(super) label: &'a str,
    pub(super) store: &'a Store,
    pub(super) remembered: &'a Remembered,
    pub(super) settings: &'a Settings,
    /// How many runs of the scenario the cluster has seen before this one.
    pub(super) before: usize,
}

impl<'a> Instance<'a> {
    /// Runs it to its end. Never fails: what could not be done is part of the outcome.
    pub(super) async fn run(
        &self,
        alone: &RwLock<()>,
        interrupted: watch::Receiver<bool>,
        started: impl FnOnce(),
    ) -> ScenarioOutcome {
        let mut outcome = self.outcome();
        let cluster = self.cluster;
        let rungs: Vec<Version> = cluster.rungs().cloned().collect();
        let (version, has, setup) = (cluster.version(), cluster.capabilities(), cluster.setup());
        let on = plan::Cluster { version, has, setup, rungs: &rungs };
        match Planned::of(self.file, &on, || self.renamed()) {
            Err(mistakes) => outcome.trouble.push(Trouble::new(mistakes.render(false))),
            Ok(Planned::Skip { reason }) => outcome.skipped = Some(reason),
            Ok(Planned::Run(plan)) => {
                // Held to the end of this scenario, clean-up included.
                let (_shared, _exclusive);
                if plan.scenario.alone {
                    _exclusive = alone.write().await;
                } else {
                    _shared = alone.read().await;
                }
                if *interrupted.borrow() {
                    outcome.trouble.push(Trouble::new("interrupted before it began"));
                    return outcome;
                }
                started();
                let start = Instant::now();
                self.play(&plan, interrupted, &mut outcome).await;
                outcome.took = start.elapsed();
            }
        }
        outcome
    }

    fn outcome(&self) -> ScenarioOutcome {
        ScenarioOutcome {
            setup: Some(self.cluster.setup()).filter(|setup| !setup.is_default()).map(ToString::to_string),
            ..ScenarioOutcome::not_run(self.file, self.label, self.cluster.version().clone())
        }
    }

    async fn play(&self, plan: &Plan, interrupted: watch::Receiver<bool>, outcome: &mut ScenarioOutcome) {
        let recorded = match self.recorded() {
            Ok(recorded) => recorded,
            Err(trouble) => return outcome.trouble.push(trouble),
        };
        let namespace = namespace(plan);
        let sent = Sent::new(namespace.as_deref(), plan.names.suffix(), self.settings.bodies);
        let own = match Own::new(self.cluster, self.settings.timeout, &sent) {
            Ok(own) => own,
            Err(trouble) => return outcome.trouble.push(trouble),
        };
        let place = match self.place(plan).await {
            Ok(place) => place,
            Err(error) => return outcome.trouble.push(Trouble::from_error(&error)),
        };
        let observer = Observer::new(self.known(plan, place.as_ref()));
        let mut stage = Stage::new(self, plan, &recorded, observer, &sent, place.as_ref(), interrupted.clone());

        // What was made is taken away also after a mistake of our own.
        let steps = AssertUnwindSafe(steps(plan, &own, &mut stage, interrupted, outcome)).catch_unwind().await;
        if steps.is_err() {
            outcome.trouble.push(Trouble {
                message: "rehearsal itself failed in this scenario; what it says of that is on standard error"
                    .to_owned(),
                help: Some("this is a mistake in rehearsal: please report it, with the scenario".to_owned()),
            });
        }
        if place.is_some()
            && !self.cluster.is_private()
            && let Err(trouble) = own.find_what_commands_made().await
        {
            outcome.trouble.push(stage.presentable(trouble));
        }
        if self.settings.keep && !self.cluster.is_embedded() {
            outcome.kept = sent.made();
        } else if !self.cluster.is_private() {
            // What a cluster of its own holds goes with it.
            let (left, troubles) = own.clean_up().await;
            outcome.kept = left;
            outcome.trouble.extend(troubles.into_iter().map(|trouble| stage.presentable(trouble)));
        }
        if self.cluster.is_embedded() {
            // It ends with the run, and what it shows is held against snapshots and never becomes one.
            outcome.kept.clear();
            outcome.skip_what_is_not_modelled();
        } else if steps.unwrap_or(false) && outcome.status() != Status::Broken {
            let (texts, answered) = stage.into_texts();
            outcome.recording = self.recording(texts, answered);
        }
    }

    /// Where its commands run, if it has any.
    async fn place(&self, plan: &Plan) -> Result<Option<Place<'a>>, CommandError> {
        if !plan.scenario.runs_commands() {
            return Ok(None);
        }
        Place::prepare(self.cluster, self.file, plan).await.map(Some)
    }

    /// The scenario with the names of this run: on a model those that it has on the others too.
    fn renamed(&self) -> Result<Renamed, Diagnostics> {
        if self.cluster.is_embedded() {
            self.remembered.renamed(self.file, self.before)
        } else {
            Renamed::draw(self.file)
        }
    }

    /// What was recorded of this scenario.
    fn recorded(&self) -> Result<Arc<Recorded>, Trouble> {
        let id: ScenarioId = self.file.id().parse().map_err(|error: NameError| Trouble::new(error.to_string()))?;
        let recorded = if self.cluster.is_embedded() {
            self.remembered.recorded(&id, self.store)
        } else {
            self.store.scenario(&id).map(Arc::new)
        };
        recorded.map_err(|error| Trouble::new(error.to_string()))
    }

    fn recording(&self, texts: BTreeMap<Series, Text>, answered: BTreeMap<Series, Version>) -> Option<Recording> {
        let (origin, version) = (self.cluster.origin(), self.cluster.version());
        let plan = plan::digest(&self.file.scenario, version, self.cluster.capabilities());
        let entry =
            Entry { cluster: origin.kind.to_owned(), etcd: origin.etcd.clone(), plan: plan.parse().ok()?, answered };
        Some(Recording { subject: subject(self.file)?, version: version.clone(), entry, texts })
    }

    fn known(&self, plan: &Plan, place: Option<&Place<'_>>) -> Known {
        let facts = self.cluster.facts();
        Known {
            suffix: plan.names.suffix().to_owned(),
            namespace: self.file.scenario.namespace.clone(),
            issuer: facts.issuer.clone(),
            audience: facts.audience.clone(),
            server: self.cluster.server().map(str::to_owned),
            folder: place.map(Place::folder),
            nodes: facts.nodes.clone(),
            written: self.remembered.written(self.file),
            own_labels: vec![RUN_LABEL.to_owned()],
        }
    }
}

/// The Namespace that is made first. What commands make is marked by nobody: of a scenario with commands and without a
/// Namespace, an empty one says to `cluster gc` which suffix was a run's.
fn namespace(plan: &Plan) -> Option<String> {
    let marker = || plan.scenario.runs_commands().then(|| format!("rehearsal{}", plan.names.suffix()));
    plan.scenario.namespace.clone().or_else(marker)
}

/// The Namespace and the steps in order; whether all of them ran.
async fn steps(
    plan: &Plan,
    own: &Own<'_>,
    stage: &mut Stage<'_>,
    mut interrupted: watch::Receiver<bool>,
    outcome: &mut ScenarioOutcome,
) -> bool {
    let mut goes_on = true;
    if let Some(namespace) = namespace(plan)
        && let Err(trouble) = own.create_namespace(&namespace, plan.names.run(), &mut interrupted).await
    {
        outcome.trouble.push(stage.presentable(trouble));
        goes_on = false;
    }
    stage.steps(0..plan.scenario.steps.len(), goes_on, &mut outcome.steps).await
}
