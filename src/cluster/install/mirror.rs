//! Where releases are downloaded from. What a base address says of a user and a password is sent and never shown.

use std::fmt;
use std::str::FromStr;

use http::Uri;

const KUBERNETES: &str = "https://dl.k8s.io";
const ETCD: &str = "https://github.com";

/// The servers that releases are downloaded from: the official ones, or one that has what both have under the same paths.
#[derive(Clone, PartialEq, Eq)]
pub struct Mirror {
    kubernetes: String,
    etcd: String,
}

/// A text that is no base address. It does not repeat the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("the address of the mirror {what}")]
#[diagnostic(help("write where the paths of {KUBERNETES} and {ETCD} begin: https://mirror.example.com/kubernetes"))]
pub struct MirrorError {
    what: &'static str,
}

/// Where one file is.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// As it is asked for.
    url: String,
    /// As it may be shown.
    shown: String,
}

impl Default for Mirror {
    fn default() -> Self {
        Self { kubernetes: KUBERNETES.to_owned(), etcd: ETCD.to_owned() }
    }
}

impl FromStr for Mirror {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |what| Err(MirrorError { what });
        let Ok(uri) = text.parse::<Uri>() else { return wrong("is no URL") };
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return wrong("does not begin with http://HOST or https://HOST");
        }
        if uri.query().is_some() || text.contains('#') {
            return wrong("has a ? or a #, behind which no path can follow");
        }
        let base = text.trim_end_matches('/').to_owned();
        Ok(Self { kubernetes: base.clone(), etcd: base })
    }
}

impl Mirror {
    /// Whether an address holds a name or a password, so that it is no argument for a command line.
    pub fn has_credentials(&self) -> bool {
        [&self.kubernetes, &self.etcd].iter().any(|base| shown(base) != **base)
    }

    /// Whether nothing may be asked for in the clear, wherever a server sends us.
    pub(super) fn is_https(&self) -> bool {
        [&self.kubernetes, &self.etcd].iter().all(|base| base.starts_with("https://"))
    }

    /// A file of a Kubernetes release.
    pub(super) fn kubernetes(&self, path: &str) -> Address {
        Address::new(&self.kubernetes, &format!("release/{path}"))
    }

    /// A file of an etcd release.
    pub(super) fn etcd(&self, path: &str) -> Address {
        Address::new(&self.etcd, &format!("etcd-io/etcd/releases/download/{path}"))
    }
}

impl Address {
    fn new(base: &str, path: &str) -> Self {
        Self { url: format!("{base}/{path}"), shown: format!("{}/{path}", shown(base)) }
    }

    /// For the request alone.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mirror({}, {})", shown(&self.kubernetes), shown(&self.etcd))
    }
}

/// A URL without a name and a password.
fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_has_the_paths_of_both_servers() {
        let official = Mirror::default();
        assert_eq!(official.kubernetes("stable-1.36.txt").url(), "https://dl.k8s.io/release/stable-1.36.txt");
        let sums = "https://github.com/etcd-io/etcd/releases/download/v3.6.8/SHA256SUMS";
        assert_eq!(official.etcd("v3.6.8/SHA256SUMS").url(), sums);
        let mirror: Mirror = "http://127.0.0.1:8080/k8s/".parse().unwrap();
        assert_eq!(mirror.kubernetes("x").url(), "http://127.0.0.1:8080/k8s/release/x");
        assert_eq!(mirror.etcd("x").url(), "http://127.0.0.1:8080/k8s/etcd-io/etcd/releases/download/x");
        assert!(official.is_https() && !official.has_credentials() && !mirror.is_https());
    }

    #[test]
    fn a_password_is_sent_and_never_shown() {
        let mirror: Mirror = "https://me:secret@mirror.example.com/k8s".parse().unwrap();
        assert!(mirror.has_credentials());
        let address = mirror.kubernetes("x");
        assert_eq!(address.url(), "https://me:secret@mirror.example.com/k8s/release/x");
        assert_eq!(address.to_string(), "https://mirror.example.com/k8s/release/x");
        assert!(!format!("{mirror:?}{address:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_address_is_not_repeated() {
        for text in ["", "mirror", "ftp://mirror", "https://", "https://h/?token=secret", "https://h/#secret", "a b"] {
            let error = text.parse::<Mirror>().unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
