//! A range of npm's grammar taken apart into the comparators that it stands for.
//!
//! Follows node-semver's `Range` (seen in semver 7): carets, tildes and x-ranges are unfolded into `>=` and `<`. Needed
//! where the *form* of a range matters, for rewriting it; whether a version lies in a range is `Range::accepts`'s business.

/// One comparison with a version, as node-semver prints it: operator (empty for "exactly") and version. Both empty: any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparator {
    pub(crate) operator: &'static str,
    pub(crate) version: String,
}

/// A version with parts left out or written as `x`.
struct Partial<'a> {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    /// With its hyphen, or empty.
    prerelease: &'a str,
}

/// The longest range that is taken apart, in bytes.
const RANGE_LENGTH_BYTES_MAX: usize = 256;

/// The comparators of a range without `||` and without hyphen form; `None` where it has another form or is no range.
pub(crate) fn comparators(range: &str) -> Option<Vec<Comparator>> {
    if range.len() > RANGE_LENGTH_BYTES_MAX || range.contains("||") || range.contains(" - ") {
        return None;
    }
    let mut all: Vec<Comparator> = Vec::new();
    for (operator, version) in tokens(range)? {
        for comparator in unfold(operator, &Partial::parse(version)?) {
            if comparator == Comparator::new("<", "0.0.0-0".to_owned()) {
                return Some(vec![comparator]);
            }
            if !all.contains(&comparator) {
                all.push(comparator);
            }
        }
    }
    if all.len() > 1 {
        all.retain(|comparator| !comparator.is_any());
    }
    if all.is_empty() {
        all.push(Comparator::any());
    }
    Some(all)
}

/// Says whether a range with or without `||` accepts every released version, as `*` and the empty text do.
pub(crate) fn is_any(range: &str) -> bool {
    range.split("||").any(|part| comparators(part).is_some_and(|all| matches!(all.as_slice(), [only] if only.is_any())))
}

/// Pairs of operator and version; white space may stand between the two.
fn tokens(range: &str) -> Option<Vec<(&str, &str)>> {
    const OPERATORS: [&str; 8] = [">=", "<=", "~>", ">", "<", "=", "^", "~"];
    let mut rest = range.trim();
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator)).unwrap_or_default();
        rest = rest.get(operator.len()..)?.trim_start();
        let end = rest.find(|c: char| c.is_whitespace() || "<>=^~".contains(c)).unwrap_or(rest.len());
        let (version, tail) = rest.split_at_checked(end)?;
        if operator.is_empty() && version.is_empty() {
            return None;
        }
        tokens.push((operator, version));
        rest = tail.trim_start();
    }
    Some(tokens)
}

impl<'a> Partial<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_start_matches(['v', '=']);
        let text = text.split('+').next().unwrap_or_default();
        let (numbers, prerelease) = match text.find('-') {
            Some(at) => text.split_at_checked(at)?,
            None => (text, ""),
        };
        let mut parts = [None; 3];
        let mut given = numbers.split('.');
        for slot in &mut parts {
            *slot = match given.next() {
                None | Some("" | "x" | "X" | "*") => None,
                Some(number) => Some(number.parse().ok()?),
            };
        }
        if given.next().is_some() {
            return None;
        }
        let [major, minor, patch] = parts;
        let minor = major.and(minor);
        Some(Self { major, minor, patch: minor.and(patch), prerelease })
    }
}

fn unfold(operator: &str, partial: &Partial<'_>) -> Vec<Comparator> {
    let Some(major) = partial.major else {
        return match operator {
            "<" | ">" => vec![Comparator::new("<", "0.0.0-0".to_owned())],
            _ => vec![Comparator::any()],
        };
    };
    let (minor, patch) = (partial.minor.unwrap_or(0), partial.patch.unwrap_or(0));
    let full = format!("{major}.{minor}.{patch}{}", if partial.patch.is_some() { partial.prerelease } else { "" });
    let next_major = format!("{}.0.0", major.saturating_add(1));
    let next_minor = format!("{major}.{}.0", minor.saturating_add(1));
    let next_patch = format!("{major}.{minor}.{}", patch.saturating_add(1));
    // What comes after everything that the written parts cover.
    let beyond = if partial.minor.is_none() { &next_major } else { &next_minor };
    let between = |upper: &str| vec![Comparator::at_least(full.clone()), Comparator::new("<", format!("{upper}-0"))];
    match (operator, partial.patch.is_some()) {
        ("^", _) => match (major, partial.minor, partial.patch) {
            (0, Some(0), Some(_)) => between(&next_patch),
            (0, Some(_), _) => between(&next_minor),
            _ => between(&next_major),
        },
        (">=", _) => vec![Comparator::at_least(full)],
        (">", false) => vec![Comparator::at_least(beyond.clone())],
        ("<=", false) => vec![Comparator::new("<", format!("{beyond}-0"))],
        ("<", false) => vec![Comparator::new("<", format!("{full}-0"))],
        (">", true) => vec![Comparator::new(">", full)],
        ("<=", true) => vec![Comparator::new("<=", full)],
        ("<", true) => vec![Comparator::new("<", full)],
        ("~" | "~>", _) | (_, false) => between(beyond),
        (_, true) => vec![Comparator::new("", full)],
    }
}

impl Comparator {
    fn new(operator: &'static str, version: String) -> Self {
        Self { operator, version }
    }

    fn any() -> Self {
        Self::new("", String::new())
    }

    /// `>=0.0.0` is "any", as node-semver has it.
    fn at_least(version: String) -> Self {
        if version == "0.0.0" { Self::any() } else { Self::new(">=", version) }
    }

    fn is_any(&self) -> bool {
        self.operator.is_empty() && self.version.is_empty()
    }

    /// Operator and version in one text.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.operator, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &str, expected: &str) {
        let seen = comparators(range).map(|all| all.iter().map(Comparator::text).collect::<Vec<_>>().join(" "));
        assert_eq!(seen.as_deref(), Some(expected), "{range}");
    }

    #[test]
    fn unfolds_as_node_semver_does() {
        check("^1.2.3", ">=1.2.3 <2.0.0-0");
        check("^0.2.3", ">=0.2.3 <0.3.0-0");
        check("^0.0.3", ">=0.0.3 <0.0.4-0");
        check("^0.0", "<0.1.0-0");
        check("^1", ">=1.0.0 <2.0.0-0");
        check("~1.2", ">=1.2.0 <1.3.0-0");
        check("1.x", ">=1.0.0 <2.0.0-0");
        check("1.2", ">=1.2.0 <1.3.0-0");
        check(">=1 <3", ">=1.0.0 <3.0.0-0");
        check(">= 1.0.0 < 3.0.0", ">=1.0.0 <3.0.0");
        check("<3.0.0 >1.0.0", "<3.0.0 >1.0.0");
        check(">1 <=2.5", ">=2.0.0 <2.6.0-0");
        check(">=0.0.0 <2.0.0", "<2.0.0");
        check("1.2.3-beta.1", "1.2.3-beta.1");
        check("=v1.2.3+build", "1.2.3");
        check("*", "");
        check("", "");
    }

    #[test]
    fn knows_the_ranges_that_accept_all() {
        for range in ["", "*", "x", ">=0.0.0", ">=0", "^1 || *", " X "] {
            assert!(is_any(range), "{range}");
        }
        for range in ["^1", ">0.0.0", "1.x", "latest"] {
            assert!(!is_any(range), "{range}");
        }
    }

    #[test]
    fn what_is_no_range_has_no_comparators() {
        for text in ["latest", "1.2.3.4", "^a", "file:../x"] {
            assert_eq!(comparators(text), None, "{text}");
        }
    }
}
