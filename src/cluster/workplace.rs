//! The private folder in which the commands of one scenario run. Tokens and keys lie in it, so it is its owner's only and
//! goes with the scenario; what a killed run leaves is swept by the next one and by `cluster gc`.

use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rand::Rng;
use rustix::process::{Pid, Signal, kill_process};

use super::folder::{Lock, remove_within};
use super::{Home, HomeError};

/// Why there is no folder for commands, or a file in it could not be written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum WorkplaceError {
    /// There is nowhere to have it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Home(#[from] HomeError),
    /// The file system.
    #[error("{doing} {path}: {cause}")]
    #[diagnostic(help("check its permissions and the space on its disk, or set REHEARSAL_STATE to another folder"))]
    File {
        /// What was tried.
        doing: &'static str,
        /// What it was tried on.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// A private folder, removed when dropped.
#[derive(Debug)]
pub struct Workplace {
    path: PathBuf,
    /// Says that its owner lives; the kernel frees it.
    _lock: Lock,
}

impl Workplace {
    /// Makes one, and removes those whose owners are dead.
    pub(super) fn create(home: &Home) -> Result<Self, WorkplaceError> {
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |cause| WorkplaceError::File { doing, path, cause }
        };
        let all = home.workplaces();
        make_folder(&all).map_err(failed("making", &all))?;
        // Kept until the new one is locked: before, it looks like one that nobody holds.
        let turn = Turn::take(home).map_err(failed("locking", &all))?;
        // What cannot be removed now is somebody else's trouble, which `cluster gc` tells.
        let _ = turn.sweep();
        let path = all.join(format!("{}-{:08x}", std::process::id(), rand::rng().random::<u32>()));
        make_folder(&path).map_err(failed("making", &path))?;
        let lock = Lock::wait(&path.join(LOCK)).map_err(failed("locking", &path))?;
        drop(turn);
        for folder in [FILES, USER, TEMPORARY] {
            let folder = path.join(folder);
            make_folder(&folder).map_err(failed("making", &folder))?;
        }
        Ok(Self { path, _lock: lock })
    }

    /// The whole of it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where commands run.
    pub fn files(&self) -> PathBuf {
        self.path.join(FILES)
    }

    /// What commands find as `HOME`.
    pub fn home(&self) -> PathBuf {
        self.path.join(USER)
    }

    /// What commands find as `TMPDIR`.
    pub fn temporary(&self) -> PathBuf {
        self.path.join(TEMPORARY)
    }

    /// Writes a file for its owner only, at a path within the folder.
    pub fn write(&self, path: &Path, contents: &[u8]) -> Result<(), WorkplaceError> {
        let write = || {
            make_folder(path.parent().unwrap_or(&self.path))?;
            // Made anew: a file that a command has put there may be readable by others, or a link.
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?.write_all(contents)
        };
        write().map_err(|cause| WorkplaceError::File { doing: "writing", path: path.to_owned(), cause })
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What is left of it without its owner is swept later.
        let _ = remove(&self.path);
    }
}

const LOCK: &str = "lock";
const FILES: &str = "files";
const USER: &str = "home";
const TEMPORARY: &str = "tmp";

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Removes the folders of dead runs, and ends the commands that still run there. Gives back what it removed.
pub(super) fn sweep(home: &Home) -> io::Result<Vec<PathBuf>> {
    if home.workplaces().exists() { Turn::take(home)?.sweep() } else { Ok(Vec::new()) }
}

/// The right to make folders and to judge which are dead, which one process has at a time.
struct Turn {
    all: PathBuf,
    _lock: Lock,
}

impl Turn {
    /// Waits for it.
    fn take(home: &Home) -> io::Result<Self> {
        let all = home.workplaces();
        let lock = Lock::wait(&all.with_extension("lock"))?;
        Ok(Self { all, _lock: lock })
    }

    fn sweep(&self) -> io::Result<Vec<PathBuf>> {
        let mut swept = Vec::new();
        for entry in std::fs::read_dir(&self.all)? {
            let path = entry?.path();
            // One without a lock is of somebody who was killed before it had one, or at the very end.
            if Lock::is_held(&path.join(LOCK)) {
                continue;
            }
            end_commands(&path)?;
            match remove(&path) {
                Ok(()) => swept.push(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(swept)
    }
}

/// Removes a folder, its lock last: if this is killed, what is left is nobody's and swept.
fn remove(folder: &Path) -> io::Result<()> {
    remove_within(folder, |path| !path.ends_with(LOCK))?;
    std::fs::remove_dir_all(folder)
}

/// Ends the processes whose working folder is within a folder.
fn end_commands(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        // Of somebody else's processes nothing is told, and they are none of ours.
        let is_there = std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        if is_there && let Some(pid) = Pid::from_raw(pid) {
            // That it has ended meanwhile is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path(), folder.path());
        (folder, home)
    }

    #[test]
    fn it_is_its_owners_only_and_goes() {
        let (_folder, home) = home();
        let workplace = Workplace::create(&home).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(workplace.path()), 0o700);
        let file = workplace.files().join("a/b.yaml");
        for text in ["first", "second"] {
            workplace.write(&file, text.as_bytes()).unwrap();
        }
        assert_eq!((mode(&file), std::fs::read_to_string(&file).unwrap().as_str()), (0o600, "second"));
        let path = workplace.path().to_owned();
        drop(workplace);
        assert!(!path.exists());
    }

    #[test]
    fn runs_that_come_and_go_at_once_leave_each_other_alone() {
        let (_folder, home) = home();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let workplace = Workplace::create(&home).unwrap();
                        sweep(&home).unwrap();
                        assert!(workplace.temporary().is_dir());
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(home.workplaces()).unwrap().count(), 0);
    }

    #[test]
    fn only_what_nobody_holds_is_swept_and_its_commands_end() {
        let (_folder, home) = home();
        let held = Workplace::create(&home).unwrap();
        let dead = home.workplaces().join("1-dead");
        make_folder(&dead).unwrap();
        std::fs::write(dead.join(LOCK), "").unwrap();
        let mut command = std::process::Command::new("sleep").arg("600").current_dir(&dead).spawn().unwrap();
        assert_eq!(sweep(&home).unwrap(), [dead]);
        let begun = home.workplaces().join("1-begun");
        make_folder(&begun).unwrap();
        assert_eq!(sweep(&home).unwrap(), [begun]);
        assert!(!command.wait().unwrap().success());
        assert!(held.path().exists());
    }
}
