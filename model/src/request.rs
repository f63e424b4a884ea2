//! A request as it came, and what it asks for.

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::service::Peer;

/// A request, its body read.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) peer: Peer,
}

impl Request {
    /// The first value of a header, where it is text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The parameters behind the question mark.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self(pairs.collect())
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// As Go reads booleans in a query: `1`, `true`; what is there without a value or as something else is true too.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !matches!(value, "0" | "false" | "FALSE" | "False" | "f" | "F"))
    }
}

/// A text with its `%XX` and `+` resolved; what is no UTF-8 then is replaced.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = |at: usize| {
            after.get(at).and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
        };
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high * 16 + low);
                rest = &after[2..];
            }
            (b'+', ..) => {
                bytes.push(b' ');
                rest = after;
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a request is about, as authorizers see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// `get`, `list`, `create` ..; of what is no resource the method in lower case.
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The whole path, of what is no resource.
    pub(crate) path: String,
    pub(crate) is_resource: bool,
    /// As it came, of a request for several.
    pub(crate) field_selector: String,
}

impl Attributes {
    pub(crate) fn of(request: &Request) -> Self {
        let method = request.method.as_str().to_ascii_lowercase();
        let other = || Self { verb: method.clone(), path: request.path.clone(), ..Self::default() };
        let segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => return other(),
        };
        let (namespace, parts) = match rest {
            // The Namespace itself, and its subresources.
            ["namespaces", name] | ["namespaces", name, "status" | "finalize"] => (*name, rest),
            ["namespaces", namespace, parts @ ..] => (*namespace, parts),
            _ => ("", rest),
        };
        let is_watch = request.query.flag("watch");
        let [resource, ..] = parts else { return other() };
        let name = parts.get(1).copied().unwrap_or_default();
        let verb = match (&request.method, name) {
            (&Method::GET | &Method::HEAD, "") if is_watch => "watch",
            (&Method::GET | &Method::HEAD, "") => "list",
            (&Method::GET | &Method::HEAD, _) => "get",
            (&Method::POST, _) => "create",
            (&Method::PUT, _) => "update",
            (&Method::PATCH, _) => "patch",
            (&Method::DELETE, "") => "deletecollection",
            (&Method::DELETE, _) => "delete",
            _ => &method,
        };
        Self {
            verb: verb.to_owned(),
            group: group.to_owned(),
            version: version.to_owned(),
            resource: (*resource).to_owned(),
            subresource: parts.get(2).copied().unwrap_or_default().to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            path: request.path.clone(),
            is_resource: true,
            field_selector: match verb {
                "list" | "watch" | "deletecollection" => {
                    request.query.get("fieldSelector").unwrap_or_default().to_owned()
                }
                _ => String::new(),
            },
        }
    }

    /// With the name that a list or a watch is of by its field selector: it is what may be allowed.
    pub(crate) fn named_by(&self, query: &Query) -> Self {
        let selected = query.get("fieldSelector").unwrap_or_default().split(',').find_map(|term| {
            let (field, name) = term.split_once("==").or_else(|| term.split_once('='))?;
            (field == "metadata.name" && !name.is_empty() && !name.contains(['/', '%'])).then_some(name)
        });
        match selected {
            Some(name) if self.name.is_empty() && matches!(self.verb.as_str(), "list" | "watch") => {
                Self { name: name.to_owned(), ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    /// Plural and group, as `roles.rbac.authorization.k8s.io`.
    pub(crate) fn full_resource(&self) -> String {
        full(&self.resource, &self.group)
    }
}

/// A resource with its group, as `deployments.apps`.
pub(crate) fn full(plural: &str, group: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") }
}
