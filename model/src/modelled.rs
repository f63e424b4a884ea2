//! What is modelled, in words.

use std::fmt::Write;

use crate::profile;
use crate::resources::RESOURCES;
use crate::{fields, releases};

const ABOUT: &str = "\
An embedded control plane is a model of the API server inside this program, with the controllers that its kinds need and a Node
on paper. What it answers is what real control planes of that version answered: every snapshot of the scenarios about tokens is
reproduced, and random sequences of calls are compared (`rehearsal explore`). What it does not model it refuses with code 501, and
a scenario that needs that is skipped. Nothing is recorded from it.
";

const BESIDE: &str = "\
reviews, answered and not kept:
  TokenRequest, TokenReview, SelfSubjectReview, SubjectAccessReview, SelfSubjectAccessReview, LocalSubjectAccessReview,
  SelfSubjectRulesReview

requests:
  create, get, list (selectors, limit and continue), watch (bookmarks, initial events), update, JSON, merge and strategic patch, server-side
  apply, delete (grace, preconditions, propagation, finalizers), deletecollection, dry run, field validation, field managers, bodies in JSON,
  YAML and protobuf, Tables and metadata alone, discovery, /version, health, OpenID discovery, as much OpenAPI as kubectl needs

who asks:
  client certificates, bearer tokens, impersonation, nobody; RBAC and what it keeps its writers from giving, the Node authorizer,
  NodeRestriction for tokens

controllers:
  ServiceAccounts, their tokens, tracking and clean-up of these, root CA, Namespaces, owners, aggregated ClusterRoles, scheduling to the
  one Node by nodeSelector, the taints of Nodes
";

/// All of it.
pub(crate) fn text() -> String {
    let mut text = String::from(ABOUT);
    let releases: Vec<&str> = releases().iter().map(|release| release.version).collect();
    let kinds: Vec<String> =
        RESOURCES.iter().map(|resource| format!("{} ({})", resource.kind, resource.api_version())).collect();
    section(&mut text, "releases", [releases.join(", ")]);
    section(&mut text, "kinds", [kinds.join(", ")]);
    text.push('\n');
    text.push_str(BESIDE);
    let fields = fields::modelled_types().map(|(kind, fields)| {
        let shown = match fields.strip_prefix("* ") {
            _ if fields == "*" => "all".to_owned(),
            Some(but) => format!("all but {}", but.replace('!', "")),
            None => fields.to_owned(),
        };
        format!("{kind}: {shown}")
    });
    section(&mut text, "fields", fields);
    let flags = profile::flags()
        .into_iter()
        .flat_map(|(component, flags)| flags.iter().map(move |flag| format!("{component} --{flag}")));
    section(&mut text, "flags", flags);
    section(&mut text, "what differs by version, or by a feature gate", profile::features());
    text
}

fn section(text: &mut String, title: &str, lines: impl IntoIterator<Item = String>) {
    // Writing into a String does not fail.
    let _ = writeln!(text, "\n{title}:");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}
