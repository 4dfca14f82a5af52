//! A promotion in words: the same for a terminal and a pull request.

use std::collections::BTreeMap;

use relay_config::RouteKind;
use relay_workspace::PackageName;

use super::groups::listed;
use super::printable::counted;
use crate::promotion::{CHALLENGES_PER_MOVE, Promotion};
use crate::release_plan::ReleasePlan;

/// What happens to dist-tags, in sentences; none where each version has its tag from its upload on.
pub(super) fn sentences(plan: &ReleasePlan) -> Vec<String> {
    let Some(promotion) = &plan.promotion else { return Vec::new() };
    let side = &promotion.side_tag;
    let mut sentences = Vec::new();
    if promotion.moved.is_empty() {
        sentences.push("No dist-tag moves at the end: all packages are new.".to_owned());
    } else {
        sentences.push(format!(
            "All go out under the dist-tag `{side}`; when the whole set can be installed, {}, dependencies first, and \
             `{side}` goes.",
            moves(promotion)
        ));
    }
    match promotion.latest_at_once.as_slice() {
        [] => {}
        [one] => sentences.push(format!("{one} is new: npm's registry gives it `latest` at once.")),
        new => sentences.push(format!("{} are new: npm's registry gives them `latest` at once.", listed(new))),
    }
    let moved_of = |kind: RouteKind| -> Vec<&PackageName> {
        let of_kind = plan.packages.iter().filter(|package| package.route.kind == kind);
        of_kind.map(|package| &package.name).filter(|name| promotion.move_of(name).is_some()).collect()
    };
    let by_person = moved_of(RouteKind::Interactive);
    if !by_person.is_empty() {
        sentences.push(format!(
            "Then a person is needed once more: up to {} each for {}.",
            counted(CHALLENGES_PER_MOVE, "challenge"),
            listed(&by_person)
        ));
    }
    let staged = moved_of(RouteKind::Staged);
    if !staged.is_empty() {
        sentences.push(format!("A staged version's tag moves after its approval: {}.", listed(&staged)));
    }
    sentences
}

/// Which tags move for how many packages.
fn moves(promotion: &Promotion) -> String {
    let mut by_tag: BTreeMap<&str, usize> = BTreeMap::new();
    for planned in &promotion.moved {
        *by_tag.entry(planned.tag.as_str()).or_default() += 1;
    }
    let of = |(tag, number): (&str, usize)| format!("`{tag}` moves to {}", counted(number, "package"));
    by_tag.into_iter().map(of).collect::<Vec<_>>().join(", ")
}
