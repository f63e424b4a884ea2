//! Impersonation: acting as somebody else, for who has the right to.

use std::collections::BTreeMap;

use http::HeaderMap;

use crate::authz::authorize;
use crate::profile::Feature;
use crate::request::{Attributes, Request};
use crate::status::Refusal;
use crate::user::User;
use crate::world::{Outcome, World};

const GROUP: &str = "authentication.k8s.io";

/// Whom a request is to be done as: the one of the headers, or who asks.
pub(super) fn user(world: &mut World, request: &Request, asking: User) -> Outcome<User> {
    let Some(wanted) = wanted(world, &request.headers)? else { return Ok(asking) };
    if !world.profile.has(Feature::ConstrainedImpersonation) {
        return legacy(world, &asking, wanted, false);
    }
    let attributes = Attributes::of(request);
    // The mode that a user had success with comes first; what is told in the end is the first refusal.
    let last = world.cache.mode(&asking.name);
    let order = last.into_iter().chain((0..=MODES.len()).filter(|mode| Some(*mode) != last));
    let mut first = None;
    for index in order {
        let tried = match MODES.get(index) {
            None => Some(legacy(world, &asking, wanted.clone(), true)),
            Some(mode) => (mode.fits)(&wanted, &asking)
                .then(|| constrained(world, mode.name, &asking, wanted.clone(), &attributes)),
        };
        match tried {
            Some(Ok(user)) => {
                world.cache.set_mode(&asking.name, index);
                return Ok(user);
            }
            Some(Err(refusal)) => first = first.or(Some(refusal)),
            None => {}
        }
    }
    Err(first.unwrap_or_else(Refusal::unauthorized))
}

/// The user of the headers, as they say it.
fn wanted(world: &World, headers: &HeaderMap) -> Outcome<Option<User>> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let first = |name: &str| headers.get(name).map(text).unwrap_or_default();
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        if let Some(key) = name.as_str().strip_prefix("impersonate-extra-") {
            extra.entry(unescaped(key)).or_default().push(text(value));
        }
    }
    let wanted = User {
        name: first("impersonate-user"),
        uid: first("impersonate-uid"),
        groups: headers.get_all("impersonate-group").iter().map(text).collect(),
        extra,
    };
    if !wanted.name.is_empty() {
        return Ok(Some(wanted));
    }
    if is_only_a_name(&wanted) {
        return Ok(None);
    }
    if world.profile.has(Feature::ImpersonationWithoutUserRefused) {
        return Err(Refusal::bad_request(without_user(world, &wanted)));
    }
    // Answered with a text that is no Status.
    Err(Refusal::not_modelled("impersonation without a user"))
}

/// What is said of what was asked for, as Go shows it.
fn without_user(world: &World, wanted: &User) -> String {
    if !world.profile.has(Feature::ConstrainedImpersonation) {
        let groups = wanted.groups.iter().map(|group| format!("{{Group  {group}    }}"));
        let extra = wanted.extra.iter().flat_map(|(key, values)| {
            values.iter().map(move |value| format!("{{UserExtra  {value}  {GROUP}/v1  {key}}}"))
        });
        let uid = Some(&wanted.uid).filter(|uid| !uid.is_empty());
        let uid = uid.map(|uid| format!("{{UID  {uid}  {GROUP}/v1  }}"));
        return format!(
            "requested [{}] without impersonating a user",
            groups.chain(extra).chain(uid).collect::<Vec<_>>().join(" ")
        );
    }
    let list = |texts: &[String]| {
        let texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
        format!("{{{}}}", texts.join(", "))
    };
    let groups = if wanted.groups.is_empty() { "(nil)".to_owned() } else { list(&wanted.groups) };
    let extra: Vec<String> =
        wanted.extra.iter().map(|(key, values)| format!("{key:?}:[]string{}", list(values))).collect();
    let extra = if extra.is_empty() { "(nil)".to_owned() } else { format!("{{{}}}", extra.join(", ")) };
    format!(
        "requested &user.DefaultInfo{{Name:\"\", UID:{:?}, Groups:[]string{groups}, Extra:map[string][]string{extra}}} without impersonating a user name",
        wanted.uid
    )
}

fn is_only_a_name(wanted: &User) -> bool {
    wanted.uid.is_empty() && wanted.groups.is_empty() && wanted.extra.is_empty()
}

/// The right to everything that the headers name, whatever is done then. The order of the checks tells which is missing.
fn legacy(world: &World, asking: &User, wanted: User, uid_is_early: bool) -> Outcome<User> {
    let check = Check { world, asking, verb: "impersonate", group: "" };
    let mut user = wanted;
    let groups = user.groups.clone();
    match service_account(&user.name) {
        Some((namespace, name)) => {
            check.may("", "serviceaccounts", "", namespace, name)?;
            if groups.is_empty() {
                user.groups = User::service_account(namespace, name, "").groups;
            }
        }
        None => check.may("", "users", "", "", &user.name)?,
    }
    if uid_is_early {
        check.uid(&user)?;
    }
    for group in &groups {
        check.may("", "groups", "", "", group)?;
    }
    check.extra(&user)?;
    if !uid_is_early {
        check.uid(&user)?;
    }
    Ok(completed(user))
}

/// A way to impersonate that does not give all that the other may do.
struct Mode {
    name: &'static str,
    /// Whether somebody is of the kind that it is for.
    fits: fn(&User, &User) -> bool,
}

const MODES: [Mode; 4] = [
    Mode {
        name: "associated-node",
        fits: |wanted, asking| {
            let of = asking.extra.get("authentication.kubernetes.io/node-name").map(Vec::as_slice);
            is_only_a_name(wanted)
                && service_account(&asking.name).is_some()
                && node(&wanted.name).is_some_and(|node| matches!(of, Some([one]) if one == node))
        },
    },
    Mode { name: "arbitrary-node", fits: |wanted, _| is_only_a_name(wanted) && node(&wanted.name).is_some() },
    Mode {
        name: "serviceaccount",
        fits: |wanted, _| is_only_a_name(wanted) && service_account(&wanted.name).is_some(),
    },
    Mode {
        name: "user-info",
        fits: |wanted, _| node(&wanted.name).is_none() && service_account(&wanted.name).is_none(),
    },
];

/// The right to do this as somebody, and the right to be that one.
fn constrained(world: &World, mode: &str, asking: &User, wanted: User, attributes: &Attributes) -> Outcome<User> {
    let on = Attributes { verb: format!("impersonate-on:{mode}:{}", attributes.verb), ..attributes.clone() };
    authorize(world, asking, &on)?;
    let verb = format!("impersonate:{mode}");
    let check = Check { world, asking, verb: &verb, group: GROUP };
    let mut user = wanted;
    if let Some(name) = node(&user.name) {
        check.may(GROUP, "nodes", "", "", if mode == "associated-node" { "*" } else { name })?;
        user.groups = vec!["system:nodes".to_owned()];
        return Ok(completed(user));
    }
    if let Some((namespace, name)) = service_account(&user.name) {
        check.may(GROUP, "serviceaccounts", "", namespace, name)?;
        user.groups = User::service_account(namespace, name, "").groups;
        return Ok(completed(user));
    }
    check.may(GROUP, "users", "", "", &user.name)?;
    check.uid(&user)?;
    if user.groups.iter().any(String::is_empty) {
        return Err(check.refusal("groups", "", "impersonating the empty string group is not allowed"));
    }
    if user.is_in("system:masters") {
        let why = "impersonating the system:masters group is not allowed";
        return Err(check.refusal("groups", "system:masters", why));
    }
    for group in &user.groups {
        check.may(GROUP, "groups", "", "", group)?;
    }
    check.extra(&user)?;
    Ok(completed(user))
}

/// Questions for the authorizer.
struct Check<'c> {
    world: &'c World,
    asking: &'c User,
    verb: &'c str,
    /// Of users and groups.
    group: &'static str,
}

impl Check<'_> {
    fn may(&self, group: &str, resource: &str, subresource: &str, namespace: &str, name: &str) -> Outcome<()> {
        let attributes = Attributes {
            verb: self.verb.to_owned(),
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            is_resource: true,
            ..Attributes::default()
        };
        authorize(self.world, self.asking, &attributes)
    }

    fn uid(&self, user: &User) -> Outcome<()> {
        if user.uid.is_empty() { Ok(()) } else { self.may(GROUP, "uids", "", "", &user.uid) }
    }

    fn extra(&self, user: &User) -> Outcome<()> {
        let mut all = user.extra.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)));
        all.try_for_each(|(key, value)| self.may(GROUP, "userextras", key, "", value))
    }

    /// What nobody may, whatever their rights.
    fn refusal(&self, resource: &str, name: &str, why: &str) -> Refusal {
        let (asking, verb, group) = (&self.asking.name, self.verb, self.group);
        let message =
            format!("User {asking:?} cannot {verb} resource {resource:?} in API group {group:?} at the cluster scope");
        Refusal::forbidden(&format!("{resource}.{group}"), name, &format!("{message}: {why}"))
    }
}

/// With the group that goes without saying.
fn completed(mut user: User) -> User {
    if user.name == "system:anonymous" {
        if !user.is_in("system:unauthenticated") {
            user.groups.push("system:unauthenticated".to_owned());
        }
        return user;
    }
    user.known()
}

/// Namespace and name, where a user is a `ServiceAccount`.
fn service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    (is_label(namespace) && is_subdomain(name)).then_some((namespace, name))
}

fn node(user: &str) -> Option<&str> {
    user.strip_prefix("system:node:").filter(|name| is_subdomain(name))
}

/// A label of RFC 1123.
fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_part(text)
}

/// A subdomain of RFC 1123.
fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_part)
}

fn is_part(text: &str) -> bool {
    let is_alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [text.as_bytes().first(), text.as_bytes().last()];
    ends.iter().all(|end| end.is_some_and(is_alphanumeric))
        && text.bytes().all(|byte| is_alphanumeric(&byte) || byte == b'-')
}

/// A key with its `%XX` resolved; as it is where that is not possible.
fn unescaped(key: &str) -> String {
    let is_hex = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if key.split('%').skip(1).all(is_hex) { crate::request::decoded(&key.replace('+', "%2B")) } else { key.to_owned() }
}
