//! `relay version`: its arguments and its help.

use clap::Args;

use super::shared::{HistoryFlags, SelectionFlags, VersionFlags};

const LONG_ABOUT: &str = "\
Write the next versions, ranges and changelogs, and commit them

Takes the bumps of the plan and writes them: `version` and the ranges of dependents in each package.json (nothing else in \
the file changes), the changelogs, the versions inside the lockfile; removes the change files it has used up; commits. \
All files are written or none.

Never publishes, tags or pushes. `relay publish` sends what the manifests then say and the registry lacks.";

const EXAMPLES: &str = "\
Examples:
  relay version                 shows the bumps, asks, writes, commits
  relay version --dry-run       shows the bumps only
  relay version --yes           without asking, as in CI
  relay version --no-commit     leaves the changes in the working tree";

/// Write the next versions, ranges and changelogs, and commit them
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct VersionArgs {
    /// Do not ask before writing
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Leave the changes in the working tree
    #[arg(long)]
    pub(crate) no_commit: bool,

    /// Show what would be written; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Go on although packages depend on each other in a circle
    #[arg(long)]
    pub(crate) allow_cycles: bool,

    /// Print the bumps as JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) version: VersionFlags,

    #[command(flatten)]
    pub(crate) selection: SelectionFlags,

    #[command(flatten)]
    pub(crate) history: HistoryFlags,
}
