//! The API server as one attempt at a step uses it.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use rand::Rng;

use super::sent::Sent;
use super::watched::Watched;
use crate::action::{Api, Events, Upgrade};
use crate::cluster::{Cluster, Exchange, Request, Resource, SendError, Session, UpgradeError, Watch};
use crate::scenario::Settings;

/// A cluster through one identity; every request is counted.
pub(super) struct StepApi<'a> {
    cluster: &'a Cluster,
    session: Session,
    /// How the cluster has to be set up, on each version.
    settings: &'a Settings,
    sent: &'a Sent,
}

impl<'a> StepApi<'a> {
    pub(super) fn new(cluster: &'a Cluster, session: Session, settings: &'a Settings, sent: &'a Sent) -> Self {
        Self { cluster, session, settings, sent }
    }

    /// Watches a collection from a resource version on.
    pub(super) async fn watch(&self, collection: &str, selector: &str, since: &str) -> Result<Watch, SendError> {
        self.session.watch(collection, selector, since).await
    }
}

impl Api for StepApi<'_> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Exchange, SendError>> {
        Box::pin(self.sent.send(&self.session, request))
    }

    fn events(&self, path: String) -> BoxFuture<'_, Result<Result<Events<'_>, Exchange>, SendError>> {
        Box::pin(async move {
            let begun = self.cluster.upgrades_begun();
            let opened = self.sent.open(format!("GET {path}"), self.session.open_watch(path.clone())).await?;
            let open = self.sent.watches();
            let watched = |watch| Watched::new(self.cluster, self.session.clone(), &path, watch, begun, open);
            Ok(opened.map(|watch| stream::unfold(watched(watch), Watched::next).boxed()))
        })
    }

    fn resolve<'a>(
        &'a self,
        api_version: &'a str,
        kind: &'a str,
    ) -> BoxFuture<'a, Result<Option<Resource>, SendError>> {
        // As the kubeconfig's user: what is served is a fact about the server, not about who asks.
        let folder = if api_version.contains('/') { "apis" } else { "api" };
        let request = format!("GET /{folder}/{api_version}");
        Box::pin(self.sent.beside(request, self.cluster.resolve(api_version, kind)))
    }

    fn meant(&self, api_version: &str, kind: &str) -> Option<Resource> {
        self.cluster.meant(api_version, kind)
    }

    fn upgrade(&self, to: Upgrade) -> BoxFuture<'_, Result<(), UpgradeError>> {
        Box::pin(async move {
            let to = self.cluster.rung(&to.release(&self.cluster.now()))?;
            let upgrade = async {
                self.cluster.upgrade(&to, &self.settings.on(&to)).await?;
                self.sent.watches().opened_after(self.cluster.upgrades_begun()).await;
                Ok(())
            };
            self.sent.beside(format!("the upgrade to {to}"), upgrade).await
        })
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn audience(&self) -> Option<&str> {
        self.cluster.facts().audience.as_deref()
    }

    fn nonce(&self) -> String {
        format!("{:016x}", rand::rng().random::<u64>())
    }
}
