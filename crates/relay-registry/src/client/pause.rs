//! The pauses that hosts asked for: one for each host, kept by all that is sent there, reads included.
#![expect(clippy::disallowed_methods, reason = "a pause is counted by the clock of the waiting, which tests move")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::fetch::jittered;

/// The longest pause that a request waits for by itself; before a longer one is over, nothing is sent and the caller is told.
pub const PAUSE_WAITED_MAX: Duration = Duration::from_secs(10);
/// The longest pause that is kept, whatever a host asks for.
pub const PAUSE_KEPT_MAX: Duration = Duration::from_hours(1);

/// What is known of pauses; clones share it.
#[derive(Clone, Default)]
pub(super) struct Pauses(Arc<Mutex<BTreeMap<String, Instant>>>);

impl Pauses {
    /// A host asked for a pause.
    pub(super) fn note(&self, host: &str, asked: Duration) {
        let until = Instant::now() + asked.min(PAUSE_KEPT_MAX);
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pauses.entry(host.to_owned()).or_insert(until);
        *known = (*known).max(until);
    }

    /// Waits until the host may be asked again.
    ///
    /// # Errors
    /// What is left of a pause that is too long to be waited for.
    pub(super) async fn wait(&self, host: &str) -> Result<(), Duration> {
        // Others may be told of a longer pause while this one waits; what it then meets is its own answer.
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(host).copied();
        let Some(left) = until.map(|until| until.saturating_duration_since(Instant::now())) else { return Ok(()) };
        if left > PAUSE_WAITED_MAX {
            return Err(left);
        }
        if !left.is_zero() {
            tokio::time::sleep(jittered(left)).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "registry.example:443";

    #[tokio::test(start_paused = true)]
    async fn all_wait_for_the_longest_pause_of_their_host_and_of_no_other() {
        let pauses = Pauses::default();
        pauses.note(HOST, Duration::from_secs(7));
        pauses.clone().note(HOST, Duration::from_secs(3));
        let begun = Instant::now();
        assert_eq!(pauses.wait("other.example:443").await, Ok(()));
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert_eq!(pauses.wait(HOST).await, Ok(()));
        let waited = begun.elapsed();
        assert!((7_000..=10_501).contains(&waited.as_millis()), "all, and not in step: {waited:?}");
        assert_eq!(pauses.wait(HOST).await, Ok(()));
        assert_eq!(begun.elapsed(), waited, "what is over is over");
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_pause_is_told_and_an_endless_one_cut() {
        let pauses = Pauses::default();
        pauses.note(HOST, Duration::from_mins(5));
        assert_eq!(pauses.wait(HOST).await, Err(Duration::from_mins(5)));
        pauses.note(HOST, Duration::from_hours(24));
        assert_eq!(pauses.wait(HOST).await, Err(PAUSE_KEPT_MAX));
    }
}
