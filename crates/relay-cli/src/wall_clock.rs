//! The one place that reads the wall clock.

use jiff::Timestamp;
use relay_engine::event::Clock;

/// The machine's clock.
pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
