//! Whose habits packing follows in a workspace: those of its package manager, and where that is npm, of the npm that is pinned.

use camino::Utf8PathBuf;
use relay_config::NpmRules;
use relay_pack::{Conventions, Executables, WorkspaceContext, licences_in};
use relay_workspace::{PackageManager, Range, Version, Workspace};
use serde_json::Value;

/// What is chosen outside of the workspace's own files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackChoices {
    /// `like` under `[pack]` in `relay.toml`.
    pub like: Option<NpmRules>,
    /// The user's own ignore file and its text, which npm 12 heeds.
    pub user_ignore: Option<(Utf8PathBuf, String)>,
}

/// The habits that count for a workspace's packages.
pub fn conventions_of(workspace: &Workspace, choices: &PackChoices) -> Conventions {
    let manager = workspace.manager;
    let decided = match manager {
        _ if choices.like.is_some() => choices.like,
        PackageManager::Npm => pinned_npm(workspace),
        // They took npm's rules over when those of npm 11 were all there was, and have kept them.
        PackageManager::Pnpm | PackageManager::Yarn | PackageManager::Bun => Some(NpmRules::Npm11),
    };
    // Only npm's own workspaces heed the ignore files around a package (seen in npm 11.19 and 12.2).
    let context = (manager == PackageManager::Npm).then(|| WorkspaceContext {
        root: workspace.root.clone(),
        members: workspace.packages.iter().map(|package| workspace.folder(package)).collect(),
    });
    let npm = decided.unwrap_or(NpmRules::Npm12);
    Conventions {
        npm,
        pinned: decided.is_some(),
        context,
        root: Some(workspace.root.clone()),
        licences: if manager == PackageManager::Pnpm { licences_in(&workspace.root) } else { Vec::new() },
        executables: match manager {
            PackageManager::Npm => Executables::Npm,
            PackageManager::Pnpm => Executables::Pnpm,
            PackageManager::Yarn => Executables::Yarn,
            PackageManager::Bun => Executables::Bun,
        },
        user_ignore: choices.user_ignore.clone().filter(|_| npm == NpmRules::Npm12),
    }
}

/// The npm that the root's manifest pins, where it does.
fn pinned_npm(workspace: &Workspace) -> Option<NpmRules> {
    let fields = workspace.root_manifest.fields();
    let by_manager = fields.get("packageManager").and_then(Value::as_str).and_then(|text| text.strip_prefix("npm@"));
    if let Some(version) = by_manager {
        return of_range(version.split('+').next().unwrap_or(version));
    }
    let engines = fields.get("devEngines").and_then(|engines| engines.get("packageManager"))?;
    let all = match engines {
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let npm = all.iter().find(|one| one.get("name").and_then(Value::as_str) == Some("npm"))?;
    of_range(npm.get("version").and_then(Value::as_str)?)
}

/// The rules of all versions in a range, where these are the same.
fn of_range(text: &str) -> Option<NpmRules> {
    let range = Range::parse(text).ok()?;
    // The ends of the majors, and each version that the range itself names.
    let known = [
        "6.14.18", "7.0.0", "8.19.4", "9.9.4", "10.0.0", "10.99.99", "11.0.0", "11.99.99", "12.0.0", "12.99.99",
        "13.0.0", "99.0.0",
    ];
    let named = text.split(|c: char| c.is_whitespace() || "^~<>=|v".contains(c)).filter(|word| !word.is_empty());
    let accepted = |major: fn(u64) -> bool| {
        let versions = known.into_iter().chain(named.clone()).filter_map(|text| Version::parse(text).ok());
        versions.filter(|version| major(version.major)).any(|version| range.accepts(&version))
    };
    match (accepted(|major| major < 12), accepted(|major| major >= 12)) {
        (true, false) => Some(NpmRules::Npm11),
        (false, true) => Some(NpmRules::Npm12),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_pins_an_npm_where_all_its_versions_pack_alike() {
        for (range, expected) in [
            ("12.2.0", Some(NpmRules::Npm12)),
            ("11.19.1", Some(NpmRules::Npm11)),
            ("10.9.2", Some(NpmRules::Npm11)),
            ("^12.1.0", Some(NpmRules::Npm12)),
            (">=12", Some(NpmRules::Npm12)),
            ("<12", Some(NpmRules::Npm11)),
            ("~11.6.0", Some(NpmRules::Npm11)),
            ("^10 || ^11", Some(NpmRules::Npm11)),
            (">=10", None),
            ("*", None),
            ("^11 || ^12", None),
            ("13.1.0-pre.1", Some(NpmRules::Npm12)),
            ("latest", None),
        ] {
            assert_eq!(of_range(range), expected, "{range}");
        }
    }
}
