//! The components' command lines, the same from v1.22 to v1.37 but for one flag of v1.22. What they leave out is kubeadm's default
//! too, or has no effect without a kubelet; nothing here makes a cluster faster by making it another one.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::{BootError, ETCD_CLIENTS, ETCD_PEERS, HOST_ADDRESS, ISSUER, SERVICE_RANGE};
use crate::cluster::Setup;
use crate::cluster::folder::Folder;
use crate::cluster::order::{LocalOrder, Order};
use crate::cluster::process::{Component, Surroundings};

/// The components' command lines.
pub(super) struct Starting<'a> {
    pub(super) order: &'a Order,
    pub(super) local: &'a LocalOrder,
    pub(super) folder: &'a Folder,
}

impl Starting<'_> {
    pub(super) fn etcd(&self) -> Result<Component, BootError> {
        let peers = format!("unix://{ETCD_PEERS}");
        let clients = format!("unix://{ETCD_CLIENTS}");
        let data = self.folder.file("etcd").to_string_lossy().into_owned();
        let flags = [
            ("name", "local"),
            ("data-dir", &data),
            ("listen-client-urls", &clients),
            ("advertise-client-urls", &clients),
            ("listen-peer-urls", &peers),
            ("initial-advertise-peer-urls", &peers),
            ("initial-cluster", &format!("local={peers}")),
            // One member elects itself: shorter ticks only make it quicker about that.
            ("heartbeat-interval", "10"),
            ("election-timeout", "100"),
            ("log-level", "warn"),
            // Its data is thrown away with the cluster.
            ("unsafe-no-fsync", "true"),
        ];
        self.component("etcd", &flags, &BTreeMap::new(), false)
    }

    pub(super) fn apiserver(&self, port: u16) -> Result<Component, BootError> {
        let file = |name: &str| self.pki(name);
        let flags = [
            ("etcd-servers", format!("unix://{ETCD_CLIENTS}")),
            ("bind-address", "127.0.0.1".to_owned()),
            ("secure-port", port.to_string()),
            ("advertise-address", HOST_ADDRESS.to_owned()),
            ("cert-dir", file("")),
            ("client-ca-file", file("ca.crt")),
            ("tls-cert-file", file("apiserver.crt")),
            ("tls-private-key-file", file("apiserver.key")),
            ("service-account-issuer", ISSUER.to_owned()),
            ("service-account-key-file", file("sa.pub")),
            ("service-account-signing-key-file", file("sa.key")),
            ("service-cluster-ip-range", SERVICE_RANGE.to_owned()),
            ("authorization-mode", "Node,RBAC".to_owned()),
            ("enable-admission-plugins", "NodeRestriction".to_owned()),
            ("allow-privileged", "true".to_owned()),
        ];
        let flags = flags.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.component("kube-apiserver", &flags, &self.setup().apiserver, true)
    }

    pub(super) fn controller_manager(&self) -> Result<Component, BootError> {
        let file = |name: &str| self.pki(name);
        let flags = [
            ("kubeconfig", file("controller-manager.kubeconfig")),
            ("root-ca-file", file("ca.crt")),
            ("cluster-signing-cert-file", file("ca.crt")),
            ("cluster-signing-key-file", file("ca.key")),
            ("service-account-private-key-file", file("sa.key")),
            ("use-service-account-credentials", "false".to_owned()),
            ("leader-elect", "false".to_owned()),
            // By default its requests are kept to 20 a second, which makes whoever creates many Namespaces wait.
            ("kube-api-qps", "1000".to_owned()),
            ("kube-api-burst", "2000".to_owned()),
            // Nobody asks it anything, and a server of its own costs it an RSA key at every start.
            ("secure-port", "0".to_owned()),
        ];
        let flags = flags.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.component("kube-controller-manager", &flags, &self.setup().controller_manager, true)
    }

    pub(super) fn scheduler(&self) -> Result<Component, BootError> {
        let kubeconfig = self.folder.file("pki/scheduler.kubeconfig");
        let kubeconfig = kubeconfig.to_string_lossy();
        let mut flags = vec![("kubeconfig", &*kubeconfig), ("leader-elect", "false"), ("secure-port", "0")];
        // The last one that serves without TLS too, on all interfaces, unless told not to; later ones refuse the flag.
        if self.order.version.starts_with("v1.22.") {
            flags.push(("port", "0"));
        }
        self.component("kube-scheduler", &flags, &self.setup().scheduler, true)
    }

    fn setup(&self) -> &Setup {
        &self.order.setup
    }

    /// The path of a file of the cluster's keys and certificates; of their folder where the name is empty.
    fn pki(&self, name: &str) -> String {
        self.folder.file("pki").join(name).to_string_lossy().into_owned()
    }

    /// The release is in the name: after an upgrade there are logs of both.
    fn log(&self, name: &str) -> String {
        if name == "etcd" {
            format!("etcd-{}.log", self.local.etcd)
        } else {
            format!("{name}-{}.log", self.order.version)
        }
    }

    fn component(
        &self,
        name: &'static str,
        flags: &[(&str, &str)],
        asked: &BTreeMap<String, String>,
        has_gates: bool,
    ) -> Result<Component, BootError> {
        let ours = flags.iter().filter(|(flag, _)| !asked.contains_key(*flag)).map(|&(flag, value)| (flag, value));
        let theirs = asked.iter().map(|(flag, value)| (flag.as_str(), value.as_str()));
        let mut arguments: Vec<OsString> =
            ours.chain(theirs).map(|(flag, value)| OsString::from(format!("--{flag}={value}"))).collect();
        let gates: Vec<String> = self.setup().gates.iter().map(|(gate, on)| format!("{gate}={on}")).collect();
        if has_gates && !gates.is_empty() {
            arguments.push(format!("--feature-gates={}", gates.join(",")).into());
        }
        let program = self.local.programs.join(name);
        let log = self.folder.logs().join(self.log(name));
        Component::start(name, &program, &arguments, self.folder.path(), log, Surroundings::Bare)
            .map_err(|cause| BootError::Start { program, cause })
    }
}
