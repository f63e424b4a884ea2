//! Names on the command line that mean several control planes at once: a range of minors, or all that there are.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::spec::FORMS;
use super::{
    Assets, AssetsError, ClusterError, ClusterSpec, EmbeddedError, Home, Release, SpecError, assets, embedded,
};
use crate::version::Minor;

/// What one name on the command line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterSet {
    /// One cluster.
    One(ClusterSpec),
    /// Local control planes, of minors that are installed.
    Local(Minors),
    /// Embedded ones, of minors that there is a model of.
    Embedded(Minors),
}

/// Some minors of those that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Minors {
    /// Every one from the first to the last.
    Range(Minor, Minor),
    /// Every one.
    All,
}

impl fmt::Display for ClusterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(spec) => spec.fmt(f),
            Self::Local(minors) => write!(f, "local:{minors}"),
            Self::Embedded(minors) => write!(f, "embedded:{minors}"),
        }
    }
}

impl fmt::Display for Minors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(first, last) => write!(f, "{first}..{last}"),
            Self::All => f.write_str("all"),
        }
    }
}

impl Minors {
    /// Whether a minor is one of them.
    pub fn contains(self, minor: Minor) -> bool {
        match self {
            Self::Range(first, last) => (first..=last).contains(&minor),
            Self::All => true,
        }
    }
}

impl FromStr for ClusterSet {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (set, releases): (fn(Minors) -> Self, &str) = match text.split_once(':') {
            Some(("local", releases)) => (Self::Local, releases),
            Some(("embedded", releases)) => (Self::Embedded, releases),
            _ => return text.parse().map(Self::One),
        };
        if releases == "all" {
            return Ok(set(Minors::All));
        }
        let Some((first, last)) = releases.split_once("..") else { return text.parse().map(Self::One) };
        let minor = |minor: &str| minor.parse::<Minor>().map_err(|error| SpecError::new(format!("{error}: {FORMS}")));
        let (first, last) = (minor(first)?, minor(last)?);
        if first.major != last.major || first > last {
            return Err(SpecError::new(format!("`{text}` goes nowhere: write the older minor first, as in {RANGE}")));
        }
        Ok(set(Minors::Range(first, last)))
    }
}

const RANGE: &str = "local:v1.22..v1.37";

/// The clusters that are meant by these names, each once, in the order of the names. Of a range every minor has to be
/// there: that is looked at before anything is started.
pub fn named(sets: &[ClusterSet]) -> Result<Vec<ClusterSpec>, ClusterError> {
    let (mut found, mut installed) = (Vec::new(), None);
    for set in sets {
        let meant = match set {
            ClusterSet::One(spec) => vec![spec.clone()],
            ClusterSet::Embedded(minors) => modelled(*minors)?,
            ClusterSet::Local(minors) => {
                let known = match installed.take() {
                    Some(known) => known,
                    None => Installed::read(Home::from_env()?)?,
                };
                installed.insert(known).meant(*minors)?
            }
        };
        for spec in meant {
            if !found.contains(&spec) {
                found.push(spec);
            }
        }
    }
    Ok(found)
}

fn modelled(minors: Minors) -> Result<Vec<ClusterSpec>, EmbeddedError> {
    if let Minors::Range(first, last) = minors {
        for end in [first, last] {
            embedded::version(&Release::Minor(end))?;
        }
    }
    let meant = embedded::minors().filter(|minor| minors.contains(*minor));
    Ok(meant.map(|minor| ClusterSpec::Embedded(Release::Minor(minor))).collect())
}

/// What is installed where.
struct Installed {
    home: Home,
    assets: Vec<Assets>,
}

impl Installed {
    fn read(home: Home) -> Result<Self, AssetsError> {
        Ok(Self { assets: assets::installed(&home)?, home })
    }

    fn meant(&self, minors: Minors) -> Result<Vec<ClusterSpec>, AssetsError> {
        let installed: BTreeSet<Minor> = self.assets.iter().map(|assets| assets.version.minor).collect();
        let local = |minor: Minor| ClusterSpec::Local(Release::Minor(minor));
        match minors {
            Minors::All if installed.is_empty() => {
                Err(assets::not_installed(&self.home, &self.assets, &Release::Newest))
            }
            Minors::All => Ok(installed.into_iter().map(local).collect()),
            Minors::Range(first, last) => {
                let minors = (first.minor..=last.minor).map(|minor| Minor { major: first.major, minor });
                let (there, missing): (Vec<Minor>, Vec<Minor>) = minors.partition(|minor| installed.contains(minor));
                if missing.is_empty() {
                    return Ok(there.into_iter().map(local).collect());
                }
                Err(assets::none_of(&self.home, &self.assets, &missing))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::version::Version;

    fn installed(versions: &[&str]) -> Installed {
        let assets = versions.iter().map(|version| Assets {
            version: version.parse::<Version>().unwrap(),
            etcd: "3.6.8".to_owned(),
            folder: "/".into(),
            checksums: BTreeMap::new(),
        });
        Installed { home: Home::new("/cache", "/state"), assets: assets.collect() }
    }

    fn meant(installed: &Installed, name: &str) -> Result<Vec<String>, String> {
        let ClusterSet::Local(minors) = name.parse().unwrap() else { unreachable!() };
        let meant = installed.meant(minors).map_err(|error| error.to_string())?;
        Ok(meant.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_range_is_every_minor_of_it_and_all_is_what_is_installed() {
        let installed = installed(&["v1.22.17", "v1.23.17", "v1.24.16", "v1.24.17", "v1.36.3"]);
        let range = meant(&installed, "local:v1.22..v1.24").unwrap();
        assert_eq!(range, ["local:v1.22", "local:v1.23", "local:v1.24"]);
        assert_eq!(meant(&installed, "local:1.36..1.36").unwrap(), ["local:v1.36"]);
        assert_eq!(meant(&installed, "local:all").unwrap(), [&range[..], &["local:v1.36".to_owned()]].concat());
    }

    #[test]
    fn embedded_ones_are_those_that_there_is_a_model_of() {
        let meant = |name: &str| {
            let meant = named(&[name.parse().unwrap()]).map_err(|error| error.to_string())?;
            Ok::<_, String>(meant.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let all = meant("embedded:all").unwrap();
        assert_eq!(all.len(), rehearsal_model::releases().len());
        assert_eq!(meant("embedded:v1.22..v1.24").unwrap(), all[..3]);
        assert_eq!(all[..2], ["embedded:v1.22", "embedded:v1.23"]);
        assert_eq!(meant("context:a..b").unwrap(), ["context:a..b"]);
        assert!(meant("embedded:v1.36..v1.99").unwrap_err().starts_with("there is no embedded model of v1.99"));
    }

    #[test]
    fn what_is_missing_of_a_range_is_all_named() {
        let some = installed(&["v1.22.17", "v1.25.16"]);
        let minor = |text: &str| text.parse::<Minor>().unwrap();
        let error = some.meant(Minors::Range(minor("v1.22"), minor("v1.25"))).unwrap_err();
        let text = "no control plane of v1.23, v1.24 is installed in /cache/assets; v1.22.17, v1.25.16 are";
        assert_eq!(error.to_string(), text);
        let help = miette::Diagnostic::help(&error).unwrap().to_string();
        assert_eq!(help, "install them: rehearsal cluster install v1.23 v1.24");
        assert!(meant(&installed(&[]), "local:all").unwrap_err().ends_with("nothing is"));
    }

    #[test]
    fn names_are_read_and_written_alike() {
        for text in [
            "local",
            "local:v1.36.3",
            "context:x",
            "local:v1.22..v1.37",
            "local:all",
            "embedded:v1.22..v1.37",
            "embedded:all",
        ] {
            assert_eq!(text.parse::<ClusterSet>().unwrap().to_string(), text);
        }
        for text in ["local:v1.37..v1.22", "local:..", "local:v1.22..", "local:v1.22.1..v1.24", "local:v1.22..v2.0"] {
            let reason = text.parse::<ClusterSet>().unwrap_err().to_string();
            assert!(reason.contains("local:v1.22..v1.37"), "{reason}");
        }
    }
}
