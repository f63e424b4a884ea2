//! What Rehearsal exists for, without a cluster: how a scenario is written ([`syntax`]), what is seen of an answer
//! ([`observe`]) and since which version it holds ([`snapshot`], [`version`]).
//!
//! Nothing here runs, waits or talks to anything; the store of snapshots reads and writes its files. A crate of its own so
//! that the compiler holds that, and so that all that reads and writes texts is optimised in the dev profile: `cargo test`
//! looks at thousands of answers.
//!
//! Modules may import each other in this order:
//!
//! ```text
//! topic <- syntax <- observe     (with reply, guard and suffix)
//! topic <- version <- snapshot
//! ```

pub mod guard;
pub mod observe;
pub mod reply;
pub mod snapshot;
pub mod suffix;
pub mod syntax;
pub mod topic;
pub mod version;
