//! What is to be seen of an object on one version.

use std::collections::BTreeSet;

use serde_json::Value;

use super::refusal::Refusal;
use crate::version::Version;

/// All objects of one version at one time.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// The version that answered.
    pub(super) version: Version,
    /// What is to be seen of each object, in the order of the manifests.
    pub(super) objects: Vec<Seen>,
}

/// What is to be seen of one object.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    /// Whether its `apiVersion` and kind are served.
    pub(super) served: bool,
    /// The object under each group-version that it can be read in, its own first.
    pub(super) homes: Vec<Home>,
    /// What comes of its manifest; nothing where its kind is not served.
    pub(super) tried: Option<Tried>,
    /// What a rollout makes: the names of `ReplicaSets`, or the revisions of Pods.
    pub(super) revisions: BTreeSet<String>,
}

/// A group-version that serves the kind of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Home {
    /// Which.
    pub(super) api_version: String,
    /// The object there.
    pub(super) stored: Stored,
    /// Whether the manifest is taken with nothing but this as its `apiVersion`; not asked where its own is served.
    pub(super) fits: Option<Result<(), Refusal>>,
}

/// An object as a server shows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stored {
    /// It is there: without its status, what changes by itself, and the values of Secrets.
    There(Value),
    /// It is not there.
    Missing,
    /// It cannot be read.
    Unreadable(Refusal),
}

/// What comes of a manifest, tried without keeping it (`dryRun=All`).
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tried {
    /// Why it cannot be created, if it were not there.
    pub(super) create: Option<Refusal>,
    /// Why it cannot be applied to what is there.
    pub(super) apply: Option<Refusal>,
    /// Why a Pod of its template cannot be created, where it has one.
    pub(super) pods: Option<Refusal>,
    /// What the server warns of, each once.
    pub(super) warnings: Vec<String>,
    /// What the object becomes by applying it again.
    pub(super) becomes: Option<Value>,
    /// The webhooks that are asked about it and have no answer. All else is what came without them.
    pub(super) silent: BTreeSet<String>,
}

impl Seen {
    /// The object under a group-version.
    pub(super) fn stored(&self, api_version: &str) -> Option<&Stored> {
        self.homes.iter().find(|home| home.api_version == api_version).map(|home| &home.stored)
    }

    /// The object under the first group-version that shows it.
    pub(super) fn shown(&self) -> Option<&Value> {
        self.homes.iter().find_map(|home| match &home.stored {
            Stored::There(object) => Some(object),
            _ => None,
        })
    }
}
