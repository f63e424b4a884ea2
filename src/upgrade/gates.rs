//! Webhooks, whose servers have no answer here. Each of them would refuse all that it is asked about and hide what the new
//! version says: they are set aside for as long as a question takes, and while another version takes the place of the one
//! that runs, which could not come up where a webhook refuses what its controllers write.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::error::RehearsalError;
use super::place::Place;
use crate::cluster::{Exchange, Request};

const CONFIGURATIONS: [&str; 2] = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];

/// Webhook configurations that ask nothing at the moment.
#[derive(Debug, Default)]
pub(super) struct Aside(Vec<(String, Value)>);

impl Aside {
    /// Sets all configurations aside.
    pub(super) async fn take_all(&mut self, place: &Place<'_>) -> Result<(), RehearsalError> {
        self.take_those(place, &|_| true).await.map(drop)
    }

    /// Sets the configurations aside that have webhooks of these names; says whether there were any.
    pub(super) async fn take(&mut self, place: &Place<'_>, names: &BTreeSet<String>) -> Result<bool, RehearsalError> {
        self.take_those(place, &|name| names.contains(name)).await
    }

    async fn take_those(&mut self, place: &Place<'_>, is_one: &dyn Fn(&str) -> bool) -> Result<bool, RehearsalError> {
        let before = self.0.len();
        for plural in CONFIGURATIONS {
            let collection = format!("/apis/admissionregistration.k8s.io/v1/{plural}");
            let list = place.send(Request::new(Method::GET, collection.as_str())).await?;
            for configuration in list.body["items"].as_array().into_iter().flatten() {
                let webhooks = &configuration["webhooks"];
                let of_them = |webhook: &Value| webhook["name"].as_str().is_some_and(is_one);
                let name = configuration["metadata"]["name"].as_str();
                if let Some(name) = name.filter(|_| webhooks.as_array().into_iter().flatten().any(of_them)) {
                    let path = format!("{collection}/{name}");
                    if set(place, &path, &json!([])).await?.is_success() {
                        self.0.push((path, webhooks.clone()));
                    }
                }
            }
        }
        Ok(self.0.len() > before)
    }

    /// Puts all of them back as they were.
    pub(super) async fn put_back(self, place: &Place<'_>) -> Result<(), RehearsalError> {
        for (path, webhooks) in self.0 {
            set(place, &path, &webhooks).await?;
        }
        Ok(())
    }
}

async fn set(place: &Place<'_>, path: &str, webhooks: &Value) -> Result<Exchange, RehearsalError> {
    let request = Request::new(Method::PATCH, path).body(json!({"webhooks": webhooks}));
    place.send(Request { content_type: "application/merge-patch+json", ..request }).await
}
