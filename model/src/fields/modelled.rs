//! Which of the fields that a version knows the model gives a meaning to. Kept by hand.

use crate::profile::{Profile, Span};

/// What becomes of a field that a version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Modelled,
    NotModelled,
    /// The server drops it: what it belongs to is behind a gate that is off.
    Dropped,
}

/// The types whose fields are modelled: all (`*`), all but some (`!name`), or some by name. A type that is not here, or a
/// field that is not said of its type, is refused.
const MODELLED: &[(&str, &str)] = &[
    ("AggregationRule", "*"),
    ("AttachedVolume", "*"),
    ("BoundObjectReference", "*"),
    ("Capabilities", "*"),
    ("ClusterRole", "*"),
    ("ClusterRoleBinding", "*"),
    ("ConfigMap", "*"),
    ("ConfigMapEnvSource", "*"),
    ("ConfigMapKeySelector", "*"),
    ("ConfigMapProjection", "*"),
    ("ConfigMapVolumeSource", "*"),
    ("Container", "* !resizePolicy !restartPolicyRules !volumeDevices"),
    ("ContainerImage", "*"),
    ("ContainerPort", "*"),
    ("ContainerState", "*"),
    ("ContainerStateRunning", "*"),
    ("ContainerStateTerminated", "*"),
    ("ContainerStateWaiting", "*"),
    ("ContainerStatus", "* !allocatedResources !allocatedResourcesStatus !resources !stopSignal !user !volumeMounts"),
    ("DaemonEndpoint", "*"),
    ("DeleteOptions", "*"),
    ("DownwardAPIProjection", "*"),
    ("DownwardAPIVolumeFile", "*"),
    ("DownwardAPIVolumeSource", "*"),
    ("EmptyDirVolumeSource", "* !mode"),
    ("EnvFromSource", "*"),
    ("EnvVar", "*"),
    ("EnvVarSource", "* !fileKeyRef"),
    ("ExecAction", "*"),
    ("FieldSelectorAttributes", "*"),
    ("FieldSelectorRequirement", "*"),
    ("GRPCAction", "*"),
    ("HTTPGetAction", "*"),
    ("HTTPHeader", "*"),
    ("Handler", "*"),
    ("HostIP", "*"),
    ("HostPathVolumeSource", "*"),
    ("KeyToPath", "*"),
    ("LabelSelector", "matchLabels matchExpressions"),
    ("LabelSelectorAttributes", "*"),
    ("LabelSelectorRequirement", "*"),
    ("Lease", "*"),
    ("LeaseSpec", "* !preferredHolder !strategy"),
    ("Lifecycle", "* !stopSignal"),
    ("LifecycleHandler", "* !sleep"),
    ("LocalObjectReference", "*"),
    ("LocalSubjectAccessReview", "*"),
    ("ManagedFieldsEntry", "*"),
    ("Namespace", "*"),
    ("NamespaceCondition", "*"),
    ("NamespaceSpec", "*"),
    ("NamespaceStatus", "*"),
    ("Node", "*"),
    ("NodeAddress", "*"),
    ("NodeCondition", "*"),
    ("NodeDaemonEndpoints", "*"),
    ("NodeSpec", "* !configSource !podPreemptionPolicy"),
    ("NodeStatus", "* !config !declaredFeatures !features !runtimeHandlers"),
    ("NodeSystemInfo", "* !swap"),
    ("NonResourceAttributes", "*"),
    ("ObjectFieldSelector", "*"),
    ("ObjectMeta", "* !clusterName"),
    ("ObjectReference", "*"),
    ("OwnerReference", "*"),
    ("Pod", "*"),
    ("PodCondition", "*"),
    ("PodIP", "*"),
    (
        "PodSecurityContext",
        "* !appArmorProfile !seLinuxChangePolicy !supplementalGroupsPolicy !sysctls !windowsOptions",
    ),
    (
        "PodSpec",
        "* !affinity !dnsConfig !ephemeralContainers !evictionResponders !hostAliases !hostUsers !hostnameOverride !os !overhead \
         !readinessGates !resourceClaims !resources !runtimeClassName !schedulingGates !schedulingGroup \
         !setHostnameAsFQDN !topologySpreadConstraints !workloadRef",
    ),
    (
        "PodStatus",
        "conditions containerStatuses hostIP hostIPs initContainerStatuses message nominatedNodeName phase podIP podIPs \
         qosClass reason startTime observedGeneration",
    ),
    ("PolicyRule", "*"),
    ("Preconditions", "*"),
    ("Probe", "*"),
    ("ProbeHandler", "*"),
    ("ProjectedVolumeSource", "*"),
    ("ResourceAttributes", "*"),
    ("ResourceFieldSelector", "*"),
    ("ResourceRequirements", "* !claims"),
    ("ResourceRule", "*"),
    ("Role", "*"),
    ("RoleBinding", "*"),
    ("RoleRef", "*"),
    ("SELinuxOptions", "*"),
    ("SeccompProfile", "*"),
    ("Secret", "*"),
    ("SecretEnvSource", "*"),
    ("SecretKeySelector", "*"),
    ("SecretProjection", "*"),
    ("SecretVolumeSource", "*"),
    ("SecurityContext", "* !appArmorProfile !procMount !windowsOptions"),
    ("SelfSubjectAccessReview", "*"),
    ("SelfSubjectAccessReviewSpec", "*"),
    ("SelfSubjectReview", "*"),
    ("SelfSubjectReviewStatus", "*"),
    ("SelfSubjectRulesReview", "*"),
    ("SelfSubjectRulesReviewSpec", "*"),
    ("ServiceAccount", "*"),
    ("ServiceAccountTokenProjection", "* !user"),
    ("Subject", "*"),
    ("SubjectAccessReview", "*"),
    ("SubjectAccessReviewSpec", "*"),
    ("SubjectAccessReviewStatus", "*"),
    ("SubjectRulesReviewStatus", "*"),
    ("TCPSocketAction", "*"),
    ("Taint", "*"),
    ("TokenRequest", "*"),
    ("TokenRequestSpec", "*"),
    ("TokenRequestStatus", "*"),
    ("TokenReview", "*"),
    ("TokenReviewSpec", "*"),
    ("TokenReviewStatus", "*"),
    ("Toleration", "*"),
    ("UserInfo", "*"),
    ("Volume", "configMap downwardAPI emptyDir hostPath name projected secret"),
    ("VolumeMount", "* !bindMountOptions !recursiveReadOnly"),
    ("VolumeProjection", "configMap downwardAPI secret serviceAccountToken"),
];

/// Fields that some versions know, and drop by default.
const DROPPED: &[(&str, &str, Span)] = &[
    // RemoveSelfLink, on from 1.20.
    ("ObjectMeta", "selfLink", Span::ALWAYS),
    // SidecarContainers, alpha in 1.28.
    ("Container", "restartPolicy", Span::between(28, 29)),
    // CoordinatedLeaderElection, off by default.
    ("LeaseSpec", "preferredHolder", Span::from(31)),
    ("LeaseSpec", "strategy", Span::from(31)),
];

/// Fields that some versions give another meaning than is modelled; of seccomp, with annotations that say the same.
const NOT_YET: &[(&str, &str, Span)] = &[
    ("PodSecurityContext", "seccompProfile", Span::until(27)),
    ("SecurityContext", "seccompProfile", Span::until(27)),
    // GRPCContainerProbe, alpha in 1.23: dropped, but only after it was looked for.
    ("Probe", "grpc", Span::between(23, 24)),
];

/// The types that are modelled, each with which of its fields, as the table has it.
pub(super) fn types() -> impl Iterator<Item = (&'static str, &'static str)> {
    MODELLED.iter().copied()
}

pub(super) fn standing(kind: &str, field: &str, profile: &Profile) -> Standing {
    let says = |row: &(&str, &str, Span)| row.0 == kind && row.1 == field && profile.is_within(row.2);
    if DROPPED.iter().any(says) {
        return Standing::Dropped;
    }
    if NOT_YET.iter().any(says) {
        return Standing::NotModelled;
    }
    let Ok(at) = MODELLED.binary_search_by_key(&kind, |(name, _)| name) else { return Standing::NotModelled };
    let mut words = MODELLED[at].1.split_ascii_whitespace();
    let said = |word: &str| word == field || word.strip_prefix('!') == Some(field);
    let is_modelled = match words.next() {
        Some("*") => !words.any(said),
        Some(first) => said(first) || words.any(said),
        None => false,
    };
    if is_modelled { Standing::Modelled } else { Standing::NotModelled }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::table;
    use crate::kinds::testing::profile;

    #[test]
    fn every_word_is_a_field_of_some_version() {
        assert!(MODELLED.is_sorted_by_key(|(name, _)| name), "looked up by halves");
        for (kind, words) in MODELLED {
            for word in words.split_ascii_whitespace().filter(|word| *word != "*") {
                let field = word.trim_start_matches('!');
                let known = (22..=37).any(|minor| {
                    table::table(&profile(minor)).named(kind).is_some_and(|kind| kind.field(field).is_some())
                });
                assert!(known, "{kind}.{field}");
            }
        }
    }

    #[test]
    fn fields_are_modelled_dropped_or_neither() {
        assert_eq!(standing("PodSpec", "nodeName", &profile(30)), Standing::Modelled);
        assert_eq!(standing("PodSpec", "affinity", &profile(30)), Standing::NotModelled);
        assert_eq!(standing("Affinity", "nodeAffinity", &profile(30)), Standing::NotModelled);
        assert_eq!(standing("Probe", "grpc", &profile(23)), Standing::NotModelled);
        assert_eq!(standing("Container", "restartPolicy", &profile(28)), Standing::Dropped);
        assert_eq!(standing("Probe", "grpc", &profile(24)), Standing::Modelled);
    }
}
