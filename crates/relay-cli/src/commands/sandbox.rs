//! `relay sandbox`: the sandbox registry by itself, with a log of what reaches it, until Ctrl-C.

mod log;
mod residents;
mod welcome;

use relay_sandbox::{EventSink, Sandbox, SandboxOptions, SandboxRules, VisibilityDelay};

use crate::cli::sandbox::{RulesArg, SandboxArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::runtime::{self, Interrupts};
use crate::ui::{json_line, plural};
use residents::Residents;

/// Starts it, says how to use it, and waits for Ctrl-C, which is how it is meant to end.
pub(crate) fn run(context: &Context, args: &SandboxArgs) -> Result<Exit, CliError> {
    runtime::block_on(serve(context, args))
}

async fn serve(context: &Context, args: &SandboxArgs) -> Result<Exit, CliError> {
    let ui = context.ui.clone();
    let options = SandboxOptions {
        port: args.port,
        rules: rules(args.rules),
        visibility: VisibilityDelay::all(args.delay),
        events: Some(EventSink::new(move |event| log::tell(&ui, event))),
        ..SandboxOptions::default()
    };
    // Listened for before the address is printed, so that a script may stop it as soon as it has read that.
    let mut interrupts = Interrupts::listen()?;
    let sandbox = Sandbox::start(options).await?;
    let residents = Residents::move_in(&sandbox);
    if args.json {
        context.ui.data(json_line(&welcome::document(&sandbox, args.rules, &residents))?);
    } else {
        context.ui.data(welcome::text(&sandbox, args, &residents, context.ui.data_palette()));
    }
    context.ui.flush();
    interrupts.next().await;
    let (requests, versions) = (sandbox.requests().len(), sandbox.commits().len());
    sandbox.stop().await;
    context.ui.status(format!(
        "stopped after {} and {}; nothing is kept",
        plural(requests, "request"),
        plural(versions, "published version")
    ));
    Ok(Exit::Done)
}

fn rules(rules: RulesArg) -> SandboxRules {
    match rules {
        RulesArg::Npm => SandboxRules::Npm,
        RulesArg::Plain => SandboxRules::Plain,
    }
}
