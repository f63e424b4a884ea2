use serde_json::json;

use super::*;
use crate::fields::decode;
use crate::kinds::testing::profile;

const POD: Expected<'_> = Expected { kind: "Pod", group: "", version: "v1" };

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
}

fn numbered(number: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    varint(u64::from(number) << 3, &mut out);
    varint(value, &mut out);
    out
}

fn lengthy(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(u64::from(number) << 3 | 2, &mut out);
    varint(bytes.len() as u64, &mut out);
    [out.as_slice(), bytes].concat()
}

/// A value in a field, as Go writes it: what is zero and no pointer as well.
fn written(number: u32, value: &Value, shape: Shape) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    let time = |fraction: bool| {
        let Ok(at) = text.parse::<Timestamp>() else { return Vec::new() };
        let nanos = if fraction { at.subsec_nanosecond() } else { 0 };
        [numbered(1, at.as_second().cast_unsigned()), numbered(2, i64::from(nanos).cast_unsigned())].concat()
    };
    let part = match shape {
        Shape::Scalar(Scalar::Bool) => return numbered(number, u64::from(value.as_bool().unwrap_or_default())),
        Shape::Scalar(Scalar::Int32 | Scalar::Int64) => {
            return numbered(number, value.as_i64().unwrap_or_default().cast_unsigned());
        }
        Shape::Scalar(Scalar::String) => text.as_bytes().to_vec(),
        Shape::Scalar(Scalar::Bytes) => BASE64_STANDARD.decode(text).unwrap(),
        Shape::Scalar(Scalar::Quantity) => lengthy(1, if text.is_empty() { b"0" } else { text.as_bytes() }),
        Shape::Scalar(Scalar::IntOrString) => [
            numbered(1, u64::from(value.is_string())),
            numbered(2, value.as_i64().unwrap_or_default().cast_unsigned()),
            lengthy(3, text.as_bytes()),
        ]
        .concat(),
        Shape::Scalar(Scalar::Time) => time(false),
        Shape::Scalar(Scalar::MicroTime) => time(true),
        Shape::Scalar(Scalar::FieldsV1) => lengthy(1, value.to_string().as_bytes()),
        Shape::Struct(of) => structure(value, of, &[]),
        Shape::List(list) => {
            return value
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|item| written(number, item, list.item()))
                .collect();
        }
        Shape::Map(map) => {
            let entry = |(key, inner): (&String, &Value)| {
                let inner = match map.value() {
                    items @ Shape::List(_) => lengthy(2, &written(1, inner, items)),
                    shape => written(2, inner, shape),
                };
                lengthy(number, &[lengthy(1, key.as_bytes()), inner].concat())
            };
            return value.as_object().into_iter().flatten().flat_map(entry).collect();
        }
    };
    lengthy(number, &part)
}

fn structure(value: &Value, of: Struct, prefix: &[u32]) -> Vec<u8> {
    let mut numbers: Vec<u32> = of
        .fields()
        .iter()
        .filter_map(|field| field.numbers.strip_prefix(prefix).and_then(|rest| rest.first().copied()))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut out = Vec::new();
    for number in numbers {
        let path = [prefix, &[number]].concat();
        match of.fields().iter().find(|field| *field.numbers == *path) {
            None => out.extend(lengthy(number, &structure(value, of, &path))),
            Some(field) if field.pointer && value[field.name].is_null() => {}
            Some(field) => out.extend(written(number, &value[field.name], of.shape(field))),
        }
    }
    out
}

fn enveloped(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let meta = [lengthy(1, api_version.as_bytes()), lengthy(2, kind.as_bytes())].concat();
    [PREFIX, &lengthy(1, &meta), &lengthy(2, raw), &lengthy(3, b""), &lengthy(4, b"")].concat()
}

fn encoded(kind: &str, object: &Value, profile: &Profile) -> Vec<u8> {
    let Some(Shape::Struct(of)) = shape::shape(kind, profile) else { panic!("no kind {kind}") };
    enveloped(object["apiVersion"].as_str().unwrap(), kind, &structure(object, of, &[]))
}

/// Objects with something of each shape.
fn objects() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (
            "Pod",
            "",
            json!({
                "kind": "Pod", "apiVersion": "v1",
                "metadata": {
                    "name": "x", "labels": {"a": "", "b": "c"}, "creationTimestamp": "2024-01-02T03:04:05Z",
                    "ownerReferences": [{"kind": "Pod", "apiVersion": "v1", "name": "o", "uid": "u", "controller": false}],
                    "managedFields": [{"manager": "m", "fieldsType": "FieldsV1", "fieldsV1": {"f:a": {}}}],
                },
                "spec": {
                    "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": false, "priority": -5,
                    "securityContext": {"supplementalGroups": [0, 1, 4_294_967_296_u64], "runAsUser": -1},
                    "containers": [{
                        "name": "c", "args": ["", "a"], "stdin": true,
                        "env": [
                            {"name": "A", "value": "1"},
                            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": false}}},
                            {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
                        ],
                        "resources": {"limits": {"cpu": "100m", "memory": "0"}},
                        "livenessProbe": {"httpGet": {"port": "web", "path": "/"}, "periodSeconds": 7},
                        "readinessProbe": {"tcpSocket": {"port": 80}},
                        "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
                    }],
                    "volumes": [
                        {"name": "v", "emptyDir": {"sizeLimit": "1Gi"}},
                        {"name": "w", "projected": {"defaultMode": 420, "sources": [
                            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
                            {"configMap": {"name": "m", "items": [{"key": "a", "path": "b", "mode": 0}]}},
                        ]}},
                    ],
                },
            }),
        ),
        (
            "Secret",
            "",
            json!({
                "kind": "Secret", "apiVersion": "v1", "metadata": {"name": "x"}, "immutable": false,
                "data": {"a": "", "b": "/+8="}, "stringData": {"c": "d"},
            }),
        ),
        (
            "Lease",
            "coordination.k8s.io",
            json!({
                "kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {"name": "x"},
                "spec": {"renewTime": "2024-01-02T03:04:05.000006Z", "leaseTransitions": 0},
            }),
        ),
        (
            "SubjectAccessReview",
            "authorization.k8s.io",
            json!({
                "kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                "spec": {"user": "u", "groups": ["g"], "extra": {"a": ["", "b"], "c": []}, "resourceAttributes": {}},
            }),
        ),
        (
            "ClusterRole",
            "rbac.authorization.k8s.io",
            json!({
                "kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "x"},
                "rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}],
            }),
        ),
    ]
}

#[test]
fn a_body_in_protobuf_is_what_it_is_in_json() {
    for minor in [22, 30, 37] {
        let profile = profile(minor);
        for (kind, group, object) in objects() {
            let bytes = encoded(kind, &object, &profile);
            let (read, warnings) = protobuf_body(&Expected { kind, group, version: "v1" }, &bytes, &profile).unwrap();
            assert_eq!(warnings, [""; 0]);
            assert_eq!(read, decode(kind, object, Validation::Ignore, &profile).unwrap().0, "v1.{minor}");
        }
    }
}

#[test]
fn what_is_not_said_is_taken_from_the_path_and_what_is_not_known_is_left_out() {
    let profile = profile(36);
    let named = lengthy(1, &lengthy(1, b"x"));
    let unknown = [
        named.as_slice(),
        &numbered(99, 5),
        &lengthy(98, b"abc"),
        &[0x99, 6, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x9d, 6, 0, 0, 0, 0],
        // A group, and another in it.
        &[0x9b, 6, 0x9b, 6, 0x08, 1, 0x9c, 6, 0x9c, 6],
    ]
    .concat();
    let read = |api_version: &str, kind: &str, raw: &[u8]| {
        protobuf_body(&POD, &enveloped(api_version, kind, raw), &profile).map(|(pod, _)| pod)
    };
    let expected = read("v1", "Pod", &named).unwrap();
    assert_eq!((&expected["metadata"], &expected["kind"]), (&json!({"name": "x"}), &json!("Pod")));
    for (api_version, kind) in [("", ""), ("v1", ""), ("", "Pod"), ("a/b/c", "Pod"), ("a/", "Pod")] {
        assert_eq!(read(api_version, kind, &unknown).as_ref(), Ok(&expected), "{api_version} {kind}");
    }
    // What is there twice is one after the other: of a message what both say.
    let twice = [named.as_slice(), &lengthy(1, &lengthy(1, b"")), &lengthy(1, &lengthy(5, b"u"))].concat();
    assert_eq!(read("v1", "Pod", &twice).unwrap()["metadata"], json!({"uid": "u"}));
}

#[test]
fn numbers_may_stand_together() {
    let groups = |bytes: &[u8]| {
        let raw = lengthy(2, &lengthy(14, bytes));
        let (pod, _) = protobuf_body(&POD, &enveloped("v1", "Pod", &raw), &profile(36)).unwrap();
        pod["spec"]["securityContext"]["supplementalGroups"].clone()
    };
    assert_eq!(groups(&lengthy(4, &[1, 0x80, 1])), json!([1, 128]));
    assert_eq!(groups(&[lengthy(4, &[1]), numbered(4, 2)].concat()), json!([1, 2]));
}

#[test]
fn mistakes_are_told_as_the_server_tells_them() {
    let mistake = |bytes: &[u8]| protobuf_body(&POD, bytes, &profile(36)).unwrap_err();
    let unrecognized = "the object provided is unrecognized (must be of type Pod): ";
    let prefix = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
    for (bytes, expected) in [
        (&b""[..], "empty data (<empty>)".to_owned()),
        (b"k8s\0", "empty body (6b387300)".to_owned()),
        (b"{}", format!("{prefix} ({{}})")),
        (b"k8s\0\x0a\x05a", "unexpected EOF (6b3873000a0561)".to_owned()),
    ] {
        assert_eq!(mistake(bytes).message, unrecognized.to_owned() + &expected);
    }
    for (raw, expected) in [
        (vec![0x0a], "unexpected EOF"),
        (vec![0x0a, 1], "unexpected EOF"),
        (vec![0x80; 11], "proto: integer overflow"),
        (vec![0x0c], "proto: Pod: wiretype end group for non-group"),
        (vec![0x02], "proto: Pod: illegal tag 0 (wire type 2)"),
        (vec![0x0f], "proto: wrong wireType = 7 for field ObjectMeta"),
        (vec![0x7f], "proto: illegal wireType 7"),
        (vec![0x7b, 0x08], "unexpected EOF"),
        (
            vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            "proto: negative length found during unmarshaling",
        ),
        (numbered(1, 5), "proto: wrong wireType = 0 for field ObjectMeta"),
        (lengthy(2, &lengthy(1, &numbered(2, 5))), "proto: wrong wireType = 0 for field VolumeSource"),
        (lengthy(2, &lengthy(1, &lengthy(2, &[0x0c]))), "proto: VolumeSource: wiretype end group for non-group"),
        (lengthy(2, &lengthy(4, b"x")), "proto: wrong wireType = 2 for field TerminationGracePeriodSeconds"),
    ] {
        let told = format!("Pod in version \"v1\" cannot be handled as a Pod: {expected}");
        assert_eq!(mistake(&enveloped("v1", "Pod", &raw)).message, told, "{raw:02x?}");
    }
    assert_eq!(
        mistake(&enveloped("v1", "Secret", b"")).message,
        "Secret in version \"v1\" cannot be handled as a Pod: converting (v1.Secret) to (core.Pod): unknown conversion"
    );
    assert_eq!(mistake(&enveloped("v1", "Pod", &lengthy(2, &lengthy(18, b"")))).code, 501, "affinity");
}

#[test]
fn options_of_a_deletion_are_read_whatever_they_are_of() {
    let options = json!({"gracePeriodSeconds": 0, "preconditions": {"uid": "u"}, "propagationPolicy": "Background"});
    let profile = profile(36);
    let Some(Shape::Struct(of)) = shape::shape("DeleteOptions", &profile) else { panic!("no DeleteOptions") };
    let bytes = enveloped("rbac.authorization.k8s.io/v1", "DeleteOptions", &structure(&options, of, &[]));
    assert_eq!(protobuf_options(&bytes, &profile), Ok(options));
    assert_eq!(protobuf_options(b"", &profile).unwrap_err().message, "empty data");
}

proptest::proptest! {
    #[test]
    fn no_bytes_are_too_much(raw in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let profile = profile(36);
        for bytes in [raw.clone(), [PREFIX, &raw].concat(), enveloped("v1", "Pod", &raw)] {
            _ = protobuf_body(&POD, &bytes, &profile);
            _ = protobuf_options(&bytes, &profile);
        }
    }

    #[test]
    fn no_change_is_too_much(at in 0_usize..2000, byte: u8, cut in 0_usize..2000) {
        let profile = profile(36);
        for (kind, group, object) in objects() {
            let mut bytes = encoded(kind, &object, &profile);
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            _ = protobuf_body(&Expected { kind, group, version: "v1" }, &bytes, &profile);
        }
    }
}
