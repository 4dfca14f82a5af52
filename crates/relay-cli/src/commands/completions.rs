//! `relay completions`.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::cli::completions::CompletionsArgs;
use crate::context::Context;
use crate::exit::Exit;

/// Prints the script for the shell.
pub(crate) fn run(context: &Context, args: &CompletionsArgs) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "relay", &mut script);
    context.ui.data(String::from_utf8_lossy(&script));
    Exit::Done
}
