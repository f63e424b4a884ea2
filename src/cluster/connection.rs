//! What requests go through: a client of a server, or the model itself.

use http::{Request, Response};
use http_body_util::Either;
use kube::client::Body;
use rehearsal_model::Service;

/// The body of an answer.
pub(super) type AnswerBody = Either<Body, rehearsal_model::Body>;

/// A connection on behalf of whoever TLS says; cloning shares it. Nothing connects before the first request.
#[derive(Clone)]
pub(super) enum Connection {
    /// To a server, or to any service that stands for one.
    Server(kube::Client),
    /// To a model in this process: asked where it is called, without the queue and the task that a client has before a server.
    Model(Service),
}

impl Connection {
    /// Sends a request once.
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<AnswerBody>, kube::Error> {
        Ok(match self {
            Self::Server(client) => client.send(request).await?.map(Either::Left),
            Self::Model(service) => service.send(request).await.map(Either::Right),
        })
    }
}

impl From<kube::Client> for Connection {
    fn from(client: kube::Client) -> Self {
        Self::Server(client)
    }
}
