//! JSON Schema, draft 2020-12, as far as our schema uses it. A keyword that is not known here fails the test: it would check
//! nothing.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use regex::Regex;
use serde_json::Value;

/// A schema, and where its references lead.
#[derive(Clone, Copy)]
pub(crate) struct Schema<'s>(pub(crate) &'s Value);

/// What is wrong, and where.
type Checked = Result<(), String>;

impl Schema<'_> {
    /// Holds a value against the whole schema.
    pub(crate) fn check(self, value: &Value) -> Checked {
        self.of(self.0, value, "")
    }

    fn of(self, schema: &Value, value: &Value, at: &str) -> Checked {
        let keywords = match schema {
            Value::Object(keywords) => keywords,
            Value::Bool(true) => return Ok(()),
            _ => return Err(format!("{at}: nothing may stand here")),
        };
        keywords.iter().try_for_each(|(keyword, wanted)| self.keyword(schema, keyword, wanted, value, at))
    }

    fn keyword(self, schema: &Value, keyword: &str, wanted: &Value, value: &Value, at: &str) -> Checked {
        let holds = |value: &Value, schema: &Value| self.of(schema, value, at).is_ok();
        let alternatives = || wanted.as_array().unwrap().iter().filter(|schema| holds(value, schema)).count();
        let fields = value.as_object();
        let is_right = match keyword {
            "$schema" | "$defs" | "title" | "description" | "markdownDescription" | "then" => true,
            "$ref" => {
                let pointer = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                return self.of(self.0.pointer(pointer).unwrap_or_else(|| panic!("no {wanted}")), value, at);
            }
            "type" => is_one(wanted, |name| is_a(name.as_str().unwrap(), value)),
            "enum" => is_one(wanted, |allowed| allowed == value),
            "const" => wanted == value,
            "pattern" => value.as_str().is_none_or(|text| Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= number(wanted)),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() >= number(wanted)),
            "minProperties" => fields.is_none_or(|fields| fields.len() >= number(wanted)),
            "maxProperties" => fields.is_none_or(|fields| fields.len() <= number(wanted)),
            "required" => fields.is_none_or(|fields| {
                wanted.as_array().unwrap().iter().all(|name| fields.contains_key(name.as_str().unwrap()))
            }),
            "anyOf" => alternatives() > 0,
            "oneOf" => alternatives() == 1,
            "allOf" => {
                return wanted.as_array().unwrap().iter().try_for_each(|schema| self.of(schema, value, at));
            }
            "if" => return if holds(value, wanted) { self.of(&schema["then"], value, at) } else { Ok(()) },
            "items" => {
                let mut items = value.as_array().into_iter().flatten().enumerate();
                return items.try_for_each(|(index, item)| self.of(wanted, item, &format!("{at}/{index}")));
            }
            "properties" => {
                let named = |(name, value)| Some((name, value, wanted.get(name)?));
                let mut named = fields.into_iter().flatten().filter_map(named);
                return named.try_for_each(|(name, value, of)| self.of(of, value, &format!("{at}/{name}")));
            }
            "additionalProperties" => {
                let is_other = |(name, _): &(&String, &Value)| schema["properties"].get(*name).is_none();
                let mut others = fields.into_iter().flatten().filter(is_other);
                return others.try_for_each(|(name, value)| self.of(wanted, value, &format!("{at}/{name}")));
            }
            "propertyNames" => {
                let mut names = fields.into_iter().flatten().map(|(name, _)| Value::from(name.as_str()));
                return names.try_for_each(|name| self.of(wanted, &name, at));
            }
            _ => panic!("the tests do not know the keyword {keyword}"),
        };
        if is_right { Ok(()) } else { Err(format!("{at}: not as `{keyword}` says: {wanted}")) }
    }
}

fn number(wanted: &Value) -> usize {
    usize::try_from(wanted.as_u64().unwrap()).unwrap()
}

/// Whether something holds of one of several, or of the one that there is.
fn is_one(wanted: &Value, holds: impl Fn(&Value) -> bool) -> bool {
    wanted.as_array().map_or_else(|| holds(wanted), |several| several.iter().any(&holds))
}

fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => panic!("there is no type {name}"),
    }
}
