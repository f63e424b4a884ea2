//! Sequences of calls, drawn: random, and yet with a story. Whatever is drawn comes from one seed.
//!
//! A sequence is about a few kinds and a handful of names, so that calls meet: what is created is read, changed, deleted
//! and created again, and who was given a right uses it.

mod mistakes;
mod objects;
mod options;
mod patches;
mod reviews;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::Value;

pub(super) use mistakes::places;

use super::call::{Call, Form, Verb, Who};
use super::kinds::{
    CLUSTER_ROLE, CLUSTER_ROLE_BINDING, CONFIG_MAP, Kind, LEASE, NAMESPACE, NODE, POD, ROLE, ROLE_BINDING, SECRET,
    SERVICE_ACCOUNT,
};

/// The Namespace that each sequence has.
pub(super) const HOME: &str = "explored~";
/// One that it may create.
const BESIDE: &str = "beside~";
/// The label of everything outside of Namespaces that a sequence creates.
pub(super) const OWN_LABEL: &str = "rehearsal.dev/own";
/// Its value.
pub(super) const OWN: &str = "own~";

/// What sequences may be about.
const THEMES: [&[&Kind]; 7] = [
    &[&CONFIG_MAP, &SECRET, &LEASE],
    &[&SERVICE_ACCOUNT, &SECRET, &POD],
    &[&SERVICE_ACCOUNT, &ROLE, &ROLE_BINDING, &CONFIG_MAP],
    &[&CLUSTER_ROLE, &CLUSTER_ROLE_BINDING, &ROLE_BINDING, &SERVICE_ACCOUNT],
    &[&POD, &NODE, &SERVICE_ACCOUNT],
    &[&NAMESPACE, &CONFIG_MAP, &SERVICE_ACCOUNT],
    &[&NAMESPACE, &SECRET, &POD, &NODE, &LEASE, &ROLE, &CLUSTER_ROLE],
];

/// The object a call is about.
#[derive(Debug, Clone, PartialEq)]
struct Target {
    kind: &'static Kind,
    namespace: Option<String>,
    name: String,
}

/// A sequence that is being drawn.
struct Draft {
    rng: StdRng,
    theme: &'static [&'static Kind],
    calls: Vec<Call>,
    /// What was created, as far as one can tell.
    made: Vec<Target>,
    /// The calls whose answers show an object, if they succeed.
    shown: Vec<(usize, Target)>,
    /// References to tokens.
    tokens: Vec<String>,
}

/// The sequence of this number.
pub fn sequence(seed: u64, number: usize, length: usize) -> Vec<Call> {
    // As far apart as possible: neighbours must have nothing in common.
    let spread = u64::try_from(number).unwrap_or_default().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut rng = StdRng::seed_from_u64(seed.wrapping_add(spread));
    let theme = THEMES.choose(&mut rng).copied().unwrap_or_default();
    let (calls, made, shown, tokens) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut draft = Draft { rng, theme, calls, made, shown, tokens };
    while draft.calls.len() < length {
        draft.step();
    }
    draft.calls.truncate(length);
    draft.calls
}

impl Draft {
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent, 100)
    }

    /// One of a list that is not empty.
    fn one<T: Copy + Default>(&mut self, of: &[T]) -> T {
        of.choose(&mut self.rng).copied().unwrap_or_default()
    }

    fn step(&mut self) {
        let early = self.calls.len() < 4;
        match self.rng.random_range(0..100) {
            _ if early && self.chance(80) => self.create(),
            0..=27 => self.create(),
            28..=38 => self.get(),
            39..=47 => self.list(),
            48..=56 => self.update(),
            57..=72 => self.patch(),
            73..=81 => self.delete(),
            82..=83 => self.delete_collection(),
            84..=88 => self.token(),
            89..=92 => self.token_review(),
            93..=97 => self.access_review(),
            _ => self.self_review(),
        }
    }

    fn id(&self) -> usize {
        self.calls.len()
    }

    fn kind(&mut self) -> &'static Kind {
        self.theme.choose(&mut self.rng).copied().unwrap_or(&CONFIG_MAP)
    }

    fn namespace(&mut self) -> String {
        let has_beside = self.made.iter().any(|made| made.name == BESIDE);
        match self.rng.random_range(0..100) {
            0..=1 => "missing~".to_owned(),
            2..=16 if has_beside => BESIDE.to_owned(),
            _ => HOME.to_owned(),
        }
    }

    /// A name of a kind, whether something has it or not.
    fn name(&mut self, kind: &Kind) -> String {
        match kind {
            kind if *kind == NAMESPACE => BESIDE.to_owned(),
            kind if *kind == NODE => "wide-node~".to_owned(),
            kind if kind.namespaced => self.one(&["a", "a", "b"]).to_owned(),
            _ => self.one(&["wide-a~", "wide-a~", "wide-b~"]).to_owned(),
        }
    }

    fn fresh(&mut self) -> Target {
        let kind = self.kind();
        let namespace = kind.namespaced.then(|| self.namespace());
        Target { kind, namespace, name: self.name(kind) }
    }

    /// Something that was created, most of the time.
    fn target(&mut self) -> Target {
        match self.made.choose(&mut self.rng).cloned() {
            Some(made) if self.chance(88) => made,
            _ => self.fresh(),
        }
    }

    /// A reference to what an answer about this object said; there may be none.
    fn reference(&mut self, target: &Target, path: &str) -> String {
        let of_it: Vec<usize> = self.shown.iter().filter(|(_, shown)| shown == target).map(|(id, _)| *id).collect();
        let latest = of_it.last().copied();
        // An older one is outdated.
        let id = if self.chance(75) { latest } else { of_it.choose(&mut self.rng).copied() };
        format!("${{c{}.{path}}}", id.unwrap_or(usize::MAX >> 32))
    }

    fn who(&mut self) -> Who {
        let namespace = self.namespace();
        match self.rng.random_range(0..100) {
            0..=3 if !self.tokens.is_empty() => {
                Who::Bearer(self.tokens.choose(&mut self.rng).cloned().unwrap_or_default())
            }
            4..=6 => Who::User { name: "jane~".to_owned(), groups: self.groups() },
            7..=11 => self.service_account(&namespace),
            12 => Who::Anonymous,
            _ => Who::Own,
        }
    }

    fn groups(&mut self) -> Vec<String> {
        let groups: &[&str] = match self.rng.random_range(0..4) {
            0 => &[],
            1 => &["developers~"],
            _ => &["developers~", "system:authenticated"],
        };
        groups.iter().map(|group| (*group).to_owned()).collect()
    }

    fn service_account(&mut self, namespace: &str) -> Who {
        let name = self.one(&["a", "a", "b", "default"]);
        let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
        let groups = groups.into_iter().chain(["system:authenticated".to_owned()]).collect();
        Who::User { name: format!("system:serviceaccount:{namespace}:{name}"), groups }
    }

    fn call(&mut self, verb: Verb, target: &Target) -> Call {
        let mut call = Call::new(self.id(), verb, target.kind, target.namespace.clone(), &target.name);
        call.who = self.who();
        call
    }

    fn create(&mut self) {
        let target = match self.made.choose(&mut self.rng).cloned() {
            Some(made) if self.chance(12) => made,
            _ => self.fresh(),
        };
        let mut call = self.call(Verb::Create, &target);
        let mut body = self.object(&target);
        call.name.clear();
        let mut created = true;
        if self.chance(8) {
            let prefix = if target.kind.namespaced { "made-" } else { "wide-made~-" };
            body["metadata"]["generateName"] = prefix.into();
            if self.chance(90)
                && let Some(metadata) = body["metadata"].as_object_mut()
            {
                metadata.remove("name");
                created = false;
            }
        }
        call.body = Some(body);
        self.write_options(&mut call);
        if self.chance(14) {
            self.spoil(&mut call);
            created = false;
        }
        if created && !self.made.contains(&target) {
            self.made.push(target.clone());
        }
        let holds_token = call.body.as_ref().is_some_and(|body| body["type"] == objects::SA_TOKEN);
        self.push_shown(call, target.clone());
        if holds_token && self.chance(70) {
            // It gets its token a moment after it was made.
            let read = Call::new(self.id(), Verb::Get, target.kind, target.namespace.clone(), &target.name);
            self.tokens.push(format!("${{base64:c{}.data.token}}", read.id));
            self.push_shown(read, target);
        }
    }

    fn push_shown(&mut self, call: Call, target: Target) {
        self.shown.push((call.id, target));
        self.calls.push(call);
    }

    fn get(&mut self) {
        let target = self.target();
        let call = self.call(Verb::Get, &target);
        self.push_shown(call, target);
    }

    fn list(&mut self) {
        let target = self.target();
        let mut call = self.call(Verb::List, &Target { name: String::new(), ..target.clone() });
        self.select(&mut call, &target);
        // Pages outside of Namespaces end where everybody's objects have them end.
        if target.kind.namespaced && self.chance(25) {
            call.query.push(("limit".to_owned(), self.one(&["1", "2"]).to_owned()));
            let next = call.id + 1;
            let mut rest = Call { id: next, ..call.clone() };
            rest.query.push(("continue".to_owned(), format!("${{c{}.metadata.continue}}", call.id)));
            self.calls.push(call);
            self.calls.push(rest);
        } else {
            self.calls.push(call);
        }
    }

    fn update(&mut self) {
        let target = self.target();
        let mut call = self.call(Verb::Update, &target);
        let mut body = self.object(&target);
        if self.chance(45) {
            body["metadata"]["resourceVersion"] = self.reference(&target, "metadata.resourceVersion").into();
        }
        if self.chance(10) {
            body["metadata"]["uid"] = self.reference(&target, "metadata.uid").into();
        }
        call.body = Some(body);
        self.write_options(&mut call);
        if self.chance(14) {
            self.spoil(&mut call);
        }
        self.push_shown(call, target);
    }

    fn patch(&mut self) {
        let target = self.target();
        let form = *[Form::Merge, Form::Merge, Form::Json, Form::Strategic, Form::Strategic, Form::Apply]
            .choose(&mut self.rng)
            .unwrap_or(&Form::Merge);
        let mut call = self.call(Verb::Patch(form), &target);
        call.body = Some(match form {
            Form::Merge => self.merge(&target),
            Form::Strategic => self.strategic(&target),
            Form::Json => self.operations(&target),
            Form::Apply => self.object(&target),
        });
        if form == Form::Apply {
            call.query.push(("fieldManager".to_owned(), "explorer".to_owned()));
            if self.chance(30) {
                call.query.push(("force".to_owned(), "true".to_owned()));
            }
            if !self.made.contains(&target) {
                self.made.push(target.clone());
            }
        }
        self.write_options(&mut call);
        if self.chance(10) {
            self.spoil(&mut call);
        }
        self.push_shown(call, target);
    }

    fn delete(&mut self) {
        let target = self.target();
        let mut call = self.call(Verb::Delete, &target);
        self.delete_options(&mut call, &target);
        if self.chance(30) {
            self.made.retain(|made| *made != target);
        }
        self.calls.push(call);
        // What is deleted is often created again.
        if self.chance(30) {
            let mut again = self.call(Verb::Create, &target);
            again.name.clear();
            again.body = Some(self.object(&target));
            self.push_shown(again, target);
        }
    }

    fn delete_collection(&mut self) {
        let target = self.target();
        let mut call = self.call(Verb::DeleteCollection, &Target { name: String::new(), ..target.clone() });
        // Without the label it would be everybody's objects.
        self.select(&mut call, &target);
        self.calls.push(call);
    }
}

/// A value as one of several texts.
fn texts(of: &[&str]) -> Value {
    of.iter().copied().collect()
}

#[cfg(test)]
mod tests;
