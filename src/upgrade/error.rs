//! Why a rehearsal could not go on.

use crate::cluster::{ClusterError, SendError, UpgradeError};

/// Why a rehearsal ended before its end.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RehearsalError {
    /// There is no cluster of the old version.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Open(#[from] ClusterError),
    /// The file that keeps the control plane from calling others.
    #[error("writing a file for kube-apiserver into the folder of temporary files: {0}")]
    #[diagnostic(help("check the space on its disk, or set TMPDIR to another folder"))]
    Seclude(std::io::Error),
    /// A request had no answer.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Send(#[from] SendError),
    /// The next version did not come.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Upgrade(#[from] UpgradeError),
    /// A request had no answer in time.
    #[error("{request}: no answer within {seconds} s")]
    #[diagnostic(help("the machine may have too much to do: run again, or with fewer manifests"))]
    NoAnswer {
        /// Method and path.
        request: String,
        /// How long was waited.
        seconds: u64,
    },
}
