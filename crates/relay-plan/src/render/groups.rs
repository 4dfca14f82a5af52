//! What is said once for several packages, so that forty packages with one reason are one paragraph.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use relay_config::RouteKind;
use relay_workspace::PackageName;

use super::printable::{counted, one_line};
use crate::finding::Finding;
use crate::observation::SkipReason;
use crate::release_plan::{PlannedRoute, ReleasePlan};

/// How many names stand in a list; of more the first are shown and the rest is counted.
const NAMES_SHOWN_MAX: usize = 12;

/// Packages whose routes say the same.
pub(super) struct RouteGroup<'a> {
    pub(super) route: &'a PlannedRoute,
    pub(super) names: Vec<&'a PackageName>,
}

/// Findings that say the same of several packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingGroup<'a> {
    /// The first of them.
    pub finding: &'a Finding,
    /// The packages that they are about; none: the whole release.
    pub packages: Vec<PackageName>,
}

impl FindingGroup<'_> {
    /// `error` or `warning`.
    pub fn label(&self) -> &'static str {
        self.finding.severity.as_str()
    }

    /// The packages and what is said of them, on one line.
    pub fn about(&self) -> String {
        let text = one_line(&self.finding.text);
        if self.packages.is_empty() { text } else { format!("{}: {text}", listed(&self.packages)) }
    }
}

/// The routes of a plan, in the order of the first package of each. Blocked ones are left out: they are findings.
pub(super) fn routes(plan: &ReleasePlan) -> Vec<RouteGroup<'_>> {
    let mut groups: Vec<RouteGroup<'_>> = Vec::new();
    let mut known = BTreeMap::new();
    for package in plan.packages.iter().filter(|package| package.route.kind != RouteKind::Blocked) {
        let route = &package.route;
        let index = *known.entry((route.kind, &route.reason, &route.fix)).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.names.push(&package.name),
            None => groups.push(RouteGroup { route, names: vec![&package.name] }),
        }
    }
    groups
}

/// The findings of a plan in its order, those that say the same together.
pub fn grouped(plan: &ReleasePlan) -> Vec<FindingGroup<'_>> {
    groups_of(&plan.findings)
}

/// Findings in their order, those that say the same together.
pub fn groups_of(findings: &[Finding]) -> Vec<FindingGroup<'_>> {
    let mut groups: Vec<FindingGroup<'_>> = Vec::new();
    let mut known = BTreeMap::new();
    for finding in findings {
        let about_all = finding.package.is_none();
        let index = *known.entry((finding.severity, &finding.text, &finding.help, about_all)).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.packages.extend(finding.package.clone()),
            None => groups.push(FindingGroup { finding, packages: finding.package.iter().cloned().collect() }),
        }
    }
    groups
}

/// The skipped packages by reason.
pub(super) fn skipped(plan: &ReleasePlan) -> BTreeMap<SkipReason, Vec<&PackageName>> {
    let mut groups: BTreeMap<SkipReason, Vec<&PackageName>> = BTreeMap::new();
    for skipped in &plan.skipped {
        groups.entry(skipped.reason).or_default().push(&skipped.name);
    }
    groups
}

/// The packages that need a person, by sitting.
pub(super) fn sittings(plan: &ReleasePlan) -> BTreeMap<usize, Vec<&PackageName>> {
    let mut groups: BTreeMap<usize, Vec<&PackageName>> = BTreeMap::new();
    for package in &plan.packages {
        if let Some(sitting) = package.sitting {
            groups.entry(sitting).or_default().push(&package.name);
        }
    }
    groups
}

/// The first line of a plan.
pub(super) fn headline(plan: &ReleasePlan) -> String {
    let packages = plan.packages.len();
    match (packages, plan.waves.len()) {
        (0, _) if plan.versioned.is_empty() => "Nothing to release".to_owned(),
        (0, _) => "Nothing to publish".to_owned(),
        (_, waves) => format!("{} to release in {}", counted(packages, "package"), counted(waves, "wave")),
    }
}

/// What stands above the packages that get a version alone; `None`: there are none.
pub(super) fn versioned_headline(plan: &ReleasePlan) -> Option<String> {
    match plan.versioned.len() {
        0 => None,
        1 => Some("1 package gets a version and is not published".to_owned()),
        number => Some(format!("{number} packages get a version and are not published")),
    }
}

/// Who is needed, as one sentence.
pub(super) fn people(plan: &ReleasePlan) -> String {
    let humans = &plan.humans;
    let blocked = plan.packages.iter().filter(|package| package.route.kind == RouteKind::Blocked).count();
    let needed = humans.packages.len();
    let others = plan.packages.len().saturating_sub(needed).saturating_sub(blocked);
    if others == 0 && needed == 0 && blocked > 0 {
        return match blocked {
            1 => "The package is blocked: nothing can be published as things are.".to_owned(),
            blocked => format!("All {blocked} packages are blocked: nothing can be published as things are."),
        };
    }
    let staged = plan.packages.iter().filter(|package| package.route.kind == RouteKind::Staged).count();
    let mut sentence = if needed == 0 && staged > 0 {
        "Nobody is needed for the uploads".to_owned()
    } else if needed == 0 {
        "Nobody is needed".to_owned()
    } else {
        let challenges = match humans.challenges {
            1 => "one challenge".to_owned(),
            number => format!("up to {number} challenges"),
        };
        format!(
            "A person is needed for {}, in {}, to answer {challenges}",
            counted(needed, "package"),
            counted(humans.sittings, "sitting"),
        )
    };
    match (needed, others) {
        (0, _) | (_, 0) => {}
        (_, 1) => sentence.push_str("; 1 package needs nobody"),
        // Writing to a `String` can't fail, here and below.
        (_, others) => drop(write!(sentence, "; {others} packages need nobody")),
    }
    if staged > 0 {
        // One approval each, and one challenge each at most (`npm-registry.md`, 7.2).
        let _ =
            write!(sentence, "; a person approves {} afterwards: `relay approve`", counted(staged, "staged version"));
    }
    match blocked {
        0 => {}
        1 => sentence.push_str("; 1 package is blocked"),
        blocked => drop(write!(sentence, "; {blocked} packages are blocked")),
    }
    sentence.push('.');
    sentence
}

/// Names for a terminal.
pub(super) fn listed<N: Borrow<PackageName>>(names: &[N]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_SHOWN_MAX).map(|name| name.borrow().as_str()).collect();
    match names.len().checked_sub(NAMES_SHOWN_MAX) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}
