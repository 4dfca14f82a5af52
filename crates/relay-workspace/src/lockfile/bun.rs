//! `bun.lock`: JSON with trailing commas.

use jsonc_parser::ast::Value;

use super::{LockfileEdit, LockfileRange, from_elsewhere, out_of_date, refusal};
use crate::dependency::DependencyKind;
use crate::edit::EditError;
use crate::json::{JsonText, value_at, with_comments};
use crate::manager::PackageManager::Bun;

pub(super) fn edit(text: &str, edits: &[LockfileEdit]) -> Result<Option<String>, EditError> {
    let mut json = JsonText::parse(text, &with_comments())?;
    for edit in edits.iter().filter(|edit| edit.version.is_some() || !edit.ranges.is_empty()) {
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
    Ok(json.finish())
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
    let resolution = |key: &str| match json.object(&["packages"]).and_then(|packages| value_at(packages, key)) {
        Some(Value::Array(entry)) => match entry.elements.first() {
            Some(Value::StringLit(resolution)) => Some(resolution.value.contains("@workspace:")),
            _ => Some(false),
        },
        Some(_) => Some(false),
        None => None,
    };
    match resolution(&format!("{}/{}", edit.name, range.name)).or_else(|| resolution(&range.name)) {
        Some(true) => {}
        // A peer or optional dependency need not be installed.
        None if matches!(range.kind, DependencyKind::Peer | DependencyKind::Optional) => {}
        Some(false) => return Err(from_elsewhere(Bun, edit, range)),
        None => return Err(out_of_date(Bun, edit, range)),
    }
    json.set_string(&keys, &range.to);
    Ok(())
}
