//! Looking at all objects of one version: reading them, and trying their manifests again without keeping what comes of it.
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

use super::apply::{already_there, applying, definition};
use super::error::RehearsalError;
use super::gates::Aside;
use super::look::{Home, Look, Seen, Stored, Tried};
use super::manifests::{Manifest, group};
use super::place::{MANAGER, Place};
use super::refusal::{By, Refusal};
use super::served::Served;
use crate::cluster::{Request, Resource};
use crate::version::Version;

/// Requests at once.
const AT_ONCE: usize = 16;

/// How long objects are given to come to rest.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two readings that have to be equal.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a server may wait for a webhook: many of them lead to an address where nobody is.
const WEBHOOK_SECONDS: u32 = 5;

/// Looks at every object, when all have come to rest.
pub(super) async fn look(
    place: &Place<'_>,
    version: &Version,
    before: Option<&Look>,
    tell: &dyn Fn(&str),
) -> Result<Look, RehearsalError> {
    tell("waiting until nothing changes any more");
    let mut objects = at_rest(place, before).await?;
    tell("trying every manifest again");
    let served = place.served().await?;
    try_all(place, &served, &mut objects).await?;
    Ok(Look { version: version.clone(), objects })
}

/// Reads all objects until two readings are equal, and what was there before is there.
pub(super) async fn at_rest(place: &Place<'_>, before: Option<&Look>) -> Result<Vec<Seen>, RehearsalError> {
    let begun = Instant::now();
    let mut last = read_all(place).await?;
    loop {
        sleep(PAUSE).await;
        let now = read_all(place).await?;
        let is_at_rest = now == last && !is_something_to_come(place, before, &now);
        if is_at_rest || begun.elapsed() > PATIENCE {
            return Ok(now);
        }
        last = now;
    }
}

/// Whether a kind of the user's own is not served yet that was before: a server reads the definitions after it is ready.
fn is_something_to_come(place: &Place<'_>, before: Option<&Look>, now: &[Seen]) -> bool {
    let objects = before.map_or(&[][..], |before| &before.objects);
    let mut each = objects.iter().zip(now).zip(place.manifests);
    each.any(|((before, now), manifest)| {
        before.served && !now.served && definition(place.manifests, manifest).is_some()
    })
}

async fn read_all(place: &Place<'_>) -> Result<Vec<Seen>, RehearsalError> {
    let served = place.served().await?;
    let each = stream::iter(place.manifests).map(|manifest| read(place, &served, manifest));
    each.buffered(AT_ONCE).collect::<Vec<_>>().await.into_iter().collect()
}

async fn read(place: &Place<'_>, served: &Served, manifest: &Manifest) -> Result<Seen, RehearsalError> {
    let mut seen = Seen { served: served.find(&manifest.api_version, &manifest.kind).is_some(), ..Seen::default() };
    let mut uid = None;
    for resource in served.homes(&manifest.api_version, &manifest.kind) {
        let exchange = place.send(Request::new(Method::GET, place.path(manifest, resource))).await?;
        let is_far = group(&resource.api_version) != manifest.group();
        let its = exchange.body["metadata"]["uid"].clone();
        let stored = match Refusal::of(&exchange, place.mask) {
            None => Stored::There(Place::bare(manifest, Value::clone(&exchange.body))),
            Some(_) if exchange.status == 404 => Stored::Missing,
            Some(refusal) => Stored::Unreadable(refusal),
        };
        // Of another group it is another object of that name, unless its uid says otherwise.
        let is_it = !is_far || uid.as_ref().is_none_or(|uid| *uid == its);
        if matches!(stored, Stored::There(_)) && is_it {
            if uid.is_none() {
                seen.revisions = revisions(place, served, manifest, &its).await?;
            }
            uid.get_or_insert(its);
        }
        if is_it {
            seen.homes.push(Home { api_version: resource.api_version.clone(), stored, fits: None });
        }
    }
    Ok(seen)
}

/// The names of what a rollout of a workload makes.
async fn revisions(
    place: &Place<'_>,
    served: &Served,
    manifest: &Manifest,
    uid: &Value,
) -> Result<BTreeSet<String>, RehearsalError> {
    let kind = match manifest.kind.as_str() {
        "Deployment" => "ReplicaSet",
        "StatefulSet" | "DaemonSet" => "ControllerRevision",
        _ => return Ok(BTreeSet::new()),
    };
    let Some(resource) = served.find("apps/v1", kind) else { return Ok(BTreeSet::new()) };
    let list = place.send(Request::list_of_metadata(&place.collection(manifest, resource))).await?;
    let items = list.body["items"].as_array().into_iter().flatten();
    let is_its = |item: &&Value| {
        let owners = item["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        owners.into_iter().any(|owner| owner["uid"] == *uid)
    };
    Ok(items.filter(is_its).filter_map(|item| item["metadata"]["name"].as_str().map(str::to_owned)).collect())
}

/// Tries every manifest. Webhooks without an answer are noted and set aside, and what they hid is tried again.
async fn try_all(place: &Place<'_>, served: &Served, objects: &mut [Seen]) -> Result<(), RehearsalError> {
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
        let mut fits = vec![None; seen.homes.len()];
        if let Some((first, home)) = fits.first_mut().zip(seen.homes.first())
            && let Some(resource) = served.find(&home.api_version, &manifest.kind)
        {
            *first = Some(fit(place, manifest, resource).await?.map_or(Ok(()), Err));
        }
        return Ok((None, fits));
    };
    let mut tried = Tried::default();
    let is_there = seen.shown().is_some();
    let (create, warnings) = create(place, manifest, resource, "").await?;
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
    let (refusal, _) = create(place, &pod, resource, "").await?;
    Ok(refusal.filter(|refusal| refusal.by != By::Quota))
}

/// What refuses to create the object as another group-version, every field taken seriously.
async fn fit(place: &Place<'_>, manifest: &Manifest, resource: &Resource) -> Result<Option<Refusal>, RehearsalError> {
    let mut other = manifest.clone();
    other.api_version.clone_from(&resource.api_version);
    other.body["apiVersion"] = resource.api_version.clone().into();
    let (refusal, _) = create(place, &other, resource, "&fieldValidation=Strict").await?;
    Ok(refusal.filter(|refusal| !matches!(refusal.by, By::SilentWebhook(_))))
}

/// What refuses to create an object, and the warnings.
async fn create(
    place: &Place<'_>,
    manifest: &Manifest,
    resource: &Resource,
    more: &str,
) -> Result<(Option<Refusal>, Vec<String>), RehearsalError> {
    let collection = place.collection(manifest, resource);
    let path = format!("{collection}?dryRun=All&{MANAGER}&timeout={WEBHOOK_SECONDS}s{more}");
    let exchange = place.send(Request::new(Method::POST, path).body(manifest.body.clone())).await?;
    let refusal = Refusal::of(&exchange, place.mask).filter(|refusal| {
        // A port or an address that a Service asks for is taken by itself.
        !already_there(&exchange) && !refusal.message.contains("already allocated")
    });
    let warnings = exchange.warnings.iter().map(|warning| place.mask.hide(warning)).collect();
    Ok((refusal, warnings))
}
