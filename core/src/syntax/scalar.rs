//! What a plain scalar is: YAML 1.2's core schema, without the spellings that readers of YAML disagree about.

use serde_json::Number;

use super::Yaml;

/// A plain scalar that is refused, and what would be right.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) help: String,
}

/// Reads a plain scalar: `null`, a bool, a decimal number, else text. `yes`, `no`, `on` and `off` are text.
pub(super) fn resolve(text: &str) -> Result<Yaml, Refused> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Yaml::Null),
        "true" | "True" | "TRUE" => return Ok(Yaml::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Yaml::Bool(false)),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Ok(Yaml::String(text.to_owned()));
    }
    let quoted = || format!("in quotes it is text: \"{text}\"");
    if let Some(decimal) = octal_or_hex(digits) {
        return Err(Refused {
            message: format!("`{text}` is octal, decimal or text, depending on who reads the YAML"),
            help: format!("write the number in decimal{decimal}; {}", quoted()),
        });
    }
    if matches!(digits, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return Err(Refused { message: format!("`{text}` is a number that JSON does not have"), help: quoted() });
    }
    if !is_decimal(digits) {
        return Ok(Yaml::String(text.to_owned()));
    }
    number(text.strip_prefix('+').unwrap_or(text)).map(Yaml::Number).ok_or_else(|| Refused {
        message: format!("the number `{text}` is too large to be kept exactly"),
        help: quoted(),
    })
}

/// Reads a plain scalar as kubectl does, which has YAML 1.1 from its library for Go: `yes`, `no`, `on` and `off` are bools,
/// and `defaultMode: 0644` is 420.
pub(super) fn resolve_as_kubectl(text: &str) -> Result<Yaml, Refused> {
    match text {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Ok(Yaml::Bool(true)),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Ok(Yaml::Bool(false)),
        _ => {}
    }
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    match octal_or_hex_value(digits) {
        Some(value) => Ok(Yaml::Number(if is_negative { (-value).into() } else { value.into() })),
        None => resolve(text),
    }
}

fn octal_or_hex_value(digits: &str) -> Option<i64> {
    let rest = digits.strip_prefix('0')?;
    let (radix, number) = match rest.split_at_checked(1)? {
        ("x" | "X", number) => (16, number),
        ("o" | "O", number) => (8, number),
        ("b" | "B", number) => (2, number),
        _ => (8, rest),
    };
    // A sign within is none.
    number.starts_with(|c: char| c.is_ascii_hexdigit()).then(|| i64::from_str_radix(number, radix).ok())?
}

/// For `0644`, `0x1f` and `0o17`: the value in decimal, as help, where it has one.
fn octal_or_hex(digits: &str) -> Option<String> {
    let rest = digits.strip_prefix('0')?;
    let (radix, number) = match rest.split_at_checked(1)? {
        ("x" | "X", number) => (16, number),
        ("o" | "O", number) => (8, number),
        _ => (8, rest),
    };
    if number.is_empty() || !number.chars().all(|c| c.is_digit(if radix == 16 { 16 } else { 10 })) {
        return None;
    }
    Some(u64::from_str_radix(number, radix).map_or(String::new(), |value| format!(", {value}")))
}

/// Digits, perhaps a point, perhaps an exponent.
fn is_decimal(digits: &str) -> bool {
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && all_digits(exponent))
}

fn number(text: &str) -> Option<Number> {
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from)).ok();
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        match resolve(text) {
            Ok(Yaml::String(text)) => format!("{text:?}"),
            Ok(Yaml::Number(number)) => number.to_string(),
            Ok(Yaml::Bool(value)) => value.to_string(),
            Ok(_) => "null".to_owned(),
            Err(refused) => refused.message,
        }
    }

    #[test]
    fn words_and_numbers_are_what_every_reader_takes_them_for() {
        for (text, expected) in [
            ("", "null"),
            ("~", "null"),
            ("true", "true"),
            ("FALSE", "false"),
            ("12", "12"),
            ("-3", "-3"),
            ("+3", "3"),
            ("0", "0"),
            ("-0", "0"),
            ("0.5", "0.5"),
            (".5", "0.5"),
            ("1.30", "1.3"),
            ("1e3", "1000.0"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(json(text), expected, "{text}");
        }
    }

    #[test]
    fn everything_else_is_text() {
        for text in
            ["no", "on", "y", "v1.30", "1_000", "1.2.3", "500ms", ".", "1e", "-", "+", "1:30", "2024-01-01", "0s"]
        {
            assert_eq!(json(text), format!("{text:?}"));
        }
    }

    #[test]
    fn kubectl_reads_yaml_1_1() {
        let read = |text: &str| match resolve_as_kubectl(text) {
            Ok(Yaml::Bool(value)) => value.to_string(),
            Ok(Yaml::Number(number)) => number.to_string(),
            Ok(Yaml::String(text)) => format!("{text:?}"),
            Ok(_) => "null".to_owned(),
            Err(refused) => refused.message,
        };
        for (text, expected) in [
            ("0644", "420"),
            ("-017", "-15"),
            ("0x1f", "31"),
            ("0o17", "15"),
            ("0b11", "3"),
            ("0", "0"),
            ("yes", "true"),
            ("Off", "false"),
            ("1.30", "1.3"),
            ("0x+1", "\"0x+1\""),
            ("08:30", "\"08:30\""),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        for text in ["0644", "-017", "0x1f", "0o17", "08", ".inf", "-.INF", ".nan", "1e999", "18446744073709551616"] {
            assert!(resolve(text).is_err(), "{text}");
        }
        assert_eq!(
            resolve("0644").unwrap_err().help,
            "write the number in decimal, 420; in quotes it is text: \"0644\""
        );
    }
}
