//! Watches: events of a collection as they come.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::Model;
use crate::api::Selector;
use crate::fields;
use crate::resources::Resource;
use crate::service::Body;
use crate::status::Refusal;
use crate::store::{Change, Event};
use crate::tables::{self, As};
use crate::world::World;

/// How often somebody who asks for bookmarks is told how far the watch has come.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);

/// Where a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With what is there, as if it came now.
    WithWhatIsThere,
    After(u64),
}

/// What is watched.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) resource: &'static Resource,
    /// Empty for all.
    pub(crate) namespace: String,
    pub(crate) selector: Selector,
    pub(crate) begin: Begin,
    pub(crate) bookmarks: bool,
    /// Whether a bookmark ends what was there at the beginning.
    pub(crate) tells_begin: bool,
    /// After how long it ends; never if 0.
    pub(crate) seconds: u64,
    pub(crate) shown: Option<As>,
}

/// A watch as the body of an answer: a line an event.
pub(crate) fn response(model: &Model, wanted: Wanted) -> http::Response<Body> {
    let watch = Watch::begin(model, wanted);
    let frames = stream::unfold(watch, |mut watch| async move { watch.next().await.map(|line| (line, watch)) });
    let mut response = http::Response::new(Body::frames(frames));
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}

struct Watch {
    model: Model,
    wanted: Wanted,
    lines: VecDeque<Bytes>,
    /// Of the next event to look at.
    place: u64,
    end: Option<Instant>,
    bookmark: Instant,
    is_over: bool,
}

impl Watch {
    fn begin(model: &Model, wanted: Wanted) -> Self {
        let now = Instant::now();
        // One that is too far away for a clock never comes.
        let end = (wanted.seconds > 0).then(|| now.checked_add(Duration::from_secs(wanted.seconds))).flatten();
        let mut watch = Self {
            model: model.clone(),
            wanted,
            lines: VecDeque::new(),
            place: 0,
            end,
            bookmark: now + BOOKMARK_EVERY,
            is_over: false,
        };
        let world = model.world();
        match watch.wanted.begin {
            Begin::WithWhatIsThere => {
                watch.place = world.store.end();
                let there: Vec<Value> = world
                    .store
                    .list(watch.wanted.resource.full, &watch.wanted.namespace)
                    .filter(|(_, object)| watch.wanted.selector.matches(object))
                    .map(|(_, object)| Value::clone(object))
                    .collect();
                for object in there {
                    watch.tell(&world, "ADDED", object);
                }
                if watch.wanted.tells_begin && watch.wanted.bookmarks {
                    watch.mark(&world, Some(json!({"k8s.io/initial-events-end": "true"})));
                }
            }
            Begin::After(revision) if revision < world.store.compacted() => {
                let current = world.store.compacted();
                watch.refuse(&Refusal::new(
                    410,
                    "Expired",
                    format!("too old resource version: {revision} ({current})"),
                ));
            }
            Begin::After(revision) => watch.place = world.store.place_after(revision),
        }
        drop(world);
        watch
    }

    /// The next line; none when it has ended.
    async fn next(&mut self) -> Option<Bytes> {
        let mut written = self.model.written();
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.is_over {
                return None;
            }
            written.mark_unchanged();
            let due = self.catch_up();
            if !self.lines.is_empty() || self.is_over {
                continue;
            }
            let until = [due, self.end, self.wanted.bookmarks.then_some(self.bookmark)].into_iter().flatten().min();
            let time = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Its sender lives as long as the model.
                _ = written.changed() => {}
                () = time => {}
            }
        }
    }

    /// Looks at what happened; gives back when something is due to happen.
    fn catch_up(&mut self) -> Option<Instant> {
        let model = self.model.clone();
        let world = model.catch_up();
        let now = Instant::now();
        if self.place < world.store.first() {
            self.refuse(&Refusal::new(
                410,
                "Expired",
                "The resourceVersion for the provided watch is too old.".to_owned(),
            ));
            return None;
        }
        while let Some(event) = world.store.event(self.place).cloned() {
            self.place += 1;
            self.look_at(&world, &event);
        }
        if self.wanted.bookmarks && self.bookmark <= now {
            self.bookmark = now + BOOKMARK_EVERY;
            self.mark(&world, None);
        }
        self.is_over = self.end.is_some_and(|end| end <= now);
        crate::controllers::next_due(&world).map(|due| world.clock.instant(due))
    }

    fn look_at(&mut self, world: &World, event: &Event) {
        let wanted = &self.wanted;
        let is_here = event.key.resource == wanted.resource.full
            && (wanted.namespace.is_empty() || event.key.namespace == wanted.namespace);
        if !is_here {
            return;
        }
        let was = event.before.as_ref().is_some_and(|before| wanted.selector.matches(before));
        let is = event.change != Change::Deleted && wanted.selector.matches(&event.object);
        let object = || Value::clone(&event.object);
        match (was, is) {
            (false, false) => {}
            (false, true) => self.tell(world, "ADDED", object()),
            (true, true) => self.tell(world, "MODIFIED", object()),
            (true, false) if event.change == Change::Deleted => self.tell(world, "DELETED", object()),
            (true, false) => {
                // Gone from the selection: shown as it was, with the revision of now.
                let mut before = event.before.as_ref().map(|before| Value::clone(before)).unwrap_or_default();
                before["metadata"]["resourceVersion"] = event.revision.to_string().into();
                self.tell(world, "DELETED", before);
            }
        }
    }

    fn tell(&mut self, world: &World, kind: &str, object: Value) {
        let object = match &self.wanted.shown {
            Some(shown) => tables::of_event(world, self.wanted.resource, object, *shown),
            None => object,
        };
        self.line(kind, &object);
    }

    /// Says how far the watch has come.
    fn mark(&mut self, world: &World, annotations: Option<Value>) {
        let resource = self.wanted.resource;
        let mut metadata = json!({"resourceVersion": world.store.revision().to_string()});
        if let Some(annotations) = annotations {
            metadata["annotations"] = annotations;
        }
        let mut object = json!({"kind": resource.kind, "apiVersion": resource.api_version(), "metadata": metadata});
        fields::normalize(resource.kind, &mut object, &world.profile);
        self.line("BOOKMARK", &object);
    }

    fn refuse(&mut self, refusal: &Refusal) {
        self.line("ERROR", &refusal.status());
        self.is_over = true;
    }

    fn line(&mut self, kind: &str, object: &Value) {
        self.lines.push_back(Bytes::from(format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n")));
    }
}
