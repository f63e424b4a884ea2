//! What scenarios may call in CEL besides the language itself, and the conversions between its values and JSON.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use cel::objects::KeyRef;
use cel::{Context, ExecutionError, Value as Cel};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::topic::Topic;

/// Every function an expression may call, methods included. The macros (`has`, `all`, `exists`, `exists_one`, `map`,
/// `filter`) are gone after parsing; one of them that is left over was called with the wrong arguments.
pub(super) const FUNCTIONS: &[&str] = &[
    "base64.decode",
    "bool",
    "bytes",
    "condition",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "int",
    "jwt",
    "sha256",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
];

/// The functions that are not CEL's own.
pub static OWN_FUNCTIONS: &[Topic] = &[
    Topic {
        name: "jwt",
        doc: "`jwt(token).header` and `jwt(token).claims` of a JSON web token; its signature is not looked at.",
        example: "name: token\ntoken: {serviceAccount: demo-sa}\n\
                  snapshot: {show: {algorithm: 'jwt(body.status.token).header.alg'}}",
    },
    Topic {
        name: "base64.decode",
        doc: "The bytes of a text in base64, as the data of a Secret is; `string(...)` makes them text.",
        example: "get: {kind: Secret, name: sample}\nset: {password: 'string(base64.decode(body.data.password))'}",
    },
    Topic {
        name: "sha256",
        doc: "The SHA-256 of a text or of bytes, in hexadecimal.",
        example: "get: {kind: Secret, name: sample}\nset: {digest: sha256(body.data.password)}",
    },
    Topic {
        name: "condition",
        doc: "`condition(object, type)`: the status of a condition of an object, `'True'` or `'False'`, null where it has none \
              of that type yet.",
        example: "get: {kind: Pod, name: test-pod}\nuntil: condition(body, 'PodScheduled') == 'True'\nwithin: 10s",
    },
];

/// The functions, shared by all evaluations; each gets an inner scope for its variables.
pub(super) static LIBRARY: LazyLock<Context<'static, 'static>> = LazyLock::new(|| {
    let mut context = Context::default();
    // Adding fails only for a name that CEL itself has; a test calls each of them.
    let _ = context.add_function("jwt", jwt);
    let _ = context.add_function("base64.decode", base64_decode);
    let _ = context.add_function("sha256", sha256);
    let _ = context.add_function("condition", condition);
    context
});

/// A token's header and claims. The signature is not looked at: that is what a review is for.
#[expect(clippy::needless_pass_by_value, reason = "the signature is cel's")]
fn jwt(token: Arc<String>) -> Result<Cel, ExecutionError> {
    let wrong = || ExecutionError::function_error("jwt", "this is no JSON web token");
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _signature] = parts[..] else { return Err(wrong()) };
    let part = |text: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        Ok::<Cel, ExecutionError>(from_json(&value))
    };
    Ok(HashMap::from([("header", part(header)?), ("claims", part(claims)?)]).into())
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is cel's")]
fn base64_decode(text: Arc<String>) -> Result<Cel, ExecutionError> {
    let bytes = BASE64_STANDARD.decode(text.as_bytes());
    let bytes = bytes.map_err(|_| ExecutionError::function_error("base64.decode", "this is not base64"))?;
    Ok(Cel::Bytes(Arc::new(bytes)))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is cel's")]
fn sha256(value: Cel) -> Result<Cel, ExecutionError> {
    let digest = match &value {
        Cel::String(text) => Sha256::digest(text.as_bytes()),
        Cel::Bytes(bytes) => Sha256::digest(bytes.as_slice()),
        _ => return Err(ExecutionError::function_error("sha256", "it takes a string or bytes")),
    };
    Ok(format!("{digest:x}").into())
}

/// The status of a condition of an object, or null where it has none of that type yet.
#[expect(clippy::needless_pass_by_value, reason = "the signature is cel's")]
fn condition(object: Cel, kind: Arc<String>) -> Cel {
    let field = |value: &Cel, name: &str| match value {
        Cel::Map(map) => map.get(&KeyRef::String(name)).cloned(),
        _ => None,
    };
    let conditions = field(&object, "status").and_then(|status| field(&status, "conditions"));
    let Some(Cel::List(conditions)) = conditions else { return Cel::Null };
    let is_meant = |condition: &&Cel| field(condition, "type") == Some(Cel::String(Arc::clone(&kind)));
    conditions.iter().find(is_meant).and_then(|condition| field(condition, "status")).unwrap_or(Cel::Null)
}

/// JSON as CEL sees it. An integer is an `int` where it fits, as a literal in the expression is: CEL has no operators
/// between `int` and `uint`.
pub(super) fn from_json(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(int), ..) => Cel::Int(int),
            (_, Some(uint), _) => Cel::UInt(uint),
            (.., float) => Cel::Float(float.unwrap_or(f64::NAN)),
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(elements) => Cel::List(Arc::new(elements.iter().map(from_json).collect())),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), from_json(value))).collect::<HashMap<_, _>>().into()
        }
    }
}

/// CEL's result as JSON; where it has no such value, what to do about it. Keys come sorted: CEL's maps have no order.
pub(super) fn to_json(value: &Cel) -> Result<Value, &'static str> {
    match value {
        Cel::Null => Ok(Value::Null),
        Cel::Bool(value) => Ok(Value::Bool(*value)),
        Cel::Int(number) => Ok((*number).into()),
        Cel::UInt(number) => Ok((*number).into()),
        Cel::Float(number) => {
            serde_json::Number::from_f64(*number).map(Value::Number).ok_or("gives a number that JSON does not have")
        }
        Cel::String(text) => Ok(Value::String(text.to_string())),
        Cel::List(elements) => elements.iter().map(to_json).collect(),
        Cel::Map(map) => {
            let sorted: BTreeMap<String, &Cel> = map.map.iter().map(|(key, value)| (key.to_string(), value)).collect();
            sorted.into_iter().map(|(key, value)| Ok((key, to_json(value)?))).collect()
        }
        Cel::Bytes(_) => Err("gives bytes: make them text with `string(...)`"),
        _ => Err("gives a type, not a value"),
    }
}
