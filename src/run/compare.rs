//! One observation against what was recorded.

use super::outcome::{Trouble, Verdict};
use crate::snapshot::{LookUp, Recorded, Series, Text};
use crate::version::Version;

/// The verdict on what `step` showed on `version`.
pub(super) fn verdict(
    recorded: &Recorded,
    step: &Series,
    version: &Version,
    came: &Text,
    unrecorded_fails: bool,
) -> Verdict {
    let (since, from, expected) = match recorded.look_up(step, version) {
        LookUp::Unrecorded => return Verdict::Unrecorded { fails: unrecorded_fails },
        LookUp::Edited { from, since, .. } => {
            return Verdict::Broken(Trouble {
                message: format!(
                    "the snapshot {step}@{since} is not what was recorded on {from}: it was edited or cut off"
                ),
                help: Some("restore the file from version control, or record the scenario again".to_owned()),
            });
        }
        LookUp::Seen { since, text } => (since, None, text),
        LookUp::Assumed { from, since, text } => (since, Some(from), text),
    };
    let since = since.to_string();
    if expected == came {
        Verdict::Same { since, assumed_from: from.cloned() }
    } else {
        let recorded_on = from.unwrap_or(version).clone();
        Verdict::Changed { since, recorded_on, expected: expected.as_str().to_owned() }
    }
}
