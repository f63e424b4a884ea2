//! Looking at all objects of one version, when they have come to rest.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::Method;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::apply::definition;
use super::error::RehearsalError;
use super::look::{Home, Look, Seen, Stored};
use super::manifests::{Manifest, group};
use super::place::Place;
use super::refusal::Refusal;
use super::served::Served;
use super::trying::try_all;
use crate::cluster::Request;
use crate::version::Version;

/// Requests at once.
pub(super) const AT_ONCE: usize = 16;

/// How long objects are given to come to rest.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Between two readings that have to be equal.
const PAUSE: Duration = Duration::from_millis(500);

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
                seen.revisions = revisions(place, served, manifest, &exchange.body).await?;
            }
            uid.get_or_insert(its);
        }
        if is_it {
            seen.homes.push(Home { api_version: resource.api_version.clone(), stored, fits: None });
        }
    }
    Ok(seen)
}

/// What a rollout of a workload makes: the names of `ReplicaSets`, or the revisions of Pods. A `ControllerRevision` of a
/// `DaemonSet` proves nothing: v1.34 makes one that leaves a `null` out, and no Pod is replaced.
async fn revisions(
    place: &Place<'_>,
    served: &Served,
    manifest: &Manifest,
    workload: &Value,
) -> Result<BTreeSet<String>, RehearsalError> {
    let (api_version, kind, name) = match manifest.kind.as_str() {
        "Deployment" => ("apps/v1", "ReplicaSet", "/metadata/name"),
        "DaemonSet" => ("v1", "Pod", "/metadata/labels/controller-revision-hash"),
        "StatefulSet" => {
            return Ok(workload["status"]["updateRevision"].as_str().map(str::to_owned).into_iter().collect());
        }
        _ => return Ok(BTreeSet::new()),
    };
    let Some(resource) = served.find(api_version, kind) else { return Ok(BTreeSet::new()) };
    let list = place.send(Request::list_of_metadata(&place.collection(manifest, resource))).await?;
    let items = list.body["items"].as_array().into_iter().flatten();
    let is_its = |item: &&Value| {
        let owners = item["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        owners.into_iter().any(|owner| owner["uid"] == workload["metadata"]["uid"])
    };
    Ok(items.filter(is_its).filter_map(|item| item.pointer(name)?.as_str().map(str::to_owned)).collect())
}
