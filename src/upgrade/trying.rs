//! Trying manifests again on one version without keeping what comes of it.
//!
//! A manifest is tried in two ways. It is created once more: a server runs admission and validation before it finds that
//! the name is taken, so `AlreadyExists` says that everything else is right. And it is applied on the server's side, with
//! force and as a manager of its own: that is what Flux, `kubectl apply --server-side` and Argo CD with that option do, and
//! the API server itself merges, so that its defaults and not ours are seen. Of a workload a Pod of its template is created
//! too: what refuses Pods is silent about whatever makes them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::apply::{already_there, applying};
use super::changes::changes;
use super::error::RehearsalError;
use super::gates::Aside;
use super::look::{Seen, Tried};
use super::looking::{AT_ONCE, PATIENCE};
use super::manifests::Manifest;
use super::place::{MANAGER, Place};
use super::refusal::{By, Refusal};
use super::served::Served;
use crate::cluster::{Exchange, Request, Resource};

/// How long a server may wait for a webhook: many of them lead to an address where nobody is.
const WEBHOOK_SECONDS: u32 = 5;

/// Tries every manifest. Webhooks without an answer are noted and set aside, and what they hid is tried again.
pub(super) async fn try_all(place: &Place<'_>, served: &Served, objects: &mut [Seen]) -> Result<(), RehearsalError> {
    let (mut aside, mut silent) = (Aside::default(), BTreeSet::new());
    let mut open: Vec<usize> = (0..objects.len()).collect();
    let mut since = Instant::now();
    loop {
        let each = stream::iter(open.iter().copied()).map(|index| {
            let (manifest, seen) = (&place.manifests[index], &objects[index]);
            async move { (index, try_one(place, served, manifest, seen).await) }
        });
        let tried: Vec<_> = each.buffered(AT_ONCE).collect().await;
        let mut again = Vec::new();
        for (index, tried) in tried {
            let (now, fits) = tried?;
            let before = objects[index].tried.take().map(|tried| tried.silent).unwrap_or_default();
            objects[index].tried = now.map(|mut now| {
                if !now.silent.is_empty() {
                    again.push(index);
                }
                now.silent.extend(before);
                now
            });
            for (home, fits) in objects[index].homes.iter_mut().zip(fits) {
                home.fits = fits;
            }
        }
        let names = again.iter().filter_map(|index| objects[*index].tried.as_ref()).flat_map(|it| it.silent.clone());
        let unheard: BTreeSet<String> = names.filter(|name| !silent.contains(name)).collect();
        if !unheard.is_empty() && aside.take(place, &unheard).await? {
            since = Instant::now();
        }
        silent.extend(unheard);
        // What was set aside is asked a moment longer.
        if again.is_empty() || since.elapsed() > PATIENCE {
            break;
        }
        open = again;
        sleep(Duration::from_millis(200)).await;
    }
    aside.put_back(place).await
}

/// What comes of a manifest, and of it under each other group-version where its own is not served.
async fn try_one(
    place: &Place<'_>,
    served: &Served,
    manifest: &Manifest,
    seen: &Seen,
) -> Result<(Option<Tried>, Vec<Option<Result<(), Refusal>>>), RehearsalError> {
    let Some(resource) = served.find(&manifest.api_version, &manifest.kind) else {
        let mut fits = Vec::new();
        for home in &seen.homes {
            let resource = served.find(&home.api_version, &manifest.kind);
            fits.push(match resource {
                Some(resource) => Some(fit(place, manifest, resource).await?.map_or(Ok(()), Err)),
                None => None,
            });
        }
        return Ok((None, fits));
    };
    let mut tried = Tried::default();
    let is_there = seen.shown().is_some();
    let (create, warnings) = create(place, manifest, resource).await?;
    // It is there and counted already.
    tried.create = create.filter(|refusal| !(is_there && refusal.by == By::Quota));
    let mut all = warnings;
    if is_there {
        let path =
            format!("{}?dryRun=All&{MANAGER}&force=true&timeout={WEBHOOK_SECONDS}s", place.path(manifest, resource));
        let exchange = place.send(applying(path, manifest.body.clone())).await?;
        tried.apply = Refusal::of(&exchange, place.mask);
        all.extend(exchange.warnings.iter().map(|warning| place.mask.hide(warning)));
        if tried.apply.is_none() {
            tried.becomes = Some(Place::bare(manifest, Value::clone(&exchange.body)));
        }
    }
    for warning in all {
        if !tried.warnings.contains(&warning) {
            tried.warnings.push(warning);
        }
    }
    tried.pods = pods(place, served, manifest).await?;
    let silent =
        [&tried.create, &tried.apply, &tried.pods].into_iter().flatten().filter_map(|refusal| match &refusal.by {
            By::SilentWebhook(name) => Some(name.clone()),
            _ => None,
        });
    tried.silent = silent.collect();
    Ok((Some(tried), Vec::new()))
}

/// What refuses a Pod of the template of a workload. That a quota is used up says that its Pods are there.
async fn pods(place: &Place<'_>, served: &Served, manifest: &Manifest) -> Result<Option<Refusal>, RehearsalError> {
    let spec = &manifest.body["spec"];
    let template = match (manifest.group(), manifest.kind.as_str()) {
        ("apps" | "extensions", _) | ("batch", "Job") | ("", "ReplicationController") => &spec["template"],
        ("batch", "CronJob") => &spec["jobTemplate"]["spec"]["template"],
        _ => return Ok(None),
    };
    let (Value::Object(template), Some(resource)) = (template, served.find("v1", "Pod")) else { return Ok(None) };
    let mut pod = manifest.clone();
    pod.body = Value::Object(template.clone());
    if !pod.body["metadata"].is_object() {
        pod.body["metadata"] = json!({});
    }
    // Not a drawn name, which would stand in every message.
    pod.body["metadata"]["name"] = format!("{}-pod", manifest.name).into();
    // The volumes that a StatefulSet makes for each of its Pods.
    let claims = spec["volumeClaimTemplates"].as_array().into_iter().flatten();
    let volumes = claims.map(|claim| json!({"name": claim["metadata"]["name"], "emptyDir": {}}));
    let own = pod.body["spec"]["volumes"].as_array().cloned().unwrap_or_default();
    pod.body["spec"]["volumes"] = own.into_iter().chain(volumes).collect();
    let (refusal, _) = create(place, &pod, resource).await?;
    Ok(refusal.filter(|refusal| refusal.by != By::Quota))
}

/// What refuses to create the object as another group-version, every field taken seriously: before v1.25 a server does not
/// refuse what it does not know, and leaves it out.
async fn fit(place: &Place<'_>, manifest: &Manifest, resource: &Resource) -> Result<Option<Refusal>, RehearsalError> {
    let mut other = manifest.clone();
    other.api_version.clone_from(&resource.api_version);
    other.body["apiVersion"] = resource.api_version.clone().into();
    let exchange = try_to_create(place, &other, resource, "&fieldValidation=Strict").await?;
    if exchange.is_success() {
        let lost = changes(&other.body, &exchange.body).into_iter().filter(|change| change.after.is_none());
        let lost: Vec<String> = lost.map(|change| change.path.to_string()).collect();
        let message = format!("it has no {}", lost.join(", "));
        return Ok((!lost.is_empty() && !manifest.is_secret()).then_some(Refusal { by: By::Schema, message }));
    }
    let refusal = refusal_of(place, &exchange);
    Ok(refusal.filter(|refusal| !matches!(refusal.by, By::SilentWebhook(_))))
}

/// What refuses to create an object, and the warnings.
async fn create(
    place: &Place<'_>,
    manifest: &Manifest,
    resource: &Resource,
) -> Result<(Option<Refusal>, Vec<String>), RehearsalError> {
    let exchange = try_to_create(place, manifest, resource, "").await?;
    let warnings = exchange.warnings.iter().map(|warning| place.mask.hide(warning)).collect();
    Ok((refusal_of(place, &exchange), warnings))
}

async fn try_to_create(
    place: &Place<'_>,
    manifest: &Manifest,
    resource: &Resource,
    more: &str,
) -> Result<Exchange, RehearsalError> {
    let collection = place.collection(manifest, resource);
    let path = format!("{collection}?dryRun=All&{MANAGER}&timeout={WEBHOOK_SECONDS}s{more}");
    place.send(Request::new(Method::POST, path).body(manifest.body.clone())).await
}

/// What an answer refuses, but for what is only so because the object is there: its name, or a port or an address that a
/// Service asks for.
fn refusal_of(place: &Place<'_>, exchange: &Exchange) -> Option<Refusal> {
    let refusal = Refusal::of(exchange, place.mask)?;
    (!already_there(exchange) && !refusal.message.contains("already allocated")).then_some(refusal)
}
