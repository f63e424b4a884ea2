//! Whole objects of each kind, with the fields that are in ordinary use.

use rand::Rng;
use serde_json::{Map, Value, json};

use super::super::kinds::{
    CLUSTER_ROLE, CLUSTER_ROLE_BINDING, CONFIG_MAP, LEASE, NODE, POD, ROLE, ROLE_BINDING, SECRET, SERVICE_ACCOUNT,
};
use super::{Draft, HOME, OWN, OWN_LABEL, Target, texts};

/// The type of Secrets that hold the token of a `ServiceAccount`.
pub(super) const SA_TOKEN: &str = "kubernetes.io/service-account-token";

impl Draft {
    /// An object, as it may be created, updated or applied.
    pub(super) fn object(&mut self, target: &Target) -> Value {
        let mut object = json!({
            "apiVersion": target.kind.api_version,
            "kind": target.kind.kind,
            "metadata": self.metadata(target),
        });
        match target.kind {
            kind if *kind == CONFIG_MAP => self.config_map(&mut object),
            kind if *kind == SECRET => self.secret(&mut object),
            kind if *kind == SERVICE_ACCOUNT => self.account(&mut object),
            kind if *kind == POD => self.pod(&mut object),
            kind if *kind == NODE => self.node(&mut object),
            kind if *kind == LEASE => self.lease(&mut object),
            kind if *kind == ROLE || *kind == CLUSTER_ROLE => self.role(&mut object, *kind == CLUSTER_ROLE),
            kind if *kind == ROLE_BINDING => self.binding(&mut object, true),
            kind if *kind == CLUSTER_ROLE_BINDING => self.binding(&mut object, false),
            _ => {}
        }
        object
    }

    fn metadata(&mut self, target: &Target) -> Value {
        let mut metadata = json!({"name": target.name});
        if self.chance(10)
            && let Some(namespace) = &target.namespace
        {
            metadata["namespace"] = namespace.as_str().into();
        }
        let mut labels = Map::new();
        if self.chance(45) {
            labels.insert("app".to_owned(), self.one(&["a", "b"]).into());
        }
        if self.chance(10) {
            labels.insert("example.com/tier".to_owned(), self.one(&["", "x"]).into());
        }
        if !target.kind.namespaced {
            labels.insert(OWN_LABEL.to_owned(), OWN.into());
        }
        if !labels.is_empty() {
            metadata["labels"] = labels.into();
        }
        if self.chance(20) {
            metadata["annotations"] = json!({"example.com/note": self.one(&["one", "two", ""])});
        }
        if self.chance(7) {
            metadata["finalizers"] = texts(self.one(&[&["example.com/hold"], &["example.com/hold", "example.com/b"]]));
        }
        if self.chance(5)
            && let Some((id, owner)) = self.shown.last().cloned()
            && owner.kind.namespaced
        {
            metadata["ownerReferences"] = json!([{
                "apiVersion": owner.kind.api_version, "kind": owner.kind.kind, "name": owner.name,
                "uid": format!("${{c{id}.metadata.uid}}"),
            }]);
        }
        metadata
    }

    fn config_map(&mut self, object: &mut Value) {
        if self.chance(80) {
            object["data"] = json!({"colour": self.one(&["red", "blue", ""])});
        }
        if self.chance(15) {
            object["binaryData"] = json!({"bytes": "AAEC"});
        }
        if self.chance(12) {
            object["immutable"] = self.chance(80).into();
        }
    }

    fn secret(&mut self, object: &mut Value) {
        match self.rng.random_range(0..10) {
            0..=2 => {
                object["type"] = SA_TOKEN.into();
                if self.chance(90) {
                    let name = self.one(&["a", "a", "b", "default"]);
                    object["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": name});
                }
                return;
            }
            3 => object["type"] = self.one(&["Opaque", "example.com/own", "kubernetes.io/tls"]).into(),
            4 => {
                object["type"] = "kubernetes.io/basic-auth".into();
                object["stringData"] = json!({"username": "jane", "password": "example"});
                return;
            }
            _ => {}
        }
        if self.chance(60) {
            object["data"] = json!({"colour": self.one(&["cmVk", "Ymx1ZQ==", ""])});
        }
        if self.chance(25) {
            object["stringData"] = json!({"colour": "green", "shape": "round"});
        }
        if self.chance(12) {
            object["immutable"] = self.chance(80).into();
        }
    }

    fn account(&mut self, object: &mut Value) {
        if self.chance(20) {
            object["automountServiceAccountToken"] = self.chance(50).into();
        }
        if self.chance(20) {
            object["secrets"] = json!([{"name": self.one(&["a", "b"])}]);
        }
        if self.chance(15) {
            object["imagePullSecrets"] = json!([{"name": "pull"}]);
        }
    }

    /// Mostly left alone by the scheduler and by Nodes, so that nobody writes to it in between.
    fn pod(&mut self, object: &mut Value) {
        let mut container =
            json!({"name": "main", "image": self.one(&["example.com/app:1", "example.com/app", "app:2"])});
        if self.chance(15) {
            container["command"] = texts(&["run", "--fast"]);
        }
        if self.chance(15) {
            container["env"] = json!([{"name": "COLOUR", "value": "red"}]);
        }
        if self.chance(15) {
            container["resources"] = json!({"requests": {"cpu": self.one(&["100m", "0.1", "1"]), "memory": "64Mi"}});
        }
        if self.chance(10) {
            container["ports"] = json!([{"containerPort": 8080}]);
        }
        if self.chance(10) {
            container["imagePullPolicy"] = self.one(&["Always", "IfNotPresent", "Perhaps"]).into();
        }
        let mut spec = json!({"containers": [container]});
        if self.chance(85) {
            spec["schedulerName"] = "nobody".into();
        }
        if self.chance(45) {
            spec["serviceAccountName"] = self.one(&["a", "b", "default"]).into();
        }
        if self.chance(25) {
            spec["automountServiceAccountToken"] = self.chance(30).into();
        }
        if self.chance(15) {
            spec["restartPolicy"] = self.one(&["Never", "OnFailure", "Always", "Sometimes"]).into();
        }
        if self.chance(12) {
            spec["terminationGracePeriodSeconds"] = self.one(&[0, 1, 30]).into();
        }
        if self.chance(10) {
            spec["volumes"] = match self.rng.random_range(0..4) {
                0 => json!([{"name": "data", "emptyDir": {}}]),
                1 => json!([{"name": "data", "secret": {"secretName": "a"}}]),
                2 => json!([{"name": "data", "configMap": {"name": "a"}}]),
                _ => json!([{"name": "data", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]),
            };
        }
        if self.chance(6) {
            spec["nodeName"] = self.one(&["wide-node~", "nowhere"]).into();
        }
        if self.chance(6) {
            spec["securityContext"] = json!({"runAsNonRoot": true, "runAsUser": 1000});
        }
        if self.chance(6) {
            spec["tolerations"] = json!([{"key": "example.com/taint", "operator": "Exists", "effect": "NoSchedule"}]);
        }
        if self.chance(5) {
            spec["nodeSelector"] = json!({"disk": "fast"});
        }
        object["spec"] = spec;
    }

    fn node(&mut self, object: &mut Value) {
        if self.chance(40) {
            object["spec"] = match self.rng.random_range(0..3) {
                0 => json!({"unschedulable": true}),
                1 => json!({"taints": [{"key": "example.com/taint", "effect": "NoSchedule"}]}),
                _ => json!({"podCIDR": "10.90.0.0/24"}),
            };
        }
    }

    fn lease(&mut self, object: &mut Value) {
        let mut spec = json!({"holderIdentity": self.one(&["jane", "john"])});
        if self.chance(40) {
            spec["leaseDurationSeconds"] = self.one(&[15, 40, 0]).into();
        }
        if self.chance(30) {
            spec["renewTime"] = "2024-01-31T08:09:10.000000Z".into();
        }
        if self.chance(20) {
            spec["leaseTransitions"] = json!(1);
        }
        if self.chance(90) {
            object["spec"] = spec;
        }
    }

    fn role(&mut self, object: &mut Value, is_wide: bool) {
        let rule =
            |verbs: &[&str], resources: &[&str]| json!({"apiGroups": [""], "resources": resources, "verbs": verbs});
        let mut rules = vec![match self.rng.random_range(0..6) {
            0 => rule(&["get", "list"], &["pods"]),
            1 => rule(&["get", "list", "watch"], &["configmaps", "secrets"]),
            2 => rule(&["create"], &["serviceaccounts/token"]),
            3 => json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["*"]}),
            4 => rule(&["*"], &["*"]),
            _ => json!({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "update"]}),
        }];
        if is_wide && self.chance(20) {
            rules.push(json!({"nonResourceURLs": ["/metrics"], "verbs": ["get"]}));
        }
        if self.chance(8) {
            rules.push(json!({"apiGroups": [""], "resources": ["pods"]}));
        }
        if self.chance(90) {
            object["rules"] = rules.into();
        }
        if is_wide && self.chance(12) {
            object["aggregationRule"] =
                json!({"clusterRoleSelectors": [{"matchLabels": {"example.com/adds-to": OWN}}]});
        }
    }

    fn binding(&mut self, object: &mut Value, in_namespace: bool) {
        let role = match self.rng.random_range(0..10) {
            0..=4 if in_namespace => json!({"kind": "Role", "name": "a"}),
            0..=6 => json!({"kind": "ClusterRole", "name": "wide-a~"}),
            // What everybody has; never bound to anybody who exists.
            7 => json!({"kind": "ClusterRole", "name": "view"}),
            8 => json!({"kind": "ClusterRole", "name": "gone~"}),
            _ => json!({"kind": "Role", "name": "b"}),
        };
        object["roleRef"] = role;
        object["roleRef"]["apiGroup"] = "rbac.authorization.k8s.io".into();
        let subject = match self.rng.random_range(0..10) {
            0..=5 => json!({"kind": "ServiceAccount", "name": self.one(&["a", "b", "default"]), "namespace": HOME}),
            6 | 7 => json!({"kind": "User", "name": "jane~", "apiGroup": "rbac.authorization.k8s.io"}),
            8 => json!({"kind": "Group", "name": "developers~"}),
            _ => json!({"kind": "ServiceAccount", "name": "a"}),
        };
        if self.chance(95) {
            object["subjects"] = json!([subject]);
        }
    }
}
