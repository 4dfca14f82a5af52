//! What stands in the lock of a remote, and what a looker makes of it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state_folder::Holder;

/// The file in the commit that the lock's ref names.
pub const LOCK_FILE: &str = "lock.json";
/// The form of the file.
pub const LOCK_SCHEMA: &str = "relay.lock/1";
/// What a lock that can't be read is taken to last.
pub const LASTS_IF_UNKNOWN: Duration = Duration::from_mins(2);
/// The longest that is waited for a lock to be renewed, whatever it says of itself.
pub const LASTS_MAX: Duration = Duration::from_mins(15);

/// A lock as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockDocument {
    /// Always [`LOCK_SCHEMA`].
    pub schema: String,
    /// Who holds it.
    pub holder: Holder,
    /// The plan that is carried out.
    pub plan: String,
    /// When it was taken or renewed last, by the holder's clock: to be shown, never to be compared with another clock.
    pub renewed: Timestamp,
    /// How often it was renewed. Makes each holding a new object for git.
    pub renewals: u64,
    /// How long it counts after it was last seen to change, in seconds.
    pub lasts_seconds: u64,
}

impl LockDocument {
    /// Reads a lock; `None` where it is none that this relay knows.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let document: Self = serde_json::from_slice(bytes).ok()?;
        (document.schema == LOCK_SCHEMA).then_some(document)
    }

    /// The lock as it is written.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a lock is always representable as JSON");
        text.push('\n');
        text
    }

    /// How long it counts after it was last seen to change.
    pub fn lasts(&self) -> Duration {
        Duration::from_secs(self.lasts_seconds).min(LASTS_MAX)
    }
}

/// A look at somebody else's lock. Expiry is judged by how long the looker saw it unchanged: clocks of two machines are never
/// compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The object that the ref names.
    id: String,
    /// Since when it has named it, by the looker's clock, counted from when the looker began.
    since: Duration,
}

/// What a look at a lock means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// Nobody holds it.
    Free,
    /// Its holder renewed it while it was watched: it is at work.
    Alive,
    /// It may be at work: nothing was seen to change yet, for so long.
    Unchanged(Duration),
    /// It was not renewed for as long as it says it lasts: its holder is gone.
    Expired,
}

impl Watch {
    /// Begins to watch a lock.
    pub fn begin(id: &str, now: Duration) -> Self {
        Self { id: id.to_owned(), since: now }
    }

    /// What the ref's naming `id` at `now` means for a lock that lasts so long.
    pub fn sees(&self, id: Option<&str>, now: Duration, lasts: Duration) -> Sighting {
        match id {
            None => Sighting::Free,
            Some(id) if id != self.id => Sighting::Alive,
            Some(_) => {
                let unchanged = now.saturating_sub(self.since);
                if unchanged >= lasts { Sighting::Expired } else { Sighting::Unchanged(unchanged) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_expires_only_where_the_looker_saw_it_unchanged_for_as_long_as_it_lasts() {
        let seconds = Duration::from_secs;
        let watch = Watch::begin("a", seconds(100));
        let lasts = seconds(30);
        assert_eq!(watch.sees(Some("a"), seconds(129), lasts), Sighting::Unchanged(seconds(29)));
        assert_eq!(watch.sees(Some("a"), seconds(130), lasts), Sighting::Expired);
        assert_eq!(watch.sees(Some("b"), seconds(200), lasts), Sighting::Alive);
        assert_eq!(watch.sees(None, seconds(101), lasts), Sighting::Free);
    }

    #[test]
    fn what_it_says_of_itself_has_a_bound() {
        let holder = Holder {
            command: "release".to_owned(),
            pid: 7,
            host: "builder".to_owned(),
            since: "2026-11-24T14:02:00Z".parse().unwrap(),
        };
        let lock = LockDocument {
            schema: LOCK_SCHEMA.to_owned(),
            renewed: holder.since,
            holder,
            plan: "p".to_owned(),
            renewals: 0,
            lasts_seconds: u64::MAX,
        };
        assert_eq!(LockDocument::parse(lock.to_json().as_bytes()), Some(lock.clone()));
        assert_eq!(lock.lasts(), LASTS_MAX);
        assert_eq!(LockDocument::parse(b"{}"), None);
    }
}
