//! `relay undo`: its arguments and its help.

use camino::Utf8PathBuf;
use clap::Args;
use relay_workspace::{PackageName, Version};

use super::shared::{OtpFlags, PersonFlags, RegistryFlags, name_at_version};

const LONG_ABOUT: &str = "\
Take a release back as far as that is possible

What is published stays published: others may have installed it already. What relay can change is what people get from now \
on. It makes a plan of that, shows it, asks, and carries it out:

  1. dist-tags that name one of the versions (such as `latest`) go back to the version before: the one that the release record \
or the journal tells of, where `--promote-last` moved them; else the highest lower one that is neither deprecated nor, for \
`latest`, a prerelease
  2. the versions are deprecated, so that whoever installs one is told which to take instead
  3. a change file in `.changeset` asks for the next patch version, of these packages and of all that depend on them; commit \
it and run `relay release` when the mistake is put right

`--unpublish` removes the versions instead of deprecating them, where the registry still allows it. npm does for 72 hours and \
only while no other package depends on them; the number can never be used again. What npm will say can't be fully known \
beforehand; what is not planned is said with its reason.

Which versions: those that are named as NAME@VERSION; or those of the release whose plan id is named; or, without either, \
those of the last release, by the release record on the remote, else by the journal of this clone. Where neither tells of one, \
those that the commit at HEAD made, or those of the manifests: that is a guess, for which `--yes` is not taken.

A step that is done already is not done again, so that after Ctrl-C or a lost network the same command goes on with what is \
missing. A dist-tag that somebody else has moved meanwhile is left alone. Each write may ask for a second factor; the plan says \
how many can, and one answer serves several where the registry lets it.

Exit codes: 0 all is as planned, or there was nothing to do; 1 error; 3 some steps are done, some failed; 4 waits for a person \
or the registry; 130 interrupted.";

const EXAMPLES: &str = "\
Examples:
  relay undo                                the last release: shows the plan and asks
  relay undo --dry-run                      only shows it
  relay undo --dry-run --json               for programs
  relay undo @acme/core@1.2.0               one version
  relay undo --message 'leaks memory'       says so to whoever installs it
  relay undo --out undo.json                writes the plan to a file, to be reviewed
  relay undo --plan undo.json --yes         carries that file out";

/// Take a release back as far as that is possible
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct UndoArgs {
    /// A plan's id, or versions such as `@acme/core@1.2.0` [default: the last release]
    #[arg(value_name = "PLAN-ID | NAME@VERSION", value_parser = meant, conflicts_with = "plan")]
    pub(crate) meant: Vec<Meant>,

    /// Say this to whoever installs one of the versions [default: which version to take instead]
    #[arg(long, value_name = "TEXT", conflicts_with = "plan")]
    pub(crate) message: Option<String>,

    /// Remove the versions where the registry still allows it, instead of deprecating them
    #[arg(long, conflicts_with = "plan")]
    pub(crate) unpublish: bool,

    /// Write no change file for the next versions
    #[arg(long, conflicts_with = "plan")]
    pub(crate) no_change_file: bool,

    /// Write the plan to FILE and do nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan", "dry_run"])]
    pub(crate) out: Option<Utf8PathBuf>,

    /// Carry out the plan in FILE, which `--out` wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<Utf8PathBuf>,

    /// Show the plan; write and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print the plan as JSON on stdout (docs/undo.schema.json)
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

/// What was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meant {
    /// A version.
    Version(PackageName, Version),
    /// A plan, by its id or its beginning.
    Plan(String),
}

/// The fewest characters of a plan's id that name it.
const PLAN_ID_CHARS_MIN: usize = 8;

fn meant(text: &str) -> Result<Meant, String> {
    if text.rsplit_once('@').is_some_and(|(name, _)| !name.is_empty()) {
        return name_at_version(text).map(|(name, version)| Meant::Version(name, version));
    }
    let is_id =
        text.len() >= PLAN_ID_CHARS_MIN && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_id && text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Ok(Meant::Plan(text.to_owned()));
    }
    Err("name versions as NAME@VERSION, such as `@acme/core@1.2.0`, or a plan by its id".to_owned())
}
