//! A rehearsed control plane calls nobody: its webhooks and aggregated API servers may be addresses of real machines, and
//! what it would send them are the objects of a user.

use std::io::{self, Write};

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::cluster::Setup;

/// The flag that says how kube-apiserver reaches others.
const FLAG: &str = "egress-selector-config-file";

/// How a control plane is set up that calls nobody. What it would call has no answer at once, instead of after a while.
#[derive(Debug)]
pub(super) struct Seclusion {
    /// Read by kube-apiserver whenever it starts.
    file: NamedTempFile,
}

impl Seclusion {
    pub(super) fn new() -> io::Result<Self> {
        let mut file = NamedTempFile::with_prefix("rehearsal-egress-")?;
        file.write_all(configuration().to_string().as_bytes())?;
        file.flush()?;
        Ok(Self { file })
    }

    pub(super) fn setup(&self) -> Setup {
        let path = self.file.path().to_string_lossy().into_owned();
        Setup { apiserver: [(FLAG.to_owned(), path)].into(), ..Setup::default() }
    }
}

/// By way of a proxy that is not there: `cluster` is what goes to Services, `controlplane` what goes to a URL.
fn configuration() -> Value {
    let connection = json!({"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": "/nonexistent/nobody"}}});
    let selections = ["cluster", "controlplane"].map(|name| json!({"name": name, "connection": connection}));
    json!({
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": selections,
    })
}
