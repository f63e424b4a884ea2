//! The controllers: each looks at one event at a time, a moment after it, and writes.

mod accounts;
mod cleaner;
#[cfg(test)]
mod tests;
mod tokens;
mod tokens_tracking;
pub(crate) mod written;

use jiff::{SignedDuration, Timestamp};

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
    /// When the note since when tokens are tracked was made last.
    tracking_made: Option<Timestamp>,
}

/// Something to be done at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Timer {
    /// Look for tokens that nobody uses.
    CleanTokens,
    /// Make the note since when their use is tracked.
    TrackTokens,
}

/// Who writes, in `managedFields`.
const MANAGER: &str = "kube-controller-manager";

type React = fn(&mut World, &Event);

/// Who looks at each event, in this order.
const REACT: &[React] =
    &[accounts::react, accounts::publish_authority, tokens_tracking::react, tokens::react, cleaner::react];

/// When something is to be done next.
pub(crate) fn next_due(world: &World) -> Option<Timestamp> {
    let event = world.store.event(world.controllers.place).and_then(|event| event.at.checked_add(LAG).ok());
    let timer = world.controllers.timers.iter().map(|(at, _)| *at).min();
    event.into_iter().chain(timer).min()
}

/// Has something done at a time; once, however often that is said.
fn schedule(world: &mut World, at: Timestamp, timer: Timer) {
    if !world.controllers.timers.contains(&(at, timer.clone())) {
        world.controllers.timers.push((at, timer));
    }
}

/// Does the first of what is due.
pub(crate) fn run_due(world: &mut World) {
    let now = world.now();
    let event = world.store.event(world.controllers.place).cloned();
    let is_seen = |event: &Event| event.at.checked_add(LAG).is_ok_and(|at| at <= now);
    let due = world.controllers.timers.iter().position(|(at, _)| *at <= now);
    match due {
        Some(index) if !event.as_ref().is_some_and(is_seen) => {
            let (_, timer) = world.controllers.timers.swap_remove(index);
            match timer {
                Timer::CleanTokens => cleaner::clean(world),
                Timer::TrackTokens => tokens_tracking::keep(world),
            }
        }
        _ => see(world, event),
    }
}

fn see(world: &mut World, event: Option<Event>) {
    let Some(event) = event else { return };
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
