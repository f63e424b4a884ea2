//! Rehearse a Kubernetes upgrade: behaviour as YAML scenarios, executed step by step on a cluster and held by snapshots
//! that say since which Kubernetes version they hold.
//!
//! The whole program on one line, and the order in which modules may import each other:
//!
//! ```text
//! scenario file -parse-> Scenario -plan-> Plan -run-> Reply -observe-> Observation -compare-> Verdict -> report
//! ```

pub mod action;
pub mod atlas;
pub mod capability;
pub mod cli;
pub mod cluster;
pub mod comparison;
pub mod explore;
pub mod harness;
mod html;
mod markdown;
mod path;
pub mod plan;
pub mod reference;
pub mod report;
pub mod run;
pub mod scenario;
pub mod schema;
pub mod shape;
pub mod shard;
mod stop;
pub mod timeline;
pub mod upgrade;

pub use rehearsal_core::{guard, observe, reply, snapshot, syntax, topic, version};

use rehearsal_core::suffix;
