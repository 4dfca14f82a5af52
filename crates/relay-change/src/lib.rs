//! What changed and by how much: change files and commits become bumps, ranges and changelogs.
//!
//! Pure: no files, no clock, no git. The caller reads change files, configuration and history, and writes what the plan
//! says. Two rule sets are known: relay's own, and that of changesets (2 or 3) for repos that have a
//! `.changeset/config.json`.
//!
//! - [`bump`], [`change_file`], [`changesets_config`], [`commits`], [`pnpm_ledger`]: the inputs as values
//! - [`settings`], [`planning`], [`plan`], [`change_error`]: [`plan_bumps`] and what goes in and comes out
//! - [`changelog`]: what people read
//! - inside: `participants` (who takes part, groups), `direct` (what is asked for), `cascade` (how it spreads),
//!   `changesets_rules` and `own_rules` (links and ranges), `demand`, `comparators` and `range_text` (the ranges themselves),
//!   `prerelease` (the prerelease mode of changesets), `name_globs`
#![forbid(unsafe_code)]

pub mod bump;
mod cascade;
pub mod change_error;
pub mod change_file;
pub mod changelog;
pub mod changesets_config;
mod changesets_rules;
pub mod commits;
mod comparators;
mod demand;
mod direct;
mod name_globs;
mod own_rules;
mod participants;
pub mod plan;
pub mod planning;
pub mod pnpm_ledger;
mod prerelease;
mod range_text;
pub mod settings;

pub use bump::Bump;
pub use change_error::ChangeError;
pub use change_file::{ChangeFile, ChangeFileError};
pub use changelog::{changelog_section, changelog_section_with_commits, insert_into_changelog};
pub use changesets_config::{
    CHANGESETS_CONFIG_FILE, ChangesetsAccess, ChangesetsConfig, ChangesetsConfigError, ChangesetsGeneration,
    DEFAULT_CHANGELOG, PreMode, PreState, PrivatePackages,
};
pub use commits::{CommitNote, CommitRemark, CommitRemarkKind, PackageCommit, commit_remarks};
pub use plan::{BumpPlan, CatalogRewrite, PlannedBump, RangeRewrite, ReleaseCause, ReleaseNotes, RootRangeRewrite};
pub use planning::plan_bumps;
pub use pnpm_ledger::{PNPM_LEDGER_FILE, PnpmLedger, PnpmLedgerError};
pub use settings::{ChangeInputs, ChangeSettings, ZeroMajor};
