//! `junit`: one XML document at the end of the run, for CI servers. A suite is a cluster, a test case a scenario.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::human::Human;
use super::{Reporter, words};
use crate::run::{Event, ScenarioOutcome, Status, StepOutcome, Trouble};

/// Collects outcomes and writes them as one `JUnit` document.
pub struct Junit<W> {
    out: W,
    show: bool,
    suites: Vec<TestSuite>,
}

impl<W: Write + Send> Junit<W> {
    /// A report that writes to `out`; with `show`, a failure's text has every step with its answer.
    pub fn new(out: W, show: bool) -> Self {
        Self { out, show, suites: Vec::new() }
    }

    fn suite(&mut self, cluster: &str) -> &mut TestSuite {
        let known = self.suites.iter().position(|suite| suite.name.as_str() == cluster);
        let index = known.unwrap_or_else(|| {
            self.suites.push(TestSuite::new(cluster));
            self.suites.len() - 1
        });
        &mut self.suites[index]
    }
}

impl<W: Write + Send> Reporter for Junit<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Queued { .. } | Event::Opening { .. } | Event::Started { .. } | Event::Closed { .. } => {}
            Event::Opened { cluster, what, .. } => {
                self.suite(cluster).add_property(Property::new("kubernetes", what));
            }
            Event::ClusterFailed { cluster, trouble, scenarios } => {
                let suite = self.suite(cluster);
                for id in *scenarios {
                    suite.add_test_case(unreached(cluster, id, trouble));
                }
            }
            Event::Finished(outcome) => {
                let case = case(outcome, self.show);
                let suite = self.suite(&outcome.cluster);
                suite.set_time(suite.time.unwrap_or_default() + outcome.took);
                suite.add_test_case(case);
            }
            Event::Summary(summary) => {
                let mut report = Report::new("rehearsal");
                report.set_time(summary.took);
                report.add_test_suites(std::mem::take(&mut self.suites));
                report.serialize(&mut self.out).map_err(io::Error::other)?;
                self.out.flush()?;
            }
        }
        Ok(())
    }
}

fn case(outcome: &ScenarioOutcome, show: bool) -> TestCase {
    let status = match outcome.status() {
        Status::Passed => TestCaseStatus::success(),
        Status::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(outcome.skipped.as_deref().unwrap_or_default());
            status
        }
        Status::Failed => failure(NonSuccessKind::Failure, outcome, show),
        Status::Broken => failure(NonSuccessKind::Error, outcome, show),
    };
    let mut case = TestCase::new(outcome.id.as_str(), status);
    case.set_classname(outcome.cluster.as_str()).set_time(outcome.took);
    case
}

fn failure(kind: NonSuccessKind, outcome: &ScenarioOutcome, show: bool) -> TestCaseStatus {
    let is_wrong = |step: &&StepOutcome| step.verdict.status() >= Status::Failed;
    let message = match outcome.steps.iter().find(is_wrong) {
        Some(step) => format!("{} {}: {}", step.at, step.label, words::verdict(&step.verdict)),
        None => outcome.trouble.first().map(|trouble| trouble.message.clone()).unwrap_or_default(),
    };
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = Human::new(&mut text, show).event(&Event::Finished(outcome));
    let text = anstream::adapter::strip_bytes(&text).into_vec();
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message).set_description(String::from_utf8_lossy(&text));
    status
}

/// A scenario whose cluster could not be opened.
fn unreached(cluster: &str, id: &str, trouble: &Trouble) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let help = trouble.help.iter().map(|help| format!("\nhelp: {help}"));
    let text: String = std::iter::once(trouble.message.clone()).chain(help).collect();
    status.set_message(trouble.message.as_str()).set_description(text);
    let mut case = TestCase::new(id, status);
    case.set_classname(cluster);
    case
}
