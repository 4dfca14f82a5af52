//! Sets of ignore rules: text with one pattern a line, and the sets that npm has built in.

use std::sync::{Arc, LazyLock};

use camino::Utf8Path;

use crate::error::PackError;
use crate::minimatch::Pattern;

/// One set of rules; later ones win.
pub(crate) type Rules = Arc<[Pattern]>;

/// What npm leaves out of every folder unless a later set brings it back.
pub(crate) const DEFAULTS: [&str; 22] = [
    ".npmignore",
    ".gitignore",
    "**/.git",
    "**/.svn",
    "**/.hg",
    "**/CVS",
    "**/.git/**",
    "**/.svn/**",
    "**/.hg/**",
    "**/CVS/**",
    "/.lock-wscript",
    "/.wafpickle-*",
    "/build/config.gypi",
    "npm-debug.log",
    "**/.npmrc",
    ".*.swp",
    ".DS_Store",
    "**/.DS_Store/**",
    "._*",
    "**/._*/**",
    "*.orig",
    "/archived-packages/**",
];

/// What npm always leaves out of or puts into a package's root, whatever the other sets say.
pub(crate) const STRICT: [&str; 13] = [
    STRICT_EVERYWHERE,
    "!/package.json",
    "!/readme{,.*[^~$]}",
    "!/copying{,.*[^~$]}",
    "!/license{,.*[^~$]}",
    "!/licence{,.*[^~$]}",
    "/.git",
    "/node_modules",
    ".npmrc",
    "/package-lock.json",
    "/yarn.lock",
    "/pnpm-lock.yaml",
    "/bun.lockb",
];

/// What npm 12 leaves out of a package's root beyond [`STRICT`].
const STRICT_OF_NPM12: [&str; 4] = ["/npm-shrinkwrap.json", "/bun.lock", "/.npm-extension.mjs", "/.npm-extension.cjs"];

/// What npm always leaves out of every folder.
pub(crate) const STRICT_EVERYWHERE: &str = "/.git";

static DEFAULT_RULES: LazyLock<Rules> = LazyLock::new(|| built_in(&DEFAULTS));
static STRICT_RULES: LazyLock<Rules> = LazyLock::new(|| built_in(&STRICT));
static STRICT_RULES_OF_NPM12: LazyLock<Rules> =
    LazyLock::new(|| strict().iter().chain(built_in(&STRICT_OF_NPM12).iter()).cloned().collect());
static FOLDER_STRICT_RULES: LazyLock<Rules> = LazyLock::new(|| built_in(&[STRICT_EVERYWHERE]));

fn built_in(patterns: &[&str]) -> Rules {
    patterns.iter().map(|pattern| Pattern::parse(pattern).expect("the built-in rules are valid patterns")).collect()
}

/// [`DEFAULTS`], compiled.
pub(crate) fn defaults() -> Rules {
    Arc::clone(&DEFAULT_RULES)
}

/// [`STRICT`], compiled.
pub(crate) fn strict() -> Rules {
    Arc::clone(&STRICT_RULES)
}

/// [`STRICT`] and what npm 12 adds to it, compiled.
pub(crate) fn strict_of_npm12() -> Rules {
    Arc::clone(&STRICT_RULES_OF_NPM12)
}

/// The strict rules of a folder below the package's root.
pub(crate) fn folder_strict() -> Rules {
    Arc::clone(&FOLDER_STRICT_RULES)
}

/// Compiles the rules of a text. Empty lines and comments are left out; white space at the ends of a line doesn't count.
pub(crate) fn parse(text: &str, origin: &Utf8Path) -> Result<Vec<Pattern>, PackError> {
    text.split('\n')
        .map(trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| Pattern::parse(line).map_err(|source| PackError::Pattern { origin: origin.to_owned(), source }))
        .collect()
}

/// Trims what JavaScript takes for white space: a byte order mark is, the control character NEL is not.
fn trim(line: &str) -> &str {
    line.trim_matches(|c: char| c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_comments_and_white_space() {
        let rules = parse("\u{feff}# c\r\n  a \r\n\r\n\t#x\n!b\n", Utf8Path::new(".npmignore")).unwrap();
        assert_eq!(rules.iter().map(Pattern::is_negated).collect::<Vec<_>>(), [false, true]);
        assert!(rules[0].matches("a", false));
    }

    #[test]
    fn an_invalid_rule_names_its_file() {
        let error = parse("[[:alpha:]]-x", Utf8Path::new("lib/.npmignore")).unwrap_err();
        assert!(error.to_string().starts_with("`lib/.npmignore`: the pattern"), "{error}");
    }
}
