//! An API server through a client that does nothing of its own: one connection, requests as they are written.

use http::{Method, Request};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use rehearsal::cluster::Cluster;
use serde_json::Value;

use super::Outcome;

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The answer, if the server did what it was asked.
    pub(crate) fn done(self) -> Outcome<Value> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        Err(format!("the server answered {}: {}", self.status, self.body["message"]).into())
    }
}

/// How a client of its own reaches a local cluster.
pub(crate) async fn config(cluster: &Cluster) -> Outcome<kube::Config> {
    let kubeconfig = Kubeconfig::read_from(cluster.kubeconfig().ok_or("the cluster has no kubeconfig")?)?;
    Ok(kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)
}

/// Connects with the first request, and anew for each client.
pub(crate) fn client(mut config: kube::Config) -> Outcome<kube::Client> {
    config.default_retry = false;
    config.disable_compression = true;
    config.proxy_url = None;
    Ok(kube::Client::try_from(config)?)
}

pub(crate) async fn send(client: &kube::Client, method: Method, path: &str, body: Option<&Value>) -> Outcome<Answer> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("accept", "application/json").header("content-type", "application/json");
    let request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string().into_bytes())))?;
    let response = client.send(request).await?;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
}
