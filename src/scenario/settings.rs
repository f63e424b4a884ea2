//! `cluster:`: how the cluster of a scenario has to be set up. Fixed before anything runs, so nothing is filled in here; a
//! setting may be one of some versions only, since a gate or flag that a release does not know fails its start.

use serde_json::Value;

use super::when::range;
use crate::cluster::Setup;
use crate::shape::{self, Shape};
use crate::syntax::{Diagnostic, Diagnostics, Fields, Key, Node, Yaml};
use crate::version::{Range, Version};

/// What a cluster is asked to be, version by version.
#[derive(Debug, Clone, Default)]
pub struct Settings(Vec<Setting>);

#[derive(Debug, Clone)]
struct Setting {
    section: Section,
    name: String,
    value: String,
    when: Range,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Gates,
    Apiserver,
    ControllerManager,
    Scheduler,
}

const SECTIONS: [(&str, Section); 4] = [
    ("gates", Section::Gates),
    ("apiserver", Section::Apiserver),
    ("controllerManager", Section::ControllerManager),
    ("scheduler", Section::Scheduler),
];

/// Flags that a control plane of ours cannot do without.
const OURS: [&str; 17] = [
    "advertise-address",
    "bind-address",
    "cert-dir",
    "client-ca-file",
    "cluster-signing-cert-file",
    "cluster-signing-key-file",
    "etcd-servers",
    "kubeconfig",
    "leader-elect",
    "root-ca-file",
    "secure-port",
    "service-account-key-file",
    "service-account-private-key-file",
    "service-account-signing-key-file",
    "tls-cert-file",
    "tls-private-key-file",
    "use-service-account-credentials",
];

impl Settings {
    /// The set-up on a version; the default one where no setting applies.
    pub fn on(&self, version: &Version) -> Setup {
        let mut setup = Setup::default();
        for Setting { section, name, value, .. } in self.0.iter().filter(|setting| setting.when.contains(version)) {
            let flags = match section {
                Section::Gates => {
                    setup.gates.insert(name.clone(), value == "true");
                    continue;
                }
                Section::Apiserver => &mut setup.apiserver,
                Section::ControllerManager => &mut setup.controller_manager,
                Section::Scheduler => &mut setup.scheduler,
            };
            flags.insert(name.clone(), value.clone());
        }
        setup
    }

    /// These, and those of `base` that say nothing else about the same gate or flag.
    pub(super) fn over(mut self, base: &Self) -> Self {
        let is_new =
            |setting: &&Setting| !self.0.iter().any(|own| own.section == setting.section && own.name == setting.name);
        let kept: Vec<Setting> = base.0.iter().filter(is_new).cloned().collect();
        self.0.extend(kept);
        self
    }

    pub(super) fn shape() -> Value {
        let of = |section| {
            let value = if section == Section::Gates { shape::boolean() } else { shape::scalar() };
            let of_some_versions = Shape::new().required("value", value.clone()).optional("when", shape::string());
            shape::entries(&shape::any_of(&[value, of_some_versions.finish()]))
        };
        let sections = SECTIONS.into_iter();
        let mut shape =
            sections.fold(Shape::new(), |shape, (name, section)| shape.optional(name, of(section))).finish();
        shape["minProperties"] = 1.into();
        shape
    }

    /// Reads `{gates: {G: true}, apiserver: {flag: value}, ...}`.
    pub(super) fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        let mut settings = Vec::new();
        let Some(mut fields) = Fields::of(node, "cluster", diagnostics) else { return Self::default() };
        let sections = SECTIONS.map(|(name, section)| (section, fields.optional(name).entries().unwrap_or_default()));
        fields.finish();
        if node.entries().is_empty() {
            let diagnostic = Diagnostic::new(node.at.clone(), "`cluster` asks for nothing");
            diagnostics.push(diagnostic.help("as in `cluster: {gates: {SomeGate: true}}`"));
        }
        for (section, entries) in sections {
            settings.extend(entries.iter().filter_map(|(key, node)| Setting::decode(section, key, node, diagnostics)));
        }
        Self(settings)
    }
}

impl Setting {
    /// Reads `NAME: VALUE` or `NAME: {value: VALUE, when: RANGE}`.
    fn decode(section: Section, key: &Key, node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let wrong_name = match section {
            Section::Gates => wrong_gate(&key.text),
            _ => wrong_flag(&key.text),
        };
        if let Some((message, help)) = &wrong_name {
            diagnostics.push(Diagnostic::new(key.at.clone(), message).help(help));
        }
        let (value, when) = match node.value {
            Yaml::Map(_) => {
                let mut fields = Fields::of(node, "a setting", diagnostics)?;
                let (value, when) = (fields.required("value").node(), fields.optional("when").node());
                fields.finish();
                (value?, when)
            }
            _ => (node, None),
        };
        let when = when.map_or_else(|| Some(Range::any()), |node| range("when", node, diagnostics));
        let value = match (section, &value.value) {
            (Section::Gates, Yaml::Bool(on)) => on.to_string(),
            (Section::Gates, _) => {
                let message = format!("the gate `{}` must be true or false, this is {}", key.text, value.what());
                let help = "or, for some versions only: {value: true, when: \">=1.29\"}";
                diagnostics.push(Diagnostic::new(value.at.clone(), message).help(help));
                return None;
            }
            (_, Yaml::String(text)) if text.contains("${") => {
                let help = "a cluster is set up before the first step; write one of `cases` for each value";
                diagnostics.push(Diagnostic::new(value.at.clone(), "`${...}` is not filled in here").help(help));
                return None;
            }
            (_, Yaml::String(text)) => text.clone(),
            (_, Yaml::Bool(_) | Yaml::Number(_)) => value.at.text().to_owned(),
            _ => {
                let message = format!("the flag `{}` must be a string, this is {}", key.text, value.what());
                let help = "several values stand in one string, as on the command line: \"a,b\"";
                diagnostics.push(Diagnostic::new(value.at.clone(), message).help(help));
                return None;
            }
        };
        wrong_name.is_none().then_some(Self { section, name: key.text.clone(), value, when: when? })
    }
}

fn wrong_gate(name: &str) -> Option<(String, String)> {
    let is_fit = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    (!is_fit).then(|| {
        let help = "as the release notes spell it: ServiceAccountTokenNodeBinding".to_owned();
        (format!("`{name}` is no feature gate"), help)
    })
}

fn wrong_flag(name: &str) -> Option<(String, String)> {
    let bare = name.trim_start_matches('-');
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if bare != name {
        Some((format!("the flag `{name}` is written without its dashes"), format!("write `{bare}`")))
    } else if name == "feature-gates" {
        Some(("gates are no flag here".to_owned(), "write `gates: {SomeGate: true}`, for all components".to_owned()))
    } else if OURS.contains(&name) {
        Some((
            format!("the flag `{name}` is set by rehearsal itself"),
            "the control plane needs it as it is".to_owned(),
        ))
    } else {
        let message =
            || (format!("`{name}` is no flag"), "small letters, digits and `-`, as in `audit-log-maxage`".to_owned());
        (!name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(is_fit)).then(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Source, parse};

    fn settings(text: &str) -> Settings {
        let document = parse(&Source::new("x", text)).unwrap().pop().unwrap();
        let mut diagnostics = Diagnostics::new();
        let settings = Settings::decode(&document, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{diagnostics}");
        settings
    }

    #[test]
    fn a_setting_applies_to_the_versions_it_says() {
        let settings = settings(
            "{gates: {Some: {value: true, when: '1.29 - 1.30'}, Other: false}, scheduler: {v: 2}, apiserver: {m: 1.30}}",
        );
        let on = |version: &str| settings.on(&version.parse().unwrap()).to_string();
        assert_eq!(on("v1.30.2"), "Other=false, Some=true, kube-apiserver --m=1.30, kube-scheduler --v=2");
        assert_eq!(on("v1.31.0"), "Other=false, kube-apiserver --m=1.30, kube-scheduler --v=2");
        assert!(Settings::default().on(&"v1.31.0".parse().unwrap()).is_default());
    }

    #[test]
    fn what_a_case_says_wins() {
        let base = settings("{gates: {Some: true, Other: true}, controllerManager: {m: 1}}");
        let over = settings("{gates: {Some: false}, controllerManager: {n: 2}}").over(&base);
        let on = over.on(&"v1.31.0".parse().unwrap()).to_string();
        assert_eq!(on, "Other=true, Some=false, kube-controller-manager --m=1, kube-controller-manager --n=2");
    }
}
