//! A user's own manifests rehearsed through an upgrade: applied to the old version, then the control plane is upgraded one
//! minor at a time, and each object is looked at before and after. Knows clusters and YAML, and nothing of scenarios.
//!
//! ```text
//! files -manifests-> Manifest -order, apply-> cluster -look-> Look, Look -findings-> Report -human, json, markdown-> text
//! ```

mod clean;
mod discreet;
mod manifests;

pub use manifests::{Input, LeftOut, Manifest, read};
