//! Node images: those that kind's releases publish, and those that somebody names.
//!
//! kind promises that an image works with the release that it was published with, and tries to keep it working with
//! later ones; an image may need what an older kind does not do. Digests are from the sources of the kind module
//! (`pkg/apis/config/defaults/image.go`, for each release's default) and from its release notes.

use std::fmt;
use std::str::FromStr;

use crate::cluster::{Release, SpecError};
use crate::version::Version;

/// An image that kind published.
struct Published {
    /// The release of Kubernetes in it.
    kubernetes: &'static str,
    /// The release of kind that it belongs to.
    kind: &'static str,
    /// Its digest.
    sha256: &'static str,
}

/// One image a minor: of the last release of kind that published any.
const PUBLISHED: [Published; 16] = [
    published("v1.22.13", "v0.15.0", "4904eda4d6e64b402169797805b8ec01f50133960ad6c19af45173a27eadf959"),
    published("v1.23.10", "v0.15.0", "f047448af6a656fae7bc909e2fab360c18c487ef3edc93f06d78cdfd864b2d12"),
    published("v1.24.4", "v0.15.0", "adfaebada924a26c2c9308edd53c6e33b3d4e453782c0063dc0028bdebaddf98"),
    published("v1.25.3", "v0.17.0", "f52781bc0d7a19fb6c405c2af83abfeb311f130707a0e219175677e366cc45d1"),
    published("v1.26.15", "v0.25.0", "c79602a44b4056d7e48dc20f7504350f1e87530fe953428b792def00bc1076dd"),
    published("v1.27.16", "v0.25.0", "2d21a61643eafc439905e18705b8186f3296384750a835ad7a005dceb9546d20"),
    published("v1.28.15", "v0.25.0", "a7c05c7ae043a0b8c818f5a06188bc2c4098f6cb59ca7d1856df00375d839251"),
    published("v1.29.10", "v0.25.0", "3b2d8c31753e6c8069d4fc4517264cd20e86fd36220671fb7d0a5855103aa84b"),
    published("v1.30.6", "v0.25.0", "b6d08db72079ba5ae1f4a88a09025c0a904af3b52387643c285442afb05ab994"),
    published("v1.31.2", "v0.25.0", "18fbefc20a7113353c7b75b5c869d7145a6abd6269154825872dc59c1329912e"),
    published("v1.32.2", "v0.27.0", "f226345927d7e348497136874b6d207e0b32cc52154ad8323129352923a3142f"),
    published("v1.33.1", "v0.29.0", "050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f"),
    published("v1.34.11", "v0.33.0", "44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d"),
    published("v1.35.8", "v0.33.0", "07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0"),
    published("v1.36.4", "v0.33.0", "099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed"),
    published("v1.37.0", "v0.33.0", "a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"),
];

const fn published(kubernetes: &'static str, kind: &'static str, sha256: &'static str) -> Published {
    Published { kubernetes, kind, sha256 }
}

/// What clusters of kind are made of, beyond what kind published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    /// Node images.
    pub nodes: Vec<NodeImage>,
    /// Images of the engine that are loaded into each cluster, for its Pods.
    pub loaded: Vec<String>,
}

/// A node image, and the release of Kubernetes in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeImage {
    /// The release.
    pub version: Version,
    /// The image, as the container engine takes it.
    pub image: String,
    /// The release of kind that it belongs to, where that is known.
    pub(super) kind: Option<Version>,
}

impl NodeImage {
    /// The newest image of a release: of those that somebody named, else of those that kind published.
    pub(super) fn of(release: &Release, named: &[Self]) -> Option<Self> {
        let newest = |images: Vec<Self>| {
            let fitting = images.into_iter().filter(|image| release.takes(&image.version));
            fitting.max_by(|a, b| a.version.cmp(&b.version))
        };
        newest(named.to_vec()).or_else(|| newest(Self::published()))
    }

    /// All that kind published, oldest first.
    pub(super) fn published() -> Vec<Self> {
        let image = |published: &Published| {
            let Published { kubernetes, kind, sha256 } = published;
            let image = format!("kindest/node:{kubernetes}@sha256:{sha256}");
            Some(Self { version: kubernetes.parse().ok()?, image, kind: kind.parse().ok() })
        };
        PUBLISHED.iter().filter_map(image).collect()
    }
}

impl fmt::Display for NodeImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.image)
    }
}

impl FromStr for NodeImage {
    type Err = SpecError;

    /// An image whose tag is a release, as in `mirror.example/node:v1.32.2`, or `v1.32.2=IMAGE`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            let how = "write IMAGE:vX.Y.Z, or vX.Y.Z=IMAGE where the tag is another one";
            SpecError::new(format!("`{text}` does not say which release of Kubernetes is in it: {how}"))
        };
        let (version, image) = match text.split_once('=') {
            Some((version, image)) => (version, image),
            None => (tag(text).ok_or_else(wrong)?, text),
        };
        if image.is_empty() {
            return Err(wrong());
        }
        Ok(Self { version: version.parse().map_err(|_| wrong())?, image: image.to_owned(), kind: None })
    }
}

/// The tag of an image; the colon of a registry's port is none.
fn tag(image: &str) -> Option<&str> {
    let name = image.split('@').next().unwrap_or(image);
    name.rsplit('/').next()?.split_once(':').map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::ClusterSpec;

    fn image(release: &str, named: &[&str]) -> Option<String> {
        let named: Vec<NodeImage> = named.iter().map(|image| image.parse().unwrap()).collect();
        let ClusterSpec::Kind(release) = release.parse().unwrap() else { unreachable!() };
        NodeImage::of(&release, &named).map(|image| image.image)
    }

    #[test]
    fn every_minor_has_an_image_with_a_digest() {
        let images = NodeImage::published();
        assert_eq!(images.len(), PUBLISHED.len());
        for (image, published) in images.iter().zip(&PUBLISHED) {
            assert_eq!(published.sha256.len(), 64, "{image}");
            assert!(published.sha256.chars().all(|c| c.is_ascii_hexdigit()), "{image}");
            assert!(image.kind.is_some(), "{image}");
        }
        assert!(images.is_sorted_by(|a, b| a.version.minor < b.version.minor));
        assert!(image("kind", &[]).unwrap().starts_with("kindest/node:v1.37.0@sha256:"));
        assert!(image("kind:v1.30", &[]).unwrap().starts_with("kindest/node:v1.30.6@sha256:"));
        assert_eq!(image("kind:v1.30.1", &[]), None);
        assert_eq!(image("kind:v1.21", &[]), None);
    }

    #[test]
    fn a_named_image_wins_where_its_release_fits() {
        let named = ["here:5000/node:v1.32.2", "v1.30.14=mine@sha256:00", "node:v1.32.10"];
        assert_eq!(image("kind:v1.32", &named).as_deref(), Some("node:v1.32.10"));
        assert_eq!(image("kind:v1.32.2", &named).as_deref(), Some("here:5000/node:v1.32.2"));
        assert_eq!(image("kind:v1.30", &named).as_deref(), Some("mine@sha256:00"));
        assert_eq!(image("kind", &named).as_deref(), Some("node:v1.32.10"));
        assert!(image("kind:v1.31", &named).unwrap().starts_with("kindest/"));
    }

    #[test]
    fn an_image_of_an_unknown_release_is_told_how_to_say_it() {
        for text in ["node", "node:latest", "here:5000/node", "v1.32.2=", "latest=node"] {
            let error = text.parse::<NodeImage>().unwrap_err().to_string();
            assert!(error.contains("vX.Y.Z=IMAGE"), "{error}");
        }
    }
}
