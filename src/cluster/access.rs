//! How programs of their own reach a cluster: kubeconfigs for each identity, and client certificates.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use kube::config::Kubeconfig;
use serde_json::{Value, json};

use super::connection::Connection;
use super::pki::{Authority, CONTEXT, Client};
use super::{Cluster, Home, Identity, SendError, Workplace, WorkplaceError};

/// The cluster and the user of a kubeconfig's context, as they stand there.
///
/// Without `Debug`: the user is a key or a token.
pub(super) struct Access {
    cluster: Value,
    user: Value,
}

impl Access {
    pub(super) fn new(cluster: Value, user: Value) -> Self {
        Self { cluster, user }
    }

    /// What a kubeconfig says of a context, or of its current one.
    pub(super) fn of(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<Self> {
        let context = context.or(kubeconfig.current_context.as_deref())?;
        let context = kubeconfig.contexts.iter().find(|known| known.name == context)?.context.as_ref()?;
        let cluster = kubeconfig.clusters.iter().find(|known| known.name == context.cluster)?.cluster.as_ref()?;
        let user = kubeconfig.auth_infos.iter().find(|known| Some(&known.name) == context.user.as_ref());
        let user = user.and_then(|user| user.auth_info.as_ref());
        let user = user.map_or_else(|| Ok(json!({})), serde_json::to_value).ok()?;
        Some(Self { cluster: serde_json::to_value(cluster).ok()?, user: with_own_home(user) })
    }
}

/// A credential plug-in keeps what it needs in the home folder of whoever logged in, and commands have another one.
fn with_own_home(mut user: Value) -> Value {
    if let (Some(exec), Ok(home)) = (user.get_mut("exec").and_then(Value::as_object_mut), std::env::var("HOME")) {
        let set = exec.entry("env").or_insert_with(|| json!([]));
        if let Some(set) = set.as_array_mut() {
            set.push(json!({"name": "HOME", "value": home}));
        }
    }
    user
}

/// The clients of certificates that were made for a cluster, one connection each.
#[derive(Default)]
pub(super) struct Certified(Mutex<Vec<(Identity, Arc<Bearer>)>>);

/// Somebody with a certificate.
struct Bearer {
    user: Value,
    connection: Connection,
}

impl Cluster {
    /// The connection of an identity with a certificate of its own, which is made when it is first asked for.
    pub(super) fn certified_connection(&self, identity: &Identity) -> Result<Connection, SendError> {
        Ok(self.certified(identity)?.connection.clone())
    }

    fn certified(&self, identity: &Identity) -> Result<Arc<Bearer>, SendError> {
        let Identity::Certified { user, group } = identity else {
            return Err(no_certificate("nobody", "it is another kind of identity"));
        };
        // Nothing panics between two changes that belong together.
        let mut known = self.certified.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bearer)) = known.iter().find(|(of, _)| of == identity) {
            return Ok(Arc::clone(bearer));
        }
        let groups: Vec<&str> = group.iter().map(String::as_str).collect();
        let bearer = Arc::new(match (&self.embedded, &self.tenancy) {
            (Some(embedded), _) => {
                let issued = embedded.issue(user, &groups).map_err(|error| no_certificate(user, &error.to_string()))?;
                Bearer { user: issued.user(), connection: embedded.connection(user, &groups) }
            }
            (None, Some(tenancy)) => {
                let authority = Authority::read(&tenancy.folder.file("pki"));
                let issued = authority.and_then(|authority| authority.issue(user, &groups));
                self.bearer(user, &issued.map_err(|error| no_certificate(user, &error.to_string()))?)?
            }
            (None, None) => return Err(no_certificate(user, "this cluster does not sign any")),
        });
        known.push((identity.clone(), Arc::clone(&bearer)));
        Ok(bearer)
    }

    fn bearer(&self, name: &str, issued: &Client) -> Result<Bearer, SendError> {
        let failed = |cause: &dyn std::fmt::Display| no_certificate(name, &cause.to_string());
        let user = issued.user();
        let config = self.transports.without.as_ref().ok_or_else(|| failed(&"this cluster does not sign any"))?;
        let mut config = kube::Config::clone(config);
        config.auth_info = serde_json::from_value(user.clone()).map_err(|error| failed(&error))?;
        let client = kube::Client::try_from(config).map_err(|error| failed(&error))?;
        Ok(Bearer { user, connection: client.into() })
    }

    /// A kubeconfig for programs that act as an identity. Its one context is called `rehearsal`. Of an embedded cluster there
    /// is one once it [is served](Self::serve).
    pub fn kubeconfig_of(&self, identity: &Identity, namespace: Option<&str>) -> Result<Vec<u8>, SendError> {
        let access = self.access.as_ref().or_else(|| Some(&self.socket()?.access)).ok_or(SendError::NoKubeconfig)?;
        let user = match identity {
            Identity::Own => access.user.clone(),
            Identity::Bearer(token) => json!({"token": token}),
            Identity::Certified { .. } => self.certified(identity)?.user.clone(),
            Identity::Impersonated { user, groups, uid, extra } => impersonating(
                &access.user,
                &json!({
                    "as": user, "as-groups": groups, "as-uid": uid, "as-user-extra": extra,
                }),
            ),
            // Without credentials kubectl asks for a password; this is who the API server takes nobody for.
            Identity::Anonymous => impersonating(
                &access.user,
                &json!({
                    "as": "system:anonymous", "as-groups": ["system:unauthenticated"],
                }),
            ),
        };
        let mut context = json!({"cluster": CONTEXT, "user": CONTEXT});
        if let Some(namespace) = namespace {
            context["namespace"] = namespace.into();
        }
        // JSON is YAML, and kubectl writes it anew as such.
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT, "cluster": access.cluster}],
            "users": [{"name": CONTEXT, "user": user}],
            "contexts": [{"name": CONTEXT, "context": context}],
            "current-context": CONTEXT,
        });
        Ok(kubeconfig.to_string().into_bytes())
    }

    /// A private folder for the commands of one scenario.
    pub fn workplace(&self) -> Result<Workplace, WorkplaceError> {
        match &self.home {
            Some(home) => Workplace::create(home),
            None => Workplace::create(&Home::from_env()?),
        }
    }

    /// The folder with a `kubectl` of this cluster's minor version, where one is installed.
    pub fn programs(&self) -> Option<PathBuf> {
        // Nothing panics while it is locked.
        self.programs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A user who acts as another one.
fn impersonating(own: &Value, other: &Value) -> Value {
    let mut user = own.clone();
    if let (Some(fields), Some(other)) = (user.as_object_mut(), other.as_object()) {
        fields.extend(
            other.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone())),
        );
    }
    user
}

fn no_certificate(user: &str, cause: &str) -> SendError {
    SendError::NoCertificate { user: user.to_owned(), cause: cause.to_owned() }
}
