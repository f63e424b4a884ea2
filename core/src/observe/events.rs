//! What a watch told as its observation: event by event, neighbours that show alike as one.

use super::Cut;
use super::cut::{Rest, Tree};
use super::normal::Normaliser;
use crate::reply::Exchange;
use serde_json::{Map, Value, json};

impl Normaliser<'_> {
    /// What a watch told. Neighbours that show alike are one event: how often a controller writes is its own affair.
    pub(super) fn events(&mut self, shown: &mut Map<String, Value>, exchange: &Exchange, cut: Cut<'_>) {
        let events = exchange.body.as_array().map(Vec::as_slice).unwrap_or_default();
        for event in events {
            self.learn(&event["object"]);
        }
        shown.insert("code".to_owned(), exchange.status.into());
        if let Cut::Show(values) = cut {
            return self.show(shown, values);
        }
        let mut told: Vec<Value> = events.iter().map(|event| self.event(event, cut)).collect();
        told.dedup();
        shown.insert("events".to_owned(), told.into());
    }

    fn event(&mut self, event: &Value, cut: Cut<'_>) -> Value {
        let whole = Tree::Whole(event);
        match cut {
            Cut::Select(paths) => {
                let paths = Rest::of(paths, &self.known.suffix);
                self.optional(whole.select(&paths))
            }
            Cut::Drop(_, paths) => {
                self.tidy();
                let paths = Rest::of(paths, &self.known.suffix);
                self.optional(whole.without(&paths))
            }
            Cut::Default(_) | Cut::Show(_) => {
                let (word, object) = (event["type"].as_str().unwrap_or_default(), &event["object"]);
                if let Some(error) = self.error(object) {
                    return json!({"type": word, "error": error});
                }
                match self.item_name(object).as_str() {
                    Some(name) if !name.is_empty() => format!("{word} {name}").into(),
                    _ => word.into(),
                }
            }
        }
    }
}
