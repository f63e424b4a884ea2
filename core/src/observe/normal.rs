//! Raw values become what may be shown: in an order that does not depend on the run, without noise.
//!
//! First an answer is learnt from: whose value is whose (`places`). Then its parts are shown, and values get their names
//! in the order in which they show (`text`).

use super::Known;
use super::cut::Tree;
use super::jwt::{self, Jwt};
use super::names::{Fact, Names, Shown};
use super::places::{self, Found, Places};
use super::shape;
use serde_json::{Map, Value};

/// What happens to a value that has no name yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It gets one.
    Name,
    /// All of them look alike: to sort by what does not depend on the run.
    Compare,
    /// It stays as it is, for a person to see; credentials excepted.
    Present,
}

/// Makes one answer presentable, on top of what earlier answers taught.
pub(super) struct Normaliser<'a> {
    pub(super) known: &'a Known,
    /// What earlier answers taught.
    pub(super) names: &'a Names,
    /// What this answer taught.
    pub(super) learnt: Names,
    /// What was noted, in the order of the answer: hidden values are named too, after those that show.
    noted: Vec<Found>,
    pub(super) step: &'a str,
    pub(super) mode: Mode,
    /// Whether values are found by their shape too: a text that a command wrote has no places.
    pub(super) loose: bool,
    /// Whether what controllers and clocks write into metadata is left out.
    tidy: bool,
    /// When the token of the same answer expires, and how that is shown.
    expiry: Option<(String, String)>,
}

impl<'a> Normaliser<'a> {
    /// For an answer of this step.
    pub(super) fn new(known: &'a Known, names: &'a Names, step: &'a str) -> Self {
        let (learnt, noted) = (Names::default(), Vec::new());
        Self { known, names, learnt, noted, step, mode: Mode::Name, loose: false, tidy: false, expiry: None }
    }

    /// For anything else that a person reads: it names nothing.
    pub(super) fn presenting(known: &'a Known, names: &'a Names) -> Self {
        Self { mode: Mode::Present, ..Self::new(known, names, "") }
    }

    /// A value as a person may see it: of its Secrets nothing shows that did not show in an answer.
    pub(super) fn presented(mut self, value: &Value) -> Value {
        let mut found = Places::new(self.known, self.names).body(value);
        found.retain(|(_, fact)| matches!(fact, Fact::Secret | Fact::Open(_)));
        self.note(found);
        self.value(Tree::Whole(value))
    }

    /// From here on, leaves out what controllers and clocks write into metadata.
    pub(super) fn tidy(&mut self) {
        self.tidy = true;
    }

    /// Ends the answer: what it noted gets its name, and what it taught is handed over.
    pub(super) fn finish(mut self) -> Names {
        let mut next = 0;
        while let Some(value) = self.noted.get(next).map(|(value, _)| value.clone()) {
            self.named(&value);
            next += 1;
        }
        self.learnt
    }

    /// Notes what a body says about its values. Gives the items of a list in an order that does not depend on the run.
    pub(super) fn learn<'v>(&mut self, body: &'v Value) -> Option<Vec<&'v Value>> {
        self.note(Places::new(self.known, self.names).body(body));
        self.expiry = expiry(body);
        let (kind, items) = places::list(body)?;
        let found = |item| Places::new(self.known, self.names).item(kind, item);
        let items: Vec<(&Value, Vec<Found>)> = items.iter().map(|item| (item, found(item))).collect();
        for (_, found) in &items {
            self.register(found);
        }
        let (items, found): (_, Vec<_>) = self.sorted(items).into_iter().unzip();
        self.noted.extend(found.into_iter().flatten());
        Some(items)
    }

    pub(super) fn note(&mut self, found: Vec<Found>) {
        self.register(&found);
        self.noted.extend(found);
    }

    /// The first place wins: bodies tell an object's own uid before others refer to it.
    fn register(&mut self, found: &[Found]) {
        for (value, fact) in found {
            if self.learnt.get(value).or_else(|| self.names.get(value)).is_none() {
                self.learnt.set(value, Shown::Pending(fact.clone()));
            }
        }
    }

    /// The server sorts by names as they are in this run. Here they are sorted without suffix and random part, and by
    /// content where only the random part differs.
    fn sorted<'v, T>(&mut self, items: Vec<(&'v Value, T)>) -> Vec<(&'v Value, T)> {
        let before = (std::mem::replace(&mut self.mode, Mode::Compare), std::mem::replace(&mut self.tidy, true));
        let mut shown =
            |item: &Value, key: &str| Some(self.text(item.get("metadata")?.get(key)?.as_str()?).into_owned());
        let mut items: Vec<_> =
            items.into_iter().map(|item| ((shown(item.0, "namespace"), shown(item.0, "name")), item)).collect();
        items.sort_by(|(a, _), (b, _)| a.cmp(b));
        for tied in items.chunk_by_mut(|(a, _), (b, _)| a == b).filter(|tied| tied.len() > 1) {
            tied.sort_by_cached_key(|(_, (item, _))| self.value(Tree::Whole(item)).to_string());
        }
        (self.mode, self.tidy) = before;
        items.into_iter().map(|(_, item)| item).collect()
    }

    /// A part of a body as it is shown, keys sorted.
    pub(super) fn value(&mut self, tree: Tree<'_>) -> Value {
        self.tree("", tree).unwrap_or_else(|| Value::Object(Map::new()))
    }

    /// Nothing is left of a map that held only what is never shown.
    fn tree(&mut self, key: &str, tree: Tree<'_>) -> Option<Value> {
        Some(match tree {
            Tree::Whole(Value::Object(map)) => {
                return self.map(key, map.iter().map(|(key, value)| (key.as_str(), Tree::Whole(value))));
            }
            Tree::Map(entries) => return self.map(key, entries.into_iter()),
            Tree::Whole(Value::Array(items)) => self.list(key, items.iter().map(Tree::Whole)),
            Tree::List(items) => self.list(key, items.into_iter()),
            Tree::Whole(Value::String(text)) => self.leaf(key, text).into(),
            Tree::Whole(Value::Number(port))
                if PORTS.contains(&key) && !self.known.written.holds(&port.to_string()) =>
            {
                "<port>".into()
            }
            Tree::Whole(leaf) => leaf.clone(),
        })
    }

    fn list<'v>(&mut self, key: &str, items: impl Iterator<Item = Tree<'v>>) -> Value {
        items.map(|item| self.tree(key, item).unwrap_or_else(|| Value::Object(Map::new()))).collect()
    }

    fn map<'v>(&mut self, parent: &str, entries: impl Iterator<Item = (&'v str, Tree<'v>)>) -> Option<Value> {
        let entries: Vec<_> = entries.collect();
        let was_empty = entries.is_empty();
        let is_public_key = entries.iter().any(|(key, _)| *key == "kty");
        let mut shown = Vec::with_capacity(entries.len());
        for (key, tree) in entries {
            if !self.is_hidden(parent, key) {
                shown.push((self.text(key), key, tree));
            }
        }
        // Sorted before values get their names: the order of a server's fields must not show in a `#2`.
        shown.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let mut map = Map::with_capacity(shown.len());
        for (name, key, tree) in shown {
            let value = match key {
                "n" | "x" | "y" if is_public_key => Some("<key>".into()),
                _ => self.tree(key, tree),
            };
            map.extend(value.map(|value| (name.into_owned(), value)));
        }
        (was_empty || !map.is_empty()).then_some(Value::Object(map))
    }

    /// Whether an entry says nothing about behaviour.
    fn is_hidden(&self, parent: &str, key: &str) -> bool {
        let noise = match parent {
            "metadata" => NOISE.contains(&key),
            "annotations" => key == LAST_APPLIED,
            _ => false,
        };
        // In managedFields the fields have a prefix.
        let field = key.strip_prefix("f:").unwrap_or(key);
        (noise && self.tidy) || self.known.own_labels.iter().any(|own| own == field)
    }

    /// A string by its place; only there is it known that a number counts the cluster's writes, or which name is meant
    /// where two are spelt alike.
    fn leaf(&mut self, key: &str, text: &str) -> String {
        let is = |known: &Option<String>| known.as_deref() == Some(text);
        match key {
            "resourceVersion" if !matches!(text, "" | "0") => "<resourceVersion>".to_owned(),
            "continue" if !text.is_empty() => "<continue>".to_owned(),
            "iss" | "issuer" if is(&self.known.issuer) => "<issuer>".to_owned(),
            "expirationTimestamp" => match &self.expiry {
                Some((time, shown)) if time == text => shown.clone(),
                _ => self.text(text).into_owned(),
            },
            _ if DATES.contains(&key) && shape::is_date(text) && !self.known.written.holds(text) => "<date>".to_owned(),
            _ => self.text(text).into_owned(),
        }
    }
}

/// Fields of any `metadata` that say nothing about behaviour.
const NOISE: [&str; 6] = ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Where the server picks a port.
const PORTS: [&str; 2] = ["nodePort", "healthCheckNodePort"];

/// Where the server writes a day without a time: the tracking of legacy tokens.
const DATES: [&str; 3] = ["kubernetes.io/legacy-token-last-used", "kubernetes.io/legacy-token-invalid-since", "since"];

/// How far the two looks that the server takes at its clock may be apart, while it is busy with others.
const BETWEEN_LOOKS: u64 = 15;

/// When the token of a `TokenRequest` expires: as the answer has it, and relative to the moment of issue. The server looks
/// at its clock once for the claims and once for this, so that seconds may have passed in between: that is no behaviour.
fn expiry(body: &Value) -> Option<(String, String)> {
    let status = body.get("status")?;
    let time = status.get("expirationTimestamp")?.as_str()?;
    let issued = Jwt::parse(status.get("token")?.as_str()?)?.issued_at()?;
    let expires = time.parse::<jiff::Timestamp>().ok()?.as_second();
    let asked = body.get("spec").and_then(|spec| issued.checked_add(spec.get("expirationSeconds")?.as_i64()?));
    let meant = asked.filter(|asked| asked.abs_diff(expires) <= BETWEEN_LOOKS).unwrap_or(expires);
    Some((time.to_owned(), jwt::since(issued, meant)))
}
