//! Why a control plane could not be installed.

use std::io;
use std::path::PathBuf;

use super::build::BuildError;
use super::fetch::FetchError;
use super::given::GivenError;
use super::table;
use crate::cluster::AssetsError;
use crate::version::{Minor, Version};

/// Why a control plane could not be installed. Whatever it is: nothing that was installed before has changed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum InstallError {
    /// A build of a vendor.
    #[error("nobody publishes the programs of {version}, which is no release of Kubernetes itself")]
    #[diagnostic(help("name an upstream release, such as v1.36 or v1.36.3, or take your own programs: --from DIR"))]
    NotUpstream {
        /// Which.
        version: Version,
    },
    /// Older than anything that runs here.
    #[error(
        "a control plane of {minor} cannot be installed: {} is the oldest that is known to run here",
        table::OLDEST
    )]
    #[diagnostic(help("ci/control-plane/README.md says which were tried"))]
    TooOld {
        /// Which.
        minor: Minor,
    },
    /// Another kind of machine.
    #[error("no programs of control planes are published for {system}")]
    #[diagnostic(help("they are for Linux on amd64 and arm64; elsewhere they can be built: --build"))]
    Platform {
        /// What this is.
        system: String,
    },
    /// The server has nothing of that name.
    #[error("{wanted} is not published: {url} answers with code 404")]
    #[diagnostic(help("https://kubernetes.io/releases says which releases there are; a mirror may lack some"))]
    Unpublished {
        /// What was asked for.
        wanted: String,
        /// The address.
        url: String,
    },
    /// The newest release of a minor is said to be something else.
    #[error("{url} should name the newest release of {wanted}, and says `{said}`")]
    #[diagnostic(help("open the address: a proxy or a login page may answer in its place; or name the patch release"))]
    OtherRelease {
        /// The address.
        url: String,
        /// What was asked for.
        wanted: String,
        /// The beginning of what came.
        said: String,
    },
    /// A server.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fetch(#[from] FetchError),
    /// A file that is not what was published.
    #[error("{url} is not what was published: its sha256 is {found} and should be {expected}")]
    #[diagnostic(help("what came was thrown away; try again, and if it happens again, trust that server no more"))]
    Checksum {
        /// The address.
        url: String,
        /// The published checksum.
        expected: String,
        /// Its own.
        found: String,
    },
    /// An archive without what it is for.
    #[error("the archive {archive} cannot be used: {cause}")]
    #[diagnostic(help("its checksum is right, so it was published so: name another patch release"))]
    Archive {
        /// Its name.
        archive: String,
        /// What is wrong with it.
        cause: String,
    },
    /// No room.
    #[error("no space left: {what} takes {needed} bytes, and {folder} has {available}")]
    #[diagnostic(help(
        "free some, for example with `rehearsal cluster remove`, or set REHEARSAL_CACHE to another disk"
    ))]
    NoSpace {
        /// The file.
        what: String,
        /// How much of it is to come.
        needed: u64,
        /// Where it goes.
        folder: PathBuf,
        /// How much is free there.
        available: u64,
    },
    /// A file on this machine.
    #[error("{doing} {path}: {cause}")]
    #[diagnostic(help("{}", on_disk(cause)))]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Programs out of a folder.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Given(#[from] GivenError),
    /// A build.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Build(#[from] BuildError),
    /// What is there already.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Assets(#[from] AssetsError),
    /// The thread that does it.
    #[error("the installation ended by itself: {0}")]
    #[diagnostic(help("this is a mistake of the program; install it again to go on"))]
    Ended(#[from] tokio::task::JoinError),
}

impl InstallError {
    /// Of a file or folder, for `map_err`.
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::File { doing, path, cause }
    }
}

fn on_disk(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, for example with `rehearsal cluster remove`, or set REHEARSAL_CACHE to another disk; what \
             came is kept, and installing it again goes on from there"
        }
        _ => "check its permissions, or set REHEARSAL_CACHE to another folder",
    }
}
