//! The one stream that reports are rendered from.

use std::time::Duration;

use super::outcome::{ScenarioOutcome, Status, StepOutcome, Trouble, Verdict};

/// Something that happened in a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// A cluster is part of the run. Told of all of them in the order in which they were named, before anything else.
    Queued {
        /// The cluster as it was named.
        cluster: &'a str,
    },
    /// A cluster is being waited for; `doing` says what takes the time.
    Opening {
        /// The cluster as it was named.
        cluster: &'a str,
        /// What is being done, such as `starting kube-apiserver`.
        doing: &'a str,
    },
    /// A cluster answered.
    Opened {
        /// The cluster as it was named.
        cluster: &'a str,
        /// What answers, in words: `v1.36.3, real control plane, etcd 3.6.8`.
        what: &'a str,
        /// The ids of the scenarios that will run on it, in order.
        scenarios: &'a [&'a str],
    },
    /// A cluster did not answer; none of its scenarios can run.
    ClusterFailed {
        /// The cluster as it was named.
        cluster: &'a str,
        /// What came back.
        trouble: &'a Trouble,
        /// The ids of the scenarios that were meant for it.
        scenarios: &'a [&'a str],
    },
    /// A scenario began.
    Started {
        /// The scenario's id.
        id: &'a str,
        /// The cluster as it was named.
        cluster: &'a str,
    },
    /// A scenario came to its end.
    Finished(&'a ScenarioOutcome),
    /// Nothing more comes of a cluster.
    Closed {
        /// The cluster as it was named.
        cluster: &'a str,
    },
    /// The run came to its end.
    Summary(&'a Summary),
}

/// How many scenarios came to which end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// All of it held.
    pub passed: usize,
    /// An assertion failed.
    pub failed: usize,
    /// Could not be run to the end.
    pub broken: usize,
    /// Left out, with its reason.
    pub skipped: usize,
    /// Steps that nobody recorded yet.
    pub unrecorded: usize,
    /// From the first cluster asked for to the last clean-up.
    pub took: Duration,
    /// Ctrl-C or SIGTERM ended it early; what was made has been cleaned up.
    pub interrupted: bool,
}

impl Summary {
    /// Counts one more scenario.
    pub fn add(&mut self, outcome: &ScenarioOutcome) {
        match outcome.status() {
            Status::Skipped => self.skipped += 1,
            Status::Passed => self.passed += 1,
            Status::Failed => self.failed += 1,
            Status::Broken => self.broken += 1,
        }
        let unrecorded = |step: &&StepOutcome| matches!(step.verdict, Verdict::Unrecorded { .. });
        self.unrecorded += outcome.steps.iter().filter(unrecorded).count();
    }
}
