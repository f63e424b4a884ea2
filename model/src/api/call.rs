//! A request with what is known of it.

use crate::request::{Attributes, Request};
use crate::user::User;

pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) attributes: &'a Attributes,
    pub(crate) user: &'a User,
}

impl Call<'_> {
    /// That of the path.
    pub(crate) fn api_version(&self) -> String {
        let asked = self.attributes;
        if asked.group.is_empty() { asked.version.clone() } else { format!("{}/{}", asked.group, asked.version) }
    }

    /// Who is noted as manager of fields when nobody is named: what stands before the slash in `User-Agent`.
    pub(crate) fn agent(&self) -> String {
        let agent = self.request.header("user-agent");
        let first = agent.split('/').next().unwrap_or_default();
        let printable: String = first.chars().filter(|c| !c.is_control()).take(128).collect();
        if printable.is_empty() { "unknown".to_owned() } else { printable }
    }
}
