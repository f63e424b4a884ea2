//! The kinds that sequences are about.

/// How a kind is served. Written down and not discovered: a sequence is made before there is a cluster.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// As manifests write it.
    pub kind: &'static str,
    /// Its group and version.
    pub api_version: &'static str,
    /// As paths write it.
    pub plural: &'static str,
    /// Whether it lives in Namespaces.
    pub namespaced: bool,
}

const RBAC: &str = "rbac.authorization.k8s.io/v1";
const AUTHORIZATION: &str = "authorization.k8s.io/v1";
const AUTHENTICATION: &str = "authentication.k8s.io/v1";

const fn kind(api_version: &'static str, kind: &'static str, plural: &'static str, namespaced: bool) -> Kind {
    Kind { kind, api_version, plural, namespaced }
}

pub(super) static NAMESPACE: Kind = kind("v1", "Namespace", "namespaces", false);
pub(super) static SERVICE_ACCOUNT: Kind = kind("v1", "ServiceAccount", "serviceaccounts", true);
pub(super) static SECRET: Kind = kind("v1", "Secret", "secrets", true);
pub(super) static CONFIG_MAP: Kind = kind("v1", "ConfigMap", "configmaps", true);
pub(super) static POD: Kind = kind("v1", "Pod", "pods", true);
pub(super) static NODE: Kind = kind("v1", "Node", "nodes", false);
pub(super) static LEASE: Kind = kind("coordination.k8s.io/v1", "Lease", "leases", true);
pub(super) static ROLE: Kind = kind(RBAC, "Role", "roles", true);
pub(super) static ROLE_BINDING: Kind = kind(RBAC, "RoleBinding", "rolebindings", true);
pub(super) static CLUSTER_ROLE: Kind = kind(RBAC, "ClusterRole", "clusterroles", false);
pub(super) static CLUSTER_ROLE_BINDING: Kind = kind(RBAC, "ClusterRoleBinding", "clusterrolebindings", false);
pub(super) static TOKEN_REVIEW: Kind = kind(AUTHENTICATION, "TokenReview", "tokenreviews", false);
pub(super) static SELF_REVIEW: Kind = kind(AUTHENTICATION, "SelfSubjectReview", "selfsubjectreviews", false);
pub(super) static ACCESS_REVIEW: Kind = kind(AUTHORIZATION, "SubjectAccessReview", "subjectaccessreviews", false);
pub(super) static SELF_ACCESS_REVIEW: Kind =
    kind(AUTHORIZATION, "SelfSubjectAccessReview", "selfsubjectaccessreviews", false);
pub(super) static LOCAL_ACCESS_REVIEW: Kind =
    kind(AUTHORIZATION, "LocalSubjectAccessReview", "localsubjectaccessreviews", true);
pub(super) static SELF_RULES_REVIEW: Kind =
    kind(AUTHORIZATION, "SelfSubjectRulesReview", "selfsubjectrulesreviews", false);
