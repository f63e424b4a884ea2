//! Ranges agree with a model that knows no cleverness: every version there is, asked one by one.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Minor, Range, Version};

/// Numbers that are close to each other, and both ends of what can be written.
const NUMBERS: [u16; 6] = [0, 1, 2, 3, u16::MAX - 1, u16::MAX];

/// One comparison: as it is written, and whether it holds.
#[derive(Debug, Clone, Copy)]
struct Comparison {
    operator: &'static str,
    major: u16,
    minor: u16,
    patch: Option<u16>,
}

/// Alternatives of comparisons that all hold.
type Model = Vec<Vec<Comparison>>;

fn comparison() -> impl Strategy<Value = Comparison> {
    let operator = select(vec![">=", ">", "<=", "<", "=", ""]);
    let numbers = (0u16..3, select(&NUMBERS[..]), proptest::option::of(select(&NUMBERS[..])));
    (operator, numbers).prop_map(|(operator, (major, minor, patch))| Comparison { operator, major, minor, patch })
}

fn model() -> impl Strategy<Value = Model> {
    vec(vec(comparison(), 1..4), 1..4)
}

impl Comparison {
    fn written(&self) -> String {
        let Self { operator, major, minor, patch } = self;
        let patch = patch.map_or(String::new(), |patch| format!(".{patch}"));
        format!("{operator}{major}.{minor}{patch}")
    }

    fn holds(&self, (major, minor, patch): (u16, u16, u16)) -> bool {
        let order = match self.patch {
            Some(bound) => (major, minor, patch).cmp(&(self.major, self.minor, bound)),
            None => (major, minor).cmp(&(self.major, self.minor)),
        };
        match self.operator {
            ">=" => order.is_ge(),
            ">" => order.is_gt(),
            "<=" => order.is_le(),
            "<" => order.is_lt(),
            _ => order.is_eq(),
        }
    }
}

fn written(model: &Model) -> String {
    let alternatives = model.iter().map(|all| all.iter().map(Comparison::written).collect::<Vec<_>>().join(" "));
    alternatives.collect::<Vec<_>>().join(" || ")
}

fn holds(model: &Model, version: (u16, u16, u16)) -> bool {
    model.iter().any(|all| all.iter().all(|comparison| comparison.holds(version)))
}

/// Every version near anything that can be written; what is between two of them is in a range if they are.
fn versions() -> impl Iterator<Item = (u16, u16, u16)> {
    const NEAR: [u16; 8] = [0, 1, 2, 3, 4, u16::MAX - 2, u16::MAX - 1, u16::MAX];
    let majors = [0, 1, 2, 3].into_iter();
    majors.flat_map(|major| {
        NEAR.into_iter().flat_map(move |minor| NEAR.into_iter().map(move |patch| (major, minor, patch)))
    })
}

fn version((major, minor, patch): (u16, u16, u16)) -> Version {
    Version { minor: Minor { major, minor }, patch, suffix: String::new() }
}

proptest! {
    #[test]
    fn a_range_holds_what_its_comparisons_hold(model in model()) {
        let text = written(&model);
        match text.parse::<Range>() {
            Ok(range) => {
                prop_assert_eq!(range.to_string(), text);
                for at in versions() {
                    prop_assert_eq!(range.contains(&version(at)), holds(&model, at), "{:?}", at);
                }
            }
            // Only one that holds nothing is refused.
            Err(error) => prop_assert!(!versions().any(|at| holds(&model, at)), "{}", error),
        }
    }

    #[test]
    fn two_ranges_meet_where_both_hold(one in model(), other in model()) {
        let (Ok(left), Ok(right)) = (written(&one).parse::<Range>(), written(&other).parse::<Range>()) else { return Ok(()) };
        let both: Vec<_> = versions().filter(|at| holds(&one, *at) && holds(&other, *at)).collect();
        let met = left.and(&right);
        prop_assert_eq!(left.overlaps(&right), !both.is_empty());
        prop_assert_eq!(met.is_empty(), both.is_empty());
        prop_assert_eq!(right.overlaps(&left), left.overlaps(&right));
        for at in versions() {
            prop_assert_eq!(met.contains(&version(at)), both.contains(&at), "{:?}", at);
        }
    }

    #[test]
    fn a_version_is_written_as_it_is_read(
        major in 0u16..3, minor: u16, patch: u16, suffix in "|[-+][a-z0-9.+-]{0,12}",
    ) {
        let version = Version { minor: Minor { major, minor }, patch, suffix };
        prop_assert_eq!(version.to_string().parse::<Version>(), Ok(version.clone()));
        let minor = version.minor.to_string();
        prop_assert_eq!(minor.parse::<Minor>(), Ok(version.minor));
        prop_assert!(minor.parse::<Range>().is_ok_and(|range| range.contains(&version)));
    }
}
