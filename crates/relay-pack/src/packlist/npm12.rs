//! The rules that a manifest stands for in npm 12 (npm-packlist 11): `files` as globs, and the strict ones.

use camino::Utf8Path;
use serde_json::{Map, Value};

use super::Found;
use super::globs::Selection;
use crate::error::PackError;
use crate::fields::Fields;
use crate::minimatch::Pattern;
use crate::rules::{self, Rules};

/// The rules of a manifest.
pub(super) struct ManifestRules {
    /// What `files` selects, where the manifest has it.
    pub(super) files: Option<Selection>,
    /// The strict set.
    pub(super) strict: Rules,
}

/// Makes the rules of the manifest in `folder`; `patches` are files that are never packed.
pub(super) fn manifest_rules(
    folder: &Utf8Path,
    fields: &Fields,
    patches: &[String],
    found: &mut Found,
) -> Result<ManifestRules, PackError> {
    let files = match &fields.files {
        Some(entries) => Some(Selection::expand(folder, entries, found)?),
        None => None,
    };
    let last: Vec<String> = fields
        .browser
        .iter()
        .chain(&fields.main)
        .chain(&fields.bin)
        .map(|path| format!("!/{path}"))
        .chain(patches.iter().map(|path| format!("/{path}")))
        .collect();
    if last.is_empty() {
        return Ok(ManifestRules { files, strict: rules::strict_of_npm12() });
    }
    let mut strict: Vec<Pattern> = rules::strict_of_npm12().to_vec();
    strict.extend(rules::parse(&last.join("\n"), &folder.join("package.json"))?);
    Ok(ManifestRules { files, strict: strict.into() })
}

/// The patch files that the manifest of the packed package names, as rules.
pub(super) fn patches(manifest: &Map<String, Value>) -> Vec<String> {
    let Some(Value::Object(patches)) = manifest.get(PATCHES) else { return Vec::new() };
    patches.values().filter_map(Value::as_str).filter_map(patch).collect()
}

/// The field that names patch files. npm 12 takes it out of the manifest that it packs.
pub(crate) const PATCHES: &str = "patchedDependencies";

fn patch(text: &str) -> Option<String> {
    let path = text.replace('\\', "/");
    let path = path.strip_prefix("./").or_else(|| path.strip_prefix('/')).unwrap_or(&path).trim_end_matches('/');
    let outside =
        path.is_empty() || path.starts_with('/') || path == ".." || path.starts_with("../") || path.contains("/../");
    (!outside).then(|| path.to_owned())
}
