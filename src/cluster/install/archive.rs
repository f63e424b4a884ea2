//! One file out of an archive.

use std::fs::File;
use std::io;
use std::path::Path;

use flate2::read::GzDecoder;
use tar::Archive;

use super::InstallError;

/// Takes one file out of a `.tar.gz`, under a name of ours: whatever else is in it, and wherever it wants to go, is left.
pub(super) fn extract(archive: &Path, wanted: &str, to: &Path) -> Result<(), InstallError> {
    let unusable = |cause: String| InstallError::Archive {
        archive: archive.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        cause,
    };
    let file = File::open(archive).map_err(InstallError::file("reading", archive))?;
    let mut files = Archive::new(GzDecoder::new(io::BufReader::new(file)));
    for entry in files.entries().map_err(|error| unusable(error.to_string()))? {
        let mut entry = entry.map_err(|error| unusable(error.to_string()))?;
        if entry.header().entry_type().is_file() && entry.path().is_ok_and(|path| path == Path::new(wanted)) {
            let mut made = File::create(to).map_err(InstallError::file("making", to))?;
            return io::copy(&mut entry, &mut made).map(drop).map_err(InstallError::file("writing", to));
        }
    }
    Err(unusable(format!("it holds no {wanted}")))
}
