//! Scenarios: the files that hold them, decoded with every mistake found, and the model that a plan is made from.

mod case;
mod cases;
mod digest;
mod expect;
mod fixtures;
mod frame;
mod identity;
mod load;
mod names;
mod read;
mod rewrite;
mod settings;
mod step;
mod steps;
mod unique;
mod upgrades;
mod variables;
mod when;
mod written;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use case::Case;
pub use expect::{ANSWER, Answer, Check, EXPECTATIONS, Mismatch, reads_code};
pub use frame::{Capture, Frame, Holds, MODIFIERS, Selection};
pub use identity::{Certificate, IDENTITIES, Identity, User};
pub use load::{ScenarioFile, load};
pub use names::{CASE, OWN_NAMES, StepName};
pub use read::{FIELDS, shape};
pub use rewrite::Change;
pub use settings::Settings;
pub use step::Step;
pub use unique::holds_word;
pub use when::When;

use serde_json::Value;

use crate::action::Answers;
use crate::capability::Capability;
use crate::syntax::At;
use crate::version::Range;

/// A scenario: one behaviour, step by step.
#[derive(Debug)]
pub struct Scenario {
    /// The file below `scenarios/` without its ending, after a dot the `id` of one document among several, and after
    /// another the key of one of its `cases`: `tokens/pod-bound`.
    pub id: String,
    /// Where it begins.
    pub at: At,
    /// What it says, in one line.
    pub title: String,
    /// What a reader of the atlas should know, in Markdown.
    pub about: Option<String>,
    /// Where the behaviour is described.
    pub source: Option<String>,
    /// Words to choose scenarios by.
    pub tags: Vec<String>,
    /// The versions it says anything about.
    pub kubernetes: Range,
    /// Which of its `cases` it is.
    pub case: Option<Arc<Case>>,
    /// How its cluster has to be set up.
    pub cluster: Settings,
    /// What a cluster must have to run it.
    pub needs: BTreeSet<Capability>,
    /// Whether nothing else may run on the cluster meanwhile.
    pub alone: bool,
    /// The Namespace that is made first, is the default of every step, and is removed last.
    pub namespace: Option<String>,
    /// The other names outside any Namespace that each run gets for itself.
    pub unique: Vec<String>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// What stands in several places, by the name that shapes refer to it with.
pub fn shapes() -> Vec<(&'static str, Value)> {
    vec![
        ("step", Step::shape()),
        ("when", When::shape()),
        ("needs", when::capabilities_shape()),
        ("expectation", Check::shape()),
        ("cluster", Settings::shape()),
    ]
}

impl Scenario {
    /// The words that each run replaces by its own.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.namespace.iter().chain(&self.unique).map(String::as_str)
    }

    /// Which steps run during a step: they stand after it.
    pub fn during(&self, step: usize) -> std::ops::Range<usize> {
        let next = step + 1;
        let is_inside = |other: &&Step| other.depth > self.steps[step].depth;
        next..next + self.steps.iter().skip(next).take_while(is_inside).count()
    }

    /// Whether other programs run in it, which need files, a kubeconfig and time as on the wall.
    pub fn runs_commands(&self) -> bool {
        self.steps.iter().any(|step| step.action.answers_with() == Answers::Output)
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
