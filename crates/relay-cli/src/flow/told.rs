//! What a person is told between the steps of a release.

use relay_engine::freeze::FreezeError;
use relay_engine::release::{
    Agreed, Course, ForeignVersion, LockNotice, Observed, PushedTo, ReleaseError, WaitingBranch,
};
use relay_engine::state_folder::Holder;
use relay_plan::{ReleasePlan, Severity};

use crate::ci_output;
use crate::display::Display;
use crate::gate_findings::{self, Infos};
use crate::notices;
use crate::ui::{Ui, human_span, plural};

/// Shows what was observed: warnings first, then the plan.
pub(super) fn tell_observed(ui: &Ui, observed: &Observed<'_>, ignore_scripts: bool) {
    ui.warnings(&observed.observation().warnings);
    for note in &observed.observation().notes {
        ui.hint(note);
    }
    if observed.goes_on() {
        ui.status("Going on with a release by this plan that was begun before");
    }
    show_plan(ui, observed.plan());
    if !observed.plan().is_empty() {
        notices::tell_build(ui, observed.project(), ignore_scripts);
    }
    tell_foreign(ui, observed);
    // What would be made twice is an error, which says more.
    let told = |waiting: &&WaitingBranch| waiting.is_here || observed.bumps().is_empty();
    for WaitingBranch { branch, is_here, .. } in observed.waiting_branches().iter().filter(told) {
        ui.warning(if *is_here {
            format!("the release on `{branch}` waits to be merged")
        } else {
            format!(
                "the release on `{branch}` waits to be merged, and what is checked out here lacks it: `git switch {branch}` \
                 and `relay resume` go on with it"
            )
        });
    }
    if let Some(problem) = observed.unseen().filter(|_| observed.course() == Course::Owed) {
        ui.warning(format!("what earlier runs left undone on the remote can't be told: {problem}"));
    }
    ci_output::annotate_findings(observed.plan(), Severity::Warning, ui);
    if observed.course() == Course::VersionsOnly {
        let bumps = observed.bumps();
        let versions = bumps.bumps.iter().map(|bump| format!("`{}` {} → {}", bump.name, bump.current, bump.next));
        let versions: Vec<String> = versions.collect();
        ui.status(match versions.as_slice() {
            [] if bumps.consumed.is_empty() => "Nothing to publish; the prerelease mode of changesets ends".to_owned(),
            [] => format!("Nothing to publish; {} used up", plural(bumps.consumed.len(), "change file")),
            _ => format!("Nothing to publish; these get versions: {}", versions.join(", ")),
        });
    }
}

/// Tells of versions under which somebody else's bytes stand.
fn tell_foreign(ui: &Ui, observed: &Observed<'_>) {
    for ForeignVersion { live, there, ours } in observed.foreign() {
        ui.warning(format!(
            "`{0}@{1}` is on {2} with other bytes than relay made for it (there {there}, made here {ours}): somebody else \
             published it. It stays failed, and what depends on it is held. Look at what is there (`npm diff --diff={0}@{1} \
             --registry={2}`); to take it for good, add `--accept-published {0}@{1}`; else give the package the next version",
            live.name, live.version, live.registry
        ));
    }
    for ForeignVersion { live, .. } in observed.accepted() {
        ui.status(format!("Taken for good: `{}@{}` as it is on {}", live.name, live.version, live.registry));
    }
}

/// Tells what is odd about the repository and stops nothing.
pub(super) fn tell_agreed(ui: &Ui, agreed: &Agreed<'_>) {
    notices::tell_promotions(ui, agreed.promotions());
    if agreed.course() == Course::Owed {
        return;
    }
    notices::warn_of_changes(ui, agreed.uncommitted());
    if agreed.has_no_remote() {
        notices::warn_of_no_remote(ui);
    }
    match agreed.pre_push_hook() {
        Some(true) => {
            ui.status("git's pre-push hook of this clone runs with each push (`hooks` under `[git]` in relay.toml)");
        }
        Some(false) => ui.status("git's pre-push hook of this clone is left out (`hooks = false` under `[git]`)"),
        None => {}
    }
    for (tag, commit) in &agreed.ready().not_compared {
        ui.warning(format!(
            "the remote has the tag `{tag}` on commit {commit}, which this clone lacks, so that its files can't be compared in \
             a dry run; fetch it with `git fetch --tags`"
        ));
    }
}

/// Tells who else holds the lock of the remote.
pub(crate) fn tell_lock(ui: &Ui, notice: LockNotice) {
    let who = |holder: Option<Holder>| holder.map_or_else(|| "another run of relay".to_owned(), |one| one.to_string());
    match notice {
        LockNotice::Watching { holder, at_most } => ui.status(format!(
            "The lock on the remote is held by {}; watching for up to {} whether it is still at work ...",
            who(holder),
            human_span(at_most)
        )),
        LockNotice::TakenOver { holder } => {
            ui.status(format!("Took over the lock on the remote from {}, which is gone", who(holder)));
        }
    }
}

/// Tells where the commit waits that could not get onto its branch.
pub(super) fn tell_pushed(ui: &Ui, display: &Display, at: &PushedTo, plan: &ReleasePlan) {
    if let Some(branch) = at.branch.as_ref().filter(|_| at.waits) {
        display.clear();
        ui.warning(format!(
            "the branch is protected, so the release commit waits on `{branch}`: merge it, for example by `gh pr create --head \
             {branch} --title \"Release {}\" --body \"\"`; tags stand on that commit",
            plural(plan.packages.len(), "package")
        ));
    }
}

/// Tells what the gate found beside what it stops.
pub(super) fn tell_gate_in_passing(ui: &Ui, error: &ReleaseError) {
    if let ReleaseError::Freeze(FreezeError::Gate(found)) = error {
        gate_findings::tell(ui, found, None, Infos::WithVerbose);
    }
}

/// Prints the plan as a person reads it.
fn show_plan(ui: &Ui, plan: &ReleasePlan) {
    let style = relay_plan::TextStyle {
        width: ui.settings().width.min(120),
        colour: ui.settings().message_colour,
        cuts: ui.settings().message_terminal,
    };
    ui.status(relay_plan::render_text(plan, style).trim_end());
    ui.status("");
}
