//! JSON as Go reads it: keys in their order and twice if they are there twice, numbers as they are written, and the texts of
//! its mistakes.

use serde_json::{Number, Value};

/// How deep a body may nest here; the API server reads 10,000 levels.
const MAX_DEPTH: usize = 200;

/// A value, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mistake {
    /// In the words of Go.
    Syntax(String),
    TooDeep,
}

pub(super) fn read(bytes: &[u8]) -> Result<Json, Mistake> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    reader.blank();
    match reader.peek() {
        None => Ok(value),
        Some(byte) => Err(wrong(byte, "after top-level value")),
    }
}

impl Json {
    /// As Go names it in the text of a mistake: without the value.
    pub(super) fn sort(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// As a value of `serde_json`: of a key that stands twice the last.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => value.into(),
            Self::Number(text) => number(&text),
            Self::String(text) => text.into(),
            Self::Array(items) => items.into_iter().map(Self::into_value).collect(),
            Self::Object(pairs) => {
                Value::Object(pairs.into_iter().map(|(key, value)| (key, value.into_value())).collect())
            }
        }
    }

    /// The text of it, as something that reads itself is handed it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Number(text) => text.clone(),
            other => other.clone().into_value().to_string(),
        }
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::String(text),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(pairs) => {
                Self::Object(pairs.into_iter().map(|(key, value)| (key, Self::from(value))).collect())
            }
        }
    }
}

/// A whole number where it is written as one, else a fraction.
pub(super) fn number(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    text.parse::<f64>().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, Mistake> {
        let byte = self.peek().ok_or_else(end)?;
        self.at += 1;
        Ok(byte)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The first byte that is not blank.
    fn solid(&mut self) -> Result<u8, Mistake> {
        self.blank();
        self.next()
    }

    fn value(&mut self, depth: usize) -> Result<Json, Mistake> {
        if depth > MAX_DEPTH {
            return Err(Mistake::TooDeep);
        }
        match self.solid()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Json::String),
            b't' => self.literal("true", "rue", Json::Bool(true)),
            b'f' => self.literal("false", "alse", Json::Bool(false)),
            b'n' => self.literal("null", "ull", Json::Null),
            first @ (b'-' | b'0'..=b'9') => self.number(first),
            other => Err(wrong(other, "looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Mistake> {
        let mut pairs = Vec::new();
        loop {
            match self.solid()? {
                b'"' => {}
                b'}' if pairs.is_empty() => return Ok(Json::Object(pairs)),
                other => return Err(wrong(other, "looking for beginning of object key string")),
            }
            let key = self.string()?;
            match self.solid()? {
                b':' => {}
                other => return Err(wrong(other, "after object key")),
            }
            let value = self.value(depth + 1)?;
            pairs.push((key, value));
            match self.solid()? {
                b',' => {}
                b'}' => return Ok(Json::Object(pairs)),
                other => return Err(wrong(other, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, Mistake> {
        let mut items = Vec::new();
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.solid()? {
                b',' => {}
                b']' => return Ok(Json::Array(items)),
                other => return Err(wrong(other, "after array element")),
            }
        }
    }

    fn literal(&mut self, whole: &str, rest: &str, value: Json) -> Result<Json, Mistake> {
        for expected in rest.bytes() {
            let byte = self.next()?;
            if byte != expected {
                return Err(wrong(byte, &format!("in literal {whole} (expecting '{}')", char::from(expected))));
            }
        }
        Ok(value)
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// A digit, and those behind it.
    fn some_digits(&mut self, context: &str) -> Result<(), Mistake> {
        let byte = self.next()?;
        if !byte.is_ascii_digit() {
            return Err(wrong(byte, context));
        }
        self.digits();
        Ok(())
    }

    fn number(&mut self, first: u8) -> Result<Json, Mistake> {
        let start = self.at - 1;
        let lead = if first == b'-' { self.next()? } else { first };
        match lead {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            other => return Err(wrong(other, "in numeric literal")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(Json::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned()))
    }

    /// What stands behind a quote, up to the next: what is no UTF-8 is replaced, as half a pair of surrogates is.
    fn string(&mut self) -> Result<String, Mistake> {
        let mut text = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Ok(String::from_utf8_lossy(&text).into_owned()),
                b'\\' => {
                    let found = self.escaped()?;
                    text.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
                }
                byte @ ..0x20 => return Err(wrong(byte, "in string literal")),
                byte => text.push(byte),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Mistake> {
        Ok(match self.next()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            byte @ (b'\\' | b'/' | b'"') => char::from(byte),
            b'u' => {
                let first = self.hex()?;
                if (0xd800..0xdc00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
                    let back = self.at;
                    self.at += 2;
                    let second = self.hex()?;
                    if (0xdc00..0xe000).contains(&second) {
                        let both = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                        return Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = back;
                }
                char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => return Err(wrong(other, "in string escape code")),
        })
    }

    fn hex(&mut self) -> Result<u32, Mistake> {
        (0..4).try_fold(0, |value, _| {
            let byte = self.next()?;
            let digit = char::from(byte).to_digit(16);
            digit.map(|digit| value * 16 + digit).ok_or_else(|| wrong(byte, "in \\u hexadecimal character escape"))
        })
    }
}

fn end() -> Mistake {
    Mistake::Syntax("unexpected end of JSON input".to_owned())
}

fn wrong(byte: u8, context: &str) -> Mistake {
    let shown = match byte {
        b'\'' => "\\'".to_owned(),
        b'"' => "\"".to_owned(),
        byte => super::go::escaped(char::from(byte).encode_utf8(&mut [0; 4])),
    };
    Mistake::Syntax(format!("invalid character '{shown}' {context}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mistakes_are_told_as_go_tells_them() {
        for (text, expected) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("[1,", "unexpected end of JSON input"),
            ("nope", "invalid character 'o' in literal null (expecting 'u')"),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("{'a': 1}", "invalid character '\\'' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\": 1 \"b\"}", "invalid character '\"' after object key:value pair"),
            ("{\"a\": 1,}", "invalid character '}' looking for beginning of object key string"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u00g0\"", "invalid character 'g' in \\u hexadecimal character escape"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("01", "invalid character '1' after top-level value"),
            ("{} {}", "invalid character '{' after top-level value"),
            ("\u{e9}", "invalid character '\u{c3}' looking for beginning of value"),
        ] {
            assert_eq!(read(text.as_bytes()), Err(Mistake::Syntax(expected.to_owned())), "{text}");
        }
        assert_eq!(read("[".repeat(MAX_DEPTH + 2).as_bytes()), Err(Mistake::TooDeep));
    }

    #[test]
    fn values_are_read_in_their_order() {
        let text = r#" {"b": [1, -2.5e1, true, null], "a": "\u00e9\ud83d\ude00\ud83d", "b": {}} "#;
        let Ok(Json::Object(pairs)) = read(text.as_bytes()) else { panic!("no object") };
        assert_eq!(pairs.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["b", "a", "b"]);
        assert_eq!(Json::Object(pairs).into_value(), json!({"a": "\u{e9}\u{1f600}\u{fffd}", "b": {}}));
        assert_eq!(read(b"[12, 1e3]").map(Json::into_value), Ok(json!([12, 1000.0])));
    }

    proptest::proptest! {
        #[test]
        fn what_serde_reads_is_read_alike(text in "[\\[\\]{},:\"a0-9.eE+ tfnurls\\\\-]{0,24}") {
            let theirs = serde_json::from_str::<Value>(&text);
            // Their numbers are refused where they are too big.
            if theirs.is_ok() || !text.contains(['e', 'E']) {
                proptest::prop_assert_eq!(read(text.as_bytes()).is_ok(), theirs.is_ok());
            }
        }
    }
}
