//! A run that can't go on by itself, since nothing is in flight and nothing will wake it: never what a release should come to.

use crate::machine::Unfinished;

/// Packages are not done, nothing is in flight, and nothing will wake the run any more: a defect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fault of relay: nothing is in flight and nothing can wake this run any more, yet {}",
    .0.iter().map(Unfinished::to_string).collect::<Vec<_>>().join("; ")
)]
pub struct Stalled(
    /// The packages, by name, and what each waits for.
    pub Vec<Unfinished>,
);
