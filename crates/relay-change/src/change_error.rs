//! Why no plan of bumps can be made.

use relay_workspace::PackageName;
use semver::Version;

/// A plan that can't be made, with the file or package that is in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// A change file names what is no package of the workspace.
    #[error("{file} names `{package}`, which is no package of this workspace{}", did_you_mean(near))]
    UnknownPackage {
        /// The change file.
        file: String,
        /// The name as written.
        package: String,
        /// Names of the workspace that are spelt much alike, best first.
        near: Vec<String>,
    },
    /// A change file names packages that are released together with packages that never are.
    #[error(
        "{file} names ignored packages ({}) together with others ({}); write two change files",
        list(ignored),
        list(others)
    )]
    MixedChangeFile {
        /// The change file.
        file: String,
        /// The packages that take no part in releases.
        ignored: Vec<String>,
        /// The others.
        others: Vec<String>,
    },
    /// By the rules of changesets, a released package must not depend on one that is not.
    #[error(
        "`{dependent}` depends on `{ignored}`, which is never released (it is ignored, private or has no version); add `{dependent}` to `ignore` in .changeset/config.json, or let `{ignored}` be released"
    )]
    DependsOnIgnored {
        /// The package that is released.
        dependent: PackageName,
        /// The package that isn't.
        ignored: PackageName,
    },
    /// A package is in two groups of one kind, or in a fixed and in a linked one.
    #[error("`{package}` is in more than one release group; a package can be in one fixed or linked group only")]
    InTwoGroups {
        /// The package.
        package: PackageName,
    },
    /// Tags of private packages are wanted, their versions are not.
    #[error(
        "`privatePackages` in .changeset/config.json asks for tags but not for versions; set `version` to true too"
    )]
    PrivateTagsWithoutVersions,
    /// In the prerelease mode a version must end in a number.
    #[error(
        "`{package}` has the version {version}, whose prerelease does not end in a number as in `1.0.0-next.0`; correct it before a release in prerelease mode"
    )]
    UncountedPrerelease {
        /// The package.
        package: PackageName,
        /// Its version.
        version: Version,
    },
    /// The tag of the prerelease mode can't stand in a version.
    #[error("`{tag}` in .changeset/pre.json is no prerelease tag; use letters, digits and hyphens")]
    InvalidPrereleaseTag {
        /// The tag.
        tag: String,
    },
    /// Prereleases are to graduate where changesets says when they do.
    #[error(
        "`--graduate` is for relay's own rules, and here `.changeset/config.json` says how versions are made; end the \
         prerelease mode with `changeset pre exit`, or finish a single prerelease with a change file"
    )]
    GraduatesByChangesets,
    /// Prereleases are to graduate and there are none.
    #[error(
        "`--graduate` names no package that has a prerelease version such as 2.0.0-rc.1; give names or patterns of \
         packages that do, as in `--graduate=@acme/core`"
    )]
    NothingGraduates,
    /// The next version would not be greater than the present one.
    #[error("`{package}` can't go up from {version}; correct the version in its package.json")]
    VersionCannotGrow {
        /// The package.
        package: PackageName,
        /// Its version.
        version: Version,
    },
}

/// How many near names a message offers.
const NEAR_NAMES_MAX: usize = 3;

/// Names are compared up to this many characters, which bounds the work on hostile ones.
const COMPARED_CHARS_MAX: usize = 214;

/// The names that are spelt much like `wanted`, best first.
pub(crate) fn near_names<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted: Vec<char> = wanted.chars().take(COMPARED_CHARS_MAX).collect();
    let unscoped = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let wanted_base = unscoped(&wanted.iter().collect::<String>());
    let changes_max = (wanted_base.chars().count() / 3).max(1);
    let mut scored: Vec<(usize, &str)> = names
        .map(|name| {
            let same_base = unscoped(name) == wanted_base;
            (if same_base { 0 } else { distance(&wanted, name) }, name)
        })
        .filter(|(distance, _)| *distance <= changes_max)
        .collect();
    scored.sort_unstable();
    scored.into_iter().take(NEAR_NAMES_MAX).map(|(_, name)| name.to_owned()).collect()
}

/// The Levenshtein distance: insertions, deletions and replacements of one character.
fn distance(wanted: &[char], name: &str) -> usize {
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (line, c) in name.chars().take(COMPARED_CHARS_MAX).enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (cell, w) in row.iter_mut().skip(1).zip(wanted) {
            let above = *cell;
            left = (diagonal + usize::from(*w != c)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() {
        "; correct the name or delete the file".to_owned()
    } else {
        format!("; did you mean {}?", list(near))
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, expected: &[&str]) {
        let names = ["@acme/core", "@acme/cores", "@acme/ui", "site"];
        assert_eq!(near_names(wanted, names.into_iter()), expected, "{wanted}");
    }

    #[test]
    fn offers_names_that_are_spelt_alike() {
        check("@acme/cor", &["@acme/core"]);
        check("core", &["@acme/core"]);
        check("sites", &["site"]);
        check("something-else", &[]);
    }

    #[test]
    fn counts_single_changes() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(distance(&chars("kitten"), "sitting"), 3);
        assert_eq!(distance(&chars(""), "abc"), 3);
        assert_eq!(distance(&chars("abc"), "abc"), 0);
    }
}
