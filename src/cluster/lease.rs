//! A client's part in sharing a cluster of ours: find the one that runs or start it, and hold it as long as it is used.
//!
//! Threads, test processes and commands that want the same cluster meet in its folder. Whoever is first starts a keeper
//! ([`super::keeper`]) under the lock `start`; everybody holds `lease` shared. All of it is given back by the kernel, so
//! a killed client leaves nothing behind.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::folder::{Endpoint, Failure, Folder, Linger, Lock, read_json};
use super::keeper::KEEPER;
use super::kind;
use super::order::{Made, Order};
use super::{ClusterEnd, KindError, OpenOptions, Progress, gc, process};

/// Why a cluster of ours could not be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum LocalError {
    /// Its folder.
    #[error("the folder {folder} of the cluster cannot be used: {cause}")]
    #[diagnostic(help("check its permissions and the space on its disk, or set REHEARSAL_STATE to another folder"))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The process that would keep it.
    #[error("the keeper of the cluster cannot be started from {program}: {cause}")]
    #[diagnostic(help("if the program was rebuilt meanwhile, run it again"))]
    Keeper {
        /// The program.
        program: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It ended or was not ready in time.
    #[error("{what} did not start: {reason}{}", indented(last_words))]
    #[diagnostic(help("{}", next(help.as_deref(), log.as_deref())))]
    NotStarted {
        /// The release, and how it was to be set up.
        what: String,
        /// What happened.
        reason: String,
        /// What to do, where that is known.
        help: Option<String>,
        /// The end of the log.
        last_words: String,
        /// The log, or the folder of them.
        log: Option<PathBuf>,
    },
    /// Clusters of kind cannot be made here.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Kind(#[from] KindError),
    /// It runs, but a connection could not be prepared.
    #[error("the running cluster cannot be connected to: {cause}")]
    #[diagnostic(help("take it down with `rehearsal cluster down`, then run again"))]
    Connect {
        /// What failed.
        cause: String,
    },
}

fn next(help: Option<&str>, log: Option<&Path>) -> String {
    let log = log.map(|log| format!("its log: {}", log.display()));
    let all: Vec<&str> = help.into_iter().chain(log.as_deref()).collect();
    if all.is_empty() { "run it again".to_owned() } else { all.join("; ") }
}

/// Lines below a message that they belong to.
pub(super) fn indented(text: &str) -> String {
    text.lines().flat_map(|line| ["\n    ", line]).collect()
}

/// The right to use a running cluster; it stays at least until this is dropped.
#[derive(Debug)]
pub(super) struct Tenancy {
    pub(super) endpoint: Endpoint,
    pub(super) folder: Folder,
    /// Whether nobody else can have it.
    pub(super) is_private: bool,
    _lease: Lock,
}

/// Joins the running cluster of an order, or starts it.
pub(super) async fn acquire(folder: Folder, order: &Order, options: &OpenOptions) -> Result<Tenancy, LocalError> {
    let unusable = |cause| LocalError::Folder { folder: folder.path().to_owned(), cause };
    let since = Instant::now();
    let mut pause = Pause::default();
    let mut is_announced = false;
    let mut announce = |progress: Progress| {
        if !std::mem::replace(&mut is_announced, true) {
            options.tell(&progress);
        }
    };
    // Of a cluster that was just started; kept until it is joined, or the keeper would find itself without users.
    let mut started = None;
    let tenancy = loop {
        match try_join(&folder, options) {
            Ok(Joined::Yes(tenancy)) => break tenancy,
            Ok(Joined::NobodyStarts { lease, start }) => {
                announce(Progress::Starting { what: order.describe() });
                start_keeper(&folder, order, options).await?;
                drop(start);
                started = Some(lease);
                pause = Pause::default();
                continue;
            }
            Ok(Joined::NotYet) if since.elapsed() > Duration::from_millis(300) => {
                announce(Progress::Waiting { what: order.describe() });
            }
            Ok(Joined::NotYet) => {}
            // The folder went between two looks at it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(error)),
        }
        pause.wait().await;
    };
    if started.is_some() && options.stays_if_started {
        folder.raise_linger(Linger::Stay).map_err(unusable)?;
    }
    drop(started);
    if is_announced {
        options.tell(&Progress::Ready { took: since.elapsed() });
    }
    Ok(*tenancy)
}

enum Joined {
    Yes(Box<Tenancy>),
    /// It is on us to start it; both locks are ours.
    NobodyStarts {
        lease: Lock,
        start: Lock,
    },
    /// Somebody else starts it, or takes it down.
    NotYet,
}

fn try_join(folder: &Folder, options: &OpenOptions) -> io::Result<Joined> {
    folder.create()?;
    let Some(lease) = Lock::try_shared(folder.lease())? else { return Ok(Joined::NotYet) };
    if let Some(endpoint) = running(folder) {
        lease.mark()?;
        folder.raise_linger(options.linger)?;
        // The folder may have been removed and made anew since the lease was taken.
        return Ok(if lease.is_current() {
            Joined::Yes(Box::new(Tenancy {
                endpoint,
                folder: folder.clone(),
                is_private: options.private,
                _lease: lease,
            }))
        } else {
            Joined::NotYet
        });
    }
    if Lock::is_held(&folder.keeper()) {
        return Ok(Joined::NotYet);
    }
    let Some(start) = Lock::try_exclusive(folder.start())? else { return Ok(Joined::NotYet) };
    // Whoever held it before us may just have been done.
    if Lock::is_held(&folder.keeper()) || !lease.is_current() {
        return Ok(Joined::NotYet);
    }
    Ok(Joined::NobodyStarts { lease, start })
}

/// What a cluster says about itself, if it is kept: an endpoint without keeper is left from one that was killed.
pub(super) fn running(folder: &Folder) -> Option<Endpoint> {
    folder.endpoint().filter(|_| Lock::is_held(&folder.keeper()))
}

/// Starts a keeper and waits until its cluster is ready. The lock `start` is the caller's.
async fn start_keeper(folder: &Folder, order: &Order, options: &OpenOptions) -> Result<(), LocalError> {
    let unusable = |cause| LocalError::Folder { folder: folder.path().to_owned(), cause };
    if let Made::Kind(kind) = &order.made {
        kind.check().await?;
    }
    kind::delete_leftover(folder).await?;
    gc::end_leftovers(folder).await.map_err(unusable)?;
    folder.sweep().map_err(unusable)?;
    std::fs::create_dir(folder.logs()).map_err(unusable)?;
    super::folder::write_json(&folder.file("order.json"), order).map_err(unusable)?;
    let mut keeper = spawn_keeper(folder, options.keeper.as_deref()).map_err(unusable)??;
    let mut pause = Pause::default();
    let mut told = None;
    loop {
        if let Some(doing) = kind::doing(folder).filter(|doing| told.as_ref() != Some(doing)) {
            options.tell(&Progress::Doing { what: doing.clone() });
            told = Some(doing);
        }
        // Before the endpoint is looked at: a keeper that ends right after it was written is still found out.
        let ended = keeper.try_wait().map_err(unusable)?;
        if folder.endpoint().is_some() {
            return Ok(());
        }
        let Some(status) = ended else {
            pause.wait().await;
            continue;
        };
        let failure = buried(folder, keeper.id());
        let own_log = folder.logs().join("keeper.log");
        return Err(LocalError::NotStarted {
            what: order.describe(),
            help: failure.as_ref().and_then(|failure| failure.help.clone()),
            reason: failure.as_ref().map_or_else(|| format!("its keeper ended: {status}"), |it| it.reason.clone()),
            last_words: match &failure {
                Some(failure) => failure.last_words.clone(),
                None => process::tail(&own_log).unwrap_or_default(),
            },
            log: failure.map(|failure| failure.log).or_else(|| own_log.exists().then_some(own_log)),
        });
    }
}

/// The outer error is the folder's, the inner one the program's.
fn spawn_keeper(folder: &Folder, program: Option<&Path>) -> io::Result<Result<Child, LocalError>> {
    let log = File::options().create(true).append(true).open(folder.logs().join("keeper.log"))?;
    let program = match program {
        Some(program) => program.to_owned(),
        None => std::env::current_exe()?,
    };
    let mut command = Command::new(&program);
    command.env(KEEPER, folder.path()).current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    // Ctrl-C is for the client; the keeper goes when the client's lease does.
    command.process_group(0);
    Ok(command.spawn().map_err(|cause| LocalError::Keeper { program, cause }))
}

/// Why the cluster of a keeper ended, if it did not end well.
pub(super) fn buried(folder: &Folder, keeper: u32) -> Option<Failure> {
    read_json::<Failure>(&folder.grave().join("failure.json")).filter(|failure| failure.keeper == keeper)
}

impl From<Failure> for ClusterEnd {
    fn from(Failure { reason, last_words, log, .. }: Failure) -> Self {
        Self { reason, last_words, log: Some(log) }
    }
}

/// Says why a cluster of ours went while it was in use.
#[derive(Debug)]
pub(super) struct Aftermath {
    folder: Folder,
    keeper: u32,
}

impl Aftermath {
    pub(super) fn new(tenancy: &Tenancy) -> Self {
        Self { folder: tenancy.folder.clone(), keeper: tenancy.endpoint.keeper }
    }

    /// Why it went, and the log that knows more; none if it seems to be there. Its keeper notices the end of a
    /// component a moment after clients do, so this waits for it a little.
    pub(super) async fn reason(&self) -> Option<ClusterEnd> {
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut pause = Pause::default();
        while Instant::now() < deadline {
            if let Some(failure) = buried(&self.folder, self.keeper) {
                return Some(failure.into());
            }
            let is_kept = Lock::is_held(&self.folder.keeper());
            if !is_kept || self.folder.endpoint().is_some_and(|endpoint| endpoint.keeper != self.keeper) {
                return Some(ClusterEnd::untold());
            }
            pause.wait().await;
        }
        None
    }
}

/// The time between two looks at something that another process does.
pub(super) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(Duration::from_millis(1))
    }
}

impl Pause {
    pub(super) async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(Duration::from_millis(20));
    }
}
