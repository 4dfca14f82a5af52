//! A manifest's version as a registry keeps it.
//!
//! npm publishes `1.2.3+build.5` as 1.2.3 (seen with 11.19 and 12.2): document, tag, address and tarball name have no build
//! metadata, though `package.json` in the tarball keeps it. Two versions that differ in nothing else are one. npm also takes
//! spellings such as `v1.2.3`, ` =1.2.3`, `01.2.3` and `1.2.3beta`, and publishes another text than the manifest has; who
//! wrote them is asked to write what they mean.

use semver::{BuildMetadata, Version};

/// The version that a registry keeps for what a manifest says; `None` where that is no semantic version.
pub fn published_version(text: &str) -> Option<Version> {
    let version = Version::parse(text).ok()?;
    Some(Version { build: BuildMetadata::EMPTY, ..version })
}

/// What npm would publish for a text that is no semantic version as it stands, where it would publish anything.
pub(crate) fn loosely_read(text: &str) -> Option<Version> {
    let bare = text.trim_start_matches(|c: char| c == '=' || c == 'v' || c.is_whitespace()).trim_end();
    let core_end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
    let (core, rest) = bare.split_at(core_end);
    let numbers: Vec<u64> = core.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [major, minor, patch] = numbers.as_slice() else { return None };
    let rest = match rest.chars().next() {
        None | Some('-' | '+') => rest.to_owned(),
        Some(_) => format!("-{rest}"),
    };
    let (prerelease, build) = rest.split_once('+').map_or((rest.as_str(), None), |(pre, build)| (pre, Some(build)));
    let without_zeros = prerelease.split('.').map(|part| {
        let (dash, digits) = part.strip_prefix('-').map_or(("", part), |digits| ("-", digits));
        digits.parse::<u64>().map_or_else(|_| part.to_owned(), |number| format!("{dash}{number}"))
    });
    let prerelease = without_zeros.collect::<Vec<_>>().join(".");
    let build = build.map(|build| format!("+{build}")).unwrap_or_default();
    published_version(&format!("{major}.{minor}.{patch}{prerelease}{build}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_metadata_is_nobodys_version() {
        let kept = |text: &str| published_version(text).map(|version| version.to_string());
        for (text, expected) in [
            ("1.2.3", Some("1.2.3")),
            ("1.2.3+build.5", Some("1.2.3")),
            ("1.2.3-beta.1+x", Some("1.2.3-beta.1")),
            ("v1.2.3", None),
            ("1.2", None),
            ("1.2.3+", None),
            ("", None),
        ] {
            assert_eq!(kept(text).as_deref(), expected, "{text}");
        }
    }

    /// What `npm publish` of 11.19.1 and 12.2.0 sends, and what it refuses (`EBADSEMVER`).
    #[test]
    fn other_spellings_are_read_as_npm_reads_them() {
        let read = |text: &str| loosely_read(text).map(|version| version.to_string());
        for (text, expected) in [
            ("v1.2.3", Some("1.2.3")),
            (" =1.2.3", Some("1.2.3")),
            ("=v1.2.3", Some("1.2.3")),
            ("==1.2.3", Some("1.2.3")),
            (" 1.2.3 ", Some("1.2.3")),
            ("v 1.2.3", Some("1.2.3")),
            ("=1.2.3+b", Some("1.2.3")),
            ("01.2.3", Some("1.2.3")),
            ("1.2.3beta", Some("1.2.3-beta")),
            ("1.2.3-01", Some("1.2.3-1")),
            ("1.2", None),
            ("V1.2.3", None),
            ("~1.2.3", None),
            ("1.2.3.4", None),
            ("1.2.3+", None),
            ("1.2.3+a_b", None),
            ("", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }
}
