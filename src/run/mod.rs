//! The only stage that talks to a cluster: steps in order, attempts until a condition holds, clean-up whatever happens.
//!
//! A wrong answer is data in an outcome; only what could not be done is trouble.

mod api;
mod attempt;
mod commands;
mod compare;
mod event;
mod going;
mod identity;
mod instance;
mod judge;
mod open;
mod outcome;
mod own;
mod recording;
mod remembered;
mod repeat;
mod repeated;
mod sent;
mod sequence;
mod settling;
mod setups;
mod step;
mod suite;
mod watched;

pub use event::{Event, Summary};
pub use outcome::{ScenarioOutcome, Status, StepOutcome, Trouble, Unmet, Verdict};
pub use recording::{Recording, subject};
pub use repeat::Runs;
pub use suite::{Emit, Finished, Settings, Suite, SuiteError};
