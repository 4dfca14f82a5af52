//! The text of a range after the package it names has moved to a new version.
//!
//! Two tables: that of changesets 3 (`getNewDependencyRange` in its `apply-release-plan`), oddities included, because
//! a repo that uses changesets must see the same diff; and relay's own, which keeps the form that the author chose and
//! always ends in a range that accepts the new version.

use relay_workspace::{Range, Specifier, WorkspaceSpecifier};
use semver::Version;

use crate::bump::Bump;
use crate::changesets_config::ChangesetsGeneration;
use crate::comparators::{Comparator, comparators, is_any};

#[cfg(test)]
mod tests;

/// The specifier's new text by the table of changesets; `None` where it stays. Version 2 keeps no upper bound.
pub(crate) fn rewritten_by_changesets(
    text: &str,
    next: &Version,
    bump: Bump,
    generation: ChangesetsGeneration,
) -> Option<String> {
    let (protocol, range) = match text.strip_prefix("workspace:") {
        Some("*" | "^" | "~") => return None,
        Some(range) => ("workspace:", range),
        None => ("", text),
    };
    Range::parse(range).ok().filter(|_| !range.contains(':'))?;
    if is_any(range) && next.pre.is_empty() {
        return None;
    }
    let bounds_stay = generation == ChangesetsGeneration::Three;
    let new = match bounded_on_both_sides(range, next, bump).filter(|_| bounds_stay) {
        Some(bounded) => bounded,
        None => format!("{}{next}", leading_operator(range)),
    };
    changed(text, format!("{protocol}{new}"))
}

/// The specifier's new text by relay's own table; `None` where it stays.
pub(crate) fn rewritten_by_relay(text: &str, next: &Version, bump: Bump) -> Option<String> {
    let new = match Specifier::parse(text) {
        Specifier::Range(_) => own_range(text.trim(), next, bump)?,
        Specifier::Prefixed(range) => format!("npm:{}", own_range(range.as_str(), next, bump)?),
        Specifier::Workspace(workspace) => {
            let range = workspace.innermost_range()?;
            let prefix = text.trim().strip_suffix(range)?;
            format!("{prefix}{}", own_range(range, next, bump)?)
        }
        Specifier::Alias { range, .. } if !range.is_empty() => {
            let prefix = text.trim().strip_suffix(range.as_str())?;
            format!("{prefix}{}", own_range(&range, next, bump)?)
        }
        _ => return None,
    };
    changed(text, new)
}

/// Says whether packing writes the present version into the range.
pub(crate) fn rewritten_at_pack(text: &str) -> bool {
    fn by_version(specifier: &WorkspaceSpecifier) -> bool {
        match specifier {
            WorkspaceSpecifier::Range(_) => false,
            WorkspaceSpecifier::Alias { target, .. } => by_version(target),
            _ => true,
        }
    }
    matches!(Specifier::parse(text), Specifier::Workspace(specifier) if by_version(&specifier))
}

fn own_range(range: &str, next: &Version, bump: Bump) -> Option<String> {
    let parsed = Range::parse(range).ok()?;
    if is_any(range) && parsed.accepts(next) {
        return None;
    }
    let new = if let Some(bounded) = bounded_on_both_sides(range, next, bump) {
        bounded
    } else if let Some(shaped) = same_precision(range, next) {
        shaped
    } else {
        match leading_operator(range) {
            "" if Version::parse(range.trim_start_matches(['v', '='])).is_ok() => next.to_string(),
            operator @ ("~" | ">=" | "<=") => format!("{operator}{next}"),
            ">" => format!(">={next}"),
            _ => format!("^{next}"),
        }
    };
    let accepted = Range::parse(&new).is_ok_and(|new| new.accepts(next));
    Some(if accepted { new } else { format!("^{next}") })
}

/// `1.x` for a `2.0.0` becomes `2.x`, `^1` becomes `^2`, `~1.2` becomes `~2.0`: the author left those parts out on purpose.
fn same_precision(range: &str, next: &Version) -> Option<String> {
    let numbers = range.trim_start_matches(['^', '~']);
    let operator = range.strip_suffix(numbers)?;
    let parts: Vec<&str> = numbers.split('.').collect();
    let is_open = |part: &&str| matches!(*part, "x" | "X" | "*");
    let known = parts.iter().take_while(|part| !is_open(part)).count();
    let all_plain =
        parts.iter().all(|part| is_open(part) || (!part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())));
    if !all_plain || parts.len() > 3 || known == 0 || known == 3 || operator.len() > 1 {
        return None;
    }
    let new = [next.major, next.minor, next.patch];
    let shaped: Vec<String> = parts
        .iter()
        .zip(new)
        .enumerate()
        .map(|(at, (part, number))| if at < known { number.to_string() } else { (*part).to_owned() })
        .collect();
    Some(format!("{operator}{}", shaped.join(".")))
}

/// A range with a lower and an upper bound, both written as such: the lower one follows, the upper one stays if it can.
fn bounded_on_both_sides(range: &str, next: &Version, bump: Bump) -> Option<String> {
    if !(range.contains('>') && range.contains('<')) {
        return None;
    }
    let bounds = comparators(range)?;
    let [first, second] = bounds.as_slice() else { return None };
    let starts = |comparator: &Comparator, sign: char| comparator.operator.starts_with(sign);
    let (upper, lower_first) = if starts(first, '>') && starts(second, '<') {
        (second, true)
    } else if starts(first, '<') && starts(second, '>') {
        (first, false)
    } else {
        return None;
    };
    let mut upper = upper.text();
    if !Range::parse(&upper).is_ok_and(|upper| upper.accepts(next)) {
        upper = format!("<{}", bump.next(next));
    }
    Some(if lower_first { format!(">={next} {upper}") } else { format!("{upper} >={next}") })
}

/// What the range starts with; a leading space counts as none, as in changesets.
fn leading_operator(range: &str) -> &'static str {
    ["^", "~", ">=", "<=", ">"].into_iter().find(|operator| range.starts_with(operator)).unwrap_or_default()
}

fn changed(old: &str, new: String) -> Option<String> {
    (old != new).then_some(new)
}
