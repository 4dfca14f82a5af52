//! What became of dist-tags that were to move when all is out, in sentences.

use std::collections::BTreeMap;

use relay_engine::report::{PromotionOutcome, PromotionReport, RunReport};

use super::listed;
use crate::ui::plural;

/// How much a sentence asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It is as planned.
    Well,
    /// It is not, and nothing was refused.
    Notable,
    /// A registry refused something, or could not be reached.
    Wrong,
}

/// The sentences, what is well first.
pub(super) fn sentences(report: &RunReport) -> impl Iterator<Item = String> {
    weighed(report).into_iter().map(|(_, sentence)| sentence)
}

/// The sentences with their weight.
pub(crate) fn weighed(report: &RunReport) -> Vec<(Weight, String)> {
    let all = &report.promotion;
    let mut sentences = Vec::new();
    sentences.extend(moved(all).map(|sentence| (Weight::Well, sentence)));
    sentences.extend(all.iter().filter_map(left_alone).chain(waiting(all)).map(|sentence| (Weight::Notable, sentence)));
    for (why, ones) in by_reason(all) {
        let (names, tags) = (names_of(&ones), tags_of(&ones));
        let failed = ones.iter().any(|one| matches!(one.outcome, PromotionOutcome::Failed { .. }));
        let sentence = format!(
            "{tags} of {names} could not be moved: {why}; {} under {} meanwhile, and the next run tries again",
            out(&ones),
            side_tags_of(&ones)
        );
        sentences.push((if failed { Weight::Wrong } else { Weight::Notable }, sentence));
    }
    for one in all {
        if let Some(why) = &one.side_tag_left {
            let (name, version, side) = (&one.name, &one.version, &one.side_tag);
            let sentence = format!(
                "the side tag `{side}` of {name} {version} could not be removed: {why}; the next run tries again"
            );
            sentences.push((Weight::Notable, sentence));
        }
    }
    sentences
}

fn moved(all: &[PromotionReport]) -> Option<String> {
    let moved: Vec<&PromotionReport> = all
        .iter()
        .filter(|one| matches!(one.outcome, PromotionOutcome::Moved { .. } | PromotionOutcome::There))
        .collect();
    let mut by_tag: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &moved {
        *by_tag.entry(one.tag.as_str()).or_default() += 1;
    }
    let parts: Vec<String> = by_tag
        .iter()
        .map(|(tag, number)| format!("`{tag}` names the new version of {}", plural(*number, "package")))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn left_alone(one: &PromotionReport) -> Option<String> {
    let PromotionReport { name, version, tag, side_tag, .. } = one;
    match &one.outcome {
        PromotionOutcome::Left { there } => Some(format!(
            "`{tag}` of {name} was left alone: it names {there}, which somebody published meanwhile and is higher than {version}"
        )),
        PromotionOutcome::Settled { there } => {
            let there = there.as_deref().unwrap_or("nothing");
            Some(format!(
                "`{tag}` of {name} was left alone: {version} no longer has the side tag `{side_tag}`, so that somebody has \
                 decided about it; it names {there}"
            ))
        }
        _ => None,
    }
}

/// What is out and has not got its tag, since the set is not whole, or the run was interrupted.
fn waiting(all: &[PromotionReport]) -> Option<String> {
    let is_waiting =
        |one: &&PromotionReport| matches!(one.outcome, PromotionOutcome::Waits | PromotionOutcome::Interrupted);
    let waiting: Vec<&PromotionReport> = all.iter().filter(is_waiting).collect();
    let first = waiting.first()?;
    let why =
        if first.outcome == PromotionOutcome::Waits { "not all of the set is out" } else { "the run was interrupted" };
    Some(format!(
        "{} not moved, since {why}: {} {} under {} alone. The next run (`relay resume`) sends what is missing, and moves them \
         when all of it can be installed",
        tags_of(&waiting),
        names_of(&waiting),
        if waiting.len() == 1 { "is out" } else { "are out" },
        side_tags_of(&waiting),
    ))
}

fn by_reason(all: &[PromotionReport]) -> Vec<(&str, Vec<&PromotionReport>)> {
    let mut groups: Vec<(&str, Vec<&PromotionReport>)> = Vec::new();
    for one in all {
        let (PromotionOutcome::Failed { why } | PromotionOutcome::Parked { why }) = &one.outcome else { continue };
        match groups.iter_mut().find(|(known, _)| known == why) {
            Some((_, ones)) => ones.push(one),
            None => groups.push((why, vec![one])),
        }
    }
    groups
}

fn out(ones: &[&PromotionReport]) -> &'static str {
    if ones.len() == 1 { "it is out" } else { "they are out" }
}

fn names_of(ones: &[&PromotionReport]) -> String {
    let names: Vec<String> = ones.iter().map(|one| format!("{} {}", one.name, one.version)).collect();
    listed(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn tags_of(ones: &[&PromotionReport]) -> String {
    distinct(ones.iter().map(|one| one.tag.as_str()))
}

fn side_tags_of(ones: &[&PromotionReport]) -> String {
    distinct(ones.iter().map(|one| one.side_tag.as_str()))
}

fn distinct<'t>(tags: impl Iterator<Item = &'t str>) -> String {
    let mut seen: Vec<String> = tags.map(|tag| format!("`{tag}`")).collect();
    seen.sort();
    seen.dedup();
    listed(&seen.iter().map(String::as_str).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use relay_engine::report::SideTagLeft;
    use relay_values::DistTag;
    use relay_workspace::{PackageName, Version};

    use super::*;

    fn one(name: &str, outcome: PromotionOutcome) -> PromotionReport {
        PromotionReport {
            name: PackageName::parse(name).expect("a name"),
            version: Version::new(1, 1, 0),
            registry: "http://registry.example/".parse().expect("an address"),
            tag: DistTag::latest(),
            side_tag: DistTag::parse("relay-1").expect("a tag"),
            outcome,
            side_tag_left: None,
        }
    }

    #[track_caller]
    fn check(all: Vec<PromotionReport>, expected: &[&str]) {
        assert_eq!(sentences(&RunReport { promotion: all, ..RunReport::new() }).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_moved_is_counted_and_what_did_not_is_told() {
        check(Vec::new(), &[]);
        let moved = || PromotionOutcome::Moved { from: Some("1.0.0".to_owned()) };
        check(
            vec![one("a", moved()), one("b", PromotionOutcome::There)],
            &["`latest` names the new version of 2 packages"],
        );
        check(
            vec![one("a", moved()), one("b", PromotionOutcome::Left { there: Version::new(2, 0, 0) })],
            &[
                "`latest` names the new version of 1 package",
                "`latest` of b was left alone: it names 2.0.0, which somebody published meanwhile and is higher than 1.1.0",
            ],
        );
        check(
            vec![one("a", PromotionOutcome::Waits), one("b", PromotionOutcome::Waits)],
            &[
                "`latest` not moved, since not all of the set is out: a 1.1.0, b 1.1.0 are out under `relay-1` alone. The next run \
               (`relay resume`) sends what is missing, and moves them when all of it can be installed",
            ],
        );
        let why = || "no".to_owned();
        check(
            vec![one("a", PromotionOutcome::Failed { why: why() }), one("b", PromotionOutcome::Parked { why: why() })],
            &[
                "`latest` of a 1.1.0, b 1.1.0 could not be moved: no; they are out under `relay-1` meanwhile, and the next run \
               tries again",
            ],
        );
        check(
            vec![PromotionReport { side_tag_left: Some(SideTagLeft::Unremoved { why: why() }), ..one("a", moved()) }],
            &[
                "`latest` names the new version of 1 package",
                "the side tag `relay-1` of a 1.1.0 could not be removed: no; the next run tries again",
            ],
        );
    }
}
