//! An exploration: sequences on two clusters, several at once, and what is made of a difference.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::call::Call;
use super::difference::{Difference, differences, parts};
use super::error::ExploreError;
use super::generate::sequence;
use super::pair::{self, Ground, Pace, Pair};
use super::report::{Found, Report};
use super::shrink::{fewer_calls, shrink};
use crate::cluster::Cluster;

/// How often a difference may prove unsteady before it is no longer looked at.
const PATIENCE: usize = 12;
/// How many sequences in a row may break off for want of an answer.
const BREAKS: usize = 3;

/// What is explored, and how far.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What everything that is drawn comes from.
    pub seed: u64,
    /// How many calls are sent to each side at least, repetitions not counted.
    pub calls: usize,
    /// How many sequences at most.
    pub sequences: usize,
    /// The calls of a sequence.
    pub length: usize,
    /// Sequences at once.
    pub jobs: usize,
    /// How many differences are enough.
    pub max_differences: usize,
    /// How long things may take to settle after a change, where a difference is looked at again.
    pub settling: Duration,
}

/// What is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Calls sent to each side.
    pub calls: usize,
    /// Differences that are certain.
    pub found: usize,
    /// Differences that are being looked at again.
    pub checking: usize,
}

/// Explores two clusters until it is enough, `stop` says so, or one of them fails. What was found until then counts.
pub async fn explore(
    clusters: (&Cluster, &Cluster),
    settings: &Settings,
    stop: &dyn Fn() -> bool,
    hear: &dyn Fn(&Progress),
) -> Report {
    let begun = Instant::now();
    let (left, right) = clusters;
    let ground = Ground { left, right, settling: settings.settling, stop };
    let course = Course { ground, settings, hear, book: RefCell::default() };
    futures_util::future::join_all((0..settings.jobs.max(1)).map(|_| course.work())).await;
    let Book { mut report, .. } = course.book.into_inner();
    report.seed = settings.seed;
    report.took = begun.elapsed();
    report.interrupted = stop();
    report.found.sort_by_key(|found| found.sequence);
    report
}

/// What is known of a difference, by its key.
enum Known {
    /// It is being looked at again; how often it was seen meanwhile.
    Checking(usize),
    /// It is certain, and stands there in the report.
    Found(usize),
    /// The shortest answer that shows another one shows it too: one cause.
    Beside,
    /// It went away so often.
    Unsteady(usize),
}

#[derive(Default)]
struct Book {
    next: usize,
    /// How many sequences have broken off since one was through.
    broken: usize,
    known: BTreeMap<String, Known>,
    report: Report,
}

struct Course<'c> {
    ground: Ground<'c>,
    settings: &'c Settings,
    hear: &'c dyn Fn(&Progress),
    book: RefCell<Book>,
}

/// A sequence that showed a difference: which of its calls, and how.
#[derive(Clone)]
struct Shown {
    calls: Vec<Call>,
    at: usize,
    pair: std::rc::Rc<Pair>,
}

impl Course<'_> {
    async fn work(&self) {
        while let Some(number) = self.next() {
            match self.sequence(number).await {
                Ok(()) => self.book.borrow_mut().broken = 0,
                Err(error) => self.broke_off(error),
            }
        }
    }

    /// A connection that breaks once is no reason to end what takes hours; a cluster that is gone is.
    fn broke_off(&self, error: ExploreError) {
        let book = &mut *self.book.borrow_mut();
        book.broken += 1;
        if error.is_passing() && book.broken < BREAKS {
            *book.report.broken.entry(error.to_string()).or_default() += 1;
        } else {
            book.report.failed.get_or_insert(error);
        }
    }

    fn next(&self) -> Option<usize> {
        let mut book = self.book.borrow_mut();
        let Settings { calls, sequences, max_differences, .. } = self.settings;
        let report = &book.report;
        let is_over = report.calls >= *calls || book.next >= *sequences || report.found.len() >= *max_differences;
        if is_over || report.failed.is_some() || (self.ground.stop)() {
            return None;
        }
        book.next += 1;
        Some(book.next - 1)
    }

    async fn sequence(&self, number: usize) -> Result<(), ExploreError> {
        let calls = sequence(self.settings.seed, number, self.settings.length);
        let pair = self.run(&calls, Pace::Fast).await?;
        {
            let report = &mut self.book.borrow_mut().report;
            report.calls += pair.calls;
            report.sequences += 1;
            for what in &pair.not_modelled {
                *report.not_modelled.entry(what.clone()).or_default() += 1;
            }
        }
        self.tell();
        let mut new = self.take_in(all(&calls, &pair));
        let Some(last) = new.iter().map(|(at, _)| *at).max() else { return Ok(()) };
        let calls = &calls[..=last];
        self.tell();
        let mut sure = self.certain(calls, &mut new).await;
        for (_, difference) in &new {
            if self.is_told(&difference.key()) {
                continue;
            }
            let shown = match &sure {
                Ok(()) => self.shortest(&difference.key(), calls).await,
                Err(_) => Ok(None),
            };
            // What breaks off is looked for again when it is next seen.
            let shown = shown.unwrap_or_else(|error| {
                sure = Err(error);
                None
            });
            // Somebody else may have told it meanwhile.
            if !self.is_told(&difference.key()) {
                self.conclude(difference, number, shown);
            }
        }
        sure
    }

    async fn run(&self, calls: &[Call], pace: Pace) -> Result<Pair, ExploreError> {
        pair::run(self.ground, calls, pace).await
    }

    fn tell(&self) {
        let book = self.book.borrow();
        let checking = book.known.values().filter(|known| matches!(known, Known::Checking(_))).count();
        (self.hear)(&Progress { calls: book.report.calls, found: book.report.found.len(), checking });
    }

    /// Counts what is known, and gives back what is new.
    fn take_in(&self, differences: Vec<(usize, Difference)>) -> Vec<(usize, Difference)> {
        let book = &mut *self.book.borrow_mut();
        let mut new = Vec::new();
        for (at, difference) in differences {
            let key = difference.key();
            match book.known.get_mut(&key) {
                Some(Known::Checking(seen)) => *seen += 1,
                Some(Known::Found(at)) => book.report.found[*at].seen += 1,
                Some(Known::Beside) => {}
                Some(Known::Unsteady(times)) if *times >= PATIENCE => {
                    *times += 1;
                    *book.report.unsteady.entry(key).or_default() += 1;
                }
                Some(Known::Unsteady(_)) | None => {
                    if book.report.found.len() < self.settings.max_differences {
                        book.known.insert(key, Known::Checking(1));
                        new.push((at, difference));
                    }
                }
            }
        }
        new
    }

    /// Looks for differences again, at once and then twice slowly. What is not seen each time is not among them any more.
    async fn certain(&self, calls: &[Call], new: &mut Vec<(usize, Difference)>) -> Result<(), ExploreError> {
        for pace in [Pace::Fast, Pace::Slow, Pace::Slow] {
            if new.is_empty() || (self.ground.stop)() {
                break;
            }
            let pair = self.run(calls, pace).await?;
            let again: BTreeSet<String> = all(calls, &pair).iter().map(|(_, difference)| difference.key()).collect();
            let (steady, gone): (Vec<_>, Vec<_>) =
                std::mem::take(new).into_iter().partition(|(_, one)| again.contains(&one.key()));
            *new = steady;
            for (_, difference) in gone.iter().filter(|(_, gone)| !self.is_told(&gone.key())) {
                self.is_unsteady(&difference.key());
            }
        }
        Ok(())
    }

    fn is_unsteady(&self, key: &str) {
        let book = &mut *self.book.borrow_mut();
        let seen = match book.known.remove(key) {
            Some(Known::Checking(seen)) => seen,
            _ => 1,
        };
        let times = book.report.unsteady.entry(key.to_owned()).or_default();
        *times += seen;
        book.known.insert(key.to_owned(), Known::Unsteady(*times));
    }

    /// Whether a difference was seen beside another one that is in the report.
    fn is_told(&self, key: &str) -> bool {
        matches!(self.book.borrow().known.get(key), Some(Known::Beside))
    }

    fn conclude(&self, difference: &Difference, number: usize, shown: Option<Shown>) {
        let key = difference.key();
        let Some(shown) = shown else { return self.is_unsteady(&key) };
        let book = &mut *self.book.borrow_mut();
        if book.report.found.len() >= self.settings.max_differences {
            // Others that were looked at meanwhile came first.
            return;
        }
        let before = book.report.unsteady.remove(&key).unwrap_or_default();
        let seen = match book.known.insert(key, Known::Found(book.report.found.len())) {
            Some(Known::Checking(seen)) => seen,
            _ => 1,
        };
        let (left, right) = shown.pair.seen[shown.at].clone();
        for beside in differences(&shown.calls[shown.at], &left, &right) {
            if !matches!(book.known.get(&beside.key()), Some(Known::Found(_))) {
                book.report.unsteady.remove(&beside.key());
                book.known.insert(beside.key(), Known::Beside);
            }
        }
        let codes = shown.pair.seen.iter().map(|(left, right)| [left, right].map(|seen| seen["code"].as_u64()));
        book.report.found.push(Found {
            difference: difference.clone(),
            seen: seen + before,
            sequence: number,
            codes: codes.collect(),
            missing: shown.pair.missing.clone(),
            calls: shown.calls,
            at: shown.at,
            left,
            right,
            file: None,
        });
    }

    /// The shortest sequence that shows a difference which this one shows.
    async fn shortest(&self, key: &str, calls: &[Call]) -> Result<Option<Shown>, ExploreError> {
        for pace in [Pace::Fast, Pace::Slow] {
            let Some(mut last) = self.shows(key, calls, pace).await? else { continue };
            last.calls.truncate(last.at + 1);
            let small = shrink(last.calls.clone(), self.trial(key, pace, &RefCell::new(last.clone()))).await?;
            // What was short only because it was quick is shrunk again.
            let Some(sure) = self.shows(key, &small, Pace::Slow).await? else {
                if (self.ground.stop)() {
                    return Ok(Some(last));
                }
                continue;
            };
            let shortest = RefCell::new(sure);
            let small = fewer_calls(small, self.trial(key, Pace::Slow, &shortest)).await?;
            // What only takes one side longer goes away now.
            let patient = self.shows(key, &small, Pace::Patient).await?;
            if patient.is_some() || !(self.ground.stop)() {
                return Ok(patient);
            }
            return Ok(Some(shortest.into_inner()));
        }
        Ok(None)
    }

    /// Whether a sequence shows a difference; the last that does is kept.
    fn trial(
        &self,
        key: &str,
        pace: Pace,
        kept: &RefCell<Shown>,
    ) -> impl AsyncFn(&[Call]) -> Result<bool, ExploreError> {
        async move |calls: &[Call]| {
            let found = self.shows(key, calls, pace).await?;
            let is_found = found.is_some();
            if let Some(found) = found {
                *kept.borrow_mut() = found;
            }
            Ok(is_found)
        }
    }

    async fn shows(&self, key: &str, calls: &[Call], pace: Pace) -> Result<Option<Shown>, ExploreError> {
        if (self.ground.stop)() {
            return Ok(None);
        }
        let pair = self.run(calls, pace).await?;
        let at = all(calls, &pair).into_iter().find(|(_, difference)| difference.key() == key).map(|(at, _)| at);
        Ok(at.map(|at| Shown { calls: calls.to_vec(), at, pair: pair.into() }))
    }
}

/// All differences of a run, until the two sides part.
fn all(calls: &[Call], pair: &Pair) -> Vec<(usize, Difference)> {
    let mut found = Vec::new();
    for (at, (call, (left, right))) in calls.iter().zip(&pair.seen).enumerate() {
        found.extend(differences(call, left, right).into_iter().map(|difference| (at, difference)));
        if parts(call, left, right) {
            break;
        }
    }
    found
}
