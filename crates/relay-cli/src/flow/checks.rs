//! What is looked at before a flow acts, and the words for it.

use std::collections::BTreeMap;

use relay_change::BumpPlan;
use relay_engine::agreed_settings::AgreedSettings;
use relay_engine::finish::{Ready, preflight as look_ahead};
use relay_engine::journal::PastUploads;
use relay_engine::observe::{Intent, Observed};
use relay_engine::project::Project;
use relay_engine::session::Session;
use relay_plan::ReleasePlan;

use super::{FlowOptions, SessionMaker};
use crate::error::CliError;
use crate::error::engine as explain;
use crate::preflight;
use crate::saved_digests;
use crate::ui::Ui;

pub(super) fn question(plan: &ReleasePlan) -> String {
    let packages = crate::ui::plural(plan.packages.len(), "package");
    match plan.humans.challenges {
        0 => format!("Publish {packages}?"),
        1 => format!("Publish {packages}? You will be asked for a second factor once."),
        number => format!("Publish {packages}? You will be asked for a second factor up to {number} times."),
    }
}

/// Makes the session again after the scripts of the repository ran, and stops where it isn't what was agreed on.
pub(super) fn session_as_agreed(
    project: &Project,
    make_session: SessionMaker<'_>,
    agreed: &AgreedSettings,
    plan: &ReleasePlan,
) -> Result<Session, CliError> {
    let session = make_session(project)?;
    let differences = agreed.differences(&AgreedSettings::of(project, &session, plan));
    if differences.is_empty() {
        return Ok(session);
    }
    let error =
        CliError::user("the settings of registries changed while scripts of the repository ran; nothing was uploaded");
    Err(differences
        .into_iter()
        .fold(error, CliError::cause)
        .hint("find the script that writes them (prepublishOnly, prepack, prepare) and let it leave them alone, or run it before relay")
        .code("relay::settings_changed"))
}

pub(super) fn commit_message(project: &Project, plan: &ReleasePlan, bumps: &BumpPlan) -> String {
    use std::fmt::Write as _;
    let mut message = project.config.release.commit_message.clone();
    message.push_str("\n\n");
    for planned in &plan.packages {
        let _ = writeln!(message, "- {}@{}", planned.name, planned.next);
    }
    for bump in bumps.bumps.iter().filter(|bump| plan.package(&bump.name).is_none()) {
        let _ = writeln!(message, "- {}@{}", bump.name, bump.next);
    }
    message.truncate(message.trim_end().len());
    message.push('\n');
    message
}

/// Stops where a saved plan does not hold any more. Where a run of it was under way already, its own commit is no drift: what is
/// left to publish must be what the plan says.
pub(super) fn refuse_drift(
    ui: &Ui,
    project: &Project,
    saved: Option<&ReleasePlan>,
    observed: &mut Observed,
    past_uploads: &PastUploads,
) -> Result<(), CliError> {
    let Some(saved) = saved else { return Ok(()) };
    if past_uploads.has_begun(&saved.id) && observed.bumps.bumps.is_empty() {
        let differences = differences_midway(saved, &observed.plan, past_uploads);
        if differences.is_empty() {
            ui.status("Going on with a release by this plan that was begun before");
            return Ok(());
        }
        return Err(drifted(differences));
    }
    if saved_digests::has_any(saved) {
        saved_digests::preview_tarballs(project, observed, saved)?;
    }
    let drift = relay_plan::drift(saved, &observed.plan);
    if drift.is_empty() { Ok(()) } else { Err(drifted(drift.iter().map(ToString::to_string))) }
}

/// How what is left of a release differs from the plan that it began with. Where nothing is left, nothing can.
fn differences_midway(saved: &ReleasePlan, now: &ReleasePlan, past_uploads: &PastUploads) -> Vec<String> {
    let mut differences = Vec::new();
    let (then, head) = (&saved.fingerprint, now.fingerprint.head.as_deref());
    if now.is_empty() {
        return differences;
    }
    if head == then.head.as_deref() {
        let parts = now.fingerprint.parts.iter().filter(|(name, digest)| then.parts.get(*name) != Some(digest));
        differences.extend(parts.map(|(name, _)| format!("{name} has changed since")));
    } else if head.is_none() || head != past_uploads.version_commit(&saved.id) {
        differences
            .push("HEAD is neither the commit of the plan nor the version commit that was made by it".to_owned());
    }
    for package in &now.packages {
        let holds = saved.package(&package.name).is_some_and(|then| {
            (&then.next, &then.registry, &then.tag, then.route.kind)
                == (&package.next, &package.registry, &package.tag, package.route.kind)
        });
        if !holds {
            differences.push(format!(
                "`{}@{}` is to go to {} as `{}` by the route `{}`",
                package.name, package.next, package.registry, package.tag, package.route.kind
            ));
        }
    }
    differences
}

fn drifted(differences: impl IntoIterator<Item = String>) -> CliError {
    let error = CliError::user("what was observed has drifted from the saved plan; nothing was done")
        .code("relay::plan::drift")
        .hint("make a new plan with `relay plan --out FILE` and have it reviewed");
    differences.into_iter().fold(error, CliError::cause)
}

/// Stops where the plan that was confirmed is not the plan any more.
pub(super) fn refuse_change(confirmed: &Observed, now: &Observed) -> Result<(), CliError> {
    // Tarballs may be known of a plan that was saved; they are compared when they are made.
    let known = |plan: &ReleasePlan| plan.clone().with_tarballs(&BTreeMap::new());
    let drift = relay_plan::drift(&known(&confirmed.plan), &known(&now.plan));
    if drift.is_empty() {
        return Ok(());
    }
    let error = CliError::user("the plan has changed while the question was open; nothing was done")
        .code("relay::plan::changed")
        .hint("run the same command again and look at the new plan");
    Err(drift.iter().fold(error, |error, difference| error.cause(difference.to_string())))
}

/// What was observed is old: another run of this clone has come to its end since.
pub(super) fn another_run_was_faster() -> CliError {
    CliError::user("another run of relay was at work in this clone meanwhile; nothing was done")
        .hint("run the same command again: it goes on from what is there now")
        .code("relay::run::meanwhile")
}

/// All that the end of the run needs in git is looked at: better known now than when all is published.
pub(super) fn check_finish(
    ui: &Ui,
    project: &Project,
    observed: &Observed,
    options: &FlowOptions,
) -> Result<Ready, CliError> {
    let (plan, bumps) = (&observed.plan, &observed.bumps);
    let ready = look_ahead(project, plan, bumps, options.finish, !options.dry_run).map_err(explain::finish)?;
    for (tag, commit) in &ready.not_compared {
        ui.warning(format!(
            "the remote has the tag `{tag}` on commit {commit}, which this clone lacks, so that its files can't be compared in \
             a dry run; fetch it with `git fetch --tags`"
        ));
    }
    Ok(ready)
}

/// A release commits, so the tree must be clean and on a branch that may be released from.
pub(super) fn check_tree(project: &Project, options: &FlowOptions) -> Result<(), CliError> {
    let intent = options.intent;
    let Some(repository) = &project.repository else {
        return match intent {
            Intent::Release => Err(CliError::user("this is no git repository, so a release can't be committed")
                .hint("run `git init` and commit, or publish the versions as they are with `relay publish`")
                .code("relay::git::no_repository")),
            Intent::Publish => Ok(()),
        };
    };
    if intent == Intent::Release {
        let mut dirty = repository.uncommitted().map_err(explain::git)?;
        // The plan that is carried out may lie in the tree it was made from.
        let plan = options
            .saved_path
            .as_ref()
            .and_then(|path| path.canonicalize_utf8().ok())
            .and_then(|path| repository.relative(&path));
        dirty.retain(|path| Some(path) != plan.as_ref());
        if !dirty.is_empty() {
            let mut error = CliError::user(format!(
                "the working tree has {}",
                crate::ui::plural(dirty.len(), "uncommitted change")
            ))
            .hint("commit or stash them, then run relay again")
            .code("relay::git::dirty");
            for path in dirty.iter().take(5) {
                error = error.cause(path.clone());
            }
            return Err(error);
        }
    }
    // A rehearsal is what one does before the branch is merged.
    preflight::check_branch(project, intent == Intent::Release, options.command == "rehearse")
}

pub(super) fn declared_variables(project: &Project) -> Vec<String> {
    project.config.credential.iter().filter_map(|credential| credential.env.clone()).collect()
}

/// What can be done where the new versions are written and their tarballs can't be sent.
pub(super) fn way_on(commit: Option<&str>) -> String {
    match commit {
        Some(commit) => format!(
            "the new versions are committed ({}) and not published: put it right, commit, and run the same command again; or \
             take the commit back with `git reset --keep HEAD~1`",
            commit.get(..10).unwrap_or(commit)
        ),
        None => {
            "the new versions are written and not published: put it right and run the same command again".to_owned()
        }
    }
}
