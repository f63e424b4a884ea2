//! What `INSTA_UPDATE` asks for, read as insta reads it.

/// Whether a difference is written, and whether as a proposal or as accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdatePolicy {
    /// `no`: nothing is written.
    Never,
    /// `new`, and `auto` outside CI: every difference waits for review.
    Propose,
    /// `unseen`: what nobody recorded yet is accepted, a difference waits for review.
    AcceptUnseen,
    /// `always`: every difference is accepted.
    Accept,
    /// `force`: everything is written, also what does not differ.
    Rewrite,
}

/// How an answer compares with what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// It is the same.
    None,
    /// Every step that differs is one that nobody recorded.
    Unseen,
    /// A step shows something else than was recorded.
    Changed,
}

/// What to do with the recording at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// Leave the store alone.
    Nothing,
    /// [`super::Store::propose`] it.
    Propose,
    /// [`super::Store::record`] it.
    Accept,
}

/// A value of `INSTA_UPDATE` that insta does not know either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("INSTA_UPDATE is `{0}`: set it to auto, always, new, unseen, no or force")]
pub struct UnknownPolicy(String);

impl UpdatePolicy {
    /// The policy for the value of `INSTA_UPDATE`; `auto` writes nothing in CI.
    ///
    /// # Errors
    /// When the value is none of insta's.
    pub fn from(value: Option<&str>, ci: bool) -> Result<Self, UnknownPolicy> {
        match value.unwrap_or_default() {
            "" | "auto" if ci => Ok(Self::Never),
            "" | "auto" | "new" => Ok(Self::Propose),
            "always" | "1" => Ok(Self::Accept),
            "unseen" => Ok(Self::AcceptUnseen),
            "no" => Ok(Self::Never),
            "force" => Ok(Self::Rewrite),
            other => Err(UnknownPolicy(other.to_owned())),
        }
    }

    /// Whether any difference is taken for right without a review.
    pub fn accepts(self) -> bool {
        matches!(self, Self::AcceptUnseen | Self::Accept | Self::Rewrite)
    }

    /// What to do with an answer.
    pub fn on(self, difference: Difference) -> Update {
        match (self, difference) {
            (Self::Never, _) | (Self::Propose | Self::AcceptUnseen | Self::Accept, Difference::None) => Update::Nothing,
            (Self::Rewrite | Self::Accept, _) | (Self::AcceptUnseen, Difference::Unseen) => Update::Accept,
            (Self::Propose, _) | (Self::AcceptUnseen, Difference::Changed) => Update::Propose,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_mean_what_they_mean_to_insta() {
        use {Difference as D, Update::*};
        let table = [
            (None, false, [Nothing, Propose, Propose]),
            (None, true, [Nothing, Nothing, Nothing]),
            (Some(""), true, [Nothing, Nothing, Nothing]),
            (Some("auto"), false, [Nothing, Propose, Propose]),
            (Some("auto"), true, [Nothing, Nothing, Nothing]),
            (Some("new"), true, [Nothing, Propose, Propose]),
            (Some("unseen"), true, [Nothing, Accept, Propose]),
            (Some("always"), true, [Nothing, Accept, Accept]),
            (Some("1"), false, [Nothing, Accept, Accept]),
            (Some("no"), false, [Nothing, Nothing, Nothing]),
            (Some("force"), false, [Accept, Accept, Accept]),
        ];
        for (value, ci, expected) in table {
            let policy = UpdatePolicy::from(value, ci).unwrap();
            let found = [D::None, D::Unseen, D::Changed].map(|difference| policy.on(difference));
            assert_eq!(found, expected, "{value:?}, CI: {ci}");
        }
        assert!(UpdatePolicy::from(Some("Always"), false).is_err());
    }
}
