//! In which order manifests are applied: what others stand on first, what refuses others last.

use super::manifests::Manifest;

/// The places of the manifests in the order in which they are applied. Within a rank it is theirs.
pub(super) fn order(manifests: &[Manifest]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..manifests.len()).collect();
    order.sort_by_key(|index| rank(manifests[*index].group(), &manifests[*index].kind));
    order
}

/// Whether it stands between requests and what they are about: it is applied when everything else is there, for what it
/// asks is seldom there.
pub(super) fn is_gate(manifest: &Manifest) -> bool {
    rank(manifest.group(), &manifest.kind) == GATE
}

const GATE: u8 = u8::MAX;

fn rank(group: &str, kind: &str) -> u8 {
    match (group, kind) {
        ("admissionregistration.k8s.io" | "apiregistration.k8s.io", _) => GATE,
        ("", "Namespace") => 0,
        ("apiextensions.k8s.io", _) => 1,
        ("scheduling.k8s.io" | "storage.k8s.io" | "node.k8s.io" | "flowcontrol.apiserver.k8s.io", _)
        | ("networking.k8s.io", "IngressClass")
        | ("policy" | "extensions", "PodSecurityPolicy")
        | ("", "LimitRange" | "ResourceQuota") => 2,
        ("", "ServiceAccount") => 3,
        ("rbac.authorization.k8s.io", "ClusterRole" | "Role") => 4,
        ("rbac.authorization.k8s.io", _) => 5,
        ("", "Secret" | "ConfigMap" | "PersistentVolume") => 6,
        ("", "PersistentVolumeClaim") => 7,
        ("", "Service" | "Endpoints") => 8,
        ("" | "apps" | "batch", _) | ("extensions", "Deployment" | "DaemonSet" | "ReplicaSet") => 9,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::upgrade::read;

    fn manifests(kinds: &[(&str, &str)]) -> Vec<Manifest> {
        let text: Vec<String> = kinds
            .iter()
            .enumerate()
            .map(|(index, (api_version, kind))| {
                format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: n{index}}}\n")
            })
            .collect();
        read(&["-".into()], || Ok(text.join("---\n").into_bytes())).unwrap().manifests
    }

    const KINDS: [(&str, &str); 12] = [
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        ("example.com/v1", "Widget"),
        ("apps/v1", "Deployment"),
        ("v1", "Service"),
        ("v1", "Secret"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ("rbac.authorization.k8s.io/v1beta1", "Role"),
        ("v1", "ServiceAccount"),
        ("storage.k8s.io/v1", "StorageClass"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("v1", "Namespace"),
        ("policy/v1beta1", "PodDisruptionBudget"),
    ];

    #[test]
    fn what_others_need_comes_first_and_what_refuses_them_last() {
        let manifests = manifests(&KINDS);
        let kinds: Vec<&str> = order(&manifests).into_iter().map(|index| manifests[index].kind.as_str()).collect();
        let expected = [
            "Namespace",
            "CustomResourceDefinition",
            "StorageClass",
            "ServiceAccount",
            "Role",
            "RoleBinding",
            "Secret",
            "Service",
            "Deployment",
            "Widget",
            "PodDisruptionBudget",
            "ValidatingWebhookConfiguration",
        ];
        assert_eq!(kinds, expected);
        assert_eq!(manifests.iter().filter(|manifest| is_gate(manifest)).count(), 1);
    }

    proptest! {
        #[test]
        fn every_manifest_has_one_place_and_equals_keep_their_order(chosen in prop::collection::vec(0usize..12, 1..40)) {
            let kinds: Vec<(&str, &str)> = chosen.iter().map(|index| KINDS[*index]).collect();
            let manifests = manifests(&kinds);
            let order = order(&manifests);
            let mut places = order.clone();
            places.sort_unstable();
            prop_assert_eq!(places, (0..kinds.len()).collect::<Vec<_>>());
            for pair in order.windows(2) {
                if kinds[pair[0]] == kinds[pair[1]] {
                    prop_assert!(pair[0] < pair[1]);
                }
            }
        }
    }
}
