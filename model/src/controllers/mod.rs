//! The controllers: each looks at one event at a time, a moment after it, and writes.

use jiff::{SignedDuration, Timestamp};

use crate::authz;
use crate::store::Event;
use crate::world::World;

/// How long after an event the controllers see it.
const LAG: SignedDuration = SignedDuration::from_millis(20);

/// How far they have come, and what they do at a time.
#[derive(Debug, Default)]
pub(crate) struct Controllers {
    /// The place of the first event that none has seen.
    place: u64,
    timers: Vec<(Timestamp, Timer)>,
}

/// Something to be done at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Timer {}

type React = fn(&mut World, &Event);

/// Who looks at each event, in this order.
const REACT: &[React] = &[authz::aggregate::react];

/// When something is to be done next.
pub(crate) fn next_due(world: &World) -> Option<Timestamp> {
    let event = world.store.event(world.controllers.place).and_then(|event| event.at.checked_add(LAG).ok());
    let timer = world.controllers.timers.iter().map(|(at, _)| *at).min();
    event.into_iter().chain(timer).min()
}

/// Does the first of what is due.
pub(crate) fn run_due(world: &mut World) {
    let Some(event) = world.store.event(world.controllers.place).cloned() else { return };
    world.controllers.place += 1;
    for react in REACT {
        react(world, &event);
    }
}

/// Lets the controllers see all that is there, as if it had been there for long.
pub(crate) fn settle(world: &mut World) {
    while world.store.event(world.controllers.place).is_some() {
        run_due(world);
    }
}
