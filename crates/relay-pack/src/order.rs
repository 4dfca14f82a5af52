//! The order of a tarball's entries: by extension, then base name, then whole path, each compared as JavaScript's
//! `localeCompare(…, 'en')` does, which is ICU's collation and not the order of bytes.

use std::sync::LazyLock;

use icu_collator::options::{CaseLevel, CollatorOptions, Strength};
use icu_collator::preferences::CollationNumericOrdering;
use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences};
use icu_locale_core::locale;

static COLLATOR: LazyLock<CollatorBorrowed<'static>> = LazyLock::new(|| {
    Collator::try_new(locale!("en").into(), CollatorOptions::default())
        .expect("the collation data of `en` is compiled into icu_collator")
});

/// npm's `localeCompare` for lists that people read: numbers by their value, case counted, accents not.
static LISTING_COLLATOR: LazyLock<CollatorBorrowed<'static>> = LazyLock::new(|| {
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Primary);
    options.case_level = Some(CaseLevel::On);
    let mut preferences = CollatorPreferences::from(locale!("en"));
    preferences.numeric_ordering = Some(CollationNumericOrdering::True);
    Collator::try_new(preferences, options).expect("the collation data of `en` is compiled into icu_collator")
});

/// Sorts what `npm pack --json` lists, by the paths: those that begin with a capital, or with what has none, come first.
pub fn sort_listing<T>(files: &mut [T], path: impl Fn(&T) -> &str) {
    files.sort_by_cached_key(|file| {
        let path = path(file);
        let first = path.chars().next().map(String::from).unwrap_or_default();
        let mut key = Vec::with_capacity(path.len() * 2 + 8);
        let Ok(()) = LISTING_COLLATOR.write_sort_key_to(path, &mut key);
        (first != first.to_uppercase(), key)
    });
}

/// Sorts paths; those that compare as equal keep their order.
pub(crate) fn sort(paths: &mut [String]) {
    paths.sort_by_cached_key(|path| {
        let base = path.rsplit('/').next().unwrap_or(path);
        [key(&extension(base).to_lowercase()), key(&base.to_lowercase()), key(path)]
    });
}

fn key(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len() * 2 + 8);
    let Ok(()) = COLLATOR.write_sort_key_to(text, &mut key);
    key
}

/// The extension with its dot, as node's `path.extname` gives it.
fn extension(base: &str) -> &str {
    match base.rfind('.') {
        Some(0) | None => "",
        Some(_) if base == ".." => "",
        Some(dot) => base.get(dot..).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mut given: Vec<&str>, expected: &[&str]) {
        let mut paths: Vec<String> = given.drain(..).map(str::to_owned).collect();
        sort(&mut paths);
        assert_eq!(paths, expected);
    }

    #[test]
    fn sorts_by_extension_then_base_then_path() {
        check(vec!["b.js", "lib/a.js", "a.js", "z", "a.css"], &["z", "a.css", "a.js", "lib/a.js", "b.js"]);
    }

    #[test]
    fn collates_as_icu_does() {
        check(vec!["a-b", "a_b", "aB", "ab", "a b"], &["a b", "a_b", "a-b", "ab", "aB"]);
    }

    #[test]
    fn extensions_are_nodes() {
        for (base, expected) in [(".gitkeep", ""), ("a.", "."), ("..", ""), ("...", "."), ("a.b.c", ".c"), ("a", "")] {
            assert_eq!(extension(base), expected, "{base}");
        }
    }

    #[test]
    fn lists_as_npm_does() {
        let mut paths: Vec<String> = [
            "a10.js",
            "a9.js",
            "A1.js",
            "README.md",
            "package.json",
            "lib/B.js",
            "lib/a.js",
            "1.js",
            ".env",
            "é.js",
            "e.js",
            "@s/x",
            "_x",
            "Lib/a.js",
            "10.js",
            "9.js",
            "É",
            "z-1.js",
            "z_1.js",
            "(a)",
            "Z",
        ]
        .map(str::to_owned)
        .to_vec();
        let script = "const options = { sensitivity: 'case', numeric: true };
            const paths = JSON.parse(process.argv[1]);
            const isUpper = path => path.charAt(0) === path.charAt(0).toUpperCase();
            const sorted = some => some.sort((a, b) => a.localeCompare(b, 'en', options));
            const all = [...sorted(paths.filter(isUpper)), ...sorted(paths.filter(path => !isUpper(path)))];
            process.stdout.write(JSON.stringify(all));";
        let given = serde_json::to_string(&paths).unwrap();
        let node = std::process::Command::new("node").args(["-e", script]).arg(given).output();
        let expected: Vec<String> = serde_json::from_slice(&node.expect("node is on the PATH").stdout).unwrap();
        sort_listing(&mut paths, |path| path);
        assert_eq!(paths, expected);
    }

    /// Sorts by node's `localeCompare`, as npm-packlist does.
    fn sorted_by_node(paths: &[String]) -> Vec<String> {
        let script = "const { extname, basename } = require('path');
            const paths = JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8'));
            const lower = f => a => f(a).toLowerCase();
            const keys = [lower(extname), lower(basename), a => a];
            paths.sort((a, b) => keys.reduce((r, k) => r || k(a).localeCompare(k(b), 'en'), 0));
            process.stdout.write(JSON.stringify(paths));";
        let file = tempfile::NamedTempFile::new().unwrap();
        serde_json::to_writer(&file, paths).unwrap();
        let node = std::process::Command::new("node").args(["-e", script]).arg(file.path()).output();
        serde_json::from_slice(&node.expect("node is on the PATH").stdout).unwrap()
    }

    #[test]
    fn sorts_random_names_as_node_does() {
        const CHARACTERS: &[char] = &[
            'a', 'b', 'A', 'B', 'z', 'Z', '0', '1', '9', '.', '.', '/', '/', '-', '_', ' ', '+', '(', ')', '[', ']',
            '@', '#', '$', '~', '!', '%', '&', ',', ';', '=', '^', '`', '{', '}', '\'', 'é', 'É', 'ü', 'ß', 'æ', 'ø',
            'ı', 'İ', 'ñ', 'ł', 'α', 'Ω', 'д', 'Ж', 'א', '中', '語', 'ア', 'か', '가', '😀', '🚀', '€', '—', '…', '½',
            '\u{301}', '\u{200d}', 'ﬁ', 'Å', 's', 'S', 'ſ',
        ];
        let mut state = 0x1357_9bdf_2468_ace1_u64;
        let mut below = |end: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(end).unwrap()).unwrap()
        };
        let mut paths: Vec<String> =
            (0..5000).map(|_| (0..=below(8)).map(|_| CHARACTERS[below(CHARACTERS.len())]).collect()).collect();
        // npm never lists a path with an empty name in it.
        paths.retain(|path: &String| path.split('/').all(|name| !name.is_empty()));
        let expected = sorted_by_node(&paths);
        sort(&mut paths);
        let different: Vec<_> = paths.iter().zip(&expected).filter(|(a, b)| a != b).take(5).collect();
        assert!(different.is_empty(), "{different:?}");
    }
}
