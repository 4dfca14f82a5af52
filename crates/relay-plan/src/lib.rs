//! Routes, waves and sittings: observations in, a release plan out.
//!
//! Pure: nothing here reads a file, a clock, the environment or the network. The same observations make the same plan.
//!
//! - [`observation`]: what a plan is made from
//! - [`planning`]: [`plan`], which puts everything together
//! - [`route`](mod@route): how one upload is authorised, and why
//! - [`evidence`]: what versions show of how they were published, and that the next one shows no less
//! - `sittings`: how often a person is needed
//! - [`waiting`]: what it costs to wait for the registries
//! - [`promotion`]: dist-tags that move when all is out
//! - `preflight`, [`finding`]: what is known to go wrong
//! - [`release_plan`], [`plan_file`]: the plan as a value and as JSON, `relay.plan/1`
//! - [`drift`](mod@drift), [`plan_diff`]: what differs between two plans, to stop a run or to be read
//! - [`render`]: the plan for a terminal and for a pull request
#![forbid(unsafe_code)]

mod cycle;
mod digest;
pub mod drift;
pub mod evidence;
pub mod finding;
pub mod observation;
pub mod plan_diff;
pub mod plan_file;
pub mod planning;
mod preflight;
pub mod promotion;
pub mod release_plan;
pub mod render;
pub mod route;
mod sittings;
pub mod waiting;

pub use digest::{digest, digest_of};
pub use drift::{Drift, drift};
pub use evidence::{DatedEvidence, PlannedEvidence, StrongestEvidence, strongest_evidence};
pub use finding::{Finding, Severity};
pub use observation::{
    CredentialFact, Lesson, NewInstallScript, Observations, PackageObservation, PublishedState, SkipReason,
    SkippedObservation, TrustedFact,
};
pub use plan_diff::{PlanDiff, diff};
pub use plan_file::{PLAN_SIZE_BYTES_MAX, PlanFileError};
pub use planning::{PlanError, Planned, plan};
pub use promotion::{PlannedMove, Promotion, SIDE_TAG_BEGIN, is_side_tag};
pub use release_plan::{
    Fingerprint, Humans, PLAN_SCHEMA, PlannedPackage, PlannedRoute, Reason, ReleasePlan, SkippedPackage, TarballFact,
    VersionedPackage,
};
pub use render::{FindingGroup, TextStyle, grouped, groups_of, markdown_text, render_markdown, render_text};
pub use route::{Authorisation, EXPIRY_WARNING_DAYS, Route, RouteQuestion, RouteWarning, route};
pub use waiting::{RegistryDelay, SeenDelay, VISIBILITY_DELAY_USUAL, Waiting, Way, WayCost};
