//! `relay status`: how the repository stands, on one screen. Reads only.

use std::fmt::Write as _;

use jiff::Timestamp;
use relay_config::RouteKind;
use relay_engine::status::{self, Status, StatusError};

use crate::cli::status::StatusArgs;
use crate::context::Context;
use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::notices;
use crate::session_setup::{self, SessionFlags};
use crate::ui::{columns, human_span, plural};

/// How many lines of one kind are shown: all of it is to fit on a screen.
const ROWS_MAX: usize = 8;

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &StatusArgs) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let project = crate::flow::open(&context.cwd, args.registry.concurrency)?;
    let flags = SessionFlags {
        vault: context.vault.clone(),
        registry: args.registry.registry.clone(),
        offline: args.offline,
        filter: args.selection.filter.clone(),
        reads_only: true,
        with_credentials: args.registry.with_credentials,
        person: ui.is_interactive(),
        here: super::plan::here(context, &project),
        ..SessionFlags::default()
    };
    let session = session_setup::session(&project, &flags)?;
    let state = session_setup::state_folder(&project);
    crate::interrupted::warn(ui, &project, &state)?;
    let looked = crate::flow::patiently(ui, status::look(&project, &session, &state)).await;
    let looked = looked.map_err(|error| match error {
        StatusError::Observe(error) => explain::observe(error),
        StatusError::Git(error) => explain::git(error),
    })?;
    ui.warnings(&looked.warnings);
    let status = &looked.status;
    if let Some(problem) = &status.remote_problem {
        ui.warning(format!("what the remote knows is missing here: {problem}"));
    }
    if args.json {
        let text = serde_json::to_string_pretty(status)
            .map_err(|error| CliError::of(ErrorKind::Internal, &error).context("the status can't be written"))?;
        ui.json(&text);
        return Ok(Exit::Done);
    }
    ui.data(render(status));
    if status.to_publish.is_empty() && status.to_release.is_empty() {
        ui.hint(notices::why_not_published(&project, &looked.bumps));
    }
    Ok(Exit::Done)
}

/// The screen.
fn render(status: &Status) -> String {
    let mut text = String::new();
    if status.offline {
        text.push_str("Neither registry nor remote was asked\n");
    }
    waiting(status, &mut text);
    unfinished(status, &mut text);
    at_work(status, &mut text);
    if status.is_quiet() {
        text.push_str("Nothing waits, and nothing is unfinished\n");
    }
    text
}

/// What the next run would do.
fn waiting(status: &Status, text: &mut String) {
    let rows = status
        .to_publish
        .iter()
        .map(|one| vec![format!("{}@{}", one.name, one.version), one.route.to_string(), one.registry.to_string()]);
    section(text, &format!("Waits to be published: {}", plural(status.to_publish.len(), "version")), rows);
    let rows = status
        .to_release
        .iter()
        .map(|one| vec![one.name.to_string(), format!("{} → {}", one.current, one.next), one.bump.as_str().to_owned()]);
    section(text, &format!("Changed: a release would make {}", plural(status.to_release.len(), "version")), rows);
    if status.to_publish.is_empty() && status.to_release.is_empty() {
        return;
    }
    let humans = &status.humans;
    let staged = status.to_publish.iter().filter(|one| one.route == RouteKind::Staged).count();
    if staged > 0 {
        let _ = writeln!(text, "A person approves what is staged, {}: `relay approve`", plural(staged, "version"));
    }
    match humans.challenges {
        0 if staged > 0 => {}
        0 => text.push_str("Nobody is needed\n"),
        number => {
            let _ = writeln!(
                text,
                "A person is needed: {} in {}",
                plural(number, "challenge"),
                plural(humans.sittings, "sitting")
            );
            rows_of(text, humans.packages.iter().map(|name| vec![name.to_string()]));
        }
    }
}

/// What earlier runs left.
fn unfinished(status: &Status, text: &mut String) {
    let rows = status.parked.iter().map(|one| {
        let what = if one.accepted { "accepted" } else { "sent, its answer was lost," };
        vec![format!("{}@{}", one.name, one.version), format!("{what} {}", at(one.since)), one.registry.to_string()]
    });
    section(text, "Parked: the registry does not show it yet; the next run asks again", rows);
    let rows = status.foreign.iter().map(|one| vec![format!("{}@{}", one.name, one.version), one.registry.to_string()]);
    section(
        text,
        "Somebody else's bytes stand there; `relay publish --accept-published NAME@VERSION` takes them for good",
        rows,
    );
    let rows = status.owed_tags.iter().map(|one| match &one.commit {
        Some(commit) => vec![one.name.clone(), format!("to be made on {}", short(commit))],
        None => vec![one.name.clone(), "to be pushed".to_owned()],
    });
    section(text, "Live and not tagged: the next run makes up for it", rows);
    let rows = status.to_promote.iter().map(|one| {
        let move_of = if one.moved {
            format!("`{}` has moved, `{}` is still to go", one.tag, one.side_tag)
        } else {
            format!("`{}`, has `{}`", one.tag, one.side_tag)
        };
        vec![format!("{}@{}", one.name, one.version), move_of, one.registry.to_string()]
    });
    section(text, "Waits for its dist-tag, which moves when the whole set can be installed: `relay resume`", rows);
    if status.owed_branch {
        text.push_str("A version commit of an earlier run is not pushed yet; the next run makes up for it\n");
    }
    if let Some(run) = &status.unfinished_run {
        let _ = writeln!(
            text,
            "The last run, `relay {}` of {}, left something unfinished; `relay resume` goes on with it",
            run.command,
            at(run.since)
        );
    }
    let rows = status.release_branches.iter().map(|one| {
        let here = if one.is_here { "what is checked out has it" } else { "what is checked out lacks it" };
        vec![one.branch.clone(), short(&one.commit).to_owned(), here.to_owned()]
    });
    section(text, "Waits to be merged", rows);
}

/// Who is at work.
fn at_work(status: &Status, text: &mut String) {
    if let Some(lock) = &status.clone_lock {
        let who = lock.holder.as_ref().map_or_else(|| "another run of relay".to_owned(), ToString::to_string);
        let _ = writeln!(text, "At work in this clone: {who}");
    }
    if let (Some(lock), Some(remote)) = (&status.remote_lock, &status.remote) {
        let who = match &lock.document {
            Some(document) => format!(
                "{}, renewed last {}; it lasts {} without that",
                document.holder,
                at(document.renewed),
                human_span(document.lasts())
            ),
            None => format!("{}, which can't be read", short(&lock.id)),
        };
        let _ = writeln!(text, "Holds the lock on `{remote}`: {who}");
    }
}

fn section(text: &mut String, title: &str, rows: impl ExactSizeIterator<Item = Vec<String>>) {
    if rows.len() > 0 {
        let _ = writeln!(text, "{title}");
        rows_of(text, rows);
    }
}

/// The first rows, and how many more there are.
fn rows_of(text: &mut String, rows: impl ExactSizeIterator<Item = Vec<String>>) {
    let more = rows.len().saturating_sub(ROWS_MAX);
    let rows: Vec<Vec<String>> = rows.take(ROWS_MAX).collect();
    for line in columns(&rows).lines() {
        let _ = writeln!(text, "  {line}");
    }
    if more > 0 {
        let _ = writeln!(text, "  and {more} more; `relay status --json` has all");
    }
}

fn at(time: Timestamp) -> String {
    format!("{} UTC", time.strftime("%Y-%m-%d %H:%M"))
}

fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}
