//! The preflight, as far as it needs no network: what would go wrong, told before anything is done.

use std::collections::{BTreeMap, BTreeSet};

use relay_change::Bump;
use relay_config::{Access, CredentialKind, RegistryRules, RouteKind};
use relay_workspace::{PackageName, Range};

use crate::observation::{Observations, PackageObservation, PublishedState};
use crate::plan::{Finding, PlannedPackage, Severity};

/// How many days before its end a credential is warned about.
const EXPIRY_WARNING_DAYS: i64 = 14;

/// How a finding about a blocked route begins.
pub(crate) const BLOCKED_FINDING: &str = "it can't be published: ";

/// All complaints at once, errors first.
pub(crate) fn findings(observations: &Observations<'_>, packages: &[PlannedPackage]) -> Vec<Finding> {
    let observed: BTreeMap<&PackageName, &PackageObservation> =
        observations.packages.iter().map(|package| (&package.name, package)).collect();
    let mut found = Vec::new();
    for package in packages {
        let Some(observation) = observed.get(&package.name) else { continue };
        route_findings(package, &mut found);
        name_and_access(package, observation, &mut found);
        tag_findings(package, observation, &mut found);
    }
    dependency_findings(observations, packages, &mut found);
    credential_findings(observations, packages, &mut found);
    found.sort();
    found.dedup();
    found
}

fn error(package: &PackageName, text: String, help: &str) -> Finding {
    Finding { severity: Severity::Error, package: Some(package.clone()), text, help: Some(help.to_owned()) }
}

fn warning(package: Option<&PackageName>, text: String, help: &str) -> Finding {
    Finding { severity: Severity::Warning, package: package.cloned(), text, help: Some(help.to_owned()) }
}

fn route_findings(package: &PlannedPackage, found: &mut Vec<Finding>) {
    if package.route.kind == RouteKind::Blocked {
        found.push(Finding {
            severity: Severity::Error,
            package: Some(package.name.clone()),
            text: format!("{BLOCKED_FINDING}{}", package.route.reason),
            help: package.route.fix.clone(),
        });
    }
}

fn name_and_access(package: &PlannedPackage, observation: &PackageObservation, found: &mut Vec<Finding>) {
    let new = observation.published == PublishedState::Absent;
    if new && let Some(rule) = package.name.refusal_for_new_package() {
        found.push(error(&package.name, format!("the registry refuses its name: {rule}"), "rename the package"));
    }
    let scoped = package.name.scope().is_some();
    if package.access == Some(Access::Restricted) && !scoped {
        found.push(error(
            &package.name,
            "a package without a scope can't be restricted".to_owned(),
            "remove `access` from `publishConfig`, or give the package a scope",
        ));
    }
    if new && scoped && package.access.is_none() && observation.rules == RegistryRules::Npm {
        found.push(warning(
            Some(&package.name),
            "it is new and scoped, and nothing says who may read it: npm takes it for restricted, which needs a paid plan"
                .to_owned(),
            "write `\"publishConfig\": { \"access\": \"public\" }`, or pass `--access public`",
        ));
    }
}

fn tag_findings(package: &PlannedPackage, observation: &PackageObservation, found: &mut Vec<Finding>) {
    if Range::parse(&package.tag).is_ok() {
        found.push(error(
            &package.name,
            format!("the dist-tag `{}` is a version range, so nobody could install by it", package.tag),
            "choose a word such as `next`",
        ));
    }
    if !package.next.pre.is_empty() && observation.tag.is_none() {
        found.push(error(
            &package.name,
            format!("{} is a prerelease, and no dist-tag is said: npm refuses to put it under `latest`", package.next),
            "pass `--tag next`, or write `\"publishConfig\": { \"tag\": \"next\" }`",
        ));
    }
    if let PublishedState::Present { latest: Some(latest), .. } = &observation.published
        && package.tag == "latest"
        && latest.pre.is_empty()
        && *latest > package.next
    {
        found.push(error(
            &package.name,
            format!("`latest` would go back from {latest} to {}", package.next),
            "publish it under another tag: `--tag` with a name such as `release-1.x`",
        ));
    }
    if let PublishedState::Present { next_is_there: true, .. } = observation.published
        && package.bump != Bump::None
    {
        found.push(error(
            &package.name,
            format!("{} is on the registry already, although the manifest says {}", package.next, package.current),
            "pull the release commit that made it, or bump further",
        ));
    }
}

fn dependency_findings(observations: &Observations<'_>, packages: &[PlannedPackage], found: &mut Vec<Finding>) {
    let members: BTreeSet<&PackageName> = packages.iter().map(|package| &package.name).collect();
    let registries: BTreeMap<&PackageName, &str> =
        packages.iter().map(|package| (&package.name, package.registry.as_str())).collect();
    let unpublished: BTreeSet<&PackageName> = observations
        .skipped
        .iter()
        .filter(|skipped| skipped.reason == crate::observation::SkipReason::NotSelected)
        .map(|skipped| &skipped.name)
        .collect();
    for package in packages {
        for edge in observations.graph.edges_from(&package.name).filter(|edge| edge.orders) {
            let Some(target) = observations.graph.package(&edge.to) else { continue };
            if target.private || target.version.is_none() {
                let why = if target.private { "private" } else { "without a version" };
                found.push(error(
                    &package.name,
                    format!("it needs `{}` at run time, which is {why}, so that it can't be installed", edge.to),
                    "publish that package too, move it to devDependencies, or bundle it",
                ));
            } else if !members.contains(&edge.to) && unpublished.contains(&edge.to) {
                found.push(warning(
                    Some(&package.name),
                    format!("it depends on `{}`, which `--filter` leaves out of this release", edge.to),
                    "select it with its dependencies: `--filter 'NAME...'`",
                ));
            }
            if let Some(registry) = registries.get(&edge.to)
                && *registry != package.registry
            {
                found.push(warning(
                    Some(&package.name),
                    format!("it goes to {}, and its dependency `{}` to {registry}", package.registry, edge.to),
                    "whoever installs it needs both registries, for instance by `@scope:registry` in .npmrc",
                ));
            }
        }
    }
    for missing in observations.graph.missing().iter().filter(|missing| members.contains(&missing.package)) {
        let text = format!(
            "`{}` in its {} ({}) is no package of the workspace",
            missing.dependency,
            missing.kind.manifest_key(),
            missing.range
        );
        let help = "correct the name, or write a version range for a package from the registry";
        if missing.kind.is_runtime() {
            found.push(error(&missing.package, text, help));
        } else {
            found.push(warning(Some(&missing.package), text, help));
        }
    }
}

fn credential_findings(observations: &Observations<'_>, packages: &[PlannedPackage], found: &mut Vec<Finding>) {
    let today = observations.created.to_zoned(jiff::tz::TimeZone::UTC).date();
    let used: BTreeSet<&str> = packages.iter().filter_map(|package| package.route.credential.as_deref()).collect();
    for credential in observations.packages.iter().flat_map(|package| &package.credentials) {
        if !used.contains(credential.source.as_str()) {
            continue;
        }
        if let Some(last) = credential.expires {
            // A difference of dates is counted in days alone.
            let left = i64::from((last - today).get_days());
            if (0..=EXPIRY_WARNING_DAYS).contains(&left) {
                found.push(warning(
                    None,
                    format!("{} ends on {last}", credential.source),
                    "make a new token and put its last day into `expires` of its `[[credential]]`",
                ));
            }
        }
    }
    let by_token = packages.iter().any(|package| {
        package.route.kind == RouteKind::Token
            && observations.packages.iter().any(|observed| {
                observed.name == package.name
                    && observed.rules == RegistryRules::Npm
                    && observed.credentials.iter().any(|credential| credential.kind == CredentialKind::GranularBypass)
            })
    });
    if by_token {
        found.push(warning(
            None,
            "npm has announced that tokens that bypass 2FA stop publishing directly in January 2027".to_owned(),
            "prepare trusted publishing or staged publishing for these packages",
        ));
    }
}
