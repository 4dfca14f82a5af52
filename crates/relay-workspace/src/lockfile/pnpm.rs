//! `pnpm-lock.yaml`, versions 6 and later.
//!
//! The file may hold two YAML documents; the first then describes pnpm's own tools and has an importer `.` too.

use std::collections::BTreeMap;

use super::lines::{pnpm_scalar, visit};
use super::{LockfileEdit, LockfileRange, from_elsewhere, out_of_date, refusal};
use crate::dependency::DependencyKind;
use crate::edit::EditError;
use crate::json::splice;
use crate::manager::PackageManager::Pnpm;

/// The oldest version of the format that keeps `specifier` and `version` together.
const VERSION_MAJOR_MIN: u32 = 6;

/// A text and where it stands.
type Placed = (String, (usize, usize));

/// What an importer notes about one dependency.
#[derive(Debug, Default)]
struct Entry {
    specifier: Option<Placed>,
    version: Option<String>,
}

/// By importer, kind (as the file's key) and name.
type Entries = BTreeMap<(String, String, String), Entry>;

pub(super) fn edit(text: &str, edits: &[LockfileEdit]) -> Result<Option<String>, EditError> {
    let edits: Vec<&LockfileEdit> = edits.iter().filter(|edit| !edit.ranges.is_empty()).collect();
    if edits.is_empty() {
        // pnpm notes no versions of the workspace's own packages.
        return Ok(None);
    }
    let mut entries = Entries::new();
    let mut versions: Vec<String> = Vec::new();
    visit(text, |path| match path {
        [key] if key.key == "lockfileVersion" => versions.extend(key.value.clone()),
        [top, importer, kind, name, field] if top.key == "importers" => {
            let key = (importer.key.clone(), kind.key.clone(), name.key.clone());
            let entry = entries.entry(key).or_default();
            match (field.key.as_str(), &field.value) {
                ("specifier", Some(value)) => entry.specifier = Some((value.clone(), field.value_at)),
                ("version", Some(value)) => entry.version = Some(value.clone()),
                _ => {}
            }
        }
        _ => {}
    });
    let known = |version: &String| {
        version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .is_some_and(|major: u32| major >= VERSION_MAJOR_MIN)
    };
    if versions.is_empty() || !versions.iter().all(known) {
        return Err(refusal(Pnpm, "the lock file has a version that relay can't edit".to_owned()));
    }
    let mut replacements = BTreeMap::new();
    for edit in edits {
        let importer = if edit.path.as_str().is_empty() { "." } else { edit.path.as_str() };
        for range in &edit.ranges {
            let Some(entry) = entry(&entries, importer, range) else {
                // pnpm notes peer dependencies only where it installs them by itself, and one kind of several.
                if range.kind == DependencyKind::Peer || noted_otherwise(&entries, importer, edit, range) {
                    continue;
                }
                return Err(out_of_date(Pnpm, edit, range));
            };
            let Some((specifier, place)) = &entry.specifier else { return Err(out_of_date(Pnpm, edit, range)) };
            if *specifier != range.from && *specifier != range.to {
                return Err(out_of_date(Pnpm, edit, range));
            }
            if !entry.version.as_ref().is_some_and(|version| version.starts_with("link:")) {
                return Err(from_elsewhere(Pnpm, edit, range));
            }
            if *specifier != range.to {
                replacements.insert(*place, pnpm_scalar(&range.to));
            }
        }
    }
    Ok((!replacements.is_empty()).then(|| splice(text, replacements.into_iter())))
}

/// What the importer notes about a dependency under its kind. A peer dependency that pnpm installs by itself stands among
/// the others, with its own specifier.
fn entry<'a>(entries: &'a Entries, importer: &str, range: &LockfileRange) -> Option<&'a Entry> {
    let under =
        |kind: DependencyKind| entries.get(&(importer.to_owned(), kind.manifest_key().to_owned(), range.name.clone()));
    if range.kind == DependencyKind::Peer {
        let noted = |entry: &&Entry| entry.specifier.as_ref().is_some_and(|(specifier, _)| *specifier == range.from);
        return under(DependencyKind::Prod).filter(noted);
    }
    under(range.kind)
}

/// Says whether a dependency that stands in several maps of the manifest is noted under another of these.
fn noted_otherwise(entries: &Entries, importer: &str, edit: &LockfileEdit, range: &LockfileRange) -> bool {
    let noted = |kind: DependencyKind| {
        entries.contains_key(&(importer.to_owned(), kind.manifest_key().to_owned(), range.name.clone()))
    };
    let other = edit.ranges.iter().filter(|other| other.name == range.name && other.kind != range.kind);
    other.into_iter().any(|other| noted(other.kind))
}
