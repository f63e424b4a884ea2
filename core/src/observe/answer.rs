//! A reply as its observation: the envelope, then the part of the body that is shown.

use super::Cut;
use super::cut::{Rest, Tree};
use super::jwt::Jwt;
use super::normal::Normaliser;
use crate::reply::{Exchange, Reply, View};
use crate::syntax::Path;
use serde_json::{Map, Value};

/// The parts of an observation in the order in which one reads them.
pub(super) const PARTS: [(&str, &[&str]); 13] = [
    ("served", &[]),
    ("apiVersion", &[]),
    ("kind", &[]),
    ("exit", &[]),
    ("code", &[]),
    ("warnings", &[]),
    ("error", &["reason", "message", "causes"]),
    ("events", &[]),
    ("stdout", &[]),
    ("stderr", &[]),
    ("show", &[]),
    ("body", &[]),
    ("token", &["header", "claims"]),
];

impl Cut<'_> {
    fn view(&self) -> Option<View> {
        match self {
            Self::Default(view) | Self::Drop(view, _) => Some(*view),
            Self::Select(_) | Self::Show(_) => None,
        }
    }
}

impl Normaliser<'_> {
    /// Everything an observation shows of a reply, in the order in which it is written.
    pub(super) fn answer(&mut self, reply: &Reply, cut: Cut<'_>) -> Map<String, Value> {
        let mut shown = Map::new();
        match reply {
            Reply::Http(exchange) => self.exchange(&mut shown, exchange, cut),
            Reply::Process(output) => self.output(&mut shown, output, cut),
            Reply::Events(exchange) => self.events(&mut shown, exchange, cut),
            Reply::NotServed { api_version, kind } => {
                shown.insert("served".to_owned(), false.into());
                shown.insert("apiVersion".to_owned(), self.text(api_version).into());
                shown.insert("kind".to_owned(), self.text(kind).into());
            }
        }
        shown
    }

    fn exchange(&mut self, shown: &mut Map<String, Value>, exchange: &Exchange, cut: Cut<'_>) {
        let body = &exchange.body;
        let items = self.learn(body);
        shown.insert("code".to_owned(), exchange.status.into());
        let view = cut.view();
        if view == Some(View::Nothing) {
            return;
        }
        if !exchange.warnings.is_empty() {
            let warnings = exchange.warnings.iter().map(|warning| self.text(warning).into_owned());
            shown.insert("warnings".to_owned(), warnings.collect());
        }
        let error = if exchange.is_success() || view == Some(View::Body) { None } else { self.error(body) };
        let refused = error.is_some();
        shown.extend(error.map(|error| ("error".to_owned(), error)));
        match cut {
            Cut::Show(values) => self.show(shown, values),
            _ if refused => {}
            Cut::Select(paths) => {
                let paths = Rest::of(paths, &self.known.suffix);
                shown.insert("body".to_owned(), self.optional(Tree::new(body, items).select(&paths)));
            }
            Cut::Default(View::Envelope) | Cut::Drop(View::Envelope, _) if exchange.is_success() => {}
            Cut::Default(view) => self.viewed(shown, view, &[], body, items),
            Cut::Drop(view, paths) => self.viewed(shown, view, paths, body, items),
        }
    }

    pub(super) fn show(&mut self, shown: &mut Map<String, Value>, values: &Map<String, Value>) {
        let values = values.iter().map(|(label, value)| (label.as_str(), Tree::Whole(value)));
        shown.insert("show".to_owned(), self.value(Tree::Map(values.collect())));
    }

    /// A body as a view shows it, but for what the paths lead to.
    fn viewed(
        &mut self,
        shown: &mut Map<String, Value>,
        view: View,
        without: &[Path],
        body: &Value,
        items: Option<Vec<&Value>>,
    ) {
        if let (View::Names, Some(items)) = (view, &items) {
            shown.insert("body".to_owned(), items.iter().map(|item| self.item_name(item)).collect());
            return;
        }
        let tree = Tree::new(body, items);
        let tree = match view {
            View::Token => tree.select(&Rest::of(&[Path::key("spec"), Path::key("status")], "")),
            View::Status => tree.select(&Rest::of(&[Path::key("status")], "")),
            View::Body | View::Output => Some(tree),
            View::Nothing | View::Envelope | View::Object | View::Names | View::Events => {
                self.tidy();
                Some(tree)
            }
        };
        let without = Rest::of(without, &self.known.suffix);
        let tree = tree.and_then(|tree| tree.without(&without));
        shown.insert("body".to_owned(), self.optional(tree));
        if view == View::Token {
            shown.extend(self.decoded(body).map(|token| ("token".to_owned(), token)));
        }
    }

    /// Paths that lead nowhere leave an empty map: that nothing is there is an answer.
    pub(super) fn optional(&mut self, tree: Option<Tree<'_>>) -> Value {
        self.value(tree.unwrap_or(Tree::Map(Vec::new())))
    }

    /// What a refusal says: of a Status what it is about, of a text all of it.
    pub(super) fn error(&mut self, body: &Value) -> Option<Value> {
        let mut error = Map::new();
        match body {
            Value::Object(status) if status.get("kind").is_some_and(|kind| kind == "Status") => {
                for key in ["reason", "message"] {
                    if let Some(text) = status.get(key).and_then(Value::as_str) {
                        let text = self.text(text);
                        error.insert(key.to_owned(), self.without_versions(&text).into());
                    }
                }
                if let Some(causes) = status.get("details").and_then(|details| details.get("causes")) {
                    let mut causes = self.value(Tree::Whole(causes));
                    in_order(&mut causes);
                    error.insert("causes".to_owned(), causes);
                }
            }
            Value::String(text) => {
                error.insert("message".to_owned(), self.text(text.trim_end()).into());
            }
            _ => return None,
        }
        Some(Value::Object(error))
    }

    /// What a server says of a resource version that is too old or too large, without those that the scenario did not
    /// write.
    fn without_versions(&self, text: &str) -> String {
        const ABOUT: &str = "resource version: ";
        let Some((before, about)) = text.split_once(ABOUT) else { return text.to_owned() };
        let mut out = format!("{before}{ABOUT}");
        for part in about.split_inclusive(|c: char| !c.is_ascii_digit()) {
            let number = part.trim_end_matches(|c: char| !c.is_ascii_digit());
            let is_known = number.is_empty() || self.known.written.holds(number);
            out.push_str(if is_known { number } else { "<resourceVersion>" });
            out.push_str(&part[number.len()..]);
        }
        out
    }

    /// An item's name, with its Namespace where that is not the scenario's own.
    pub(super) fn item_name(&mut self, item: &Value) -> Value {
        let metadata = item.get("metadata");
        let get = |key| metadata.and_then(|metadata| metadata.get(key)?.as_str());
        let name = self.text(get("name").unwrap_or_default());
        match get("namespace").map(|namespace| self.text(namespace)) {
            Some(namespace) if self.known.namespace.as_deref() != Some(&*namespace) => {
                format!("{namespace}/{name}").into()
            }
            _ => name.into(),
        }
    }

    /// The header and the claims of the token in a `TokenRequest`.
    fn decoded(&mut self, body: &Value) -> Option<Value> {
        let jwt = Jwt::parse(body.get("status")?.get("token")?.as_str()?)?;
        let mut token = Map::new();
        let claims = jwt.timeless_claims();
        token.insert("header".to_owned(), self.value(Tree::Whole(&Value::Object(jwt.header))));
        token.insert("claims".to_owned(), self.value(Tree::Whole(&claims)));
        Some(Value::Object(token))
    }
}

/// Conflicts of server-side apply come in the order of a Go map: by chance.
fn in_order(causes: &mut Value) {
    let is_conflict = |cause: &Value| cause["reason"] == "FieldManagerConflict";
    if let Some(causes) = causes.as_array_mut().filter(|causes| causes.iter().all(is_conflict)) {
        causes.sort_by_key(|cause| (cause["field"].to_string(), cause["message"].to_string()));
    }
}
