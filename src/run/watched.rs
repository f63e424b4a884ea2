//! A watch that is opened again when another release has taken the place of the one that ran: with its only API server it
//! ends, as anybody's does, and what clients do then is done here too. The new server knows nothing of what was before its
//! start, so the watch begins with what is there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::cluster::{Cluster, EventKind, SendError, Session, Watch, WatchEvent};

/// The watches of a scenario that are open, each with how many upgrades had begun when it was opened last.
#[derive(Debug, Default, Clone)]
pub(super) struct Watches(Arc<Open>);

#[derive(Debug, Default)]
struct Open {
    next: AtomicU64,
    by_id: watch::Sender<BTreeMap<u64, u32>>,
}

impl Open {
    fn set(&self, id: u64, begun: u32) {
        self.by_id.send_modify(|open| {
            open.insert(id, begun);
        });
    }
}

impl Watches {
    fn enter(&self, begun: u32) -> Entry {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.0.set(id, begun);
        Entry { open: Arc::clone(&self.0), id }
    }

    /// Waits until each has been opened after so many upgrades: what comes next is told to all of them.
    pub(super) async fn opened_after(&self, begun: u32) {
        let mut open = self.0.by_id.subscribe();
        // Its sender is ours.
        let _ = open.wait_for(|open| open.values().all(|opened| *opened >= begun)).await;
    }
}

/// One of them, as long as it is there.
struct Entry {
    open: Arc<Open>,
    id: u64,
}

impl Entry {
    fn opened_after(&self, begun: u32) {
        self.open.set(self.id, begun);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.open.by_id.send_modify(|open| {
            open.remove(&self.id);
        });
    }
}

/// A watch, and what it takes to open it again.
pub(super) struct Watched<'a> {
    cluster: &'a Cluster,
    session: Session,
    path: String,
    watch: Watch,
    /// How many upgrades had begun when it was opened.
    begun: u32,
    entry: Entry,
}

impl<'a> Watched<'a> {
    /// A watch that was opened by its path, when so many upgrades had begun.
    pub(super) fn new(
        cluster: &'a Cluster,
        session: Session,
        path: &str,
        watch: Watch,
        begun: u32,
        watches: &Watches,
    ) -> Self {
        Self { cluster, session, path: with_what_is_there(path), watch, begun, entry: watches.enter(begun) }
    }

    /// The next event, and the rest; none when the server has ended the watch for good.
    pub(super) async fn next(mut self) -> Option<(Result<WatchEvent, SendError>, Self)> {
        loop {
            let event = self.watch.next().await;
            if matches!(event, Some(Ok(_))) || self.begun == self.cluster.upgrades_begun() {
                return event.map(|event| (event, self));
            }
            self.cluster.at_rest().await;
            self.begun = self.cluster.upgrades_begun();
            let opened = self.session.open_watch(self.path.clone()).await;
            self.entry.opened_after(self.begun);
            match opened {
                Ok(Ok(watch)) => self.watch = watch,
                Ok(Err(refusal)) => {
                    let object = Arc::unwrap_or_clone(refusal.body);
                    return Some((Ok(WatchEvent { kind: EventKind::Error, object }), self));
                }
                Err(error) => return Some((Err(error), self)),
            }
        }
    }
}

/// The path of the same watch that begins with what is there.
fn with_what_is_there(path: &str) -> String {
    const OF_THE_BEGINNING: [&str; 3] = ["resourceVersion", "resourceVersionMatch", "sendInitialEvents"];
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_kept = |parameter: &&str| {
        let name = parameter.split_once('=').map_or(*parameter, |(name, _)| name);
        !name.is_empty() && !OF_THE_BEGINNING.contains(&name)
    };
    let kept: String = query.split('&').filter(is_kept).flat_map(|parameter| [parameter, "&"]).collect();
    format!("{path}?{kept}resourceVersion=0")
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_immediate;

    use super::*;

    #[test]
    fn it_begins_with_what_is_there() {
        for (path, then) in [
            ("/p?resourceVersion=3&watch=true", "/p?watch=true&resourceVersion=0"),
            (
                "/p?fieldSelector=a%3Db&resourceVersion=3&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&watch=true",
                "/p?fieldSelector=a%3Db&watch=true&resourceVersion=0",
            ),
            ("/p", "/p?resourceVersion=0"),
        ] {
            assert_eq!(with_what_is_there(path), then);
        }
    }

    #[tokio::test]
    async fn an_upgrade_is_over_when_every_watch_is_open_again() {
        let watches = Watches::default();
        watches.opened_after(1).await;
        let (one, other) = (watches.enter(0), watches.enter(0));
        let mut over = Box::pin(watches.opened_after(1));
        assert!(poll_immediate(&mut over).await.is_none());
        one.opened_after(1);
        assert!(poll_immediate(&mut over).await.is_none());
        drop(other);
        over.await;
    }
}
