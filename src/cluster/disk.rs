//! How much of the disk folders take.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The bytes of all files of a folder: each counts once, however many names it has.
pub(super) fn size(folder: &Path) -> io::Result<u64> {
    Ok(files(&[folder.to_owned()])?.values().map(|file| file.bytes).sum())
}

/// The bytes that are free when these folders are gone: files that have a name elsewhere too stay.
pub(super) fn freed(folders: &[PathBuf]) -> io::Result<u64> {
    Ok(files(folders)?.values().filter(|file| file.names == file.links).map(|file| file.bytes).sum())
}

struct Named {
    bytes: u64,
    /// How many names it has here.
    names: u64,
    /// How many it has anywhere.
    links: u64,
}

/// The files of some folders, by device and inode.
fn files(folders: &[PathBuf]) -> io::Result<BTreeMap<(u64, u64), Named>> {
    let (mut found, mut left) = (BTreeMap::new(), folders.to_vec());
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let about = path.symlink_metadata()?;
            if about.is_dir() {
                left.push(path);
                continue;
            }
            let file = found.entry((about.dev(), about.ino())).or_insert(Named {
                bytes: about.len(),
                names: 0,
                links: about.nlink(),
            });
            file.names += 1;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_several_names_counts_once_and_is_freed_with_its_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a", "b"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        std::fs::write(path("a/etcd"), [0; 100]).unwrap();
        std::fs::write(path("a/kube"), [0; 10]).unwrap();
        std::fs::hard_link(path("a/kube"), path("a/kubectl")).unwrap();
        std::fs::hard_link(path("a/etcd"), path("b/etcd")).unwrap();
        assert_eq!((size(&path("a")).unwrap(), size(&path("b")).unwrap()), (110, 100));
        assert_eq!((freed(&[path("a")]).unwrap(), freed(&[path("b")]).unwrap()), (10, 0));
        assert_eq!(freed(&[path("a"), path("b")]).unwrap(), 110);
    }
}
