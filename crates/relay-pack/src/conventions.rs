//! Whose habits packing follows, where package managers and their versions differ.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::NpmRules;

use crate::executables::Executables;

/// The habits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conventions {
    /// Which npm's rules say what is packed.
    pub npm: NpmRules,
    /// Whether something says that these rules count. Where nothing does, a package of which npm 11 and npm 12 pack different
    /// files is refused.
    pub pinned: bool,
    /// The workspace around the package, where its ignore files count as for npm.
    pub context: Option<WorkspaceContext>,
    /// The workspace's root, up to which bundled dependencies are looked for.
    pub root: Option<Utf8PathBuf>,
    /// The licence files of the workspace's root that go into packages without one, as for pnpm.
    pub licences: Vec<Utf8PathBuf>,
    /// Which files become executable.
    pub executables: Executables,
    /// The user's own ignore file and its text, which npm 12 heeds.
    pub user_ignore: Option<(Utf8PathBuf, String)>,
}

/// The workspace around a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceContext {
    /// The workspace's root, absolute.
    pub root: Utf8PathBuf,
    /// The folders of its members, absolute.
    pub members: BTreeSet<Utf8PathBuf>,
}

/// Those of npm 11 for a package by itself.
pub(crate) static OF_NPM11: Conventions = Conventions::of(NpmRules::Npm11);

impl Conventions {
    /// Those of an npm for a package by itself.
    pub const fn of(npm: NpmRules) -> Self {
        Self {
            npm,
            pinned: true,
            context: None,
            root: None,
            licences: Vec::new(),
            executables: Executables::Npm,
            user_ignore: None,
        }
    }
}

/// The licence files of a workspace's root, as pnpm 12 finds them: `LICENSE` or `LICENCE` with any extension, case ignored, no
/// links and no folders.
pub fn licences_in(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(entries) = root.read_dir_utf8() else { return Vec::new() };
    let entries = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut found: Vec<_> =
        entries.filter(|entry| is_licence(entry.file_name())).map(|entry| entry.path().to_owned()).collect();
    found.sort();
    found
}

/// Says whether pnpm takes a file of this name for a licence.
pub(crate) fn is_licence(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = name.split_once('.').map_or(name.as_str(), |(stem, _)| stem);
    matches!(stem, "license" | "licence")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_known_by_name() {
        for (name, expected) in [
            ("LICENSE", true),
            ("licence.md", true),
            ("License.txt.bak", true),
            ("LICENSE-MIT", false),
            ("LICENSES", false),
            ("COPYING", false),
            (".license", false),
        ] {
            assert_eq!(is_licence(name), expected, "{name}");
        }
    }
}
