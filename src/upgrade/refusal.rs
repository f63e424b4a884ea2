//! Who refuses an object, read from what a server answers.

use serde_json::Value;

use super::discreet::Mask;
use crate::cluster::Exchange;

/// What is shown of a message at most: validation can go on for pages.
const LONGEST: usize = 700;

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Who said no.
    pub(super) by: By,
    /// The server's own words, without secrets.
    pub(super) message: String,
}

/// Who says no to a write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    /// An admission webhook of this name.
    Webhook(String),
    /// An admission webhook of this name that has no answer, because its server has none.
    SilentWebhook(String),
    /// The conversion webhook of a `CustomResourceDefinition`, which has no answer.
    SilentConversion,
    /// A `ValidatingAdmissionPolicy` of this name.
    Policy(String),
    /// The level of Pod Security that the Namespace asks for.
    PodSecurity,
    /// A quota of the Namespace.
    Quota,
    /// The validation of the kind.
    Validation,
    /// The schema: fields that cannot be read.
    Schema,
    /// The server has no such kind.
    NotServed,
    /// Something else.
    Server,
}

impl Refusal {
    /// What an answer refuses; nothing where it does not.
    pub(super) fn of(exchange: &Exchange, mask: &Mask) -> Option<Self> {
        if exchange.is_success() {
            return None;
        }
        let said = match &*exchange.body {
            Value::String(text) => text.as_str(),
            body => body["message"].as_str().unwrap_or_default(),
        };
        let by = by(exchange.status, &exchange.body["reason"], said);
        // How exactly somebody has no answer depends on the machine.
        let said = match by {
            By::SilentWebhook(_) | By::SilentConversion => said.split(": Post ").next().unwrap_or(said),
            _ => said,
        };
        let said = mask.hide(said);
        let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = match said.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{} ...", &said[..at]),
            None if said.is_empty() => format!("the server answered {}", exchange.status),
            None => said,
        };
        Some(Self { by, message })
    }
}

fn by(status: u16, reason: &Value, said: &str) -> By {
    let quoted = |after: &str, quote: char| {
        let rest = &said[said.find(after)? + after.len()..];
        rest.split_once(quote).map(|(name, _)| name.to_owned())
    };
    if let Some(name) = quoted("failed calling webhook \"", '"') {
        return By::SilentWebhook(name);
    }
    if said.contains("conversion webhook for ") {
        return By::SilentConversion;
    }
    if let Some(name) = quoted("admission webhook \"", '"') {
        return By::Webhook(name);
    }
    if let Some(name) = quoted("ValidatingAdmissionPolicy '", '\'') {
        return By::Policy(name);
    }
    match status {
        403 if said.contains("violates PodSecurity") => By::PodSecurity,
        403 if said.contains("exceeded quota") || said.contains("failed quota") => By::Quota,
        404 if *reason != "NotFound" || said.contains("could not find the requested resource") => By::NotServed,
        422 => By::Validation,
        400 => By::Schema,
        _ => By::Server,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::*;

    #[test]
    fn who_refuses_is_read_from_the_answer() {
        for (status, said, expected) in [
            (
                403,
                r#"admission webhook "pods.example.com" denied the request: no"#,
                By::Webhook("pods.example.com".into()),
            ),
            (
                500,
                r#"Internal error occurred: failed calling webhook "pods.example.com": failed to call webhook: Post "https://x": service "x" not found"#,
                By::SilentWebhook("pods.example.com".into()),
            ),
            (
                422,
                "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'all' denied request: no",
                By::Policy("few".into()),
            ),
            (403, r#"pods "p" is forbidden: violates PodSecurity "restricted:latest": x"#, By::PodSecurity),
            (403, r#"pods "p" is forbidden: exceeded quota: q"#, By::Quota),
            (422, "Pod \"p\" is invalid: spec", By::Validation),
            (400, "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error", By::Schema),
            (404, "the server could not find the requested resource", By::NotServed),
            (403, "no", By::Server),
        ] {
            let body = json!({"message": said, "reason": "NotFound"}).into();
            let exchange = Exchange { method: Method::POST, path: "/".into(), status, warnings: Vec::new(), body };
            assert_eq!(Refusal::of(&exchange, &Mask::default()).unwrap().by, expected, "{said}");
        }
    }
}
