//! `relay version`: writes versions, ranges, changelogs and the lockfile, and commits them.

use camino::Utf8PathBuf;
use relay_change::BumpPlan;
use relay_engine::learnt::Learnt;
use relay_engine::observe::{Intent, RecordedVersions, observe};
use relay_engine::release::{
    ReleaseError, check_branch, check_clean, check_commit, check_manifests, finish_interrupted_step, interrupted_step,
};
use relay_engine::state_folder::RunLock;
use relay_engine::versioning::{commit_versions, write_versions};
use relay_plan::Finding;
use serde_json::json;

use crate::cli::version::VersionArgs;
use crate::context::Context;
use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::interrupted;
use crate::notices;
use crate::session_setup::{self, SessionFlags};
use crate::ui::{columns, plural};

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &VersionArgs) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let mut project = crate::flow::open(&context.cwd, None)?;
    if crate::deepen::unshallow(ui, &project, &args.history)? {
        project = crate::flow::open(&context.cwd, None)?;
    }
    let state = session_setup::state_folder(&project);
    let take_lock = || RunLock::take(&state, &session_setup::holder("version")).map_err(explain::state_folder);
    let mut lock = None;
    if args.dry_run {
        interrupted::warn(ui, &project, &state)?;
    } else {
        RunLock::refuse_if_busy(&state).map_err(explain::state_folder)?;
        if interrupted_step(&project, &state).map_err(explain::write_set)?.is_some() {
            lock = Some(take_lock()?);
            interrupted::tell(ui, finish_interrupted_step(&project, &state)?.as_ref());
            project = crate::flow::open(&context.cwd, None)?;
        }
    }
    let flags = SessionFlags {
        vault: context.vault.clone(),
        offline: true,
        filter: args.selection.filter.clone(),
        here: super::plan::here(context, &project),
        allow_cycles: args.allow_cycles,
        graduate: args.version.graduate.clone(),
        ..SessionFlags::default()
    };
    let session = session_setup::session(&project, &flags)?;
    let observed = observe(&project, &session, &Learnt::default(), &RecordedVersions::default(), Intent::Release)
        .await
        .map_err(explain::observe)?;
    ui.warnings(&observed.warnings);
    for note in &observed.notes {
        ui.hint(note);
    }
    let bumps = &observed.bumps;
    for group in relay_plan::groups_of(&observed.change_findings) {
        let help = group.finding.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        ui.warning(format!("{}{help}", group.about()));
    }
    if args.json {
        ui.json(&document(bumps, &observed.change_findings));
    } else if bumps.bumps.is_empty() {
        ui.status(format!("Nothing to version: {}", notices::why_nothing(&project)));
        if !bumps.consumed.is_empty() {
            ui.status(format!("To be taken away: {}", plural(bumps.consumed.len(), "change file")));
        }
        if bumps.ends_prerelease_mode {
            ui.status("The prerelease mode of changesets ends: `.changeset/pre.json` is taken away");
        }
    } else {
        ui.status(table(bumps).trim_end());
    }
    if bumps.is_empty() {
        return Ok(Exit::Done);
    }
    // What is not committed may be written anywhere: a pull request of the next versions has a branch of its own.
    let or_without =
        |error: ReleaseError| CliError::from(error).hint("or write without committing: `relay version --no-commit`");
    if !args.no_commit {
        check_branch(&project, true, false).map_err(or_without)?;
    }
    if args.dry_run {
        return Ok(Exit::Done);
    }
    if !args.no_commit {
        check_clean(&project, None).map_err(or_without)?;
    }
    check_manifests(&project, bumps.bumps.iter().map(|bump| &bump.name))?;
    if !args.no_commit {
        check_commit(&project)?;
    }
    let question = match bumps.bumps.len() {
        0 => "Write that?".to_owned(),
        number => format!("Write {}?", plural(number, "new version")),
    };
    if !args.yes && !ui.confirm(&question)? {
        return Err(CliError::new(ErrorKind::Interrupted, "nothing was written"));
    }
    if lock.is_none() {
        lock = Some(take_lock()?);
    }
    let commits = project.repository.is_some() && !args.no_commit;
    let message = commits.then(|| project.config.release.commit_message.clone());
    let written = write_versions(&project, bumps, &state, message.clone()).map_err(explain::version)?;
    for note in &written.notes {
        ui.warning(note);
    }
    ui.status(format!("Wrote {} in {}", plural(written.packages, "version"), plural(written.files.len(), "file")));
    let files = written.files.iter().map(Utf8PathBuf::as_path);
    let commit = commit_versions(&project, &state, files, message.as_deref()).map_err(explain::commit_versions)?;
    if let Some(commit) = commit {
        ui.status(format!("Committed {}", commit.get(..10).unwrap_or(&commit)));
    }
    drop(lock);
    Ok(Exit::Done)
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
