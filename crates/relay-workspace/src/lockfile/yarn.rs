//! `yarn.lock` of yarn 2 and later; that of yarn 1 says nothing about the workspace's own packages.
//!
//! A range of a workspace package stands twice: with the dependent, and in the key of the dependency's entry, which lists
//! all descriptors that lead to it.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::{visit, yarn_scalar};
use super::{LockfileEdit, LockfileRange, from_elsewhere, out_of_date, refusal};
use crate::dependency::DependencyKind;
use crate::edit::EditError;
use crate::json::splice;
use crate::manager::PackageManager::Yarn;

/// A place in the text.
type Place = (usize, usize);

/// One entry of the file.
#[derive(Debug, Default)]
struct Entry {
    descriptors: BTreeSet<String>,
    /// The descriptors as the text has them.
    key: String,
    /// Says whether the descriptors are no longer those of the text.
    changed: bool,
    key_at: Place,
    resolution: String,
    /// The ranges of `dependencies`, and of `peerDependencies` under `true`.
    ranges: BTreeMap<(bool, String), (String, Place)>,
}

pub(super) fn edit(text: &str, edits: &[LockfileEdit]) -> Result<Option<String>, EditError> {
    let mut edits = edits.iter().filter(|edit| !edit.ranges.is_empty()).peekable();
    if edits.peek().is_none() || text.contains("# yarn lockfile v1") {
        return Ok(None);
    }
    let mut entries = read(text)?;
    let mut replacements: BTreeMap<Place, String> = BTreeMap::new();
    for edit in edits {
        let folder = if edit.path.as_str().is_empty() { "." } else { edit.path.as_str() };
        let resolution = format!("{}@workspace:{folder}", edit.name);
        let Some(index) = entries.iter().position(|entry| entry.resolution == resolution) else {
            return Err(refusal(Yarn, format!("the lock file has no entry for `{}` in `{folder}`", edit.name)));
        };
        for range in &edit.ranges {
            if let Some((place, new)) = edit_range(&mut entries, index, edit, range)? {
                replacements.insert(place, yarn_scalar(&new));
            }
        }
    }
    replace_keys(&entries, &mut replacements)?;
    Ok((!replacements.is_empty()).then(|| splice(text, replacements.into_iter())))
}

fn read(text: &str) -> Result<Vec<Entry>, EditError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut is_berry = false;
    visit(text, |path| match path {
        [top] if top.key == "__metadata" => is_berry = true,
        [top] => entries.push(Entry {
            descriptors: top.key.split(", ").map(str::to_owned).collect(),
            key: top.key.clone(),
            key_at: top.key_at,
            ..Entry::default()
        }),
        [top, field] if field.key == "resolution" => {
            if let Some(entry) = entries.last_mut().filter(|entry| entry.key_at == top.key_at) {
                entry.resolution = field.value.clone().unwrap_or_default();
            }
        }
        [top, map, name] if map.key == "dependencies" || map.key == "peerDependencies" => {
            let entry = entries.last_mut().filter(|entry| entry.key_at == top.key_at);
            if let (Some(entry), Some(range)) = (entry, &name.value) {
                let key = (map.key == "peerDependencies", name.key.clone());
                entry.ranges.insert(key, (range.clone(), name.value_at));
            }
        }
        _ => {}
    });
    if is_berry { Ok(entries) } else { Err(refusal(Yarn, "the lock file is not one of yarn's".to_owned())) }
}

/// Changes a range with its dependent and among the dependency's descriptors; answers where it stands and its new text.
fn edit_range(
    entries: &mut [Entry],
    dependent: usize,
    edit: &LockfileEdit,
    range: &LockfileRange,
) -> Result<Option<(Place, String)>, EditError> {
    let is_peer = range.kind == DependencyKind::Peer;
    let key = (is_peer, range.name.clone());
    let Some((old, place)) = entries.get(dependent).and_then(|entry| entry.ranges.get(&key)).cloned() else {
        return Err(out_of_date(Yarn, edit, range));
    };
    // yarn 4 writes `npm:` before plain ranges, yarn 2 and 3 don't.
    let prefix = if old.starts_with("npm:") && !range.from.starts_with("npm:") { "npm:" } else { "" };
    let new = format!("{prefix}{}", range.to);
    if old == new {
        return Ok(None);
    }
    if old != format!("{prefix}{}", range.from) {
        // Of a dependency in two maps of the manifest only one range is noted.
        let other = edit.ranges.iter().find(|other| other.name == range.name && other.kind != range.kind);
        if other
            .is_some_and(|other| [format!("{prefix}{}", other.from), format!("{prefix}{}", other.to)].contains(&old))
        {
            return Ok(None);
        }
        return Err(out_of_date(Yarn, edit, range));
    }
    if let Some(slot) = entries.get_mut(dependent).and_then(|entry| entry.ranges.get_mut(&key)) {
        slot.0.clone_from(&new);
    }
    if is_peer {
        return Ok(Some((place, new)));
    }
    let leads = |entry: &Entry, descriptor: &str| entry.descriptors.contains(descriptor);
    // In keys a plain range has its `npm:` in all versions.
    let spellings =
        |range: &str| [format!("{}@{range}", range_name(&key)), format!("{}@npm:{range}", range_name(&key))];
    let [bare, with_npm] = spellings(&old);
    let Some(target) = entries.iter().position(|entry| leads(entry, &bare) || leads(entry, &with_npm)) else {
        return Err(out_of_date(Yarn, edit, range));
    };
    let still_used = entries.iter().any(|entry| entry.ranges.get(&key).is_some_and(|(range, _)| *range == old));
    let Some(target) = entries.get_mut(target) else { return Ok(None) };
    if !target.resolution.contains("@workspace:") {
        return Err(from_elsewhere(Yarn, edit, range));
    }
    let [new_bare, new_with_npm] = spellings(&new);
    let (old_descriptor, new_descriptor) =
        if leads(target, &bare) { (bare, new_bare) } else { (with_npm, new_with_npm) };
    if !still_used {
        target.descriptors.remove(&old_descriptor);
    }
    target.descriptors.insert(new_descriptor);
    target.changed = true;
    Ok(Some((place, new)))
}

fn range_name(key: &(bool, String)) -> &str {
    &key.1
}

/// Replaces the keys whose descriptors have changed. yarn sorts its entries by key; where they would change places, it
/// has to write the file itself.
fn replace_keys(entries: &[Entry], replacements: &mut BTreeMap<Place, String>) -> Result<(), EditError> {
    let key = |entry: &Entry| entry.descriptors.iter().cloned().collect::<Vec<_>>().join(", ");
    let keys: Vec<String> =
        entries.iter().map(|entry| if entry.changed { key(entry) } else { entry.key.clone() }).collect();
    let changed: Vec<(&Entry, &String)> = entries.iter().zip(&keys).filter(|(entry, _)| entry.changed).collect();
    if changed.is_empty() {
        return Ok(());
    }
    if !keys.is_sorted() {
        return Err(refusal(Yarn, "the lock file's entries would change their order".to_owned()));
    }
    for (entry, key) in changed {
        replacements.insert(entry.key_at, yarn_scalar(key));
    }
    Ok(())
}
