//! What versions show of how they were published, and that the next one shows no less.
//!
//! pnpm's `trustPolicy: no-downgrade` refuses a version whose evidence is weaker than that of any version published before it, by
//! time and not by version; prereleases of the past count only beside a prerelease (`news-2026.md`, F1). What stands at the
//! registry before an upload was published before it, so that all of it counts.

use jiff::civil::Date;
use relay_config::RouteKind;
use relay_values::Evidence;
use relay_workspace::PackageName;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::observation::PackageObservation;
use crate::route::Route;

/// A version that stands at the registry, as far as its evidence goes.
#[derive(Debug, Clone, Copy)]
pub struct DatedEvidence<'a> {
    /// The version.
    pub version: &'a Version,
    /// What it shows.
    pub evidence: Evidence,
    /// The day on which it was published, in UTC, where that is known.
    pub on: Option<Date>,
}

/// The strongest evidence among some versions, with the newest version that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrongestEvidence {
    /// The evidence.
    pub evidence: Evidence,
    /// The version that has it.
    pub version: Version,
    /// The day on which that was published, in UTC, where that is known.
    pub on: Option<Date>,
}

/// The evidence of a package in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedEvidence {
    /// What earlier versions show at most.
    pub strongest: StrongestEvidence,
    /// What this version will show, by its route.
    pub after: Evidence,
    /// Why it may show less, as relay.toml says.
    #[serde(default)]
    pub downgrade_allowed: Option<String>,
}

/// The strongest evidence among the versions that count beside a next one: prereleases only if that is a prerelease itself. `None`:
/// none of them shows anything.
pub fn strongest_evidence<'a>(
    published: impl IntoIterator<Item = DatedEvidence<'a>>,
    next_is_prerelease: bool,
) -> Option<StrongestEvidence> {
    published
        .into_iter()
        .filter(|one| next_is_prerelease || one.version.pre.is_empty())
        .filter(|one| one.evidence > Evidence::None)
        .max_by_key(|one| (one.evidence, one.on, one.version))
        .map(|one| StrongestEvidence { evidence: one.evidence, version: one.version.clone(), on: one.on })
}

/// What a version shows that goes out by a route, with a provenance statement or without one.
pub(crate) fn evidence_after(route: RouteKind, provenance: bool) -> Evidence {
    match (route, provenance) {
        (RouteKind::Staged, _) => Evidence::Staged,
        (RouteKind::Trusted, true) => Evidence::Trusted,
        (RouteKind::Token | RouteKind::Interactive | RouteKind::Plain, true) => Evidence::Provenance,
        (RouteKind::Trusted | RouteKind::Token | RouteKind::Interactive | RouteKind::Plain | RouteKind::Blocked, _) => {
            Evidence::None
        }
    }
}

impl PlannedEvidence {
    /// The evidence of a package, where earlier versions show any.
    pub(crate) fn of(package: &PackageObservation, route: RouteKind) -> Option<Self> {
        let strongest = package.strongest_evidence.clone()?;
        let after = evidence_after(route, package.provenance);
        let allowed = package.trust_downgrade_because.clone().filter(|_| after < strongest.evidence);
        Some(Self { strongest, after, downgrade_allowed: allowed })
    }

    /// What a report says of a version that went out with less than before, as relay.toml lets it.
    pub fn told(&self, name: &PackageName, version: &Version) -> Option<String> {
        let why = self.downgrade_allowed.as_ref()?;
        let before = &self.strongest;
        Some(format!(
            "`{name}@{version}` shows {}, where {} has {}; relay.toml allows that: {why}",
            self.after.in_words(),
            before.version,
            before.evidence.in_words()
        ))
    }

    /// Whether less is shown than before.
    pub fn is_downgrade(&self) -> bool {
        self.after < self.strongest.evidence
    }
}

/// The complaint about a package that would go out with less evidence than it ever did. What is blocked goes nowhere.
pub(crate) fn check(package: &PackageObservation, route: &Route) -> Option<Finding> {
    let planned = PlannedEvidence::of(package, route.kind).filter(PlannedEvidence::is_downgrade)?;
    if route.kind == RouteKind::Blocked {
        return None;
    }
    let StrongestEvidence { evidence, version, on } = &planned.strongest;
    let on = on.map(|on| format!(" of {on}")).unwrap_or_default();
    let text = format!(
        "{} would go out by `{}` with {}, where {version}{on} has {}",
        package.next,
        route.kind.as_str(),
        planned.after.in_words(),
        evidence.in_words()
    );
    Some(match &planned.downgrade_allowed {
        Some(why) => Finding::warning(
            &package.name,
            format!("{text}; relay.toml allows that: {why}"),
            "users of pnpm with `trustPolicy: no-downgrade` can't install it (ERR_PNPM_TRUST_DOWNGRADE) unless they exclude it",
        ),
        None => Finding::error(
            &package.name,
            format!(
                "{text}: pnpm users with `trustPolicy: no-downgrade` could not install it (ERR_PNPM_TRUST_DOWNGRADE)"
            ),
            format!(
                "publish it as before: {}; or, if it is meant, write `allow-trust-downgrade = \"<why>\"` under a `[[policy]]` with \
                 `packages = [\"{}\"]` in relay.toml",
                as_before(*evidence),
                package.name
            ),
        ),
    })
}

/// How evidence of a kind is come by.
fn as_before(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Staged => {
            "list `staged` first in the `routes` of its `[[policy]]`, and approve it with `relay approve`"
        }
        Evidence::Trusted => "run this in the CI that its trusted publisher names, with provenance, or stage it",
        Evidence::Provenance | Evidence::None => "publish it in CI with provenance, or stage it",
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn strongest(published: &[(&str, Evidence, i8)], next: &str) -> Option<(String, Evidence)> {
        let versions: Vec<Version> = published.iter().map(|(text, ..)| Version::parse(text).unwrap()).collect();
        let dated = published.iter().zip(&versions).map(|((_, evidence, day), version)| DatedEvidence {
            version,
            evidence: *evidence,
            on: Some(date(2026, 11, *day)),
        });
        let next = Version::parse(next).unwrap();
        strongest_evidence(dated, !next.pre.is_empty()).map(|found| (found.version.to_string(), found.evidence))
    }

    #[test]
    fn the_strongest_counts_whatever_its_version_and_prereleases_beside_prereleases_alone() {
        use Evidence as E;
        for (why, published, next, expected) in [
            ("nothing is there", vec![], "1.0.0", None),
            ("nothing is shown", vec![("1.0.0", E::None, 1)], "1.0.1", None),
            ("a higher version counts too", vec![("2.0.0", E::Staged, 1)], "1.0.1", Some(("2.0.0", E::Staged))),
            (
                "not the newest, the strongest",
                vec![("1.0.0", E::Staged, 1), ("1.1.0", E::Trusted, 2)],
                "1.2.0",
                Some(("1.0.0", E::Staged)),
            ),
            (
                "of equals the newest by time",
                vec![("2.0.0", E::Trusted, 1), ("1.9.9", E::Trusted, 2)],
                "2.0.1",
                Some(("1.9.9", E::Trusted)),
            ),
            (
                "a prerelease is passed over",
                vec![("1.0.0-rc.1", E::Staged, 1), ("0.9.0", E::Provenance, 2)],
                "1.0.0",
                Some(("0.9.0", E::Provenance)),
            ),
            (
                "and counts beside another",
                vec![("1.0.0-rc.1", E::Staged, 1)],
                "1.0.0-rc.2",
                Some(("1.0.0-rc.1", E::Staged)),
            ),
            (
                "stable ones count beside it too",
                vec![("0.9.0", E::Trusted, 1)],
                "1.0.0-rc.2",
                Some(("0.9.0", E::Trusted)),
            ),
        ] {
            let expected = expected.map(|(version, evidence)| (version.to_owned(), evidence));
            assert_eq!(strongest(&published, next), expected, "{why}");
        }
    }

    #[test]
    fn what_each_route_shows() {
        use RouteKind as R;
        let shown = [R::Staged, R::Trusted, R::Token, R::Interactive, R::Plain, R::Blocked].map(|kind| {
            let (without, with) = (evidence_after(kind, false).as_str(), evidence_after(kind, true).as_str());
            format!("{}: {without}, with provenance {with}", kind.as_str())
        });
        assert_eq!(
            shown,
            [
                "staged: staged, with provenance staged",
                "trusted: none, with provenance trusted",
                "token: none, with provenance provenance",
                "interactive: none, with provenance provenance",
                "plain: none, with provenance provenance",
                "blocked: none, with provenance none",
            ]
        );
    }

    proptest! {
        /// Beside a plain reading of F1, version by version.
        #[test]
        fn no_version_that_counts_shows_more(all in proptest::collection::vec((0_u64..4, any::<bool>(), 0_u8..4, 1_i8..28), 0..12), next_pre in any::<bool>()) {
            let ranks = [Evidence::None, Evidence::Provenance, Evidence::Trusted, Evidence::Staged];
            let all: Vec<(Version, Evidence, Date)> = all.into_iter().enumerate().map(|(at, (major, pre, rank, day))| {
                let pre = if pre { "-rc.0" } else { "" };
                (Version::parse(&format!("{major}.{at}.0{pre}")).unwrap(), ranks[usize::from(rank)], date(2026, 11, day))
            }).collect();
            let dated = all.iter().map(|(version, evidence, on)| DatedEvidence { version, evidence: *evidence, on: Some(*on) });
            let found = strongest_evidence(dated, next_pre).map_or(Evidence::None, |found| found.evidence);
            let counted = all.iter().filter(|(version, ..)| next_pre || version.pre.is_empty());
            prop_assert_eq!(found, counted.map(|(_, evidence, _)| *evidence).max().unwrap_or_default());
        }
    }
}
