//! Times as Go reads and writes them.

use jiff::Timestamp;

const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
const RFC3339_MICRO: &str = "2006-01-02T15:04:05.000000Z07:00";

/// What stands for a part of a layout, how many digits it has, and how many there are of it.
const PARTS: [(&str, usize, u32, &str); 6] = [
    ("2006", 4, 9999, ""),
    ("01", 2, 12, "month"),
    ("02", 2, 31, "day"),
    ("15", 2, 23, "hour"),
    ("04", 2, 59, "minute"),
    ("05", 2, 59, "second"),
];
const BETWEEN: [&str; 5] = ["-", "-", "T", ":", ":"];

/// A time in whole seconds, in UTC.
pub(super) fn seconds(text: &str) -> Result<String, String> {
    Ok(parse(text, RFC3339, false)?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A time in millionths, in UTC.
pub(super) fn micros(text: &str) -> Result<String, String> {
    Ok(parse(text, RFC3339_MICRO, true)?.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}

fn parse(text: &str, layout: &str, fraction: bool) -> Result<Timestamp, String> {
    let wrong = |rest: &str, part: &str| {
        let [text, layout, rest, part] = [text, layout, rest, part].map(super::go::quoted);
        Err(format!("parsing time {text} as {layout}: cannot parse {rest} as {part}"))
    };
    let out_of_range = |what: &str| Err(format!("parsing time {}: {what} out of range", super::go::quoted(text)));
    let mut rest = text;
    let mut late = None;
    for (at, (part, width, most, name)) in PARTS.into_iter().enumerate() {
        if let Some(between) = at.checked_sub(1).map(|before| BETWEEN[before]) {
            match rest.strip_prefix(between) {
                Some(behind) => rest = behind,
                None => return wrong(rest, between),
            }
        }
        let digits = rest.bytes().take(width).take_while(u8::is_ascii_digit).count();
        // Hours may have one digit.
        let taken = if digits == width || (part == "15" && digits == 1) { digits } else { 0 };
        if taken == 0 {
            return wrong(rest, part);
        }
        let number: u32 = rest[..taken].parse().unwrap_or_default();
        let least = u32::from(matches!(part, "01" | "02"));
        if !(least..=most).contains(&number) {
            // A day is looked at when the month is known.
            if part != "02" {
                return out_of_range(name);
            }
            late = Some(name);
        }
        rest = &rest[taken..];
    }
    if let Some(digits) = rest.strip_prefix('.') {
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 || (fraction && count != 6) {
            return wrong(rest, if fraction { ".000000" } else { "Z07:00" });
        }
        rest = &digits[count..];
    } else if fraction {
        return wrong(rest, ".000000");
    }
    let zone = match rest.as_bytes() {
        [b'Z', ..] => 1,
        [b'+' | b'-', a, b, b':', c, d, ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()) => 6,
        _ => return wrong(rest, "Z07:00"),
    };
    if rest.len() > zone {
        return Err(format!(
            "parsing time {}: extra text: {}",
            super::go::quoted(text),
            super::go::quoted(&rest[zone..])
        ));
    }
    if let Some(name) = late {
        return out_of_range(name);
    }
    text.parse::<Timestamp>().or_else(|_| out_of_range("day"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(seconds("2024-01-02T03:04:05Z").as_deref(), Ok("2024-01-02T03:04:05Z"));
        assert_eq!(seconds("2024-01-02T03:04:05.9+01:00").as_deref(), Ok("2024-01-02T02:04:05Z"));
        assert_eq!(micros("2024-01-02T03:04:05.123456Z").as_deref(), Ok("2024-01-02T03:04:05.123456Z"));
    }

    #[test]
    fn mistakes_in_times_are_told_as_go_tells_them() {
        let layout = "as \"2006-01-02T15:04:05Z07:00\": cannot parse";
        for (text, expected) in [
            ("soon", format!("parsing time \"soon\" {layout} \"soon\" as \"2006\"")),
            ("2024", format!("parsing time \"2024\" {layout} \"\" as \"-\"")),
            ("2024-01-02", format!("parsing time \"2024-01-02\" {layout} \"\" as \"T\"")),
            ("2024-01-02T03:04:05", format!("parsing time \"2024-01-02T03:04:05\" {layout} \"\" as \"Z07:00\"")),
            ("2024-13-02T03:04:05Z", "parsing time \"2024-13-02T03:04:05Z\": month out of range".to_owned()),
            ("2024-02-30T03:04:05Z", "parsing time \"2024-02-30T03:04:05Z\": day out of range".to_owned()),
            ("2024-01-02T03:04:05Zx", "parsing time \"2024-01-02T03:04:05Zx\": extra text: \"x\"".to_owned()),
        ] {
            assert_eq!(seconds(text), Err(expected), "{text}");
        }
    }
}
