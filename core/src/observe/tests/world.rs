//! A made-up run of a scenario: everything that a cluster makes up depends on a seed, nothing else does.

use crate::observe::{Known, Observer};
use crate::reply::{Exchange, Reply};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use serde_json::{Value, json};

pub(super) const SECONDS: i64 = 1_700_000_000;

/// One cluster at one time.
pub(super) struct World {
    seed: u64,
    pub(super) suffix: String,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut world = Self { seed, suffix: String::new() };
        world.suffix = format!("-rh{}", world.letters("suffix", 5));
        world
    }

    /// A number that depends on the seed and on what it is for.
    fn draw(&self, what: &str) -> u64 {
        let mut state = self.seed;
        for b in what.bytes().chain([0; 8]) {
            state = (state ^ u64::from(b)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            state ^= state >> 29;
        }
        state
    }

    fn letters(&self, what: &str, count: usize) -> String {
        const RANDOM: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..count)
            .map(|at| {
                char::from(RANDOM[usize::try_from(self.draw(&format!("{what}{at}")) % RANDOM.len() as u64).unwrap()])
            })
            .collect()
    }

    pub(super) fn uid(&self, what: &str) -> String {
        let (a, b) = (self.draw(what), self.draw(&format!("{what}'")));
        format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32, a & 0xffff, (a >> 16) & 0xfff, b & 0xfff, b >> 16)
    }

    pub(super) fn generated(&self, base: &str, which: &str) -> String {
        format!("{base}-{}", self.letters(&format!("{base}/{which}"), 5))
    }

    pub(super) fn hash(&self, what: &str) -> String {
        self.letters(what, 10)
    }

    pub(super) fn ip(&self, what: &str) -> String {
        let n = self.draw(what);
        format!("10.{}.{}.{}", n % 250, (n >> 8) % 250, (n >> 16) % 250 + 1)
    }

    pub(super) fn number(&self, what: &str) -> String {
        (self.draw(what) % 90_000 + 10_000).to_string()
    }

    pub(super) fn node(&self) -> String {
        format!("worker-{}.internal", self.letters("node", 8))
    }

    pub(super) fn issuer(&self) -> String {
        format!("https://issuer-{}.example", self.letters("issuer", 4))
    }

    pub(super) fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.number("port"))
    }

    pub(super) fn namespace(&self) -> String {
        format!("demo{}", self.suffix)
    }

    pub(super) fn iat(&self) -> i64 {
        SECONDS + i64::try_from(self.draw("iat") % 1_000_000).unwrap()
    }

    /// Seconds after the moment of the tokens, as the API writes times.
    pub(super) fn time(&self, after: i64) -> String {
        jiff::Timestamp::from_second(self.iat() + after).unwrap().to_string()
    }

    /// A token with a signature that nobody made; no token stands in the sources.
    pub(super) fn jwt(&self, claims: &Value) -> String {
        let header = json!({"alg": "RS256", "kid": format!("_{}", self.letters("kid", 20))});
        let signature = self.draw(&claims.to_string()).to_le_bytes().repeat(32);
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        format!("{}.{}.{}", encode(&header), encode(claims), URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token bound to an incarnation of the Pod `test-pod`.
    pub(super) fn pod_token(&self, pod: &str) -> String {
        self.jwt(&json!({
            "aud": [self.issuer()], "iss": self.issuer(), "jti": self.uid(&format!("jti of {pod}")),
            "iat": self.iat(), "nbf": self.iat(), "exp": self.iat() + 31_536_000,
            "kubernetes.io": {
                "namespace": self.namespace(),
                "node": {"name": self.node(), "uid": self.uid("node")},
                "pod": {"name": "test-pod", "uid": self.uid(pod)},
                "serviceaccount": {"name": "demo-sa", "uid": self.uid("sa")},
                "warnafter": self.iat() + 3607,
            },
            "sub": format!("system:serviceaccount:{}:demo-sa", self.namespace()),
        }))
    }

    /// The token in a Secret: no time, no id, the Secret's name.
    pub(super) fn legacy_token(&self, secret: &str) -> String {
        self.jwt(&json!({
            "iss": "kubernetes/serviceaccount",
            "kubernetes.io/serviceaccount/namespace": self.namespace(),
            "kubernetes.io/serviceaccount/secret.name": secret,
            "kubernetes.io/serviceaccount/service-account.name": "demo-sa",
            "kubernetes.io/serviceaccount/service-account.uid": self.uid("sa"),
            "sub": format!("system:serviceaccount:{}:demo-sa", self.namespace()),
        }))
    }

    pub(super) fn metadata(&self, name: &str, uid: &str) -> Value {
        json!({
            "name": name, "namespace": self.namespace(), "uid": self.uid(uid), "resourceVersion": self.number(uid),
            "generation": 1, "creationTimestamp": self.time(-3),
            "managedFields": [{"manager": "rehearsal", "time": self.time(-3)}],
        })
    }

    pub(super) fn pod(&self, name: &str, uid: &str) -> Value {
        let volume = self.generated("kube-api-access", uid);
        let mut pod = json!({
            "kind": "Pod", "apiVersion": "v1", "metadata": self.metadata(name, uid),
            "spec": {
                "volumes": [{"name": volume, "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}}],
                "containers": [{"name": "main", "image": "nginx", "volumeMounts": [{"name": volume, "readOnly": true}]}],
                "nodeName": self.node(),
            },
            "status": {
                "phase": "Running", "podIP": self.ip(uid), "podIPs": [{"ip": self.ip(uid)}], "hostIP": self.ip("node"),
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": self.time(-1)}],
            },
        });
        pod["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": "{}"});
        pod["metadata"]["labels"] = json!({"rehearsal.dev/run": self.suffix});
        pod
    }

    pub(super) fn secret(&self, name: &str) -> Value {
        let encode = |text: &str| STANDARD.encode(text);
        json!({
            "kind": "Secret", "apiVersion": "v1", "type": "kubernetes.io/service-account-token",
            "metadata": {
                "name": name, "namespace": self.namespace(), "uid": self.uid(name), "resourceVersion": self.number(name),
                "annotations": {
                    "kubernetes.io/service-account.name": "demo-sa",
                    "kubernetes.io/service-account.uid": self.uid("sa"),
                },
            },
            "data": {
                "ca.crt": encode(&format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", self.letters("ca", 64))),
                "namespace": encode(&self.namespace()),
                "token": encode(&self.legacy_token(name)),
            },
        })
    }

    pub(super) fn token_request(&self, pod: &str) -> Value {
        let bound = json!({"kind": "Pod", "apiVersion": "v1", "name": "test-pod", "uid": self.uid(pod)});
        json!({
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": "demo-sa", "namespace": self.namespace(), "uid": self.uid("sa"), "creationTimestamp": self.time(0)},
            "spec": {"audiences": [self.issuer()], "expirationSeconds": 3607, "boundObjectRef": bound},
            "status": {"token": self.pod_token(pod), "expirationTimestamp": self.time(3607)},
        })
    }

    /// The status of a review of a good `pod_token`.
    pub(super) fn authenticated(&self, pod: &str) -> Value {
        json!({
            "authenticated": true, "audiences": [self.issuer()],
            "user": {
                "username": format!("system:serviceaccount:{}:demo-sa", self.namespace()), "uid": self.uid("sa"),
                "groups": ["system:serviceaccounts", format!("system:serviceaccounts:{}", self.namespace())],
                "extra": {
                    "authentication.kubernetes.io/credential-id": [format!("JTI={}", self.uid(&format!("jti of {pod}")))],
                    "authentication.kubernetes.io/node-name": [self.node()],
                    "authentication.kubernetes.io/node-uid": [self.uid("node")],
                    "authentication.kubernetes.io/pod-name": ["test-pod"],
                    "authentication.kubernetes.io/pod-uid": [self.uid(pod)],
                },
            },
        })
    }

    /// The Pod of a Deployment, which has a hash and a random part in its name.
    pub(super) fn replica(&self, deployment: &str, which: &str, phase: &str) -> Value {
        let set = format!("{deployment}-{}", self.hash(deployment));
        let name = self.generated(&set, which);
        let mut pod = self.pod(&name, &name);
        let metadata = &mut pod["metadata"];
        metadata["generateName"] = format!("{set}-").into();
        metadata["labels"] = json!({"app": deployment, "pod-template-hash": self.hash(deployment)});
        metadata["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": self.uid(&set)}]);
        pod["status"]["phase"] = phase.into();
        pod
    }

    pub(super) fn known(&self) -> Known {
        Known {
            suffix: self.suffix.clone(),
            namespace: Some("demo".to_owned()),
            issuer: Some(self.issuer()),
            audience: Some(self.issuer()),
            folder: None,
            server: Some(self.server()),
            nodes: vec![self.node()],
            written: ["demo", "demo-sa", "test-pod", "image: web-bcdfg"].into_iter().collect(),
            own_labels: vec!["rehearsal.dev/run".to_owned()],
        }
    }

    pub(super) fn observer(&self) -> Observer {
        Observer::new(self.known())
    }
}

pub(super) fn review(token: &str, status: &Value) -> Value {
    json!({
        "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {},
        "spec": {"token": token}, "status": status,
    })
}

pub(super) fn list(kind: &str, mut items: Vec<Value>) -> Value {
    items.sort_by(|a, b| a["metadata"]["name"].as_str().cmp(&b["metadata"]["name"].as_str()));
    for item in &mut items {
        let item = item.as_object_mut().unwrap();
        item.remove("kind");
        item.remove("apiVersion");
    }
    json!({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": items})
}

pub(super) fn http(status: u16, body: Value) -> Reply {
    Reply::Http(Exchange { method: Method::GET, path: "/".to_owned(), status, warnings: Vec::new(), body: body.into() })
}

pub(super) fn events(events: Vec<Value>) -> Reply {
    let Reply::Http(exchange) = http(200, events.into()) else { unreachable!("it is one") };
    Reply::Events(exchange)
}

pub(super) fn refusal(status: u16, reason: &str, message: &str) -> Reply {
    http(
        status,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message}),
    )
}
