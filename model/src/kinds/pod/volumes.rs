//! The mistakes of volumes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::json::{has, items, text};
use super::super::{names, node};
use super::environment;
use crate::profile::{Feature, Profile};
use crate::status::Cause;

/// Tells the mistakes, and which volumes have none: only those can be mounted.
pub(super) fn mistakes<'v>(volumes: &'v [Value], profile: &Profile, causes: &mut Vec<Cause>) -> BTreeSet<&'v str> {
    let mut known = BTreeSet::new();
    for (at, volume) in volumes.iter().enumerate() {
        let path = format!("spec.volumes[{at}]");
        let before = causes.len();
        source(volume, &path, profile, causes);
        let name = text(volume, "name");
        let name_path = format!("{path}.name");
        if name.is_empty() {
            causes.push(Cause::required(name_path.clone(), ""));
        } else {
            let mistakes = names::label(name, profile).into_iter();
            causes.extend(mistakes.map(|detail| Cause::invalid(name_path.clone(), &json!(name), &detail)));
        }
        if known.contains(name) {
            causes.push(Cause::duplicate(name_path, &json!(name)));
        }
        if causes.len() == before {
            known.insert(name);
        }
    }
    known
}

fn source(volume: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    let mut count = 0;
    // In the order in which they are looked at; one of them is misspelt where it is told of as one too many.
    for (field, told) in [
        ("emptyDir", "emptyDir"),
        ("hostPath", "hostPath"),
        ("secret", "secret"),
        ("downwardAPI", "downwarAPI"),
        ("configMap", "configMap"),
        ("projected", "projected"),
    ] {
        let source = &volume[field];
        if source.is_null() {
            continue;
        }
        count += 1;
        if count > 1 {
            causes.push(Cause::forbidden(format!("{path}.{told}"), "may not specify more than 1 volume type"));
            continue;
        }
        let path = format!("{path}.{field}");
        match field {
            "emptyDir" => {
                if node::nanos(&source["sizeLimit"]) < 0 {
                    let detail = "SizeLimit field must be a valid resource quantity";
                    causes.push(Cause::forbidden(format!("{path}.sizeLimit"), detail));
                }
            }
            "hostPath" => host_path(source, &path, causes),
            "secret" | "configMap" => {
                let name = if field == "secret" { "secretName" } else { "name" };
                if text(source, name).is_empty() {
                    causes.push(Cause::required(format!("{path}.{name}"), ""));
                }
                mode(&source["defaultMode"], &format!("{path}.defaultMode"), causes);
                keys(source, &path, causes);
            }
            "downwardAPI" => {
                mode(&source["defaultMode"], &format!("{path}.defaultMode"), causes);
                environment::files(source, &path, profile, causes);
            }
            _ => {
                mode(&source["defaultMode"], &format!("{path}.defaultMode"), causes);
                projected(source, &path, profile, causes);
            }
        }
    }
}

fn host_path(source: &Value, path: &str, causes: &mut Vec<Cause>) {
    let target = text(source, "path");
    if target.is_empty() {
        causes.push(Cause::required(format!("{path}.path"), ""));
        return;
    }
    no_steps_back(target, &format!("{path}.path"), causes);
    let types = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    if has(source, "type") && !types.contains(&text(source, "type")) {
        causes.push(Cause::not_supported(format!("{path}.type"), &source["type"], &types));
    }
}

/// Which key becomes which file.
fn keys(source: &Value, path: &str, causes: &mut Vec<Cause>) {
    for (at, item) in items(source, "items").iter().enumerate() {
        let path = format!("{path}.items[{at}]");
        if text(item, "key").is_empty() {
            causes.push(Cause::required(format!("{path}.key"), ""));
        }
        local(text(item, "path"), &format!("{path}.path"), causes);
        mode(&item["mode"], &format!("{path}.mode"), causes);
    }
}

fn projected(volume: &Value, path: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    for (at, source) in items(volume, "sources").iter().enumerate() {
        let here = format!("{path}.sources[{at}]");
        let mut count = 0;
        for field in ["secret", "configMap"] {
            let found = &source[field];
            if found.is_null() {
                continue;
            }
            count += 1;
            if text(found, "name").is_empty() {
                causes.push(Cause::required(format!("{here}.{field}.name"), ""));
            }
            for (number, item) in items(found, "items").iter().enumerate() {
                let one = json!({"items": [item]});
                let before = causes.len();
                keys(&one, &format!("{here}.{field}"), causes);
                for cause in &mut causes[before..] {
                    cause.field = cause.field.replacen(".items[0]", &format!(".items[{number}]"), 1);
                }
                let target = text(item, "path");
                if !target.is_empty() && !seen.insert(target.to_owned()) {
                    causes.push(Cause::invalid(path, &found["name"], "conflicting duplicate paths"));
                }
            }
        }
        if has(source, "downwardAPI") {
            count += 1;
            for item in items(&source["downwardAPI"], "items") {
                environment::file(item, &format!("{here}.downwardAPI"), profile, causes);
                let target = text(item, "path");
                if !target.is_empty() && !seen.insert(target.to_owned()) {
                    causes.push(Cause::invalid(path, &json!(target), "conflicting duplicate paths"));
                }
            }
        }
        if has(source, "serviceAccountToken") {
            count += 1;
            token(&source["serviceAccountToken"], &here, path, profile, causes);
        }
        if count > 1 {
            let of = if profile.has(Feature::SourcesAreTold) { " per source" } else { "" };
            causes.push(Cause::forbidden(here, &format!("may not specify more than 1 volume type{of}")));
        }
    }
}

fn token(token: &Value, here: &str, volume: &str, profile: &Profile, causes: &mut Vec<Cause>) {
    let seconds = token["expirationSeconds"].as_i64().unwrap_or_default();
    let path = format!("{here}.serviceAccountToken.expirationSeconds");
    if seconds < 600 {
        causes.push(Cause::invalid(path.clone(), &json!(seconds), "may not specify a duration less than 10 minutes"));
    }
    if seconds > 1 << 32 {
        causes.push(Cause::invalid(path, &json!(seconds), "may not specify a duration larger than 2^32 seconds"));
    }
    // The volume, not its source, is where this is said to be.
    let (target, path) = (text(token, "path"), format!("{volume}.path"));
    if target.is_empty() || profile.has(Feature::TokensStayInTheirVolume) {
        local(target, &path, causes);
    }
}

/// The bits of a file's permissions.
pub(super) fn mode(mode: &Value, path: &str, causes: &mut Vec<Cause>) {
    if mode.as_i64().is_some_and(|mode| !(0..=0o777).contains(&mode)) {
        let detail = "must be a number between 0 and 0777 (octal), both inclusive";
        causes.push(Cause::invalid(path, mode, detail));
    }
}

/// A path below a volume that nothing else uses.
pub(super) fn local(target: &str, path: &str, causes: &mut Vec<Cause>) {
    if target.is_empty() {
        causes.push(Cause::required(path, ""));
        return;
    }
    descending(target, path, causes);
    if target.starts_with("..") && !target.starts_with("../") && target != ".." {
        causes.push(Cause::invalid(path, &json!(target), "must not start with '..'"));
    }
}

/// A path that leads down.
pub(super) fn descending(target: &str, path: &str, causes: &mut Vec<Cause>) {
    if target.starts_with('/') {
        causes.push(Cause::invalid(path, &json!(target), "must be a relative path"));
    }
    no_steps_back(target, path, causes);
}

fn no_steps_back(target: &str, path: &str, causes: &mut Vec<Cause>) {
    if target.split('/').any(|part| part == "..") {
        causes.push(Cause::invalid(path, &json!(target), "must not contain '..'"));
    }
}
