//! A sequence on both sides, call by call.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::call::Call;
use super::error::ExploreError;
use super::see::{not_modelled, nothing};
use super::side::Side;
use crate::cluster::{Cluster, Exchange};

/// How long things may take to settle after a change, where time is taken.
const SETTLING: Duration = Duration::from_millis(120);
/// How far apart two looks are that have to be alike, and how many there are at most.
const BETWEEN_LOOKS: Duration = Duration::from_millis(60);
const LOOKS: usize = 25;

/// How calls follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// One after the other.
    Fast,
    /// With time for controllers after each change; what is read is read until it stays.
    Slow,
}

/// What came of a sequence on both sides.
#[derive(Debug, Default)]
pub(super) struct Pair {
    /// What was seen of each call, as far as both sides answered.
    pub(super) seen: Vec<(Value, Value)>,
    /// The references that led nowhere on the left.
    pub(super) missing: BTreeSet<String>,
    /// What a model said it does not do: the call's number, and the words.
    pub(super) not_modelled: Vec<String>,
    /// How many calls were sent to each side.
    pub(super) calls: usize,
}

/// Runs a sequence on both sides until it is through or `stop` says so. What was made is taken away in any case.
pub(super) async fn run(
    (left, right): (&Cluster, &Cluster),
    calls: &[Call],
    pace: Pace,
    stop: &(dyn Fn() -> bool + '_),
) -> Result<Pair, ExploreError> {
    let (one, other) = futures_util::future::join(Side::open(left, calls), Side::open(right, calls)).await;
    let mut sides = match (one, other) {
        (Ok(left), Ok(right)) => (left, right),
        (Ok(side), Err(error)) | (Err(error), Ok(side)) => {
            side.clean_up().await?;
            return Err(error);
        }
        (Err(error), Err(_)) => return Err(error),
    };
    let ran = follow(&mut sides, calls, pace, stop).await;
    let (one, other) = futures_util::future::join(sides.0.clean_up(), sides.1.clean_up()).await;
    let pair = ran?;
    one?;
    other?;
    Ok(pair)
}

async fn follow(
    (left, right): &mut (Side<'_>, Side<'_>),
    calls: &[Call],
    pace: Pace,
    stop: &(dyn Fn() -> bool + '_),
) -> Result<Pair, ExploreError> {
    let mut pair = Pair::default();
    for call in calls {
        if stop() {
            break;
        }
        pair.calls += 1;
        // One after the other: what the left does not model is not sent to the right, so that both stay alike.
        let seen_left = match answer(left, call, pace).await? {
            Answer::Seen(seen) => seen,
            Answer::NotModelled(what) => {
                pair.not_modelled.push(what);
                // Nobody compares what stands here.
                pair.seen.push((nothing(), nothing()));
                continue;
            }
        };
        let seen_right = match answer(right, call, pace).await? {
            Answer::Seen(seen) => seen,
            Answer::NotModelled(what) => {
                pair.not_modelled.push(what);
                pair.seen.push((nothing(), nothing()));
                if call.verb.is_read() {
                    continue;
                }
                // The left did it.
                break;
            }
        };
        pair.seen.push((seen_left, seen_right));
        if pace == Pace::Slow && !call.verb.is_read() {
            futures_util::future::join(left.pause(SETTLING), right.pause(SETTLING)).await;
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
    let Some(exchange) = side.send(call).await? else { return Ok(Answer::Seen(nothing())) };
    if let Some(what) = refused_as_not_modelled(side, &exchange) {
        return Ok(Answer::NotModelled(what));
    }
    let mut glance = side.eye.look(call, &exchange);
    if pace == Pace::Slow && call.verb.is_read() {
        for _ in 0..LOOKS {
            side.pause(BETWEEN_LOOKS).await;
            let Some(exchange) = side.send(call).await? else { break };
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

fn refused_as_not_modelled(side: &Side<'_>, exchange: &Exchange) -> Option<String> {
    not_modelled(exchange).map(|what| side.eye.presentable(what))
}
