//! Objects that real control planes were given, and what they said.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::testing::profile;
use super::*;
use crate::fields::{self, Validation};
use crate::meta;

/// The mistakes of a new object, or of an update, as `field: message`.
fn mistakes(minor: u32, kind: &str, object: Value, old: Option<Value>) -> Vec<String> {
    let (store, user, profile) = (Store::default(), User::default(), profile(minor));
    let write = write(&store, &user, &profile);
    let resource = crate::resources::RESOURCES.iter().find(|resource| resource.kind == kind).unwrap();
    let read = |object| {
        let (mut object, _) = fields::decode(kind, object, Validation::Ignore, &profile).unwrap();
        resource.strategy.default(&mut object, &write);
        object
    };
    let (object, old) = (read(object), old.map(read));
    let causes = resource.strategy.validate(&object, old.as_ref(), &write);
    let causes = meta::validated(resource, &object, old.as_ref(), causes, &write);
    causes.into_iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect()
}

fn write<'w>(store: &'w Store, user: &'w User, profile: &'w Profile) -> Write<'w> {
    Write { profile, store, user, now: Timestamp::UNIX_EPOCH, subresource: "", namespace: "demo" }
}

fn pod(container: &Value) -> Value {
    json!({"metadata": {"name": "x", "namespace": "demo"}, "spec": {"containers": [container]}})
}

#[test]
fn mistakes_are_told_in_the_words_of_each_version() {
    let owner = json!({"metadata": {"name": "x", "ownerReferences": [{"kind": "Pod", "name": "p", "uid": "u"}]}});
    let long = json!({"metadata": {"name": "x"}, "data": {"a": "x".repeat(1024 * 1024 + 1)}});
    let ssh = json!({"metadata": {"name": "x"}, "type": "kubernetes.io/ssh-auth"});
    let name = json!({"metadata": {"name": "a.b"}});
    let lease = json!({"metadata": {"name": "x"}, "spec": {"leaseTransitions": -1}});
    let more =
        pod(&json!({"name": "c", "image": "i", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}));
    let role = json!({"metadata": {"name": "x"}, "rules": [{"resources": ["pods"], "apiGroups": [""]}]});
    for (kind, object, minor, expected) in [
        (
            "ConfigMap",
            &owner,
            36,
            "metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty",
        ),
        ("ConfigMap", &owner, 37, "metadata.ownerReferences[0].apiVersion: Required value: must not be empty"),
        ("ConfigMap", &long, 31, "[]: Too long: must have at most 1048576 bytes"),
        ("ConfigMap", &long, 32, "[]: Too long: may not be more than 1048576 bytes"),
        ("Secret", &ssh, 23, "data[%s][ssh-privatekey]: Required value"),
        ("Secret", &ssh, 24, "data[ssh-privatekey]: Required value"),
        ("Namespace", &name, 27, "metadata.name: Invalid value: \"a.b\": must not contain dots"),
        ("Lease", &lease, 23, "spec.leaseTransitions: Invalid value: -1: must to greater or equal than 0"),
        ("Lease", &lease, 24, "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"),
        ("Role", &role, 36, "rules[0].verbs: Required value: verbs must contain at least one value"),
        ("Role", &role, 37, "rules[0].verbs: Required value"),
        (
            "Pod",
            &more,
            26,
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit",
        ),
        (
            "Pod",
            &more,
            27,
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
        ),
    ] {
        assert_eq!(mistakes(minor, kind, object.clone(), None), [expected], "{kind} in v1.{minor}");
    }
}

#[test]
fn networks_of_nodes_are_networks() {
    let node = |networks: Value| json!({"metadata": {"name": "n"}, "spec": {"podCIDRs": networks}});
    let told = |minor, networks: Value| mistakes(minor, "Node", node(networks), None);
    let old = "spec.podCIDRs[0]: Invalid value: []string{\"seven\"}: must be valid CIDR";
    assert_eq!(told(22, json!(["seven"])), [old]);
    let new = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    assert_eq!(
        told(34, json!(["10.0.0.256/8"])),
        [format!("spec.podCIDRs[0]: Invalid value: \"10.0.0.256/8\": {new}")]
    );
    for network in ["10.0.0.0/8", "010.0.0.0/08", "fd00::/64"] {
        assert_eq!(told(34, json!([network])), [""; 0], "{network}");
    }
}

#[test]
fn mistakes_of_names_and_keys() {
    let subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let qualified = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let told = |metadata: Value| mistakes(30, "ConfigMap", json!({"metadata": metadata}), None);
    assert_eq!(told(json!({})), ["metadata.name: Required value: name or generateName is required"]);
    assert_eq!(told(json!({"name": "A"})), [format!("metadata.name: Invalid value: \"A\": {subdomain}")]);
    assert_eq!(
        told(json!({"name": "x", "labels": {"a b": "c"}})),
        [format!("metadata.labels: Invalid value: \"a b\": name part {qualified}")]
    );
    assert_eq!(
        told(json!({"name": "x", "finalizers": ["y"]})),
        [
            "metadata.finalizers[0]: Invalid value: \"y\": name is neither a standard finalizer name nor is it fully qualified"
        ]
    );
    let keys = mistakes(30, "ConfigMap", json!({"metadata": {"name": "x"}, "data": {"..": "", "a/b": ""}}), None);
    let key = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    assert_eq!(
        keys,
        [
            "data[..]: Invalid value: \"..\": must not be '..'".to_owned(),
            format!("data[a/b]: Invalid value: \"a/b\": {key}")
        ]
    );
}

#[test]
fn an_update_tells_what_may_not_change() {
    let secret = |immutable, data| json!({"metadata": {"name": "x", "resourceVersion": "1"}, "immutable": immutable, "data": {"a": data}});
    assert_eq!(
        mistakes(30, "Secret", secret(false, "Yg=="), Some(secret(true, "YQ=="))),
        [
            "immutable: Forbidden: field is immutable when `immutable` is set",
            "data: Forbidden: field is immutable when `immutable` is set"
        ]
    );
    let binding = |name| json!({"metadata": {"name": "x"}, "roleRef": {"kind": "Role", "name": name}});
    for (minor, expected) in [
        (30, "rbac.RoleRef{APIGroup:\"rbac.authorization.k8s.io\", Kind:\"Role\", Name:\"b\"}: cannot change roleRef"),
        (36, "{\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"Role\",\"Name\":\"b\"}: cannot change roleRef"),
        (37, "{\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"Role\",\"Name\":\"b\"}: field is immutable"),
    ] {
        let told = mistakes(minor, "RoleBinding", binding("b"), Some(binding("a")));
        assert_eq!(told, [format!("roleRef: Invalid value: {expected}")], "v1.{minor}");
    }
    let ends = |finalizers: Value| json!({"metadata": {"name": "x", "deletionTimestamp": "2024-01-01T00:00:00Z", "finalizers": finalizers}});
    let told = mistakes(37, "ConfigMap", ends(json!(["a/b", "c/d"])), Some(ends(json!(["a/b"]))));
    assert_eq!(
        told,
        [
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"c/d\"}"
        ]
    );
}

/// A Pod as admission leaves it.
fn admitted(account: Option<Value>, spec: &Value) -> Result<Value, Refusal> {
    let (mut store, user, profile) = (Store::default(), User::default(), profile(30));
    if let Some(account) = account {
        store.put(Key::new("serviceaccounts", "demo", "default"), account, Timestamp::UNIX_EPOCH);
    }
    let write = write(&store, &user, &profile);
    let mut pod = json!({"metadata": {"name": "x"}, "spec": spec});
    Pod.default(&mut pod, &write);
    Pod.admit(&mut pod, None, &write)?;
    Ok(pod)
}

#[test]
fn a_pod_is_admitted_with_its_service_account() {
    let spec = json!({"containers": [{"name": "c", "image": "i"}]});
    let refused = admitted(None, &spec).unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (
            403,
            "pods \"x\" is forbidden: error looking up service account demo/default: serviceaccount \"default\" not found"
        )
    );
    let account = json!({"metadata": {"name": "default"}, "imagePullSecrets": [{"name": "p"}]});
    let pod = admitted(Some(account.clone()), &spec).unwrap();
    let spec = &pod["spec"];
    assert_eq!((&spec["serviceAccountName"], &spec["serviceAccount"]), (&json!("default"), &json!("default")));
    assert_eq!((&spec["priority"], &spec["imagePullSecrets"]), (&json!(0), &json!([{"name": "p"}])));
    let name = spec["volumes"][0]["name"].as_str().unwrap();
    assert!(name.starts_with("kube-api-access-") && name.len() == 21, "{name}");
    assert_eq!(spec["containers"][0]["volumeMounts"][0]["name"], name);
    let tolerations: Vec<&Value> = json::items(spec, "tolerations").iter().map(|one| &one["key"]).collect();
    assert_eq!(tolerations, ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);

    let without = json!({"automountServiceAccountToken": false, "containers": [{"name": "c", "image": "i"}]});
    assert!(admitted(Some(account), &without).unwrap()["spec"]["volumes"].is_null());
}

#[test]
fn a_service_account_may_say_which_secrets_its_pods_mount() {
    let annotations = json!({"kubernetes.io/enforce-mountable-secrets": "true"});
    let account = json!({"metadata": {"name": "default", "annotations": annotations}, "secrets": [{"name": "mine"}]});
    let spec = |secret: &str| json!({"containers": [{"name": "c", "image": "i"}], "volumes": [{"name": "v", "secret": {"secretName": secret}}]});
    assert!(admitted(Some(account.clone()), &spec("mine")).is_ok());
    assert_eq!(
        admitted(Some(account), &spec("other")).unwrap_err().message,
        "pods \"x\" is forbidden: volume with secret.secretName=\"other\" is not allowed because service account default does not reference that secret"
    );
}

#[test]
fn a_namespace_that_ends_takes_nothing_new() {
    let (mut store, user, profile) = (Store::default(), User::default(), profile(30));
    let resource = crate::resources::named("configmaps").unwrap();
    let object = json!({"metadata": {"name": "x"}});
    let missing = meta::namespace_takes(&write(&store, &user, &profile), resource, &object).unwrap_err();
    assert_eq!((missing.code, missing.message.as_str()), (404, "namespaces \"demo\" not found"));
    let ending = json!({"metadata": {"name": "demo"}, "status": {"phase": "Terminating"}});
    store.put(Key::new("namespaces", "", "demo"), ending, Timestamp::UNIX_EPOCH);
    let refused = meta::namespace_takes(&write(&store, &user, &profile), resource, &object).unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (
            403,
            "configmaps \"x\" is forbidden: unable to create new content in namespace demo because it is being terminated"
        )
    );
    assert_eq!(refused.details["causes"][0]["reason"], "NamespaceTerminating");
}
