//! The body of a request: what it says that it is, and what it is read as.

use serde_json::Value;

use super::Validation;
use super::iterator;
use super::json::{self, Json, Mistake};
use crate::profile::{Feature, Profile, Span};
use crate::resources::RESOURCES;
use crate::status::Refusal;

/// What a path takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'r> {
    pub(crate) kind: &'r str,
    pub(crate) group: &'r str,
    pub(crate) version: &'r str,
}

/// Where the API server's scheme was made, which stands in texts: as builds from the published modules say it.
const SCHEME: [(Span, &str); 3] = [
    (Span::until(33), "pkg/runtime/scheme.go:100"),
    (Span::between(33, 35), "pkg/runtime/scheme.go:110"),
    (Span::from(35), "pkg/runtime/scheme.go:111"),
];

/// How much of a body that is not understood is shown.
const SHOWN: usize = 30;

/// An object read from JSON: what it does not say of itself is taken from the path. Given back with the texts of warnings.
pub(crate) fn body(
    expected: &Expected<'_>,
    bytes: &[u8],
    validation: Validation,
    profile: &Profile,
) -> Result<(Value, Vec<String>), Refusal> {
    let unrecognized = |why: &str| self::unrecognized(expected, bytes, why);
    let mut json = match json::read(bytes) {
        Ok(json) => json,
        Err(Mistake::TooDeep) => return Err(Refusal::not_modelled("a body that is nested so deep")),
        Err(Mistake::Syntax(text)) => {
            return Err(unrecognized(&format!("couldn't get version/kind; json parse error: {text}")));
        }
    };
    let (api_version, kind) =
        says(&json).map_err(|text| unrecognized(&format!("couldn't get version/kind; json parse error: {text}")))?;
    let (group, version) = match api_version.split_once('/') {
        Some((_, rest)) if rest.contains('/') => {
            return Err(unrecognized(&format!("unexpected GroupVersion string: {api_version}")));
        }
        Some((group, version)) => (group, version),
        None => ("", api_version.as_str()),
    };
    let kind = if kind.is_empty() { expected.kind } else { &kind };
    let (group, version) = match (group, version) {
        ("", "") => (expected.group, expected.version),
        (group, "") if group == expected.group => (group, expected.version),
        other => other,
    };
    let whole = match fits(expected, group, version, kind, profile) {
        Ok(whole) => whole,
        // It is read as what it says it is before that is found to be something else.
        Err(refusal) => return Err(misread(expected, group, version, kind, json, profile).unwrap_or(refusal)),
    };
    if json == Json::Null {
        json = Json::Object(Vec::new());
    }
    if let Json::Object(pairs) = &mut json {
        for (key, value) in [("kind", kind), ("apiVersion", &whole)] {
            match pairs.iter_mut().find(|(known, _)| known == key) {
                Some((_, said)) => *said = Json::String(value.to_owned()),
                None => pairs.push((key.to_owned(), Json::String(value.to_owned()))),
            }
        }
    }
    super::read(expected.kind, version, json, validation, profile).map_err(|refusal| {
        let words = refusal.message.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map(|(words, _)| words);
        let told = words.and_then(|words| iterator::text_for_number(expected.kind, bytes, words));
        match told.filter(|_| !profile.has(Feature::MistakesOfGoJson)) {
            Some(told) => {
                let kind = expected.kind;
                Refusal::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {told}"))
            }
            None => refusal,
        }
    })
}

/// Refuses what is patched into another kind than the path takes, or into none.
pub(crate) fn remains(expected: &Expected<'_>, object: &Value, profile: &Profile) -> Result<(), Refusal> {
    if !object.is_object() {
        let why = says_nothing(super::sort(object));
        return Err(Refusal::bad_request(format!(
            "{}: couldn't get version/kind; json parse error: {why}",
            expected.kind
        )));
    }
    let (Some(whole), Some(kind)) = (object["apiVersion"].as_str(), object["kind"].as_str()) else { return Ok(()) };
    let (group, version) = whole.split_once('/').unwrap_or(("", whole));
    if kind.is_empty() || version.is_empty() || version.contains('/') {
        return Ok(());
    }
    fits(expected, group, version, kind, profile).map(drop).map_err(|refusal| {
        misread(expected, group, version, kind, Json::from(object.clone()), profile).unwrap_or(refusal)
    })
}

/// What is wrong with a body of another kind by the standards of that kind.
fn misread(
    expected: &Expected<'_>,
    group: &str,
    version: &str,
    kind: &str,
    json: Json,
    profile: &Profile,
) -> Option<Refusal> {
    let known = RESOURCES.iter().find(|known| (known.group, known.version, known.kind) == (group, version, kind))?;
    let mut refusal = super::read(known.kind, version, json, Validation::Ignore, profile).err()?;
    refusal.message = refusal.message.replacen(&format!(" as a {kind}: "), &format!(" as a {}: ", expected.kind), 1);
    Some(refusal)
}

/// A body that does not even say what it is.
pub(super) fn unrecognized(expected: &Expected<'_>, bytes: &[u8], why: &str) -> Refusal {
    let (kind, shown) = (expected.kind, summary(bytes));
    Refusal::bad_request(format!("the object provided is unrecognized (must be of type {kind}): {why} ({shown})"))
}

/// The `apiVersion` of a body, where it is of the kind that is expected.
pub(super) fn fits(
    expected: &Expected<'_>,
    group: &str,
    version: &str,
    kind: &str,
    profile: &Profile,
) -> Result<String, Refusal> {
    let whole = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    if (group, version, kind) == (expected.group, expected.version, expected.kind) {
        Ok(whole)
    } else {
        Err(another_kind(expected, kind, &whole, version, profile))
    }
}

/// The `apiVersion` and `kind` of a body, whatever the case of those words.
fn says(json: &Json) -> Result<(String, String), String> {
    let pairs = match json {
        Json::Object(pairs) => pairs,
        Json::Null => return Ok(Default::default()),
        other => return Err(says_nothing(other.sort())),
    };
    let text = |name: &str| {
        let mut said = String::new();
        for (_, value) in pairs.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)) {
            match value {
                Json::String(text) => said.clone_from(text),
                Json::Null => {}
                other => {
                    let sort = other.sort();
                    return Err(format!("json: cannot unmarshal {sort} into Go struct field .{name} of type string"));
                }
            }
        }
        Ok(said)
    };
    Ok((text("apiVersion")?, text("kind")?))
}

/// What is wrong with something of a sort that says of itself neither version nor kind.
fn says_nothing(sort: &str) -> String {
    let wanted =
        r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
    format!("json: cannot unmarshal {sort} into Go value of type {wanted}")
}

/// A body of a kind that the path does not take.
fn another_kind(expected: &Expected<'_>, kind: &str, whole: &str, version: &str, profile: &Profile) -> Refusal {
    let refuse = |why: &str| {
        let wanted = expected.kind;
        Refusal::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {wanted}: {why}"))
    };
    if super::shape(kind, profile).is_some() && is_of(kind, whole) {
        let internal = match expected.group.split_once('.') {
            Some((name, _)) => name,
            None => "core",
        };
        return refuse(&format!("converting ({version}.{kind}) to ({internal}.{}): unknown conversion", expected.kind));
    }
    let core = whole == "v1" && !CORE.contains(&kind);
    let known_group = GROUPS.contains(&whole.split('/').next().unwrap_or_default()) && whole.contains('/');
    if core || !(known_group || whole == "v1") {
        let scheme = SCHEME.iter().find(|(span, _)| profile.is_within(*span)).map_or("", |(_, text)| text);
        return refuse(&format!("no kind {kind:?} is registered for version {whole:?} in scheme {scheme:?}"));
    }
    Refusal::not_modelled(format_args!("a body of kind {kind} in {whole}"))
}

/// Whether a kind of the table lives in that group and version.
fn is_of(kind: &str, whole: &str) -> bool {
    RESOURCES.iter().any(|resource| resource.kind == kind && resource.api_version() == whole)
}

/// The kinds of the core group that the model does not know, and the group's others.
const CORE: [&str; 50] = [
    "APIGroup",
    "APIGroupList",
    "APIResourceList",
    "APIVersions",
    "Binding",
    "ComponentStatus",
    "ComponentStatusList",
    "ConfigMap",
    "ConfigMapList",
    "CreateOptions",
    "DeleteOptions",
    "Endpoints",
    "EndpointsList",
    "Event",
    "EventList",
    "GetOptions",
    "LimitRange",
    "LimitRangeList",
    "ListOptions",
    "Namespace",
    "NamespaceList",
    "Node",
    "NodeList",
    "NodeProxyOptions",
    "PatchOptions",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PersistentVolumeClaimList",
    "PersistentVolumeList",
    "Pod",
    "PodAttachOptions",
    "PodExecOptions",
    "PodList",
    "PodLogOptions",
    "PodPortForwardOptions",
    "PodProxyOptions",
    "PodStatusResult",
    "PodTemplate",
    "PodTemplateList",
    "RangeAllocation",
    "ReplicationController",
    "ReplicationControllerList",
    "ResourceQuota",
    "ResourceQuotaList",
    "Secret",
    "SecretList",
    "Service",
    "ServiceAccount",
    "ServiceAccountList",
    "Status",
];

/// Groups with kinds that the model does not know: of those it does not say what is registered.
const GROUPS: [&str; 20] = [
    "admission.k8s.io",
    "admissionregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "imagepolicy.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// The beginning of a body: as text where it is an object, else as hexadecimal digits.
fn summary(body: &[u8]) -> String {
    let (shown, more) = if body.len() > SHOWN { (&body[..SHOWN], " ...") } else { (body, "") };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => String::from_utf8_lossy(shown).into_owned() + more,
        Some(_) => {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
            shown.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect::<String>() + more
        }
    }
}

/// Why bytes are no JSON object, in the words of Go's `encoding/json`.
pub(crate) fn object_mistake(bytes: &[u8]) -> Option<String> {
    match json::read(bytes) {
        Ok(Json::Object(_) | Json::Null) => None,
        Ok(other) => {
            Some(format!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", other.sort()))
        }
        Err(Mistake::Syntax(text)) => Some(text),
        Err(Mistake::TooDeep) => Some("exceeded max depth".to_owned()),
    }
}
