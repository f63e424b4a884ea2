//! A request with what is known of it.

use std::cell::RefCell;

use crate::request::{Attributes, Request};
use crate::user::User;

pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) attributes: &'a Attributes,
    pub(crate) user: &'a User,
    /// What is to be said beside the answer, whatever that is.
    warnings: RefCell<Vec<String>>,
}

impl<'a> Call<'a> {
    /// With the warnings of who asks.
    pub(crate) fn new(request: &'a Request, attributes: &'a Attributes, user: &'a User, warnings: Vec<String>) -> Self {
        Self { request, attributes, user, warnings: RefCell::new(warnings) }
    }

    pub(crate) fn warn(&self, warnings: impl IntoIterator<Item = String>) {
        self.warnings.borrow_mut().extend(warnings);
    }

    /// All that was warned of, each once as the server has it.
    pub(crate) fn warned(self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for warning in self.warnings.into_inner() {
            if !all.contains(&warning) {
                all.push(warning);
            }
        }
        all
    }

    /// Who is noted as manager of fields when nobody is named: what stands before the slash in `User-Agent`.
    pub(crate) fn agent(&self) -> String {
        let agent = self.request.header("user-agent");
        let first = agent.split('/').next().unwrap_or_default();
        let printable: String = first.chars().filter(|c| !c.is_control()).take(128).collect();
        if printable.is_empty() { "unknown".to_owned() } else { printable }
    }
}
