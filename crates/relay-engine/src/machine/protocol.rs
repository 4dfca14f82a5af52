//! What goes into the machine and what comes out of it, and the limits it keeps.

use std::time::Duration;

use relay_config::{RouteKind, WaitFor};
use relay_registry::{Refusal, StageId};
use relay_values::RegistryUrl;
use relay_workspace::PackageName;

pub use crate::second_factor::Answer;
use crate::second_factor::SecondFactors;
use crate::state::Failure;

/// How often one package is uploaded at the most: the first time, and again after answers that were lost.
pub const UPLOADS_PER_PACKAGE_MAX: u32 = 4;
/// How often the registry is asked what it has after a lost answer, before the package is parked.
pub const SETTLE_READS_MAX: u32 = 6;
/// How often the same bytes are sent once more in a run where an accepted version does not appear.
pub const SENT_AGAIN_MAX: u32 = 1;
/// How long what the plan read of a package counts; later its version is asked for once more before it is sent.
pub const PLAN_READ_FRESH: Duration = Duration::from_mins(1);
/// How many uploads to one registry are in flight after it asked for a pause (`npm-registry.md`, 10.1).
pub const UPLOADS_AFTER_PAUSE: usize = 1;
/// How far apart uploads to one registry begin after it asked for a pause (`npm-registry.md`, 10.1).
pub const UPLOADS_APART: Duration = Duration::from_secs(1);
/// The first pause where a registry asks for one without saying how long; it doubles from there (`npm-registry.md`, 10.1).
pub const PAUSE_UNASKED: Duration = Duration::from_secs(30);
/// The wait before a second try after an answer that was lost; it doubles from there.
pub const BACK_OFF_FIRST: Duration = Duration::from_secs(1);
/// The longest such wait.
pub const BACK_OFF_MAX: Duration = Duration::from_mins(1);
/// The wait before the second look for visibility; it doubles from there, up to [`VISIBILITY_POLL_MAX`].
pub const VISIBILITY_POLL_FIRST: Duration = Duration::from_millis(100);
/// The longest pause that relay waits out; a longer one parks (`npm-registry.md`, 10.1: values over 30 minutes were seen).
pub const PAUSE_MAX: Duration = Duration::from_mins(10);
/// How often a package may be put off by a registry's pace.
pub const PAUSES_PER_PACKAGE_MAX: u32 = 8;
/// The longest time between two looks for visibility (`npm-registry.md`, 1.7).
pub const VISIBILITY_POLL_MAX: Duration = Duration::from_secs(15);

/// What the machine must know of one package.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The package.
    pub name: PackageName,
    /// Its registry; a pause counts for all packages of one registry.
    pub registry: RegistryUrl,
    /// How its upload is authorised.
    pub route: RouteKind,
    /// Packages of this release that must be there first.
    pub depends_on: Vec<PackageName>,
    /// The length of the longest chain of dependents above it, itself included.
    pub chain_length: usize,
    /// Where the credential comes from, for messages.
    pub credential: String,
    /// Whether somebody declared that it bypasses 2FA.
    pub bypasses: bool,
    /// Whether another credential is at hand with which a person could answer a challenge.
    pub can_become_interactive: bool,
    /// Whether an earlier run had these bytes accepted already, so that only visibility is missing.
    pub accepted_before: bool,
    /// Why it can't be published, where that is known before anything is sent.
    pub failed: Option<Failure>,
}

/// Limits and circumstances of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Uploads in flight at once.
    pub concurrency: usize,
    /// When dependents may be sent.
    pub wait_for: WaitFor,
    /// How long a version may stay invisible.
    pub visibility_timeout: Duration,
    /// What is known of the second factor at each registry when the uploads begin.
    pub second_factors: SecondFactors,
    /// How long before the start the registries were read for the plan.
    pub read_age: Duration,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// An upload came to an end.
    UploadEnded {
        /// The package.
        package: PackageName,
        /// How it ended.
        outcome: UploadOutcome,
    },
    /// The registry was asked what it has under a version whose upload's answer was lost.
    Settled {
        /// The package.
        package: PackageName,
        /// What it has.
        found: Found,
    },
    /// A person answered a challenge, or not.
    Answered {
        /// The package.
        package: PackageName,
        /// The answer.
        answer: Answer,
    },
    /// The registry was asked whether a version can be installed.
    Looked {
        /// The package.
        package: PackageName,
        /// What was seen.
        found: Found,
    },
    /// The time that an [`Effect::Wake`] named has come.
    Woken,
    /// The run is to stop; uploads in flight are still awaited.
    Interrupted,
}

impl Input {
    /// The package that it is about.
    pub fn package(&self) -> Option<&PackageName> {
        match self {
            Self::UploadEnded { package, .. }
            | Self::Settled { package, .. }
            | Self::Answered { package, .. }
            | Self::Looked { package, .. } => Some(package),
            Self::Woken | Self::Interrupted => None,
        }
    }
}

/// How an upload ended.
#[derive(Debug, Clone, PartialEq)]
pub enum UploadOutcome {
    /// The registry took it.
    Accepted,
    /// The registry has staged it: a person's approval publishes it.
    Staged {
        /// The stage's id, where the registry gave one.
        id: Option<StageId>,
    },
    /// The registry asks for a second factor.
    Challenged {
        /// Whether it is answered in the browser; else a code is typed.
        web: bool,
    },
    /// The registry said no.
    Refused(Refusal),
    /// The registry asks for patience.
    RateLimited {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
        /// What it said.
        text: String,
    },
    /// The answer was lost; the registry may have taken it.
    Unknown {
        /// What went wrong.
        cause: String,
    },
    /// It failed before anything was sent.
    NotSent {
        /// What went wrong.
        cause: String,
    },
}

/// What the registry has under the version.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Nothing, or not everything that an installer needs.
    NotYet,
    /// Nothing, and its own list of dates says that the version was there once.
    TakenBack,
    /// The same bytes.
    SameBytes,
    /// The same bytes, staged: they wait for a person's approval.
    Staged {
        /// The stage's id.
        id: StageId,
    },
    /// Nothing that is shown, and what is staged may not be listed by this credential.
    NotListed,
    /// Other bytes.
    OtherBytes {
        /// Their integrity.
        there: String,
        /// Ours.
        ours: String,
    },
    /// It can't be told now.
    Unavailable {
        /// What went wrong.
        cause: String,
    },
    /// It may not be asked now: the registry wants a pause.
    Busy {
        /// How long, where it says so.
        retry_after: Option<Duration>,
        /// What it said.
        text: String,
    },
}

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send the package.
    Upload {
        /// The package.
        package: PackageName,
        /// The try, from 1.
        attempt: u32,
        /// Whether to send the kept one-time password with it.
        with_otp: bool,
        /// Whether the credential for interactive publishing is to be used.
        interactive: bool,
    },
    /// Ask the registry what it has under the version.
    Settle {
        /// The package.
        package: PackageName,
        /// Whether to ask for all that could show it: the whole packument with its dates too.
        thorough: bool,
        /// When, counted from the start of the run.
        at: Duration,
    },
    /// Bring the challenge of the last upload to a person.
    Ask {
        /// The package.
        package: PackageName,
        /// Packages that still need a person after this one.
        remaining: usize,
    },
    /// Ask the registry whether the version can be installed.
    Look {
        /// The package.
        package: PackageName,
        /// When, counted from the start of the run.
        at: Duration,
    },
    /// Come back at a time.
    Wake {
        /// When, counted from the start of the run.
        at: Duration,
    },
}

/// An input that can't happen in the present state: a defect of the driver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{package}` is {state} and can't take the input {input}")]
pub struct IllegalInput {
    /// The package.
    pub package: String,
    /// Its state's name.
    pub state: &'static str,
    /// The input's name.
    pub input: &'static str,
}
