//! The kinds of steps: what each reads, declares, sends and shows. One file a kind and one row in [`KINDS`]; nothing
//! else in the program knows the kinds by name.

mod apply;
mod backoff;
mod command;
mod context;
mod create;
mod delete;
mod during;
mod get;
mod list;
mod listing;
mod object;
mod patch;
mod reference;
mod request;
mod review;
mod script;
mod token;
mod update;
mod upgrade;
mod wait;
mod watch;

#[cfg(test)]
mod fake;

use std::fmt::Debug;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use backoff::{Backoff, Pace};
pub use context::{Api, CommandError, Commands, Events, Invocation, Program, RunError, Said, Saying, StepCx, Watched};
pub use during::{DURING, During, Nothing};
pub use object::ClusterWide;
pub use reference::KindName;
pub use upgrade::Upgrade;

pub use crate::reply::{Exit, Output, Reply, View};

use crate::path;
use crate::syntax::{At, Diagnostics, Expression, Node, Reference, Scope, TemplateError, TextTemplate};
use crate::topic::Topic;

/// A kind of step: a row of the table that drives decoding, "did you mean", documentation and the tests of examples.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The key a step has it under.
    pub key: &'static str,
    /// What it does, in Markdown.
    pub doc: &'static str,
    /// A step that decodes.
    pub example: &'static str,
    /// What may stand under the key, as far as its shape says.
    pub shape: fn() -> Value,
    /// Reads what stands under the key; mistakes go to the decoder.
    pub decode: fn(&Node, &mut Decoder<'_>) -> Option<Box<dyn Action>>,
}

impl Kind {
    /// What the reference says about it.
    pub fn topic(&self) -> Topic {
        Topic { name: self.key, doc: self.doc, example: self.example }
    }
}

/// Every kind of step.
pub static KINDS: &[Kind] = &[
    create::KIND,
    apply::KIND,
    update::KIND,
    patch::KIND,
    get::KIND,
    list::KIND,
    wait::KIND,
    watch::KIND,
    delete::KIND,
    token::KIND,
    review::KIND,
    request::KIND,
    command::KIND,
    upgrade::KIND,
];

/// What steps share, by the name that shapes of kinds refer to it with.
pub fn shapes() -> Vec<(&'static str, Value)> {
    vec![("object", object::Object::shape())]
}

/// The kinds that stay open while other steps run: those that stand in their field [`DURING`].
pub static OPEN: &[&str] = &[watch::KIND.key, command::KIND.key];

/// What a step does, decoded.
pub trait Action: Debug + Send + Sync {
    /// What it reads and makes, as far as its text says: all that a plan has to know.
    fn declare(&self, declared: &mut Declared);

    /// What a snapshot shows of the reply by default.
    fn view(&self) -> View;

    /// Whether `until` may try it again; `dry_run` says that nothing it makes stays.
    fn repeatable(&self, dry_run: bool) -> bool {
        let _ = dry_run;
        true
    }

    /// What kind of reply it gives.
    fn answers_with(&self) -> Answers {
        Answers::Exchange
    }

    /// What it puts in place of the release that runs, if that is what it does; `scope` has what is known beforehand.
    fn upgrade(&self, scope: &Scope) -> Option<Result<Upgrade, TemplateError>> {
        let _ = scope;
        None
    }

    /// How long an attempt at it may take at least, unless its step says otherwise.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// The condition that is part of the action itself.
    fn until(&self) -> Option<&Expression> {
        None
    }

    /// Whether it does not give an answer back before the step's condition holds, or its time is over, and is open until
    /// then: [`StepCx::enough`], [`StepCx::during`].
    fn waits_itself(&self) -> bool {
        false
    }

    /// Where a change of what it reads can be watched; nothing for what can only be asked again.
    fn watched<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Option<Watched>, RunError>> {
        let _ = cx;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Does it, once. Any answer is a reply; an error is what could not be done.
    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>>;
}

/// The kinds of replies, as far as what stands around a step depends on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// The answer of an API server.
    Exchange,
    /// What a command wrote.
    Output,
}

/// What an action reads and makes.
#[derive(Debug, Default)]
pub struct Declared {
    /// The variables its texts and expressions read.
    pub reads: Vec<Reference>,
    /// The kinds whose resources have to be looked up.
    pub kinds: Vec<KindName>,
    /// What it is about, in words: `ServiceAccount/demo-sa`.
    pub about: Vec<String>,
    /// The objects it makes outside any Namespace, as far as their kind is known to be such.
    pub cluster_wide: Vec<ClusterWide>,
    /// Whether its texts may be the shell's, where `${...}` means something else.
    pub for_shell: bool,
}

impl Declared {
    fn read<'t>(&mut self, texts: impl IntoIterator<Item = &'t TextTemplate>) {
        self.reads.extend(texts.into_iter().flat_map(TextTemplate::references).cloned());
    }

    fn about(&mut self, kind: &str, name: Option<&TextTemplate>) {
        let name = name.map(|name| name.constant().map_or_else(|| name.at().text().into(), str::to_owned));
        self.about.push(name.map_or_else(|| kind.to_owned(), |name| format!("{kind}/{name}")));
    }
}

/// The manifests beside a scenario.
pub trait Manifests {
    /// The documents of the file that a scenario refers to at `at`.
    fn documents(&self, name: &str, at: &At) -> Result<&[Node], Diagnostics>;

    /// Says that all of the folder may be used.
    fn whole(&self) {}
}

/// What decoding an action needs besides its node.
pub struct Decoder<'a> {
    /// Where mistakes go.
    pub diagnostics: &'a mut Diagnostics,
    /// Where manifests come from.
    pub manifests: &'a dyn Manifests,
    /// Whether the step has a name, so that its one answer is shown.
    pub named: bool,
}
