//! Quantities, as `500m` and `1Gi`: read, compared and written as the API server writes them.

/// An amount in billionths, and the form it is written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quantity {
    nanos: i128,
    form: Form,
    /// As it came, where that is kept.
    text: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Decimal,
    Binary,
    Exponent,
}

/// Why a text is no quantity.
pub(crate) const WRONG_FORMAT: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX: &str = "unable to parse quantity's suffix";

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const NANO: i128 = 1_000_000_000;

impl Quantity {
    /// Reads one; the error is in the words of the API server.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err(WRONG_FORMAT);
        }
        let (negative, rest) = match text.as_bytes()[0] {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let rest = rest.trim_start_matches('0');
        let (whole, rest) = split_digits(rest);
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => split_digits(rest),
            None => ("", rest),
        };
        let letters = suffix.trim_start_matches(|letter| "eEinumkKMGTP".contains(letter));
        let number = letters.strip_prefix(['-', '+']).unwrap_or(letters);
        if !split_digits(number).1.is_empty() {
            return Err(WRONG_FORMAT);
        }
        let (form, power) = form(suffix).ok_or(WRONG_SUFFIX)?;
        let digits = format!("{}{fraction}", if whole.is_empty() { "0" } else { whole });
        let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
        let mantissa: i128 = digits.parse().unwrap_or(i128::MAX);
        let nanos = match form {
            Form::Binary => shift(mantissa.saturating_mul(1 << power), 9 - places),
            Form::Decimal | Form::Exponent => shift(mantissa, 9i32.saturating_add(power).saturating_sub(places)),
        };
        let largest = i128::from(i64::MAX) * NANO;
        let nanos = if form == Form::Binary { nanos.min(largest) } else { nanos };
        let small = digits.len() < 18;
        let kept = match form {
            Form::Binary => small && fraction.is_empty() && mantissa & 7 != 0,
            _ => small && (power - places) % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0'),
        };
        Ok(Self { nanos: if negative { -nanos } else { nanos }, form, text: kept.then(|| text.to_owned()) })
    }

    /// In billionths: to compare, and to add.
    pub(crate) fn nanos(&self) -> i128 {
        self.nanos
    }

    /// The same rounded up to thousandths, where that makes a difference.
    pub(crate) fn in_thousandths(&self) -> Option<Self> {
        const MILLI: i128 = NANO / 1000;
        let over = self.nanos.rem_euclid(MILLI);
        let up = if self.nanos < 0 { -over } else { MILLI - over };
        (over != 0).then(|| Self { nanos: self.nanos + up, form: self.form, text: None })
    }

    /// Whether it is a whole number.
    pub(crate) fn is_whole(&self) -> bool {
        self.nanos % NANO == 0
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.form == Form::Binary && self.nanos.abs() >= 1024 * NANO && self.is_whole() {
            let (mut number, mut step) = (self.nanos / NANO, 0);
            while number % 1024 == 0 && step < BINARY.len() {
                number /= 1024;
                step += 1;
            }
            let suffix = step.checked_sub(1).map_or("", |step| BINARY[step]);
            return write!(f, "{number}{suffix}");
        }
        let (mut number, mut power) = (self.nanos, -9);
        while number % 1000 == 0 && power < 18 {
            number /= 1000;
            power += 3;
        }
        match DECIMAL.iter().find(|(_, known)| *known == power) {
            Some((suffix, _)) if self.form != Form::Exponent => write!(f, "{number}{suffix}"),
            _ if power == 0 => write!(f, "{number}"),
            _ => write!(f, "{number}e{power}"),
        }
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// The form of a suffix, and the power of ten (of two) that it stands for.
fn form(suffix: &str) -> Option<(Form, i32)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Form::Decimal, *power));
    }
    if let Some(step) = (1..).zip(BINARY).find_map(|(step, known)| (known == suffix).then_some(step)) {
        return Some((Form::Binary, step * 10));
    }
    let power = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Form::Exponent, power))
}

/// Times a power of ten; what is less than one is rounded up.
fn shift(number: i128, power: i32) -> i128 {
    let factor = 10i128.checked_pow(power.unsigned_abs());
    match (factor, power < 0) {
        (Some(factor), false) => number.saturating_mul(factor),
        (None, false) if number == 0 => 0,
        (None, false) => i128::MAX,
        (Some(factor), true) => number / factor + i128::from(number % factor != 0),
        (None, true) => i128::from(number != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_in_their_canonical_form() {
        for (text, expected) in [
            ("0", "0"),
            ("0m", "0"),
            ("1", "1"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.5", "500m"),
            ("1.5", "1500m"),
            ("1.500", "1.500"),
            ("2000", "2k"),
            ("1024", "1024"),
            ("64Mi", "64Mi"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("1000e3", "1e6"),
            ("12E", "12E"),
            ("-1Ki", "-1Ki"),
            ("0.1n", "1n"),
            ("100M", "100M"),
            ("30Gi", "30Gi"),
        ] {
            assert_eq!(Quantity::parse(text).map(|found| found.to_string()), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        assert_eq!(Quantity::parse(""), Err(WRONG_FORMAT));
        assert_eq!(Quantity::parse("lots"), Err(WRONG_FORMAT));
        assert_eq!(Quantity::parse("1KiB"), Err(WRONG_FORMAT));
        assert_eq!(Quantity::parse("1K"), Err(WRONG_SUFFIX));
        assert_eq!(Quantity::parse("1ee3"), Err(WRONG_SUFFIX));
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same_amount(text in "[+-]?[0-9]{1,9}(\\.[0-9]{0,4})?(|m|k|M|Ki|Gi|e3|E2)") {
            let read = Quantity::parse(&text).unwrap();
            let again = Quantity::parse(&read.to_string()).unwrap();
            proptest::prop_assert_eq!(read.nanos(), again.nanos());
            proptest::prop_assert_eq!(read.to_string(), again.to_string());
        }
    }
}
