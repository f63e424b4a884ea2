//! What the snapshot store promises: to those who record, to those who review with `cargo insta` or without, and to
//! those whose disk fails.
#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not what they share")]

mod cli;
mod contract;
mod failure;
mod lint;
mod review;
mod store;
mod world;
