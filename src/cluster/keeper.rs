//! The process that keeps one cluster: starts it, and takes it down when the last user has gone, when it is told to, or
//! when a part of it ends.
//!
//! Components of a local one are its children and die with it even if it is killed, so its main thread, which starts them, does
//! everything but wait for the lease.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::folder::{Endpoint, Failure, Folder, Linger, Lock, read_json, write_json};
use super::kind::KindError;
use super::order::{Made, Order};
use super::plane::{Plane, PlaneError};

/// Set for a process that is to be a keeper: the folder of its cluster.
pub(super) const KEEPER: &str = "REHEARSAL_INTERNAL_KEEPER";

/// Tells a keeper that its folder says what is wanted.
const UPGRADE: SignalKind = SignalKind::user_defined1();

/// Keeps the cluster of a folder until its end.
pub(super) fn main(folder: &OsStr) -> ExitCode {
    let folder = Folder::new(PathBuf::from(folder));
    // A spawner that died may have left another keeper here, which is then waited for.
    let Ok(Some(_kept)) = Lock::exclusive(folder.keeper()) else { return ExitCode::FAILURE };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format_args!("the runtime cannot be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(keep(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error);
            ExitCode::FAILURE
        }
    }
}

/// Writes into the keeper's log, which is its standard error.
fn say(what: &dyn Display) {
    let line = format!("{} {what}\n", jiff::Timestamp::now());
    // Without a log there is nobody to tell.
    let _ = io::Write::write_all(&mut io::stderr(), line.as_bytes());
}

/// Why a cluster ends.
enum End {
    /// Nobody uses it; the lease is held so that nobody begins to.
    Unused { _lease: Lock },
    /// It was told to, by a signal.
    Told,
    /// It could not go on.
    Failed(Failure),
}

/// What went wrong around the control plane.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error("{0} holds no order")]
    NoOrder(PathBuf),
    #[error("listening for signals: {0}")]
    Signals(io::Error),
    #[error("{0}; `rehearsal cluster gc` tries it again")]
    Stop(#[from] KindError),
    #[error("removing {folder}: {cause}")]
    Remove { folder: PathBuf, cause: io::Error },
}

async fn keep(folder: &Folder) -> Result<(), KeepError> {
    let order: Order =
        read_json(&folder.file("order.json")).ok_or_else(|| KeepError::NoOrder(folder.path().to_owned()))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(KeepError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(KeepError::Signals)?;
    let mut wanted = signal(UPGRADE).map_err(KeepError::Signals)?;
    let mut unused = unused(folder);

    let mut plane = Plane::of(&order);
    let end = tokio::select! {
        failure = run(order, folder, &mut plane, &mut wanted) => End::Failed(failure),
        lease = &mut unused => match lease {
            Ok(lease) => End::Unused { _lease: lease },
            Err(_) => End::Failed(failure("the folder of the cluster is gone".to_owned().into(), folder)),
        },
        _ = terminate.recv() => End::Told,
        _ = interrupt.recv() => End::Told,
    };
    // From here on nobody new may take it for running.
    let _ = folder.withdraw_endpoint();
    let stopped = plane.stop().await;
    if let End::Failed(failure) = &end {
        say(&failure.reason);
        // What cannot be kept for reading is not worth failing for; the log says the reason too.
        let _ = bury(folder, failure);
    }
    // What could not be stopped is found again by what is in the folder.
    stopped?;
    match folder.remove() {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(KeepError::Remove { folder: folder.path().to_owned(), cause })
        }
        _ => Ok(()),
    }
}

/// Starts the control plane, announces it, puts another release in its place when somebody wants that, and comes back when
/// it has failed.
async fn run(mut order: Order, folder: &Folder, plane: &mut Plane, wanted: &mut Signal) -> Failure {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if let Err(error) = plane.boot(&order, folder).await {
        return failure(error, folder);
    }
    loop {
        if let Err(error) = announce(&order, folder, plane, started) {
            return failure(format!("writing endpoint.json: {error}").into(), folder);
        }
        tokio::select! {
            error = plane.ended() => return failure(error, folder),
            _ = wanted.recv() => {}
        }
        let Some(next) = read_json::<Order>(&folder.wanted()) else { continue };
        say(&format_args!("{} in place of {}", next.version, order.version));
        if let Err(error) = plane.upgrade(&next, folder).await {
            return failure(error, folder);
        }
        order = next;
    }
}

/// Says what runs; what was wanted is there then.
fn announce(order: &Order, folder: &Folder, plane: &Plane, started: u64) -> io::Result<()> {
    let etcd = match &order.made {
        Made::Local(local) => Some(local.etcd.clone()),
        Made::Kind(_) => None,
    };
    let endpoint = Endpoint {
        version: order.version.clone(),
        provider: plane.provider(),
        etcd,
        server: plane.server().to_owned(),
        kubeconfig: folder.file("kubeconfig"),
        keeper: std::process::id(),
        components: plane.processes(),
        started,
    };
    folder.write_endpoint(&endpoint)?;
    match std::fs::remove_file(folder.wanted()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn failure(PlaneError { reason, help, log }: PlaneError, folder: &Folder) -> Failure {
    let (log, last_words) = log.unwrap_or_else(|| (folder.logs().join("keeper.log"), String::new()));
    // Where it will be when somebody reads this.
    let log = folder.grave().join(log.file_name().unwrap_or_default());
    Failure { keeper: std::process::id(), reason, help, last_words, log }
}

/// Keeps the logs of a cluster that did not end well, in place of those of the one before.
fn bury(folder: &Folder, failure: &Failure) -> io::Result<()> {
    let grave = folder.grave();
    match std::fs::remove_dir_all(&grave) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => Folder::new(grave.parent().unwrap_or(&grave).to_owned()).create()?,
    }
    std::fs::rename(folder.logs(), &grave)?;
    write_json(&grave.join("failure.json"), failure)
}

/// Comes when nobody has used the cluster for as long as it lingers. Fails when its folder is gone.
fn unused(folder: &Folder) -> oneshot::Receiver<Lock> {
    let (tell, told) = oneshot::channel();
    let folder = folder.clone();
    // A thread of its own, and no blocking task: the runtime does not wait for it at the end.
    std::thread::spawn(move || match wait_until_unused(&folder) {
        Ok(Some(lease)) => drop(tell.send(lease)),
        // Until somebody takes it down; what tells of the end must not be dropped meanwhile.
        Ok(None) => loop {
            std::thread::park();
        },
        Err(_) => drop(tell),
    });
    told
}

fn wait_until_unused(folder: &Folder) -> io::Result<Option<Lock>> {
    let gone = || io::Error::from(io::ErrorKind::NotFound);
    loop {
        let lease = Lock::exclusive(folder.lease())?.ok_or_else(gone)?;
        let since = SystemTime::now();
        let linger = match folder.linger() {
            Linger::Gone => return Ok(Some(lease)),
            Linger::Stay => return Ok(None),
            Linger::For(linger) => linger,
        };
        drop(lease);
        std::thread::sleep(linger);
        // Somebody who came and went meanwhile left a mark: then the wait begins again.
        if let Some(lease) = Lock::try_exclusive(folder.lease())?
            && lease.marked()? <= since
            && folder.linger() == Linger::For(linger)
        {
            return Ok(Some(lease));
        }
    }
}
