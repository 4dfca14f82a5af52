//! The bytes that a saved plan promises: compared before anything is written, as far as they can be told then, and again
//! when the tarballs are made, before the first upload (invariant I2).

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_engine::observe::Observed;
use relay_engine::project::Project;
use relay_engine::tarball_preview::known_tarballs;
use relay_pack::Tarball;
use relay_plan::ReleasePlan;
use relay_workspace::PackageName;

use crate::error::CliError;
use crate::error::engine as explain;

/// Says whether the plan promises the bytes of any package.
pub(crate) fn has_any(saved: &ReleasePlan) -> bool {
    saved.packages.iter().any(|package| package.tarball.is_some())
}

/// Packs in memory what the saved plan has tarballs of, so that its drift shows before a file is written.
///
/// Scripts are left out: of a package that has some, only the tarball that is made after them can tell.
pub(crate) fn preview_tarballs(
    project: &Project,
    observed: &mut Observed,
    saved: &ReleasePlan,
) -> Result<(), CliError> {
    let mut known =
        known_tarballs(project, &observed.plan, &observed.bumps, false).map_err(explain::preview_tarballs)?.facts;
    known.retain(|name, _| saved.package(name).is_some_and(|package| package.tarball.is_some()));
    observed.plan = observed.plan.clone().with_tarballs(&known);
    Ok(())
}

/// Stops where a tarball that is made has other bytes than the saved plan says.
pub(crate) fn refuse_others(
    saved: &ReleasePlan,
    tarballs: &BTreeMap<PackageName, Arc<Tarball>>,
) -> Result<(), CliError> {
    let mut differing = Vec::new();
    for package in &saved.packages {
        if let (Some(promised), Some(made)) = (&package.tarball, tarballs.get(&package.name))
            && promised.integrity != made.integrity
        {
            let (then, now) = (&promised.integrity, &made.integrity);
            differing.push(format!("`{}` has the tarball {now}, and the plan says {then}", package.name));
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    let mut error = CliError::user("the tarballs are not those of the saved plan; nothing was sent")
        .code("relay::plan::drift")
        .hint("look for a script that writes into these packages, or build output that differs from that of the plan")
        .hint("build first, then make a new plan with `relay plan --out FILE` and have it reviewed");
    for difference in differing {
        error = error.cause(difference);
    }
    Err(error)
}
