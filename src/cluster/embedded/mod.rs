//! Clusters that are a model in this process: no file but a key, no socket before a command wants one, ready at once.

mod key;
mod outline;
#[cfg(test)]
mod tests;

use std::sync::RwLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rehearsal_model::{Identity, KeyError, Model, NotModelled, Options, Peer, ServeError, Serving};
use serde_json::json;
use tokio::sync::OnceCell;

pub use outline::Outline;

use super::access::Access;
use super::connection::Connection;
use super::pki::{self, PkiError, Root};
use super::{Cluster, Facts, OpenOptions, Origin, Release, Transports};
use crate::version::{Minor, Version};

/// Why there is no embedded control plane.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum EmbeddedError {
    /// There is no model of that release.
    #[error("there is no embedded model of {wanted}: there is one of {known}")]
    #[diagnostic(help("use a real control plane: rehearsal cluster install {wanted}, then --cluster local:{wanted}"))]
    NoModel {
        /// Which was asked for.
        wanted: Release,
        /// The first and the last that there is, in words.
        known: String,
    },
    /// There is one of its minor, which stands for another patch.
    #[error("the embedded model of {} stands for {modelled}, and for no other patch", wanted.minor)]
    #[diagnostic(help("write embedded:{}, or use a real control plane: rehearsal cluster install {wanted}", wanted.minor))]
    OtherPatch {
        /// Which was asked for.
        wanted: Version,
        /// The one that there is.
        modelled: Version,
    },
    /// It is to be set up in a way that the model does not know.
    #[error("{refused}")]
    #[diagnostic(help("{}", instead(version.minor)))]
    Setup {
        /// What it does not know.
        refused: NotModelled,
        /// Which version it would be.
        version: Version,
    },
    /// What signs its tokens.
    #[error(transparent)]
    #[diagnostic(help("this machine has too few random numbers"))]
    Key(#[from] KeyError),
    /// Its certificate authority, or a certificate.
    #[error("an embedded control plane lacks a certificate: {cause}")]
    #[diagnostic(help("this machine has too few random numbers"))]
    Certificate {
        /// What failed.
        cause: String,
    },
    /// It cannot be reached by other programs.
    #[error("an embedded control plane is not reached by commands: {0}")]
    #[diagnostic(help("let this program listen on 127.0.0.1, or use a real control plane: --cluster local"))]
    Serve(#[from] ServeError),
}

impl From<PkiError> for EmbeddedError {
    fn from(error: PkiError) -> Self {
        Self::Certificate { cause: error.to_string() }
    }
}

/// What to do about something that is not modelled.
pub(super) fn instead(minor: Minor) -> String {
    format!(
        "a real control plane has it: `rehearsal cluster install {minor}`, then `rehearsal run --cluster local:{minor} ..`"
    )
}

/// The releases that there is a model of, oldest first.
fn modelled() -> impl DoubleEndedIterator<Item = (Version, rehearsal_model::Release)> {
    rehearsal_model::releases().iter().filter_map(|release| Some((release.version.parse().ok()?, *release)))
}

/// The minors that there is a model of, oldest first.
pub fn minors() -> impl DoubleEndedIterator<Item = Minor> {
    modelled().map(|(version, _)| version.minor)
}

/// The version that a name means.
pub(super) fn version(wanted: &Release) -> Result<Version, EmbeddedError> {
    Ok(release(wanted)?.0)
}

fn release(wanted: &Release) -> Result<(Version, rehearsal_model::Release), EmbeddedError> {
    let found = match wanted.minor() {
        None => modelled().next_back(),
        Some(minor) => modelled().find(|(version, _)| version.minor == minor),
    };
    match (found, wanted) {
        (None, _) => {
            let ends = [minors().next(), minors().next_back()];
            let known = ends.into_iter().flatten().map(|minor| minor.to_string()).collect::<Vec<_>>().join(" to ");
            Err(EmbeddedError::NoModel { wanted: wanted.clone(), known })
        }
        (Some((modelled, _)), Release::Exact(wanted)) if modelled != *wanted => {
            Err(EmbeddedError::OtherPatch { wanted: wanted.clone(), modelled })
        }
        (Some(found), _) => Ok(found),
    }
}

/// The model behind a cluster.
pub(super) struct Embedded {
    model: Model,
    root: Root,
    /// Whether it was opened for one user, and ends with it.
    pub(super) is_private: bool,
    socket: OnceCell<Socket>,
}

/// The model on a socket.
pub(super) struct Socket {
    pub(super) server: String,
    pub(super) access: Access,
    /// It ends with this.
    _serving: Serving,
}

impl Embedded {
    /// A certificate for a user in these groups.
    pub(super) fn issue(&self, user: &str, groups: &[&str]) -> Result<pki::Client, PkiError> {
        self.root.issue(user, groups)
    }

    /// A connection on behalf of such a user.
    pub(super) fn connection(&self, user: &str, groups: &[&str]) -> Connection {
        connection(&self.model, Peer::certified(user, groups.iter().copied()))
    }

    async fn serve(&self) -> Result<Socket, EmbeddedError> {
        let (pem, authority) = self.root.certificate();
        let (certificate, key) = self.root.server()?;
        let identity = Identity { certificates: vec![certificate.der().to_vec()], key: key.serialize_der(), authority };
        let serving = self.model.serve(identity).await?;
        let server = format!("https://{}", serving.address());
        let administrator = self.issue(ADMINISTRATOR.0, &ADMINISTRATOR.1)?;
        let cluster = json!({"server": server, "certificate-authority-data": BASE64_STANDARD.encode(pem)});
        Ok(Socket { server, access: Access::new(cluster, administrator.user()), _serving: serving })
    }
}

/// Who may do everything, as in the kubeconfig of a local control plane.
const ADMINISTRATOR: (&str, [&str; 1]) = ("admin", ["system:masters"]);

impl Cluster {
    /// Has an embedded cluster listen on a port of this machine, for other programs: from the first call on and as long as
    /// it is there. All others listen anyway. To be called on the runtime that it was opened in.
    pub async fn serve(&self) -> Result<(), EmbeddedError> {
        if let Some(embedded) = &self.embedded {
            embedded.socket.get_or_try_init(|| embedded.serve()).await?;
        }
        Ok(())
    }

    pub(super) fn socket(&self) -> Option<&Socket> {
        self.embedded.as_ref()?.socket.get()
    }
}

/// Starts a control plane with nothing in it, which ends with the `Cluster`.
pub(super) fn open(wanted: &Release, how: &OpenOptions) -> Result<Cluster, EmbeddedError> {
    let home = how.home().ok();
    let outline = Outline::of(wanted, home.as_ref())?;
    let (setup, Outline { version, capabilities, release, programs }) = (&how.setup, outline.clone());
    let refused = |refused| EmbeddedError::Setup { refused, version: version.clone() };
    outline.check(setup, []).map_err(refused)?;
    let root = Root::create()?;
    let model = Model::start(Options {
        release,
        gates: setup.gates.clone(),
        apiserver: setup.apiserver.clone(),
        controller_manager: setup.controller_manager.clone(),
        // Without a home it is not kept, and that is all.
        key: key::kept(home.as_ref())?,
        authority: root.certificate().0,
    });
    let model = model.map_err(refused)?;
    let own = connection(&model, Peer::certified(ADMINISTRATOR.0, ADMINISTRATOR.1));
    let transports = Transports { own, bare: connection(&model, Peer::nobody()), without: None };
    let facts = Facts {
        issuer: Some(Model::ISSUER.to_owned()),
        audience: Some(Model::ISSUER.to_owned()),
        server: None,
        nodes: vec![Model::NODE.to_owned()],
    };
    let cluster = Cluster::new(Origin::EMBEDDED, version, capabilities, facts, transports);
    Ok(Cluster {
        setup: setup.clone(),
        home,
        clock: how.clock.clone(),
        programs: RwLock::new(programs),
        embedded: Some(Embedded { model, root, is_private: how.private, socket: OnceCell::new() }),
        ..cluster
    })
}

/// A connection on behalf of somebody.
fn connection(model: &Model, peer: Peer) -> Connection {
    Connection::Model(model.service(peer))
}
