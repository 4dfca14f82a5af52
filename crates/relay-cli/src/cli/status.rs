//! `relay status`: its arguments and its help.

use clap::Args;

use super::shared::{RegistryFlags, SelectionFlags};

const LONG_ABOUT: &str = "\
Show what waits, what is unfinished, and who is needed

One screen: versions that the registry lacks; what a release would make of what changed; tags and pushes that earlier runs \
owe; versions that are accepted and not shown yet, or have somebody else's bytes; the last run, if it did not come to its \
end; who is at work in this clone, and who holds the lock on the remote; releases that wait on a branch of their own to be \
merged; and how often a person is needed.

Only reads: nothing is written in the tree, in git, on the remote or in a registry. What earlier runs did is known from the \
journal of this clone and from the release record on the remote.

`--json` prints the document `relay.status/1` (docs/status.schema.json).

Exit codes: 0 whatever is found; 1 the repository or a registry can't be read.";

const EXAMPLES: &str = "\
Examples:
  relay status              one screen
  relay status --offline    without asking registry and remote
  relay status --json       for programs";

/// Show what waits, what is unfinished, and who is needed
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct StatusArgs {
    /// Print it as JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,

    /// Ask neither registry nor remote; tell what this clone knows
    #[arg(long)]
    pub(crate) offline: bool,

    #[command(flatten)]
    pub(crate) selection: SelectionFlags,

    #[command(flatten)]
    pub(crate) registry: RegistryFlags,
}
