//! `.changeset/config.json`: the settings of changesets 3 that decide about versions, ranges and changelogs.
//!
//! Source: the schema in `@changesets/config` 4.0. Unknown keys are passed over, as there. What changesets decides by
//! running code (`changelog`, `commit` with a module) is kept as a name and not run.

use relay_values::Printable;
use serde::Deserialize;

use crate::bump::Bump;

/// The file's path relative to the workspace root.
pub const CHANGESETS_CONFIG_FILE: &str = ".changeset/config.json";

/// The generation of changesets whose rules and defaults a repo follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChangesetsGeneration {
    /// `@changesets/cli` 2, seen in 2.31: private packages get versions by default, a minor or major release of a peer
    /// dependency makes its dependents major, and files stay where they are in the prerelease mode.
    Two,
    /// `@changesets/cli` 3.
    #[default]
    Three,
}

/// The settings of changesets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangesetsConfig {
    /// Whose rules count.
    pub generation: ChangesetsGeneration,
    /// The branch that releases are made from.
    pub base_branch: String,
    /// Who may read a scoped package that is published for the first time.
    pub access: ChangesetsAccess,
    /// Groups of name globs: all members of a group are released as soon as one is.
    pub fixed: Vec<Vec<String>>,
    /// Groups of name globs: those members of a group that are released get the same version.
    pub linked: Vec<Vec<String>>,
    /// Name globs: these are never released.
    pub ignore: Vec<String>,
    /// The least bump of a dependency for which a range that still accepts it is rewritten (patch or minor).
    pub update_internal_dependencies: Bump,
    /// Whether private packages get versions.
    pub private_packages: PrivatePackages,
    /// Whether only `workspace:` ranges make edges and are rewritten.
    pub bump_versions_with_workspace_protocol_only: bool,
    /// The changelog's module; `None` where no changelogs are wanted.
    pub changelog: Option<String>,
    /// Whether a peer range that still accepts the new version is left alone.
    pub only_update_peer_dependents_when_out_of_range: bool,
    /// Whether every release of a dependency releases its dependents.
    pub always_update_internal_dependents: bool,
    /// `.changeset/pre.json`, which is a file of its own: the caller reads it and sets this.
    pub pre: Option<PreState>,
}

/// Who may read a new scoped package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangesetsAccess {
    /// Everybody.
    Public,
    /// Only those who are granted access: the default of changesets.
    #[default]
    Restricted,
}

/// `privatePackages`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct PrivatePackages {
    /// They get versions and changelogs.
    pub version: bool,
    /// They get git tags.
    pub tag: bool,
}

/// `.changeset/pre.json`: the prerelease mode of changesets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PreState {
    /// In the mode, or about to leave it.
    pub mode: PreMode,
    /// The word in front of the number: `next` in `1.0.0-next.0`.
    pub tag: String,
    /// The ids of the change files that earlier prereleases used up, as changesets 2 keeps them here; changesets 3 keeps such
    /// files in a folder of their own.
    #[serde(default)]
    pub changesets: Vec<String>,
}

/// Whether prereleases are being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PreMode {
    /// New versions are prereleases.
    Pre,
    /// The next versions finish the prereleases.
    Exit,
}

/// A configuration that changesets would refuse too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {problem}\n  {excerpt}")]
pub struct ChangesetsConfigError {
    /// The file.
    pub file: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
    /// The line's text, cut to a printable length.
    pub excerpt: String,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Written {
    base_branch: String,
    access: ChangesetsAccess,
    fixed: Vec<Vec<String>>,
    linked: Vec<Vec<String>>,
    ignore: Vec<String>,
    update_internal_dependencies: LeastBump,
    private_packages: Option<WrittenPrivatePackages>,
    bump_versions_with_workspace_protocol_only: bool,
    changelog: WrittenChangelog,
    #[serde(rename = "___experimentalUnsafeOptions_WILL_CHANGE_IN_PATCH")]
    unsafe_options: UnsafeOptions,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LeastBump {
    Patch,
    Minor,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`privatePackages` must be true, false or an object with `version` and `tag`")]
enum WrittenPrivatePackages {
    All(bool),
    Each { version: Option<bool>, tag: Option<bool> },
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`changelog` must be false, a module, or a list of a module and its options")]
enum WrittenChangelog {
    Switch(bool),
    Module(String),
    WithOptions((String, Option<serde_json::Map<String, serde_json::Value>>)),
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UnsafeOptions {
    only_update_peer_dependents_when_out_of_range: bool,
    update_internal_dependents: UpdateInternalDependents,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum UpdateInternalDependents {
    Always,
    #[default]
    OutOfRange,
}

impl ChangesetsConfig {
    /// Parses `.changeset/config.json` by the defaults of changesets 3. Globs are kept as written; they are matched when a
    /// plan is made.
    ///
    /// # Errors
    /// [`ChangesetsConfigError`] with the place, for broken JSON and for values of a wrong type.
    pub fn parse(text: &str) -> Result<Self, ChangesetsConfigError> {
        Self::parse_for(ChangesetsGeneration::Three, text)
    }

    /// Parses `.changeset/config.json` by the defaults of one generation.
    ///
    /// # Errors
    /// [`ChangesetsConfigError`] with the place, for broken JSON and for values of a wrong type.
    pub fn parse_for(generation: ChangesetsGeneration, text: &str) -> Result<Self, ChangesetsConfigError> {
        let written: Written = read_json(CHANGESETS_CONFIG_FILE, text)?;
        let by_default = generation == ChangesetsGeneration::Two;
        Ok(Self {
            generation,
            base_branch: written.base_branch,
            access: written.access,
            fixed: written.fixed,
            linked: written.linked,
            ignore: written.ignore,
            update_internal_dependencies: match written.update_internal_dependencies {
                LeastBump::Patch => Bump::Patch,
                LeastBump::Minor => Bump::Minor,
            },
            private_packages: match written.private_packages {
                None => PrivatePackages { version: by_default, tag: false },
                Some(WrittenPrivatePackages::All(yes)) => PrivatePackages { version: yes, tag: yes },
                Some(WrittenPrivatePackages::Each { version, tag }) => {
                    PrivatePackages { version: version.unwrap_or(by_default), tag: tag.unwrap_or(false) }
                }
            },
            bump_versions_with_workspace_protocol_only: written.bump_versions_with_workspace_protocol_only,
            changelog: match written.changelog {
                WrittenChangelog::Switch(false) => None,
                WrittenChangelog::Switch(true) => Some(DEFAULT_CHANGELOG.to_owned()),
                WrittenChangelog::Module(module) | WrittenChangelog::WithOptions((module, _)) => Some(module),
            },
            only_update_peer_dependents_when_out_of_range: written
                .unsafe_options
                .only_update_peer_dependents_when_out_of_range,
            always_update_internal_dependents: written.unsafe_options.update_internal_dependents
                == UpdateInternalDependents::Always,
            pre: None,
        })
    }
}

/// The changelog module of changesets itself.
pub const DEFAULT_CHANGELOG: &str = "@changesets/cli/changelog";

impl Default for ChangesetsConfig {
    /// What an empty `{}` means.
    fn default() -> Self {
        Self {
            generation: ChangesetsGeneration::Three,
            base_branch: "main".to_owned(),
            access: ChangesetsAccess::default(),
            fixed: Vec::new(),
            linked: Vec::new(),
            ignore: Vec::new(),
            update_internal_dependencies: Bump::Patch,
            private_packages: PrivatePackages::default(),
            bump_versions_with_workspace_protocol_only: false,
            changelog: Some(DEFAULT_CHANGELOG.to_owned()),
            only_update_peer_dependents_when_out_of_range: false,
            always_update_internal_dependents: false,
            pre: None,
        }
    }
}

impl PreState {
    /// Parses `.changeset/pre.json`. Keys of the older format are passed over.
    ///
    /// # Errors
    /// [`ChangesetsConfigError`] with the place.
    pub fn parse(text: &str) -> Result<Self, ChangesetsConfigError> {
        read_json(".changeset/pre.json", text)
    }
}

impl Default for Written {
    fn default() -> Self {
        Self {
            base_branch: "main".to_owned(),
            access: ChangesetsAccess::default(),
            fixed: Vec::new(),
            linked: Vec::new(),
            ignore: Vec::new(),
            update_internal_dependencies: LeastBump::Patch,
            private_packages: None,
            bump_versions_with_workspace_protocol_only: false,
            changelog: WrittenChangelog::Module(DEFAULT_CHANGELOG.to_owned()),
            unsafe_options: UnsafeOptions::default(),
        }
    }
}

fn read_json<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<T, ChangesetsConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A list would be taken for the values of the keys in their order.
    let is_list = text.trim_start().starts_with('[');
    let read = if is_list { Err(serde::de::Error::custom(LIST_FOUND)) } else { serde_json::from_str(text) };
    read.map_err(|error: serde_json::Error| {
        let problem = error.to_string();
        let problem = problem.rfind(" at line ").and_then(|end| problem.get(..end)).unwrap_or(&problem);
        let problem = if text.trim().is_empty() { "the file is empty, where an object is expected" } else { problem };
        let problem = in_words(problem).unwrap_or_else(|| problem.to_owned());
        let (line, column) = place(text, error.line(), error.column());
        let excerpt = Printable::excerpt(text, line).into();
        ChangesetsConfigError { file, line, column, problem, excerpt }
    })
}

/// The complaint about a file whose top is a list.
const LIST_FOUND: &str = "invalid type: sequence, expected a map";

/// A complaint about a value of a wrong kind in the words of whoever wrote it.
fn in_words(problem: &str) -> Option<String> {
    let (found, expected) = problem.strip_prefix("invalid type: ")?.rsplit_once(", expected ")?;
    let expected = match expected {
        "a sequence" => "a list such as `[\"...\"]`",
        "a string" => "a text in quotes",
        "a boolean" => "`true` or `false`",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        other => other,
    };
    let found = match found.split(' ').next().unwrap_or_default() {
        "integer" | "floating" => "a number",
        "string" => "a text",
        "boolean" => "`true` or `false`",
        "sequence" => "a list",
        "map" => "an object",
        "null" => "`null`",
        _ => found,
    };
    Some(format!("expected {expected}, found {found}"))
}

/// The parser's place; for a text that ends too early, the end of the last line with text on it, which can be shown.
fn place(text: &str, line: usize, column: usize) -> (usize, usize) {
    let shown = text.lines().nth(line.saturating_sub(1)).is_some_and(|line| !line.trim().is_empty());
    if shown && column > 0 {
        return (line, column);
    }
    let last = text.lines().take(line).enumerate().filter(|(_, line)| !line.trim().is_empty()).last();
    last.map_or((1, 1), |(index, line)| (index + 1, line.trim_end().chars().count().max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_means_the_defaults() {
        assert_eq!(ChangesetsConfig::parse("{}").unwrap(), ChangesetsConfig::default());
    }

    #[test]
    fn reads_what_decides_about_versions() {
        let config = ChangesetsConfig::parse(
            r#"{"$schema": "x", "fixed": [["a", "b-*"]], "linked": [], "ignore": ["docs"], "access": "public",
                "baseBranch": "trunk", "updateInternalDependencies": "minor", "commit": true, "changelog": false,
                "privatePackages": {"version": true},
                "___experimentalUnsafeOptions_WILL_CHANGE_IN_PATCH": {"updateInternalDependents": "always"}}"#,
        )
        .unwrap();
        assert_eq!(config.fixed, [["a", "b-*"]]);
        assert_eq!((config.base_branch.as_str(), config.access), ("trunk", ChangesetsAccess::Public));
        assert_eq!(config.private_packages, PrivatePackages { version: true, tag: false });
        assert_eq!((config.update_internal_dependencies, config.changelog), (Bump::Minor, None));
        assert!(config.always_update_internal_dependents);
    }

    #[test]
    fn says_where_a_wrong_value_is() {
        let error = ChangesetsConfig::parse("{\n  \"fixed\": [\"a\"]\n}").unwrap_err().to_string();
        assert!(error.starts_with(".changeset/config.json:2:"), "{error}");
        let error = ChangesetsConfig::parse("{\"updateInternalDependencies\": \"major\"}").unwrap_err().to_string();
        assert!(error.contains("unknown variant `major`"), "{error}");
        for (text, expected) in [
            ("{\"fixed\": 3}", "1:11: expected a list such as `[\"...\"]`, found a number\n  {\"fixed\": 3}"),
            ("{\"ignore\": [3]}", "1:13: expected a text in quotes, found a number\n"),
            ("[]", "1:1: expected an object, found a list\n  []"),
            ("", "1:1: the file is empty, where an object is expected\n"),
        ] {
            let error = ChangesetsConfig::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!(".changeset/config.json:{expected}")), "{text}: {error}");
        }
        assert!(ChangesetsConfig::parse("{").is_err());
    }

    #[test]
    fn reads_the_prerelease_mode() {
        let state = PreState::parse(r#"{"mode": "pre", "tag": "next", "initialVersions": {}}"#).unwrap();
        assert_eq!((state.mode, state.tag.as_str()), (PreMode::Pre, "next"));
    }
}
