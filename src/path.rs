//! Paths of the Kubernetes API, percent-encoded.

use std::fmt::Write as _;

/// The path of a resource's collection, in a Namespace or over all.
pub(crate) fn collection(api_version: &str, plural: &str, namespace: Option<&str>) -> String {
    let root = if api_version.contains('/') { "/apis" } else { "/api" };
    let mut path = format!("{root}/{api_version}");
    if let Some(namespace) = namespace {
        path.push_str("/namespaces");
        push(&mut path, namespace);
    }
    push(&mut path, plural);
    path
}

/// The path of an object, or of a subresource of it.
pub(crate) fn object(collection: &str, name: &str, subresource: Option<&str>) -> String {
    let mut path = collection.to_owned();
    push(&mut path, name);
    if let Some(subresource) = subresource {
        push(&mut path, subresource);
    }
    path
}

/// A path with parameters after those it has.
pub(crate) fn with_query(path: &str, query: &[(String, String)]) -> String {
    let mut out = path.to_owned();
    for (name, value) in query {
        out.push(if out.contains('?') { '&' } else { '?' });
        encode(&mut out, name, "");
        out.push('=');
        encode(&mut out, value, ",:/");
    }
    out
}

/// A path that a user wrote: what cannot stand in one is encoded, what is encoded already stays.
pub(crate) fn written(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    encode(&mut out, path, "/?&=%:@!$'()*+,;[]");
    out
}

fn push(path: &mut String, segment: &str) {
    path.push('/');
    encode(path, segment, ":@");
}

/// Appends `text`; beside the unreserved characters only those of `also` stay as they are.
fn encode(out: &mut String, text: &str, also: &str) {
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || also.contains(c) {
            out.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_namespaces_make_the_path() {
        assert_eq!(collection("v1", "pods", Some("demo")), "/api/v1/namespaces/demo/pods");
        let roles = collection("rbac.authorization.k8s.io/v1", "clusterroles", None);
        assert_eq!(roles, "/apis/rbac.authorization.k8s.io/v1/clusterroles");
        assert_eq!(object(&roles, "system:x y/z", Some("status")), format!("{roles}/system:x%20y%2Fz/status"));
    }

    #[test]
    fn parameters_are_appended() {
        let query = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(with_query("/a", &query("labelSelector", "a=b,c!=d")), "/a?labelSelector=a%3Db,c%21%3Dd");
        assert_eq!(with_query("/a?x=1", &query("dryRun", "All")), "/a?x=1&dryRun=All");
        assert_eq!(with_query("/a", &[]), "/a");
    }

    #[test]
    fn written_paths_keep_what_they_say() {
        assert_eq!(written("/api/v1/x?watch=1&a=%20b c"), "/api/v1/x?watch=1&a=%20b%20c");
        assert_eq!(written("/ü"), "/%C3%BC");
    }
}
