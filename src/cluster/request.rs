//! One HTTP request as it is meant.

use http::Method;
use serde_json::Value;

/// What a step asks of the API server.
#[derive(Debug, Clone)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// Path and query, as in `/api/v1/namespaces?limit=5`.
    pub path: String,
    /// The body, sent as JSON.
    pub body: Option<Value>,
    /// `Content-Type` of the body; patches have their own.
    pub content_type: &'static str,
    /// Further headers, in the order they were written.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), body: None, content_type: "application/json", headers: Vec::new() }
    }

    /// A list of which objects a collection holds, with their metadata and without what is in them. A server that cannot
    /// leave that out sends it.
    pub fn list_of_metadata(collection: &str) -> Self {
        const ACCEPT: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
        let headers = vec![("Accept".to_owned(), ACCEPT.to_owned())];
        Self { headers, ..Self::new(Method::GET, collection) }
    }

    /// The same request with a JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}
