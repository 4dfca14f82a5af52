//! `bun.lock`: JSON with trailing commas.

use jsonc_parser::ast::Value;

use super::{
    LockfileEdit, LockfileEdits, LockfileRange, entry_from_elsewhere, entry_out_of_date, from_elsewhere, out_of_date,
    refusal,
};
use crate::catalog::{CatalogEdit, DEFAULT};
use crate::dependency::DependencyKind;
use crate::edit::EditError;
use crate::json::{JsonText, value_at, with_comments};
use crate::manager::PackageManager::Bun;

pub(super) fn edit(text: &str, edits: &LockfileEdits<'_>) -> Result<Option<String>, EditError> {
    let mut json = JsonText::parse(text, &with_comments())?;
    for edit in edits.packages.iter().filter(|edit| edit.version.is_some() || !edit.ranges.is_empty()) {
        let path = edit.path.as_str();
        if json.object(&["workspaces", path]).is_none() {
            return Err(refusal(Bun, format!("the lock file has no entry for `{}` in `{path}`", edit.name)));
        }
        if let Some(version) = &edit.version {
            // bun notes no version for the root, and older ones for no package.
            json.set_string(&["workspaces", path, "version"], &version.to_string());
        }
        for range in &edit.ranges {
            edit_range(&mut json, edit, range)?;
        }
    }
    for entry in edits.entries {
        edit_entry(&mut json, entry)?;
    }
    Ok(json.finish())
}

/// A catalog's entry; the default catalog stands in one of the two places that it has in the manifest.
fn edit_entry(json: &mut JsonText<'_>, entry: &CatalogEdit) -> Result<(), EditError> {
    let spelt = match entry.catalog.as_deref() {
        None => vec![vec!["catalog"], vec!["catalogs", DEFAULT]],
        Some(catalog) => vec![vec!["catalogs", catalog]],
    };
    let spelt: Vec<Vec<&str>> = spelt.into_iter().map(|keys| [&keys[..], &[entry.name.as_str()]].concat()).collect();
    let noted = |keys: &&Vec<&str>| json.string(keys).is_some_and(|text| text == entry.from || text == entry.to);
    let Some(keys) = spelt.iter().find(noted) else { return Err(entry_out_of_date(Bun, entry)) };
    // What a name leads to is noted under it, or where several are installed, under its dependents' too.
    if is_of_workspace(json, &entry.name) == Some(false) {
        return Err(entry_from_elsewhere(Bun, entry));
    }
    json.set_string(keys, &entry.to);
    Ok(())
}

/// Says whether what is installed under a key is a package of the workspace; `None` where nothing is.
fn is_of_workspace(json: &JsonText<'_>, key: &str) -> Option<bool> {
    match value_at(json.object(&["packages"])?, key)? {
        Value::Array(entry) => match entry.elements.first() {
            Some(Value::StringLit(resolution)) => Some(resolution.value.contains("@workspace:")),
            _ => Some(false),
        },
        _ => Some(false),
    }
}

fn edit_range(json: &mut JsonText<'_>, edit: &LockfileEdit, range: &LockfileRange) -> Result<(), EditError> {
    // Version 0 repeats the ranges with the packages.
    match value_at(json.top(), "lockfileVersion") {
        Some(Value::NumberLit(version)) if version.value != "0" => {}
        _ => return Err(refusal(Bun, "the lock file has an older version than relay can edit".to_owned())),
    }
    let keys = ["workspaces", edit.path.as_str(), range.kind.manifest_key(), &range.name];
    match json.string(&keys) {
        Some(text) if text == range.from || text == range.to => {}
        _ => return Err(out_of_date(Bun, edit, range)),
    }
    let own = is_of_workspace(json, &format!("{}/{}", edit.name, range.name));
    match own.or_else(|| is_of_workspace(json, &range.name)) {
        Some(true) => {}
        // A peer or optional dependency need not be installed.
        None if matches!(range.kind, DependencyKind::Peer | DependencyKind::Optional) => {}
        Some(false) => return Err(from_elsewhere(Bun, edit, range)),
        None => return Err(out_of_date(Bun, edit, range)),
    }
    json.set_string(&keys, &range.to);
    Ok(())
}
