//! What is modelled, in words.

use std::fmt::Write;

use crate::resources::RESOURCES;

/// The kinds, the features with their gates, and the flags.
pub(crate) fn text() -> String {
    let mut text = String::from("kinds:\n");
    for resource in &RESOURCES {
        // Writing into a String does not fail.
        let _ = writeln!(text, "  {} ({})", resource.kind, resource.api_version());
    }
    text
}
