//! What a command wrote, as its observation: texts in which what changes from run to run has a stable name.

use super::Cut;
use super::cut::{Rest, Tree};
use super::normal::Normaliser;
use crate::action::Output;
use serde_json::{Map, Value};

impl Normaliser<'_> {
    /// How a command ended, and what it wrote.
    pub(super) fn output(&mut self, shown: &mut Map<String, Value>, output: &Output, cut: Cut<'_>) {
        let body = &*output.object;
        let items = self.learn(body);
        shown.insert("exit".to_owned(), output.exit.to_value());
        match cut {
            Cut::Show(values) => {
                let values = values.iter().map(|(label, value)| (label.as_str(), Tree::Whole(value)));
                shown.insert("show".to_owned(), self.value(Tree::Map(values.collect())));
            }
            Cut::Select(paths) => {
                let paths = Rest::of(paths, &self.known.suffix);
                shown.insert("body".to_owned(), self.optional(Tree::new(body, items).select(&paths)));
            }
            Cut::Drop(_, paths) => {
                let paths = Rest::of(paths, &self.known.suffix);
                shown.insert("body".to_owned(), self.optional(Tree::new(body, items).without(&paths)));
            }
            Cut::Default(_) => {
                for (name, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
                    shown.insert(name.to_owned(), self.text(text).into());
                }
            }
        }
    }
}
