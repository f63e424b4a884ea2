//! What the author of a scenario wrote: such values are never redacted, whatever they look like.

use std::collections::HashSet;
use std::sync::Arc;

/// The strings of a scenario and its fixtures, as in the files: without the run's suffix, before any interpolation.
/// Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Written(Arc<Texts>);

#[derive(Debug, Default)]
struct Texts {
    all: String,
    /// Every run of letters and digits: most questions are answered by the last one of the value asked for.
    runs: HashSet<Box<str>>,
}

impl Written {
    /// Whether the value stands anywhere in what was written, with borders around it.
    pub(super) fn holds(&self, value: &str) -> bool {
        let Some(last) = runs(value).last() else { return false };
        let is_border = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let Texts { all, runs } = &*self.0;
        runs.contains(last)
            && all.match_indices(value).any(|(at, _)| {
                is_border(all[..at].chars().next_back()) && is_border(all[at + value.len()..].chars().next())
            })
    }
}

impl<S: AsRef<str>> FromIterator<S> for Written {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut texts = Texts::default();
        for string in strings {
            texts.all.push_str(string.as_ref());
            texts.all.push('\n');
            texts.runs.extend(runs(string.as_ref()).map(Box::from));
        }
        Self(Arc::new(texts))
    }
}

fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_where_it_has_borders() {
        let written: Written = ["010.0.0.5", "web-bcdfg and more", "2024-01-31T08:09:10Z"].into_iter().collect();
        for value in ["010.0.0.5", "web-bcdfg", "2024-01-31T08:09:10Z"] {
            assert!(written.holds(value), "{value}");
        }
        for value in ["10.0.0.5", "010.0.0.50", "web-bcdf", "eb-bcdfg", "2024-01-31", "", "-"] {
            assert!(!written.holds(value), "{value}");
        }
    }
}
