//! A saved plan: what must still hold of it, before anything is written and again when the tarballs are made (invariants I2,
//! I15).

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_pack::Tarball;
use relay_plan::ReleasePlan;
use relay_workspace::PackageName;

use super::ReleaseError;
use crate::journal::PastUploads;
use crate::observe::Observed;
use crate::project::Project;
use crate::tarball_preview::known_tarballs;

/// Says whether a plan promises the bytes of any package.
pub fn promises_bytes(plan: &ReleasePlan) -> bool {
    plan.packages.iter().any(|package| package.tarball.is_some())
}

/// Stops where a saved plan does not hold any more. Where a run of it was under way already, its own commit is no drift: what
/// is left to publish must be what the plan says. Tells whether that is so.
pub(super) fn refuse_drift(
    project: &Project,
    saved: &ReleasePlan,
    observed: &mut Observed,
    past_uploads: &PastUploads,
) -> Result<bool, ReleaseError> {
    if past_uploads.has_begun(&saved.id) && observed.bumps.bumps.is_empty() {
        let differences = differences_midway(saved, &observed.plan, past_uploads);
        return if differences.is_empty() { Ok(true) } else { Err(ReleaseError::Drifted(differences)) };
    }
    if promises_bytes(saved) {
        preview_tarballs(project, observed, saved)?;
    }
    let drift = relay_plan::drift(saved, &observed.plan);
    if drift.is_empty() {
        Ok(false)
    } else {
        Err(ReleaseError::Drifted(drift.iter().map(ToString::to_string).collect()))
    }
}

/// Packs in memory what the saved plan has tarballs of, so that its drift shows before a file is written.
///
/// Scripts are left out: of a package that has some, only the tarball that is made after them can tell.
fn preview_tarballs(project: &Project, observed: &mut Observed, saved: &ReleasePlan) -> Result<(), ReleaseError> {
    let mut known = known_tarballs(project, &observed.plan, &observed.bumps, false, &BTreeMap::new())?.facts;
    known.retain(|name, _| saved.package(name).is_some_and(|package| package.tarball.is_some()));
    observed.plan = observed.plan.clone().with_tarballs(&known);
    Ok(())
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

/// Stops where the plan that was confirmed is not the plan any more.
pub(super) fn refuse_change(confirmed: &ReleasePlan, now: &ReleasePlan) -> Result<(), ReleaseError> {
    // Tarballs may be known of a plan that was saved; they are compared when they are made.
    let known = |plan: &ReleasePlan| plan.clone().with_tarballs(&BTreeMap::new());
    let drift = relay_plan::drift(&known(confirmed), &known(now));
    if drift.is_empty() {
        return Ok(());
    }
    Err(ReleaseError::Changed(drift.iter().map(ToString::to_string).collect()))
}

/// Stops where a tarball that is made has other bytes than the saved plan says.
pub(super) fn refuse_other_tarballs(
    saved: &ReleasePlan,
    tarballs: &BTreeMap<PackageName, Arc<Tarball>>,
) -> Result<(), ReleaseError> {
    let mut differing = Vec::new();
    for package in &saved.packages {
        if let (Some(promised), Some(made)) = (&package.tarball, tarballs.get(&package.name))
            && promised.integrity != made.integrity
        {
            let (then, now) = (&promised.integrity, &made.integrity);
            differing.push(format!("`{}` has the tarball {now}, and the plan says {then}", package.name));
        }
    }
    if differing.is_empty() { Ok(()) } else { Err(ReleaseError::OtherTarballs(differing)) }
}
