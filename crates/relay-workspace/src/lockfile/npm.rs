//! `package-lock.json`, versions 1 to 3.

use jsonc_parser::ast::{Object, Value};

use super::{LockfileEdit, LockfileRange, from_elsewhere, out_of_date, refusal};
use crate::dependency::DependencyKind;
use crate::edit::EditError;
use crate::json::{JsonText, object_at, strict, string_at, value_at};
use crate::manager::PackageManager::Npm;

pub(super) fn edit(text: &str, edits: &[LockfileEdit]) -> Result<Option<String>, EditError> {
    let mut json = JsonText::parse(text, &strict())?;
    for edit in edits {
        edit_package(&mut json, edit)?;
    }
    Ok(json.finish())
}

fn edit_package(json: &mut JsonText<'_>, edit: &LockfileEdit) -> Result<(), EditError> {
    let path = edit.path.as_str();
    let nothing = edit.version.is_none() && edit.ranges.is_empty();
    if nothing {
        return Ok(());
    }
    if path.is_empty()
        && let Some(version) = &edit.version
    {
        // The root's version stands at the top as well, in version 1 only there.
        json.set_string(&["version"], &version.to_string());
    }
    if json.object(&["packages"]).is_none() {
        // Version 1 knows no workspaces, and no ranges of the root.
        return if path.is_empty() {
            Ok(())
        } else {
            Err(refusal(Npm, "the lock file has the old version 1, which knows no workspaces".to_owned()))
        };
    }
    if json.object(&["packages", path]).is_none() {
        return Err(refusal(Npm, format!("the lock file has no entry for `{}` in `{path}`", edit.name)));
    }
    if let Some(version) = &edit.version
        && !json.set_string(&["packages", path, "version"], &version.to_string())
    {
        return Err(refusal(Npm, format!("the lock file has no version for `{}`", edit.name)));
    }
    for range in &edit.ranges {
        edit_range(json, edit, range)?;
    }
    Ok(())
}

fn edit_range(json: &mut JsonText<'_>, edit: &LockfileEdit, range: &LockfileRange) -> Result<(), EditError> {
    let path = edit.path.as_str();
    let keys = ["packages", path, range.kind.manifest_key(), &range.name];
    match json.string(&keys) {
        Some(text) if text == range.from || text == range.to => {}
        // npm drops what is optional from the other map.
        None if range.kind == DependencyKind::Prod
            && json.string(&["packages", path, "optionalDependencies", &range.name]).is_some() =>
        {
            return Ok(());
        }
        _ => return Err(out_of_date(Npm, edit, range)),
    }
    match resolved(json, path, &range.name) {
        Some(entry) if is_link(entry) => {}
        // A peer or optional dependency need not be installed.
        None if matches!(range.kind, DependencyKind::Peer | DependencyKind::Optional) => {}
        Some(_) => return Err(from_elsewhere(Npm, edit, range)),
        None => return Err(out_of_date(Npm, edit, range)),
    }
    json.set_string(&keys, &range.to);
    let name = edit.name.as_str();
    let legacy = json.object(&["dependencies", name]).and_then(|entry| string_at(entry, "version"));
    if legacy.is_some_and(|version| version.starts_with("file:")) && range.kind != DependencyKind::Peer {
        let keys = ["dependencies", name, "requires", &range.name];
        if json.string(&keys) == Some(&range.from) {
            json.set_string(&keys, &range.to);
        }
    }
    Ok(())
}

/// The entry that node would find for a name from a folder.
fn resolved<'o, 'a>(json: &'o JsonText<'a>, path: &str, name: &str) -> Option<&'o Object<'a>> {
    let packages = json.object(&["packages"])?;
    let mut folder = Some(path);
    while let Some(from) = folder {
        let key = if from.is_empty() { format!("node_modules/{name}") } else { format!("{from}/node_modules/{name}") };
        if let Some(entry) = object_at(packages, &key) {
            return Some(entry);
        }
        folder = match from.rsplit_once('/') {
            Some((parent, _)) => Some(parent),
            None if from.is_empty() => None,
            None => Some(""),
        };
    }
    None
}

fn is_link(entry: &Object<'_>) -> bool {
    matches!(value_at(entry, "link"), Some(Value::BooleanLit(link)) if link.value)
}
