//! A watch that goes on where it was when another release takes the place of the one that runs: with its API server it
//! ends, as anybody's does, and what every client does then is done here too.

use std::sync::Arc;

use crate::cluster::{Cluster, EventKind, SendError, Session, Watch, WatchEvent};

/// A watch, and what it takes to open it again.
pub(super) struct Watched<'a> {
    cluster: &'a Cluster,
    session: Session,
    path: String,
    watch: Watch,
    /// How many upgrades had begun when it was opened.
    begun: u32,
}

impl<'a> Watched<'a> {
    /// A watch that was opened by its path, when so many upgrades had begun.
    pub(super) fn new(cluster: &'a Cluster, session: Session, path: String, watch: Watch, begun: u32) -> Self {
        Self { cluster, session, path, watch, begun }
    }

    /// The next event, and the rest; none when the server has ended the watch for good.
    pub(super) async fn next(mut self) -> Option<(Result<WatchEvent, SendError>, Self)> {
        loop {
            let event = self.watch.next().await;
            if let Some(Ok(event)) = event {
                if let Some(version) = event.object["metadata"]["resourceVersion"].as_str() {
                    self.path = beginning_at(&self.path, version);
                }
                return Some((Ok(event), self));
            }
            if self.begun == self.cluster.upgrades_begun() {
                return event.map(|event| (event, self));
            }
            self.cluster.at_rest().await;
            self.begun = self.cluster.upgrades_begun();
            match self.session.open_watch(self.path.clone()).await {
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

/// The path of the same watch from a version on, which is where its initial events ended too.
fn beginning_at(path: &str, version: &str) -> String {
    const OF_THE_BEGINNING: [&str; 3] = ["resourceVersion", "resourceVersionMatch", "sendInitialEvents"];
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_kept = |parameter: &&str| {
        let name = parameter.split_once('=').map_or(*parameter, |(name, _)| name);
        !name.is_empty() && !OF_THE_BEGINNING.contains(&name)
    };
    let kept: String = query.split('&').filter(is_kept).flat_map(|parameter| [parameter, "&"]).collect();
    format!("{path}?{kept}resourceVersion={version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_where_it_was() {
        for (path, then) in [
            ("/p?resourceVersion=3&watch=true", "/p?watch=true&resourceVersion=9"),
            (
                "/p?fieldSelector=a%3Db&resourceVersion=3&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&watch=true",
                "/p?fieldSelector=a%3Db&watch=true&resourceVersion=9",
            ),
            ("/p", "/p?resourceVersion=9"),
        ] {
            assert_eq!(beginning_at(path, "9"), then);
        }
    }
}
