//! What each version serves, from `facts/discovery.txt`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::RUNTIME_CONFIG;
use crate::facts;
use crate::profile::{Feature, Profile};

static FACTS: &str = include_str!("../../facts/discovery.txt");

/// What a version serves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served {
    /// The core group first, whose name is empty.
    pub(crate) groups: Vec<Group>,
    pub(crate) paths: Vec<&'static str>,
    /// The paths that are listed where there is none; in most versions there is no such list.
    pub(crate) listed_when_missing: Vec<&'static str>,
    /// The checks of health: which of the three, and the name.
    pub(crate) checks: Vec<(&'static str, &'static str)>,
    /// What `/version` says, in a line.
    pub(crate) build: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// The preferred one first, with its `APIResource`s.
    pub(crate) versions: Vec<(String, Vec<Value>)>,
}

/// As `apps/v1`, or `v1`.
pub(crate) fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

impl Group {
    /// As the list of groups shows it.
    pub(super) fn entry(&self) -> Value {
        let version = |version: &str| json!({"groupVersion": group_version(&self.name, version), "version": version});
        let versions: Vec<Value> = self.versions.iter().map(|(name, _)| version(name)).collect();
        json!({"name": self.name, "preferredVersion": versions.first(), "versions": versions})
    }
}

impl Served {
    /// The `APIResource`s of a group version, if it is served.
    pub(crate) fn resources(&self, group: &str, version: &str) -> Option<&[Value]> {
        let group = self.groups.iter().find(|known| known.name == group)?;
        group.versions.iter().find(|(known, _)| known == version).map(|(_, resources)| resources.as_slice())
    }

    /// The `APIResource` of a plural, or of plural and subresource.
    pub(crate) fn resource(&self, group: &str, version: &str, name: &str) -> Option<&Value> {
        self.resources(group, version)?.iter().find(|resource| resource["name"] == name)
    }

    pub(super) fn has_path(&self, path: &str) -> bool {
        self.paths.contains(&path)
    }

    fn group(&mut self, name: &str) -> &mut Group {
        let at = self.groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
            self.groups.push(Group { name: name.to_owned(), versions: Vec::new() });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }
}

/// A minor, and what is turned on.
type SetUp = (u32, Vec<&'static str>);

/// What was read already.
static READ: Mutex<BTreeMap<SetUp, Arc<Served>>> = Mutex::new(BTreeMap::new());

/// What a version serves, set up so. Read once in a process.
pub(crate) fn served(profile: &Profile) -> Arc<Served> {
    let more: Vec<&'static str> =
        RUNTIME_CONFIG.iter().map(|(name, _)| *name).filter(|name| profile.turns_on(name)).collect();
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(read.entry((profile.release().minor, more.clone())).or_insert_with(|| Arc::new(parsed(profile, &more))))
}

fn parsed(profile: &Profile, more: &[&str]) -> Served {
    let mut served = Served::default();
    let mut last = (String::new(), String::new());
    for line in facts::lines(FACTS, profile) {
        match line.split_once(' ') {
            None => {
                let (group, version) = line.split_once('/').unwrap_or(("", line));
                last = (group.to_owned(), version.to_owned());
                served.group(group).versions.push((version.to_owned(), Vec::new()));
            }
            Some((".", resource)) => {
                let versions = &mut served.group(&last.0).versions;
                if let (Some((_, resources)), Ok(resource)) = (versions.last_mut(), serde_json::from_str(resource)) {
                    resources.push(resource);
                }
            }
            Some(("/", path)) => served.paths.push(path),
            Some(("missing", path)) => served.listed_when_missing.push(path),
            Some(("version", build)) => served.build = build,
            Some((check, name)) => served.checks.push((check, name)),
        }
    }
    for name in more {
        if let Some((group, version)) = name.split_once('/')
            && profile.has(Feature::SelfReviewIsGranted)
        {
            let like = served.resource(group, "v1", "tokenreviews").cloned();
            served.group(group).versions.push((version.to_owned(), like.map(self_review).into_iter().collect()));
        }
    }
    served
}

/// The `APIResource` of `SelfSubjectReview`s, made from that of another review.
fn self_review(mut like: Value) -> Value {
    like["name"] = "selfsubjectreviews".into();
    like["kind"] = "SelfSubjectReview".into();
    // Early versions name no singular.
    if like["singularName"] != "" {
        like["singularName"] = "selfsubjectreview".into();
    }
    like
}
