//! What a running action sees of the world: one cluster through one identity, the variables so far, the scenario's
//! Namespace.

use std::io;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::path;
use super::{Backoff, During, Exit, Pace, Reply, Upgrade};
use crate::cluster::{EmbeddedError, Exchange, Request, Resource, SendError, UpgradeError, WatchEvent, WorkplaceError};
use crate::syntax::{Scope, TemplateError, TextTemplate};

/// The events of a watch, as they come; they end when the server ends it.
pub type Events<'e> = BoxStream<'e, Result<WatchEvent, SendError>>;

/// What a command says, as it says it; dropped before its end, it ends the command with all that it started.
pub type Saying = BoxStream<'static, Result<Said, CommandError>>;

/// An API server as an action uses it, already under the identity of the step.
pub trait Api: Send + Sync {
    /// Sends one request, never again by itself; any status is an answer.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Exchange, SendError>>;

    /// Opens a watch by its whole path, or gives back the refusal.
    fn events(&self, path: String) -> BoxFuture<'_, Result<Result<Events<'_>, Exchange>, SendError>>;

    /// The resource behind a kind; nothing if the server does not serve it.
    fn resolve<'a>(&'a self, api_version: &'a str, kind: &'a str)
    -> BoxFuture<'a, Result<Option<Resource>, SendError>>;

    /// What the server serves that is spelt almost so; whoever names a kind that is not served may have meant it.
    fn meant(&self, api_version: &str, kind: &str) -> Option<Resource>;

    /// Puts another release in place of the one that answers, and comes back when that works.
    fn upgrade(&self, to: Upgrade) -> BoxFuture<'_, Result<(), UpgradeError>>;

    /// Waits on the cluster's clock.
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()>;

    /// The audience the API server takes itself for, where it could be found.
    fn audience(&self) -> Option<&str>;

    /// Text that no request to this cluster has used yet.
    fn nonce(&self) -> String;
}

/// What runs commands, in the private folder of the scenario and under the identity of the step.
pub trait Commands: Send + Sync {
    /// Starts a command.
    fn start(&self, invocation: Invocation) -> Result<Saying, CommandError>;
}

/// Something that a command says.
#[derive(Clone, PartialEq, Eq)]
pub enum Said {
    /// A line of its standard output, with its line break if it has one.
    Out(String),
    /// A line of its standard error.
    Err(String),
    /// It ended, after all that it wrote.
    Ended(Exit),
}

/// A command with everything filled in.
#[derive(Clone)]
pub struct Invocation {
    /// What is run.
    pub program: Program,
    /// What it reads; nothing otherwise.
    pub stdin: Option<String>,
    /// Variables beside those that every command has.
    pub env: Vec<(String, String)>,
    /// Files that are written before, by their path in the folder.
    pub files: Vec<(String, String)>,
}

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A script, by `sh -c`.
    Shell(String),
    /// A program and its arguments.
    Words(Vec<String>),
}

/// Why a command did not come to its end.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CommandError {
    /// Its folder.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Workplace(#[from] WorkplaceError),
    /// Nothing listens to it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Serve(#[from] EmbeddedError),
    /// The kubeconfig of its identity.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Identity(#[from] SendError),
    /// There is no such program, or it cannot be run.
    #[error("`{program}` cannot be started: {cause}")]
    #[diagnostic(help("is it installed, and in PATH? A command of the scenario's folder is written `./{program}`"))]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        cause: io::Error,
    },
    /// Reading what it writes, or waiting for it.
    #[error("the output of the command cannot be read: {0}")]
    Read(io::Error),
    /// It wrote too much.
    #[error("the command wrote more than {limit} bytes to its {stream}, and was ended")]
    #[diagnostic(help("let it write less, as by `| head -n 20` or `> /dev/null`"))]
    TooMuch {
        /// What was written to.
        stream: &'static str,
        /// How much is kept.
        limit: usize,
    },
}

/// What one attempt at a step works with.
pub struct StepCx<'a> {
    /// The API server, under the step's identity.
    pub api: &'a dyn Api,
    /// What runs commands, under the step's identity.
    pub commands: &'a dyn Commands,
    /// The variables of earlier steps.
    pub scope: &'a Scope,
    /// The scenario's Namespace, for whatever names none.
    pub namespace: Option<&'a str>,
    /// What the names of this run's own objects hold, and nobody else's.
    pub suffix: &'a str,
    /// The step's `query:`, filled in.
    pub query: &'a [(String, String)],
    /// How long the action may wait by itself: for the default ServiceAccount, or until something is gone.
    pub patience: Duration,
    /// How it looks again meanwhile.
    pub pace: Pace,
    /// The steps that run while the action is open. For actions that wait themselves.
    pub during: &'a dyn During,
    /// Whether nothing that could still come would change what the step makes of a reply. For the same.
    pub enough: &'a (dyn Fn(&Reply) -> bool + Send + Sync),
}

/// Where changes can be watched: a collection and what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The path of the collection.
    pub path: String,
    /// Selectors: `fieldSelector`, `labelSelector`.
    pub query: Vec<(String, String)>,
}

/// Why an action could not be done. A wrong answer is none of these: it is a reply.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RunError {
    /// No answer came.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Send(#[from] SendError),
    /// A command did not come to its end.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Command(#[from] CommandError),
    /// The release that was asked for does not run.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Upgrade(#[from] UpgradeError),
    /// A `${...}` could not be filled in.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Neither the step nor the scenario names a Namespace.
    #[error("a {kind} lives in a Namespace: name one in the step, or for all steps with `namespace:` of the scenario")]
    NoNamespace {
        /// The kind.
        kind: String,
    },
    /// A text that is filled in came out empty where a name belongs.
    #[error("the name of the {kind} is empty")]
    NoName {
        /// The kind.
        kind: String,
    },
    /// A kind that no server serves is a typo. One that this server does not serve is an answer.
    #[error("this server does not serve {kind} of {api_version}, but {} of {}", meant.kind, meant.api_version)]
    #[diagnostic(help("write it as the server does; if it is not meant, ask for it by its path with `request`"))]
    Misspelt {
        /// The group and version that was asked for.
        api_version: String,
        /// The kind that was asked for.
        kind: String,
        /// What is served.
        meant: Box<Resource>,
    },
    /// More came than can be looked at bit by bit.
    #[error("{most} lines or events came, and what is waited for was not among them")]
    #[diagnostic(help("let less come: by a selector, or of a command by `| grep`"))]
    TooMuch {
        /// How many are looked at.
        most: usize,
    },
    /// What was deleted is still there.
    #[error("{path} is still there: {left}")]
    StillThere {
        /// The path of the object.
        path: String,
        /// What keeps it, or how long was waited.
        left: String,
    },
    /// The audience of the API server is not known, and going round its cache needs it.
    #[error("the audience of this API server could not be found, and `uncached: true` needs it")]
    #[diagnostic(help("name it in the step: `audiences: [https://kubernetes.default.svc]`"))]
    NoAudience,
    /// Whether it is gone cannot be seen.
    #[error("cannot see whether {path} is gone ({status}): write `wait: false`")]
    Unseen {
        /// The path of the object.
        path: String,
        /// What the server says instead.
        status: u16,
    },
}

/// How long discovery may be behind a CRD.
const DISCOVERY: Duration = Duration::from_secs(10);

impl StepCx<'_> {
    /// Sends a request with the step's `query:`.
    pub(super) async fn send(&self, mut request: Request) -> Result<Exchange, RunError> {
        request.path = path::with_query(&request.path, self.query);
        self.api.send(request).await.map_err(RunError::Send)
    }

    /// The same for what an API server answers with an object: a text in its place comes from something else.
    pub(super) async fn send_for_object(&self, request: Request) -> Result<Exchange, RunError> {
        let exchange = self.send(request).await?;
        if exchange.is_success() && !exchange.body.is_object() {
            let request = format!("{} {}", exchange.method, exchange.path);
            let what = "is no object of an API server".to_owned();
            return Err(SendError::Unreadable { request, status: exchange.status, what }.into());
        }
        Ok(exchange)
    }

    /// The resource behind a kind, or the reply that says there is none.
    pub(super) async fn resource(&self, api_version: &str, kind: &str) -> Result<Result<Resource, Reply>, RunError> {
        let mut backoff = Backoff::new(self.pace, self.patience.min(DISCOVERY));
        loop {
            if let Some(resource) = self.api.resolve(api_version, kind).await? {
                return Ok(Ok(resource));
            }
            // A group of this run's own: discovery tells of it some time after its CRD is established.
            match backoff.next().filter(|_| api_version.contains(self.suffix)) {
                Some(pause) => self.api.sleep(pause).await,
                None => break,
            }
        }
        let (api_version, kind) = (api_version.to_owned(), kind.to_owned());
        match self.api.meant(&api_version, &kind).map(Box::new) {
            Some(meant) => Err(RunError::Misspelt { api_version, kind, meant }),
            None => Ok(Err(Reply::NotServed { api_version, kind })),
        }
    }

    /// The path of a resource's collection, in the Namespace that is named or the scenario's.
    pub(super) fn collection(&self, resource: &Resource, named: Option<&TextTemplate>) -> Result<String, RunError> {
        let namespace = if resource.namespaced { Some(self.namespace(named, &resource.kind)?) } else { None };
        Ok(path::collection(&resource.api_version, &resource.plural, namespace.as_deref()))
    }

    /// The Namespace that is named, or the scenario's.
    pub(super) fn namespace(&self, named: Option<&TextTemplate>, kind: &str) -> Result<String, RunError> {
        match named {
            Some(named) => Ok(named.resolve(self.scope)?),
            None => self.namespace.map(str::to_owned).ok_or_else(|| RunError::NoNamespace { kind: kind.to_owned() }),
        }
    }

    /// Whether the server is asked to change nothing.
    pub(super) fn is_dry_run(&self) -> bool {
        self.query.iter().any(|(name, _)| name == "dryRun")
    }

    /// The value of a parameter of `query:`.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
