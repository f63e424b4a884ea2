//! `as:`: who a step asks as.

use serde_json::Value;

use crate::shape::{self, Shape};
use crate::syntax::{At, Diagnostic, Diagnostics, Fields, Key, Node, Reference, TextTemplate, Yaml, not_a_string};
use crate::topic::Topic;

/// Who can be asked as.
pub static IDENTITIES: &[Topic] = &[
    Topic {
        name: "token",
        doc: "Whoever a bearer token says.",
        example: "- name: token\n  token: {serviceAccount: demo-sa}\n- as: {token: \"${token.status.token}\"}\n  \
                  request: {get: /version}",
    },
    Topic {
        name: "serviceAccount",
        doc: "A ServiceAccount of the scenario's Namespace, or `NAMESPACE/NAME`, by a token that is made for it and not shown.",
        example: "as: {serviceAccount: demo-sa}\nrequest: {get: /version}",
    },
    Topic {
        name: "user",
        doc: "Anybody, by impersonation, perhaps with `groups`, `uid` and `extra`.",
        example: "as: {user: jane, groups: [system:masters]}\nlist: {kind: Secret}",
    },
    Topic {
        name: "certificate",
        doc: "Whoever a client certificate says that the cluster signs: `cn` is the user, `o` the group. The scenario needs `ca`.",
        example: "as: {certificate: {cn: jane, o: dev}}\nwhen: {needs: [ca]}\nrequest: {get: /version}",
    },
    Topic {
        name: "anonymous",
        doc: "Nobody: without any credential.",
        example: "as: anonymous\nrequest: {get: /version}",
    },
];

/// Who asks.
#[derive(Debug)]
pub enum Identity {
    /// Whoever the cluster was opened as.
    Admin,
    /// Whoever a bearer token says.
    Token(TextTemplate),
    /// A ServiceAccount, `NAME` or `NAMESPACE/NAME`, by a token that is made for it.
    ServiceAccount(TextTemplate),
    /// Anybody, by impersonation.
    User(User),
    /// Whoever a client certificate says that the cluster signs.
    Certificate(Certificate),
    /// Nobody.
    Anonymous,
}

/// A user to be impersonated.
#[derive(Debug)]
pub struct User {
    /// The name.
    pub name: TextTemplate,
    /// The groups.
    pub groups: Vec<TextTemplate>,
    /// The uid.
    pub uid: Option<TextTemplate>,
    /// Extra values.
    pub extra: Vec<(String, Vec<TextTemplate>)>,
}

/// A client certificate to be made.
#[derive(Debug)]
pub struct Certificate {
    /// The common name: the user.
    pub name: TextTemplate,
    /// The organization: the group.
    pub organization: Option<TextTemplate>,
    /// Where it is asked for.
    pub at: At,
}

const HELP: &str = "write `anonymous`, or one of {token: T}, {serviceAccount: NAME}, {user: NAME, groups: [..]} and \
                    {certificate: {cn: NAME}}";

/// The fields of which one says who asks.
const WHO: [&str; 4] = ["token", "serviceAccount", "user", "certificate"];

impl Identity {
    pub(super) fn shape() -> Value {
        let values = shape::entries(&shape::any_of(&[shape::text(), shape::strings()]));
        let shape = ["token", "serviceAccount", "user", "uid"].into_iter();
        let shape = shape.fold(Shape::new(), |shape, name| shape.optional(name, shape::text()));
        let shape = shape.optional("groups", shape::strings()).optional("extra", values);
        let shape = shape.optional("certificate", Certificate::shape()).described(IDENTITIES);
        shape::any_of(&[shape::word(&["anonymous"]), shape::with_one_of(shape.finish(), &WHO)])
    }

    pub(super) fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        match &node.value {
            Yaml::String(text) if text == "anonymous" => return Self::Anonymous,
            Yaml::Map(_) => {}
            _ => {
                diagnostics.push(Diagnostic::new(node.at.clone(), "`as` does not say who asks").help(HELP));
                return Self::Admin;
            }
        }
        let Some(mut fields) = Fields::of(node, "as", diagnostics) else { return Self::Admin };
        let token = fields.optional("token").text();
        let service_account = fields.optional("serviceAccount").text();
        let user = fields.optional("user").text();
        let groups = fields.optional("groups").strings();
        let uid = fields.optional("uid").text();
        let extra = fields.optional("extra").entries();
        let certificate = fields.optional("certificate").node();
        let is_odd = fields.rest().next().is_some();
        fields.finish();
        let given = WHO.iter().filter(|name| node.get(name).is_some()).count();
        if given != 1 && !is_odd {
            let message = format!("`as` needs one identity, this has {given}");
            diagnostics.push(Diagnostic::new(node.at.clone(), message).help(HELP));
        }
        let impersonates = groups.is_some() || uid.is_some() || extra.is_some();
        if impersonates && node.get("user").is_none() {
            diagnostics.report(&node.at, "`groups`, `uid` and `extra` belong to a `user`");
        }
        if let Some(certificate) = certificate {
            return Certificate::decode(certificate, diagnostics).map_or(Self::Admin, Self::Certificate);
        }
        match (token, service_account, user) {
            (Some(token), ..) => Self::Token(token),
            (_, Some(account), _) => Self::ServiceAccount(account),
            (.., Some(name)) => {
                let groups = groups.unwrap_or_default().into_iter();
                let groups = groups.filter_map(|(text, at)| diagnostics.keep(TextTemplate::parse(text, at))).collect();
                let extra = extra.unwrap_or_default().iter().map(|entry| extra_values(entry, diagnostics)).collect();
                Self::User(User { name, groups, uid, extra })
            }
            _ => Self::Admin,
        }
    }

    pub(super) fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Admin | Self::Anonymous => Vec::new(),
            Self::Token(text) | Self::ServiceAccount(text) => text.references().collect(),
            Self::Certificate(certificate) => {
                let texts = std::iter::once(&certificate.name).chain(&certificate.organization);
                texts.flat_map(TextTemplate::references).collect()
            }
            Self::User(user) => {
                let extra = user.extra.iter().flat_map(|(_, values)| values);
                let texts = std::iter::once(&user.name).chain(&user.groups).chain(&user.uid).chain(extra);
                texts.flat_map(TextTemplate::references).collect()
            }
        }
    }
}

impl Certificate {
    fn shape() -> Value {
        Shape::new().required("cn", shape::text()).optional("o", shape::text()).finish()
    }

    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, "certificate", diagnostics)?;
        let name = fields.required("cn").text();
        let organization = fields.optional("o").text();
        fields.finish();
        Some(Self { name: name?, organization, at: node.at.clone() })
    }
}

fn extra_values((key, node): &(Key, Node), diagnostics: &mut Diagnostics) -> (String, Vec<TextTemplate>) {
    let mut values = Vec::new();
    for element in node.elements() {
        match element.as_str() {
            Some(text) => values.extend(diagnostics.keep(TextTemplate::parse(text, &element.at))),
            None => diagnostics.push(not_a_string(&key.text, element)),
        }
    }
    (key.text.clone(), values)
}
