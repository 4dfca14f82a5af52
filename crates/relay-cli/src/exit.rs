//! Exit codes, in one place: what a run came to, and the number that the shell sees.
//!
//! The numbers are a contract (`docs/`, `relay --help`): scripts rely on them.

use std::process::ExitCode;

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The registry agrees with the plan, or there was nothing to do.
    Done,
    /// An error, and nothing of it is ambiguous.
    Failed,
    /// The plan is not empty; only with `--detailed-exitcode`.
    PlanNotEmpty,
    /// Some packages are published, some failed or are held.
    Partial,
    /// Waits for a person, a time or the registry.
    Parked,
    /// The command line itself is wrong.
    Usage,
    /// Interrupted, and parked cleanly.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::PlanNotEmpty => 2,
            Self::Partial => 3,
            Self::Parked => 4,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
