//! Durations as flags have them.

use jiff::SignedDuration;

/// Go's notation: `2h`, `1h30m`, `1ms`; none of what is none.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    if text == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut rest = text;
    let mut nanoseconds = 0_f64;
    while !rest.is_empty() {
        let unit_at = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..unit_at].parse().ok()?;
        let after = &rest[unit_at..];
        let unit_len = after.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(after.len());
        let unit = match &after[..unit_len] {
            "ns" => 1_f64,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        nanoseconds += number * unit;
        rest = &after[unit_len..];
    }
    (!text.is_empty()).then(|| SignedDuration::try_from_secs_f64(nanoseconds / 1e9).ok()).flatten()
}
