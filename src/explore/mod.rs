//! Exploring: sequences of API calls that nobody wrote, on two clusters, and what they answer differently.
//!
//! ```text
//! seed -generate-> calls -pair(side, fill, see)-> what was seen -difference-> keys -shrink-> scenario, report
//! ```
//!
//! A sequence is data (`call`) and made before it is run. What is seen of an answer goes through the same observer as
//! snapshots. A difference counts if it shows again when time is taken.

mod call;
mod course;
mod difference;
mod error;
mod fill;
mod generate;
mod kinds;
mod pair;
mod report;
mod scenario;
mod see;
mod shrink;
mod side;

pub use call::{Call, Form, SUFFIX, Verb, Who};
pub use course::{Progress, Settings, explore};
pub use difference::Difference;
pub use error::ExploreError;
pub use generate::sequence;
pub use kinds::Kind;
pub use report::{Found, Report};
pub use scenario::{Sides, write};
