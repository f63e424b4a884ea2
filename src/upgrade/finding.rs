//! Something that is to be said of an object.

use crate::version::Version;

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know; nothing has to be done.
    WorthKnowing,
    /// Somebody has to do something, before or after the upgrade.
    NeedsAttention,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// It did not get onto the old version, or could not once more.
    RefusedBefore,
    /// It is refused from this version on.
    Refused,
    /// It is refused by a webhook, a policy or the Pod Security of its Namespace from this version on.
    Bitten,
    /// It was refused and is not any more.
    Accepted,
    /// The server warns about it.
    Warned,
    /// Its `apiVersion` is not served any more.
    NotServed,
    /// It is not there any more.
    Gone,
    /// It cannot be read any more.
    Unreadable,
    /// It is another one, without anybody having changed it.
    Changed,
    /// It has fields by default that it did not have.
    Defaulted,
    /// Its Pods are replaced.
    RolledOut,
    /// A webhook is asked and has no answer.
    Silent,
    /// It was being deleted when it was read.
    Dying,
}

/// Something to be said of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// How grave it is.
    pub severity: Severity,
    /// The version that it was seen on first.
    pub version: Version,
    /// What it is, in one line.
    pub text: String,
    /// More of it, line by line.
    pub lines: Vec<String>,
    /// What to do.
    pub advice: Option<String>,
}

impl Topic {
    /// The word for it, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::RefusedBefore => "refused-before",
            Self::Refused => "refused",
            Self::Bitten => "bitten",
            Self::Accepted => "accepted",
            Self::Warned => "warned",
            Self::NotServed => "not-served",
            Self::Gone => "gone",
            Self::Unreadable => "unreadable",
            Self::Changed => "changed",
            Self::Defaulted => "defaulted",
            Self::RolledOut => "rolled-out",
            Self::Silent => "silent-webhook",
            Self::Dying => "dying",
        }
    }

    /// What it is called, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::RefusedBefore => "refused before",
            Self::Refused => "refused now",
            Self::Bitten => "bitten now",
            Self::Accepted => "accepted now",
            Self::Warned => "warned about",
            Self::NotServed => "not served any more",
            Self::Gone => "gone",
            Self::Unreadable => "unreadable",
            Self::Changed => "changed",
            Self::Defaulted => "newly defaulted",
            Self::RolledOut => "rolled out",
            Self::Silent => "webhook without an answer",
            Self::Dying => "was being deleted",
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::RefusedBefore
            | Self::Refused
            | Self::Bitten
            | Self::NotServed
            | Self::Gone
            | Self::Unreadable
            | Self::Changed
            | Self::RolledOut => Severity::NeedsAttention,
            Self::Accepted | Self::Warned | Self::Defaulted | Self::Silent | Self::Dying => Severity::WorthKnowing,
        }
    }
}

impl Finding {
    pub(super) fn new(topic: Topic, version: &Version, text: impl Into<String>) -> Self {
        let (severity, text) = (topic.severity(), text.into());
        Self { topic, severity, version: version.clone(), text, lines: Vec::new(), advice: None }
    }

    pub(super) fn lines(self, lines: Vec<String>) -> Self {
        Self { lines, ..self }
    }

    pub(super) fn advice(self, advice: impl Into<Option<String>>) -> Self {
        Self { advice: advice.into(), ..self }
    }

    /// Replaces every text.
    pub(super) fn rewrite(&mut self, change: &dyn Fn(&str) -> String) {
        let texts = std::iter::once(&mut self.text).chain(&mut self.lines).chain(&mut self.advice);
        texts.for_each(|text| *text = change(text));
    }

    pub(super) fn of_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }
}
