//! Paths into an answer's body, as a step's `snapshot:` writes them: `metadata.labels`, `metadata.annotations["a.b/c"]`.
//!
//! A list on the way is passed through: `items.metadata.name` means the names of all items. There are no indices, for
//! what stands at an index of an API object is chance.

use std::fmt;
use std::str::FromStr;

use super::{At, Diagnostic};

/// A place in a body: keys from the outside in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    keys: Vec<String>,
}

/// A text that is no path, and where it stops being one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at character {at} of the path `{text}`")]
pub struct PathError {
    text: String,
    /// The character, counted from 1, where reading stopped.
    pub at: usize,
    reason: &'static str,
}

impl PathError {
    /// How to write it right.
    pub fn help(&self) -> &'static str {
        "write keys with dots between them, and others in brackets: metadata.annotations[\"example.com/owner\"]"
    }
}

impl Path {
    /// The path of a field at the top.
    pub fn key(key: &str) -> Self {
        Self { keys: vec![key.to_owned()] }
    }

    /// Reads a path that is written at `at`.
    pub fn parse(text: &str, at: &At) -> Result<Self, Diagnostic> {
        text.parse().map_err(|error: PathError| {
            let place = at.inside(text, error.at.saturating_sub(1), 1);
            Diagnostic::new(place, error.to_string()).help(error.help())
        })
    }

    /// The keys from the outside in; never none.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |rest: &str, reason| {
            let at = text[..text.len() - rest.len()].chars().count() + 1;
            Err(PathError { text: text.to_owned(), at, reason })
        };
        let mut keys = Vec::new();
        let mut rest = text;
        loop {
            if let Some(after) = rest.strip_prefix("[\"") {
                let Some(end) = after.find("\"]") else { return wrong(rest, "a bracket is not closed by \"]") };
                keys.push(after[..end].to_owned());
                rest = &after[end + 2..];
            } else {
                let end = rest.find(|c: char| !is_bare(c)).unwrap_or(rest.len());
                if end == 0 {
                    return wrong(rest, "a key is missing");
                }
                keys.push(rest[..end].to_owned());
                rest = &rest[end..];
            }
            match rest.chars().next() {
                None => return Ok(Self { keys }),
                Some('.') => rest = &rest[1..],
                Some('[') if rest.starts_with("[\"") => {}
                Some('[') => return wrong(rest, "brackets hold a key in double quotes; lists are passed through"),
                Some(_) => return wrong(rest, "this character needs brackets and quotes"),
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.keys.iter().enumerate() {
            match key {
                key if key.is_empty() || !key.chars().all(is_bare) => write!(f, "[\"{key}\"]")?,
                key if index == 0 => f.write_str(key)?,
                key => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// Whether the character may stand in a key without brackets.
fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(text: &str) -> Vec<String> {
        text.parse::<Path>().unwrap().keys
    }

    #[test]
    fn paths_are_keys_with_dots_between_them() {
        assert_eq!(keys("data"), ["data"]);
        assert_eq!(keys("metadata.labels"), ["metadata", "labels"]);
        assert_eq!(keys("metadata.annotations[\"a.b/c\"].x"), ["metadata", "annotations", "a.b/c", "x"]);
        assert_eq!(keys("[\"ca.crt\"]"), ["ca.crt"]);
    }

    #[test]
    fn a_mistake_says_where_it_is() {
        for (text, at) in
            [("", 1), ("a.", 3), (".a", 1), ("a..b", 3), ("a[0]", 2), ("a[\"b", 2), ("a b", 2), ("a[\"b\"]c", 7)]
        {
            let error = text.parse::<Path>().unwrap_err();
            assert_eq!(error.at, at, "{error}");
        }
        assert_eq!(
            "items[0].name".parse::<Path>().unwrap_err().to_string(),
            "brackets hold a key in double quotes; lists are passed through at character 6 of the path `items[0].name`"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_reads_back(text in "[a.\\[\\]\"/ é]{0,12}") {
            if let Ok(path) = text.parse::<Path>() {
                prop_assert_eq!(path.to_string().parse::<Path>().unwrap(), path);
            }
        }
    }
}
