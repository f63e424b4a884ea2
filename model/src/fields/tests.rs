use serde_json::json;

use super::*;
use crate::kinds::testing::profile;

const POD: Expected<'_> = Expected { kind: "Pod", group: "", version: "v1" };

fn mistake(minor: u32, text: &str) -> String {
    body(&POD, text.as_bytes(), Validation::Ignore, &profile(minor)).unwrap_err().message
}

/// What real control planes said.
#[test]
fn bodies_that_are_not_understood_are_told_so() {
    let unrecognized = "the object provided is unrecognized (must be of type Pod):";
    let parse = format!("{unrecognized} couldn't get version/kind; json parse error:");
    let handled = "Pod in version \"v1\" cannot be handled as a Pod:";
    let wanted =
        r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
    for (text, expected) in [
        ("", format!("{parse} unexpected end of JSON input (<empty>)")),
        ("[]", format!("{parse} json: cannot unmarshal array into Go value of type {wanted} (5b5d)")),
        (r#"{"kind":5}"#, format!("{parse} json: cannot unmarshal number into Go struct field .kind of type string ({{\"kind\":5}})")),
        (
            r#"{"kind":"Pod","apiVersion":"a/b/c"}"#,
            format!("{unrecognized} unexpected GroupVersion string: a/b/c ({{\"kind\":\"Pod\",\"apiVersion\":\"a/ ...)"),
        ),
        (
            r#"{"kind":"Secret","apiVersion":"v1","data":{"colour":"red"}}"#,
            "Secret in version \"v1\" cannot be handled as a Pod: illegal base64 data at input byte 0".to_owned(),
        ),
        (
            r#"{"kind":"Secret","apiVersion":"v1","unheardOf":1}"#,
            "Secret in version \"v1\" cannot be handled as a Pod: converting (v1.Secret) to (core.Pod): unknown conversion".to_owned(),
        ),
        (
            r#"{"kind":"Secret","apiVersion":"v1"}"#,
            "Secret in version \"v1\" cannot be handled as a Pod: converting (v1.Secret) to (core.Pod): unknown conversion"
                .to_owned(),
        ),
        (
            r#"{"kind":"Pod","apiVersion":"foo/v1"}"#,
            format!("{handled} no kind \"Pod\" is registered for version \"foo/v1\" in scheme \"pkg/runtime/scheme.go:100\""),
        ),
        (
            r#"{"spec":{"hostNetwork":"x"}}"#,
            format!("{handled} json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool"),
        ),
        (
            r#"{"spec":{"containers":["x"]}}"#,
            format!("{handled} json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container"),
        ),
        (
            r#"{"spec":{"containers":[{"ports":[{"containerPort":1.5}]}]}}"#,
            format!(
                "{handled} json: cannot unmarshal number 1.5 into Go struct field \
                 ContainerPort.spec.containers.ports.containerPort of type int32"
            ),
        ),
        (
            r#"{"metadata":{"creationTimestamp":5}}"#,
            format!("{handled} json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string"),
        ),
        (
            r#"{"metadata":{"name":5},"spec":{"containers":[{"resources":{"limits":{"cpu":"lots"}}}]}}"#,
            format!("{handled} quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        ),
        (
            r#"{"metadata":{"labels":{"a":1}}}"#,
            format!("{handled} json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"),
        ),
        (r#"{"spec":[]}"#, format!("{handled} json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec")),
        (
            r#"{"spec":{"terminationGracePeriodSeconds":99999999999999999999}}"#,
            format!(
                "{handled} json: cannot unmarshal number 99999999999999999999 into Go struct field \
                 PodSpec.spec.terminationGracePeriodSeconds of type int64"
            ),
        ),
        (
            r#"{"spec":{"restartPolicy":5}}"#,
            format!("{handled} json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy"),
        ),
    ] {
        assert_eq!(mistake(30, text), expected, "{text}");
    }
}

#[test]
fn embedded_structs_stand_in_mistakes_of_late_versions() {
    let text = r#"{"spec":{"volumes":[{"name":"a","emptyDir":[]}]}}"#;
    let told = |path: &str| {
        format!(
            "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal array into Go struct field \
             Volume.spec.volumes.{path} of type v1.EmptyDirVolumeSource"
        )
    };
    assert_eq!(mistake(30, text), told("emptyDir"));
    assert_eq!(mistake(36, text), told("VolumeSource.emptyDir"));
}

#[test]
fn unknown_fields_are_told_of_as_asked() {
    let text =
        br#"{"foo":1,"metadata":{"name":"x","name":"y","bar":2},"spec":{"containers":[{"zoo":1,"env":[{"x":1}]}]}}"#;
    let told = [
        "unknown field \"foo\"",
        "duplicate field \"metadata.name\"",
        "unknown field \"metadata.bar\"",
        "unknown field \"spec.containers[0].zoo\"",
        "unknown field \"spec.containers[0].env[0].x\"",
    ];
    let read = |minor, validation| body(&POD, text, validation, &profile(minor)).map(|(_, warnings)| warnings);
    assert_eq!(read(36, Validation::Warn).unwrap(), told);
    assert_eq!(read(36, Validation::Ignore).unwrap(), [""; 0]);
    assert_eq!(read(24, Validation::Strict).unwrap(), [""; 0]);
    let message = "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: ";
    assert_eq!(read(25, Validation::Strict).unwrap_err().message, message.to_owned() + &told.join(", "));
}

#[test]
fn what_is_known_and_not_modelled_is_refused() {
    let read = |minor, object| decode("Pod", object, Validation::Warn, &profile(minor));
    let refused = read(30, json!({"spec": {"affinity": {}}})).unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (501, "the field spec.affinity of a Pod is not modelled by the embedded control plane")
    );
    assert!(read(30, json!({"spec": {"affinity": null}})).is_ok());
    let probed = json!({"spec": {"containers": [{"name": "c", "livenessProbe": {"grpc": {"port": 1}}}]}});
    let port = |minor| {
        read(minor, probed.clone()).unwrap().0["spec"]["containers"][0]["livenessProbe"]["grpc"]["port"].clone()
    };
    assert_eq!(port(24), json!(1));
    assert_eq!(read(23, probed.clone()).unwrap_err().code, 501);
    assert_eq!(read(22, json!({"spec": []})).unwrap_err().code, 501);
}

#[test]
fn objects_are_read_as_they_are_written() {
    let written = |kind, minor, object| decode(kind, object, Validation::Ignore, &profile(minor)).unwrap().0;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "labels": {}, "annotations": null, "finalizers": []},
        "spec": {"containers": [{"name": "c", "tty": false, "resources": {"limits": {"cpu": "1000m"}, "requests": {}}}],
                 "volumes": [{"name": "v", "emptyDir": {"medium": ""}}], "priority": 0, "nodeName": ""},
    });
    let expected = |metadata| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}}}],
                     "volumes": [{"name": "v", "emptyDir": {}}], "priority": 0},
            "status": {},
        })
    };
    assert_eq!(written("Pod", 33, pod.clone()), expected(json!({"name": "x", "creationTimestamp": null})));
    assert_eq!(written("Pod", 34, pod), expected(json!({"name": "x"})));
    let role = json!({"metadata": {"name": "x"}, "rules": []});
    let mut role = written("Role", 36, role);
    assert_eq!(role["rules"], json!([]), "who wrote it manages it");
    normalize("Role", &mut role, &profile(36));
    assert_eq!(role, json!({"metadata": {"name": "x"}, "rules": null}));
    let secret = json!({"data": {"a": null, "b": "Yg=="}, "immutable": false});
    assert_eq!(
        written("Secret", 36, secret),
        json!({"metadata": {}, "data": {"a": null, "b": "Yg=="}, "immutable": false}),
        "it is stored as nothing"
    );
    let env = json!({"spec": {"containers": [{"name": "c", "env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]}]}});
    let from = written("Pod", 36, env)["spec"]["containers"][0]["env"][0]["valueFrom"].take();
    assert_eq!(from, json!({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}));
}

proptest::proptest! {
    #[test]
    fn what_was_written_is_written_alike_again(text in "[\\[\\]{}:,\" a-z0-9]{0,40}") {
        let spec = format!(r#"{{"metadata":{{"name":"x","labels":{{"a":"{}"}}}},"spec":{text}}}"#, text.len());
        if let Ok((object, _)) = body(&POD, spec.as_bytes(), Validation::Ignore, &profile(36)) {
            let mut again = object.clone();
            normalize("Pod", &mut again, &profile(36));
            proptest::prop_assert_eq!(again, object);
        }
    }
}
