//! One scenario on one cluster: its Namespace, its steps in order, and what it made taken away again whatever happens.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use tokio::sync::{RwLock, watch};

use super::outcome::{ScenarioOutcome, Status, StepOutcome, Trouble, Verdict};
use super::recording::{Recording, subject};
use super::sent::Sent;
use super::step::Stage;
use super::suite::Settings;
use crate::cluster::{Cluster, Exchange, Identity, RUN_LABEL, Request, Session};
use crate::observe::{Known, Observer};
use crate::plan::{Plan, Planned};
use crate::scenario::ScenarioFile;
use crate::snapshot::{Entry, NameError, Recorded, Series, Store, Text};

/// How long clean-up may take: it asks and does not wait, so this is for a server that is gone.
const CLEAN_UP: Duration = Duration::from_secs(10);

/// A scenario about to be run on a cluster.
pub(super) struct Instance<'a> {
    pub(super) file: &'a ScenarioFile,
    pub(super) cluster: &'a Cluster,
    pub(super) label: &'a str,
    pub(super) store: &'a Store,
    pub(super) settings: &'a Settings,
}

impl Instance<'_> {
    /// Runs it to its end. Never fails: what could not be done is part of the outcome.
    pub(super) async fn run(
        &self,
        alone: &RwLock<()>,
        interrupted: watch::Receiver<bool>,
        started: impl FnOnce(),
    ) -> ScenarioOutcome {
        let start = Instant::now();
        let mut outcome = self.outcome();
        match Planned::of(self.file, self.cluster.version(), self.cluster.capabilities()) {
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
                started();
                self.play(&plan, interrupted, &mut outcome).await;
            }
        }
        outcome.took = start.elapsed();
        outcome
    }

    fn outcome(&self) -> ScenarioOutcome {
        ScenarioOutcome {
            id: self.file.id().to_owned(),
            title: self.file.scenario.title.clone(),
            file: self.file.path.to_string(),
            cluster: self.label.to_owned(),
            version: self.cluster.version().clone(),
            took: Duration::ZERO,
            skipped: None,
            steps: Vec::new(),
            trouble: Vec::new(),
            kept: Vec::new(),
            recording: None,
        }
    }

    async fn play(&self, plan: &Plan, interrupted: watch::Receiver<bool>, outcome: &mut ScenarioOutcome) {
        let (recorded, own) = match self.prepared() {
            Ok(prepared) => prepared,
            Err(trouble) => return outcome.trouble.push(trouble),
        };
        let sent = Sent::new(plan.scenario.namespace.as_deref(), plan.names.suffix());
        let observer = Observer::new(self.known(plan));
        let mut stage = Stage::new(self.cluster, plan, self.settings, &recorded, observer, &sent, interrupted);

        let mut goes_on = true;
        if let Some(namespace) = &plan.scenario.namespace
            && let Err(trouble) = self.create_namespace(&own, namespace, plan).await
        {
            outcome.trouble.push(stage.presentable(trouble));
            goes_on = false;
        }
        for (step, left_out) in plan.scenario.steps.iter().zip(&plan.left_out) {
            let finished = match left_out {
                Some(reason) => StepOutcome::without_answer(step, Verdict::LeftOut(reason.clone())),
                None if !goes_on => StepOutcome::without_answer(step, Verdict::NotRun),
                None => stage.step(step).await,
            };
            goes_on &= !finished.verdict.stops();
            outcome.steps.push(finished);
        }
        if self.settings.keep {
            outcome.kept = sent.made();
        } else {
            let troubles = self.clean_up(&own, &sent).await;
            outcome.trouble.extend(troubles.into_iter().map(|trouble| stage.presentable(trouble)));
        }
        if goes_on && outcome.status() != Status::Broken {
            outcome.recording = self.recording(plan, stage.into_texts());
        }
    }

    /// What was recorded of this scenario, and a session as the cluster's own user.
    fn prepared(&self) -> Result<(Recorded, Session), Trouble> {
        let id = self.file.id().parse().map_err(|error: NameError| Trouble::new(error.to_string()))?;
        let recorded = self.store.scenario(&id).map_err(|error| Trouble::new(error.to_string()))?;
        let own = self.cluster.session(&Identity::Own).map_err(|error| Trouble::from_error(&error))?;
        Ok((recorded, own))
    }

    fn recording(&self, plan: &Plan, texts: BTreeMap<Series, Text>) -> Option<Recording> {
        let origin = self.cluster.origin();
        let entry =
            Entry { cluster: origin.kind.to_owned(), etcd: origin.etcd.clone(), plan: plan.digest.parse().ok()? };
        Some(Recording { subject: subject(self.file)?, version: self.cluster.version().clone(), entry, texts })
    }

    fn known(&self, plan: &Plan) -> Known {
        let facts = self.cluster.facts();
        Known {
            suffix: plan.names.suffix().to_owned(),
            namespace: self.file.scenario.namespace.clone(),
            issuer: facts.issuer.clone(),
            audience: facts.audience.clone(),
            server: facts.server.clone(),
            nodes: facts.nodes.clone(),
            written: self.file.strings().collect(),
            own_labels: vec![RUN_LABEL.to_owned()],
        }
    }

    async fn create_namespace(&self, own: &Session, namespace: &str, plan: &Plan) -> Result<(), Trouble> {
        let body = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {RUN_LABEL: plan.names.run()}},
        });
        let doing = format!("creating the scenario's Namespace {namespace}");
        let request = Request::new(Method::POST, "/api/v1/namespaces").body(body);
        succeed(own, request, self.settings.timeout, &doing).await
    }

    /// Takes away what was made, newest first: asks and does not wait, since a Namespace takes five seconds to go.
    async fn clean_up(&self, own: &Session, sent: &Sent) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        for path in sent.made().into_iter().rev() {
            let request = Request::new(Method::DELETE, &path);
            if let Err(mut trouble) = succeed(own, request, CLEAN_UP, &format!("cleaning up {path}")).await {
                trouble.help = Some(format!(
                    "what this run made is left on the cluster: rehearsal cluster gc --cluster {} removes it",
                    self.label
                ));
                troubles.push(trouble);
                // A server that is gone is asked once, not once an object.
                break;
            }
        }
        troubles
    }
}

/// Sends a request of our own that has to succeed; what is gone already needs no deleting.
async fn succeed(session: &Session, request: Request, within: Duration, doing: &str) -> Result<(), Trouble> {
    let is_delete = request.method == Method::DELETE;
    match tokio::time::timeout(within, session.send(request)).await {
        Err(_) => Err(Trouble::new(format!("{doing}: no answer within {} s", within.as_secs()))),
        Ok(Err(error)) => Err(Trouble::from_error(&error).during(doing)),
        Ok(Ok(exchange)) if exchange.is_success() || is_delete && exchange.status == 404 => Ok(()),
        Ok(Ok(exchange)) => Err(Trouble::refused(doing, &exchange)),
    }
}

impl Trouble {
    /// A refusal by the API server.
    pub(super) fn refused(doing: &str, exchange: &Exchange) -> Self {
        let message = exchange.body["message"].as_str().unwrap_or("no Status in the answer");
        let help = match exchange.status {
            401 => Some("the server does not know these credentials: check the user of this context"),
            403 => Some("grant the verb to the user of this context, or use another one"),
            429 | 500..=599 => Some("the server is overloaded or ill: look at its health, then run again"),
            _ => None,
        };
        Self {
            message: format!("{doing}: the server answered {}: {message}", exchange.status),
            help: help.map(str::to_owned),
        }
    }
}
