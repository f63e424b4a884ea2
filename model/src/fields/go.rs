//! Texts as Go's formatting makes them.

use std::fmt::Write;

/// What `strconv.Quote` puts between its quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            // Writing into a String does not fail.
            letter @ (..' ' | '\u{7f}') => _ = write!(out, "\\x{:02x}", u32::from(letter)),
            letter if is_printed(letter) => out.push(letter),
            letter if u32::from(letter) > 0xffff => _ = write!(out, "\\U{:08x}", u32::from(letter)),
            letter => _ = write!(out, "\\u{:04x}", u32::from(letter)),
        }
    }
    out
}

/// As `%q` shows a text.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Roughly what Go's `unicode.IsPrint` holds: no controls, no blanks but one, nothing without a glyph.
fn is_printed(letter: char) -> bool {
    !letter.is_control()
        && (letter == ' ' || !letter.is_whitespace())
        && !matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        && !matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
        && letter < '\u{e0000}'
}

/// As `time.Time` shows itself in the text of a mistake: `2024-01-02 03:04:05 +0000 UTC`. `text` is RFC 3339.
pub(crate) fn time(text: &str) -> String {
    text.parse::<jiff::Timestamp>()
        .map_or_else(|_| text.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string())
}

/// Why a text is no base64, as Go's decoder says it: `illegal base64 data at input byte 3`; none if it is.
pub(crate) fn base64_mistake(text: &str) -> Option<String> {
    let wrong = |at: usize| Some(format!("illegal base64 data at input byte {at}"));
    let bytes: Vec<(usize, u8)> = text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n')).collect();
    for (start, quantum) in bytes.chunks(4).enumerate().map(|(number, chunk)| (number * 4, chunk)) {
        let pad = quantum.iter().position(|(_, byte)| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')));
        match pad {
            None if quantum.len() == 4 => {}
            // It ends too soon: told of by where its last quantum began.
            None => return wrong(text.len() - quantum.len()),
            Some(place) => {
                let (at, byte) = quantum[place];
                if byte != b'=' || place < 2 {
                    return wrong(at);
                }
                if place == 2 {
                    match quantum.get(3) {
                        None => return wrong(text.len()),
                        Some((_, b'=')) => {}
                        // The byte in front of what should be padding.
                        Some((next, _)) => return wrong(next - 1),
                    }
                }
                return bytes.get(start + 4).and_then(|(trailing, _)| wrong(*trailing));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        assert_eq!(quoted("a\"b\\c\n\u{1}\u{e9}\u{200b}\u{1f600}"), "\"a\\\"b\\\\c\\n\\x01\u{e9}\\u200b\u{1f600}\"");
    }

    #[test]
    fn mistakes_in_base64_are_told_by_their_place() {
        let at =
            |text: &str| base64_mistake(text).map(|text| text.rsplit(' ').next().unwrap().parse::<usize>().unwrap());
        for (text, place) in [
            ("", None),
            ("YQ==", None),
            ("YWJj", None),
            ("YW\nJj\n", None),
            ("not base64!", Some(3)),
            ("YQ", Some(0)),
            ("YQ=", Some(3)),
            ("YWJjYQ", Some(4)),
            ("=", Some(0)),
            ("YQ=a", Some(2)),
            ("YQ==a", Some(4)),
            ("plain", Some(4)),
        ] {
            assert_eq!(at(text), place, "{text}");
        }
    }
}
