//! `relay release`, `relay publish` and `relay resume`: the real thing.

use camino::Utf8PathBuf;
use relay_engine::finish::FinishOptions;
use relay_engine::observe::Intent;
use relay_engine::project::Project;
use relay_engine::report::{Ending, RunReport};
use tokio::sync::mpsc;

use crate::cli::publish::{PublishArgs, ResumeArgs};
use crate::cli::release::ReleaseArgs;
use crate::cli::shared::{GitFlags, OtpFlags, PersonFlags, RegistryFlags, ReportFlags, SelectionFlags, UploadFlags};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flow::{self, FlowOptions};
use crate::person::TerminalPerson;
use crate::runtime::Interrupts;
use crate::summary::{self, World};
use crate::surroundings::{self, SessionFlags};

/// What the commands of this family have in common.
struct Request<'a> {
    intent: Intent,
    command: &'static str,
    plan: Option<&'a Utf8PathBuf>,
    dry_run: bool,
    person: &'a PersonFlags,
    otp: &'a OtpFlags,
    selection: &'a SelectionFlags,
    registry: &'a RegistryFlags,
    upload: &'a UploadFlags,
    git: &'a GitFlags,
    report: &'a ReportFlags,
}

/// Runs `relay release`.
pub(crate) async fn release(context: &Context, args: &ReleaseArgs) -> Result<Exit, CliError> {
    run(
        Request {
            intent: Intent::Release,
            command: "release",
            plan: args.plan.as_ref(),
            dry_run: args.dry_run,
            person: &args.person,
            otp: &args.otp,
            selection: &args.selection,
            registry: &args.registry,
            upload: &args.upload,
            git: &args.git,
            report: &args.report,
        },
        context,
    )
    .await
}

/// Runs `relay publish`.
pub(crate) async fn publish(context: &Context, args: &PublishArgs) -> Result<Exit, CliError> {
    run(
        Request {
            intent: Intent::Publish,
            command: "publish",
            plan: args.plan.as_ref(),
            dry_run: args.dry_run,
            person: &args.person,
            otp: &args.otp,
            selection: &args.selection,
            registry: &args.registry,
            upload: &args.upload,
            git: &args.git,
            report: &args.report,
        },
        context,
    )
    .await
}

/// Runs `relay resume`: publishes what is unfinished. The registry tells what that is.
pub(crate) async fn resume(context: &Context, args: &ResumeArgs) -> Result<Exit, CliError> {
    run(
        Request {
            intent: Intent::Publish,
            command: "resume",
            plan: None,
            dry_run: false,
            person: &args.person,
            otp: &args.otp,
            selection: &args.selection,
            registry: &args.registry,
            upload: &args.upload,
            git: &args.git,
            report: &args.report,
        },
        context,
    )
    .await
}

async fn run(request: Request<'_>, context: &Context) -> Result<Exit, CliError> {
    let ui = &context.ui;
    if request.upload.provenance {
        return Err(CliError::usage("this relay can't make provenance yet")
            .hint("leave `--provenance` out, or publish that package with `npm publish --provenance`")
            .code("relay::usage::provenance"));
    }
    let project = flow::open(&context.cwd, None)?;
    if project.config.publish.provenance == Some(true) {
        ui.warning("`publish.provenance` in relay.toml has no effect yet: this relay makes none");
    }
    if project.config.schedule.is_some() {
        ui.warning("`[schedule]` in relay.toml has no effect yet: what is planned is published now");
    }
    let flags = SessionFlags {
        vault: context.vault.clone(),
        registry: request.registry.registry.clone(),
        otp: request.otp.otp.clone(),
        offline: false,
        tag: request.upload.tag.clone(),
        access: request.upload.access.map(Into::into),
        filter: request.selection.filter.clone(),
        allow_cycles: request.upload.allow_cycles,
        person: ui.is_interactive(),
        here: super::plan::here(context, &project),
    };
    let options = FlowOptions {
        intent: request.intent,
        command: request.command,
        yes: request.person.yes,
        dry_run: request.dry_run,
        saved: request.plan.map(|path| super::plan::read_plan(context, path)).transpose()?,
        ignore_scripts: request.upload.ignore_scripts,
        finish: FinishOptions {
            tags: !request.git.no_git_tag,
            push: !request.git.no_push,
            branch: request.intent == Intent::Release,
        },
        log_file: request.report.log_file.as_ref().map(|path| context.resolve(path)),
        state: surroundings::state_folder(&project),
        concurrency: request.registry.concurrency,
        show_plan: true,
    };
    drop(project);
    let make_session = |project: &Project| surroundings::session(project, &flags);
    let person = TerminalPerson { ui: ui.clone(), browser: !request.person.no_browser };
    let mut interrupts = interrupts()?;
    let flow = flow::run(ui, &context.cwd, &make_session, &person, options, &mut interrupts).await?;
    if let Some(report) = &flow.report {
        return Ok(tell(report, World::Real, request.report.json, context));
    }
    if request.report.json {
        context.ui.data(flow.plan.to_json());
    }
    Ok(Exit::Done)
}

/// Prints what a run came to, and gives its exit.
pub(crate) fn tell(report: &RunReport, world: World, json: bool, context: &Context) -> Exit {
    if json {
        match serde_json::to_string_pretty(report) {
            Ok(text) => context.ui.data(text),
            Err(error) => context.ui.warning(format!("the report can't be written as JSON: {error}")),
        }
    } else {
        if context.ui.settings().ci {
            for package in report.published() {
                context.ui.data(format!("New tag: {}@{}", package.name, package.version));
            }
        }
        context.ui.status("");
        context.ui.status(summary::render(report, world).trim_end());
    }
    crate::github::annotate_report(report, world, &context.ui);
    crate::github::write_outputs(report, world, &context.ui);
    exit_of(report.ending())
}

/// The exit of an ending.
pub(crate) fn exit_of(ending: Ending) -> Exit {
    match ending {
        Ending::Done => Exit::Done,
        Ending::Failed => Exit::Failed,
        Ending::Partial => Exit::Partial,
        Ending::Parked => Exit::Parked,
        Ending::Interrupted => Exit::Interrupted,
    }
}

/// Requests to stop, one message each.
pub(crate) fn interrupts() -> Result<mpsc::Receiver<()>, CliError> {
    let mut signals = Interrupts::listen()?;
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            signals.next().await;
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
