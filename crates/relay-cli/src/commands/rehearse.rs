//! `relay rehearse`: the whole release, carried out in a copy against sandbox registries.

use std::sync::Arc;

use relay_engine::finish::FinishOptions;
use relay_engine::observe::Intent;
use relay_engine::project::Project;
use relay_engine::release::Request;
use relay_engine::report::RunReport;
use relay_engine::run_options::RunOptions;
use relay_pack::lifecycle::{Occasion, before_tarball};
use relay_sandbox::VisibilityDelay;

use crate::cli::rehearse::RehearseArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flow::{self, FlowOptions};
use crate::notices;
use crate::person::TerminalPerson;
use crate::rehearsal::aside::Aside;
use crate::rehearsal::person::RehearsalPerson;
use crate::rehearsal::stage::Stage;
use crate::session_setup::{self, SessionFlags};
use crate::stop::{StopRequests, heed_terminal};
use crate::summary::World;
use crate::ui::plural;
use crate::wall_clock::WallClock;

/// How long a version stays invisible by default: long enough to be seen, short enough to be borne.
const DELAY_MILLIS: u64 = 300;

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &RehearseArgs) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let source = args.dir.as_ref().map_or_else(|| context.cwd.clone(), |dir| context.resolve(dir));
    let project = flow::open(&source, args.concurrency)?;
    let npm = session_setup::publish_settings(&project.workspace, &context.vault);
    let ignore_scripts = args.ignore_scripts || npm.scripts_ignored_by.is_some();
    if let Some(place) = npm.scripts_ignored_by.as_ref().filter(|_| !args.ignore_scripts) {
        notices::warn_of_ignored_scripts(ui, &project.workspace, place);
    }
    let scripts = !ignore_scripts && (has_scripts(&project) || project.config.release.build.is_some());
    // Copying a large repository takes a while.
    ui.status(format!(
        "Rehearsing the release of {} in a copy; nothing outside is touched",
        project.workspace.root.file_name().unwrap_or("this repository"),
    ));
    let aside = Aside::copy(&project, scripts)?;
    let copied = flow::open(&aside.root, args.concurrency)?;
    let by_person = ui.is_interactive() && !args.yes;
    let flags = SessionFlags {
        vault: context.vault.clone(),
        filter: args.selection.filter.clone(),
        allow_cycles: args.allow_cycles,
        graduate: args.version.graduate.clone(),
        promote_last: args.promote_last,
        person: true,
        ..SessionFlags::default()
    };
    let npm = session_setup::rehearsal_session(&copied, &flags)?.npm;
    let delay = args.delay.unwrap_or(std::time::Duration::from_millis(DELAY_MILLIS));
    let delay = VisibilityDelay { version_document: delay / 2, packument: delay, tarball: delay };
    let stage = Stage::build(&copied, &npm, &aside.tags, delay).await?;
    announce(context, &stage);

    let person = if by_person {
        RehearsalPerson::Terminal(TerminalPerson { ui: ui.clone(), browser: !args.no_browser })
    } else {
        RehearsalPerson::Itself { ui: ui.clone(), sandboxes: stage.sandboxes.values().collect() }
    };
    let options = FlowOptions {
        request: Request {
            intent: Intent::Release,
            command: "rehearse",
            rehearsal: true,
            dry_run: false,
            unasked: true,
            saved: None,
            saved_path: None,
            ignore_scripts,
            finish: FinishOptions { tags: true, push: false, branch: false },
            state: aside.state_folder(),
            holder: session_setup::holder("rehearse"),
            clock: Arc::new(WallClock),
            remote_refs: false,
            options: RunOptions::default(),
            accepted: Vec::new(),
        },
        log_file: args.report.log_file.as_ref().map(|path| context.resolve(path)),
        concurrency: args.concurrency,
    };
    let stand_ins = stage.stand_ins.clone();
    let make_session = |project: &Project| {
        let mut session = session_setup::rehearsal_session(project, &flags)?;
        session.stand_ins.clone_from(&stand_ins);
        Ok(session)
    };
    let mut stop = StopRequests::listen()?;
    heed_terminal(ui)?;
    let flow = Box::pin(flow::run(ui, &aside.root, &make_session, &person, options, &mut stop)).await;
    drop(person);
    let exit = match flow {
        Ok(flow) => {
            if let Some(report) = &flow.report {
                let exit = super::release::tell(report, World::Rehearsal, args.report.json, context);
                conclude(context, report, &stage, by_person);
                exit
            } else {
                Exit::Done
            }
        }
        Err(error) => {
            stage.stop().await;
            return Err(error);
        }
    };
    if args.keep {
        ui.status(format!("The copy is kept at {}", aside.keep()));
    }
    stage.stop().await;
    Ok(exit)
}

fn announce(context: &Context, stage: &Stage) {
    let ui = &context.ui;
    for (registry, stand_in) in &stage.stand_ins {
        ui.detail(format!("  {} stands in for {registry}", stand_in.url));
    }
    let verb = if stage.seeded == 1 { "is" } else { "are" };
    ui.status(format!(
        "On this machine {}; {} {verb} live at the start",
        match stage.sandboxes.len() {
            1 => "a sandbox registry stands in".to_owned(),
            number => format!("{number} sandbox registries stand in"),
        },
        plural(stage.seeded, "version"),
    ));
    ui.status("");
}

/// The oracle's word: what the sandboxes themselves committed, against what relay reports.
fn conclude(context: &Context, report: &RunReport, stage: &Stage, by_person: bool) {
    let committed: usize = stage.sandboxes.values().map(|sandbox| sandbox.commits().len()).sum();
    let published = report.published().count();
    if committed == published {
        context.ui.status(format!("\nThe sandbox agrees: {} committed, each once", plural(committed, "upload")));
    } else {
        context.ui.warning(format!("relay reports {published} published, the sandbox committed {committed}"));
    }
    if !by_person && report.challenges_answered > 0 {
        context.ui.status("The rehearsal answered the second factor itself; in a real release a person does");
    }
}

fn has_scripts(project: &Project) -> bool {
    project
        .workspace
        .packages
        .iter()
        .filter(|package| package.is_publishable())
        .any(|package| before_tarball(Occasion::Publish).iter().any(|event| package.manifest.script(event).is_some()))
}
