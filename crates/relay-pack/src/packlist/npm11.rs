//! The rules that a manifest stands for in npm up to 11 (npm-packlist 10): `files` as patterns of the packer's own language,
//! and the strict ones with `main`, `browser` and `bin`.

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::PackError;
use crate::fields::Fields;
use crate::minimatch::Pattern;
use crate::overlay::Overlay;
use crate::rules::{self, Rules};

/// The rules of a manifest.
pub(super) struct ManifestRules {
    /// The set of `files`, where the manifest has it.
    pub(super) files: Option<Rules>,
    /// The strict set.
    pub(super) strict: Rules,
    /// Entries of `files` that are files, as written.
    pub(super) required: Vec<String>,
}

/// Makes the rules of the manifest in `folder`.
pub(super) fn manifest_rules(
    folder: &Utf8Path,
    fields: &Fields,
    overlay: &Overlay,
) -> Result<ManifestRules, PackError> {
    let origin = folder.join("package.json");
    let mut first: Vec<String> = Vec::new();
    let mut required = Vec::new();
    let mut included = vec!["*".to_owned()];
    for entry in fields.files.iter().flatten() {
        let mut entry = entry.strip_prefix('.').filter(|rest| rest.starts_with('/')).unwrap_or(entry).to_owned();
        if entry.ends_with("/*") {
            entry.push('*');
        }
        let inverse = format!("!{entry}");
        let place = join(folder, &entry.trim_start_matches('!').replace('\\', "/"));
        match std::fs::symlink_metadata(&place) {
            Ok(found) if found.is_file() => {
                required.push(entry.strip_prefix('/').unwrap_or(&entry).to_owned());
                first.push(inverse);
            }
            Ok(found) if found.is_dir() => {
                included.push(inverse.clone());
                included.push(format!("{inverse}/**"));
            }
            // A link or a special file is not wanted at all.
            Ok(_) => {}
            Err(_) if overlay.content(&place).is_some() => {
                required.push(entry.strip_prefix('/').unwrap_or(&entry).to_owned());
                first.push(inverse);
            }
            // What isn't there is taken for a pattern.
            Err(_) => included.push(inverse),
        }
    }
    let files = match fields.files {
        Some(_) => Some(rules::parse(&included.join("\n"), &origin)?.into()),
        None => None,
    };
    let last: Vec<String> =
        fields.browser.iter().chain(&fields.main).chain(&fields.bin).map(|path| format!("!/{path}")).collect();
    if first.is_empty() && last.is_empty() {
        return Ok(ManifestRules { files, strict: rules::strict(), required });
    }
    // The last entry of `files` comes first.
    first.reverse();
    let mut strict: Vec<Pattern> = rules::parse(&first.join("\n"), &origin)?;
    strict.extend(rules::strict().iter().cloned());
    strict.extend(rules::parse(&last.join("\n"), &origin)?);
    Ok(ManifestRules { files, strict: strict.into(), required })
}

/// The strict rules of a folder directly below the package's root: required files in it are kept.
pub(super) fn folder_rules(folder: &Utf8Path, name: &str, required: &[String]) -> Result<Rules, PackError> {
    let kept: Vec<String> = required
        .iter()
        .filter_map(|path| {
            let normal = normalize(path);
            let (parent, base) = normal.split_once('/')?;
            (parent == name && !base.contains('/')).then(|| format!("!{}", base.replace('\\', "/")))
        })
        .collect();
    if kept.is_empty() {
        return Ok(rules::folder_strict());
    }
    let mut strict: Vec<Pattern> = rules::folder_strict().to_vec();
    strict.extend(rules::parse(&kept.join("\n"), &folder.join("package.json"))?);
    Ok(strict.into())
}

/// Joins as node's `path.join` does: `..` is resolved by its text, a slash at the end is kept.
fn join(folder: &Utf8Path, relative: &str) -> Utf8PathBuf {
    let slash = if relative.ends_with('/') { "/" } else { "" };
    Utf8PathBuf::from(format!("{}{slash}", absolute_normal(&format!("{folder}/{relative}"))))
}

fn absolute_normal(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", normalize(path))
}

/// Resolves `.` and `..` by their text; the result has no slash at its ends. `..` beyond the start stay.
fn normalize(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => {
                names.pop();
            }
            ".." if path.starts_with('/') => {}
            _ => names.push(name),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_by_text() {
        assert_eq!(join(Utf8Path::new("/a/b"), "../c/./d/"), "/a/c/d/");
        assert_eq!(join(Utf8Path::new("/a"), "../../x"), "/x");
        assert_eq!(normalize("lib/./x/../a.js"), "lib/a.js");
        assert_eq!(normalize("../a"), "../a");
    }
}
