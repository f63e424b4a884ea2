//! From who a step says it asks as to the identity of a session.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;

use super::outcome::Trouble;
use super::step::Stage;
use crate::cluster::{Identity, Request};
use crate::scenario::{self, Step, User};
use crate::syntax::{TemplateError, TextTemplate};

impl Stage<'_> {
    /// Who this step asks as.
    pub(super) async fn identity(&self, step: &Step) -> Result<Identity, Trouble> {
        let fill =
            |text: &TextTemplate| text.resolve(&self.scope).map_err(|error| Trouble::new(format!("`as`: {error}")));
        match &step.frame.identity {
            scenario::Identity::Admin => Ok(Identity::Own),
            scenario::Identity::Anonymous => Ok(Identity::Anonymous),
            scenario::Identity::Token(token) => Ok(Identity::Bearer(fill(token)?)),
            scenario::Identity::ServiceAccount(account) => self.service_account(&fill(account)?).await,
            scenario::Identity::Certificate(certificate) => Ok(Identity::Certified {
                user: fill(&certificate.name)?,
                group: certificate.organization.as_ref().map(fill).transpose()?,
            }),
            scenario::Identity::User(user) => self.user(user).map_err(|error| Trouble::new(format!("`as`: {error}"))),
        }
    }

    fn user(&self, user: &User) -> Result<Identity, TemplateError> {
        let fill = |text: &TextTemplate| text.resolve(&self.scope);
        let mut extra = BTreeMap::new();
        for (key, values) in &user.extra {
            extra.insert(key.clone(), values.iter().map(fill).collect::<Result<_, _>>()?);
        }
        Ok(Identity::Impersonated {
            user: fill(&user.name)?,
            groups: user.groups.iter().map(fill).collect::<Result<_, _>>()?,
            uid: user.uid.as_ref().map(fill).transpose()?,
            extra,
        })
    }

    /// A token for a ServiceAccount, `NAME` or `NAMESPACE/NAME`: a real one, made once for a scenario and not observed.
    async fn service_account(&self, account: &str) -> Result<Identity, Trouble> {
        let own_namespace = self.plan.scenario.namespace.as_deref();
        let named = account.split_once('/').or_else(|| Some((own_namespace?, account)));
        let (namespace, name) = named.ok_or_else(|| Trouble {
            message: format!("the Namespace of the ServiceAccount `{account}` is not known"),
            help: Some("write `NAMESPACE/NAME`, or `namespace:` of the scenario".to_owned()),
        })?;
        let key = (namespace.to_owned(), name.to_owned());
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(&key) {
            return Ok(Identity::Bearer(token.clone()));
        }
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let own = self.cluster.session(&Identity::Own).map_err(|error| Trouble::from_error(&error))?;
        let request = Request::new(Method::POST, path).body(body);
        let exchange = self.sent.send(&own, request).await.map_err(|error| Trouble::from_error(&error))?;
        match exchange.body["status"]["token"].as_str() {
            Some(token) if exchange.is_success() => {
                tokens.insert(key, token.to_owned());
                Ok(Identity::Bearer(token.to_owned()))
            }
            _ => Err(Trouble::refused(&exchange).during("`as`")),
        }
    }
}
