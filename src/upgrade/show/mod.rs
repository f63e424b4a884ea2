//! A report of a rehearsal, shown.

mod html;
mod human;
mod json;
mod markdown;

use std::collections::BTreeMap;

use super::report::Report;

pub use html::html;
pub use human::human;
pub use json::json;
pub use markdown::markdown;

/// What is not rehearsed, by the reason.
fn left_out(report: &Report) -> Vec<(&str, Vec<&str>)> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for left in &report.left_out {
        reasons.entry(&left.why).or_default().push(&left.object);
    }
    reasons.into_iter().collect()
}

#[cfg(test)]
mod tests;
