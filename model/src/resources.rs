//! The resources that are served, and how.

use crate::fields::Expected;
use crate::kinds::{self, Strategy};
use crate::profile::{Profile, Span};

/// A row of the table.
#[allow(clippy::struct_excessive_bools, reason = "columns of a table, each a fact of its own")]
pub(crate) struct Resource {
    /// Empty for the core group.
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
    /// Those that hold the object itself, as `status`.
    pub(crate) subresources: &'static [&'static str],
    /// Whether `DELETE` of one answers with the object; otherwise with a Status.
    pub(crate) delete_gives_object: bool,
    /// Plural and group, by which the store and errors name it.
    pub(crate) full: &'static str,
    /// Kind and group, by which `Invalid` names it.
    pub(crate) full_kind: &'static str,
    /// What field selectors know beside `metadata`.
    pub(crate) fields: &'static [&'static str],
    /// Whether a `PUT` of what is not there makes it.
    pub(crate) create_on_update: bool,
    /// Whether a `PUT` may leave the `resourceVersion` out.
    pub(crate) unconditional: bool,
    pub(crate) strategy: &'static dyn Strategy,
    pub(crate) span: Span,
}

impl Resource {
    /// What etcd's keys begin with after `/registry/`.
    pub(crate) fn registry(&self) -> &'static str {
        if self.full == "nodes" { "minions" } else { self.plural }
    }

    /// What a body for its path is.
    pub(crate) fn expected(&self) -> Expected<'static> {
        Expected { kind: self.kind, group: self.group, version: self.version }
    }

    /// As `rbac.authorization.k8s.io/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

const CORE: Resource = Resource {
    group: "",
    version: "v1",
    kind: "",
    plural: "",
    namespaced: true,
    subresources: &[],
    delete_gives_object: false,
    full: "",
    full_kind: "",
    fields: &[],
    create_on_update: false,
    unconditional: true,
    strategy: &kinds::Plain,
    span: Span::ALWAYS,
};

const RBAC: Resource = Resource { group: "rbac.authorization.k8s.io", create_on_update: true, ..CORE };

/// All of them.
pub(crate) static RESOURCES: [Resource; 11] = [
    Resource {
        kind: "ConfigMap",
        plural: "configmaps",
        full: "configmaps",
        full_kind: "ConfigMap",
        strategy: &kinds::ConfigMap,
        ..CORE
    },
    Resource {
        kind: "Namespace",
        plural: "namespaces",
        namespaced: false,
        subresources: &["finalize", "status"],
        delete_gives_object: true,
        full: "namespaces",
        full_kind: "Namespace",
        fields: &["name", "status.phase"],
        strategy: &kinds::Namespace,
        ..CORE
    },
    Resource {
        kind: "Node",
        plural: "nodes",
        namespaced: false,
        subresources: &["status"],
        full: "nodes",
        full_kind: "Node",
        fields: &["spec.unschedulable"],
        strategy: &kinds::Node,
        ..CORE
    },
    Resource {
        kind: "Pod",
        plural: "pods",
        subresources: &["status"],
        delete_gives_object: true,
        full: "pods",
        full_kind: "Pod",
        fields: &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
        ],
        strategy: &kinds::Pod,
        ..CORE
    },
    Resource {
        kind: "Secret",
        plural: "secrets",
        full: "secrets",
        full_kind: "Secret",
        fields: &["type"],
        strategy: &kinds::Secret,
        ..CORE
    },
    Resource {
        kind: "ServiceAccount",
        plural: "serviceaccounts",
        delete_gives_object: true,
        full: "serviceaccounts",
        full_kind: "ServiceAccount",
        strategy: &kinds::ServiceAccount,
        ..CORE
    },
    Resource {
        group: "coordination.k8s.io",
        kind: "Lease",
        plural: "leases",
        full: "leases.coordination.k8s.io",
        full_kind: "Lease.coordination.k8s.io",
        create_on_update: true,
        unconditional: false,
        strategy: &kinds::Lease,
        ..CORE
    },
    Resource {
        kind: "ClusterRole",
        plural: "clusterroles",
        namespaced: false,
        full: "clusterroles.rbac.authorization.k8s.io",
        full_kind: "ClusterRole.rbac.authorization.k8s.io",
        strategy: &kinds::ClusterRole,
        ..RBAC
    },
    Resource {
        kind: "ClusterRoleBinding",
        plural: "clusterrolebindings",
        namespaced: false,
        full: "clusterrolebindings.rbac.authorization.k8s.io",
        full_kind: "ClusterRoleBinding.rbac.authorization.k8s.io",
        strategy: &kinds::ClusterRoleBinding,
        ..RBAC
    },
    Resource {
        kind: "Role",
        plural: "roles",
        full: "roles.rbac.authorization.k8s.io",
        full_kind: "Role.rbac.authorization.k8s.io",
        strategy: &kinds::Role,
        ..RBAC
    },
    Resource {
        kind: "RoleBinding",
        plural: "rolebindings",
        full: "rolebindings.rbac.authorization.k8s.io",
        full_kind: "RoleBinding.rbac.authorization.k8s.io",
        strategy: &kinds::RoleBinding,
        ..RBAC
    },
];

/// The resource of a path, where this version serves it.
pub(crate) fn find(profile: &Profile, group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES
        .iter()
        .find(|resource| resource.group == group && resource.version == version && resource.plural == plural)
        .filter(|resource| profile.is_within(resource.span))
}

/// The resource of a name as the store has it.
pub(crate) fn named(full: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.full == full)
}
