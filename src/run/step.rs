//! One step: attempts until its condition holds. What the last answer means is decided in `judge`.
//!
//! An attempt that is thrown away leaves no trace: the identities its answer showed are committed for the last one only,
//! or the number of attempts would show in a snapshot.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::time::Duration;

use rehearsal_model::{NOT_MODELLED, NOT_MODELLED_PHRASE};
use serde_json::json;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, timeout_at};

use super::api::StepApi;
use super::attempt::Attempt;
use super::commands::{Place, StepCommands};
use super::instance::Instance;
use super::outcome::Trouble;
use super::repeated::Repeated;
use super::sent::Sent;
use super::sequence::Tried;
use super::settling::{Settled, Settling};
use super::suite::Settings;
use crate::action::{Answers, Backoff, Nothing, Pace, Reply, StepCx};
use crate::cluster::{Cluster, Watch};
use crate::observe::Observer;
use crate::plan::Plan;
use crate::scenario::Step;
use crate::snapshot::{Recorded, Series, Text};
use crate::syntax::{Scope, TemplateError};
use crate::version::Version;

/// Where the steps of one scenario run: the cluster, the variables so far, and the identities seen.
pub(super) struct Stage<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) plan: &'a Plan,
    pub(super) settings: &'a Settings,
    pub(super) recorded: &'a Recorded,
    pub(super) sent: &'a Sent,
    place: Option<&'a Place<'a>>,
    pub(super) interrupted: watch::Receiver<bool>,
    pub(super) observer: Observer,
    pub(super) scope: Scope,
    pub(super) repeated: Repeated,
    /// When each named step had its answer, for `from`.
    pub(super) ended: HashMap<String, Instant>,
    /// What each snapshotted step showed.
    pub(super) texts: BTreeMap<Series, Text>,
    /// Those of them that another version answered than the scenario began with.
    pub(super) answered: BTreeMap<Series, Version>,
    /// Tokens of `as: {serviceAccount: ..}`, by Namespace and name.
    pub(super) tokens: Mutex<HashMap<(String, String), String>>,
}

/// The longest that a watch is trusted to tell of a change.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How the attempts at a step ended.
pub(super) enum Ended {
    /// With an answer that satisfies what the step waits for.
    Satisfied(Attempt),
    /// With an answer that does not, and why.
    Unmet(Attempt, String),
    /// Before its time, because a step during it failed; with what had come by then, if anything had.
    Stopped(Option<Attempt>),
    /// Without an answer.
    Broken(Trouble),
}

/// What the time of a step counts from, and how long it is.
pub(super) struct Times {
    pub(super) start: Instant,
    /// When the step of `from` ended; without one its own start.
    from: Instant,
    within: Duration,
}

impl Times {
    /// Until when an action is waited for that is waited for since `start`.
    pub(super) fn latest(&self, step: &Step, start: Instant) -> Instant {
        match (&step.frame.holds, &step.frame.from) {
            (Some(holds), _) => start + holds.time,
            (None, Some(_)) => self.end(),
            (None, None) => start + self.within,
        }
    }

    fn end(&self) -> Instant {
        self.from + self.within
    }
}

/// What an answer means for a step that waits.
pub(super) enum Waiting {
    /// It is the one.
    Over,
    /// Not yet, and why.
    Goes(String),
    /// It can no longer come.
    Failed(String),
}

/// The attempts.
impl<'a> Stage<'a> {
    pub(super) fn new(
        instance: &Instance<'a>,
        plan: &'a Plan,
        recorded: &'a Recorded,
        observer: Observer,
        sent: &'a Sent,
        place: Option<&'a Place<'a>>,
        interrupted: watch::Receiver<bool>,
    ) -> Self {
        let Instance { cluster, settings, .. } = *instance;
        let facts = cluster.facts();
        let mut scope = Scope::new();
        scope.set("cluster", json!({"issuer": facts.issuer, "audience": facts.audience, "server": cluster.server()}));
        Self {
            cluster,
            plan,
            settings,
            recorded,
            sent,
            place,
            interrupted,
            observer,
            scope,
            repeated: Repeated::default(),
            ended: HashMap::new(),
            texts: BTreeMap::new(),
            answered: BTreeMap::new(),
            tokens: Mutex::default(),
        }
    }

    /// Trouble in words that may be shown.
    pub(super) fn presentable(&self, trouble: Trouble) -> Trouble {
        let show = |text: String| self.observer.presentable(&text);
        Trouble { message: show(trouble.message), help: trouble.help.map(show) }
    }

    /// What the snapshotted steps showed, and which of them another version answered than the scenario began with.
    pub(super) fn into_texts(self) -> (BTreeMap<Series, Text>, BTreeMap<Series, Version>) {
        (self.texts, self.answered)
    }

    /// Tries a step until its condition holds.
    pub(super) async fn attempts(
        &mut self,
        step: &Step,
        start: Instant,
        inside: Range<usize>,
        tried: &mut Tried,
    ) -> Ended {
        let timeout = self.timeout(step);
        let lasting = step.frame.holds.as_ref().map(|holds| holds.time + timeout);
        let within = step.frame.within.or(lasting).unwrap_or(timeout);
        let from = match &step.frame.from {
            None => start,
            Some((name, _)) => self.ended.get(name).copied().unwrap_or(start),
        };
        let times = Times { start, from, within };
        // `within` counted from another step is the scenario's own promise about time, not the server's.
        if start > times.end() {
            let late = start.duration_since(from).as_secs_f64();
            return Ended::Broken(Trouble::new(format!(
                "it began {late:.1} s after the step it counts from: too late to tell"
            )));
        }
        if step.action.waits_itself() {
            return self.open(step, &times, inside, tried).await;
        }
        // What holds is looked at once more when its time is over; nothing has to change for that.
        let latest = times.latest(step, start);
        let mut settling = step.frame.settle.map(Settling::new);
        let mut pauses = Backoff::new(self.pace(), Duration::MAX);
        loop {
            tried.attempts += 1;
            let _ = self.sent.take_requests();
            let mut attempt = match self.attempt(step).await {
                Ok(attempt) => attempt,
                Err(trouble) => return Ended::Broken(trouble),
            };
            let waiting = waits(step, &mut attempt.scope, start);
            let settled = settling.as_mut().map_or(Settled::Yes, |settling| match waiting {
                Waiting::Over => settling.look(self.observed(step, &attempt).observation.text, Instant::now()),
                _ => settling.forget(),
            });
            let (why, rest) = match (waiting, settled) {
                (Waiting::Over, Settled::Yes) if is_late(step, &times) => return Ended::Broken(too_late(&times)),
                (Waiting::Over, Settled::Yes) => return Ended::Satisfied(attempt),
                (Waiting::Over, Settled::NotYet { left, why }) => (why, Some(left)),
                (Waiting::Failed(why), _) => return Ended::Unmet(attempt, why),
                (Waiting::Goes(why), _) => (why, None),
            };
            let is_resting = rest.is_some();
            let pause = rest.or_else(|| pauses.next()).unwrap_or_default();
            if Instant::now() + pause >= times.end() {
                return Ended::Unmet(attempt, why);
            }
            if let Err(trouble) = self.pause(step, &attempt, pause, latest, is_resting).await {
                return Ended::Broken(trouble);
            }
        }
    }

    /// One attempt: the identity, the action, its answer.
    async fn attempt(&self, step: &Step) -> Result<Attempt, Trouble> {
        let mut interrupted = self.interrupted.clone();
        let deadline = Instant::now() + self.timeout(step);
        let run = async {
            let prepared = self.prepared(step).await?;
            let cx = prepared.cx(self.plan, &self.scope, self.timeout(step));
            step.action.run(&cx).await.map_err(|error| Trouble::from_error(&error))
        };
        let reply = tokio::select! {
            reply = timeout_at(deadline, run) => reply,
            _ = interrupted.wait_for(|is| *is) => return Err(Trouble::new("interrupted")),
        };
        match reply {
            Ok(reply) => self.answered(reply?),
            Err(_) => Err(self.timed_out(step)),
        }
    }

    /// What a reply answers; none that says that a model does not know what a command asked of it.
    pub(super) fn answered(&self, reply: Reply) -> Result<Attempt, Trouble> {
        if let Reply::Process(output) = &reply
            && self.cluster.is_embedded()
            && let Some(line) = [&output.stderr, &output.stdout].into_iter().find_map(|said| not_modelled(said))
        {
            return Err(self.presentable(Trouble::new(line)));
        }
        Ok(Attempt::new(reply, &self.scope))
    }

    pub(super) fn timed_out(&self, step: &Step) -> Trouble {
        let within = self.timeout(step);
        match self.sent.take_under_way() {
            Some(request) => Trouble::no_answer(&request, within),
            None => Trouble {
                message: match step.action.answers_with() {
                    Answers::Exchange => format!("not done within {} s", within.as_secs_f64()),
                    Answers::Output => {
                        format!("the command did not end within {} s, and was ended", within.as_secs_f64())
                    }
                },
                help: Some("a step that may take longer says `timeout: 2m`".to_owned()),
            },
        }
    }

    pub(super) fn timeout(&self, step: &Step) -> Duration {
        step.frame.timeout.unwrap_or(self.settings.timeout.max(step.action.patience()))
    }

    pub(super) async fn prepared(&self, step: &Step) -> Result<Prepared<'a>, Trouble> {
        let identity = self.identity(step).await?;
        let session = self.cluster.session(&identity).map_err(|error| Trouble::from_error(&error))?;
        let query = step.frame.query.iter().map(|(name, value)| Ok((name.clone(), value.resolve(&self.scope)?)));
        let query: Result<_, TemplateError> = query.collect();
        let query = query.map_err(|error| Trouble::new(format!("`query`: {error}")))?;
        let commands = StepCommands { place: self.place, identity };
        Ok(Prepared {
            api: StepApi::new(self.cluster, session, &self.plan.scenario.cluster, self.sent),
            commands,
            query,
            pace: self.pace(),
        })
    }

    /// How a step looks again where it waits.
    fn pace(&self) -> Pace {
        if self.cluster.clock().leaps() { Pace::LEAPING } else { Pace::WAITING }
    }

    /// Waits before the next attempt: quick tries while an informer is some milliseconds behind, then until what the
    /// step reads changes; but only so long where it is to stay the same.
    async fn pause(
        &self,
        step: &Step,
        attempt: &Attempt,
        pause: Duration,
        end: Instant,
        is_resting: bool,
    ) -> Result<(), Trouble> {
        let mut interrupted = self.interrupted.clone();
        let wait = async {
            let watch = if is_resting || pause < self.pace().longest { None } else { self.watch(step, attempt).await };
            tokio::time::sleep(pause).await;
            if let Some(mut watch) = watch {
                // Whatever comes, a change, an error or the end of the watch: it is time to look again.
                let _ = timeout_at(end.min(Instant::now() + LOOK_AGAIN), watch.next()).await;
            }
        };
        tokio::select! {
            // A server that hangs must not be waited for longer than the step's condition is.
            _ = timeout_at(end, wait) => Ok(()),
            _ = interrupted.wait_for(|is| *is) => Err(Trouble::new("interrupted")),
        }
    }

    /// A watch on what the step reads, from the answer on; none where there is nothing to be watched.
    async fn watch(&self, step: &Step, attempt: &Attempt) -> Option<Watch> {
        let since = attempt.answer.body()["metadata"]["resourceVersion"].as_str()?;
        let prepared = self.prepared(step).await.ok()?;
        let cx = prepared.cx(self.plan, &self.scope, self.timeout(step));
        let watched = step.action.watched(&cx).await.ok()??;
        let selector = match &watched.query[..] {
            [] => "",
            [(name, selector)] if name == "fieldSelector" => selector,
            _ => return None,
        };
        prepared.api.watch(&watched.path, selector, since).await.ok()
    }
}

/// A step about to be tried: who asks, and what it adds to the query.
pub(super) struct Prepared<'a> {
    api: StepApi<'a>,
    commands: StepCommands<'a>,
    query: Vec<(String, String)>,
    pace: Pace,
}

impl Prepared<'_> {
    pub(super) fn cx<'c>(&'c self, plan: &'c Plan, scope: &'c Scope, timeout: Duration) -> StepCx<'c> {
        StepCx {
            api: &self.api,
            commands: &self.commands,
            scope,
            namespace: plan.scenario.namespace.as_deref(),
            suffix: plan.names.suffix(),
            query: &self.query,
            // A little less than the step has, so that it can say what it waited for in vain.
            patience: timeout.mul_f64(0.9),
            pace: self.pace,
            during: &Nothing,
            enough: &|_| true,
        }
    }
}

/// Whether a step that only counts from another one has its answer after its time.
pub(super) fn is_late(step: &Step, times: &Times) -> bool {
    step.frame.from.is_some() && step.until().is_none() && step.frame.holds.is_none() && Instant::now() > times.end()
}

/// What is to be said of it.
pub(super) fn too_late(times: &Times) -> Trouble {
    let late = times.from.elapsed().as_secs_f64();
    Trouble::new(format!("its answer came {late:.1} s after the step it counts from: too late to tell"))
}

/// The line that says so, without what kubectl puts before the message of any Status.
fn not_modelled(said: &str) -> Option<&str> {
    let line = said.lines().find(|line| line.contains(NOT_MODELLED_PHRASE))?;
    Some(line.split_once(&format!("({NOT_MODELLED}): ")).map_or(line, |(_, message)| message).trim())
}

/// Takes the step's captures from an answer and says whether it is the one that is waited for.
pub(super) fn waits(step: &Step, own: &mut Scope, start: Instant) -> Waiting {
    let until = step.until();
    for capture in &step.frame.set {
        let name = capture.name.as_str();
        match capture.value.evaluate(own) {
            Ok(value) => own.set(name, value),
            // A key that is not there yet is what waiting is for; without a condition there is nothing to wait for.
            Err(error) if until.is_some() => return Waiting::Goes(format!("`set: {name}` has no value yet: {error}")),
            Err(error) => return Waiting::Failed(format!("`set: {name}` has no value: {error}")),
        }
    }
    if let Some(until) = until {
        return match until.is_true(own) {
            Ok(true) => Waiting::Over,
            Ok(false) => Waiting::Goes(format!("`until: {}` was not reached", until.text())),
            Err(error) => Waiting::Goes(format!("`until: {}` was not reached: {error}", until.text())),
        };
    }
    let Some(lasting) = &step.frame.holds else { return Waiting::Over };
    let after = start.elapsed();
    let why = match lasting.condition.is_true(own) {
        Ok(true) if after >= lasting.time => return Waiting::Over,
        Ok(true) => return Waiting::Goes(String::new()),
        Ok(false) => String::new(),
        Err(error) => format!(": {error}"),
    };
    Waiting::Failed(format!(
        "`holds: {}` ceased to hold after {:.1} s{why}",
        lasting.condition.text(),
        after.as_secs_f64()
    ))
}
