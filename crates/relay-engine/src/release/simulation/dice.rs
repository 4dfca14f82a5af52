//! All chance of a world: the same seed, the same world.

use std::ops::Range;
use std::time::Duration;

/// The dice of one world.
#[derive(Debug)]
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Whether something happens that happens so many times in a thousand.
    pub(super) fn befalls(&mut self, per_mille: u32) -> bool {
        per_mille > 0 && self.0.u32(0..1000) < per_mille
    }

    pub(super) fn number(&mut self, range: Range<usize>) -> usize {
        self.0.usize(range)
    }

    pub(super) fn between(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.0.u64(range))
    }
}
