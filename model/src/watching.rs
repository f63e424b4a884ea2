//! Watches: events of a collection as they come.

use crate::Model;
use crate::service::Body;

/// What is watched.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) resource: &'static str,
}

pub(crate) fn response(_model: Model, _wanted: Wanted) -> http::Response<Body> {
    http::Response::new(Body::whole(""))
}
