//! `relay plan`: its arguments and its help.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use relay_values::DistTag;

use super::shared::{AccessArg, HistoryFlags, RegistryFlags, SelectionFlags, VersionFlags};

const LONG_ABOUT: &str = "\
Show what would be released, in which order, by which route

For each package: the current and the next version with the reason, the wave, and the route by which its upload is \
authorised, with one sentence that says why. Above all that, who is needed and how often.

Only reads: nothing is written in the tree, in git or in a registry (except the file of `--out`). Bumps come from change \
files (`.changeset/*.md`) and conventional commits; where `.changeset/config.json` is, from change files alone, unless \
`release.changes` in `relay.toml` says otherwise. Versions that the manifests have and the registry lacks are part of the \
plan too.

In CI for a pull request no credential is used and no secret of `.npmrc` expanded (`--with-credentials` does): its files \
are not the person's own. What a registry then doesn't show is not known, rather than new.

With `--out` the plan has the digest of each tarball, packed in memory from the files as they are \
and as the version step will write them, so build first. Publishing by that plan sends these bytes or nothing. A package \
whose prepublishOnly, prepack or prepare script may still change its files has no tarball in the plan.

Exit codes: 0 there is a plan, or nothing to do; 1 there is none, or with `--check` the plan has errors; 2 only with \
`--detailed-exitcode`: the plan is not empty.";

const EXAMPLES: &str = "\
Examples:
  relay plan                              the plan for people
  relay plan --out plan.json              for review, then `relay release --plan plan.json`
  relay plan --format markdown            for a pull request
  relay plan --check --detailed-exitcode  in CI: 1 on errors, 2 when something would go out
  relay plan --offline                    without asking the registry";

/// Show what would be released, in which order, by which route
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct PlanArgs {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: PlanFormat,

    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,

    /// Write the plan as JSON to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<Utf8PathBuf>,

    /// Compare with the plan in FILE and show the difference
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<Utf8PathBuf>,

    /// Fail when the plan has errors, or with `--against` when it has drifted
    #[arg(long)]
    pub(crate) check: bool,

    /// Exit with 2 when the plan is not empty
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,

    /// Ask no registry; take what the repository says
    #[arg(long)]
    pub(crate) offline: bool,

    /// Publish under this dist-tag [default: `latest`, or what manifest and `relay.toml` say]
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<DistTag>,

    /// Who may read packages that are new
    #[arg(long, value_name = "ACCESS")]
    pub(crate) access: Option<AccessArg>,

    /// Plan to send all under a side tag and to move the dist-tags when all can be installed
    #[arg(long)]
    pub(crate) promote_last: bool,

    /// With `--out`: plan for a release that runs no scripts, so that packages that have some get their digests too
    #[arg(long)]
    pub(crate) ignore_scripts: bool,

    /// Go on although packages depend on each other in a circle
    #[arg(long)]
    pub(crate) allow_cycles: bool,

    #[command(flatten)]
    pub(crate) version: VersionFlags,

    #[command(flatten)]
    pub(crate) selection: SelectionFlags,

    #[command(flatten)]
    pub(crate) registry: RegistryFlags,

    #[command(flatten)]
    pub(crate) history: HistoryFlags,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// Lines for people
    Text,
    /// The document `relay.plan/1`
    Json,
    /// A table for a pull request
    Markdown,
}

impl PlanArgs {
    /// The format that was asked for, by either flag.
    pub(crate) fn format(&self) -> PlanFormat {
        if self.json { PlanFormat::Json } else { self.format }
    }
}
