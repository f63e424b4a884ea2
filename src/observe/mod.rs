//! x
pub mod guard;
pub mod path;
mod yaml;
