//! The files in `facts/`: what real control planes were seen to have and to serve, with the minors for which each line holds.

use crate::profile::{Profile, Span};

/// The lines that hold for a version, without their spans.
pub(crate) fn lines<'p>(text: &'static str, profile: &'p Profile) -> impl Iterator<Item = &'static str> + 'p {
    text.lines().filter_map(|line| {
        let (spans, rest) = line.split_once(' ')?;
        spans.split(',').any(|each| span(each).is_some_and(|span| profile.is_within(span))).then_some(rest)
    })
}

/// `22-25` or `26-`.
fn span(text: &str) -> Option<Span> {
    let (first, last) = text.split_once('-')?;
    let first = first.parse().ok()?;
    if last.is_empty() { Some(Span::from(first)) } else { Some(Span::between(first, last.parse::<u32>().ok()? + 1)) }
}
