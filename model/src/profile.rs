//! What each version does: one row a feature. The only place where versions are compared.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use crate::discovery::RUNTIME_CONFIG;

pub(crate) use rows::Feature;
use rows::{Gate, ROWS};

/// A release that the model stands for: the one that its answers were recorded on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// As 36 of v1.36.3.
    pub minor: u32,
    /// As `v1.36.3`.
    pub version: &'static str,
}

const RELEASES: [Release; 16] = [
    Release { minor: 22, version: "v1.22.2" },
    Release { minor: 23, version: "v1.23.17" },
    Release { minor: 24, version: "v1.24.17" },
    Release { minor: 25, version: "v1.25.4" },
    Release { minor: 26, version: "v1.26.3" },
    Release { minor: 27, version: "v1.27.3" },
    Release { minor: 28, version: "v1.28.3" },
    Release { minor: 29, version: "v1.29.0" },
    Release { minor: 30, version: "v1.30.14" },
    Release { minor: 31, version: "v1.31.0" },
    Release { minor: 32, version: "v1.32.2" },
    Release { minor: 33, version: "v1.33.13" },
    Release { minor: 34, version: "v1.34.4" },
    Release { minor: 35, version: "v1.35.4" },
    Release { minor: 36, version: "v1.36.3" },
    Release { minor: 37, version: "v1.37.1" },
];

/// The releases that there is a model of, oldest first.
pub fn releases() -> &'static [Release] {
    &RELEASES
}

/// Something that is there in a real control plane and not in the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {}", crate::NOT_MODELLED_PHRASE)]
pub struct NotModelled {
    /// What, as `the flag --x of kube-apiserver`.
    pub what: String,
}

/// Minors from the first to before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u32,
    pub(crate) until: u32,
}

impl Span {
    pub(crate) const ALWAYS: Self = Self { from: 0, until: u32::MAX };

    pub(crate) const fn from(minor: u32) -> Self {
        Self { from: minor, until: u32::MAX }
    }

    pub(crate) const fn until(minor: u32) -> Self {
        Self { from: 0, until: minor }
    }

    pub(crate) const fn between(from: u32, until: u32) -> Self {
        Self { from, until }
    }

    fn has(self, minor: u32) -> bool {
        self.from <= minor && minor < self.until
    }
}

/// The table of features for people: a line each.
pub(crate) fn features() -> impl Iterator<Item = String> {
    ROWS.iter().map(|row| {
        // A name such as `TokenIds` is what it is about.
        let mut words = String::new();
        for c in format!("{:?}", row.feature).chars() {
            if c.is_ascii_uppercase() && !words.is_empty() {
                words.push(' ');
            }
            words.push(c.to_ascii_lowercase());
        }
        let gate = row.gate.as_ref().map(|gate| {
            let off = if gate.turns_off { "off" } else { "on" };
            format!(", or with {} {off} ({})", gate.name, gate.span)
        });
        format!("{words}: {}{} [{}]", row.span, gate.unwrap_or_default(), row.source)
    })
}

/// The flags of each component that are modelled.
pub(crate) fn flags() -> [(&'static str, &'static [&'static str]); 2] {
    [("kube-apiserver", &APISERVER_FLAGS), ("kube-controller-manager", &CONTROLLER_MANAGER_FLAGS)]
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.from, self.until) {
            (_, 0) => f.write_str("never by default"),
            (0, u32::MAX) => f.write_str("every version"),
            (from, u32::MAX) => write!(f, "from v1.{from}"),
            (0, until) => write!(f, "up to v1.{}", until.saturating_sub(1)),
            (from, until) => write!(f, "v1.{from} to v1.{}", until.saturating_sub(1)),
        }
    }
}

/// How a control plane is set up: its release, and gates and flags that are not as by default.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    release: Release,
    features: BTreeSet<Feature>,
    /// Flags of kube-apiserver, without their dashes.
    pub(crate) apiserver: BTreeMap<String, String>,
    /// Flags of kube-controller-manager.
    pub(crate) controller_manager: BTreeMap<String, String>,
}

/// The flags of each component that are modelled.
const APISERVER_FLAGS: [&str; 3] =
    ["service-account-max-token-expiration", "service-account-extend-token-expiration", "runtime-config"];
const CONTROLLER_MANAGER_FLAGS: [&str; 1] = ["legacy-service-account-token-clean-up-period"];

impl Profile {
    pub(crate) fn new(
        release: Release,
        gates: &BTreeMap<String, bool>,
        apiserver: &BTreeMap<String, String>,
        controller_manager: &BTreeMap<String, String>,
    ) -> Result<Self, NotModelled> {
        let known = |gate: &&Gate, name: &str| gate.name == name && gate.span.has(release.minor);
        for name in gates.keys() {
            if !ROWS.iter().filter_map(|row| row.gate.as_ref()).any(|gate| known(&gate, name)) {
                return Err(NotModelled { what: format!("the feature gate {name} in {}", release.version) });
            }
        }
        let flags = [
            ("kube-apiserver", apiserver, &APISERVER_FLAGS[..]),
            ("kube-controller-manager", controller_manager, &CONTROLLER_MANAGER_FLAGS[..]),
        ];
        for (component, flags, modelled) in flags {
            if let Some(flag) = flags.keys().find(|flag| !modelled.contains(&flag.as_str())) {
                return Err(NotModelled { what: format!("the flag --{flag} of {component}") });
            }
        }
        let is_on = |row: &&rows::Row| {
            let asked = row
                .gate
                .as_ref()
                .and_then(|gate| Some((gate, gates.get(gate.name).filter(|_| gate.span.has(release.minor))?)));
            match asked {
                Some((gate, on)) => *on != gate.turns_off,
                None => row.span.has(release.minor),
            }
        };
        let features: BTreeSet<Feature> = ROWS.iter().filter(is_on).map(|row| row.feature).collect();
        for (name, _) in apiserver.get("runtime-config").into_iter().flat_map(|value| turned_on(value)) {
            let known = RUNTIME_CONFIG.iter().find(|(known, _)| *known == name).map(|(_, feature)| feature);
            if !known
                .is_some_and(|feature| features.contains(feature) && features.contains(&Feature::SelfReviewIsGranted))
            {
                let what = format!("--runtime-config={name} of kube-apiserver in {}", release.version);
                return Err(NotModelled { what });
            }
        }
        Ok(Self { release, features, apiserver: apiserver.clone(), controller_manager: controller_manager.clone() })
    }

    pub(crate) fn release(&self) -> Release {
        self.release
    }

    /// Whether this version, set up so, does it.
    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// Whether `--runtime-config` turns on a group version that is off by default.
    pub(crate) fn turns_on(&self, group_version: &str) -> bool {
        let config = self.apiserver.get("runtime-config");
        config.is_some_and(|value| turned_on(value).any(|(name, is_on)| name == group_version && is_on))
    }

    /// Whether this version is one of those; for tables that have a span a row, such as that of fields.
    pub(crate) fn is_within(&self, span: Span) -> bool {
        span.has(self.release.minor)
    }
}

/// What a `--runtime-config` turns on or off.
fn turned_on(value: &str) -> impl Iterator<Item = (&str, bool)> {
    value.split(',').filter(|entry| !entry.is_empty()).map(|entry| {
        let (name, is_on) = entry.split_once('=').unwrap_or((entry, "true"));
        (name.trim(), is_on.trim() == "true")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(minor: u32, gates: &[(&str, bool)]) -> Result<Profile, NotModelled> {
        let release = *RELEASES.iter().find(|release| release.minor == minor).unwrap();
        let gates = gates.iter().map(|(gate, on)| ((*gate).to_owned(), *on)).collect();
        Profile::new(release, &gates, &BTreeMap::new(), &BTreeMap::new())
    }

    #[test]
    fn a_feature_is_there_by_version_or_by_its_gate() {
        let has = |minor, gates: &[(&str, bool)]| profile(minor, gates).unwrap().has(Feature::TokenIds);
        assert_eq!([28, 29, 30].map(|minor| has(minor, &[])), [false, false, true]);
        assert!(has(29, &[("ServiceAccountTokenJTI", true)]));
        let has = |minor, gates: &[(&str, bool)]| profile(minor, gates).unwrap().has(Feature::AutomaticSecrets);
        assert!(has(23, &[]) && !has(24, &[]) && has(24, &[("LegacyServiceAccountTokenNoAutoGeneration", false)]));
    }

    #[test]
    fn a_gate_that_a_version_does_not_know_is_refused() {
        let refused = profile(28, &[("ServiceAccountTokenJTI", true)]).unwrap_err();
        assert!(refused.to_string().starts_with("the feature gate ServiceAccountTokenJTI in v1.28.3 is not modelled"));
    }
}
