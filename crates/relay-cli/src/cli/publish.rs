//! `relay publish` and `relay resume`: their arguments and their help.

use camino::Utf8PathBuf;
use clap::Args;

use super::shared::RunFlags;

const LONG_ABOUT: &str = "\
Publish what the manifests say and the registry lacks

Shows the plan, asks, runs lifecycle scripts without credentials, packs, inspects the tarballs, then uploads wave by \
wave: packages that need nobody first, those that need a person together. A package whose dependency failed is held; the \
rest goes on. A version that is there already with the same bytes is done; with other bytes it is an error, never \
overwritten.

Never changes a version and never commits; it tags what went out (`--no-git-tag`) and pushes the tags (`--no-push`). \
Running it again finishes what is unfinished.

Exit codes: 0 the registry agrees; 1 error; 3 some packages are out, some are not; 4 waits for a person, a time or the \
registry; 130 interrupted.";

const EXAMPLES: &str = "\
Examples:
  relay publish                          shows the plan, asks, publishes
  relay publish --dry-run                the plan, the tarballs, and what would be in their way
  relay publish --yes                    in CI, with a token in `.npmrc` or the environment
  relay publish --otp 123456             answers 2FA with this code as long as it is valid
  relay publish --filter '@acme/ui...'   one package and its dependencies";

const RESUME_LONG_ABOUT: &str = "\
Go on with what is unfinished

The same as running the command again that was not brought to its end, with what it was asked for: a release goes on as a \
release, with its tags and pushes, a publish as a publish. Flags given here go before those. Which one it was is known \
from the journal of this clone, else from the release record on the remote (`refs/relay/release`), so that a fresh clone \
finishes what another machine began. Where neither tells of anything unfinished, what the manifests say and the registry \
lacks is published.

The registry is the truth: what it has is never sent again.";

const RESUME_EXAMPLES: &str = "\
Examples:
  relay resume            after Ctrl-C, a lost network or machine, or exit code 3 or 4
  relay resume --yes      without asking";

/// Publish what the manifests say and the registry lacks
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct PublishArgs {
    /// Carry out the plan in FILE; refuse if the repository or the registry has drifted from it
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<Utf8PathBuf>,

    /// Show the plan, the tarballs and what is in their way; run no script, write and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) run: RunFlags,
}

/// Go on with what is unfinished
#[derive(Debug, Args)]
#[command(long_about = RESUME_LONG_ABOUT, after_long_help = RESUME_EXAMPLES)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    pub(crate) run: RunFlags,
}
