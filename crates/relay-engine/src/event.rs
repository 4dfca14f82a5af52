//! The one stream of events: what happened in a run, as data.
//!
//! The progress display, the NDJSON log, the journal and the report are readers of this stream and nothing else; none of
//! them is called from inside the machinery. No event holds a secret.

use jiff::Timestamp;
use relay_registry::struck_out::strike;
use serde::{Deserialize, Serialize};

mod about;
mod fact;
mod prepared_version;
mod stream;
#[cfg(test)]
mod tests;

pub use fact::{Fact, Phase};
pub use prepared_version::PreparedVersion;
pub use stream::{Clock, Emitter, NotRecorded, SharedClock, Subscriber};

/// One event with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

impl Event {
    /// The event as one line of JSON, without any secret that is known.
    ///
    /// # Errors
    /// What the JSON writer says.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        let line = serde_json::to_string(self)?;
        Ok(format!("{}\n", strike(&line)))
    }
}
