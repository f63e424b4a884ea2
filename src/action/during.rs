//! `during`: the steps that run while an action is open, and what comes of the action meanwhile.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, BoxStream, StreamExt};

use super::{KINDS, OPEN, Reply, RunError, StepCx};
use crate::shape::{self, Shape};
use crate::syntax::{Diagnostic, Diagnostics, Fields, Key, Node};

/// The field of an action that the steps stand in.
pub const DURING: &str = "during";

/// The steps that run while an action is open.
pub trait During: Send + Sync {
    /// Runs them; for an action to call once, as soon as it is open. How long it may go on waiting from then on: nothing
    /// where one of them failed, or where no condition is waited for.
    fn run(&self) -> BoxFuture<'_, Option<Duration>>;
}

/// How often a reply is looked at. Each time all of it is: with so many bits that takes longer than a scenario should.
const MOST: usize = 4096;

/// No steps, and nothing to wait for: of an action that is never open.
#[derive(Debug)]
pub struct Nothing;

impl During for Nothing {
    fn run(&self) -> BoxFuture<'_, Option<Duration>> {
        Box::pin(std::future::ready(None))
    }
}

/// The field with its steps.
pub(super) fn shape(shape: Shape) -> Shape {
    shape.optional(DURING, shape::steps())
}

/// Looks at the field and says whether it is there. Its steps are read where all steps of a scenario are.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> bool {
    let at = fields.optional(DURING).node().map(|node| node.at.clone());
    let steps = fields.optional(DURING).list();
    if let (Some([]), Some(at)) = (steps, at) {
        let help = "leave it out, or write what is done meanwhile: `during: [{delete: {kind: Pod, name: p}}]`";
        fields.diagnostics().push(Diagnostic::new(at, "`during` needs at least one step").help(help));
    }
    steps.is_some()
}

/// Says so where steps stand in the `during` of a manifest, which may have any field: they would never run.
pub(super) fn check_absent(fields: &[&(Key, Node)], diagnostics: &mut Diagnostics) {
    let is_step = |node: &Node| KINDS.iter().any(|kind| node.get(kind.key).is_some());
    for (key, node) in fields.iter().filter(|(key, _)| key.text == DURING) {
        if node.elements().iter().any(is_step) {
            let message = format!("steps run `{DURING}` what stays open, and this does not");
            let help = format!("write them after it, or in the `{DURING}` of one of: {}", OPEN.join(", "));
            diagnostics.push(Diagnostic::new(key.at.clone(), message).help(help));
        }
    }
}

/// A reply that comes bit by bit.
pub(super) trait Gather {
    /// What comes.
    type Bit: Send;

    /// Takes in what came.
    fn take(&mut self, bit: Self::Bit);

    /// The reply that this is by now.
    fn reply(&self) -> Reply;
}

impl StepCx<'_> {
    /// Runs the steps of `during`, and then takes in what has come meanwhile and what still comes, one after the other,
    /// until it is enough or the time is over. So how much of a reply is shown does not depend on how long those steps
    /// took. What is not waited for is taken as it is at their end.
    pub(super) async fn gather<G, E>(
        &self,
        coming: BoxStream<'_, Result<G::Bit, E>>,
        mut gathered: G,
    ) -> Result<Reply, RunError>
    where
        G: Gather,
        E: Into<RunError> + Send,
    {
        let mut coming = coming.fuse();
        let (patience, kept) = self.meanwhile(&mut coming).await;
        let Some(patience) = patience else {
            for bit in kept {
                gathered.take(bit.map_err(E::into)?);
            }
            return Ok(gathered.reply());
        };
        let mut coming = stream::iter(kept).chain(coming);
        let mut time = self.api.sleep(patience);
        let mut looks = 0;
        while !(self.enough)(&gathered.reply()) {
            looks += 1;
            if looks > MOST {
                return Err(RunError::TooMuch { most: MOST });
            }
            tokio::task::consume_budget().await;
            let bit = tokio::select! {
                // What has come in time counts.
                biased;
                bit = coming.next() => bit.transpose().map_err(E::into)?,
                () = &mut time => None,
            };
            let Some(bit) = bit else { break };
            gathered.take(bit);
        }
        Ok(gathered.reply())
    }

    /// Runs the steps of `during` and keeps what comes until they have ended: a sender that nobody listens to would give
    /// up, or wait.
    async fn meanwhile<T>(&self, coming: &mut stream::Fuse<BoxStream<'_, T>>) -> (Option<Duration>, Vec<T>) {
        let mut kept = Vec::new();
        let mut steps = self.during.run();
        let patience = loop {
            tokio::select! {
                Some(bit) = coming.next() => kept.push(bit),
                patience = &mut steps => break patience,
            }
        };
        while let Some(Some(bit)) = coming.next().now_or_never() {
            kept.push(bit);
        }
        (patience, kept)
    }
}
