//! Rehearse a Kubernetes upgrade: behaviour as YAML scenarios, executed step by step on a cluster and held by snapshots
//! that say since which Kubernetes version they hold.
//!
//! The whole program on one line, and the order in which modules may import each other:
//!
//! ```text
//! scenario file -parse-> Scenario -plan-> Plan -run-> Reply -observe-> Observation -compare-> Verdict -> report
//! ```

pub mod action;
pub mod cli {
    //! The commands: what is asked for on the command line, and what is written for it.

    pub mod review;
}
pub mod cli {
    pub mod cluster;
}
pub mod cluster;
pub mod observe;
pub mod snapshot;
pub mod syntax;
pub mod version;
