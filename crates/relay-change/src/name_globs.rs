//! Globs over package names, as `.changeset/config.json` has them.
//!
//! changesets matches names with picomatch, as if they were paths: `*` stops at `/`, `**` does not. A list starts from
//! nothing; a pattern adds names, and a pattern with `!` in front takes away what came before it.

use globset::{GlobBuilder, GlobMatcher};

/// One pattern of a list.
struct NameGlob {
    negated: bool,
    text: String,
    /// `None` where the pattern is no glob; then only the very same text matches.
    matcher: Option<GlobMatcher>,
}

/// The names that a list of patterns accepts, in the order of the names.
pub(crate) fn matching<'a, T>(items: &'a [T], name_of: impl Fn(&'a T) -> &'a str, patterns: &[String]) -> Vec<&'a T> {
    let globs: Vec<NameGlob> = patterns.iter().map(|pattern| NameGlob::new(pattern)).collect();
    items.iter().filter(|item| accepts(&globs, name_of(item))).collect()
}

fn accepts(globs: &[NameGlob], name: &str) -> bool {
    let mut accepted = false;
    for glob in globs {
        if accepted == glob.negated && glob.is_match(name) {
            accepted = !accepted;
        }
    }
    accepted
}

impl NameGlob {
    fn new(pattern: &str) -> Self {
        let bangs = pattern.chars().take_while(|c| *c == '!').count();
        let text = pattern.get(bangs..).unwrap_or_default().to_owned();
        let matcher = GlobBuilder::new(&text).literal_separator(true).build().ok().map(|glob| glob.compile_matcher());
        Self { negated: bangs % 2 == 1, text, matcher }
    }

    fn is_match(&self, name: &str) -> bool {
        self.text == name || self.matcher.as_ref().is_some_and(|matcher| matcher.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], expected: &[&str]) {
        let names = ["@acme/core", "@acme/ui", "site", "site-docs"];
        let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
        let seen: Vec<&str> = matching(&names, |name| name, &patterns).into_iter().copied().collect();
        assert_eq!(seen, expected, "{patterns:?}");
    }

    #[test]
    fn a_star_stops_at_the_slash() {
        check(&["*"], &["site", "site-docs"]);
        check(&["**"], &["@acme/core", "@acme/ui", "site", "site-docs"]);
        check(&["@acme/*"], &["@acme/core", "@acme/ui"]);
        check(&["site*"], &["site", "site-docs"]);
        check(&["@acme/{core,ui}"], &["@acme/core", "@acme/ui"]);
    }

    #[test]
    fn the_order_decides() {
        check(&["@acme/*", "!@acme/ui"], &["@acme/core"]);
        check(&["!@acme/ui", "@acme/*"], &["@acme/core", "@acme/ui"]);
        check(&["!@acme/ui"], &[]);
    }

    #[test]
    fn what_is_no_glob_matches_itself_alone() {
        check(&["[site"], &[]);
        check(&["site"], &["site"]);
        check(&[], &[]);
    }
}
