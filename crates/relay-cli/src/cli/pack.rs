//! `relay pack`: its arguments and its help.

use camino::Utf8PathBuf;
use clap::Args;

use super::shared::SelectionFlags;

const LONG_ABOUT: &str = "\
Make the tarballs that would be published

In a package's folder: that package. At the workspace root: every package that can be published (not private, with a \
version). With `--filter`: those of them that it selects.

The files, their order and the bytes of the tar are those of `npm pack`; its compression is not, so that the integrity \
differs. npm 11 and npm 12 pack different files of some packages: `like` under `[pack]` in relay.toml says which counts. Where a manifest uses `workspace:` or `catalog:`, or \
overrides fields in `publishConfig`, the package.json inside is the one that pnpm would publish; otherwise it goes in \
byte for byte. Lifecycle scripts (prepack, prepare, postpack) run first, dependencies before dependents, in an \
environment without credentials.

Every tarball is inspected: a `workspace:` range that would reach the registry, a secret, a tarball larger than \
`relay.toml` allows; if one is stopped, none is written, and the exit code is 1. Entry points that are not there, entries of \
`files` that bring nothing and the like are told. Each finding has a name, shown in brackets, by which `[gate]` in relay.toml \
forbids it or lets it pass. Tarballs appear whole or not at all. Nothing is sent anywhere, so that nothing is compared with the \
version before; a dry run of `publish` or `release` does that.";

const EXAMPLES: &str = "\
Examples:
  relay pack                                 tarballs into the current folder
  relay pack --out dist-tarballs             into another folder, made if it is not there
  relay pack --filter '@acme/ui-*' --json    some packages; as JSON, like npm pack --json
  relay pack --ignore-scripts                without building first";

/// Make the tarballs that would be published
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct PackArgs {
    /// Write the tarballs into DIR [default: the current folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<Utf8PathBuf>,

    /// Print what `npm pack --json` prints
    #[arg(long)]
    pub(crate) json: bool,

    /// Say what would be packed; write no tarballs (scripts run all the same)
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Run no lifecycle scripts (prepack, prepare, postpack)
    #[arg(long)]
    pub(crate) ignore_scripts: bool,

    #[command(flatten)]
    pub(crate) selection: SelectionFlags,
}
