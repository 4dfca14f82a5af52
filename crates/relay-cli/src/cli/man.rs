//! `relay man`: its arguments and its help.

use camino::Utf8PathBuf;
use clap::Args;

const LONG_ABOUT: &str = "\
Print the manual page of relay or of one of its commands

Prints roff, which `man` reads. With `--out` it writes the pages of all commands into a folder.";

const EXAMPLES: &str = "\
Examples:
  relay man | man -l -                         read it
  relay man pack | man -l -                    one command's page
  relay man --out ~/.local/share/man/man1      all pages, to be found by `man relay`";

/// Print the manual page of relay or of one of its commands
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct ManArgs {
    /// The command; without it, relay as a whole
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,

    /// Write all pages into DIR
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub(crate) out: Option<Utf8PathBuf>,
}
