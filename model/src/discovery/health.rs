//! Whether the API server is well. It always is.

use std::fmt::Write;

use super::PLAIN;
use super::served::served;
use crate::answer::Answer;
use crate::profile::Profile;
use crate::request::Query;

/// The answer to `/healthz`, `/livez` and `/readyz`, or to one of their checks; none if there is no such check.
pub(super) fn answer(profile: &Profile, which: &str, name: &str, query: &Query) -> Option<Answer> {
    let served = served(profile);
    if !name.is_empty() {
        return served.has_path(&format!("/{which}/{name}")).then(|| Answer::text(PLAIN, "ok"));
    }
    if query.get("verbose").is_none() {
        return Some(Answer::text(PLAIN, "ok"));
    }
    let mut excluded: Vec<&str> = query.all("exclude").filter(|name| !name.is_empty()).collect();
    excluded.sort_unstable();
    excluded.dedup();
    // Writing into a String does not fail.
    let mut text = String::new();
    for (_, check) in served.checks.iter().filter(|(known, _)| *known == which) {
        let before = excluded.len();
        excluded.retain(|name| name != check);
        let _ = writeln!(text, "[+]{check} {}ok", if excluded.len() < before { "excluded: " } else { "" });
    }
    if !excluded.is_empty() {
        let names: Vec<String> = excluded.iter().map(|name| format!("{name:?}")).collect();
        let _ = writeln!(text, "warn: some health checks cannot be excluded: no matches for {}", names.join(","));
    }
    let _ = writeln!(text, "{which} check passed");
    Some(Answer::text(PLAIN, text))
}
