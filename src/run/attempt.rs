//! The answer to one attempt at a step, and what kind of answer it is.

use crate::action::Reply;
use crate::scenario::Answer;
use crate::syntax::Scope;

/// A reply, its parts, and the variables the step's own expressions see: earlier steps, this answer, its captures.
pub(super) struct Attempt {
    pub(super) reply: Reply,
    pub(super) answer: Answer,
    pub(super) scope: Scope,
}

impl Attempt {
    pub(super) fn new(reply: Reply, earlier: &Scope) -> Self {
        let answer = Answer::new(&reply);
        let scope = answer.scope(earlier);
        Self { reply, answer, scope }
    }

    /// Whether the server did what it was asked.
    pub(super) fn is_success(&self) -> bool {
        match &self.reply {
            Reply::Http(exchange) | Reply::Events(exchange) => exchange.is_success(),
            Reply::Process(output) => output.is_success(),
            Reply::NotServed { .. } => false,
        }
    }

    /// Whether this is a server in trouble rather than one that answers: overloaded, ill, or a proxy before one that is
    /// gone. A scenario about such an answer says so: `expect: {code: 429}`.
    pub(super) fn is_server_trouble(&self) -> bool {
        matches!(&self.reply, Reply::Http(exchange) if exchange.is_trouble())
    }

    /// Whether the cluster's own user is not known, or may not do this: then nothing was learnt about the cluster.
    /// Other refusals with 403, as of a quota or an admission plug-in, are behaviour.
    pub(super) fn is_refusal_of_the_user(&self) -> bool {
        let Reply::Http(exchange) = &self.reply else { return false };
        let message = || exchange.body["message"].as_str().unwrap_or_default();
        match exchange.status {
            401 => true,
            403 => message().split_once("forbidden: User \"").is_some_and(|(_, rest)| rest.contains("\" cannot ")),
            _ => false,
        }
    }
}
