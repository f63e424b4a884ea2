//! The API server as one attempt at a step uses it.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use rand::Rng;

use super::sent::Sent;
use crate::action::{Api, Events};
use crate::cluster::{Cluster, Exchange, Request, Resource, SendError, Session, Watch};

/// A cluster through one identity; every request is counted.
pub(super) struct StepApi<'a> {
    cluster: &'a Cluster,
    session: Session,
    sent: &'a Sent,
}

impl<'a> StepApi<'a> {
    pub(super) fn new(cluster: &'a Cluster, session: Session, sent: &'a Sent) -> Self {
        Self { cluster, session, sent }
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

    fn events(&self, path: String) -> BoxFuture<'_, Result<Result<Events, Exchange>, SendError>> {
        let next = async |mut watch: Watch| watch.next().await.map(|event| (event, watch));
        Box::pin(async move {
            let opened = self.sent.open(format!("GET {path}"), self.session.open_watch(path)).await?;
            Ok(opened.map(|watch| stream::unfold(watch, next).boxed()))
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
