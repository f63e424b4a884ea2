//! Clusters that are a model in this process: no socket, no file but a key, ready at once.

mod key;

use std::collections::BTreeSet;

use rehearsal_model::{KeyError, Model, NotModelled, Options, Peer};

use super::{Cluster, Facts, OpenOptions, Origin, Release, Transports, pki};
use crate::capability::Capability;
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
    /// Its certificate authority.
    #[error("an embedded control plane has no certificate authority: {cause}")]
    #[diagnostic(help("this machine has too few random numbers"))]
    Authority {
        /// What failed.
        cause: String,
    },
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

/// Starts a control plane with nothing in it, for one user: it ends with the `Cluster`.
pub(super) fn open(wanted: &Release, how: &OpenOptions) -> Result<Cluster, EmbeddedError> {
    let (version, release) = release(wanted)?;
    let setup = &how.setup;
    let refused = |refused| EmbeddedError::Setup { refused, version: version.clone() };
    if let Some(flag) = setup.scheduler.keys().next() {
        return Err(refused(NotModelled { what: format!("the flag --{flag} of kube-scheduler") }));
    }
    let authority = pki::passing_authority().map_err(|error| EmbeddedError::Authority { cause: error.to_string() })?;
    // Without a home the key is not kept, and that is all.
    let model = Model::start(Options {
        release,
        gates: setup.gates.clone(),
        apiserver: setup.apiserver.clone(),
        controller_manager: setup.controller_manager.clone(),
        key: key::kept(how.home().ok().as_ref())?,
        authority,
    });
    let model = model.map_err(refused)?;
    let own = client(&model, Peer::administrator());
    let transports = Transports { own, bare: client(&model, Peer::nobody()), without: None };
    let facts = Facts {
        issuer: Some(Model::ISSUER.to_owned()),
        audience: Some(Model::ISSUER.to_owned()),
        server: None,
        nodes: vec![Model::NODE.to_owned()],
    };
    let cluster = Cluster::new(Origin::EMBEDDED, version, capabilities(), facts, transports);
    Ok(Cluster {
        setup: setup.clone(),
        home: how.home.clone(),
        clock: how.clock.clone(),
        model: Some(model),
        ..cluster
    })
}

/// A connection on behalf of somebody.
pub(super) fn client(model: &Model, peer: Peer) -> kube::Client {
    kube::Client::new(model.service(peer), "default")
}

/// What it can do. Nothing listens on any port, so that commands cannot reach it.
fn capabilities() -> BTreeSet<Capability> {
    BTreeSet::from([
        Capability::Node,
        Capability::Ca,
        Capability::OneApiserver,
        Capability::PlainAuthentication,
        Capability::Admin,
    ])
}
