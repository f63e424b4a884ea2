//! The programs that clusters of kind need: kind itself, and the engine that runs its nodes.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use super::failure::{Cause, explain};
use crate::version::Version;

/// How long a question to either may take; an engine that is busy with other containers takes seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// What installs kind.
const INSTALL: &str =
    "install it: https://kind.sigs.k8s.io/docs/user/quick-start, or `go install sigs.k8s.io/kind@latest`";

/// Says which engine kind is to use, as kind itself reads it.
pub(super) const PROVIDER: &str = "KIND_EXPERIMENTAL_PROVIDER";

/// Why clusters of kind cannot be used here.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum KindError {
    /// No kind.
    #[error("a kind cluster needs the program `kind`, which is in no folder of PATH")]
    #[diagnostic(help("{INSTALL}"))]
    NoKind,
    /// No engine.
    #[error("a kind cluster needs a container engine, and neither `docker` nor `podman` is in a folder of PATH")]
    #[diagnostic(help("install Docker or Podman; a local cluster needs neither: --cluster local:v1.36"))]
    NoEngine,
    /// An engine that kind does not know, or that is not there.
    #[error("{PROVIDER} says `{0}`, which is no container engine that is installed here")]
    #[diagnostic(help("set it to docker, podman or nerdctl, or unset it"))]
    OtherEngine(String),
    /// The engine does not answer.
    #[error("a kind cluster needs `{engine}`, but {reason}{}", said(output))]
    #[diagnostic(help("{help}"))]
    Engine {
        /// Its program.
        engine: &'static str,
        /// What that means.
        reason: String,
        /// Its words.
        output: String,
        /// What to do.
        help: String,
    },
    /// An old kind.
    #[error("the image {image} needs kind {needed} or newer, and this is {found}")]
    #[diagnostic(help("{INSTALL}"))]
    TooOld {
        /// The image.
        image: String,
        /// The release that published it.
        needed: Version,
        /// What is installed.
        found: String,
    },
    /// No image of that release.
    #[error("no node image of {wanted} is known; {known}")]
    #[diagnostic(help("name one: --node-image IMAGE:vX.Y.Z, or REHEARSAL_NODE_IMAGE"))]
    NoImage {
        /// The release.
        wanted: String,
        /// Of what there are some.
        known: String,
    },
    /// An image of another release than it said.
    #[error("the node image {image} should be of {expected}, and its API server is {found}")]
    #[diagnostic(help("say which release is in it: --node-image {found}=IMAGE"))]
    OtherVersion {
        /// The image.
        image: String,
        /// What its name says.
        expected: Version,
        /// What its server says.
        found: Version,
    },
    /// A cluster that is not there.
    #[error("kind has no cluster `{name}`; {known}")]
    #[diagnostic(help("look at `kind get clusters`; kind:v1.32 makes one"))]
    NoCluster {
        /// Its name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// An image for Pods that is not there.
    #[error("the image {image} cannot be loaded: `{engine}` has none of that name")]
    #[diagnostic(help("build or pull it first; `{engine} images` lists what is there"))]
    NotLoaded {
        /// The image.
        image: String,
        /// The engine.
        engine: &'static str,
    },
    /// A command that should have worked.
    #[error("`{command}` failed: {reason}")]
    #[diagnostic(help("{help}"))]
    Command {
        /// The command.
        command: String,
        /// What that means.
        reason: String,
        /// What to do.
        help: String,
    },
}

fn said(output: &str) -> String {
    output.lines().last().map(|line| format!(": {line}")).unwrap_or_default()
}

/// The programs, found but not tried.
#[derive(Debug, Clone)]
pub(in crate::cluster) struct Tools {
    kind: PathBuf,
    engine: &'static str,
}

impl Tools {
    /// Finds them as kind would: the engine that is asked for, else the first that is there.
    pub(in crate::cluster) fn find() -> Result<Self, KindError> {
        let kind = program("kind").ok_or(KindError::NoKind)?;
        let engine = match std::env::var(PROVIDER).ok().filter(|asked| !asked.is_empty()) {
            Some(asked) => {
                let known = ["docker", "podman", "nerdctl"].into_iter().find(|known| *known == asked);
                known.filter(|engine| program(engine).is_some()).ok_or(KindError::OtherEngine(asked))?
            }
            None => {
                ["docker", "podman"].into_iter().find(|engine| program(engine).is_some()).ok_or(KindError::NoEngine)?
            }
        };
        Ok(Self { kind, engine })
    }

    /// Tries both: whether kind is new enough for an image, and whether the engine answers this user.
    pub(in crate::cluster) async fn check(&self, image: &str, needed: Option<&Version>) -> Result<(), KindError> {
        let found = answer(self.kind(["version", "--quiet"])).await.as_ref().map(text);
        let found = found.unwrap_or_default();
        if let Some(needed) = needed
            && version(&found).is_none_or(|found| found < *needed)
        {
            let found = if found.is_empty() { "of an unknown version".to_owned() } else { found };
            return Err(KindError::TooOld { image: image.to_owned(), needed: needed.clone(), found });
        }
        let output = answer(self.engine(["info"])).await;
        // `docker info` of a client without a server ends with 0 in some versions: its words decide too.
        let said = output.as_ref().map(words).unwrap_or_default();
        let is_well = output.as_ref().is_some_and(|output| output.status.success()) && !said.contains("ERROR: ");
        if is_well {
            return Ok(());
        }
        let Cause { reason, help } = explain(&said);
        let (reason, output) =
            if help.is_some() { (reason, last_line(&said)) } else { ("it does not answer".into(), reason) };
        let help = help.unwrap_or_else(|| format!("see what `{} info` says", self.engine));
        Err(KindError::Engine { engine: self.engine, reason, output, help })
    }

    /// The names of all clusters of kind that this engine runs.
    pub(in crate::cluster) async fn clusters(&self) -> Result<Vec<String>, KindError> {
        let listed = self.done(self.kind(["get", "clusters", "--quiet"]), "kind get clusters").await?;
        Ok(listed.lines().map(str::to_owned).filter(|name| !name.is_empty() && !name.contains(' ')).collect())
    }

    /// A kubeconfig for a cluster, with its own credentials.
    pub(super) async fn kubeconfig(&self, name: &str) -> Result<String, KindError> {
        let clusters = self.clusters().await?;
        if !clusters.iter().any(|known| known == name) {
            let known =
                if clusters.is_empty() { "it has none".to_owned() } else { format!("it has: {}", clusters.join(", ")) };
            return Err(KindError::NoCluster { name: name.to_owned(), known });
        }
        self.done(self.kind(["get", "kubeconfig", "--name", name]), "kind get kubeconfig").await
    }

    /// Deletes a cluster; that it is not there is as good.
    pub(in crate::cluster) async fn delete(&self, name: &str) -> Result<(), KindError> {
        let line = format!("kind delete cluster --name {name}");
        // It would take the cluster out of the user's kubeconfig, where ours never stood.
        let nowhere = tempfile::tempdir().map_err(|error| failed(&line, &error.to_string()))?;
        let mut command = self.kind(["delete", "cluster", "--name", name, "--kubeconfig"]);
        command.arg(nowhere.path().join("kubeconfig"));
        self.done(command, &line).await.map(drop)
    }

    /// The id of an image that the engine has.
    pub(super) async fn id(&self, image: &str) -> Result<String, KindError> {
        let asked = self.engine(["image", "inspect", "--format", "{{.Id}}", image]);
        let found = answer(asked).await.filter(|output| output.status.success());
        found.as_ref().map(text).ok_or_else(|| KindError::NotLoaded { image: image.to_owned(), engine: self.engine })
    }

    /// Loads images of the engine into the nodes of a cluster. By an archive: what loads them directly knows Docker only.
    pub(super) async fn load(&self, name: &str, images: &[&str], archive: &Path) -> Result<(), KindError> {
        let mut save = self.engine(["save", "--output"]);
        save.arg(archive).args(images);
        self.done(save, &format!("{} save {}", self.engine, images.join(" "))).await?;
        let mut load = self.kind(["load", "image-archive", "--name", name]);
        load.arg(archive);
        let loaded = self.done(load, "kind load image-archive").await;
        // It goes with the folder that it is in otherwise.
        let _ = std::fs::remove_file(archive);
        loaded.map(drop)
    }

    /// What a command inside of a node writes to its standard output.
    pub(super) async fn inside(&self, node: &str, command: &[&str]) -> Result<Vec<u8>, KindError> {
        let mut asked = self.engine(["exec", node]);
        asked.args(command);
        let line = format!("{} exec {node} {}", self.engine, command.join(" "));
        let output = answer(asked).await;
        output.filter(|output| output.status.success()).map(|output| output.stdout).ok_or_else(|| failed(&line, ""))
    }

    /// kind, with some arguments.
    pub(super) fn kind<S: AsRef<OsStr>, const N: usize>(&self, arguments: [S; N]) -> Command {
        let mut command = Command::new(&self.kind);
        command.args(arguments).env(PROVIDER, self.engine);
        command
    }

    /// The path of kind.
    pub(super) fn path(&self) -> &Path {
        &self.kind
    }

    /// The engine's program.
    pub(super) fn engine_name(&self) -> &'static str {
        self.engine
    }

    /// The engine, with some arguments.
    pub(super) fn engine<S: AsRef<OsStr>, const N: usize>(&self, arguments: [S; N]) -> Command {
        let mut command = Command::new(self.engine);
        command.args(arguments);
        command
    }

    /// The output of a command that has to succeed.
    async fn done(&self, command: Command, line: &str) -> Result<String, KindError> {
        match answer(command).await {
            Some(output) if output.status.success() => Ok(text(&output)),
            Some(output) => Err(failed(line, &words(&output))),
            None => Err(failed(line, "")),
        }
    }
}

fn failed(command: &str, output: &str) -> KindError {
    let Cause { reason, help } = explain(output);
    let help = help.unwrap_or_else(|| "run the same command by hand and see what it says".to_owned());
    KindError::Command { command: command.to_owned(), reason, help }
}

/// What a program says in the end; none if it cannot be started, or does not end.
async fn answer(mut command: Command) -> Option<Output> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(ANSWERS_WITHIN, command.output()).await.ok()?.ok()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// All that it said, what it complained about last.
fn words(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn last_line(output: &str) -> String {
    output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// `v0.30.0`, `0.30.0` or `0.31.0-alpha`, as kind says it.
fn version(text: &str) -> Option<Version> {
    let text = text.trim().trim_start_matches('v');
    format!("v{text}").parse().ok()
}

/// A program in a folder of `PATH`.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}
