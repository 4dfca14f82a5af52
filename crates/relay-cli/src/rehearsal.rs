//! A rehearsal's stage: a copy of the repository, and sandbox registries that stand in for the real ones.

pub(crate) mod aside;
pub(crate) mod person;
pub(crate) mod stage;
