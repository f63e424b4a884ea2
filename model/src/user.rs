//! Who asks.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// An identity, as authenticators find it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) extra: BTreeMap<String, Vec<String>>,
}

impl User {
    pub(crate) fn anonymous() -> Self {
        Self {
            name: "system:anonymous".to_owned(),
            groups: vec!["system:unauthenticated".to_owned()],
            ..Self::default()
        }
    }

    /// A `ServiceAccount`, with the groups that its name gives it.
    pub(crate) fn service_account(namespace: &str, name: &str, uid: &str) -> Self {
        Self {
            name: Self::account_name(namespace, name),
            uid: uid.to_owned(),
            groups: vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")],
            ..Self::default()
        }
    }

    /// What a `ServiceAccount` is called as a user.
    pub(crate) fn account_name(namespace: &str, name: &str) -> String {
        format!("system:serviceaccount:{namespace}:{name}")
    }

    /// As somebody who is known, and in the group of all who are.
    #[must_use]
    pub(crate) fn known(mut self) -> Self {
        if self.name != "system:anonymous"
            && !self.is_in("system:authenticated")
            && !self.is_in("system:unauthenticated")
        {
            self.groups.push("system:authenticated".to_owned());
        }
        self
    }

    pub(crate) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|known| known == group)
    }

    /// As `UserInfo` of the authentication API; what is empty is left out.
    pub(crate) fn info(&self) -> Value {
        let mut info = json!({});
        if !self.name.is_empty() {
            info["username"] = self.name.as_str().into();
        }
        if !self.uid.is_empty() {
            info["uid"] = self.uid.as_str().into();
        }
        if !self.groups.is_empty() {
            info["groups"] = self.groups.clone().into();
        }
        if !self.extra.is_empty() {
            info["extra"] = json!(self.extra);
        }
        info
    }
}
