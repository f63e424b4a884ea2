//! Observations of whole answers. What each part does alone is tested beside it.

mod identities;
mod runs;
mod secrets;
mod views;
mod world;

use super::*;
use world::World;

const OBJECT: Cut<'static> = Cut::Default(View::Object);
const ENVELOPE: Cut<'static> = Cut::Default(View::Envelope);
const BODY: Cut<'static> = Cut::Default(View::Body);

/// Observes an answer that counts.
fn see(observer: &mut Observer, step: &str, reply: &Reply, cut: Cut<'_>) -> String {
    let (seen, draft) = observer.observe(step, reply, cut);
    observer.commit(draft);
    seen.text
}

/// Observes one answer of a fresh world.
fn alone(reply: &Reply, cut: Cut<'_>) -> String {
    see(&mut World::new(1).observer(), "step", reply, cut)
}
