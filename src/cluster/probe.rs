//! What can be found out about a cluster that is not ours. Each question is asked once and at the same time as the others;
//! what the user may not ask stays unknown, and nothing is guessed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use super::{Exchange, Facts, HOLLOW_LABEL, POD_IMAGE, Request, SendError, Session};
use crate::capability::Capability;

/// How long each answer may take.
pub(super) const WITHIN: Duration = Duration::from_secs(10);

/// Why a question has no answer: a server that is ill must not read as one that cannot do something.
pub(super) enum Unanswered {
    /// An error, or an answer that is none.
    Error(SendError),
    /// Not in time; the request.
    Hangs(String),
}

/// Facts and capabilities of the cluster behind a session.
pub(super) async fn all(own: &Session, server: &str) -> Result<(Facts, BTreeSet<Capability>), Unanswered> {
    let (issuer, audience, nodes, one_apiserver, plain, admin) =
        tokio::try_join!(issuer(own), audience(own), nodes(own), has_one_apiserver(own), is_plain(own), is_admin(own))?;
    let mut capabilities = by_nodes(&nodes);
    let further = [
        (one_apiserver, Capability::OneApiserver),
        (plain, Capability::PlainAuthentication),
        (admin, Capability::Admin),
    ];
    capabilities.extend(further.into_iter().filter_map(|(has, capability)| has.then_some(capability)));
    let name = |node: &Value| node["metadata"]["name"].as_str().map(str::to_owned);
    let nodes = nodes.iter().filter_map(name).collect();
    Ok((Facts { issuer, audience, server: Some(server.to_owned()), nodes }, capabilities))
}

/// An answer of a server that is well.
pub(super) async fn answer(own: &Session, request: Request) -> Result<Exchange, Unanswered> {
    let line = format!("{} {}", request.method, request.path);
    let answered = tokio::time::timeout(WITHIN, own.send(request)).await.map_err(|_| Unanswered::Hangs(line))?;
    match answered.map_err(Unanswered::Error)? {
        exchange if exchange.is_trouble() => {
            Err(Unanswered::Error(SendError::Refused { exchange: Box::new(exchange) }))
        }
        exchange => Ok(exchange),
    }
}

/// An answer of a server that is just starting, if it comes soon and says yes: a connection that hangs is tried again.
pub(super) async fn soon(session: &Session, path: &str) -> Option<Exchange> {
    let asked = session.send(Request::new(Method::GET, path));
    let answer = tokio::time::timeout(Duration::from_secs(5), asked).await.ok()?.ok()?;
    answer.is_success().then_some(answer)
}

/// The body of an answer that says yes; null if it says no.
async fn ask(own: &Session, request: Request) -> Result<Value, Unanswered> {
    let exchange = answer(own, request).await?;
    Ok(if exchange.is_success() { Arc::unwrap_or_clone(exchange.body) } else { Value::Null })
}

async fn get(own: &Session, path: &str) -> Result<Value, Unanswered> {
    ask(own, Request::new(Method::GET, path)).await
}

async fn post(own: &Session, path: &str, body: Value) -> Result<Value, Unanswered> {
    ask(own, Request::new(Method::POST, path).body(body)).await
}

async fn issuer(own: &Session) -> Result<Option<String>, Unanswered> {
    let document = get(own, "/.well-known/openid-configuration").await?;
    Ok(document["issuer"].as_str().map(str::to_owned))
}

/// The audience of the API is written nowhere (it is not the issuer on EKS), but a token that asks for none has it. The
/// token is thrown away; it belongs to a `ServiceAccount` that may do nothing, for ten minutes.
async fn audience(own: &Session) -> Result<Option<String>, Unanswered> {
    let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    let asked = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600},
    });
    let answer = post(own, path, asked).await?;
    let claims = || -> Option<Value> {
        let claims = answer["status"]["token"].as_str()?.split('.').nth(1)?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    };
    Ok(claims().and_then(|claims| claims["aud"][0].as_str().map(str::to_owned)))
}

async fn nodes(own: &Session) -> Result<Vec<Value>, Unanswered> {
    let mut list = get(own, "/api/v1/nodes").await?;
    Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

/// Whether a Node is Ready.
pub(super) fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// A Node that is Ready is scheduled to; only the hollow one has no kubelet behind it.
fn by_nodes(nodes: &[Value]) -> BTreeSet<Capability> {
    let ready: Vec<&Value> = nodes.iter().filter(|node| is_ready(node)).collect();
    let mut found = BTreeSet::new();
    if !ready.is_empty() {
        found.extend([Capability::Node, Capability::Scheduler]);
    }
    if ready.iter().any(|node| node["metadata"]["labels"][HOLLOW_LABEL].is_null()) {
        found.insert(Capability::Kubelet);
    }
    // `docker.io/rehearsal/pod:1` and the like.
    let names = ready.iter().flat_map(|node| node["status"]["images"].as_array().into_iter().flatten());
    let mut names = names.flat_map(|image| image["names"].as_array().into_iter().flatten());
    if names.any(|name| name.as_str().is_some_and(|name| name.ends_with(POD_IMAGE))) {
        found.insert(Capability::PodImage);
    }
    found
}

/// Every API server enters its address into the `kubernetes` Service; a managed one may hide several behind one.
async fn has_one_apiserver(own: &Session) -> Result<bool, Unanswered> {
    let path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes";
    let slice = get(own, path).await?;
    let addresses = |endpoint: &Value| endpoint["addresses"].as_array().map_or(0, Vec::len);
    Ok(slice["endpoints"].as_array().is_some_and(|endpoints| endpoints.iter().map(addresses).sum::<usize>() == 1))
}

/// Further authenticators add their own texts to what a review of nonsense says.
async fn is_plain(own: &Session) -> Result<bool, Unanswered> {
    let path = "/apis/authentication.k8s.io/v1/tokenreviews";
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "no.such.token"},
    });
    Ok(post(own, path, review).await?["status"]["error"] == "invalid bearer token")
}

async fn is_admin(own: &Session) -> Result<bool, Unanswered> {
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "*", "group": "*", "resource": "*", "version": "*"}},
    });
    Ok(post(own, path, review).await?["status"]["allowed"] == true)
}
