//! From what was observed to a release plan: routes, waves, sittings, findings. Pure: no disk, no network, no clock.
//!
//! - [`observation`]: what a plan is made from
//! - [`route`](mod@route): how one upload is authorised, and why
//! - [`sitting`]: how often a person is needed
//! - [`plan`](mod@plan): the plan as a value, `relay.plan/1`
//! - [`planning`]: from observations to a plan, with the preflight in `findings`
//! - [`drift`](mod@drift): what has changed since; [`render`]: the plan for people
#![forbid(unsafe_code)]

pub mod drift;
mod findings;
pub mod observation;
pub mod plan;
pub mod planning;
pub mod render;
pub mod route;
pub mod sitting;

pub use drift::{Drift, PlanDiff, diff, drift};
pub use observation::{
    CredentialFact, Observations, PackageObservation, PublishedState, SkipReason, SkippedObservation, TarballFact,
};
pub use plan::{Finding, Humans, PlanFileError, PlannedPackage, Reason, ReleasePlan, Severity};
pub use planning::{PlanError, digest, plan};
pub use render::{FindingGroup, TextStyle, grouped, render_markdown, render_text};
pub use route::{Route, RouteQuestion, route};
