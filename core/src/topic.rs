//! One thing of the scenario language as people read about it: a row beside the code that reads it. The reference page
//! and `rehearsal explain` are made of these rows.

/// A word of the language and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// The word as a scenario has it.
    pub name: &'static str,
    /// What it means, in Markdown.
    pub doc: &'static str,
    /// A step, a list of steps or a whole scenario that uses it; empty where the text says enough.
    pub example: &'static str,
}

impl Topic {
    /// A word that needs no example.
    pub const fn plain(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc, example: "" }
    }
}
