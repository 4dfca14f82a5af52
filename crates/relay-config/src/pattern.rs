//! Patterns over package names: `@acme/ui-*`, `!@acme/ui-internal`.

use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

/// A list of patterns. `*` stands for any characters, also `/`, as in pnpm's matcher; a pattern with `!` in front takes
/// names out again; the last pattern that matches decides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NamePatterns(Vec<String>);

impl NamePatterns {
    /// Takes the patterns as written.
    pub fn new(patterns: Vec<String>) -> Self {
        Self(patterns)
    }

    /// Says whether there is no pattern at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The patterns as written, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Says whether one pattern is about a name, whether it takes it in or out.
    pub(crate) fn one_matches(pattern: &str, name: &PackageName) -> bool {
        wildcard_matches(pattern.strip_prefix('!').unwrap_or(pattern), name.as_str())
    }

    /// Says whether the patterns accept a name. A list that starts with `!` starts from all names.
    pub fn matches(&self, name: &PackageName) -> bool {
        let mut matched = self.0.first().is_some_and(|pattern| pattern.starts_with('!'));
        for pattern in &self.0 {
            match pattern.strip_prefix('!') {
                Some(pattern) if wildcard_matches(pattern, name.as_str()) => matched = false,
                None if wildcard_matches(pattern, name.as_str()) => matched = true,
                _ => {}
            }
        }
        matched
    }
}

/// Matches `*` greedily with backtracking to the last star; linear in practice and never recursive.
pub(crate) fn wildcard_matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p + 1, t));
            p += 1;
        } else if p < pattern.len() && pattern.get(p) == text.get(t) {
            p += 1;
            t += 1;
        } else if let Some((after_star, from)) = star {
            p = after_star;
            t = from + 1;
            star = Some((after_star, from + 1));
        } else {
            return false;
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], name: &str, expected: bool) {
        let patterns = NamePatterns::new(patterns.iter().map(|p| (*p).to_owned()).collect());
        assert_eq!(patterns.matches(&PackageName::parse(name).unwrap()), expected, "{patterns:?} on {name}");
    }

    #[test]
    fn the_last_matching_pattern_decides() {
        check(&["@acme/ui-*"], "@acme/ui-kit", true);
        check(&["@acme/ui-*"], "@acme/core", false);
        check(&["*"], "@acme/core", true);
        check(&["@acme/*", "!@acme/site"], "@acme/site", false);
        check(&["!@acme/site"], "@acme/core", true);
        check(&["a*b*c"], "axxbyyc", true);
        check(&["a*b*c"], "axxbyy", false);
        check(&[], "a", false);
    }
}
