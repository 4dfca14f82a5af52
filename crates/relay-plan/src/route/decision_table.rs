//! The whole table of routes: every combination of what decides, grouped by what comes of it. A person can read it in the snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::civil::date;
use relay_config::CredentialKind as K;
use relay_config::RouteKind as R;
use relay_values::Evidence;

use super::*;
use crate::evidence::evidence_after;

/// What decides, each with its values in words. The number of a value is its place here.
const DIMENSIONS: [(&str, &[&str]); 7] = [
    ("access", &["registry without npm's rules", "none", "automation", "publish"]),
    (
        "credential",
        &[
            "none",
            "bypass",
            "granular",
            "stage only",
            "session",
            "undeclared",
            "undeclared, challenged here",
            "bypass, expired",
            "bypass and session",
        ],
    ),
    ("somebody there", &["no", "at a terminal", "by a code"]),
    (
        "preference",
        &[
            "none",
            "token",
            "interactive",
            "plain",
            "interactive, token",
            "trusted, staged, token",
            "staged",
            "an empty list",
        ],
    ),
    ("package", &["is there", "is new", "was not looked up"]),
    ("day", &["2026-11-24", "2027-02-01"]),
    ("job", &["none", "trusted", "not trusted"]),
];

/// A set of values for each dimension.
type Cell = [BTreeSet<usize>; DIMENSIONS.len()];

fn credentials(of: usize) -> Vec<CredentialFact> {
    let registry = RegistryUrl::parse("https://registry.example/").unwrap();
    let one = |kind: K, number: usize| CredentialFact {
        id: CredentialId::of_variable(registry.clone(), format!("TOKEN_{number}")),
        kind,
        expires: None,
        challenged_on: None,
    };
    match of {
        0 => Vec::new(),
        1 => vec![one(K::GranularBypass, 1)],
        2 => vec![one(K::Granular, 1)],
        3 => vec![one(K::GranularStage, 1)],
        4 => vec![one(K::Session, 1)],
        5 => vec![one(K::Unknown, 1)],
        6 => vec![CredentialFact { challenged_on: Some(date(2026, 11, 2)), ..one(K::Unknown, 1) }],
        7 => vec![CredentialFact { expires: Some(date(2026, 11, 1)), ..one(K::GranularBypass, 1) }],
        _ => vec![one(K::GranularBypass, 1), one(K::Session, 2)],
    }
}

fn preference(of: usize) -> Option<&'static [R]> {
    match of {
        0 => None,
        1 => Some(&[R::Token]),
        2 => Some(&[R::Interactive]),
        3 => Some(&[R::Plain]),
        4 => Some(&[R::Interactive, R::Token]),
        5 => Some(&[R::Trusted, R::Staged, R::Token]),
        6 => Some(&[R::Staged]),
        _ => Some(&[]),
    }
}

/// What comes of a combination, in words.
fn outcome(values: [usize; DIMENSIONS.len()]) -> String {
    let [access, credential, there, wanted, package, day, job] = values;
    let (rules, publishing_access) = match access {
        0 => (RegistryRules::Plain, PublishingAccess::Automation),
        1 => (RegistryRules::Npm, PublishingAccess::None),
        2 => (RegistryRules::Npm, PublishingAccess::Automation),
        _ => (RegistryRules::Npm, PublishingAccess::Publish),
    };
    let credentials = credentials(credential);
    let name = PackageName::parse("core").unwrap();
    let trusted = match job {
        0 => TrustedFact::NotAsked,
        1 => TrustedFact::Matches,
        _ => TrustedFact::Fails { why: "no trusted publisher fits".to_owned(), help: "have it trusted".to_owned() },
    };
    let question = RouteQuestion {
        rules,
        publishing_access,
        source: AccessSource::Declared,
        allowed: preference(wanted),
        ever_staged: false,
        terminal: there == 1,
        otp_given: there == 2,
        package_exists: [Some(true), Some(false), None][package],
        today: [date(2026, 11, 24), date(2027, 2, 1)][day],
        trusted: &trusted,
        ..tests::question(&name, &credentials)
    };
    let Route { kind, reason, fix, warnings, .. } = route(&question);
    let mut text = format!("{kind}: {reason}\n");
    if kind != R::Blocked {
        let shown = evidence_after(kind, false);
        let all = [Evidence::Provenance, Evidence::Trusted, Evidence::Staged];
        let refused: Vec<_> = all.into_iter().filter(|before| shown < *before).map(Evidence::as_str).collect();
        let _ = writeln!(text, "  shows: {shown}; stopped where an earlier version shows: {}", refused.join(", "));
    }
    if let Some(fix) = fix {
        let _ = writeln!(text, "  fix: {fix}");
    }
    for warning in warnings {
        let _ = writeln!(text, "  warning: {}", warning.text);
    }
    text
}

/// Every combination, by what comes of it.
fn outcomes() -> BTreeMap<String, BTreeSet<Cell>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for (_, values) in DIMENSIONS {
        all = all
            .iter()
            .flat_map(|before| (0..values.len()).map(move |value| [before.as_slice(), &[value]].concat()))
            .collect();
    }
    let mut outcomes: BTreeMap<String, BTreeSet<Cell>> = BTreeMap::new();
    for values in all {
        let values: [usize; DIMENSIONS.len()] = values.try_into().unwrap();
        outcomes.entry(outcome(values)).or_default().insert(values.map(|value| BTreeSet::from([value])));
    }
    outcomes
}

/// The same combinations in fewer cells: those that differ in one dimension alone become one.
fn merged(mut cells: BTreeSet<Cell>) -> BTreeSet<Cell> {
    for dimension in (0..DIMENSIONS.len()).rev() {
        let mut joined: BTreeMap<Cell, BTreeSet<usize>> = BTreeMap::new();
        for mut cell in cells {
            let values = std::mem::take(&mut cell[dimension]);
            joined.entry(cell).or_default().extend(values);
        }
        cells = joined
            .into_iter()
            .map(|(mut cell, values)| {
                cell[dimension] = values;
                cell
            })
            .collect();
    }
    cells
}

fn in_words(cell: &Cell) -> String {
    let said = DIMENSIONS.iter().zip(cell).filter(|((_, all), values)| values.len() < all.len()).map(
        |((name, all), values)| {
            let values: Vec<&str> = values.iter().map(|value| all[*value]).collect();
            format!("{name}: {}", values.join(" | "))
        },
    );
    said.collect::<Vec<_>>().join("; ")
}

#[test]
fn every_combination_and_what_comes_of_it() {
    let outcomes = outcomes();
    let combinations: usize = DIMENSIONS.iter().map(|(_, values)| values.len()).product();
    assert_eq!(outcomes.values().map(BTreeSet::len).sum::<usize>(), combinations);
    let mut text = format!("{combinations} combinations, {} outcomes\n", outcomes.len());
    for (outcome, cells) in outcomes {
        let merged = merged(cells.clone());
        let covered: usize = merged.iter().map(|cell| cell.iter().map(BTreeSet::len).product::<usize>()).sum();
        assert_eq!(covered, cells.len(), "no combination is lost or told twice");
        text.push('\n');
        text.push_str(&outcome);
        for cell in merged {
            let _ = writeln!(text, "  - {}", in_words(&cell));
        }
    }
    insta::assert_snapshot!(text);
}
