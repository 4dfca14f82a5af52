//! Members of the workspace inside lockfiles: their versions and the ranges between them.
//!
//! Only entries of the workspace's own packages are touched. What can't be edited with certainty is an error that the caller
//! turns into "run the manager's install".

use jsonc_parser::ParseOptions;
use semver::Version;

use crate::edit::{EditError, RangeEdit};
use crate::json::{JsonText, strict, with_comments};
use crate::manager::PackageManager;

/// What changes for one package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockfileEdit {
    /// Its folder, relative to the root; empty for the root package.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its new version, if it changes.
    pub version: Option<Version>,
    /// Its ranges that change.
    pub ranges: Vec<RangeEdit>,
}

/// Edits a lockfile; `None` where nothing in it changes.
///
/// # Errors
/// [`EditError`] where it can't be edited with certainty.
pub fn edit_lockfile(
    manager: PackageManager,
    text: &str,
    edits: &[LockfileEdit],
) -> Result<Option<String>, EditError> {
    let edited = match manager {
        PackageManager::Npm => json_lockfile(text, edits, "packages", &strict())?,
        PackageManager::Bun => json_lockfile(text, edits, "workspaces", &with_comments())?,
        PackageManager::Pnpm => Some(pnpm_lockfile(text, edits)?),
        PackageManager::Yarn => Some(yarn_lockfile(text, edits)?),
    };
    Ok(edited.filter(|edited| edited != text))
}

/// `package-lock.json` (`packages`) and `bun.lock` (`workspaces`): one entry a folder, with version and dependency maps. What
/// an entry does not have is left alone: npm writes no ranges of links, for one.
fn json_lockfile(
    text: &str,
    edits: &[LockfileEdit],
    section: &str,
    options: &ParseOptions,
) -> Result<Option<String>, EditError> {
    let mut json = JsonText::parse(text, options)?;
    for edit in edits {
        if let Some(version) = &edit.version {
            json.set_string(&[section, &edit.path, "version"], &version.to_string());
            if edit.path.is_empty() {
                json.set_string(&["version"], &version.to_string());
            }
        }
        for range in &edit.ranges {
            json.set_string(&[section, &edit.path, range.kind.manifest_key(), &range.name], &range.to);
        }
    }
    Ok(json.finish())
}

/// `pnpm-lock.yaml`: the specifiers under `importers`, which stand each on a line of its own. Versions of members are not in
/// it. Edited by lines, so that everything else stays byte for byte.
fn pnpm_lockfile(text: &str, edits: &[LockfileEdit]) -> Result<String, EditError> {
    if edits.iter().all(|edit| edit.ranges.is_empty()) {
        return Ok(text.to_owned());
    }
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for edit in edits {
        let importer = if edit.path.is_empty() { "." } else { &edit.path };
        for range in &edit.ranges {
            let place = [("importers", 0), (importer, 2), (range.kind.manifest_key(), 4), (range.name.as_str(), 6)];
            let at = find_line(&lines, &place)?;
            let specifier = lines.get(at + 1).cloned().unwrap_or_default();
            let Some(before) = specifier.trim_start().strip_prefix("specifier:") else {
                return Err(unsure(format!("`{}` of {importer} has no specifier", range.name), "pnpm install --lockfile-only"));
            };
            let before = before.trim().trim_matches(['\'', '"']);
            if before.starts_with("catalog:") {
                continue;
            }
            let end = if specifier.ends_with("\r\n") { "\r\n" } else { "\n" };
            if let Some(line) = lines.get_mut(at + 1) {
                *line = format!("        specifier: {}{end}", yaml_scalar(&range.to));
            }
        }
    }
    Ok(lines.concat())
}

/// Follows keys by their indentation.
fn find_line(lines: &[String], place: &[(&str, usize)]) -> Result<usize, EditError> {
    let mut from = 0;
    let mut at = 0;
    for (depth, (key, indent)) in place.iter().enumerate() {
        let found = lines.iter().enumerate().skip(from).find_map(|(number, line)| {
            let content = line.trim_end();
            if content.trim_start().is_empty() {
                return None;
            }
            let level = content.len() - content.trim_start().len();
            if depth > 0 && level < *indent {
                return Some(None);
            }
            let name = content.trim_start().strip_suffix(':')?.trim_matches(['\'', '"']);
            (level == *indent && name == *key).then_some(Some(number))
        });
        match found {
            Some(Some(number)) => {
                at = number;
                from = number + 1;
            }
            _ => {
                let path: Vec<&str> = place.iter().map(|(key, _)| *key).collect();
                return Err(unsure(format!("it has no {}", path.join(" → ")), "pnpm install --lockfile-only"));
            }
        }
    }
    Ok(at)
}

/// A text as pnpm writes it: in quotes where YAML could read it otherwise.
fn yaml_scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '^' || c == '~')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "^~.-+:@/*_".contains(c))
        && !text.ends_with(':')
        && text.contains(|c: char| c.is_ascii_alphabetic() || "^~".contains(c) || text.matches('.').count() > 1);
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// `yarn.lock` of berry names ranges in keys; one without changed ranges needs nothing (members stand there as
/// `0.0.0-use.local`), and classic's has no members at all.
fn yarn_lockfile(text: &str, edits: &[LockfileEdit]) -> Result<String, EditError> {
    let berry = text.contains("__metadata:");
    let changes = edits.iter().any(|edit| edit.ranges.iter().any(|range| !range.to.starts_with("workspace:")));
    if berry && changes {
        return Err(unsure("its keys hold ranges that have changed".to_owned(), "yarn install"));
    }
    Ok(text.to_owned())
}

fn unsure(problem: String, command: &'static str) -> EditError {
    EditError::Lockfile { problem, command }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependency::DependencyKind;

    fn edit() -> LockfileEdit {
        LockfileEdit {
            path: "packages/a".to_owned(),
            name: "a".to_owned(),
            version: Some(Version::new(2, 0, 0)),
            ranges: vec![RangeEdit { kind: DependencyKind::Prod, name: "@s/b".to_owned(), to: "^3.0.0".to_owned() }],
        }
    }

    #[test]
    fn package_lock_gets_versions_and_ranges_of_members() {
        let text = "{\n  \"packages\": {\n    \"packages/a\": {\n      \"version\": \"1.0.0\",\n      \"dependencies\": { \"@s/b\": \"^2.0.0\" }\n    }\n  }\n}\n";
        let edited = edit_lockfile(PackageManager::Npm, text, &[edit()]).unwrap().unwrap();
        assert_eq!(edited, text.replace("1.0.0", "2.0.0").replace("^2.0.0", "^3.0.0"));
    }

    #[test]
    fn pnpm_lock_gets_specifiers_of_members() {
        let text = "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n  packages/a:\n    dependencies:\n      '@s/b':\n        specifier: ^2.0.0\n        version: link:../b\n\npackages: {}\n";
        let edited = edit_lockfile(PackageManager::Pnpm, text, &[edit()]).unwrap().unwrap();
        assert_eq!(edited, text.replace("^2.0.0", "^3.0.0"));
        let elsewhere = LockfileEdit { path: "packages/z".to_owned(), ..edit() };
        assert!(edit_lockfile(PackageManager::Pnpm, text, &[elsewhere]).is_err());
    }

    #[test]
    fn scalars_are_quoted_where_yaml_would_read_them_otherwise() {
        assert_eq!(yaml_scalar("^1.2.0"), "^1.2.0");
        assert_eq!(yaml_scalar("workspace:^1.0.0"), "workspace:^1.0.0");
        assert_eq!(yaml_scalar("*"), "'*'");
        assert_eq!(yaml_scalar(">=1 <2"), "'>=1 <2'");
        assert_eq!(yaml_scalar("1.2"), "'1.2'");
        assert_eq!(yaml_scalar("1.2.3"), "1.2.3");
    }
}
