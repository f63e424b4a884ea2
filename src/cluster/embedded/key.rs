//! The key that signs the tokens of every embedded control plane of a user: made once, since that takes a tenth of a
//! second, and kept where nobody else can read it.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rehearsal_model::{KeyError, SigningKey};
use tempfile::NamedTempFile;

use crate::cluster::Home;

/// The key of this process: all clusters in it share one.
static KEY: Mutex<Option<Arc<SigningKey>>> = Mutex::new(None);

/// The key, made if there is none. One that cannot be kept costs the next process some time and does no other harm.
pub(super) fn kept(home: Option<&Home>) -> Result<Arc<SigningKey>, KeyError> {
    let mut known = KEY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = &*known {
        return Ok(Arc::clone(key));
    }
    let key = Arc::new(match home {
        Some(home) => read_or_make(&home.embedded())?,
        None => SigningKey::make()?,
    });
    *known = Some(Arc::clone(&key));
    Ok(key)
}

fn read_or_make(folder: &Path) -> Result<SigningKey, KeyError> {
    let path = folder.join("sa.key");
    let read = || SigningKey::from_pem(&fs::read_to_string(&path).ok()?).ok();
    if let Some(key) = read() {
        return Ok(key);
    }
    let key = SigningKey::make()?;
    // Of those who make one at the same time each takes the last one from now on; this one lives as long as its process.
    let _ = keep(folder, &path, &key.to_pem()?);
    Ok(key)
}

/// Writes it for its owner only, whole or not at all.
fn keep(folder: &Path, path: &Path, pem: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Temporary files are their owner's only from their beginning on.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(pem.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_made_once_and_is_its_owners_only() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("embedded");
        let made = read_or_make(&folder).unwrap().to_pem().unwrap();
        assert_eq!(read_or_make(&folder).unwrap().to_pem().unwrap(), made);
        let rights = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((rights(&folder), rights(&folder.join("sa.key"))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");

        fs::write(folder.join("sa.key"), "cut sho").unwrap();
        let anew = read_or_make(&folder).unwrap().to_pem().unwrap();
        assert!(anew != made && read_or_make(&folder).unwrap().to_pem().unwrap() == anew);
    }

    #[test]
    fn where_nothing_can_be_written_there_is_a_key_all_the_same() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(read_or_make(&file.join("embedded")).is_ok());
    }
}
