//! A connection to an API server on behalf of one identity.

use std::error::Error;

use http::header::{ACCEPT, CONTENT_TYPE, WARNING};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;

use super::exchange::{Exchange, Request};

/// Why there was no answer. Any status is an answer.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SendError {
    /// Nobody listens, no route, no such host.
    #[error("{method} {path}: the API server cannot be reached: {cause}")]
    #[diagnostic(help("check that the cluster runs and that the address of its kubeconfig context is right"))]
    Unreachable {
        /// The method that was sent.
        method: String,
        /// The path that was sent.
        path: String,
        /// What the system says.
        cause: String,
    },
    /// One side refused the other's certificate.
    #[error("{method} {path}: the TLS handshake failed: {cause}")]
    #[diagnostic(help(
        "check the certificate authority of the kubeconfig; a client certificate must be X.509 v3 (`openssl x509 -req` \
         without extensions makes v1, which is refused here)"
    ))]
    Tls {
        /// The method that was sent.
        method: String,
        /// The path that was sent.
        path: String,
        /// What the handshake says.
        cause: String,
    },
    /// The connection ended before the answer did.
    #[error("{method} {path}: the connection broke before the answer was whole: {cause}")]
    #[diagnostic(help("the API server ended or restarted: look at its log, then run again"))]
    Broken {
        /// The method that was sent.
        method: String,
        /// The path that was sent.
        path: String,
        /// What the system says.
        cause: String,
    },
    /// A value that cannot stand in a header.
    #[error("the value for the header {name} cannot be sent: it holds a line break or another control character")]
    NoHeader {
        /// The header's name.
        name: String,
    },
    /// A path that is none.
    #[error("`{path}` is no path of an API server")]
    #[diagnostic(help("it begins with / and holds no blanks: /api/v1/namespaces/demo/pods"))]
    NoPath {
        /// The path as it was given.
        path: String,
    },
}

/// Requests on behalf of one identity; cloning shares the connection.
#[derive(Clone)]
pub struct Session {
    client: kube::Client,
    identity: HeaderMap,
}

impl Session {
    pub(super) fn new(client: kube::Client, identity: HeaderMap) -> Self {
        Self { client, identity }
    }

    /// Sends a request once and reads its answer to the end. Never retries: 429 may be the answer somebody waits for.
    pub async fn send(&self, request: Request) -> Result<Exchange, SendError> {
        let (method, path) = (request.method.clone(), request.path.clone());
        let broken = |error: &(dyn Error + 'static)| classify(error, method.as_str(), &path);

        let response = self.client.send(self.http_request(&request)?).await.map_err(|error| broken(&error))?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|error| broken(&error))?.to_bytes();
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        };
        let warnings =
            parts.headers.get_all(WARNING).iter().filter_map(|value| warning(value.to_str().ok()?)).collect();
        Ok(Exchange { method: request.method, path: request.path, status: parts.status.as_u16(), warnings, body })
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
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type));
        }
        for (name, value) in &request.headers {
            let wrong = || SendError::NoHeader { name: name.clone() };
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            headers.insert(header, HeaderValue::from_str(value).map_err(|_| wrong())?);
        }
        headers.extend(self.identity.clone());
        Ok(built)
    }
}

/// What kind of failure it was, by the errors beneath it: the layers above agree on none.
fn classify(error: &(dyn Error + 'static), method: &str, path: &str) -> SendError {
    let (method, path) = (method.to_owned(), path.to_owned());
    let chain: Vec<&(dyn Error + 'static)> = std::iter::successors(Some(error), |error| (*error).source()).collect();
    let cause = chain.last().map(ToString::to_string).unwrap_or_default();
    let is_connecting = chain.iter().any(|error| error.to_string().contains("(Connect)"));
    let is_tls = chain.iter().any(|error| {
        let text = error.to_string();
        text.contains("certificate") || text.contains("HandshakeFailure") || text.contains("corrupt message")
    });
    match (is_tls, is_connecting) {
        (true, _) => SendError::Tls { method, path, cause },
        (false, true) => SendError::Unreachable { method, path, cause },
        (false, false) => SendError::Broken { method, path, cause },
    }
}

/// The text of a `Warning` header as API servers write it: `299 - "text"`, quotes and backslashes escaped.
fn warning(header: &str) -> Option<String> {
    let quoted = header.split_once('"')?.1.rsplit_once('"')?.0;
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(c) = characters.next() {
        text.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_read_without_code_agent_and_escapes() {
        assert_eq!(warning(r#"299 - "requested \"x\" \\ y""#).as_deref(), Some(r#"requested "x" \ y"#));
        assert_eq!(warning("299 - nothing quoted"), None);
    }
}
