//! What a value of a scenario file may look like, in the words of JSON Schema. The shape of each part stands beside the
//! code that reads it; the [`schema`](crate::schema) is made of them.

use serde_json::{Map, Value, json};

use crate::topic::Topic;

/// The fields of a mapping, told as [`Fields`](crate::syntax::Fields) are asked for them.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl Shape {
    /// A mapping without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// A field that may be left out.
    #[must_use]
    pub fn optional(mut self, name: &'static str, value: Value) -> Self {
        self.properties.insert(name.to_owned(), value);
        self
    }

    /// A field that must be there.
    #[must_use]
    pub fn required(mut self, name: &'static str, value: Value) -> Self {
        self.required.push(name);
        self.optional(name, value)
    }

    /// What the reference says about fields of these names.
    #[must_use]
    pub fn described<'t>(mut self, topics: impl IntoIterator<Item = &'t Topic>) -> Self {
        for Topic { name, doc, example } in topics {
            let Some(Value::Object(property)) = self.properties.get_mut(*name) else { continue };
            property.insert("description".to_owned(), (*doc).into());
            if !example.is_empty() {
                // What editors show instead, where they know it.
                let shown = format!("{doc}\n\n```yaml\n{example}\n```");
                property.insert("markdownDescription".to_owned(), shown.into());
            }
        }
        self
    }

    /// The mapping, with no other field.
    pub fn finish(self) -> Value {
        let mut shape = self.finish_open();
        shape["additionalProperties"] = false.into();
        shape
    }

    /// The mapping, with whatever other fields there are.
    pub fn finish_open(self) -> Value {
        let mut shape = json!({"type": "object", "properties": self.properties});
        if !self.required.is_empty() {
            shape["required"] = self.required.into();
        }
        shape
    }
}

/// A text as it is written.
pub fn string() -> Value {
    json!({"type": "string"})
}

/// `true` or `false`.
pub fn boolean() -> Value {
    json!({"type": "boolean"})
}

/// A list of texts.
pub fn strings() -> Value {
    json!({"type": "array", "items": string()})
}

/// One of these words.
pub fn word(words: &[&str]) -> Value {
    json!({"enum": words})
}

/// Whatever YAML can say.
pub fn anything() -> Value {
    json!({})
}

/// A scalar that is read as it is written.
pub fn scalar() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

/// A mapping of keys of the user's choice.
pub fn entries(of: &Value) -> Value {
    json!({"type": "object", "additionalProperties": of})
}

/// Any of these.
pub fn any_of(shapes: &[Value]) -> Value {
    json!({"anyOf": shapes})
}

/// One, or a list of at least one.
pub fn one_or_several(of: &Value) -> Value {
    any_of(&[of.clone(), json!({"type": "array", "items": of, "minItems": 1})])
}

/// `shape`, of which just one of these fields is given.
#[must_use]
pub fn with_one_of(mut shape: Value, names: &[&str]) -> Value {
    let given: Vec<Value> = names.iter().map(|name| json!({"required": [name]})).collect();
    shape["oneOf"] = given.into();
    shape
}

/// A text in which `${...}` is filled in.
pub fn text() -> Value {
    defined("text")
}

/// A CEL expression.
pub fn expression() -> Value {
    defined("expression")
}

/// A time such as `500ms`.
pub fn duration() -> Value {
    defined("duration")
}

/// A step, whatever it does.
pub fn step() -> Value {
    defined("step")
}

/// At least one step.
pub fn steps() -> Value {
    json!({"type": "array", "items": step(), "minItems": 1})
}

/// A shape that has a name, and stands once in the schema.
pub fn defined(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// The shapes of single values, by their names.
pub fn definitions() -> Vec<(&'static str, Value)> {
    vec![
        ("text", json!({"type": "string", "description": "A text in which `${...}` is filled in."})),
        // `until: true` is as good an expression as any.
        ("expression", json!({"type": ["string", "boolean"], "description": "A CEL expression."})),
        (
            "duration",
            json!({
                "type": "string",
                "pattern": "^0*[1-9][0-9]*(ms|s|m)$",
                "description": "A whole number and its unit: `500ms`, `12s` or `1m`.",
            }),
        ),
    ]
}
