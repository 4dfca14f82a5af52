//! `relay completions`: its arguments and its help.

use clap::Args;
use clap_complete::Shell;

const LONG_ABOUT: &str = "\
Print the completions for a shell

Prints a script that completes relay's commands and flags. Put it where your shell looks for such scripts.";

const EXAMPLES: &str = "\
Examples:
  relay completions bash > ~/.local/share/bash-completion/completions/relay
  relay completions zsh > ~/.zfunc/_relay
  relay completions fish > ~/.config/fish/completions/relay.fish";

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}
