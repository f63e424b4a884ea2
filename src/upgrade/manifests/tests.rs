use serde_json::json;

use super::*;

fn read_text(text: &str) -> Result<Input, Diagnostics> {
    read(&["-".into()], || Ok(text.as_bytes().to_vec()))
}

fn one(text: &str) -> Manifest {
    read_text(text).unwrap().manifests.pop().unwrap()
}

#[test]
fn files_folders_documents_and_lists_are_read_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    std::fs::create_dir_all(root.join("b/.git")).unwrap();
    let named = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    std::fs::write(root.join("b/z.yml"), named("third")).unwrap();
    std::fs::write(root.join("a.yaml"), format!("{}---\n{}", named("first"), named("second"))).unwrap();
    std::fs::write(
        root.join("c.json"),
        r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "fourth"}}]}"#,
    )
    .unwrap();
    std::fs::write(root.join("b/.git/x.yaml"), "nothing: here").unwrap();
    std::fs::write(root.join("README.md"), "no manifest").unwrap();
    let input = read(&[root.to_owned()], || unreachable!()).unwrap();
    let shown = input.manifests.iter().map(|it| format!("{it} {}", it.at.to_string().replace(root.as_str(), "")));
    let expected = [
        "ConfigMap first /a.yaml:1:1",
        "ConfigMap second /a.yaml:5:1",
        "ConfigMap third /b/z.yml:1:1",
        "Secret fourth /c.json:2:9",
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[test]
fn items_of_a_typed_list_are_objects_of_its_kind() {
    let pod = one("apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: p, namespace: demo}\n");
    assert_eq!(pod.body, json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "demo"}}));
}

#[test]
fn all_mistakes_are_told_with_their_place() {
    let text = "kind: Pod\n---\napiVersion: v1\nkind: Pod\nmetadata: {}\n---\n- 1\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
    let mistakes = read_text(text).unwrap_err();
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let expected = [
        "standard input:1:1: this is no Kubernetes object: it has no `apiVersion`",
        "standard input:3:1: this Pod has no `metadata.name`, which must be a text",
        "standard input:7:1: an object is a mapping, this is a list",
        "standard input:13:1: Pod a is already given at standard input:9:1",
    ];
    assert_eq!(told, expected);
    assert!(read(&["no-such-file.yaml".into()], || unreachable!()).is_err());
}

#[test]
fn mistakes_never_show_a_secret() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  pin: 99999999999999999999\n  pin: {hunter2\n";
    let shown = read_text(secret).unwrap_err().render(true);
    assert!(!shown.contains("99999") && !shown.contains("hunter2") && shown.contains("standard input:"), "{shown}");
    let named = "apiVersion: v1\nkind: Secret\nmetadata: {nmae: hunter2}\n";
    assert!(!read_text(named).unwrap_err().render(true).contains("hunter2"));
}

#[test]
fn what_a_server_wrote_is_taken_out() {
    let deployment = one("
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  uid: 1
  resourceVersion: '7'
  generation: 3
  creationTimestamp: 2024-01-01T00:00:00Z
  managedFields: []
  annotations: {deployment.kubernetes.io/revision: '4', mine: kept}
  labels: {app: web}
  ownerReferences: [{apiVersion: example.com/v1, kind: Shop, name: s, uid: 2, controller: true}]
spec: {replicas: 2}
status: {replicas: 2}
");
    let metadata =
        json!({"name": "web", "namespace": "shop", "annotations": {"mine": "kept"}, "labels": {"app": "web"}});
    let expected =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 2}});
    assert_eq!(deployment.body, expected);
}

#[test]
fn what_cannot_be_created_again_is_taken_out_of_each_kind() {
    let spec = |kind: &str, spec: &str| {
        let group = if kind == "Job" { "batch/v1" } else { "v1" };
        let text = format!("apiVersion: {group}\nkind: {kind}\nmetadata: {{name: x, uid: '1'}}\nspec: {spec}\n");
        one(&text).body["spec"].clone()
    };
    let service = "{clusterIP: 10.0.0.7, clusterIPs: [10.0.0.7], ipFamilies: [IPv4], ports: [{port: 80}]}";
    assert_eq!(spec("Service", service), json!({"ports": [{"port": 80}]}));
    assert_eq!(spec("Service", "{clusterIP: None}"), json!({"clusterIP": "None"}));
    let pod = "{nodeName: n, volumes: [{name: kube-api-access-x}, {name: own}], containers: [{name: c, volumeMounts: [{name: kube-api-access-x}]}]}";
    assert_eq!(
        spec("Pod", pod),
        json!({"volumes": [{"name": "own"}], "containers": [{"name": "c", "volumeMounts": []}]})
    );
    let job =
        "{selector: {matchLabels: {controller-uid: a}}, template: {metadata: {labels: {controller-uid: a, own: b}}}}";
    assert_eq!(spec("Job", job), json!({"template": {"metadata": {"labels": {"own": "b"}}}}));
    assert_eq!(spec("PersistentVolumeClaim", "{volumeName: pv, a: 1}"), json!({"a": 1}));
    assert_eq!(spec("PersistentVolume", "{claimRef: {name: c, uid: u}}"), json!({"claimRef": {"name": "c"}}));
    assert_eq!(spec("Namespace", "{finalizers: [kubernetes]}"), Value::Null);
}

#[test]
fn what_a_control_plane_makes_is_left_out_and_said() {
    let owned = |owner: &str, group: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, ownerReferences: [{{apiVersion: {group}, kind: {owner}, name: o, uid: u, controller: true}}]}}\n"
        )
    };
    let texts = [
        (owned("ReplicaSet", "apps/v1"), Some("its ReplicaSet makes it again")),
        (owned("Shop", "example.com/v1"), None),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-root-ca.crt}\n".to_owned(), Some("every Namespace has one by itself")),
        ("apiVersion: v1\nkind: Event\nmetadata: {name: e}\n".to_owned(), Some("events are not kept")),
        (
            "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: kube-scheduler, namespace: kube-system}\n"
                .to_owned(),
            Some("it belongs to a control plane"),
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: default-token-x7k2p}\ntype: kubernetes.io/service-account-token\n".to_owned(),
            Some("it is a token of the other cluster"),
        ),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: ci}\ntype: kubernetes.io/service-account-token\n".to_owned(), None),
        ("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, uid: u}\n".to_owned(), Some("every Namespace has one by itself")),
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n".to_owned(), Some("it is written for another program than the API server")),
    ];
    for (text, why) in texts {
        let input = read_text(&text).unwrap();
        assert_eq!(input.left_out.first().map(|left| left.why.as_str()), why, "{text}");
        assert_eq!(input.manifests.len(), usize::from(why.is_none()), "{text}");
    }
}

#[test]
fn an_object_that_was_going_says_what_holds_it() {
    let going = one(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, deletionTimestamp: 2024-01-01T00:00:00Z, finalizers: [a/b]}\n",
    );
    assert_eq!(going.dying, Some(vec!["a/b".to_owned()]));
    assert_eq!(going.body["metadata"], json!({"name": "c", "finalizers": ["a/b"]}));
}
