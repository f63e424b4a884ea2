//! What the scenario language has and this program does not run yet. It is refused by name: a step that is silently left
//! out would be a test that passes.

use crate::syntax::{Diagnostic, Fields};

/// Kinds of steps.
pub(super) const ACTIONS: &[&str] = &["upgrade"];

/// Reports those of `names` that are given.
pub(super) fn refuse(fields: &mut Fields<'_, '_>, names: &[&'static str]) {
    for name in names {
        fields.refuse(name, |at| {
            Diagnostic::new(at.clone(), format!("`{name}` is not supported yet"))
                .help("it is part of the language, and this version of rehearsal does not run it")
        });
    }
}

/// Everything of the language that is refused for now, with what it is part of.
pub fn not_yet() -> impl Iterator<Item = (&'static str, &'static str)> {
    let parts = [("a step", ACTIONS)];
    parts.into_iter().flat_map(|(part, names)| names.iter().map(move |name| (*name, part)))
}
