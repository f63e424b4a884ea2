//! Names that are unique per run: in, a suffix on every whole-word match; out, the suffix as an exact string.
//!
//! A scenario's Namespace and the cluster-wide words it declares in `unique:` get the same suffix, so that scenarios
//! run beside themselves on one cluster. The rewriting is done once on the whole text of a scenario before anything
//! runs, and undone once where answers are observed; no other stage knows that suffixes exist.

use rand::Rng;

use crate::suffix;

/// The words of one scenario that get a suffix, and the suffix of this run.
#[derive(Debug, Clone)]
pub struct Names {
    suffix: String,
    words: Vec<String>,
}

impl Names {
    /// Draws a suffix for `words`. `is_taken` says whether a suffix occurs in the scenario's own text, where removing
    /// it on the way out would destroy what the author wrote.
    pub fn draw(words: Vec<String>, rng: &mut impl Rng, mut is_taken: impl FnMut(&str) -> bool) -> Self {
        loop {
            let suffix = suffix::draw(rng);
            if !is_taken(&suffix) {
                return Self { suffix, words };
            }
        }
    }

    /// The suffix with its hyphen, such as `-rh4k2qx`: what observations remove.
    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// The suffix without its hyphen: the value of the label that marks what a run made.
    pub fn run(&self) -> &str {
        &self.suffix[1..]
    }

    /// The text with every whole word of this scenario made unique; `None` where there is none.
    pub fn rewrite(&self, text: &str) -> Option<String> {
        let mut rewritten: Option<String> = None;
        for word in &self.words {
            let current = rewritten.as_deref().unwrap_or(text);
            if let Some(next) = self.rewrite_word(current, word) {
                rewritten = Some(next);
            }
        }
        rewritten
    }

    fn rewrite_word(&self, text: &str, word: &str) -> Option<String> {
        let mut out = String::new();
        let mut copied = 0;
        for (start, _) in text.match_indices(word) {
            let end = start + word.len();
            if is_word_end(text[..start].chars().next_back()) && is_word_end(text[end..].chars().next()) {
                // A CRD's name is `plural.group` and it is the group that is declared: the first label changes.
                let first_label = start + word.find('.').unwrap_or(word.len());
                out.push_str(&text[copied..first_label]);
                out.push_str(&self.suffix);
                out.push_str(&text[first_label..end]);
                copied = end;
            }
        }
        (copied > 0).then(|| out + &text[copied..])
    }
}

/// Whether a word ends beside this character: `.` `/` `:` `=` and `,` are borders, `-` and `_` are not.
fn is_word_end(neighbour: Option<char>) -> bool {
    neighbour.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(words: &[&str]) -> Names {
        Names { suffix: "-rh4k2qx".into(), words: words.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn whole_words_get_the_suffix_and_parts_of_words_do_not() {
        let names = names(&["token-demo", "ratchet.example.com"]);
        for (text, expected) in [
            ("token-demo", "token-demo-rh4k2qx"),
            ("/api/v1/namespaces/token-demo/pods", "/api/v1/namespaces/token-demo-rh4k2qx/pods"),
            ("system:serviceaccount:token-demo:demo-sa", "system:serviceaccount:token-demo-rh4k2qx:demo-sa"),
            ("widgets.ratchet.example.com", "widgets.ratchet-rh4k2qx.example.com"),
            ("a=token-demo,b=token-demo", "a=token-demo-rh4k2qx,b=token-demo-rh4k2qx"),
        ] {
            assert_eq!(names.rewrite(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["token-demo-2", "my-token-demo", "token-demos", "token_demo", ""] {
            assert_eq!(names.rewrite(text), None, "{text}");
        }
    }

    #[test]
    fn a_suffix_that_the_scenario_contains_is_not_drawn() {
        let mut first = None;
        let names = Names::draw(Vec::new(), &mut rand::rng(), |suffix| {
            let taken = first.is_none();
            first.get_or_insert_with(|| suffix.to_owned());
            taken
        });
        assert_ne!(Some(names.suffix()), first.as_deref());
        assert_eq!(names.suffix().len(), 8);
    }

    proptest! {
        #[test]
        fn removing_the_suffix_undoes_the_rewriting(text in "[a-c./:=,-]{0,40}") {
            let rewritten = names(&["a", "a-b", "b.c"]).rewrite(&text);
            prop_assert_eq!(rewritten.unwrap_or_else(|| text.clone()).replace("-rh4k2qx", ""), text);
        }
    }
}
