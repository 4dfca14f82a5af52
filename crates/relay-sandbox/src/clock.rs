//! The sandbox's own time: it follows tokio's clock, can be moved forward, and can stand still.
//!
//! Tests move it with `Sandbox::advance` instead of sleeping, and tokio's paused time works as well, because the elapsed
//! part is read from `tokio::time`. The wall clock is read once, at the start.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::time::Instant;

/// A point in the sandbox's time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// Makes a moment from milliseconds since the Unix epoch.
    pub const fn from_unix_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub const fn unix_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// This moment, moved forward; stays at the end of time rather than wrapping.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// ISO 8601 in UTC with milliseconds, as npm's registry writes it.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = i64::try_from(self.0).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        write!(f, "{}", timestamp.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

/// Where moments come from.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_at: Duration,
    moved: Duration,
    runs: bool,
}

impl Clock {
    /// A clock that starts at the wall clock's time; one that does not run moves only by [`Clock::advance`].
    #[expect(clippy::disallowed_methods, reason = "the sandbox's time begins at the wall clock's")]
    pub(crate) fn new(runs: bool) -> Self {
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_at, moved: Duration::ZERO, runs }
    }

    pub(crate) fn now(&self) -> Moment {
        let elapsed = if self.runs { self.started.elapsed() } else { Duration::ZERO };
        Moment(millis(self.started_at.saturating_add(elapsed).saturating_add(self.moved)))
    }

    pub(crate) fn advance(&mut self, span: Duration) {
        self.moved = self.moved.saturating_add(span);
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_moments_as_the_registry_does() {
        assert_eq!(Moment::from_unix_millis(1_700_000_000_120).to_string(), "2023-11-14T22:13:20.120Z");
        assert!(!Moment::from_unix_millis(u64::MAX).to_string().is_empty());
    }

    #[test]
    fn a_stopped_clock_moves_only_when_it_is_moved() {
        let mut clock = Clock::new(false);
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(30));
        assert_eq!(clock.now().since(start), Duration::from_secs(30));
        assert_eq!(start.since(clock.now()), Duration::ZERO);
    }
}
