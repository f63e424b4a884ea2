//! Watches: the changes of a collection as they come.

use http_body_util::BodyExt;
use serde_json::Value;

use super::connection::AnswerBody;
use super::send_error::{Failing, SendError};

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// It is there now, or it is in the selection now.
    Added,
    /// It changed.
    Modified,
    /// It is gone, or out of the selection.
    Deleted,
    /// Nothing happened up to the resource version that comes with it.
    Bookmark,
    /// The watch ends; the object is a Status, often 410. Also what a refused watch has as its only event.
    Error,
}

impl EventKind {
    const ALL: [Self; 5] = [Self::Added, Self::Modified, Self::Deleted, Self::Bookmark, Self::Error];

    /// The word for it on the wire: `ADDED`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::Bookmark => "BOOKMARK",
            Self::Error => "ERROR",
        }
    }

    /// What a word on the wire stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One change.
#[derive(Debug, Clone)]
pub struct WatchEvent {
    /// What happened.
    pub kind: EventKind,
    /// The object as it is now, as it last was, or a Status.
    pub object: Value,
}

/// A running watch. On HTTP/1 it has a connection of its own, which dropping it closes.
#[derive(Debug)]
pub struct Watch {
    source: Source,
    failing: Failing,
}

#[derive(Debug)]
enum Source {
    Stream { body: AnswerBody, unread: Vec<u8> },
    Refused(Option<Value>),
}

impl Watch {
    pub(super) fn stream(body: AnswerBody, failing: Failing) -> Self {
        Self { source: Source::Stream { body, unread: Vec::new() }, failing }
    }

    pub(super) fn refused(status: Value, failing: Failing) -> Self {
        Self { source: Source::Refused(Some(status)), failing }
    }

    /// The next change; none when the server has ended the watch. Can be dropped and called again without loss.
    pub async fn next(&mut self) -> Option<Result<WatchEvent, SendError>> {
        let (body, unread) = match &mut self.source {
            Source::Refused(status) => {
                return status.take().map(|object| Ok(WatchEvent { kind: EventKind::Error, object }));
            }
            Source::Stream { body, unread } => (body, unread),
        };
        loop {
            if let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = unread.drain(..=end).collect();
                return Some(event(&line).map_err(|cause| self.failing.broken(cause)));
            }
            match body.frame().await? {
                Ok(frame) => unread.extend(frame.into_data().unwrap_or_default()),
                Err(error) => return Some(Err(self.failing.classify(&*error))),
            }
        }
    }
}

fn event(line: &[u8]) -> Result<WatchEvent, String> {
    let mut event: Value = serde_json::from_slice(line).map_err(|error| format!("an event is no JSON: {error}"))?;
    let kind = event["type"].as_str().and_then(EventKind::from_word);
    let kind = kind.ok_or_else(|| format!("an event of the unknown type {}", event["type"]))?;
    Ok(WatchEvent { kind, object: event["object"].take() })
}
