//! Requests around a scenario that are not part of it: its Namespace, and taking away what was made.

use std::time::Duration;

use futures_util::future;
use http::Method;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::outcome::Trouble;
use super::sent::Sent;
use crate::action::{Backoff, Pace};
use crate::cluster::{Cluster, Exchange, Identity, RUN_LABEL, Request, SendError, Session};

/// How long clean-up may take at most: it asks and does not wait, so this is for a server that is ill, or on a machine that
/// has too much to do.
const CLEAN_UP: Duration = Duration::from_secs(30);

/// The cluster's own user, on behalf of one scenario.
pub(super) struct Own<'a> {
    cluster: &'a Cluster,
    session: Session,
    /// How long one request may take.
    timeout: Duration,
    sent: &'a Sent,
}

/// What came of a request.
enum Came {
    Answer(Exchange),
    Error(SendError),
    Nothing,
}

impl<'a> Own<'a> {
    pub(super) fn new(cluster: &'a Cluster, timeout: Duration, sent: &'a Sent) -> Result<Self, Trouble> {
        let session = cluster.session(&Identity::Own).map_err(|error| Trouble::from_error(&error))?;
        Ok(Self { cluster, session, timeout, sent })
    }

    /// Creates the scenario's Namespace, with the label that `cluster gc` finds it by.
    pub(super) async fn create_namespace(
        &self,
        name: &str,
        run: &str,
        interrupted: &mut watch::Receiver<bool>,
    ) -> Result<(), Trouble> {
        let body = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {RUN_LABEL: run}},
        });
        let request = Request::new(Method::POST, "/api/v1/namespaces").body(body);
        let deadline = Instant::now() + self.timeout;
        let came = tokio::select! {
            came = self.send(&request, deadline) => came,
            _ = interrupted.wait_for(|is| *is) => return Err(Trouble::new("interrupted")),
        };
        let is_made_for_sure_not = match &came {
            Came::Answer(exchange) => !exchange.is_success() && exchange.status < 500,
            Came::Error(error) => !matches!(error, SendError::Broken { .. } | SendError::Unreadable { .. }),
            Came::Nothing => false,
        };
        if is_made_for_sure_not {
            // Above all one of that name that was there before.
            self.sent.namespace_was_not_made();
        }
        match came {
            Came::Answer(exchange) if exchange.is_success() => Ok(()),
            came => {
                Err(trouble(came, &request, self.timeout).during(&format!("creating the scenario's Namespace {name}")))
            }
        }
    }

    /// Looks for what commands have made outside of Namespaces: that it carries this run's suffix is all that is known.
    pub(super) async fn find_what_commands_made(&self) -> Result<(), Trouble> {
        let within = self.timeout.min(CLEAN_UP);
        let deadline = Instant::now() + within;
        let collections = timeout_at(deadline, self.cluster.cluster_wide());
        let collections = collections.await.ok().and_then(Result::ok).unwrap_or_default();
        let listed = collections.iter().map(async |collection| {
            let request = Request::list_of_metadata(collection);
            (collection, self.send_until_taken(&request, deadline).await, request)
        });
        for (collection, came, request) in future::join_all(listed).await {
            match came {
                Came::Answer(exchange) if exchange.is_success() => self.sent.found(collection, &exchange),
                // What cannot be listed is no kind of object, or nothing that this user could have made.
                Came::Answer(exchange) if !exchange.is_trouble() => {}
                Came::Error(SendError::NotModelled { .. }) => {}
                came => return Err(trouble(came, &request, within).during("looking for what commands made")),
            }
        }
        Ok(())
    }

    /// Takes away what was made, newest first. Asks and does not wait, since a Namespace takes five seconds to go. What
    /// a server in trouble refuses is asked again for a while; one that is gone is asked once, not once an object.
    /// Gives back what is left.
    pub(super) async fn clean_up(&self) -> (Vec<String>, Vec<Trouble>) {
        let within = self.timeout.min(CLEAN_UP);
        let deadline = Instant::now() + within;
        let (mut left, mut troubles) = (Vec::new(), Vec::new());
        let mut made = self.sent.made();
        while let Some(path) = made.pop() {
            let request = Request::new(Method::DELETE, &path);
            let came = self.send_until_taken(&request, deadline).await;
            match &came {
                Came::Answer(exchange) if exchange.is_success() || exchange.status == 404 => continue,
                Came::Answer(exchange) if !exchange.is_trouble() => {}
                _ => left.append(&mut made),
            }
            left.push(path);
            troubles.push(trouble(came, &request, within).during("cleaning up"));
        }
        (left, troubles)
    }

    /// Sends it again while the server is in trouble.
    async fn send_until_taken(&self, request: &Request, deadline: Instant) -> Came {
        let mut last = Came::Nothing;
        for pause in Backoff::new(Pace::WAITING, Duration::MAX) {
            let came = self.send(request, deadline).await;
            let is_ill = match &came {
                Came::Answer(exchange) => exchange.is_trouble(),
                Came::Error(error) => matches!(error, SendError::Broken { .. }),
                // What was said before says more.
                Came::Nothing => return last,
            };
            if !is_ill || Instant::now() + pause >= deadline {
                return came;
            }
            last = came;
            tokio::time::sleep(pause).await;
        }
        last
    }

    async fn send(&self, request: &Request, deadline: Instant) -> Came {
        match timeout_at(deadline, self.session.send(request.clone())).await {
            Ok(Ok(exchange)) => Came::Answer(exchange),
            Ok(Err(error)) => Came::Error(error),
            Err(_) => Came::Nothing,
        }
    }
}

fn trouble(came: Came, request: &Request, within: Duration) -> Trouble {
    match came {
        Came::Answer(exchange) => Trouble::refused(&exchange),
        Came::Error(error) => Trouble::from_error(&error),
        Came::Nothing => Trouble::no_answer(&format!("{} {}", request.method, request.path), within),
    }
}
