//! `relay unlock`: its arguments and its help.

use clap::Args;

const LONG_ABOUT: &str = "\
Take the lock on the remote away from a run that is gone

While a run publishes, it holds a lock on the remote (`refs/relay/lock`) and renews it, so that no other clone publishes \
at the same time. Shows who holds it, on which machine, since when, and when it was last renewed; asks; and takes it away \
if it is still as it was shown. If it was renewed meanwhile, its holder is at work, and the lock stays.

There is seldom a need: the next run watches the lock and takes it over when it isn't renewed for as long as it lasts \
(`lock-lasts` under `[git]` in `relay.toml`). A holder that is at work after all notices it when it next renews the lock, \
and sends nothing more.

Exit codes: 0 nobody holds the lock; 1 it was renewed meanwhile, or the remote can't be asked.";

const EXAMPLES: &str = "\
Examples:
  relay unlock          shows who holds the lock, and asks
  relay unlock --yes    takes it away without asking";

/// Take the lock on the remote away from a run that is gone
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct UnlockArgs {
    /// Do not ask before acting
    #[arg(long, short)]
    pub(crate) yes: bool,
}
