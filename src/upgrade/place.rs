//! The cluster that is upgraded, as everything here asks it.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};

use super::clean;
use super::discreet::{Mask, REDACTED};
use super::error::RehearsalError;
use super::manifests::{Input, Manifest};
use super::served::Served;
use crate::cluster::{Cluster, Exchange, Identity, Request, Resource, SendError, Session};
use crate::path;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How often something is asked again that a server was not ready for.
const ATTEMPTS: u32 = 5;

/// Whose fields they are.
pub(super) const MANAGER: &str = "fieldManager=rehearsal";

/// A cluster, and what is rehearsed on it.
pub(super) struct Place<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) manifests: &'a [Manifest],
    pub(super) mask: &'a Mask,
    /// The Namespace of objects that name none.
    namespace: &'a str,
    session: Session,
}

impl<'a> Place<'a> {
    pub(super) fn new(cluster: &'a Cluster, input: &'a Input, namespace: &'a str) -> Result<Self, RehearsalError> {
        let session = cluster.session(&Identity::Own)?;
        Ok(Self { cluster, manifests: &input.manifests, mask: &input.mask, namespace, session })
    }

    /// Sends a request and gives back whatever is answered. All that is sent here may be sent twice: a server that just
    /// started is asked again.
    pub(super) async fn send(&self, request: Request) -> Result<Exchange, RehearsalError> {
        let mut attempt = 1;
        loop {
            let name = format!("{} {}", request.method, request.path);
            let answer = timeout(TIMEOUT, self.session.send(request.clone())).await;
            let answer = answer.map_err(|_| RehearsalError::NoAnswer { request: name, seconds: TIMEOUT.as_secs() })?;
            let is_to_come = match &answer {
                Ok(exchange) => matches!(exchange.status, 429 | 503 | 504),
                Err(error) => matches!(error, SendError::Broken { .. } | SendError::Unreachable { .. }),
            };
            if !is_to_come || attempt == ATTEMPTS {
                return Ok(answer?);
            }
            sleep(Duration::from_millis(150) * attempt).await;
            attempt += 1;
        }
    }

    /// All that is served now.
    pub(super) async fn served(&self) -> Result<Served, RehearsalError> {
        let mut attempt = 1;
        loop {
            let served = Served::new(self.cluster.served().await?);
            if served.is_whole() || attempt == ATTEMPTS {
                return Ok(served);
            }
            sleep(Duration::from_millis(300) * attempt).await;
            attempt += 1;
        }
    }

    /// The Namespace that an object is in, if its kind is in one.
    pub(super) fn namespace(&self, manifest: &'a Manifest, is_namespaced: bool) -> Option<&'a str> {
        is_namespaced.then(|| manifest.namespace.as_deref().unwrap_or(self.namespace))
    }

    /// The path of the objects beside this one.
    pub(super) fn collection(&self, manifest: &'a Manifest, resource: &Resource) -> String {
        let namespace = self.namespace(manifest, resource.namespaced);
        path::collection(&resource.api_version, &resource.plural, namespace)
    }

    /// The path of an object.
    pub(super) fn path(&self, manifest: &'a Manifest, resource: &Resource) -> String {
        path::object(&self.collection(manifest, resource), &manifest.name, None)
    }

    /// An object that was read, without what changes by itself and without the values of Secrets.
    pub(super) fn bare(manifest: &Manifest, mut object: Value) -> Value {
        clean::bare(&mut object);
        if manifest.is_secret() {
            redact(&manifest.body, &mut object);
        }
        object
    }
}

/// Puts a word in place of every value of a Secret: whether it is the one of the manifest is all that is told of it.
fn redact(manifest: &Value, secret: &mut Value) {
    let wanted = |key: &str| {
        let plain = manifest["stringData"][key].as_str().map(|value| BASE64_STANDARD.encode(value));
        plain.map_or_else(|| manifest["data"][key].clone(), Value::String)
    };
    let Value::Object(secret) = secret else { return };
    let redacted = |key: &String, value: &Value| {
        let word = if wanted(key) == *value { REDACTED.to_owned() } else { format!("{REDACTED}, not the manifest's") };
        (key.clone(), json!(word))
    };
    if let Some(Value::Object(data)) = secret.get_mut("data") {
        *data = data.iter().map(|(key, value)| redacted(key, value)).collect::<Map<_, _>>();
    }
    secret.remove("stringData");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_secret_only_equality_is_kept() {
        let manifest = json!({"data": {"a": "aHVudGVyMg=="}, "stringData": {"b": "hunter3"}});
        let mut secret = json!({"data": {"a": "aHVudGVyMg==", "b": "aHVudGVyMw==", "c": "b3RoZXI="}, "type": "Opaque"});
        redact(&manifest, &mut secret);
        let data = json!({"a": "<redacted>", "b": "<redacted>", "c": "<redacted>, not the manifest's"});
        assert_eq!(secret, json!({"data": data, "type": "Opaque"}));
    }
}
