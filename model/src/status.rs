//! Refusals, as Status objects in the words of the API server.

use serde_json::{Map, Value, json};

use crate::answer::Answer;

/// Why a request is not done. Becomes the Status that is answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// Without what is empty.
    pub(crate) details: Map<String, Value>,
    /// Whether details are shown even if they are empty, as they are for all refusals that can be about something.
    pub(crate) has_details: bool,
    /// Texts of `Warning` headers beside it.
    pub(crate) warnings: Vec<String>,
}

/// One mistake in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// As `FieldValueInvalid`.
    pub(crate) reason: &'static str,
    /// As `spec.containers[0].name`.
    pub(crate) field: String,
    /// What stands after the field, as `Invalid value: 1: must be ..`.
    pub(crate) message: String,
}

impl Cause {
    /// `value` is shown as Go's API server shows it: texts quoted.
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        Self::invalid_as(field, &shown(value), detail)
    }

    /// The same, of a value that is shown otherwise than as JSON.
    pub(crate) fn invalid_as(field: impl Into<String>, shown: &str, detail: &str) -> Self {
        Self { reason: "FieldValueInvalid", field: field.into(), message: format!("Invalid value: {shown}: {detail}") }
    }

    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        Self { reason: "FieldValueRequired", field: field.into(), message }
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self { reason: "FieldValueForbidden", field: field.into(), message: format!("Forbidden: {detail}") }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self {
            reason: "FieldValueDuplicate",
            field: field.into(),
            message: format!("Duplicate value: {}", shown(value)),
        }
    }

    /// `values` are those that are supported, in the order the server names them.
    pub(crate) fn not_supported(field: impl Into<String>, value: &Value, values: &[&str]) -> Self {
        let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        let message = format!("Unsupported value: {}: supported values: {}", shown(value), values.join(", "));
        Self { reason: "FieldValueNotSupported", field: field.into(), message }
    }

    pub(crate) fn too_long(field: impl Into<String>, message: String) -> Self {
        Self { reason: "FieldValueTooLong", field: field.into(), message }
    }
}

impl Refusal {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Map::new(), has_details: false, warnings: Vec::new() }
    }

    /// With details about an object; what is empty is left out.
    #[must_use]
    pub(crate) fn about(mut self, group: &str, kind: &str, name: &str) -> Self {
        self.has_details = true;
        for (key, value) in [("group", group), ("kind", kind), ("name", name)] {
            if !value.is_empty() {
                self.details.insert(key.to_owned(), value.into());
            }
        }
        self
    }

    /// `resource` is plural and group, as `roles.rbac.authorization.k8s.io`.
    pub(crate) fn not_found(resource: &str, name: &str) -> Self {
        let (plural, group) = parts(resource);
        Self::new(404, "NotFound", format!("{resource} {name:?} not found")).about(group, plural, name)
    }

    pub(crate) fn already_exists(resource: &str, name: &str) -> Self {
        let (plural, group) = parts(resource);
        Self::new(409, "AlreadyExists", format!("{resource} {name:?} already exists")).about(group, plural, name)
    }

    pub(crate) fn conflict(resource: &str, name: &str, why: &str) -> Self {
        let (plural, group) = parts(resource);
        let message = format!("Operation cannot be fulfilled on {resource} {name:?}: {why}");
        Self::new(409, "Conflict", message).about(group, plural, name)
    }

    pub(crate) fn forbidden(resource: &str, name: &str, why: &str) -> Self {
        let (plural, group) = parts(resource);
        let message = match (resource, name) {
            ("", _) => format!("forbidden: {why}"),
            (_, "") => format!("{resource} is forbidden: {why}"),
            _ => format!("{resource} {name:?} is forbidden: {why}"),
        };
        Self::new(403, "Forbidden", message).about(group, plural, name)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// An object with mistakes. `kind` is kind and group, as `TokenRequest.authentication.k8s.io`.
    pub(crate) fn invalid(kind: &str, name: &str, causes: &[Cause]) -> Self {
        let (plain, group) = parts(kind);
        let mut texts: Vec<String> = Vec::new();
        for cause in causes {
            let text = format!("{}: {}", cause.field, cause.message);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let all = match texts.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let mut refusal =
            Self::new(422, "Invalid", format!("{kind} {name:?} is invalid: {all}")).about(group, plain, name);
        let causes: Vec<Value> = causes
            .iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}))
            .collect();
        refusal.details.insert("causes".to_owned(), causes.into());
        refusal
    }

    /// What this model knows to be there and does not do.
    pub(crate) fn not_modelled(what: impl std::fmt::Display) -> Self {
        Self::new(501, crate::NOT_MODELLED, format!("{what} {}", crate::NOT_MODELLED_PHRASE))
    }

    /// The path is nothing that is served.
    pub(crate) fn no_such_path() -> Self {
        Self::generic(404, "NotFound", "the server could not find the requested resource")
    }

    /// What the server has to say where nothing is known of what is meant.
    pub(crate) fn generic(code: u16, reason: &'static str, message: &str) -> Self {
        Self { has_details: true, ..Self::new(code, reason, message) }
    }

    /// It as an answer.
    pub(crate) fn answer(&self) -> Answer {
        Answer { warnings: self.warnings.clone(), ..Answer::new(self.code, self.status()) }
    }

    /// The Status object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if self.reason.is_empty()
            && let Some(fields) = status.as_object_mut()
        {
            fields.remove("reason");
        }
        if self.has_details || !self.details.is_empty() {
            status["details"] = Value::Object(self.details.clone());
        }
        status
    }
}

/// A value in the text of a mistake.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), crate::fields::quoted)
}

/// The plural (or kind) and the group of a text such as `roles.rbac.authorization.k8s.io`.
fn parts(resource: &str) -> (&str, &str) {
    resource.split_once('.').unwrap_or((resource, ""))
}
