//! The names of steps: what a user calls a step, the variable its answer is, the file its snapshot is in.

use std::borrow::Cow;

use crate::syntax::{At, Diagnostic, is_reserved};

/// What a step's own expressions call its answer.
pub const OWN_NAMES: [&str; 7] = ["code", "body", "warnings", "exit", "stdout", "stderr", EVENTS];
/// What only a step that watches has.
pub(super) const EVENTS: &str = "events";
/// Names that the program itself gives a value, or will.
pub(super) const BUILT_IN: [&str; 2] = [CASE, "cluster"];
/// The row of a `foreach`, or of the scenario's `cases`.
pub const CASE: &str = "case";
/// What scenarios can read without having set it.
pub(super) const GIVEN: [&str; 1] = ["cluster"];

/// The name of a step.
#[derive(Debug, Clone)]
pub struct StepName {
    text: String,
    /// The case of its `foreach`.
    case: Option<String>,
    at: At,
}

impl StepName {
    /// Reads a name; one whose variable or file name is impossible is refused.
    pub(super) fn read(text: &str, at: &At) -> Result<Self, Diagnostic> {
        let name = Self { text: text.to_owned(), case: None, at: at.clone() };
        let refuse = |message: String, help: &str| Err(Diagnostic::new(at.clone(), message).help(help));
        if name.slug().is_empty() {
            return refuse(format!("`{text}` has no letters to name a snapshot by"), "as in `name: review again`");
        }
        if name.slug().len() > 100 {
            return refuse("the name is too long for a file name".to_owned(), "100 characters are allowed");
        }
        let variable = name.variable();
        if let Some(reason) = taken(&variable) {
            let message = format!("a step cannot be called `{text}`: {reason}");
            return refuse(message, &format!("a word more makes it a name of its own, as in `{text} again`"));
        }
        Ok(name)
    }

    /// The same in a case of a `foreach`.
    pub(super) fn of_case(self, key: &str) -> Self {
        Self { case: Some(key.to_owned()), ..self }
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name with its case, in which no two steps of one run are alike: `filled.first`.
    pub fn full(&self) -> Cow<'_, str> {
        match &self.case {
            Some(case) => Cow::Owned(format!("{}.{case}", self.text)),
            None => Cow::Borrowed(&self.text),
        }
    }

    /// Where it is written.
    pub fn at(&self) -> &At {
        &self.at
    }

    /// The variable that later steps read the answer from: `review again` is `review_again`.
    pub fn variable(&self) -> String {
        Self::variable_of(&self.text)
    }

    /// The variable that a step of this name would set.
    pub(super) fn variable_of(text: &str) -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
    }

    /// What its snapshot files are called: `review again` is `review-again`, in the case `first` it is
    /// `review-again.first`.
    pub fn slug(&self) -> String {
        let full = self.full();
        let words = full.split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_'));
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").trim_matches('.').to_owned()
    }

    /// What two steps may not share: files are told apart without their case on some systems.
    pub(super) fn key(&self) -> String {
        self.slug().to_lowercase()
    }
}

/// Why a variable cannot have this name.
pub(super) fn taken(name: &str) -> Option<String> {
    if OWN_NAMES.contains(&name) {
        Some(format!("`{name}` is what a step calls its own answer"))
    } else if BUILT_IN.contains(&name) {
        Some(format!("`{name}` is given by the program"))
    } else if is_reserved(name) {
        Some(format!("`{name}` is a word of CEL"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Source;

    fn read(text: &str) -> Result<StepName, Diagnostic> {
        StepName::read(text, &At::file(Source::new("x", "")))
    }

    #[test]
    fn a_name_is_a_variable_and_a_file() {
        for (text, variable, slug) in [
            ("review again", "review_again", "review-again"),
            ("with a Role!", "with_a_Role_", "with-a-Role"),
            ("a/b: c", "a_b__c", "a-b-c"),
            ("größe 1.5", "gr__e_1_5", "größe-1.5"),
            ("..", "__", ""),
        ] {
            let name = StepName { text: text.to_owned(), case: None, at: At::file(Source::new("x", "")) };
            assert_eq!((name.variable().as_str(), name.slug().as_str()), (variable, slug));
        }
        let name = read("a token").unwrap().of_case("v1.23");
        assert_eq!((name.variable(), name.slug()), ("a_token".to_owned(), "a-token.v1.23".to_owned()));
    }

    #[test]
    fn names_that_mean_something_else_are_refused() {
        for text in ["list", "in", "type", "body", "code", "cluster", "jwt", "...", "", &"x".repeat(101)] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("list again").is_ok());
    }
}
