//! What a server serves, and which group-versions a kind has.

use std::cmp::Reverse;

use super::manifests::group;
use crate::cluster::Resource;

/// Groups that kinds have moved out of, and where to.
const MOVED: [(&str, &[&str]); 2] =
    [("extensions", &["apps", "networking.k8s.io", "policy"]), ("", &["events.k8s.io", "discovery.k8s.io"])];

/// All that a server serves.
#[derive(Debug, Default)]
pub(super) struct Served(Vec<Resource>);

impl Served {
    pub(super) fn new(resources: Vec<Resource>) -> Self {
        Self(resources)
    }

    /// Whether it is what every API server has at least; while one starts it may tell less.
    pub(super) fn is_whole(&self) -> bool {
        self.find("v1", "Namespace").is_some() && self.find("apps/v1", "Deployment").is_some()
    }

    pub(super) fn find(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.0.iter().find(|resource| resource.api_version == api_version && resource.kind == kind)
    }

    /// The group-versions of a kind: the one that is named, then those of its group, then those of groups it may have
    /// moved to; the stablest and newest first.
    pub(super) fn homes(&self, api_version: &str, kind: &str) -> Vec<&Resource> {
        let own = group(api_version);
        let to = MOVED.iter().find(|(from, _)| *from == own).map_or(&[][..], |(_, to)| to);
        let far = |resource: &Resource| match group(&resource.api_version) {
            _ if resource.api_version == api_version => Some(0),
            group if group == own => Some(1),
            group if to.contains(&group) => Some(2),
            _ => None,
        };
        let of_kind = self.0.iter().filter(|resource| resource.kind == kind);
        let mut homes: Vec<(u8, &Resource)> = of_kind.filter_map(|resource| Some((far(resource)?, resource))).collect();
        homes.sort_by_key(|(far, resource)| (*far, Reverse(maturity(&resource.api_version))));
        homes.into_iter().map(|(_, resource)| resource).collect()
    }
}

/// As Kubernetes orders versions: stable, then beta, then alpha, the higher number first.
fn maturity(api_version: &str) -> (u8, u32, u32) {
    let version = api_version.rsplit_once('/').map_or(api_version, |(_, version)| version);
    let numbers = |word: &str| {
        let (major, minor) = version.strip_prefix('v')?.split_once(word)?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let stable = || version.strip_prefix('v')?.parse().ok();
    match (stable(), numbers("beta"), numbers("alpha")) {
        (Some(major), ..) => (3, major, 0),
        (_, Some((major, minor)), _) => (2, major, minor),
        (_, _, Some((major, minor))) => (1, major, minor),
        _ => (0, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_of_a_kind_are_near_first_and_no_stranger_is_among_them() {
        let resource = |api_version: &str| Resource {
            api_version: api_version.to_owned(),
            kind: "Ingress".to_owned(),
            plural: "ingresses".to_owned(),
            namespaced: true,
        };
        let versions = [
            "config.example.com/v1",
            "networking.k8s.io/v1beta1",
            "networking.k8s.io/v1",
            "networking.k8s.io/v2alpha1",
            "extensions/v1beta1",
        ];
        let served = Served::new(versions.map(resource).to_vec());
        let homes = |api_version| {
            let homes = served.homes(api_version, "Ingress").into_iter();
            homes.map(|resource| resource.api_version.as_str()).collect::<Vec<_>>()
        };
        let networking = ["networking.k8s.io/v1", "networking.k8s.io/v1beta1", "networking.k8s.io/v2alpha1"];
        assert_eq!(homes("extensions/v1beta1"), [&["extensions/v1beta1"][..], &networking].concat());
        assert_eq!(
            homes("networking.k8s.io/v1beta1"),
            ["networking.k8s.io/v1beta1", "networking.k8s.io/v1", "networking.k8s.io/v2alpha1"]
        );
        assert_eq!(homes("extensions/v1")[0], "extensions/v1beta1");
    }
}
