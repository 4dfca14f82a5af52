//! Names, versions, ranges, addresses and patterns.

use relay_pack::minimatch::Pattern;
use relay_values::{DistTag, RegistryUrl};
use relay_workspace::{DependencyKind, Integrity, PackageName, Range, Shasum, Specifier, Version, published_version};

use crate::invariants::is_printable;
use crate::text;

/// One word, read as everything that a word can be.
pub fn words(input: &[u8]) {
    let Some(text) = text(input) else { return };
    match PackageName::parse(text) {
        Ok(name) => {
            assert_eq!(name.as_str(), text);
            assert_eq!(name.scope().is_some(), text.starts_with('@'));
            is_printable(&name);
        }
        Err(error) => is_printable(&error),
    }
    match RegistryUrl::parse(text) {
        Ok(url) => {
            assert_eq!(RegistryUrl::parse(url.as_str()).as_ref(), Ok(&url), "an address is read back as itself");
            is_printable(&url);
        }
        Err(error) => is_printable(&error),
    }
    match DistTag::parse(text) {
        Ok(tag) => assert_eq!(DistTag::parse(tag.as_str()).as_ref(), Ok(&tag)),
        Err(error) => is_printable(&error),
    }
    match Range::parse(text) {
        Ok(range) => {
            let _ = range.accepts(&Version::new(1, 2, 3));
            assert_eq!(range.to_string(), text);
        }
        Err(error) => is_printable(&error),
    }
    for digest in [Integrity::parse(text).map(drop), Shasum::parse(text).map(drop)] {
        if let Err(error) = digest {
            is_printable(&error);
        }
    }
    if let Some(version) = published_version(text) {
        assert_eq!(published_version(&version.to_string()), Some(version));
    }
    let _ = Specifier::parse(text);
    let _ = relay_workspace::Dependency::parse(DependencyKind::Prod, "a", text);
}

/// A pattern of `files` or an ignore file on the first line, paths on the others.
pub fn pattern(input: &[u8]) {
    let Some((pattern, paths)) = text(input).and_then(|text| text.split_once('\n')) else { return };
    let pattern = match Pattern::parse(pattern) {
        Ok(pattern) => pattern,
        Err(error) => return is_printable(&error),
    };
    for path in paths.lines().take(64) {
        let names: Vec<&str> = path.split('/').collect();
        let _ = pattern.matches_names(&names, false);
        if pattern.matches(path, false) {
            assert!(!pattern.is_out_of_reach(&names), "{path} is matched, and said to be out of reach");
        }
        let _ = pattern.matches(path, true);
    }
}
