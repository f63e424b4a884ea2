//! A user's own manifests rehearsed through an upgrade: applied to the old version, then the control plane is upgraded one
//! minor at a time, and each object is looked at before and after. Knows clusters and YAML, and nothing of scenarios.
//!
//! ```text
//! files -manifests-> Manifest -order, apply-> cluster -look-> Look, Look -findings-> Report -human, json, markdown, html-> text
//! ```

mod apply;
mod changes;
mod clean;
mod course;
mod discreet;
mod error;
mod finding;
mod findings;
mod gates;
mod look;
mod looking;
mod manifests;
mod order;
mod place;
mod refusal;
mod rehearsal;
mod report;
mod seclusion;
mod served;
mod show;
mod trying;

pub use course::{Course, Event, NoWay, way};
pub use error::RehearsalError;
pub use finding::{Finding, Severity, Topic};
pub use manifests::{Input, LeftOut, Manifest, read};
pub use rehearsal::{Rehearsal, Tell};
pub use report::{End, Looked, Object, Report};
pub use show::{html, human, json, markdown};
