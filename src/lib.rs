//! x
#![allow(missing_docs)]
pub mod action;
pub mod capability;
pub mod scenario;
pub mod syntax;
pub mod version;
pub mod cluster {
    mod exchange;
    pub use exchange::{Exchange, Request};
}
