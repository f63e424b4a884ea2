//! Another release in place of the one that runs, on the same data, keys, certificates and port.
//!
//! One API server is replaced at a time, and there is only one: while it is away nobody answers, and watches end. The
//! order is that of the version-skew policy: nothing is newer than the API server, and the Node comes last.

use std::time::Duration;

use http::Method;

use super::components::Starting;
use super::{BootError, ControlPlane, READY_WITHIN, session};
use crate::cluster::folder::Folder;
use crate::cluster::order::{LocalOrder, Order};
use crate::cluster::process::Component;
use crate::cluster::{Request, Session};

/// How long it may take: one program ends before another starts, and on a busy machine each takes its time.
const UPGRADED_WITHIN: Duration = READY_WITHIN.saturating_mul(3);

/// What kube-controller-manager makes anew in every Namespace: once it is back there, that program works.
const MARKER: &str = "/api/v1/namespaces/kube-node-lease/configmaps/kube-root-ca.crt";

impl ControlPlane {
    /// Replaces the programs by those of an order. Where that fails, what still runs of both is for the caller to stop.
    /// To be called on the main thread, with the folder as working folder.
    pub(in crate::cluster) async fn upgrade(
        &mut self,
        order: &Order,
        local: &LocalOrder,
        folder: &Folder,
    ) -> Result<(), BootError> {
        let outcome = tokio::time::timeout(UPGRADED_WITHIN, self.replace(order, local, folder)).await;
        outcome.unwrap_or_else(|_| Err(self.not_ready(UPGRADED_WITHIN)))
    }

    async fn replace(&mut self, order: &Order, local: &LocalOrder, folder: &Folder) -> Result<(), BootError> {
        let starting = Starting { order, local, folder };
        let admin = session(folder, "kubeconfig").await?;
        self.kill("kube-apiserver").await;
        if local.etcd != self.etcd {
            // As its machine would, so that it leaves its data whole.
            if let Some(etcd) = self.take("etcd") {
                etcd.end().await;
            }
            self.components.push(starting.etcd()?);
            self.etcd.clone_from(&local.etcd);
            self.until_etcd_listens().await?;
        }
        self.components.push(starting.apiserver(self.port)?);
        self.until_ready(&admin).await?;

        self.kill("kube-controller-manager").await;
        self.kill("kube-scheduler").await;
        self.remove_marker(&admin).await?;
        let what = "the root CA's ConfigMap, which kube-controller-manager makes";
        self.start_the_rest(&starting, &admin, (MARKER, what)).await
    }

    /// Takes away what only a controller that works puts back.
    async fn remove_marker(&mut self, admin: &Session) -> Result<(), BootError> {
        self.missing = "the end of the root CA's ConfigMap";
        let remove = async || {
            let removed = admin.send(Request::new(Method::DELETE, MARKER)).await;
            removed.is_ok_and(|exchange| exchange.is_success() || exchange.status == 404)
        };
        self.until(remove).await
    }

    /// Ends a component that holds no data; asked politely, some wait five seconds for their watchers.
    async fn kill(&mut self, name: &str) {
        if let Some(mut component) = self.take(name) {
            component.kill().await;
        }
    }

    fn take(&mut self, name: &str) -> Option<Component> {
        let place = self.components.iter().position(|component| component.name == name)?;
        Some(self.components.remove(place))
    }
}
