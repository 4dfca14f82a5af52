//! `relay release`, `relay publish` and `relay resume`: the real thing.

use std::sync::Arc;

use camino::Utf8PathBuf;
use relay_engine::finish::FinishOptions;
use relay_engine::observe::Intent;
use relay_engine::project::{ChangesetsTags, Project};
use relay_engine::release;
use relay_engine::release::resumed::Resumed;
use relay_engine::report::{Ending, RunReport};
use relay_engine::run_options::RunOptions;
use relay_plan::ReleasePlan;

use crate::cli::publish::{PublishArgs, ResumeArgs};
use crate::cli::release::ReleaseArgs;
use crate::cli::shared::RunFlags;
use crate::context::Context;
use crate::deepen;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flow::{self, FlowOptions};
use crate::notices;
use crate::person::TerminalPerson;
use crate::session_setup::{self, SessionFlags};
use crate::stop::{StopRequests, heed_terminal};
use crate::summary::{self, Layout, World};
use crate::ui::Ui;
use crate::wall_clock::WallClock;

mod resuming;

/// One command of this family.
struct Request<'a> {
    intent: Intent,
    command: &'static str,
    plan: Option<&'a Utf8PathBuf>,
    dry_run: bool,
    graduate: &'a [String],
    /// The folder that relative selectors start from, where it is not the current one.
    here: Option<&'a Utf8PathBuf>,
    flags: &'a RunFlags,
}

/// Runs `relay release`.
pub(crate) async fn release(context: &Context, args: &ReleaseArgs) -> Result<Exit, CliError> {
    let (plan, dry_run) = (args.plan.as_ref(), args.dry_run);
    if args.history.unshallow {
        deepen::unshallow(&context.ui, &flow::open(&context.cwd, None)?, &args.history)?;
    }
    let graduate = args.version.graduate.as_slice();
    let request =
        Request { intent: Intent::Release, command: "release", plan, dry_run, graduate, here: None, flags: &args.run };
    run(request, context).await
}

/// Runs `relay publish`.
pub(crate) async fn publish(context: &Context, args: &PublishArgs) -> Result<Exit, CliError> {
    let (plan, dry_run) = (args.plan.as_ref(), args.dry_run);
    let request = Request {
        intent: Intent::Publish,
        command: "publish",
        plan,
        dry_run,
        graduate: &[],
        here: None,
        flags: &args.run,
    };
    run(request, context).await
}

/// Runs `relay resume`: what the unfinished run was asked for, once more. Without one, what the manifests say is published.
pub(crate) async fn resume(context: &Context, args: &ResumeArgs) -> Result<Exit, CliError> {
    let project = flow::open(&context.cwd, None)?;
    let state = session_setup::state_folder(&project);
    let with_remote = !args.run.git.no_remote_lock && !args.run.git.no_push;
    let resumed = Resumed::find(&project, &state, with_remote);
    drop(project);
    if let Some(resumed) = &resumed {
        resuming::tell(&context.ui, resumed);
    }
    let options = resumed.map(|resumed| resumed.options).unwrap_or_default();
    let flags = resuming::flags(&args.run, &options);
    if let Some(path) = options.plan_file.as_ref().filter(|path| !path.is_file()) {
        return Err(resuming::plan_is_gone(path));
    }
    let request = Request {
        intent: if options.releases { Intent::Release } else { Intent::Publish },
        command: "resume",
        plan: options.plan_file.as_ref(),
        dry_run: false,
        graduate: &options.graduate,
        here: args.run.selection.filter.is_empty().then_some(&options.here),
        flags: &flags,
    };
    run(request, context).await
}

async fn run(request: Request<'_>, context: &Context) -> Result<Exit, CliError> {
    let (ui, flags) = (&context.ui, request.flags);
    if flags.upload.provenance {
        return Err(CliError::usage("this relay can't make provenance yet")
            .hint("leave `--provenance` out, or publish that package with `npm publish --provenance`")
            .code("relay::usage::provenance"));
    }
    let project = flow::open(&context.cwd, None)?;
    let saved = request.plan.map(|path| super::plan::read_plan(context, path)).transpose()?;
    let npm = session_setup::publish_settings(&project.workspace, &context.vault);
    let dry_run = request.dry_run || npm.dry_run_by.is_some();
    if let Some(place) = npm.dry_run_by.as_ref().filter(|_| !request.dry_run) {
        ui.warning(format!("{place} makes this a dry run: nothing is written or sent"));
    }
    let ignore_scripts = flags.upload.ignore_scripts || npm.scripts_ignored_by.is_some();
    if let Some(place) = npm.scripts_ignored_by.as_ref().filter(|_| !flags.upload.ignore_scripts) {
        notices::warn_of_ignored_scripts(ui, &project.workspace, place);
    }
    let session_flags = SessionFlags {
        vault: context.vault.clone(),
        registry: flags.registry.registry.clone(),
        otp: flags.otp.otp.clone(),
        offline: false,
        tag: flags.upload.tag.clone(),
        access: flags.upload.access.map(Into::into),
        // What a saved plan says is meant, whoever carries it out.
        promote_last: flags.upload.promote_last || saved.as_ref().is_some_and(|saved| saved.promotion.is_some()),
        filter: flags.selection.filter.clone(),
        allow_cycles: flags.upload.allow_cycles,
        graduate: match &saved {
            Some(saved) if request.graduate.is_empty() => graduates_of(saved),
            _ => request.graduate.to_vec(),
        },
        reads_only: dry_run,
        with_credentials: flags.registry.with_credentials,
        person: ui.is_interactive(),
        here: request.here.cloned().unwrap_or_else(|| super::plan::here(context, &project)),
    };
    let asked_for = asked_for(&request, &session_flags, context);
    let options = FlowOptions {
        request: release::Request {
            intent: request.intent,
            command: request.command,
            rehearsal: false,
            dry_run,
            unasked: flags.person.yes,
            saved,
            saved_path: request.plan.map(|path| context.resolve(path)),
            ignore_scripts,
            finish: FinishOptions {
                tags: !flags.git.no_git_tag,
                push: !flags.git.no_push,
                branch: request.intent == Intent::Release,
            },
            state: session_setup::state_folder(&project),
            holder: session_setup::holder(request.command),
            clock: Arc::new(WallClock),
            remote_refs: !flags.git.no_remote_lock,
            options: asked_for,
            accepted: flags.git.accept_published.clone(),
        },
        log_file: flags.report.log_file.as_ref().map(|path| context.resolve(path)),
        concurrency: flags.registry.concurrency,
    };
    let tags = project.changesets_tags();
    drop(project);
    let make_session = |project: &Project| session_setup::session(project, &session_flags);
    let person = TerminalPerson { ui: ui.clone(), browser: !flags.person.no_browser };
    let mut stop = StopRequests::listen()?;
    heed_terminal(ui)?;
    let flow = Box::pin(flow::run(ui, &context.cwd, &make_session, &person, options, &mut stop)).await?;
    if dry_run {
        if flags.report.json {
            context.ui.json(&flow.plan.to_json());
        }
        return Ok(Exit::Done);
    }
    if let Some(report) = flow.report.as_ref().filter(|_| ui.settings().ci && !flags.report.json) {
        announce(report, tags, ui);
    }
    let exit = match &flow.report {
        Some(report) => tell(report, World::Real, flags.report.json, context),
        None if flags.report.json => tell(&RunReport::new(), World::Real, true, context),
        None => Exit::Done,
    };
    crate::ci_output::write_outputs(flow.report.as_ref(), flow.change_files_left, ui);
    Ok(exit)
}

/// What is kept with the run, so that whoever goes on with it asks for the same.
fn asked_for(request: &Request<'_>, session: &SessionFlags, context: &Context) -> RunOptions {
    let flags = request.flags;
    RunOptions {
        releases: request.intent == Intent::Release,
        plan_file: request.plan.map(|path| context.resolve(path)),
        filter: flags.selection.filter.clone(),
        here: session.here.clone(),
        graduate: session.graduate.clone(),
        tag: flags.upload.tag.clone(),
        access: session.access,
        // One that is none is an error a moment later.
        registry: flags.registry.registry.as_ref().and_then(|text| text.parse().ok()),
        ignore_scripts: flags.upload.ignore_scripts,
        allow_cycles: flags.upload.allow_cycles,
        promote_last: session.promote_last,
        no_git_tag: flags.git.no_git_tag,
        no_push: flags.git.no_push,
        no_remote_lock: flags.git.no_remote_lock,
    }
}

/// The packages that a saved plan lets graduate: whoever carries it out need not say so again.
fn graduates_of(saved: &ReleasePlan) -> Vec<String> {
    let published = saved.packages.iter().map(|package| (&package.name, &package.reasons));
    let versioned = saved.versioned.iter().map(|package| (&package.name, &package.reasons));
    let graduates = published.chain(versioned).filter(|(_, reasons)| reasons.iter().any(|r| r.kind == "graduation"));
    graduates.map(|(name, _)| name.to_string()).collect()
}

/// Prints the lines in which the changesets action looks for what is on the registry now, in the words of `changeset publish`
/// (2.31.1; version 3 writes a file instead).
fn announce(report: &RunReport, tags: ChangesetsTags, ui: &Ui) {
    for package in report.published() {
        ui.data(format!("New tag: {}", tags.name(&package.name, &package.version)));
    }
}

/// Prints what a run came to, and gives its exit.
pub(crate) fn tell(report: &RunReport, world: World, json: bool, context: &Context) -> Exit {
    if json {
        match serde_json::to_string_pretty(report) {
            Ok(text) => context.ui.json(&text),
            Err(error) => context.ui.warning(format!("the report can't be written as JSON: {error}")),
        }
    } else {
        context.ui.status("");
        context.ui.status(summary::render(report, world, Layout::of(&context.ui)).trim_end());
    }
    crate::ci_output::annotate_report(report, world, &context.ui);
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
