//! Parts of objects: the bodies of patches.

use rand::Rng;
use serde_json::{Value, json};

use super::super::kinds::{CONFIG_MAP, NODE, POD, SECRET, SERVICE_ACCOUNT};
use super::{Draft, Target};

impl Draft {
    /// A merge patch: null removes, lists are replaced.
    pub(super) fn merge(&mut self, target: &Target) -> Value {
        match self.rng.random_range(0..12) {
            0 => json!({"metadata": {"labels": {"app": self.one(&["a", "c"])}}}),
            1 => json!({"metadata": {"labels": {"app": null}}}),
            2 => json!({"metadata": {"annotations": {"example.com/note": self.one(&["one", "three"])}}}),
            3 => json!({"metadata": {"finalizers": null}}),
            4 => json!({"metadata": {"finalizers": ["example.com/hold"]}}),
            5 => json!({"metadata": {"resourceVersion": self.reference(target, "metadata.resourceVersion")}}),
            6 => json!({"metadata": {"name": "other"}}),
            7 => json!({}),
            _ => self.part(target),
        }
    }

    /// Of what only this kind has.
    fn part(&mut self, target: &Target) -> Value {
        match target.kind {
            kind if *kind == CONFIG_MAP => match self.rng.random_range(0..4) {
                0 => json!({"data": null}),
                1 => json!({"immutable": true}),
                2 => json!({"data": {"Not A Key": "x"}}),
                _ => json!({"data": {"colour": self.one(&["red", "green"]), "shape": "round"}}),
            },
            kind if *kind == SECRET => match self.rng.random_range(0..4) {
                0 => json!({"stringData": {"colour": "yellow"}}),
                1 => json!({"type": "Opaque"}),
                2 => json!({"data": {"colour": "no base64"}}),
                _ => json!({"data": {"colour": "cmVk"}}),
            },
            kind if *kind == SERVICE_ACCOUNT => match self.rng.random_range(0..3) {
                0 => json!({"automountServiceAccountToken": false}),
                1 => json!({"secrets": [{"name": "a"}, {"name": "c"}]}),
                _ => json!({"imagePullSecrets": [{"name": "pull"}]}),
            },
            kind if *kind == POD => match self.rng.random_range(0..5) {
                0 => json!({"spec": {"activeDeadlineSeconds": self.one(&[60, 0])}}),
                1 => json!({"spec": {"serviceAccountName": "b"}}),
                2 => json!({"spec": {"containers": [{"name": "main", "image": "example.com/app:3"}]}}),
                3 => json!({"spec": {"terminationGracePeriodSeconds": 1}}),
                _ => json!({"spec": {"tolerations": [{"key": "example.com/more", "operator": "Exists"}]}}),
            },
            kind if *kind == NODE => json!({"spec": {"unschedulable": self.one(&[true, false])}}),
            kind if kind.plural.ends_with("bindings") => match self.rng.random_range(0..2) {
                0 => json!({"subjects": [{"kind": "User", "name": "john~"}]}),
                _ => json!({"roleRef": {"name": "b"}}),
            },
            kind if kind.plural.ends_with("roles") => {
                json!({"rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]})
            }
            kind if kind.plural == "leases" => {
                json!({"spec": {"holderIdentity": "john", "leaseDurationSeconds": null}})
            }
            _ => json!({"spec": {"finalizers": []}}),
        }
    }

    /// A strategic merge patch: lists by key, and its own directives.
    pub(super) fn strategic(&mut self, target: &Target) -> Value {
        match self.rng.random_range(0..10) {
            0 => json!({"metadata": {"finalizers": ["example.com/more"]}}),
            1 => json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/hold"]}}),
            2 => json!({"metadata": {"labels": {"$patch": "replace", "only": "this"}}}),
            3 if *target.kind == SERVICE_ACCOUNT => json!({"secrets": [{"name": "a", "$patch": "delete"}]}),
            3 if *target.kind == POD => {
                json!({"spec": {"containers": [{"name": "main", "image": "example.com/app:4"}]}})
            }
            4 if *target.kind == POD => json!({"spec": {"containers": [{"name": "second", "image": "app"}]}}),
            4 if *target.kind == SERVICE_ACCOUNT => json!({"secrets": [{"name": "b"}]}),
            5 => json!({"metadata": {"labels": {"$patch": "sideways"}}}),
            _ => self.merge(target),
        }
    }

    /// A list of operations.
    pub(super) fn operations(&mut self, target: &Target) -> Value {
        let mut operations = vec![match self.rng.random_range(0..11) {
            0 => json!({"op": "add", "path": "/metadata/labels", "value": {"app": "a"}}),
            1 => json!({"op": "add", "path": "/metadata/labels/app", "value": "d"}),
            2 => json!({"op": "remove", "path": "/metadata/labels/app"}),
            3 => json!({"op": "replace", "path": "/metadata/annotations/example.com~1note", "value": "four"}),
            4 => json!({"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/more"}),
            5 => json!({"op": "remove", "path": "/metadata/finalizers"}),
            6 => json!({"op": "test", "path": "/metadata/uid", "value": self.reference(target, "metadata.uid")}),
            7 => json!({"op": "test", "path": "/metadata/name", "value": "other"}),
            8 => json!({"op": "copy", "from": "/metadata/labels", "path": "/metadata/annotations"}),
            9 => json!({"op": "twist", "path": "/metadata"}),
            _ => json!({"op": "add", "path": "/data", "value": {"colour": "red"}}),
        }];
        // `~1` is a slash of a key in a pointer, and not the mark of a suffix.
        operations.retain(|operation| !operation["path"].as_str().is_some_and(|path| path.contains('~')));
        if operations.is_empty() || self.chance(25) {
            operations.push(json!({"op": "add", "path": "/metadata/annotations", "value": {"note": "x"}}));
        }
        operations.into()
    }
}
