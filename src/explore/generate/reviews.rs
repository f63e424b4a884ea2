//! Tokens, and the questions that an API server answers about who somebody is and what they may do.

use rand::seq::IndexedRandom;
use serde_json::{Value, json};

use super::super::call::{Call, Verb, Who};
use super::super::kinds::{
    ACCESS_REVIEW, Kind, LOCAL_ACCESS_REVIEW, POD, SECRET, SELF_ACCESS_REVIEW, SELF_REVIEW, SELF_RULES_REVIEW,
    SERVICE_ACCOUNT, TOKEN_REVIEW,
};
use super::{Draft, HOME, Target, texts};

impl Draft {
    fn review(&mut self, kind: &'static Kind, namespace: Option<String>, spec: &Value) {
        let target = Target { kind, namespace, name: String::new() };
        let mut call = self.call(Verb::Create, &target);
        call.body = Some(json!({"apiVersion": kind.api_version, "kind": kind.kind, "spec": spec}));
        if self.chance(8) {
            self.spoil(&mut call);
        }
        self.calls.push(call);
    }

    pub(super) fn token(&mut self) {
        let known: Vec<Target> = self.made.iter().filter(|made| made.kind == &SERVICE_ACCOUNT).cloned().collect();
        let account = match known.choose(&mut self.rng) {
            Some(account) if self.chance(85) => account.clone(),
            _ => Target {
                kind: &SERVICE_ACCOUNT,
                namespace: Some(HOME.to_owned()),
                name: self.one(&["a", "default"]).to_owned(),
            },
        };
        let mut call = Call { subresource: Some("token"), ..self.call(Verb::Create, &account) };
        let mut spec = json!({});
        if self.chance(40) {
            spec["expirationSeconds"] = self.one(&[600, 3600, 599, 86_400, -1]).into();
        }
        if self.chance(25) {
            spec["audiences"] = texts(self.one(&[&["vault"], &["vault", "example"], &[""], &[]]));
        }
        let bound: Vec<Target> =
            self.made.iter().filter(|made| [&POD, &SECRET].contains(&made.kind)).cloned().collect();
        if self.chance(35)
            && let Some(object) = bound.choose(&mut self.rng).cloned()
        {
            spec["boundObjectRef"] = json!({"apiVersion": "v1", "kind": object.kind.kind, "name": object.name});
            if self.chance(40) {
                spec["boundObjectRef"]["uid"] = self.reference(&object, "metadata.uid").into();
            }
        }
        call.body = Some(json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}));
        if self.chance(10) {
            self.spoil(&mut call);
        }
        self.tokens.push(format!("${{c{}.status.token}}", call.id));
        self.calls.push(call);
    }

    pub(super) fn token_review(&mut self) {
        let token = match self.tokens.choose(&mut self.rng).cloned() {
            Some(token) if self.chance(85) => token,
            _ => self.one(&["", "no-token", "a.b.c"]).to_owned(),
        };
        let mut spec = json!({"token": token});
        if self.chance(25) {
            spec["audiences"] = texts(self.one(&[&["vault"], &["other"], &["vault", "other"]]));
        }
        self.review(&TOKEN_REVIEW, None, &spec);
    }

    pub(super) fn access_review(&mut self) {
        let namespace = self.namespace();
        let mut spec = json!({});
        if self.chance(85) {
            let mut attributes = json!({
                "verb": self.one(&["get", "list", "create", "*", "delete"]),
                "resource": self.one(&["configmaps", "secrets", "pods", "serviceaccounts", "leases"]),
            });
            if self.chance(80) {
                attributes["namespace"] = namespace.as_str().into();
            }
            if self.chance(20) {
                attributes["name"] = self.one(&["a", "b"]).into();
            }
            if self.chance(15) {
                attributes["subresource"] = self.one(&["token", "status"]).into();
            }
            if self.chance(15) {
                attributes["group"] = self.one(&["*", "coordination.k8s.io"]).into();
            }
            spec["resourceAttributes"] = attributes;
        }
        if self.chance(20) {
            spec["nonResourceAttributes"] = json!({"path": self.one(&["/metrics", "/version", "/x"]), "verb": "get"});
        }
        if self.chance(25) {
            self.review(&SELF_ACCESS_REVIEW, None, &spec);
            return;
        }
        match self.who() {
            Who::User { name, groups } => {
                spec["user"] = name.into();
                if self.chance(70) {
                    spec["groups"] = groups.into();
                }
            }
            _ if self.chance(90) => spec["user"] = format!("system:serviceaccount:{HOME}:a").into(),
            _ => {}
        }
        if self.chance(20) {
            self.review(&LOCAL_ACCESS_REVIEW, Some(namespace), &spec);
        } else {
            self.review(&ACCESS_REVIEW, None, &spec);
        }
    }

    pub(super) fn self_review(&mut self) {
        if self.chance(50) {
            let namespace = self.namespace();
            self.review(&SELF_RULES_REVIEW, None, &json!({"namespace": namespace}));
        } else {
            self.review(&SELF_REVIEW, None, &Value::Null);
            // It has no spec.
            if let Some(body) = self.calls.last_mut().and_then(|call| call.body.as_mut()).and_then(Value::as_object_mut)
            {
                body.remove("spec");
            }
        }
    }
}
