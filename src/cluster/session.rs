//! A connection to an API server on behalf of one identity.

use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT, WARNING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use rehearsal_model::NOT_MODELLED;
use serde_json::Value;

use super::connection::{AnswerBody, Connection};
use super::identity::percent_encoded;
use super::lease::Aftermath;
use super::send_error::{Failing, SendError};
use super::watch::Watch;
use super::{Exchange, Request};
use crate::version::Minor;

/// Whom API servers take for the manager of fields that are written without naming one.
const AGENT: &str = concat!("rehearsal/", env!("CARGO_PKG_VERSION"));
/// What they make of it.
pub(super) const MANAGER: &str = "rehearsal";

/// Requests on behalf of one identity; cloning shares the connection.
#[derive(Clone)]
pub struct Session {
    connection: Connection,
    identity: HeaderMap,
    aftermath: Option<Arc<Aftermath>>,
    /// The minor that answers, where that is a model.
    modelled: Option<Minor>,
}

impl Session {
    pub(super) fn new(connection: impl Into<Connection>, identity: HeaderMap) -> Self {
        Self { connection: connection.into(), identity, aftermath: None, modelled: None }
    }

    /// The same session, which can say why its local cluster went.
    pub(super) fn with_aftermath(self, aftermath: Option<Arc<Aftermath>>) -> Self {
        Self { aftermath, ..self }
    }

    /// The same session, of a model: that something is not modelled is no answer.
    pub(super) fn of_model(self, modelled: Option<Minor>) -> Self {
        Self { modelled, ..self }
    }

    /// Sends a request once and reads its answer to the end. Never retries: 429 may be the answer somebody waits for.
    /// Sets no deadline either; that is the caller's, around all of it.
    pub async fn send(&self, request: Request) -> Result<Exchange, SendError> {
        let http = self.http_request(&request)?;
        let failing = Failing { method: request.method, path: request.path };
        let response = self.answer(http, &failing).await?;
        let (warnings, status) = (all_warnings(&response), response.status().as_u16());
        let body = self.body(response, &failing).await?;
        Ok(Exchange { method: failing.method, path: failing.path, status, warnings, body: body.into() })
    }

    /// Watches a collection such as `/api/v1/namespaces/demo/pods` from a resource version on, which a list gave: from
    /// none, some API servers take 3 s to begin.
    pub async fn watch(&self, collection: &str, field_selector: &str, since: &str) -> Result<Watch, SendError> {
        let (selector, since) = (percent_encoded(field_selector), percent_encoded(since));
        let path = format!("{collection}?watch=true&fieldSelector={selector}&resourceVersion={since}");
        Ok(match self.open_watch(path).await? {
            Ok(watch) => watch,
            Err(refusal) => {
                let failing = Failing { method: refusal.method, path: refusal.path };
                Watch::refused(Arc::unwrap_or_clone(refusal.body), failing)
            }
        })
    }

    /// Opens the watch that a path with its query asks for, or gives back the refusal.
    pub async fn open_watch(&self, path: String) -> Result<Result<Watch, Exchange>, SendError> {
        let request = Request::new(Method::GET, path);
        let http = self.http_request(&request)?;
        let failing = Failing { method: request.method, path: request.path };
        let response = self.answer(http, &failing).await?;
        if response.status().is_success() {
            return Ok(Ok(Watch::stream(response.into_body(), failing)));
        }
        let (warnings, status) = (all_warnings(&response), response.status().as_u16());
        let body = self.body(response, &failing).await?;
        Ok(Err(Exchange { method: failing.method, path: failing.path, status, warnings, body: body.into() }))
    }

    async fn answer(&self, request: http::Request<Body>, failing: &Failing) -> Result<Response<AnswerBody>, SendError> {
        match self.connection.send(request).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.explained(failing.classify(&error)).await),
        }
    }

    async fn body(&self, response: Response<AnswerBody>, failing: &Failing) -> Result<Value, SendError> {
        let status = response.status().as_u16();
        let claims_json = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("json")));
        let bytes = match response.into_body().collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) => return Err(self.explained(failing.classify(&*error)).await),
        };
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        match parsed(&bytes) {
            Ok(body) => match self.not_modelled(status, &body, failing) {
                Some(refused) => Err(refused),
                None => Ok(body),
            },
            // Cut off by something that ends connections as if they were complete. Of a refusal the code says enough.
            Err(error) if claims_json && status < 400 => {
                let what = format!("says it is JSON and is not, or not whole: {error}");
                Err(SendError::Unreadable { request: failing.to_string(), status, what })
            }
            Err(_) => Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        }
    }

    /// The refusal of a model that does not know what it was asked for.
    fn not_modelled(&self, status: u16, body: &Value, failing: &Failing) -> Option<SendError> {
        let minor = self.modelled.filter(|_| status == 501 && body["reason"] == NOT_MODELLED)?;
        let what = body["message"].as_str().unwrap_or_default().to_owned();
        Some(SendError::NotModelled { request: failing.to_string(), what, minor })
    }

    /// The error, or what happened to the local cluster behind it.
    async fn explained(&self, error: SendError) -> SendError {
        let Some(aftermath) = &self.aftermath else { return error };
        let (SendError::Unreachable { request, .. } | SendError::Broken { request, .. }) = &error else { return error };
        match aftermath.reason().await {
            Some(end) => SendError::ClusterGone { request: request.clone(), end: Box::new(end) },
            None => error,
        }
    }

    fn http_request(&self, request: &Request) -> Result<http::Request<Body>, SendError> {
        let no_path = || SendError::NoPath { path: request.path.clone() };
        if !request.path.starts_with('/') {
            return Err(no_path());
        }
        let body = request.body.as_ref().map(|body| body.to_string().into_bytes());
        let mut built = http::Request::builder()
            .method(request.method.clone())
            .uri(request.path.as_str())
            .body(body.map_or_else(Body::empty, Body::from))
            .map_err(|_| no_path())?;
        let headers = built.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type));
        }
        // A header that is named replaces ours; named twice it is sent twice.
        let mut named = HeaderMap::new();
        for (name, value) in &request.headers {
            let wrong = || SendError::NoHeader { name: name.clone() };
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            named.append(header, HeaderValue::from_str(value).map_err(|_| wrong())?);
        }
        headers.extend(named);
        headers.extend(self.identity.clone());
        Ok(built)
    }
}

/// As text where it is one: `serde_json` reads that by code of its own, which is optimised in every profile.
fn parsed(bytes: &[u8]) -> serde_json::Result<Value> {
    std::str::from_utf8(bytes).map_or_else(|_| serde_json::from_slice(bytes), str::parse)
}

fn all_warnings<B>(response: &Response<B>) -> Vec<String> {
    response.headers().get_all(WARNING).iter().flat_map(warnings).collect()
}

/// The texts of a `Warning` header as RFC 7234 has it: `299 - "text"`, several of them parted by commas, quotes and
/// backslashes in a text escaped. API servers write UTF-8.
fn warnings(header: &HeaderValue) -> Vec<String> {
    let header = String::from_utf8_lossy(header.as_bytes());
    let mut texts = Vec::new();
    let mut text: Option<String> = None;
    let mut characters = header.chars();
    while let Some(c) = characters.next() {
        match (&mut text, c) {
            (None, '"') => text = Some(String::new()),
            (None, _) => {}
            (Some(_), '"') => texts.extend(text.take()),
            (Some(text), '\\') => text.extend(characters.next()),
            (Some(text), c) => text.push(c),
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_read_without_code_agent_and_escapes() {
        let read = |header: &str| warnings(&HeaderValue::from_bytes(header.as_bytes()).unwrap());
        assert_eq!(read(r#"299 - "requested \"x\" \\ y""#), [r#"requested "x" \ y"#]);
        assert_eq!(read(r#"299 - "a, b", 199 agent "größer""#), ["a, b", "größer"]);
        assert_eq!(read("299 - nothing quoted"), [""; 0]);
        assert_eq!(read(r#"299 - "cut"#), [""; 0]);
    }
}
