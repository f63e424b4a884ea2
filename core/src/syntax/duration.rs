//! How long: `500ms`, `12s`, `1m`.

use std::time::Duration;

use super::{Diagnostic, Node, Yaml};
use crate::topic::Topic;

/// How durations are written.
pub static DURATIONS: &[Topic] =
    &[Topic::plain("500ms", "Milliseconds."), Topic::plain("12s", "Seconds."), Topic::plain("1m", "Minutes.")];

const HELP: &str = "write a whole number and its unit: \"500ms\", \"12s\" or \"1m\"";

/// Reads the duration in the field `name`. A bare number is refused: whoever reads it would have to know the unit.
pub(super) fn read(name: &str, node: &Node) -> Result<Duration, Diagnostic> {
    let wrong = |message: String, help: &str| Err(Diagnostic::new(node.at.clone(), message).help(help));
    let text = match &node.value {
        Yaml::String(text) => text,
        Yaml::Number(number) => {
            return wrong(format!("`{name}` has no unit"), &format!("write \"{number}s\" or \"{number}ms\""));
        }
        _ => return wrong(format!("`{name}` must be a duration, this is {}", node.what()), HELP),
    };
    match parse(text) {
        Some(duration) if !duration.is_zero() => Ok(duration),
        Some(_) => wrong(format!("`{name}` is no time at all"), HELP),
        None => wrong(format!("`{text}` is no duration"), HELP),
    }
}

/// Reads a whole number and its unit: `500ms`, `12s`, `1m`.
pub fn parse(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().ok()?;
    // A year of milliseconds fits easily, and no scenario waits for one.
    let number = u64::from(u32::try_from(number).ok()?);
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number * 60)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_with_its_unit() {
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("12s"), Some(Duration::from_secs(12)));
        assert_eq!(parse("1m"), Some(Duration::from_mins(1)));
        for text in ["", "5", "s", "-5s", "1.5s", "5 s", "1h", "5S", "99999999999999999999s", "4294967296s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
