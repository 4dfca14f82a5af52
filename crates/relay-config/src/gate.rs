//! `[gate]`: what is looked for in tarballs, how much each finding weighs, and what is let pass.
//!
//! [`GATE_FINDINGS`] is the one table of names; `docs/CONFIGURATION.md` shows the same, and a test holds the two together.

use std::fmt;

use relay_workspace::PackageName;
use serde::{Deserialize, Deserializer, Serialize};

use crate::pattern::{NamePatterns, wildcard_matches};
use crate::quantity::SizeText;
use crate::sections::any_order;

/// What the gate can find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingName {
    /// A specifier that only the workspace understands, in the manifest of the tarball.
    ProtocolLeak,
    /// A token or private key in a file.
    Secret,
    /// The tarball is larger than `max-size`.
    MaxSize,
    /// A file that keeps secrets by its name.
    SecretFile,
    /// A script that runs where the package is installed, and did not in the version before.
    NewInstallScript,
    /// The manifest names a file that is not there.
    MissingEntryPoint,
    /// An entry of `files` that brings nothing.
    UnmatchedFiles,
    /// A program that can't be run once it is unpacked.
    NotExecutable,
    /// An earlier tarball of the package.
    OldTarball,
    /// A package of dual use without its disclosure.
    MissingDisclosure,
    /// A dependency by address, which npm 12 installs on request only.
    RemoteDependency,
    /// Files that the version before had.
    VanishedFiles,
    /// A size that is far from that of the version before.
    SizeJump,
    /// Source maps that carry sources, and did not in the version before.
    NewSourceMap,
    /// Files that the version before had not.
    NewFiles,
    /// Source maps that carry sources.
    SourceMap,
    /// The tarball can't be read back. Nothing lets it pass.
    #[serde(skip)]
    Unreadable,
}

/// How much a finding weighs, the heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It stops the release before anything is sent.
    Error,
    /// It is told, and is not in the way.
    Warning,
    /// It is told where tarballs are looked at: `--dry-run`, `relay pack`, `--verbose`.
    Info,
    /// It is not looked for.
    Off,
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateFinding {
    /// Its name.
    pub name: FindingName,
    /// What it weighs where the settings don't say.
    pub level: Level,
    /// What it means.
    pub means: &'static str,
    /// Whether it is about files that `files` of an allowance can name.
    pub names_files: bool,
}

const fn row(name: FindingName, level: Level, names_files: bool, means: &'static str) -> GateFinding {
    GateFinding { name, level, means, names_files }
}

/// All that the settings can name.
pub const GATE_FINDINGS: [GateFinding; 16] = [
    row(
        FindingName::ProtocolLeak,
        Level::Error,
        false,
        "`workspace:`, `catalog:` or another protocol in the package's own manifest that nobody outside can install from \
         (`file:`, `link:`, `portal:`, `jsr:`, a named registry)",
    ),
    row(
        FindingName::Secret,
        Level::Error,
        true,
        "a token or private key in a file, by the form that its issuer documents",
    ),
    row(FindingName::MaxSize, Level::Error, false, "the tarball is larger than `max-size`"),
    row(
        FindingName::SecretFile,
        Level::Warning,
        true,
        "a file that keeps secrets by its name: `.env`, `.env.*` (but for samples), `.npmrc`, `.netrc`, `.pypirc`, \
         `.git-credentials`",
    ),
    row(
        FindingName::NewInstallScript,
        Level::Warning,
        false,
        "`preinstall`, `install` or `postinstall` runs where the package is installed, node-gyp for a `binding.gyp` included, \
         and did not in the version before",
    ),
    row(
        FindingName::MissingEntryPoint,
        Level::Warning,
        true,
        "`main`, `module`, `types`, `exports` or `bin` names a file that is not in the tarball",
    ),
    row(FindingName::UnmatchedFiles, Level::Warning, true, "an entry of `files` brings nothing into the tarball"),
    row(FindingName::NotExecutable, Level::Warning, true, "a program that can't be run once it is unpacked"),
    row(FindingName::OldTarball, Level::Warning, true, "a tarball of the package from an earlier packing"),
    row(
        FindingName::MissingDisclosure,
        Level::Warning,
        false,
        "`contentPolicy` is `dual-use`, and there is no `DISCLOSURE`",
    ),
    row(
        FindingName::RemoteDependency,
        Level::Warning,
        false,
        "a dependency by a git or tarball address, which npm 12 installs on request only",
    ),
    row(FindingName::VanishedFiles, Level::Warning, true, "files that the version before had are gone"),
    row(
        FindingName::SizeJump,
        Level::Warning,
        false,
        "unpacked it is twice as large as the version before, or half as large, and that by 100 kB or more",
    ),
    row(
        FindingName::NewSourceMap,
        Level::Warning,
        true,
        "source maps carry the sources' text (`sourcesContent`), and none of the version before did",
    ),
    row(FindingName::NewFiles, Level::Info, true, "files that the version before had not"),
    row(
        FindingName::SourceMap,
        Level::Off,
        true,
        "source maps carry the sources' text, whether or not they did before",
    ),
];

/// `[gate]`: what stops a tarball, and what is told of it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct GateSettings {
    /// The largest tarball, packed.
    pub max_size: Option<SizeText>,
    /// Findings that stop a release, beside those that do anyway.
    #[serde(serialize_with = "any_order")]
    pub forbid: Vec<FindingName>,
    /// Findings that are only told.
    #[serde(serialize_with = "any_order")]
    pub warn: Vec<FindingName>,
    /// Whether the tarball of the version before is fetched, to be compared with.
    pub compare: bool,
    /// What is let pass.
    pub allow: Vec<Allowance>,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { max_size: None, forbid: Vec::new(), warn: Vec::new(), compare: true, allow: Vec::new() }
    }
}

/// `[[gate.allow]]`: findings that are meant, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Allowance {
    /// Whose; without it all packages'.
    #[serde(default)]
    pub packages: Option<NamePatterns>,
    /// Which.
    #[serde(deserialize_with = "at_least_one_name", serialize_with = "any_order")]
    pub findings: Vec<FindingName>,
    /// About which files, as patterns over their paths in the package in which `*` stands for any characters; without it
    /// about all of them.
    #[serde(default)]
    pub files: Option<Vec<String>>,
    /// Why, for whoever reads the file.
    #[serde(deserialize_with = "not_blank")]
    pub reason: String,
}

/// What counts for the tarball of one package.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GateRules {
    settings: GateSettings,
}

impl FindingName {
    /// The name in `relay.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProtocolLeak => "protocol-leak",
            Self::Secret => "secret",
            Self::MaxSize => "max-size",
            Self::SecretFile => "secret-file",
            Self::NewInstallScript => "new-install-script",
            Self::MissingEntryPoint => "missing-entry-point",
            Self::UnmatchedFiles => "unmatched-files",
            Self::NotExecutable => "not-executable",
            Self::OldTarball => "old-tarball",
            Self::MissingDisclosure => "missing-disclosure",
            Self::RemoteDependency => "remote-dependency",
            Self::VanishedFiles => "vanished-files",
            Self::SizeJump => "size-jump",
            Self::NewSourceMap => "new-source-map",
            Self::NewFiles => "new-files",
            Self::SourceMap => "source-map",
            Self::Unreadable => "unreadable",
        }
    }

    /// What it weighs where the settings don't say.
    fn usual_level(self) -> Level {
        GATE_FINDINGS.iter().find(|finding| finding.name == self).map_or(Level::Error, |finding| finding.level)
    }

    /// Says whether a script or build that has not run yet may put it right.
    pub fn may_be_for_want_of_a_build(self) -> bool {
        matches!(
            self,
            Self::MissingEntryPoint
                | Self::UnmatchedFiles
                | Self::NotExecutable
                | Self::OldTarball
                | Self::MissingDisclosure
                | Self::VanishedFiles
                | Self::SizeJump
        )
    }
}

impl fmt::Display for FindingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Level {
    /// The word in the guide.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Off => "off",
        }
    }
}

impl GateSettings {
    /// What counts for one package.
    pub fn rules_for(&self, package: &PackageName) -> GateRules {
        let concerns = |one: &&Allowance| one.packages.as_ref().is_none_or(|packages| packages.matches(package));
        let allow = self.allow.iter().filter(concerns).cloned().collect();
        GateRules { settings: Self { allow, ..self.clone() } }
    }

    /// The first name that is both forbidden and to be told only.
    pub(crate) fn contradiction(&self) -> Option<FindingName> {
        self.forbid.iter().find(|name| self.warn.contains(name)).copied()
    }
}

impl GateRules {
    /// The largest tarball that is fine, packed, in bytes.
    pub fn max_size_bytes(&self) -> Option<u64> {
        self.settings.max_size.map(|size| size.0)
    }

    /// What a finding weighs; [`Level::Off`] where it is let pass whatever it is about.
    pub fn level(&self, name: FindingName) -> Level {
        if self.lets_pass(name, None) {
            return Level::Off;
        }
        if self.settings.forbid.contains(&name) {
            Level::Error
        } else if self.settings.warn.contains(&name) {
            Level::Warning
        } else {
            name.usual_level()
        }
    }

    /// Says whether a finding is let pass: about this file, or whatever it is about.
    pub fn lets_pass(&self, name: FindingName, file: Option<&str>) -> bool {
        self.settings.allow.iter().filter(|one| one.findings.contains(&name)).any(|one| match (&one.files, file) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(patterns), Some(file)) => patterns.iter().any(|pattern| wildcard_matches(pattern, file)),
        })
    }
}

fn at_least_one_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FindingName>, D::Error> {
    let names = Vec::deserialize(deserializer)?;
    if names.is_empty() {
        return Err(serde::de::Error::custom("expected at least one finding, such as [\"new-files\"]"));
    }
    Ok(names)
}

fn not_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let reason = String::deserialize(deserializer)?;
    if reason.trim().is_empty() {
        return Err(serde::de::Error::custom("expected the reason in words, in quotes"));
    }
    Ok(reason)
}

#[cfg(test)]
mod tests;
