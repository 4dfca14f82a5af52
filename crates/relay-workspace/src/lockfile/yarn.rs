//! `yarn.lock` of yarn 2 and later; that of yarn 1 says nothing about the workspace's own packages.
//!
//! A range of a workspace package stands twice: with the dependent, and in the key of the dependency's entry, which lists
//! all descriptors that lead to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    LockfileEdit, LockfileEdits, LockfileRange, entry_from_elsewhere, entry_out_of_date, from_elsewhere, out_of_date,
    refusal,
};
use crate::catalog::CatalogEdit;
use crate::dependency::DependencyKind;
use crate::edit::EditError;
use crate::json::splice;
use crate::manager::PackageManager::Yarn;
use crate::specifier::Specifier;
use crate::workspace::resolve_catalog;
use crate::yaml_lines::{visit, yarn_scalar};

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

pub(super) fn edit(text: &str, edits: &LockfileEdits<'_>) -> Result<Option<String>, EditError> {
    let mut packages = edits.packages.iter().filter(|edit| !edit.ranges.is_empty()).peekable();
    if (packages.peek().is_none() && edits.entries.is_empty()) || text.contains("# yarn lockfile v1") {
        return Ok(None);
    }
    let mut entries = read(text)?;
    let mut replacements: BTreeMap<Place, String> = BTreeMap::new();
    for edit in packages {
        let folder = if edit.path.as_str().is_empty() { "." } else { edit.path.as_str() };
        // A root without a name gets one from yarn, so that the folder alone tells.
        let resolution = format!("@workspace:{folder}");
        let Some(index) = entries.iter().position(|entry| entry.resolution.ends_with(&resolution)) else {
            return Err(refusal(Yarn, format!("the lock file has no entry for `{}` in `{folder}`", edit.name)));
        };
        for range in &edit.ranges {
            if let Some((place, new)) = edit_range(&mut entries, index, (edit, range), edits)? {
                replacements.insert(place, yarn_scalar(&new));
            }
        }
    }
    for entry in edits.entries {
        edit_entry(&mut entries, entry, edits)?;
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
    (edit, range): (&LockfileEdit, &LockfileRange),
    all: &LockfileEdits<'_>,
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
    match move_descriptor(entries, (&range.name, &old, &new), all) {
        Moved::Done => Ok(Some((place, new))),
        Moved::NotThere => Err(out_of_date(Yarn, edit, range)),
        Moved::FromElsewhere => Err(from_elsewhere(Yarn, edit, range)),
    }
}

/// A catalog's entry stands among the descriptors of what it leads to, and nowhere else: dependents have `catalog:`.
fn edit_entry(entries: &mut [Entry], entry: &CatalogEdit, all: &LockfileEdits<'_>) -> Result<(), EditError> {
    let used = |range: &str| matches!(Specifier::parse(range), Specifier::Catalog(catalog) if catalog == entry.catalog);
    if !entries.iter().any(|one| one.ranges.get(&(false, entry.name.clone())).is_some_and(|(range, _)| used(range))) {
        return Ok(());
    }
    match move_descriptor(entries, (&entry.name, &entry.from, &entry.to), all) {
        Moved::Done => Ok(()),
        Moved::NotThere => Err(entry_out_of_date(Yarn, entry)),
        Moved::FromElsewhere => Err(entry_from_elsewhere(Yarn, entry)),
    }
}

/// What came of a descriptor that should give way to another.
enum Moved {
    Done,
    /// No package has it.
    NotThere,
    /// It leads to a package that is none of the workspace's.
    FromElsewhere,
}

/// Lets the descriptor of a range give way to that of a new one, or puts the new one beside it where others still use it.
fn move_descriptor(entries: &mut [Entry], (name, old, new): (&str, &str, &str), all: &LockfileEdits<'_>) -> Moved {
    let leads = |entry: &Entry, descriptor: &str| entry.descriptors.contains(descriptor);
    // In keys a plain range has its `npm:` in all versions.
    let spellings = |range: &str| [format!("{name}@{range}"), format!("{name}@npm:{range}")];
    let ([bare, with_npm], [new_bare, new_with_npm]) = (spellings(old), spellings(new));
    let still_used = entries.iter().any(|entry| {
        let range = entry.ranges.get(&(false, name.to_owned())).map(|(range, _)| range.as_str());
        range.is_some_and(|range| plain(stands_for(range, name, all)) == plain(old))
    });
    let Some(target) = entries.iter_mut().find(|entry| leads(entry, &bare) || leads(entry, &with_npm)) else {
        // The edit of another dependent may have moved it already.
        return match entries.iter().find(|entry| leads(entry, &new_bare) || leads(entry, &new_with_npm)) {
            Some(entry) if entry.resolution.contains("@workspace:") => Moved::Done,
            Some(_) => Moved::FromElsewhere,
            None => Moved::NotThere,
        };
    };
    if !target.resolution.contains("@workspace:") {
        return Moved::FromElsewhere;
    }
    let (old_descriptor, new_descriptor) =
        if leads(target, &bare) { (bare, new_bare) } else { (with_npm, new_with_npm) };
    let removed = !still_used && target.descriptors.remove(&old_descriptor);
    target.changed |= target.descriptors.insert(new_descriptor) || removed;
    Moved::Done
}

/// A range without the prefix that yarn 4 writes before it.
fn plain(range: &str) -> &str {
    range.strip_prefix("npm:").unwrap_or(range)
}

/// The range that a dependent's range stands for: itself, or the entry of a catalog as it will be.
fn stands_for<'a>(range: &'a str, name: &str, all: &LockfileEdits<'a>) -> &'a str {
    let Specifier::Catalog(catalog) = Specifier::parse(range) else { return range };
    let edited = all.entries.iter().find(|entry| entry.catalog == catalog && entry.name == name);
    match edited {
        Some(entry) => &entry.to,
        None => resolve_catalog(all.catalogs, name, catalog.as_deref()).unwrap_or(range),
    }
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
