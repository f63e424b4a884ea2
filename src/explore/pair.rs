//! A sequence on both sides, call by call.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::call::Call;
use super::error::ExploreError;
use super::see::{not_modelled, nothing};
use super::side::Side;
use crate::cluster::Cluster;

/// How often one looks at most for what stays.
const LOOKS: usize = 25;

/// Where sequences run.
#[derive(Clone, Copy)]
pub(super) struct Ground<'c> {
    pub(super) left: &'c Cluster,
    pub(super) right: &'c Cluster,
    /// How long things may take to settle after a change, where time is taken.
    pub(super) settling: Duration,
    /// Whether it is to end early.
    pub(super) stop: &'c dyn Fn() -> bool,
}

/// How calls follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// One after the other.
    Fast,
    /// With time for controllers after each change; what is read is read until it stays.
    Slow,
    /// The same with much more time, for short sequences.
    Patient,
}

impl Pace {
    /// How long things may take to settle.
    fn settling(self, usual: Duration) -> Duration {
        match self {
            Self::Fast => Duration::ZERO,
            Self::Slow => usual,
            Self::Patient => usual * 8,
        }
    }
}

/// What came of a sequence on both sides.
#[derive(Debug, Default)]
pub(super) struct Pair {
    /// What was seen of each call, as far as both sides answered.
    pub(super) seen: Vec<(Value, Value)>,
    /// The references that led nowhere on the left.
    pub(super) missing: BTreeSet<String>,
    /// What a model said it does not do.
    pub(super) not_modelled: Vec<String>,
    /// How many calls were sent to each side.
    pub(super) calls: usize,
}

/// Runs a sequence on both sides until it is through. What was made is taken away in any case.
pub(super) async fn run(ground: Ground<'_>, calls: &[Call], pace: Pace) -> Result<Pair, ExploreError> {
    let open = |cluster| Side::open(cluster, calls, ground.settling);
    let (one, other) = futures_util::future::join(open(ground.left), open(ground.right)).await;
    let mut sides = match (one, other) {
        (Ok(left), Ok(right)) => (left, right),
        (Ok(side), Err(error)) | (Err(error), Ok(side)) => {
            side.clean_up().await?;
            return Err(error);
        }
        (Err(error), Err(_)) => return Err(error),
    };
    let ran = follow(ground, &mut sides, calls, pace).await;
    let (one, other) = futures_util::future::join(sides.0.clean_up(), sides.1.clean_up()).await;
    let pair = ran?;
    one?;
    other?;
    Ok(pair)
}

async fn follow(
    ground: Ground<'_>,
    (left, right): &mut (Side<'_>, Side<'_>),
    calls: &[Call],
    pace: Pace,
) -> Result<Pair, ExploreError> {
    let mut pair = Pair::default();
    for call in calls {
        if (ground.stop)() {
            break;
        }
        pair.calls += 1;
        // One after the other: what the left does not model is not sent to the right, so that both stay alike.
        let seen = match answer(left, call, pace).await? {
            Answer::NotModelled(what) => Err((what, true)),
            Answer::Seen(seen_left) => match answer(right, call, pace).await? {
                Answer::Seen(seen_right) => Ok((seen_left, seen_right)),
                Answer::NotModelled(what) => Err((what, call.verb.is_read())),
            },
        };
        match seen {
            Ok(seen) => pair.seen.push(seen),
            Err((what, are_alike)) => {
                pair.not_modelled.push(what);
                pair.seen.push((nothing(), nothing()));
                if !are_alike {
                    break;
                }
            }
        }
        if pace != Pace::Fast && !call.verb.is_read() {
            let settling = pace.settling(ground.settling);
            futures_util::future::join(left.pause(settling), right.pause(settling)).await;
        }
    }
    pair.missing = std::mem::take(&mut left.world.missing);
    Ok(pair)
}

enum Answer {
    Seen(Value),
    NotModelled(String),
}

async fn answer(side: &mut Side<'_>, call: &Call, pace: Pace) -> Result<Answer, ExploreError> {
    let exchange = match side.send(call).await? {
        None => return Ok(Answer::Seen(nothing())),
        Some(Err(what)) => return Ok(Answer::NotModelled(side.eye.presentable(&what))),
        Some(Ok(exchange)) => exchange,
    };
    if let Some(what) = not_modelled(&exchange) {
        return Ok(Answer::NotModelled(side.eye.presentable(what)));
    }
    let mut glance = side.eye.look(call, &exchange);
    if pace != Pace::Fast && call.verb.is_read() {
        for _ in 0..LOOKS {
            side.pause(pace.settling(side.settling) / 2).await;
            let Some(Ok(exchange)) = side.send(call).await? else { break };
            let next = side.eye.look(call, &exchange);
            let is_steady = next.seen == glance.seen;
            glance = next;
            if is_steady {
                break;
            }
        }
    }
    Ok(Answer::Seen(side.eye.keep(glance)))
}
