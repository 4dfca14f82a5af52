//! What a tarball says it is, against what it is to be published as (invariant I16).
//!
//! A registry files an upload under the name and version of its document, which npm takes from the manifest inside. Where that
//! manifest is not the package's own (`publishConfig.directory`), or a script rewrites it, the two can differ: another version
//! would go out, and `latest` would move to it.

use camino::Utf8PathBuf;
use relay_pack::Tarball;
use relay_workspace::{PackageName, Version, WorkspacePackage};

/// A name or version inside a tarball that is not the planned one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mislabelled {
    /// The package.
    pub package: PackageName,
    /// The manifest that goes into the tarball, relative to the workspace root.
    pub file: Utf8PathBuf,
    /// `name` or `version`.
    pub field: &'static str,
    /// What it says there.
    pub says: String,
    /// What it should be.
    pub planned: String,
    /// What to do.
    pub cure: String,
}

/// What a tarball should be.
pub(super) struct Expected<'a> {
    pub(super) package: &'a WorkspacePackage,
    pub(super) version: &'a Version,
    /// Whether scripts have run before it was packed.
    pub(super) after_scripts: bool,
}

/// Compares a tarball with what it should be.
pub(super) fn check(expected: &Expected, tarball: &Tarball) -> Vec<Mislabelled> {
    let package = expected.package;
    let directory = package.manifest.publish_config("directory").and_then(|value| value.as_str());
    let folder = directory.map_or_else(|| package.path.clone(), |directory| package.path.join(directory));
    // `./dist/` is `dist`.
    let file: Utf8PathBuf = folder.join("package.json").components().collect();
    let wrong = |field, says: &str, planned: String| Mislabelled {
        package: package.name.clone(),
        file: file.clone(),
        field,
        says: says.to_owned(),
        planned,
        cure: cure(expected, directory),
    };
    let mut found = Vec::new();
    if tarball.name != package.name.as_str() {
        found.push(wrong("name", &tarball.name, package.name.to_string()));
    }
    if !is_same(&tarball.version, expected.version) {
        found.push(wrong("version", &tarball.version, expected.version.to_string()));
    }
    found
}

/// As npm compares versions before it publishes: what stands behind `+` doesn't count.
pub(super) fn is_same(says: &str, planned: &Version) -> bool {
    let bare = |version: &Version| Version { build: semver::BuildMetadata::EMPTY, ..version.clone() };
    Version::parse(says.trim()).is_ok_and(|inside| bare(&inside) == bare(planned))
}

fn cure(expected: &Expected, directory: Option<&str>) -> String {
    const BUILDS: [&str; 3] = ["prepublishOnly", "prepack", "prepare"];
    let script = BUILDS.into_iter().find(|event| expected.package.manifest.script(event).is_some());
    match (directory, script) {
        (Some(directory), Some(script)) => format!(
            "let the `{script}` script write `{directory}/package.json` anew from the package's own, or build `{directory}` \
             again, and run the same command again"
        ),
        (Some(directory), None) => format!(
            "build `{directory}` again now that the version is written, or build it in a `prepack` script, and run the same \
             command again"
        ),
        (None, Some(script)) if expected.after_scripts => format!(
            "take out of the `{script}` script what rewrites package.json, or leave scripts out with `--ignore-scripts`; \
             `git diff` shows what it has changed"
        ),
        (None, _) => "find what has rewritten package.json: `git diff` shows the change".to_owned(),
    }
}

/// All of them in one sentence each.
pub(super) fn in_words(wrong: &[Mislabelled]) -> String {
    let sentences: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    sentences.join("; ")
}

impl std::fmt::Display for Mislabelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { package, file, field, says, planned, .. } = self;
        write!(f, "the tarball of `{package}` would say {field} `{says}` (in `{file}`) instead of `{planned}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_the_same_as_npm_sees_them() {
        let planned = Version::parse("1.2.3").unwrap();
        for (says, same) in [
            ("1.2.3", true),
            ("1.2.3+build.5", true),
            (" 1.2.3 ", true),
            ("1.2.3-rc.1", false),
            ("0.9.0", false),
            ("", false),
            ("latest", false),
        ] {
            assert_eq!(is_same(says, &planned), same, "{says}");
        }
        assert!(is_same("1.2.3", &Version::parse("1.2.3+sha.1").unwrap()));
    }
}
