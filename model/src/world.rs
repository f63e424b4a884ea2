//! All that a control plane holds.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use serde_json::Value;

use crate::authz;
use crate::bootstrap;
use crate::clock::Clock;
use crate::controllers::{self, Controllers};
use crate::key::SigningKey;
use crate::profile::Profile;
use crate::status::Refusal;
use crate::store::{Key, Store};
use crate::token::Cache;

/// How far the API server's own caches (of authenticators, authorizers, admission) are behind what is stored.
pub(crate) const INFORMER_LAG: SignedDuration = SignedDuration::from_millis(5);

pub(crate) struct World {
    pub(crate) profile: Arc<Profile>,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) key: Arc<SigningKey>,
    /// The certificate of the authority, as PEM.
    pub(crate) authority: String,
    /// Host and port that it is reached at, where it says where its keys are.
    pub(crate) address: String,
    /// Tokens that were found good.
    pub(crate) cache: Cache,
    pub(crate) controllers: Controllers,
    /// What the authorizers know of roles, bindings and Pods.
    pub(crate) rbac: authz::Index,
    /// What time it is: that of the clock, or of something that is due and done late.
    now: Timestamp,
}

impl World {
    pub(crate) fn new(profile: Profile, clock: Clock, key: Arc<SigningKey>, authority: String) -> Self {
        let mut world = Self {
            profile: Arc::new(profile),
            clock,
            store: Store::default(),
            key,
            authority,
            address: "127.0.0.1:6443".to_owned(),
            cache: Cache::default(),
            controllers: Controllers::default(),
            rbac: authz::Index::default(),
            now: clock.now(),
        };
        // All informers have seen what is there at the start.
        world.now = world.seen_until();
        bootstrap::install(&mut world);
        controllers::settle(&mut world);
        world.now = clock.now();
        world
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// What a cache of the API server shows of an object.
    pub(crate) fn seen(&self, key: &Key) -> Option<Arc<Value>> {
        self.store.seen(key, self.seen_until())
    }

    /// The time up to which a cache of the API server has seen what happened.
    pub(crate) fn seen_until(&self) -> Timestamp {
        self.now.checked_sub(INFORMER_LAG).unwrap_or(Timestamp::MIN)
    }

    /// Writes an object as of now.
    pub(crate) fn put(&mut self, key: Key, object: Value) -> Arc<Value> {
        self.store.put(key, object, self.now)
    }

    /// The same of an object that may be stored short of what is read of it.
    pub(crate) fn put_short(&mut self, key: Key, object: Value, is_short: bool) -> Arc<Value> {
        let object = self.put(key.clone(), object);
        if is_short {
            self.store.note_short(key);
        }
        object
    }

    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        self.store.remove(key, self.now)
    }

    /// Lets controllers do what is due by now, each at its time.
    pub(crate) fn catch_up(&mut self) {
        let until = self.clock.now();
        while let Some(due) = controllers::next_due(self).filter(|due| *due <= until) {
            self.now = due.max(self.now);
            controllers::run_due(self);
        }
        self.now = until.max(self.now);
    }

    /// A new uid (RFC 9562, version 4).
    pub(crate) fn uid() -> String {
        let bytes: [u8; 16] = rand::rng().random();
        let value = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{value:032x}");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// A name that begins so, as far as 63 letters go, and ends in five of the letters and digits that make no words
    /// (`storage/names/generate.go`).
    pub(crate) fn generated_name(base: &str) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        const LENGTH: usize = 5;
        let mut rng = rand::rng();
        let letters = (0..LENGTH).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]));
        base[..base.floor_char_boundary(63 - LENGTH)].chars().chain(letters).collect()
    }
}

/// What most of what can be done gives.
pub(crate) type Outcome<T> = Result<T, Refusal>;
