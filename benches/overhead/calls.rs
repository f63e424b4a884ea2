//! The calls of `tokens/pod-bound`, made by a client that does nothing else.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use super::Outcome;
use super::bare::{Answer, send};

pub(crate) const SCENARIO: &str = "scenarios/tokens/pod-bound.yaml";

/// The Pod that the scenario makes.
pub(crate) fn pod() -> Outcome<Value> {
    Ok(serde_saphyr::from_str(&std::fs::read_to_string(project("scenarios/tokens/pod-bound/pod.yaml"))?)?)
}

/// A file of this project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The calls, in a Namespace of their own.
pub(crate) struct Calls<'a> {
    pub(crate) client: kube::Client,
    pub(crate) namespace: String,
    pub(crate) audience: &'a str,
    pub(crate) pod: &'a Value,
    /// Between two looks at something that another component does: pauses grow up to this, as those of a scenario do.
    pub(crate) longest_pause: Duration,
}

impl Calls<'_> {
    pub(crate) async fn pod_bound(&self) -> Outcome<()> {
        let space = format!("/api/v1/namespaces/{}", self.namespace);
        let (pods, accounts) = (format!("{space}/pods"), format!("{space}/serviceaccounts"));
        let (pod, token) = (format!("{pods}/test-pod"), format!("{accounts}/demo-sa/token"));

        self.post("/api/v1/namespaces", &object("v1", "Namespace", &self.namespace)).await?.done()?;
        self.post(&accounts, &object("v1", "ServiceAccount", "demo-sa")).await?.done()?;
        self.until(async || Ok(self.post(&pods, self.pod).await?.status == 201)).await?;
        self.until(async || Ok(is_scheduled(&self.get(&pod).await?.done()?))).await?;
        let bound = json!({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "test-pod"}});
        let token = self.post(&token, &authentication("TokenRequest", &bound)).await?.done()?;
        let token = &token["status"]["token"];
        let reviewed = self.review(&json!({"token": token})).await?;
        if reviewed["status"]["authenticated"] != true {
            return Err("the token was not authenticated".into());
        }
        self.delete(&pod).await?.done()?;
        self.until(async || Ok(self.get(&pod).await?.status == 404)).await?;
        let mut attempt = 0;
        self.until(async || {
            attempt += 1;
            let unused = format!("uncached-{}-{attempt}", self.namespace);
            let reviewed = self.review(&json!({"token": token, "audiences": [self.audience, unused]})).await?;
            Ok(reviewed["status"]["authenticated"] != true)
        })
        .await?;
        self.delete(&space).await?.done()?;
        Ok(())
    }

    async fn review(&self, spec: &Value) -> Outcome<Value> {
        let path = "/apis/authentication.k8s.io/v1/tokenreviews";
        self.post(path, &authentication("TokenReview", spec)).await?.done()
    }

    async fn get(&self, path: &str) -> Outcome<Answer> {
        send(&self.client, Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Outcome<Answer> {
        send(&self.client, Method::POST, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Outcome<Answer> {
        send(&self.client, Method::DELETE, path, None).await
    }

    async fn until(&self, mut is_so: impl AsyncFnMut() -> Outcome<bool>) -> Outcome<()> {
        let (mut pause, deadline) = (Duration::from_millis(1), Instant::now() + Duration::from_mins(1));
        while !is_so().await? {
            if Instant::now() > deadline {
                return Err("the bare calls waited for a minute in vain".into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 5 / 4).min(self.longest_pause);
        }
        Ok(())
    }
}

fn object(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}})
}

fn authentication(kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": kind, "spec": spec})
}

fn is_scheduled(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == "PodScheduled" && condition["status"] == "True")
}
