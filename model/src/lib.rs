//! A reference model of the Kubernetes API server, inside the process: a client is handed a [`Service`] and no socket.
//!
//! One [`Model`] is one control plane with an empty store: API server, the controllers that its kinds need, and a hollow
//! Node. What it answers is what real control planes of that minor version answered; what it does not know it refuses, with
//! code 501 and the reason [`NOT_MODELLED`], and never guesses.
//!
//! ```text
//! request -> authenticate -> authorize -> route -> decode -> default -> mutate -> validate -> admit -> store -> encode
//! ```
//!
//! Versions are data: `profile` has a row for each feature, with the minor at which it comes, changes or goes and where that
//! is written. Nothing else compares versions.

mod access;
mod answer;
mod api;
mod authn;
mod authz;
mod bootstrap;
mod clock;
mod controllers;
mod discovery;
mod facts;
mod fields;
mod key;
mod kinds;
mod managed;
mod meta;
mod model;
mod modelled;
mod openapi;
mod profile;
mod request;
mod resources;
mod service;
mod serving;
mod status;
mod store;
mod tables;
mod token;
mod user;
mod watching;
mod world;
mod written;

pub use key::{KeyError, SigningKey};
pub use model::{Model, Options, Outline};
pub use profile::{NotModelled, Release, releases};
pub use service::{Body, Peer, Service};
pub use serving::{Identity, ServeError, Serving};

/// The `reason` of the Status that refuses what is not modelled.
pub const NOT_MODELLED: &str = "NotModelled";

/// What the message of such a Status ends with: also what other programs print of it.
pub const NOT_MODELLED_PHRASE: &str = "is not modelled by the embedded control plane";

/// What is modelled, for people: a line each.
pub fn modelled() -> String {
    modelled::text()
}

#[cfg(test)]
mod tests;
