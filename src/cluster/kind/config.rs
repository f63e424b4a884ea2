//! The configuration of a cluster, as kind reads it.

use serde_json::{Map, Value, json};

use crate::cluster::Setup;

/// One node, set up as asked. JSON is YAML.
pub(super) fn configuration(setup: &Setup) -> String {
    let mut configuration = json!({
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "kind": "Cluster",
        "nodes": [{"role": "control-plane"}],
    });
    if !setup.gates.is_empty() {
        configuration["featureGates"] = json!(setup.gates);
    }
    let components = [
        ("apiServer", &setup.apiserver),
        ("controllerManager", &setup.controller_manager),
        ("scheduler", &setup.scheduler),
    ];
    let components: Map<String, Value> = components
        .into_iter()
        .filter(|(_, flags)| !flags.is_empty())
        .map(|(component, flags)| (component.to_owned(), json!({"extraArgs": flags})))
        .collect();
    if !components.is_empty() {
        let mut patch = components;
        patch.insert("kind".to_owned(), "ClusterConfiguration".into());
        // kind merges it into kubeadm's configuration, whatever version that has; lists of v1beta4 it turns round itself.
        configuration["kubeadmConfigPatches"] = json!([Value::Object(patch).to_string()]);
    }
    format!("{configuration:#}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn gates_and_flags_are_kinds_and_kubeadms() {
        let flags = |name: &str| BTreeMap::from([(name.to_owned(), "1h".to_owned())]);
        let setup = Setup {
            gates: BTreeMap::from([("SomeGate".to_owned(), false)]),
            apiserver: flags("service-account-max-token-expiration"),
            scheduler: flags("v"),
            ..Setup::default()
        };
        let configuration: Value = serde_json::from_str(&configuration(&setup)).unwrap();
        assert_eq!(configuration["featureGates"], json!({"SomeGate": false}));
        let patch: Value = serde_json::from_str(configuration["kubeadmConfigPatches"][0].as_str().unwrap()).unwrap();
        let expected = json!({
            "kind": "ClusterConfiguration",
            "apiServer": {"extraArgs": {"service-account-max-token-expiration": "1h"}},
            "scheduler": {"extraArgs": {"v": "1h"}},
        });
        assert_eq!(patch, expected);
    }

    #[test]
    fn the_default_patches_nothing() {
        let configuration: Value = serde_json::from_str(&configuration(&Setup::default())).unwrap();
        assert_eq!(configuration.as_object().unwrap().len(), 3);
    }
}
