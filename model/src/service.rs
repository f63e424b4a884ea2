//! The model as a service, for clients inside the process.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http_body::Frame;
use http_body_util::{BodyExt, Limited};
use sha2::{Digest, Sha256};

use crate::Model;
use crate::model::refused;
use crate::request::{Query, Request, decoded};
use crate::status::Refusal;

/// No object is larger, so no request is read further: what etcd and the API server take.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// Who is at the other end of the connection, as TLS knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// The common name and the organizations of the client certificate, where one came.
    pub certificate: Option<(String, Vec<String>)>,
    /// The SHA-256 of the certificate, in hexadecimal digits; of one that there is in words only, of these.
    pub(crate) fingerprint: String,
}

impl Peer {
    /// Somebody with a client certificate that the cluster's authority signed.
    pub fn certified<'g>(user: &str, groups: impl IntoIterator<Item = &'g str>) -> Self {
        let groups: Vec<String> = groups.into_iter().map(str::to_owned).collect();
        let fingerprint = fingerprint(format!("{user}/{}", groups.join("/")).as_bytes());
        Self { certificate: Some((user.to_owned(), groups)), fingerprint }
    }

    /// Somebody without a certificate.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// The administrator.
    pub fn administrator() -> Self {
        Self::certified("kubernetes-admin", ["system:masters"])
    }
}

/// As client certificates are told apart.
pub(crate) fn fingerprint(certificate: &[u8]) -> String {
    format!("{:x}", Sha256::digest(certificate))
}

/// A connection to a model.
#[derive(Clone)]
pub struct Service {
    model: Model,
    peer: Peer,
}

impl Service {
    pub(crate) fn new(model: Model, peer: Peer) -> Self {
        Self { model, peer }
    }

    /// Answers a request.
    pub async fn send<B>(&self, request: http::Request<B>) -> http::Response<Body>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
            let message = format!("Request entity too large: limit is {BODY_LIMIT}");
            return refused(&Refusal::new(413, "RequestEntityTooLarge", message));
        };
        self.model.answer(&Request {
            method: head.method,
            path: decoded(&head.uri.path().replace('+', "%2B")),
            query: Query::parse(head.uri.query().unwrap_or_default()),
            headers: head.headers,
            body: body.to_bytes(),
            peer: self.peer.clone(),
        })
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl<B> tower_service::Service<http::Request<B>> for Service
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.send(request).await) })
    }
}

type Frames = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// The body of an answer: whole, or the events of a watch as they come.
pub struct Body(Kind);

enum Kind {
    Whole(Option<Bytes>),
    Frames(Frames),
}

impl Body {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Whole(Some(bytes.into()).filter(|bytes| !bytes.is_empty())))
    }

    pub(crate) fn frames(frames: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self(Kind::Frames(Box::pin(frames)))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Whole(bytes) => write!(f, "Body({} bytes)", bytes.as_ref().map_or(0, Bytes::len)),
            Kind::Frames(_) => f.write_str("Body(..)"),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Frames(frames) => {
                frames.as_mut().poll_next(cx).map(|frame| frame.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Whole(None))
    }
}
