//! Since when the use of tokens in Secrets is tracked: a `ConfigMap` that the API server itself keeps.

use jiff::SignedDuration;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Timer, written};
use crate::profile::Feature;
use crate::store::{Event, Key};
use crate::token::day;
use crate::world::World;

const NAME: &str = "kube-apiserver-legacy-service-account-token-tracking";
/// Who writes it.
const MANAGER: &str = "kube-apiserver";
/// It is made anew once in that time.
const PAUSE: SignedDuration = SignedDuration::from_mins(30);

pub(super) fn key() -> Key {
    Key::new("configmaps", "kube-system", NAME)
}

pub(super) fn react(world: &mut World, event: &Event) {
    let is_begin = event.key.resource == "namespaces" && event.key.name == "kube-system" && event.before.is_none();
    if (is_begin || event.key == key()) && world.profile.has(Feature::LegacyTokensTracked) {
        keep(world);
    }
}

/// Makes it where it is not there, and puts the day right where that is none.
pub(super) fn keep(world: &mut World) {
    let now = world.now();
    let data = json!({"since": day(now, 0)});
    match world.store.get(&key()).cloned() {
        None => match world.controllers.tracking_made.map(|at| PAUSE - now.duration_since(at)) {
            Some(left) if left > SignedDuration::ZERO => world.after(left, Timer::TrackTokens),
            _ => {
                let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}, "data": data});
                if written::create(world, MANAGER, &key(), object).is_some() {
                    world.controllers.tracking_made = Some(now);
                }
            }
        },
        Some(stored) if since(&stored).is_none() => {
            let mut right = Value::clone(&stored);
            right["data"]["since"] = data["since"].clone();
            world.put_as(MANAGER, "", &key(), right);
        }
        Some(_) => {}
    }
}

/// The day that stands there.
pub(super) fn since(object: &Value) -> Option<Date> {
    date(object["data"]["since"].as_str()?)
}

/// A day as it stands in labels; none of what is none.
pub(super) fn date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|date: &Date| date.to_string() == text)
}
