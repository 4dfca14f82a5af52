//! `relay man`: pages in roff, made from the same definition as the help texts.

use std::fs;

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::cli::man::ManArgs;
use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::ui::plural;

/// Prints one page, or writes all.
#[expect(clippy::disallowed_methods, reason = "the pages are made anew at any time")]
pub(crate) fn run(context: &Context, args: &ManArgs) -> Result<Exit, CliError> {
    let mut relay = Cli::command();
    relay.build();
    if let Some(folder) = &args.out {
        let folder = context.resolve(folder);
        let wrong = |error: &std::io::Error| {
            CliError::of(ErrorKind::User, error)
                .context(format!("the manual pages can't be written to `{folder}`"))
                .code("relay::man::unwritable")
        };
        fs::create_dir_all(&folder).map_err(|error| wrong(&error))?;
        let pages = all_pages(&relay);
        for (name, page) in &pages {
            fs::write(folder.join(name), page).map_err(|error| wrong(&error))?;
        }
        context.ui.status(format!("wrote {} to `{folder}`", plural(pages.len(), "page")));
        return Ok(Exit::Done);
    }
    let page = match &args.command {
        None => page(relay),
        Some(name) => match relay.find_subcommand(name) {
            Some(command) => page(command.clone()),
            None => {
                return Err(
                    CliError::usage(format!("there is no command `{name}`")).hint("`relay --help` lists all commands")
                );
            }
        },
    };
    context.ui.data(String::from_utf8_lossy(&page));
    Ok(Exit::Done)
}

/// File names and pages of relay and of each command, and of the commands below it.
fn all_pages(relay: &Command) -> Vec<(String, Vec<u8>)> {
    let mut pages = Vec::new();
    pages_below(relay, "relay", &mut pages);
    pages
}

fn pages_below(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) {
    pages.push((format!("{name}.1"), page(command.clone())));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        pages_below(below, &format!("{name}-{}", below.get_name()), pages);
    }
}

fn page(command: Command) -> Vec<u8> {
    let mut page = Vec::new();
    // Writing to a Vec never fails.
    let _infallible = clap_mangen::Man::new(command).render(&mut page);
    page
}
