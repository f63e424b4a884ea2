//! Label selectors as `a=b,c in (d, e),!f`, and what is said of those that cannot be read (apimachinery: pkg/labels/selector.go).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fields::quoted;
use crate::kinds::names;
use crate::profile::{Feature, Profile};

/// One condition of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Requirement {
    In(String, BTreeSet<String>),
    NotIn(String, BTreeSet<String>),
    Exists(String),
    DoesNotExist(String),
    Greater(String, i64),
    Less(String, i64),
}

impl Requirement {
    pub(super) fn is_met(&self, labels: &Value) -> bool {
        let value = |key: &String| labels.get(key).and_then(Value::as_str);
        let number = |key: &String| value(key).and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::In(key, values) => value(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => value(key).is_some(),
            Self::DoesNotExist(key) => value(key).is_none(),
            Self::Greater(key, than) => number(key).is_some_and(|value| value > *than),
            Self::Less(key, than) => number(key).is_some_and(|value| value < *than),
        }
    }
}

/// All conditions of a selector, or what is wrong with it.
pub(super) fn parse(text: &str, profile: &Profile) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { tokens: tokens(text), at: 0, profile };
    let mut requirements = Vec::new();
    loop {
        match parser.peek() {
            Token::End => return Ok(requirements),
            Token::Word(_) | Token::Sign("!") => {}
            Token::Sign(other) => return Err(format!("found '{other}', expected: !, identifier, or 'end of string'")),
        }
        let requirement = parser.requirement();
        requirements.push(requirement.map_err(|mistake| format!("unable to parse requirement: {mistake}"))?);
        match parser.next() {
            Token::End => return Ok(requirements),
            Token::Sign(",") => match parser.peek() {
                Token::Word(_) | Token::Sign("!") => {}
                other => return Err(format!("found '{other}', expected: identifier after ','")),
            },
            other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Sign(&'static str),
    End,
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Word(text) => text,
            Self::Sign(sign) => sign,
            Self::End => "",
        })
    }
}

const SIGNS: [&str; 9] = [")", ",", "!", "==", "=", ">", "<", "!=", "("];

fn tokens(text: &str) -> Vec<Token> {
    let is_sign = |c: char| "=!(),><".contains(c);
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(is_blank);
        let Some(first) = rest.chars().next() else { break };
        if !is_sign(first) {
            let end = rest.find(|c| is_sign(c) || is_blank(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
            continue;
        }
        // The longest that begins here.
        let Some(sign) = SIGNS.iter().filter(|sign| rest.starts_with(**sign)).max_by_key(|sign| sign.len()) else {
            break;
        };
        tokens.push(Token::Sign(sign));
        rest = &rest[sign.len()..];
    }
    tokens.push(Token::End);
    tokens
}

struct Parser<'p> {
    tokens: Vec<Token>,
    at: usize,
    profile: &'p Profile,
}

impl Parser<'_> {
    fn peek(&self) -> Token {
        self.tokens.get(self.at).cloned().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (key, is_negated) = match self.next() {
            Token::Sign("!") => (self.next(), true),
            other => (other, false),
        };
        let Token::Word(key) = key else { return Err(format!("found '{key}', expected: identifier")) };
        let mistakes = names::qualified(&key, self.profile);
        if !mistakes.is_empty() {
            return Err(format!("<nil>: Invalid value: {}: {}", quoted(&key), mistakes.join("; ")));
        }
        if is_negated {
            return Ok(Requirement::DoesNotExist(key));
        }
        if matches!(self.peek(), Token::End | Token::Sign(",")) {
            return Ok(Requirement::Exists(key));
        }
        let requirement = match self.next() {
            Token::Word(word) if word == "in" => Requirement::In(key, self.values()?),
            Token::Word(word) if word == "notin" => Requirement::NotIn(key, self.values()?),
            Token::Sign("=" | "==") => Requirement::In(key, BTreeSet::from([self.value()?])),
            Token::Sign("!=") => Requirement::NotIn(key, BTreeSet::from([self.value()?])),
            Token::Sign(sign @ (">" | "<")) => {
                let value = self.value()?;
                let Ok(number) = value.parse() else {
                    let why = "for 'Gt', 'Lt' operators, the value must be an integer";
                    return Err(self.with_mistakes_of(
                        &key,
                        &value,
                        &format!("values[0]: Invalid value: {}: {why}", quoted(&value)),
                    ));
                };
                return Ok(if sign == ">" {
                    Requirement::Greater(key, number)
                } else {
                    Requirement::Less(key, number)
                });
            }
            other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        if let Requirement::In(key, values) | Requirement::NotIn(key, values) = &requirement {
            let mut mistakes: Vec<String> = Vec::new();
            for (index, value) in values.iter().enumerate() {
                mistakes.extend(self.mistake(key, index, value));
            }
            match mistakes.as_slice() {
                [] => {}
                [one] => return Err(one.clone()),
                many => return Err(format!("[{}]", many.join(", "))),
            }
        }
        Ok(requirement)
    }

    /// What is wrong with a value of a label.
    fn mistake(&self, key: &str, index: usize, value: &str) -> Option<String> {
        let mistakes = names::label_value(value, self.profile);
        let told = || format!("values[{index}][{key}]: Invalid value: {}: {}", quoted(value), mistakes.join("; "));
        (!mistakes.is_empty()).then(told)
    }

    /// A mistake, and what else is wrong with the same value.
    fn with_mistakes_of(&self, key: &str, value: &str, mistake: &str) -> String {
        match self.mistake(key, 0, value) {
            Some(other) => format!("[{mistake}, {other}]"),
            None => mistake.to_owned(),
        }
    }

    /// What stands behind a sign; it may be nothing.
    fn value(&mut self) -> Result<String, String> {
        match self.peek() {
            Token::End | Token::Sign(",") => Ok(String::new()),
            _ => match self.next() {
                Token::Word(value) => Ok(value),
                other => Err(format!("found '{other}', expected: identifier")),
            },
        }
    }

    /// What stands in parentheses: at least one value, which may be empty.
    fn values(&mut self) -> Result<BTreeSet<String>, String> {
        match self.next() {
            Token::Sign("(") => {}
            other => return Err(format!("found '{other}' expected: '('")),
        }
        let mut values = BTreeSet::new();
        match self.peek() {
            Token::Sign(")") => drop(values.insert(String::new())),
            Token::Word(_) | Token::Sign(",") => self.list(&mut values)?,
            other => return Err(format!("found '{other}', expected: ',', ')' or identifier")),
        }
        // That it ends with a parenthesis was seen.
        self.next();
        Ok(values)
    }

    /// Values parted by commas, up to the closing parenthesis.
    fn list(&mut self, values: &mut BTreeSet<String>) -> Result<(), String> {
        loop {
            match self.next() {
                Token::Word(value) => {
                    values.insert(value);
                    match self.peek() {
                        Token::Sign(",") => {}
                        Token::Sign(")") => return Ok(()),
                        other => return Err(format!("found '{other}', expected: ',' or ')'")),
                    }
                }
                Token::Sign(",") => {
                    if values.is_empty() {
                        values.insert(String::new());
                    }
                    match self.peek() {
                        Token::Sign(")") => {
                            values.insert(String::new());
                            return Ok(());
                        }
                        Token::Sign(",") => {
                            if !self.profile.has(Feature::ManyEmptyValues) {
                                self.next();
                            }
                            values.insert(String::new());
                        }
                        _ => {}
                    }
                }
                other => return Err(format!("found '{other}', expected: ',', or identifier")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::testing::profile;

    #[test]
    fn labels_are_selected_as_kubectl_writes_it() {
        let labels = json!({"a": "1", "b": "x"});
        let matches = |text: &str| parse(text, &profile(36)).unwrap().iter().all(|one| one.is_met(&labels));
        for text in [
            "",
            "a",
            "a=1",
            "a==1",
            "a!=2",
            "c!=1",
            "!c",
            "a in (1, 2)",
            "b notin (y,z),a",
            "a>0",
            "a<2",
            "c notin (x)",
            "c!=,a notin ()",
        ] {
            assert!(matches(text), "{text}");
        }
        for text in ["c", "a=2", "a!=1", "!a", "a in (2)", "b notin (x,y)", "a>1", "c in (x)", "a in (,)", "a="] {
            assert!(!matches(text), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_in_the_words_of_the_parser() {
        let said = |text: &str, minor| parse(text, &profile(minor)).unwrap_err();
        for (text, told) in [
            ("=", "found '=', expected: !, identifier, or 'end of string'"),
            ("a,", "found '', expected: identifier after ','"),
            ("a=b=c", "found '=', expected: ',' or 'end of string'"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
            ("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a=(", "unable to parse requirement: found '(', expected: identifier"),
            (
                "a>b",
                "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
            ),
        ] {
            assert_eq!(said(text, 36), told, "{text}");
        }
        assert!(
            said("a/b/c", 34)
                .starts_with("unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a qualified name ")
        );
        assert!(
            said("a=-", 34)
                .starts_with("unable to parse requirement: values[0][a]: Invalid value: \"-\": a valid label must be ")
        );
        assert_eq!(said("a in (b,,)", 34), "unable to parse requirement: found ')', expected: ',', or identifier");
        assert!(parse("a in (b,,)", &profile(35)).is_ok());
    }
}
