//! The controllers: each looks at one event at a time, a moment after it, and writes.

mod accounts;
mod cleaner;
mod garbage;
mod namespaces;
mod node;
#[cfg(test)]
mod tests;
mod tokens;
mod tokens_tracking;
mod written;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::authz;
use crate::managed::{self, Manager};
use crate::resources;
use crate::store::{Event, Key};
use crate::world::World;

/// How long after an event the controllers see it.
const LAG: SignedDuration = SignedDuration::from_millis(20);

/// How far they have come, and what they do at a time.
#[derive(Debug, Default)]
pub(crate) struct Controllers {
    /// The place of the first event that none has seen.
    place: u64,
    timers: Vec<(Timestamp, Timer)>,
    /// When the note since when tokens are tracked was made last.
    tracking_made: Option<Timestamp>,
}

/// Something to be done at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Timer {
    /// What is in a Namespace that is being deleted is looked at again.
    Empty { namespace: String },
    /// A Pod has had its time to end.
    End { pod: Key },
    /// Tokens that nobody uses are looked for.
    CleanTokens,
    /// The note since when their use is tracked may be made anew.
    TrackTokens,
}

/// Who writes, in `managedFields`.
const MANAGER: &str = "kube-controller-manager";

type React = fn(&mut World, &Event);

/// Who looks at each event, in this order.
const REACT: &[React] = &[
    namespaces::react,
    authz::aggregate::react,
    garbage::react,
    node::react,
    accounts::react,
    accounts::publish_authority,
    tokens_tracking::react,
    tokens::react,
    cleaner::react,
];

/// When something is to be done next.
pub(crate) fn next_due(world: &World) -> Option<Timestamp> {
    let event = world.store.event(world.controllers.place).and_then(|event| event.at.checked_add(LAG).ok());
    let timer = world.controllers.timers.iter().map(|(at, _)| *at).min();
    event.into_iter().chain(timer).min()
}

/// Does the first of what is due.
pub(crate) fn run_due(world: &mut World) {
    let due = world.store.event(world.controllers.place).and_then(|event| event.at.checked_add(LAG).ok());
    let timers = &mut world.controllers.timers;
    let timer = timers.iter().enumerate().min_by_key(|(_, (at, _))| *at).map(|(place, (at, _))| (place, *at));
    match (due, timer) {
        (due, Some((place, at))) if due.is_none_or(|due| at < due) => {
            let (_, timer) = timers.remove(place);
            match timer {
                Timer::Empty { namespace } => namespaces::look(world, &namespace),
                Timer::End { pod } => node::end(world, &pod),
                Timer::CleanTokens => cleaner::clean(world),
                Timer::TrackTokens => tokens_tracking::keep(world),
            }
        }
        _ => {
            let Some(event) = world.store.event(world.controllers.place).cloned() else { return };
            world.controllers.place += 1;
            for react in REACT {
                react(world, &event);
            }
        }
    }
}

/// Lets the controllers see all that is there, as if it had been there for long.
pub(crate) fn settle(world: &mut World) {
    while world.store.event(world.controllers.place).is_some() {
        run_due(world);
    }
}

impl World {
    /// Has something done after a time.
    pub(crate) fn after(&mut self, time: SignedDuration, timer: Timer) {
        let at = self.now().checked_add(time).unwrap_or(Timestamp::MAX);
        self.controllers.timers.push((at, timer));
    }

    /// Writes an object as a controller does, if that changes anything: its manager is noted.
    pub(crate) fn put_as(&mut self, manager: &str, subresource: &str, key: &Key, object: Value) -> Option<Arc<Value>> {
        let resource = resources::named(key.resource)?;
        let old = self.store.get(key).cloned();
        let manager = Manager::update(manager, subresource);
        let mut object =
            managed::updated(old.as_deref(), object, resource, &manager, self.now(), &self.profile).ok()?;
        if let Some(old) = &old {
            object["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
            managed::forget_times(&mut object, old);
            if object == **old {
                return Some(Arc::clone(old));
            }
        }
        Some(self.put(key.clone(), object))
    }
}
