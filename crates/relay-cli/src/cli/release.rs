//! `relay release`: its arguments and its help.

use camino::Utf8PathBuf;
use clap::Args;

use super::shared::{HistoryFlags, RunFlags, VersionFlags};

const LONG_ABOUT: &str = "\
Version, pack, publish, verify, tag and push

The whole way: shows the plan and asks; writes versions, ranges and changelogs and commits; runs lifecycle scripts \
without credentials; packs and inspects; checks what can be checked beforehand; publishes wave by wave; waits until each \
version can be installed; tags and pushes.

The version commit and a record of the release are on the remote before the first upload, so that any clone can finish \
it (`relay resume`); tags follow what is live. While a release waits on a branch of its own to be merged, no other one is \
made. A package that fails holds back its dependents and nothing else. Running it again finishes what is unfinished; \
Ctrl-C parks cleanly.

Exit codes: 0 the registry agrees with the plan, or nothing to do; 1 error; 3 some packages are out, some are not; 4 \
waits for a person, a time or the registry; 130 interrupted.";

const EXAMPLES: &str = "\
Examples:
  relay release                      shows the plan, asks, releases
  relay release --dry-run            shows the plan and the tarballs; does nothing
  relay release --plan plan.json     exactly this plan, or not at all
  relay release --yes --no-push      without asking; commits and tags stay here";

/// Version, pack, publish, verify, tag and push
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct ReleaseArgs {
    /// Carry out the plan in FILE; refuse if the repository or the registry has drifted from it
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<Utf8PathBuf>,

    /// Show the plan, the tarballs and what is in their way; run no script, write and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) version: VersionFlags,

    #[command(flatten)]
    pub(crate) run: RunFlags,

    #[command(flatten)]
    pub(crate) history: HistoryFlags,
}
