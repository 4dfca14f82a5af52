//! `relay version`: writes versions, ranges, changelogs and the lockfile, and commits them.

use std::sync::Arc;

use camino::Utf8PathBuf;
use relay_change::BumpPlan;
use relay_engine::event::{Emitter, Event, Fact, Subscriber};
use relay_engine::finish::FinishOptions;
use relay_engine::observe::Intent;
use relay_engine::release::{Entered, Observed, ReleaseError, Request};
use relay_engine::run_options::RunOptions;
use relay_plan::Finding;
use serde_json::json;

use crate::cli::version::VersionArgs;
use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::interrupted;
use crate::notices;
use crate::session_setup::{self, SessionFlags};
use crate::ui::{Ui, columns, plural};
use crate::wall_clock::WallClock;

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &VersionArgs) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let project = crate::flow::open(&context.cwd, None)?;
    crate::deepen::unshallow(ui, &project, &args.history)?;
    let request = request(args, session_setup::state_folder(&project));
    drop(project);
    let read_project = || crate::flow::read(&context.cwd, None);
    let entered = Entered::enter(request, &read_project).await?;
    interrupted::tell(ui, entered.interrupted());
    if let Some(journal) = entered.illegal_journal() {
        ui.warning(journal.to_string());
    }
    let flags = SessionFlags {
        vault: context.vault.clone(),
        offline: true,
        filter: args.selection.filter.clone(),
        here: super::plan::here(context, entered.project()),
        allow_cycles: args.allow_cycles,
        graduate: args.version.graduate.clone(),
        ..SessionFlags::default()
    };
    let session = session_setup::session(entered.project(), &flags)?;
    let observed = entered.observe(session).await?;
    tell_observed(context, args, &observed);
    let bumps = observed.bumps();
    if bumps.is_empty() {
        return Ok(Exit::Done);
    }
    let question = match bumps.bumps.len() {
        0 => "Write that?".to_owned(),
        number => format!("Write {}?", plural(number, "new version")),
    };
    let agreed = observed.agree_on_versions(!args.no_commit).map_err(|error| {
        let uncommitted = matches!(
            error,
            ReleaseError::Dirty { .. }
                | ReleaseError::Detached
                | ReleaseError::OtherBranch { .. }
                | ReleaseError::Git(_)
        );
        let error = CliError::from(error);
        if uncommitted { error.hint("or write without committing: `relay version --no-commit`") } else { error }
    })?;
    if args.dry_run {
        return Ok(Exit::Done);
    }
    if !args.yes && !ui.confirm(&question)? {
        return Err(CliError::new(ErrorKind::Interrupted, "nothing was written"));
    }
    let held = agreed.hold(!args.yes).await?;
    let step = held.write(&events(ui))?;
    ui.warnings(&step.notes);
    if let Some(commit) = step.commit {
        ui.status(format!("Committed {}", commit.get(..10).unwrap_or(&commit)));
    }
    Ok(Exit::Done)
}

/// The first steps of a release, without anything that leaves the machine.
fn request(args: &VersionArgs, state: Utf8PathBuf) -> Request {
    Request {
        intent: Intent::Release,
        command: "version",
        rehearsal: false,
        dry_run: args.dry_run,
        unasked: args.yes,
        saved: None,
        saved_path: None,
        ignore_scripts: true,
        finish: FinishOptions { tags: false, push: false, branch: false },
        state,
        holder: session_setup::holder("version"),
        clock: Arc::new(WallClock),
        remote_refs: false,
        options: RunOptions::default(),
        accepted: Vec::new(),
    }
}

/// No run of uploads begins, so that the journal hears nothing of it.
fn events(ui: &Ui) -> Emitter {
    let mut events = Emitter::new(Arc::new(WallClock));
    events.subscribe(Arc::new(Written(ui.clone())));
    events
}

/// Tells what was written.
struct Written(Ui);

impl Subscriber for Written {
    fn event(&self, event: &Event) -> Result<(), String> {
        if let Fact::VersionsWritten { packages, files } = event.fact {
            self.0.status(format!("Wrote {} in {}", plural(packages, "version"), plural(files, "file")));
        }
        Ok(())
    }
}

fn tell_observed(context: &Context, args: &VersionArgs, observed: &Observed<'_>) {
    let ui = &context.ui;
    let observation = observed.observation();
    ui.warnings(&observation.warnings);
    for note in &observation.notes {
        ui.hint(note);
    }
    let bumps = observed.bumps();
    for group in relay_plan::groups_of(&observation.change_findings) {
        let help = group.finding.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        ui.warning(format!("{}{help}", group.about()));
    }
    if args.json {
        ui.json(&document(bumps, &observation.change_findings));
    } else if bumps.bumps.is_empty() {
        ui.status(format!("Nothing to version: {}", notices::why_nothing(observed.project())));
        if !bumps.consumed.is_empty() {
            ui.status(format!("To be taken away: {}", plural(bumps.consumed.len(), "change file")));
        }
        if bumps.ends_prerelease_mode {
            ui.status("The prerelease mode of changesets ends: `.changeset/pre.json` is taken away");
        }
    } else {
        ui.status(table(bumps).trim_end());
    }
}

fn table(bumps: &BumpPlan) -> String {
    let rows: Vec<Vec<String>> = bumps
        .bumps
        .iter()
        .map(|bump| {
            vec![bump.name.to_string(), format!("{} → {}", bump.current, bump.next), bump.bump.as_str().to_owned()]
        })
        .collect();
    columns(&rows)
}

fn document(bumps: &BumpPlan, findings: &[Finding]) -> String {
    let packages: Vec<_> = bumps
        .bumps
        .iter()
        .map(|bump| {
            json!({ "name": bump.name, "current": bump.current, "next": bump.next, "bump": bump.bump, "reasons": bump.causes })
        })
        .collect();
    let document = json!({ "schema": "relay.versions/1", "packages": packages, "findings": findings });
    serde_json::to_string_pretty(&document).unwrap_or_default()
}
