//! What can be known to go wrong before the first byte is sent, without asking anybody again.
//!
//! All complaints come at once. What nobody could find out (offline, a package that was not looked up) is no complaint.
//!
//! - `naming`: names, access and visibility of new packages
//! - `versions`: versions and dist-tags
//! - `dependencies`: what a package needs at runtime and whether it will be there
//! - `siblings`: which versions of the workspace's own packages it needs, and which there are

use std::collections::BTreeMap;

use relay_config::RouteKind;
use relay_workspace::PackageName;

use crate::evidence;
use crate::finding::Finding;
use crate::observation::{NewInstallScript, Observations, PackageObservation, PublishedState};
use crate::route::{Route, RouteWarning};

mod dependencies;
mod naming;
mod siblings;
mod versions;

use dependencies::WorkspaceMembers;

/// The findings about packages, in the order of `packages`; then those about what is left out.
pub(crate) fn preflight(
    observations: &Observations<'_>,
    packages: &[&PackageObservation],
    routes: &BTreeMap<&PackageName, Route>,
) -> Vec<Finding> {
    let members = WorkspaceMembers::of(observations);
    let mut findings = Vec::new();
    for package in packages {
        findings.extend(routes.get(&package.name).and_then(|route| blocked(package, route)));
        findings.extend(routes.get(&package.name).and_then(|route| evidence::check(package, route)));
        findings.extend(naming::check(package));
        findings.extend(versions::check(package));
        findings.extend(members.check(package));
        findings.extend(scripts_that_publish(package));
        findings.extend(new_install_script(package));
        let remark = |remark: &RouteWarning| Finding::warning(&package.name, remark.text.clone(), remark.help.clone());
        findings.extend(package.remarks.iter().map(remark));
        findings.extend(package.packing.iter().cloned());
        if observations.graph.packages().len() > 1 {
            findings.extend(root_for_the_first_time(package));
        }
    }
    for skipped in &observations.skipped {
        findings.extend(members.check_skipped(skipped));
    }
    findings
}

fn blocked(package: &PackageObservation, route: &Route) -> Option<Finding> {
    (route.kind == RouteKind::Blocked)
        .then(|| Finding::error(&package.name, route.reason.clone(), route.fix.clone().unwrap_or_default()))
}

/// A script called `publish` is often meant to publish the package; but it runs after each upload, as with npm.
fn scripts_that_publish(package: &PackageObservation) -> Option<Finding> {
    let events: Vec<String> = package.scripts_that_publish.iter().map(|event| format!("`{event}`")).collect();
    let scripts = match events.as_slice() {
        [] => return None,
        [one] => format!("its {one} script runs after the upload, as with npm, and publishes"),
        several => format!("its {} scripts run after the upload, as with npm, and publish", several.join(" and ")),
    };
    Some(Finding::warning(
        &package.name,
        format!("{scripts} something itself: without credentials that fails"),
        "give the script another name, or leave scripts out with `--ignore-scripts`",
    ))
}

/// What the gate would say, told before anything is written.
fn new_install_script(package: &PackageObservation) -> Option<Finding> {
    let NewInstallScript { events, before, forbidden } = package.new_install_script.as_ref()?;
    let events: Vec<String> = events.iter().map(|event| format!("`{event}`")).collect();
    let scripts = match events.as_slice() {
        [one] => format!("its {one} script runs"),
        several => format!("its {} scripts run", several.join(" and ")),
    };
    let text = format!("{scripts} wherever it is installed, and {before} runs none");
    let help = format!(
        "take the script out; or, if it is meant, let `new-install-script` pass for `{}` under `[[gate.allow]]` in relay.toml",
        package.name
    );
    Some(if *forbidden {
        Finding::error(&package.name, text, help)
    } else {
        Finding::warning(&package.name, text, help)
    })
}

/// The root of a workspace is seldom meant to be published, and `private` is easily forgotten there.
fn root_for_the_first_time(package: &PackageObservation) -> Option<Finding> {
    (package.path.is_empty() && package.published == PublishedState::Absent).then(|| {
        Finding::warning(
            &package.name,
            "it is the root of the workspace and would be published for the first time",
            "write `\"private\": true` into its package.json if it is not meant to be published",
        )
    })
}
