//! The files of a release, and downloading one: checked against its published checksum, resumed where a try before ended.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use sha2::{Digest, Sha256};

use super::fetch::{Fetch, FetchError};
use super::mirror::{Address, Mirror};
use super::staging::sha256;
use super::table::KUBERNETES;
use super::{InstallError, InstallStep, Installer};
use crate::version::Version;

/// How often a download goes on by itself that was cut off.
const CUTS: usize = 3;

/// A file on a server, and what it has to be.
pub(super) struct Remote {
    /// How it is called here.
    pub name: String,
    address: Address,
    sha256: String,
}

/// The four programs of a release.
pub(super) fn programs(
    fetch: &Fetch,
    mirror: &Mirror,
    version: &Version,
    platform: &str,
) -> Result<Vec<Remote>, InstallError> {
    let program = |name: &str| {
        let path = format!("{version}/bin/linux/{platform}/{name}");
        let sum = mirror.kubernetes(&format!("{path}.sha256"));
        let text = fetch.text(&sum, "checksum").map_err(unpublished(version.to_string()))?;
        let sha256 = checksum(text.split_whitespace().next(), &sum)?;
        Ok(Remote { name: name.to_owned(), address: mirror.kubernetes(&path), sha256 })
    };
    KUBERNETES.into_iter().map(program).collect()
}

/// The archive with an etcd, and the path of the program in it.
pub(super) fn etcd(
    fetch: &Fetch,
    mirror: &Mirror,
    version: &str,
    platform: &str,
) -> Result<(Remote, String), InstallError> {
    let folder = format!("etcd-v{version}-linux-{platform}");
    let archive = format!("{folder}.tar.gz");
    let sums = mirror.etcd(&format!("v{version}/SHA256SUMS"));
    let text = fetch.text(&sums, "list of checksums").map_err(unpublished(format!("etcd {version}")))?;
    let named = |line: &str| {
        let (sum, name) = line.split_once(char::is_whitespace)?;
        (name.trim_start_matches([' ', '*']).trim_end() == archive).then(|| sum.to_owned())
    };
    let sha256 = checksum(text.lines().find_map(named).as_deref(), &sums)?;
    let address = mirror.etcd(&format!("v{version}/{archive}"));
    Ok((Remote { name: archive, address, sha256 }, format!("{folder}/etcd")))
}

/// What is not there is an answer of its own.
pub(super) fn unpublished(wanted: String) -> impl FnOnce(FetchError) -> InstallError {
    move |error| match error {
        FetchError::Status { url, status: 404 } => InstallError::Unpublished { wanted, url },
        error => error.into(),
    }
}

fn checksum(found: Option<&str>, address: &Address) -> Result<String, FetchError> {
    let is_one = |text: &&str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = found.filter(is_one).map(str::to_ascii_lowercase);
    found.ok_or_else(|| FetchError::Unreadable { url: address.to_string(), wanted: "checksum of it" })
}

impl Remote {
    /// Downloads it into a folder, unless it is there already.
    pub(super) fn download(&self, folder: &Path, fetch: &Fetch, to: &Installer) -> Result<PathBuf, InstallError> {
        let whole = folder.join(&self.name);
        if whole.exists() && sha256(&whole).map_err(InstallError::file("reading", &whole))? == self.sha256 {
            return Ok(whole);
        }
        let mut part = Part::open(folder.join(format!("{}.part", self.name)))?;
        let (mut is_resumed, mut cuts) = (part.length > 0, 0);
        while part.sha256() != self.sha256 {
            let before = part.length;
            match self.go_on(&mut part, folder, fetch, to) {
                Ok(()) if part.sha256() == self.sha256 => {}
                // What was there before may have been of another file.
                Ok(()) if is_resumed => {
                    part.restart()?;
                    is_resumed = false;
                }
                Ok(()) => {
                    let (url, expected, found) = (self.address.to_string(), self.sha256.clone(), part.sha256());
                    part.restart()?;
                    return Err(InstallError::Checksum { url, expected, found });
                }
                Err(InstallError::Fetch(FetchError::Broken { .. })) if part.length > before && cuts < CUTS => cuts += 1,
                Err(error) => return Err(error),
            }
        }
        std::fs::rename(&part.path, &whole).map_err(InstallError::file("finishing", &part.path))?;
        Ok(whole)
    }

    /// Adds to a part what is missing of it.
    fn go_on(&self, part: &mut Part, folder: &Path, fetch: &Fetch, to: &Installer) -> Result<(), InstallError> {
        let mut coming = fetch.file(&self.address, part.length)?;
        if coming.starts != part.length {
            part.restart()?;
        }
        let tell = |done| to.tell(InstallStep::Downloading { file: self.name.clone(), done, total: coming.total });
        tell(part.length);
        if let Some(total) = coming.total {
            room(&self.name, total.saturating_sub(part.length), folder)?;
        }
        let mut buffer = vec![0; 64 << 10];
        loop {
            match coming.next(&mut buffer, part.length)? {
                0 => return Ok(()),
                read => part.append(&buffer[..read])?,
            }
            to.tell(InstallStep::Downloading { file: self.name.clone(), done: part.length, total: coming.total });
        }
    }
}

/// Refuses what does not fit before the disk is full, for others need it too.
fn room(what: &str, needed: u64, folder: &Path) -> Result<(), InstallError> {
    let found = statvfs(folder).map_err(|error| InstallError::file("asking for the space in", folder)(error.into()))?;
    let available = found.f_bavail.saturating_mul(found.f_frsize);
    if needed <= available {
        return Ok(());
    }
    Err(InstallError::NoSpace { what: what.to_owned(), needed, folder: folder.to_owned(), available })
}

/// The beginning of a file.
struct Part {
    path: PathBuf,
    file: File,
    digest: Sha256,
    length: u64,
}

impl Part {
    fn open(path: PathBuf) -> Result<Self, InstallError> {
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.map_err(InstallError::file("making", &path))?;
        let mut part = Self { path, file, digest: Sha256::new(), length: 0 };
        part.length = io::copy(&mut part.file, &mut part.digest).map_err(InstallError::file("reading", &part.path))?;
        Ok(part)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), InstallError> {
        self.file.write_all(bytes).map_err(InstallError::file("writing", &self.path))?;
        self.digest.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), InstallError> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(InstallError::file("emptying", &self.path))?;
        (self.digest, self.length) = (Sha256::new(), 0);
        Ok(())
    }

    fn sha256(&self) -> String {
        format!("{:x}", self.digest.clone().finalize())
    }
}
