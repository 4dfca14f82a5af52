//! `relay rehearse`: its arguments and its help.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::Args;

use super::shared::{ReportFlags, SelectionFlags, VersionFlags, concurrency, span};

const LONG_ABOUT: &str = "\
Carry the whole release out in a sandbox

Copies the repository aside, starts a registry on this machine that enforces npm's rules, gives it the versions that are \
live, shows the plan and releases: versions, commit, tarballs, uploads in waves, two-factor challenges, tags. At the end \
it says what went out, by which route and why, how often a person was needed, and how long it took.

Never touches the repository it is given, any registry outside, your `.npmrc` or your npm login; no network is needed. \
With a terminal it stops at the two-factor challenge as a real release would, and the sandbox's page has a button to \
approve. With `--yes` or without a terminal it answers by itself and says so.";

const EXAMPLES: &str = "\
Examples:
  relay rehearse                      the repository you are in
  relay rehearse examples/harbor      another one
  relay rehearse --yes                without a person
  relay rehearse --delay 5s           versions become visible 5 seconds after they were accepted
  relay rehearse --promote-last       wait for that once, not at every level";

/// Carry the whole release out in a sandbox
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct RehearseArgs {
    /// The repository [default: the one around the current folder]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<Utf8PathBuf>,

    /// Show a version only this long after it was accepted (500ms, 5s, 2m)
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub(crate) delay: Option<Duration>,

    /// Send all under a side tag, wait once until all can be installed, then move the dist-tags
    #[arg(long)]
    pub(crate) promote_last: bool,

    /// Keep the copy and say where it is
    #[arg(long)]
    pub(crate) keep: bool,

    /// Have at most N uploads in flight [default: 8, or `relay.toml`]
    #[arg(long, value_name = "N", value_parser = concurrency)]
    pub(crate) concurrency: Option<usize>,

    /// Run no lifecycle scripts (prepublishOnly, prepack, prepare, postpack, publish, postpublish)
    #[arg(long)]
    pub(crate) ignore_scripts: bool,

    /// Go on although packages depend on each other in a circle
    #[arg(long)]
    pub(crate) allow_cycles: bool,

    /// Answer the second factor without a person
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Print the address of a 2FA challenge instead of opening a browser
    #[arg(long)]
    pub(crate) no_browser: bool,

    #[command(flatten)]
    pub(crate) version: VersionFlags,

    #[command(flatten)]
    pub(crate) selection: SelectionFlags,

    #[command(flatten)]
    pub(crate) report: ReportFlags,
}
