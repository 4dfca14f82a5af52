//! `relay approve`: what is staged for a release, shown, asked about, published or rejected.

mod shown;

use std::sync::Arc;

use relay_engine::approve::{ApproveError, Decision, Review, carry_out_review, find};
use relay_engine::event::{Emitter, Subscriber};
use relay_engine::journal;
use relay_engine::project::Project;
use relay_engine::registry_writes::{WriteContext, WriteOutcome, WriteReport};
use relay_engine::release::alone::{Alone, AloneTerms};
use relay_engine::release::remote::{Look, RemoteState};
use relay_engine::release::resumed::Resumed;
use relay_engine::release::sent::SentBefore;
use relay_engine::session::Session;
use relay_engine::state::Parked;

use crate::cli::approve::ApproveArgs;
use crate::context::Context;
use crate::display::Display;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::flow;
use crate::log_file::LogFile;
use crate::person::TerminalPerson;
use crate::session_setup::{self, SessionFlags};
use crate::stop::{StopRequests, heed_terminal};
use crate::ui::plural;
use crate::wall_clock::WallClock;

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &ApproveArgs) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let project = flow::open(&context.cwd, args.registry.concurrency)?;
    let state = session_setup::state_folder(&project);
    let flags = SessionFlags {
        vault: context.vault.clone(),
        registry: args.registry.registry.clone(),
        otp: args.otp.otp.clone(),
        reads_only: args.dry_run,
        with_credentials: args.registry.with_credentials,
        person: ui.is_interactive(),
        here: super::plan::here(context, &project),
        ..SessionFlags::default()
    };
    let session = session_setup::session(&project, &flags)?;
    let mut stop = StopRequests::listen()?;
    heed_terminal(ui)?;
    let replayed = journal::replay(&state);
    if let Some(illegal) = &replayed.illegal {
        ui.warning(illegal.to_string());
    }
    let sent = SentBefore::of(&replayed.past_uploads, record(context, &project).as_ref());
    let looked = stop.or(flow::patiently(ui, Box::pin(find(&project, &session, &sent)))).await?;
    let review = looked.map_err(|error| approve_error(&error))?;
    ui.status(shown::table(&review).trim_end());
    let ours = review.ours().count();
    if args.dry_run || (ours == 0 && review.foreign().next().is_some()) {
        tell_json(context, args, &review, &[]);
        if args.dry_run {
            ui.status("Nothing was sent: this was a dry run");
        }
        return Ok(if args.dry_run { Exit::Done } else { ending(&review, &[]) });
    }
    let decision = if args.reject { Decision::Reject } else { Decision::Approve };
    let mut reports = Vec::new();
    if ours > 0 {
        let question = match decision {
            Decision::Approve => format!("Approve {}? Each publishes it.", plural(ours, "staged version")),
            Decision::Reject => format!("Throw {} away for good?", plural(ours, "staged version")),
        };
        if !args.person.yes && !ui.confirm(&question)? {
            return Err(CliError::new(ErrorKind::Interrupted, "nothing was done").hint("it was not confirmed"));
        }
        reports = carry_out(context, args, (&project, &session), &review, decision, &mut stop).await?;
    }
    tell_json(context, args, &review, &reports);
    let exit = ending(&review, &reports);
    if exit != Exit::Done || args.reject {
        return Ok(exit);
    }
    finish(context, args, &project, &state, &review).await
}

/// The release record of the remote, where there is one.
fn record(context: &Context, project: &Project) -> Option<relay_engine::release::record::ReleaseRecord> {
    let git = project.git()?;
    let name = git.remote_name()?;
    let look = Look { own_refs: project.config.git.remote_lock, lock: false, reads_only: true };
    match RemoteState::read(project, git, name.clone(), look) {
        Ok(remote) => remote.record.map(|(_, record)| record),
        Err(error) => {
            context.ui.warning(format!("what `{name}` tells of the last release can't be read: {error}"));
            None
        }
    }
}

/// Carries the approvals out under the locks of clone and remote.
async fn carry_out(
    context: &Context,
    args: &ApproveArgs,
    (project, session): (&Project, &Session),
    review: &Review,
    decision: Decision,
    stop: &mut StopRequests,
) -> Result<Vec<WriteReport>, CliError> {
    let ui = &context.ui;
    let holder = session_setup::holder("approve");
    let state = session_setup::state_folder(project);
    let terms = AloneTerms {
        state: &state,
        holder: &holder,
        plan: "approve",
        clock: Arc::new(WallClock),
        remote_lock: !args.no_remote_lock,
    };
    let tell = |notice| flow::tell_lock(ui, notice);
    let alone = stop.or(Box::pin(Alone::take(project, &terms, &tell))).await?.map_err(CliError::from)?;
    stop.check()?;
    let limit = project.config.publish.visibility_timeout.0;
    let display = Arc::new(Display::new(ui.clone(), Arc::new(WallClock), limit));
    let mut events = Emitter::new(Arc::new(WallClock));
    if let Some(path) = &args.log_file {
        events.subscribe(Arc::new(LogFile::create(&context.resolve(path))?));
    }
    events.subscribe(Arc::clone(&display) as Arc<dyn Subscriber>);
    let person = TerminalPerson { ui: ui.clone(), browser: !args.person.no_browser };
    let writes = WriteContext { registry: &session.client, person: &person, events: &events, lock: alone.remote() };
    let done = Box::pin(carry_out_review(project, session, review, decision, &writes, stop.messages())).await;
    display.clear();
    let (reports, answered) = done.map_err(|error| approve_error(&ApproveError::Driver(error)))?;
    if let Some(problem) = alone.give_back() {
        ui.warning(format!(
            "the lock on the remote could not be given back, so that other runs wait until it expires: {problem}"
        ));
    }
    ui.status("");
    ui.status(shown::outcome(&reports, answered, decision).trim_end());
    Ok(reports)
}

/// Ends the release as one without staging ends: tags, their push, dist-tags that were to move last. What was never sent is not
/// sent here.
async fn finish(
    context: &Context,
    args: &ApproveArgs,
    project: &Project,
    state: &camino::Utf8Path,
    review: &Review,
) -> Result<Exit, CliError> {
    let ui = &context.ui;
    if !review.missing.is_empty() {
        let names: Vec<String> = review.missing.iter().map(|(name, version)| format!("{name}@{version}")).collect();
        ui.status(format!(
            "Not published and not staged: {}. `relay resume` goes on with the release",
            names.join(", ")
        ));
        return Ok(Exit::Parked);
    }
    if review.known == 0 || Resumed::find(project, state, !args.no_remote_lock).is_none() {
        return Ok(Exit::Done);
    }
    let mut words = vec!["relay", "resume", "--yes"];
    if let Some(registry) = &args.registry.registry {
        words.extend(["--registry", registry]);
    }
    if args.no_remote_lock {
        words.push("--no-remote-lock");
    }
    if args.person.no_browser {
        words.push("--no-browser");
    }
    let parsed = <crate::cli::Cli as clap::Parser>::try_parse_from(words);
    let Ok(crate::cli::Cli { command: Some(crate::cli::Command::Resume(resume)), .. }) = parsed else {
        return Err(CliError::new(ErrorKind::User, "the release could not be finished").hint("run `relay resume`"));
    };
    ui.status("All of it is published: the release is finished");
    Box::pin(super::release::resume(context, &resume)).await
}

fn tell_json(context: &Context, args: &ApproveArgs, review: &Review, reports: &[WriteReport]) {
    if !args.json {
        return;
    }
    let outcomes: Vec<serde_json::Value> = reports
        .iter()
        .map(|report| {
            serde_json::json!({
                "name": report.package,
                "change": report.change,
                "outcome": report.outcome,
            })
        })
        .collect();
    let document = serde_json::json!({
        "schema": "relay.approve/1",
        "staged": review.staged,
        "missing": review.missing.iter().map(|(name, version)| format!("{name}@{version}")).collect::<Vec<_>>(),
        "outcomes": outcomes,
    });
    context.ui.json(&format!("{document:#}"));
}

/// The exit of a review: other bytes under a version of the release are an error, whatever else went well.
fn ending(review: &Review, reports: &[WriteReport]) -> Exit {
    let any = |test: fn(&WriteOutcome) -> bool| reports.iter().any(|report| test(&report.outcome));
    let other_bytes = review.foreign().any(|one| one.whose != relay_engine::approve::Whose::Unknown);
    if any(|outcome| matches!(outcome, WriteOutcome::Parked(Parked::Interrupted { .. }))) {
        Exit::Interrupted
    } else if other_bytes || any(|outcome| matches!(outcome, WriteOutcome::Failed(_))) {
        if any(WriteOutcome::is_done) { Exit::Partial } else { Exit::Failed }
    } else if any(|outcome| !outcome.is_done()) {
        Exit::Parked
    } else {
        Exit::Done
    }
}

fn approve_error(error: &ApproveError) -> CliError {
    let hint = match error {
        ApproveError::NoSession(_) => "log in as a person: `relay auth login`, then run the same command again",
        ApproveError::NotOffered(_) => "what was uploaded there is published already: `relay status`",
        _ => "put it right and run the same command again: it does only what is missing",
    };
    CliError::of(ErrorKind::User, error).hint(hint).code("relay::approve")
}
