//! Nodes.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use serde_json::{Value, json};

use super::json::{has, items, keep, pairs, text};
use super::{Strategy, Write, names};
use crate::fields::{Quantity, quoted};
use crate::meta::{self, NameRule, Rules};
use crate::profile::{Feature, Profile};
use crate::status::{Cause, Refusal};

pub(crate) struct Node;

const RULES: Rules = Rules { name: NameRule::Subdomain, known_finalizers: true };

impl Strategy for Node {
    fn default(&self, object: &mut Value, _write: &Write<'_>) {
        // The first of several stands by itself too.
        let spec = &mut object["spec"];
        let (one, several) = (text(spec, "podCIDR").to_owned(), items(spec, "podCIDRs"));
        match several.first() {
            Some(first) if one.is_empty() || *first == json!(one) => spec["podCIDR"] = first.clone(),
            _ if one.is_empty() => {}
            _ => spec["podCIDRs"] = json!([one]),
        }
        let capacity = object["status"]["capacity"].clone();
        if !capacity.is_null() && object["status"]["allocatable"].is_null() {
            object["status"]["allocatable"] = capacity;
        }
    }

    fn prepare(&self, object: &mut Value, old: Option<&Value>, write: &Write<'_>) {
        match old {
            Some(old) if write.subresource == "status" => keep(object, old, "spec"),
            Some(old) => keep(object, old, "status"),
            None => {}
        }
    }

    fn admit(&self, object: &mut Value, old: Option<&Value>, write: &Write<'_>) -> Result<(), Refusal> {
        if write.user.is_in("system:nodes") {
            return Err(Refusal::not_modelled("a Node written by a node"));
        }
        // A new Node takes no Pods until it is found ready.
        let taint = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
        let is_it = |other: &Value| ["key", "effect"].iter().all(|field| other[*field] == taint[*field]);
        if old.is_none() && !items(&object["spec"], "taints").iter().any(is_it) {
            match object["spec"]["taints"].as_array_mut() {
                Some(taints) => taints.push(taint),
                None => object["spec"]["taints"] = json!([taint]),
            }
        }
        Ok(())
    }

    fn validate(&self, object: &Value, old: Option<&Value>, write: &Write<'_>) -> Vec<Cause> {
        let profile = write.profile;
        let Some(old) = old else { return mistakes(object, profile) };
        let mut causes = if write.is_main() { mistakes(object, profile) } else { Vec::new() };
        causes.extend(meta::mistakes_of_change(object, old, RULES, profile));
        resources(object, &mut causes);
        let mut seen = BTreeSet::new();
        for (at, address) in items(&object["status"], "addresses").iter().enumerate() {
            if !seen.insert(address.to_string()) {
                let path = format!("status.addresses[{at}]");
                let (sort, value) = (text(address, "type"), text(address, "address"));
                let shown = if profile.has(Feature::ValuesInMistakesAreJson) {
                    // An internal type, without names for JSON.
                    format!("{{\"Type\":{},\"Address\":{}}}", quoted(sort), quoted(value))
                } else {
                    format!("core.NodeAddress{{Type:{}, Address:{}}}", quoted(sort), quoted(value))
                };
                let message = format!("Duplicate value: {shown}");
                causes.push(Cause { reason: "FieldValueDuplicate", field: path, message });
            }
        }
        let (spec, was) = (&object["spec"], &old["spec"]);
        if !items(was, "podCIDRs").is_empty() && spec["podCIDRs"] != was["podCIDRs"] {
            let detail = "node updates may not change podCIDR except from \"\" to valid";
            causes.push(Cause::forbidden("spec.podCIDRs", detail));
        }
        if !text(was, "providerID").is_empty() && spec["providerID"] != was["providerID"] {
            causes.push(if profile.has(Feature::ProvidersAreSetOnce) {
                Cause::invalid_as("spec.providerID", "null", "field cannot be modified once set")
            } else {
                let detail = "node updates may not change providerID except from \"\" to valid";
                Cause::forbidden("spec.providerID", detail)
            });
        }
        taints(items(spec, "taints"), profile, &mut causes);
        if spec["externalID"] != was["externalID"] {
            causes.push(Cause::forbidden("spec.externalID", "may not be updated"));
        }
        causes
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>, write: &Write<'_>) -> Vec<String> {
        let mut warnings = Vec::new();
        if write.is_main() && write.profile.has(Feature::NodeWarnings) && has(&object["spec"], "externalID") {
            warnings.push("spec.externalID: this field is deprecated, and is unused by Kubernetes".to_owned());
        }
        warnings
    }
}

fn mistakes(object: &Value, profile: &Profile) -> Vec<Cause> {
    let mut causes = meta::mistakes(object, RULES, profile);
    taints(items(&object["spec"], "taints"), profile, &mut causes);
    resources(object, &mut causes);
    let networks = items(&object["spec"], "podCIDRs");
    for (at, network) in networks.iter().enumerate().filter(|(_, network)| !network.as_str().is_some_and(is_cidr)) {
        let field = format!("spec.podCIDRs[{at}]");
        causes.push(if profile.has(Feature::NetworksAreToldAlone) {
            Cause::invalid(&field, network, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
        } else {
            Cause::invalid_as(&field, &names::shown_texts(networks, "[]string", profile), "must be valid CIDR")
        });
    }
    causes
}

/// Whether a text is an address and the length of its prefix, zeros in front allowed.
fn is_cidr(text: &str) -> bool {
    let number = |text: &str, most: u32| {
        let is_plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain && text.parse::<u32>().is_ok_and(|number| number <= most)
    };
    let Some((address, length)) = text.split_once('/') else { return false };
    let octets: Vec<&str> = address.split('.').collect();
    match address.parse::<Ipv6Addr>() {
        Ok(_) => number(length, 128),
        Err(_) => octets.len() == 4 && octets.iter().all(|octet| number(octet, 255)) && number(length, 32),
    }
}

/// Amounts that are there, and those that Pods may have.
fn resources(object: &Value, causes: &mut Vec<Cause>) {
    for field in ["capacity", "allocatable"] {
        for (name, amount) in pairs(&object["status"], field) {
            let path = format!("status.{field}.{name}");
            super::pod::amount(name, amount, &path, causes);
        }
    }
}

fn taints(taints: &[Value], profile: &Profile, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    for (at, taint) in taints.iter().enumerate() {
        let path = format!("metadata.taints[{at}]");
        let (key, value, effect) = (text(taint, "key"), text(taint, "value"), text(taint, "effect"));
        let mistakes = names::qualified(key, profile).into_iter();
        causes.extend(mistakes.map(|detail| Cause::invalid(format!("{path}.key"), &json!(key), &detail)));
        let mistakes = names::label_value(value, profile);
        if !mistakes.is_empty() {
            causes.push(Cause::invalid(format!("{path}.value"), &json!(value), &mistakes.join(";")));
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        if effect.is_empty() {
            causes.push(Cause::required(format!("{path}.effect"), ""));
        } else if !effects.contains(&effect) {
            causes.push(Cause::not_supported(format!("{path}.effect"), &json!(effect), &effects));
        }
        if !seen.insert((effect, key)) {
            let shown = if profile.has(Feature::ValuesInMistakesAreJson) {
                let [key, value, effect] = [key, value, effect].map(quoted);
                format!("{{\"Key\":{key},\"Value\":{value},\"Effect\":{effect},\"TimeAdded\":null}}")
            } else {
                let [key, value, effect] = [key, value, effect].map(quoted);
                format!("core.Taint{{Key:{key}, Value:{value}, Effect:{effect}, TimeAdded:<nil>}}")
            };
            let message = format!("Duplicate value: {shown}: taints must be unique by key and effect pair");
            causes.push(Cause { reason: "FieldValueDuplicate", field: path, message });
        }
    }
}

/// An amount as a number of billionths; zero for what is none.
pub(super) fn nanos(amount: &Value) -> i128 {
    amount.as_str().and_then(|text| Quantity::parse(text).ok()).map_or(0, |found| found.nanos())
}
