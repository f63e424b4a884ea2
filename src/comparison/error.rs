//! Why there is nothing to compare, and what to do.

use crate::version::{Minor, spans};

/// Why two versions cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComparisonError {
    /// There are no recordings at all.
    #[error("none of these scenarios is recorded on any version")]
    NothingRecorded,
    /// Of this version there are none.
    #[error("none of these scenarios is recorded on {minor}{}", but(name, *minor))]
    Unrecorded {
        /// What the side was called.
        name: String,
        /// Its minor.
        minor: Minor,
        /// The minors that are recorded.
        known: Vec<Minor>,
    },
    /// Both are one.
    #[error("{from} and {to} are the same version")]
    Same {
        /// The one.
        from: String,
        /// The other.
        to: String,
    },
    /// The older one comes second.
    #[error("{to} is older than {from}")]
    Backwards {
        /// The one.
        from: String,
        /// The other.
        to: String,
    },
}

fn but(name: &str, minor: Minor) -> String {
    if name == minor.to_string() { String::new() } else { format!(", and that is what {name} is") }
}

impl ComparisonError {
    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::NothingRecorded => {
                "look whether `--snapshots` names their folder, or record them: `rehearsal record --cluster local:all`"
                    .to_owned()
            }
            Self::Unrecorded { known, minor, .. } => format!(
                "recorded: {}; to record it: `rehearsal record --cluster local:{minor}`",
                spans(known.iter().copied())
            ),
            Self::Same { .. } => "name two versions, as in `rehearsal diff v1.23 v1.24`".to_owned(),
            Self::Backwards { from, to } => format!("write the older one first: {to} {from}"),
        }
    }
}
