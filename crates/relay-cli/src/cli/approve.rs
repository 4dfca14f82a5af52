//! `relay approve`: its arguments and its help.

use camino::Utf8PathBuf;
use clap::Args;

use super::shared::{OtpFlags, PersonFlags, RegistryFlags};

const LONG_ABOUT: &str = "\
Approve what is staged for a release, as one object

What the route `staged` uploads is published when a person approves it. relay lists what is staged, downloads each tarball, \
compares it with the release's digest, shows all of it, asks, and approves one after the other, dependencies first. Each \
approval may ask for a second factor; one answer serves several where the registry lets it. Where others depend on a package, \
it is waited for until it can be installed. What depends on a package that was not approved is held.

Which release: the record on the remote tells, else the journal of this clone, so that any clone can do it. What somebody else \
staged, by other bytes or under a version that no release here made, is shown and never approved.

When all of it is published, the release is finished as it would have been without staging: its tags are made and pushed, and \
dist-tags move where `--promote-last` was asked for. After Ctrl-C or a lost network the same command goes on with what is \
missing.

Exit codes: 0 all is published, or nothing is staged; 1 error; 3 some are published, some failed or are held; 4 waits for a \
person or the registry; 130 interrupted.";

const EXAMPLES: &str = "\
Examples:
  relay approve              shows what is staged, asks, publishes it
  relay approve --dry-run    only shows it
  relay approve --reject     throws it away for good; a new release can stage it again";

/// Approve what is staged for a release, as one object
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct ApproveArgs {
    /// Throw away what is staged for the release instead, record and tarball
    #[arg(long)]
    pub(crate) reject: bool,

    /// Show what is staged; send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print what is staged, and what became of it, as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) person: PersonFlags,

    #[command(flatten)]
    pub(crate) otp: OtpFlags,

    #[command(flatten)]
    pub(crate) registry: RegistryFlags,

    /// Keep no lock on the remote, where it refuses refs under refs/relay
    #[arg(long)]
    pub(crate) no_remote_lock: bool,

    /// Write each event as a line of JSON to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) log_file: Option<Utf8PathBuf>,
}
