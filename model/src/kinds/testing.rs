//! What tests of kinds and fields share.

use std::collections::BTreeMap;

use crate::profile::{Profile, releases};

/// A minor as it is by default.
pub(crate) fn profile(minor: u32) -> Profile {
    let release = releases().iter().find(|release| release.minor == minor).unwrap();
    Profile::new(*release, &BTreeMap::new(), &BTreeMap::new(), &BTreeMap::new()).unwrap()
}
