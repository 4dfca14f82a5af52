//! The `relay` command: parses the command line, hands over to a command, and maps how it ends to an exit code.
//!
//! - [`cli`]: the command line as types, and the help texts
//! - [`commands`]: one file for each command
//! - [`ui`]: all output; [`error`], [`exit`]: how a run may end
//! - [`flow`]: the way of a release, shared by several commands; [`session_setup`]: what it is given from outside
//! - [`notices`], [`interrupted`]: what is said beside; [`dry_run`]: what is shown where nothing will be written
//! - [`stop`]: how Ctrl-C is heard
//! - [`display`], [`summary`], [`person`], [`qr_code`]: a run as people see it; [`rehearsal`]: the stage of a rehearsal
//! - [`vault`]: keeps credentials where no script can read them; [`fence`]: keeps scripts where they belong
//! - [`context`]: what every command is given; [`workspace`]: what most begin with; [`filter`]: which packages are meant
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests build worlds on the disk"))]

mod ci_output;
mod cli;
mod commands;
mod context;
mod deepen;
mod display;
mod dry_run;
mod error;
mod exit;
mod fence;
mod filter;
mod flow;
mod gate_findings;
mod interrupted;
mod log_file;
mod notices;
mod npm_choice;
mod person;
mod qr_code;
mod rehearsal;
mod runtime;
mod session_setup;
mod stop;
mod summary;
mod ui;
mod vault;
mod wall_clock;
mod workspace;
mod write_words;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory, FromArgMatches};
use relay_values::Printable;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::runtime::block_on;
use crate::ui::keyboard::RestoreAtEnd;
use crate::ui::{Ui, UiFlags, UiSettings};
use crate::vault::Vault;

/// A plan is made by several threads that allocate much. The C library grows a heap for each of them page by page, and the
/// page faults and system calls of that are a fifth of the time of a plan; this allocator asks Linux for huge pages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    if let Some(code) = fence::enter(&arguments) {
        return code;
    }
    run(&arguments).into()
}

/// Parses, runs and reports.
fn run(arguments: &[OsString]) -> Exit {
    let cli = match parse(arguments) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    start_tracing();
    let vault = Vault::open(&cli, arguments);
    vault::protect();
    let _terminal = RestoreAtEnd;
    let ui = Ui::new(UiSettings::detect(cli.global.ui()));
    let ending = dispatch(&ui, &cli, vault).and_then(|exit| ui.finish().map(|()| exit));
    match ending {
        Ok(exit) => exit,
        Err(error) => {
            ui.error(&error);
            error.kind().exit()
        }
    }
}

/// Hands over to the command.
fn dispatch(ui: &Ui, cli: &Cli, vault: Vault) -> Result<Exit, CliError> {
    let Some(command) = &cli.command else {
        ui.raw_message(cli::start::where_to_start(&Cli::command(), ui.palette()));
        return Ok(Exit::Usage);
    };
    let context = Context::new(ui.clone(), &cli.global, vault)?;
    match command {
        Command::Plan(args) => block_on(commands::plan::run(&context, args)),
        Command::Status(args) => block_on(commands::status::run(&context, args)),
        Command::Doctor(args) => block_on(commands::doctor::run(&context, args)),
        Command::Release(args) => block_on(commands::release::release(&context, args)),
        Command::Publish(args) => block_on(commands::release::publish(&context, args)),
        Command::Resume(args) => block_on(commands::release::resume(&context, args)),
        Command::Approve(args) => block_on(commands::approve::run(&context, args)),
        Command::Undo(args) => block_on(commands::undo::run(&context, args)),
        Command::Unlock(args) => commands::unlock::run(&context, args),
        Command::Auth(args) => block_on(commands::auth::run(&context, args)),
        Command::Version(args) => block_on(commands::version::run(&context, args)),
        Command::Rehearse(args) => block_on(commands::rehearse::run(&context, args)),
        Command::Graph(args) => commands::graph::run(&context, args),
        Command::Pack(args) => commands::pack::run(&context, args),
        Command::Explain(args) => commands::explain::run(&context, args),
        Command::Sandbox(args) => commands::sandbox::run(&context, args),
        Command::Completions(args) => Ok(commands::completions::run(&context, args)),
        Command::Man(args) => commands::man::run(&context, args),
    }
}

/// Parses the command line. Help and version are printed here, as are complaints about the usage.
fn parse(arguments: &[OsString]) -> Result<Cli, Exit> {
    // Looked for by hand, since the complaint about a broken command line has to obey it too.
    let no_color = arguments.iter().any(|argument| argument == "--no-color");
    let settings = UiSettings::detect(UiFlags { no_color, ..UiFlags::default() });
    let (data_colour, message_colour) = (settings.data_colour, settings.message_colour);
    let ui = Ui::new(settings);
    // Whether to colour is decided by the Ui for each stream; clap only has to keep its styles.
    let command = Cli::command().color(ColorChoice::Always);
    let parsed = command.try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let error = match parsed {
        Ok(cli) => return Ok(cli),
        Err(error) => error,
    };
    let text = |colour: bool| {
        let styled = error.render();
        if colour { styled.ansi().to_string() } else { styled.to_string() }
    };
    if error.use_stderr() {
        ui.raw_message(Printable::styled(&text(message_colour)));
        return Err(Exit::Usage);
    }
    ui.data(text(data_colour));
    match ui.finish() {
        Ok(()) => Err(Exit::Done),
        Err(error) => {
            ui.error(&error);
            Err(error.kind().exit())
        }
    }
}

/// For developers: `RELAY_LOG=debug` traces to stderr. Without it nothing is installed.
fn start_tracing() {
    let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("RELAY_LOG") else { return };
    // A second subscriber in the same process can't be installed, which only a test could try.
    let _already =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| ui::Striking).try_init();
}
