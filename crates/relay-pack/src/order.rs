//! The order of a tarball's entries: by extension, then base name, then whole path, each compared as JavaScript's
//! `localeCompare(…, 'en')` does, which is ICU's collation and not the order of bytes.

use std::sync::LazyLock;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorBorrowed};
use icu_locale_core::locale;

static COLLATOR: LazyLock<CollatorBorrowed<'static>> = LazyLock::new(|| {
    Collator::try_new(locale!("en").into(), CollatorOptions::default())
        .expect("the collation data of `en` is compiled into icu_collator")
});

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
}
