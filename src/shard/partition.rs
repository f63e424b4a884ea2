//! A suite in parts that take about as long as each other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt::Write as _;
use std::num::NonZeroU16;
use std::time::Duration;

use super::{Durations, Shard};
use crate::snapshot::Digest;

/// What a scenario is taken to need where nothing at all was measured: as long as any other.
const ANY: Duration = Duration::from_secs(1);

/// Every scenario of a suite in exactly one shard.
///
/// The longest that is left goes to the shard with the least so far (LPT, Graham 1969): no shard takes longer than 4/3 of
/// what the best of all partitions would. Where two are alike, the id and the number of the shard decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    of: NonZeroU16,
    parts: BTreeMap<String, Part>,
    assumed: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    shard: u16,
    takes: Duration,
    is_known: bool,
}

impl Partition {
    /// The scenarios of these ids in so many shards. One whose duration is not known counts as the median of the others.
    pub fn new<'i>(ids: impl IntoIterator<Item = &'i str>, durations: &Durations, of: NonZeroU16) -> Self {
        let known: BTreeMap<&str, Option<Duration>> = ids.into_iter().map(|id| (id, durations.of(id))).collect();
        let assumed = median(known.values().flatten().copied().collect()).unwrap_or(ANY);
        let mut longest_first: Vec<(Reverse<Duration>, &str, bool)> =
            known.into_iter().map(|(id, known)| (Reverse(known.unwrap_or(assumed)), id, known.is_some())).collect();
        longest_first.sort_unstable();
        let mut shards: BinaryHeap<Reverse<(Duration, u16)>> =
            (1..=of.get()).map(|shard| Reverse((Duration::ZERO, shard))).collect();
        let mut found = BTreeMap::new();
        for (Reverse(takes), id, is_known) in longest_first {
            // There is at least one.
            let Some(Reverse((load, shard))) = shards.pop() else { break };
            shards.push(Reverse((load.saturating_add(takes), shard)));
            found.insert(id.to_owned(), Part { shard, takes, is_known });
        }
        Self { of, parts: found, assumed }
    }

    /// Whether a scenario is in a shard.
    pub fn has(&self, shard: Shard, id: &str) -> bool {
        self.parts.get(id).is_some_and(|part| part.shard == shard.number())
    }

    /// How long a scenario is expected to take; none for one that is not of this suite.
    pub fn expected(&self, id: &str) -> Option<Duration> {
        self.parts.get(id).map(|part| part.takes)
    }

    /// How long the scenarios of a shard are expected to take, one after the other.
    pub fn load(&self, shard: Shard) -> Duration {
        self.parts.values().filter(|part| part.shard == shard.number()).map(|part| part.takes).sum()
    }

    /// How long all of them are expected to take, one after the other.
    pub fn total(&self) -> Duration {
        self.parts.values().map(|part| part.takes).sum()
    }

    /// How many scenarios there are in all shards.
    pub fn scenarios(&self) -> usize {
        self.parts.len()
    }

    /// How many of them have no known duration, and how long each is taken to need.
    pub fn assumed(&self) -> (usize, Duration) {
        (self.parts.values().filter(|part| !part.is_known).count(), self.assumed)
    }

    /// Tells partitions apart: shards of the same one have the same, and no others.
    pub fn digest(&self) -> String {
        let mut text = format!("{}\n", self.of);
        for (id, part) in &self.parts {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{id} {}", part.shard);
        }
        Digest::of(&text).to_string()
    }
}

/// The middle one; of two in the middle the shorter.
fn median(mut durations: Vec<Duration>) -> Option<Duration> {
    durations.sort_unstable();
    durations.get(durations.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    fn of(count: u16) -> NonZeroU16 {
        NonZeroU16::new(count).unwrap()
    }

    fn shards(count: u16) -> impl Iterator<Item = Shard> {
        (1..=count).map(move |number| Shard::new(number, count).unwrap())
    }

    /// Scenarios with the seconds each takes, where that is known.
    fn durations(suite: &BTreeMap<String, Option<u16>>) -> Durations {
        let known = suite.iter().filter_map(|(id, takes)| takes.map(|takes| format!("{id}: {takes}s\n")));
        Durations::parse(&known.collect::<String>()).unwrap()
    }

    fn partition(suite: &BTreeMap<String, Option<u16>>, count: u16) -> Partition {
        Partition::new(suite.keys().map(String::as_str), &durations(suite), of(count))
    }

    fn suites(size: std::ops::Range<usize>) -> impl Strategy<Value = BTreeMap<String, Option<u16>>> {
        btree_map("[a-d]{1,3}/[a-z]{1,6}", proptest::option::weighted(0.8, 1u16..300), size)
    }

    #[test]
    fn the_longest_goes_first_to_whoever_has_the_least() {
        let suite = [("long", 60), ("a", 30), ("b", 20), ("c", 20), ("d", 10)];
        let suite: BTreeMap<String, Option<u16>> =
            suite.iter().map(|(id, takes)| ((*id).to_owned(), Some(*takes))).collect();
        let partition = partition(&suite, 2);
        let ids =
            |shard: Shard| suite.keys().filter(|id| partition.has(shard, id)).cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(shards(2).map(ids).collect::<Vec<_>>(), ["d long", "a b c"]);
        assert_eq!(shards(2).map(|shard| partition.load(shard).as_secs()).collect::<Vec<_>>(), [70, 70]);
    }

    #[test]
    fn what_was_never_measured_counts_as_the_median() {
        let suite = [("a", Some(2)), ("b", Some(4)), ("c", Some(90)), ("new", None)];
        let suite: BTreeMap<String, Option<u16>> = suite.iter().map(|(id, takes)| ((*id).to_owned(), *takes)).collect();
        assert_eq!(partition(&suite, 2).expected("new"), Some(Duration::from_secs(4)));
        assert_eq!(partition(&suite, 2).assumed(), (1, Duration::from_secs(4)));
        assert_eq!(partition(&suite, 2).expected("old"), None);
        let none = Partition::new(["a", "b", "c", "d"], &Durations::default(), of(2));
        assert_eq!(shards(2).map(|shard| none.load(shard)).collect::<Vec<_>>(), [ANY * 2, ANY * 2]);
    }

    /// The best there is, by trying all.
    fn best(takes: &[Duration], loads: &mut Vec<Duration>) -> Duration {
        let Some((first, rest)) = takes.split_first() else { return loads.iter().copied().max().unwrap_or_default() };
        let with = |shard: usize, loads: &mut Vec<Duration>| {
            loads[shard] += *first;
            let best = best(rest, loads);
            loads[shard] -= *first;
            best
        };
        (0..loads.len()).map(|shard| with(shard, loads)).min().unwrap_or_default()
    }

    proptest! {
        #[test]
        fn every_scenario_is_in_exactly_one_shard(suite in suites(0..40), count in 1u16..9) {
            let partition = partition(&suite, count);
            for id in suite.keys() {
                prop_assert_eq!(shards(count).filter(|shard| partition.has(*shard, id)).count(), 1);
            }
            // No shard is idle while another has two.
            let busy = shards(count).filter(|shard| partition.load(*shard) > Duration::ZERO).count();
            prop_assert_eq!(busy, suite.len().min(count.into()));
        }

        #[test]
        fn no_shard_takes_much_longer_than_the_others(suite in suites(1..60), count in 1u16..9) {
            let partition = partition(&suite, count);
            let takes = || suite.keys().map(|id| partition.expected(id).unwrap());
            let (sum, longest): (Duration, Duration) = (takes().sum(), takes().max().unwrap());
            let slowest = shards(count).map(|shard| partition.load(shard)).max().unwrap();
            let count = u32::from(count);
            // Graham's bound for whatever order: the average, and the longest but for its own share of that.
            prop_assert!(slowest * count <= sum + longest * (count - 1));
        }

        #[test]
        fn no_partition_is_better_by_more_than_a_third(suite in suites(1..9), count in 1u16..4) {
            let partition = partition(&suite, count);
            let takes: Vec<Duration> = suite.keys().map(|id| partition.expected(id).unwrap()).collect();
            let best = best(&takes, &mut vec![Duration::ZERO; count.into()]);
            let slowest = shards(count).map(|shard| partition.load(shard)).max().unwrap();
            let count = u32::from(count);
            prop_assert!(slowest * 3 * count <= best * (4 * count - 1));
        }

        #[test]
        fn the_order_of_files_makes_no_difference(suite in suites(1..30), count in 1u16..9, turn in any::<Index>()) {
            let mut ids: Vec<&str> = suite.keys().map(String::as_str).collect();
            let durations = durations(&suite);
            let sorted = Partition::new(ids.iter().copied(), &durations, of(count));
            let middle = turn.index(ids.len());
            ids.rotate_left(middle);
            ids[middle..].reverse();
            let other = Partition::new(ids, &durations, of(count));
            prop_assert_eq!(&other, &sorted);
            prop_assert_eq!(other.digest(), sorted.digest());
        }

        #[test]
        fn only_the_same_partition_has_the_same_digest(suite in suites(2..30), count in 1u16..9) {
            let one = partition(&suite, count);
            prop_assert_ne!(one.digest(), partition(&suite, count + 1).digest());
            let fewer: BTreeMap<_, _> = suite.iter().skip(1).map(|(id, takes)| (id.clone(), *takes)).collect();
            prop_assert_ne!(one.digest(), partition(&fewer, count).digest());
        }
    }
}
