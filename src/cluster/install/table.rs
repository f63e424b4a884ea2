//! What goes together: which etcd belongs to which minor, and for which machines the programs are published.

use crate::version::Minor;

/// The programs of a release, each published by itself.
pub(super) const KUBERNETES: [&str; 4] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];

/// The program that comes from elsewhere.
pub(super) const ETCD: &str = "etcd";

/// The oldest minor whose control plane is known to run here.
pub(super) const OLDEST: Minor = Minor { major: 1, minor: 22 };

/// From which minor on which etcd is taken, as `ci/control-plane/versions.tsv` pins it: one of a line, not each minor's
/// own, so that what is downloaded and what is built differ by as little as possible.
const ETCDS: [(Minor, &str); 2] = [(OLDEST, "3.5.35"), (Minor { major: 1, minor: 34 }, "3.6.8")];

/// The etcd of a minor; none of one that is too old. A minor that came later gets the newest.
pub(super) fn etcd(minor: Minor) -> Option<&'static str> {
    ETCDS.iter().rfind(|(from, _)| *from <= minor).map(|(_, etcd)| *etcd)
}

/// How release servers call this machine; none if nothing is published for it.
pub(super) fn platform() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("amd64"),
        ("linux", "aarch64") => Some("arm64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_pins_the_same_etcd() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ci/control-plane/versions.tsv");
        let table = std::fs::read_to_string(path).unwrap();
        let rows = table.lines().filter(|line| line.starts_with('v'));
        let pinned: Vec<(Minor, &str)> = rows
            .map(|row| {
                let columns: Vec<&str> = row.split('\t').collect();
                (columns[1].parse::<crate::version::Version>().unwrap().minor, columns[2])
            })
            .collect();
        assert!(pinned.len() >= 16, "{pinned:?}");
        for (minor, pinned) in pinned {
            assert_eq!(etcd(minor), Some(pinned), "{minor}");
        }
        assert_eq!(etcd("v1.21".parse().unwrap()), None);
        assert_eq!(etcd("v1.99".parse().unwrap()), Some("3.6.8"));
    }
}
