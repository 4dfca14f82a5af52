//! The configuration of changesets, and whose rules it is to be read by: those of the generation that the repo has.

use camino::Utf8Path;
use relay_change::{CHANGESETS_CONFIG_FILE, ChangesetsConfig, ChangesetsGeneration, PreState};
use relay_workspace::{DependencyKind, PackageManager, Workspace, read_regular_text, resolve_catalog};

use super::{CHANGE_FILE_FOLDER, ProjectError, read_optional};

/// The program's package.
const PROGRAM: &str = "@changesets/cli";
/// The largest lockfile that is searched, in bytes.
const LOCKFILE_SIZE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How many characters behind the program's name in a lockfile its version is looked for.
const LOCKFILE_REACH_CHARS: usize = 200;

/// Reads the configuration and the prerelease state, and says what tells the generation.
pub(super) fn read(workspace: &Workspace) -> Result<(Option<ChangesetsConfig>, String), ProjectError> {
    let root = &workspace.root;
    let Some(text) = read_optional(root, Utf8Path::new(CHANGESETS_CONFIG_FILE))? else {
        return Ok((None, String::new()));
    };
    let (generation, source) = generation(workspace, &text);
    let mut config = ChangesetsConfig::parse_for(generation, &text)?;
    if let Some(text) = read_optional(root, &Utf8Path::new(CHANGE_FILE_FOLDER).join("pre.json"))? {
        config.pre = Some(PreState::parse(&text)?);
    }
    Ok((Some(config), source))
}

/// The installed program tells best, then what is declared, then what is locked, then the schema that the configuration
/// names.
fn generation(workspace: &Workspace, config: &str) -> (ChangesetsGeneration, String) {
    let of = |major: u64| if major < 3 { ChangesetsGeneration::Two } else { ChangesetsGeneration::Three };
    if let Some(version) = installed(&workspace.root)
        && let Some(major) = first_number(&version)
    {
        return (of(major), format!("{PROGRAM} {version} is installed"));
    }
    if let Some(declared) = declared(workspace) {
        if let Some(major) = first_number(&declared) {
            return (of(major), format!("{PROGRAM} is declared as `{declared}`"));
        }
        if let Some(version) = locked(workspace)
            && let Some(major) = first_number(&version)
        {
            return (of(major), format!("{PROGRAM} {version} is locked"));
        }
    }
    // Version 2 of the program has versions 1 to 3 of the configuration.
    let schema = config.split_once("@changesets/config@").and_then(|(_, rest)| first_number(rest));
    match schema {
        Some(major) if major < 4 => {
            (ChangesetsGeneration::Two, format!("{CHANGESETS_CONFIG_FILE} names the schema of version {major}"))
        }
        _ => (ChangesetsGeneration::Three, "nothing names another version".to_owned()),
    }
}

fn installed(root: &Utf8Path) -> Option<String> {
    let path = Utf8Path::new("node_modules").join(PROGRAM).join("package.json");
    let text = read_optional(root, &path).ok()??;
    let manifest: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(manifest.get("version")?.as_str()?.to_owned())
}

/// The range in the root's manifest, else in that of a member; from a catalog where it points there.
fn declared(workspace: &Workspace) -> Option<String> {
    let members = workspace.packages.iter().map(|package| &package.manifest);
    let texts = std::iter::once(&workspace.root_manifest).chain(members).flat_map(|manifest| {
        let wanted = |(kind, name, _): &(DependencyKind, &str, &str)| *name == PROGRAM && *kind != DependencyKind::Peer;
        manifest.dependency_texts().filter(wanted).map(|(_, _, text)| text.to_owned()).collect::<Vec<_>>()
    });
    let text = texts.into_iter().next()?;
    match text.strip_prefix("catalog:") {
        Some(name) => {
            let name = Some(name.trim()).filter(|name| !name.is_empty() && *name != "default");
            resolve_catalog(&workspace.catalogs, PROGRAM, name).map(str::to_owned).or(Some(text))
        }
        None => Some(text),
    }
}

/// The version in the manager's lockfile, by the text behind the program's name.
fn locked(workspace: &Workspace) -> Option<String> {
    let names = workspace.manager.lockfile_names().iter().chain(PackageManager::Npm.lockfile_names());
    for name in names {
        let path = workspace.root.join(name);
        let Ok(Some(text)) = read_regular_text(&path, LOCKFILE_SIZE_BYTES_MAX) else { continue };
        if let Some(version) = version_in(&text) {
            return Some(version);
        }
    }
    None
}

/// `@changesets/cli@2.29.7`, `"node_modules/@changesets/cli": { "version": "2.29.7"`, and yarn's two lines.
fn version_in(text: &str) -> Option<String> {
    text.match_indices(PROGRAM).find_map(|(at, _)| {
        let behind: String = text.get(at + PROGRAM.len()..)?.chars().take(LOCKFILE_REACH_CHARS).collect();
        let exact = behind.strip_prefix('@').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let named = || behind.split_once("version").map(|(_, rest)| rest.trim_start_matches(['"', ':', ' ']));
        let version = exact.or_else(named)?;
        let end = version.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).unwrap_or(version.len());
        let version = version.get(..end)?;
        (version.contains('.') && version.starts_with(|c: char| c.is_ascii_digit())).then(|| version.to_owned())
    })
}

/// The first number of a version or of a plain range: `^2.27.1`, `~2`, `npm:@changesets/cli@2.x`.
fn first_number(text: &str) -> Option<u64> {
    let range = text.rsplit('@').next().unwrap_or(text);
    let range = range.trim_start_matches(['^', '~', '=', '>', 'v', ' ']);
    let digits = range.bytes().take_while(u8::is_ascii_digit).count();
    range.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_versions_tell_their_first_number() {
        for (text, expected) in [
            ("^2.27.1", Some(2)),
            ("~3", Some(3)),
            ("2.x", Some(2)),
            (">=2.0.0 <4", Some(2)),
            ("npm:@changesets/cli@^2.1.0", Some(2)),
            ("latest", None),
            ("catalog:", None),
            ("*", None),
        ] {
            assert_eq!(first_number(text), expected, "{text}");
        }
    }

    #[test]
    fn every_lockfile_tells_the_version() {
        for text in [
            "packages:\n\n  '@changesets/cli@2.29.7':\n    resolution: {}\n",
            "      '@changesets/cli':\n        specifier: latest\n        version: 2.29.7(@types/node@24.0.0)\n",
            "\"node_modules/@changesets/cli\": {\n  \"version\": \"2.29.7\",\n",
            "\"@changesets/cli@npm:latest\":\n  version: 2.29.7\n",
            "\"@changesets/cli@latest\":\n  version \"2.29.7\"\n",
            "\"@changesets/cli\": [\"@changesets/cli@2.29.7\", \"\", {}],\n",
        ] {
            assert_eq!(version_in(text).as_deref(), Some("2.29.7"), "{text}");
        }
        assert_eq!(version_in("\"@changesets/cli\": \"latest\"\n"), None);
    }
}
