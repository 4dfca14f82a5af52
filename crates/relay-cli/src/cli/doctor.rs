//! `relay doctor`: its arguments and its help.

use clap::Args;

use super::shared::RegistryFlags;

const LONG_ABOUT: &str = "\
Check all that a release stands on, each thing with its fix

Registries and their clocks; credentials, their accounts, second factors, sessions and expiry; who may publish what; who \
commits, signatures, and whether the remote would take what is pushed; what CI jobs that run relay may do; and what users of \
npm 12 and pnpm will meet: git and URL dependencies, scripts at installation, `minimumReleaseAge`, a missing `DISCLOSURE`.

Each line begins with ✔ (in order), ✘ (not, with the fix) or – (could not be told, and why).

Only reads: nothing is written in the tree, on the remote or in a registry.

`--json` prints the document `relay.doctor/1`: `checks`, each with `area`, `verdict` (`good`, `bad`, `not-checked`), `text` and `fix`.

Exit codes: 0 nothing is wrong; 1 something is, or the repository can't be read.";

const EXAMPLES: &str = "\
Examples:
  relay doctor              check everything
  relay doctor --offline    without asking registry and remote
  relay doctor --json       for programs";

/// Check all that a release stands on, each thing with its fix
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// Print it as JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,

    /// Ask neither registry nor remote
    #[arg(long)]
    pub(crate) offline: bool,

    #[command(flatten)]
    pub(crate) registry: RegistryFlags,
}
