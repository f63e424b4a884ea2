//! Secrets.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::config_map::{LIMIT, decoded_length, sealed};
use super::json::{drop_field, fill, nulls_read_back, pairs, text};
use super::{Strategy, Write, names};
use crate::fields;
use crate::meta::{self, NameRule, Rules};
use crate::profile::{Feature, Profile};
use crate::status::{Cause, Refusal};

pub(crate) struct Secret;

const RULES: Rules = Rules { name: NameRule::Subdomain, known_finalizers: true };
const ACCOUNT: &str = "kubernetes.io/service-account.name";
const NO_CERTIFICATE: &str = "tls: failed to find any PEM data in certificate input";

impl Strategy for Secret {
    fn default(&self, object: &mut Value, _write: &Write<'_>) {
        fill(object, "type", "Opaque");
        // Text is written and never read.
        for (key, value) in object["stringData"].take().as_object().into_iter().flatten() {
            object["data"][key.as_str()] = BASE64_STANDARD.encode(value.as_str().unwrap_or_default()).into();
        }
        drop_field(object, "stringData");
    }

    fn admit(&self, object: &mut Value, _old: Option<&Value>, write: &Write<'_>) -> Result<(), Refusal> {
        // What is said of a certificate is a matter of X.509.
        if write.profile.has(Feature::CertificateWarnings) && text(object, "type") == "kubernetes.io/tls" {
            let has_pem = ["tls.crt", "tls.key"].iter().all(|key| {
                let bytes = BASE64_STANDARD.decode(text(&object["data"], key)).unwrap_or_default();
                bytes.windows(11).any(|window| window == b"-----BEGIN ")
            });
            if has_pem {
                return Err(Refusal::not_modelled("a Secret with a certificate and its key"));
            }
        }
        Ok(())
    }

    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        let mut causes = Vec::new();
        if let Some(old) = old {
            causes.extend(meta::mistakes_of_change(object, old, RULES, write.profile));
            if object["type"] != old["type"] {
                causes.push(Cause::invalid("type", &object["type"], names::IMMUTABLE));
            }
            causes.extend(sealed(object, old, &["data"]));
        }
        causes.extend(meta::mistakes(object, RULES, write.profile));
        let mut size = 0;
        for (key, value) in pairs(object, "data") {
            let mistakes = names::key(key).into_iter();
            causes.extend(mistakes.map(|text| Cause::invalid(format!("data[{key}]"), &json!(key), &text)));
            size += decoded_length(value);
        }
        if size > LIMIT {
            causes.push(names::too_long("data", LIMIT, write.profile));
        }
        causes.extend(of_type(object, write.profile));
        causes
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>, write: &Write<'_>) -> Vec<String> {
        let tells = write.profile.has(Feature::CertificateWarnings) && text(object, "type") == "kubernetes.io/tls";
        if !tells {
            return Vec::new();
        }
        let bytes = BASE64_STANDARD.decode(text(&object["data"], "tls.crt")).unwrap_or_default();
        let has_pem = bytes.windows(11).any(|window| window == b"-----BEGIN ");
        let what = if has_pem { "tls: failed to find any PEM data in key input" } else { NO_CERTIFICATE };
        vec![what.to_owned()]
    }

    fn read_back(&self, object: &mut Value) -> bool {
        nulls_read_back(object, "data")
    }
}

/// What a Secret of its type has to hold.
fn of_type(object: &Value, profile: &Profile) -> Vec<Cause> {
    let data = &object["data"];
    let missing = |key: &str| Cause::required(format!("data[{key}]"), "");
    let without = |keys: &[&str]| keys.iter().filter(|key| data.get(**key).is_none()).map(|key| missing(key)).collect();
    let json = |key: &str| -> Vec<Cause> {
        let Some(value) = data.get(key) else { return vec![missing(key)] };
        let bytes = BASE64_STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
        let mistake = fields::object_mistake(&bytes);
        let shown = json!("<secret contents redacted>");
        mistake.into_iter().map(|text| Cause::invalid(format!("data[{key}]"), &shown, &text)).collect()
    };
    // Old versions left a verb of their formatting in two places.
    let formatted = |cause: Cause| {
        if profile.has(Feature::KeysOfSecretsInPlainWords) {
            return cause;
        }
        Cause { field: cause.field.replacen("data[", "data[%s][", 1), ..cause }
    };
    match text(object, "type") {
        "kubernetes.io/service-account-token" => {
            let named = !text(&object["metadata"]["annotations"], ACCOUNT).is_empty();
            let path = format!("metadata.annotations[{ACCOUNT}]");
            if named { Vec::new() } else { vec![Cause::required(path, "")] }
        }
        "kubernetes.io/dockercfg" => json(".dockercfg"),
        "kubernetes.io/dockerconfigjson" => json(".dockerconfigjson"),
        "kubernetes.io/basic-auth" => {
            let missing: Vec<Cause> = without(&["username", "password"]);
            if missing.len() == 2 { missing.into_iter().map(formatted).collect() } else { Vec::new() }
        }
        "kubernetes.io/ssh-auth" if text(data, "ssh-privatekey").is_empty() => {
            vec![formatted(missing("ssh-privatekey"))]
        }
        "kubernetes.io/tls" => without(&["tls.crt", "tls.key"]),
        _ => Vec::new(),
    }
}
