//! `pnpm-lock.yaml`, versions 6 and later.
//!
//! The file may hold two YAML documents; the first then describes pnpm's own tools and has an importer `.` too.

use std::collections::BTreeMap;

use semver::Version;

use super::{
    LockfileEdit, LockfileEdits, LockfileRange, entry_from_elsewhere, entry_out_of_date, from_elsewhere, out_of_date,
    refusal,
};
use crate::catalog::DEFAULT;
use crate::dependency::DependencyKind;
use crate::edit::EditError;
use crate::json::splice;
use crate::manager::PackageManager::Pnpm;
use crate::range::Range;
use crate::specifier::Specifier;
use crate::yaml_lines::{pnpm_scalar, visit};

/// The oldest version of the format that keeps `specifier` and `version` together.
const VERSION_MAJOR_MIN: u32 = 6;

/// A text and where it stands.
type Placed = (String, (usize, usize));

/// What is noted about one dependency of an importer, or one entry of a catalog.
#[derive(Debug, Default)]
struct Entry {
    specifier: Option<Placed>,
    version: Option<Placed>,
}

impl Entry {
    fn take(&mut self, field: &str, value: Option<&String>, place: (usize, usize)) {
        match (field, value) {
            ("specifier", Some(value)) => self.specifier = Some((value.clone(), place)),
            ("version", Some(value)) => self.version = Some((value.clone(), place)),
            _ => {}
        }
    }

    /// Where the dependency is linked from, seen from the importer's folder.
    fn link(&self) -> Option<&str> {
        self.version.as_ref()?.0.strip_prefix("link:")
    }
}

/// By importer, kind (as the file's key) and name.
type Entries = BTreeMap<(String, String, String), Entry>;

/// New texts by their places.
type Replacements = BTreeMap<(usize, usize), String>;

/// What the file says.
#[derive(Default)]
struct Noted {
    importers: Entries,
    /// By catalog (as the file's key) and name.
    catalogs: BTreeMap<(String, String), Entry>,
    versions: Vec<String>,
}

pub(super) fn edit(text: &str, edits: &LockfileEdits<'_>) -> Result<Option<String>, EditError> {
    let ranges = edits.packages.iter().any(|edit| !edit.ranges.is_empty());
    if !ranges && edits.entries.is_empty() && !text.contains("\ncatalogs:") {
        // pnpm notes no versions of the workspace's own packages but with its catalogs.
        return Ok(None);
    }
    let noted = read(text)?;
    let mut replacements = Replacements::new();
    for edit in edits.packages {
        edit_package(&noted.importers, edit, &mut replacements)?;
    }
    edit_catalogs(&noted, edits, &mut replacements)?;
    Ok((!replacements.is_empty()).then(|| splice(text, replacements.into_iter())))
}

fn read(text: &str) -> Result<Noted, EditError> {
    let mut noted = Noted::default();
    visit(text, |path| match path {
        [key] if key.key == "lockfileVersion" => noted.versions.extend(key.value.clone()),
        [top, importer, kind, name, field] if top.key == "importers" => {
            let key = (importer.key.clone(), kind.key.clone(), name.key.clone());
            noted.importers.entry(key).or_default().take(&field.key, field.value.as_ref(), field.value_at);
        }
        [top, catalog, name, field] if top.key == "catalogs" => {
            let key = (catalog.key.clone(), name.key.clone());
            noted.catalogs.entry(key).or_default().take(&field.key, field.value.as_ref(), field.value_at);
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
    if noted.versions.is_empty() || !noted.versions.iter().all(known) {
        return Err(refusal(Pnpm, "the lock file has a version that relay can't edit".to_owned()));
    }
    Ok(noted)
}

fn edit_package(entries: &Entries, edit: &LockfileEdit, replacements: &mut Replacements) -> Result<(), EditError> {
    let importer = if edit.path.as_str().is_empty() { "." } else { edit.path.as_str() };
    for range in &edit.ranges {
        let Some(entry) = entry(entries, importer, range) else {
            // pnpm notes peer dependencies only where it installs them by itself, and one kind of several.
            if range.kind == DependencyKind::Peer || noted_otherwise(entries, importer, edit, range) {
                continue;
            }
            return Err(out_of_date(Pnpm, edit, range));
        };
        let Some((specifier, place)) = &entry.specifier else { return Err(out_of_date(Pnpm, edit, range)) };
        if *specifier != range.from && *specifier != range.to {
            return Err(out_of_date(Pnpm, edit, range));
        }
        if entry.link().is_none() {
            return Err(from_elsewhere(Pnpm, edit, range));
        }
        if *specifier != range.to {
            replacements.insert(*place, pnpm_scalar(&range.to));
        }
    }
    Ok(())
}

/// The catalogs: the ranges that change, and the versions of the packages that they stand for. pnpm 10 and 11 note a package's
/// version, pnpm 12 the range once more.
fn edit_catalogs(noted: &Noted, edits: &LockfileEdits<'_>, replacements: &mut Replacements) -> Result<(), EditError> {
    for edit in edits.entries {
        let users: Vec<_> = users(noted, edit.catalog.as_deref(), &edit.name).collect();
        let key = (edit.catalog.clone().unwrap_or_else(|| DEFAULT.to_owned()), edit.name.clone());
        let specifier = noted.catalogs.get(&key).and_then(|entry| entry.specifier.as_ref());
        let Some((specifier, place)) = specifier else {
            // An entry that only peers use is not noted.
            if users.is_empty() {
                continue;
            }
            return Err(entry_out_of_date(Pnpm, edit));
        };
        if *specifier != edit.from && *specifier != edit.to {
            return Err(entry_out_of_date(Pnpm, edit));
        }
        if users.iter().any(|(_, entry)| entry.link().is_none()) {
            return Err(entry_from_elsewhere(Pnpm, edit));
        }
        if *specifier != edit.to {
            replacements.insert(*place, pnpm_scalar(&edit.to));
        }
    }
    for ((catalog, name), entry) in &noted.catalogs {
        let (Some((specifier, _)), Some((version, place))) = (&entry.specifier, &entry.version) else { continue };
        let catalog = (catalog != DEFAULT).then_some(catalog.as_str());
        let edited = edits.entries.iter().find(|edit| edit.catalog.as_deref() == catalog && edit.name == *name);
        let range = edited.map_or(specifier, |edit| &edit.to);
        let new = if version == specifier && edited.is_some() {
            range.clone()
        } else if Version::parse(version).is_ok()
            && let Some(next) = next_version(users(noted, catalog, name), edits)
            && accepts(range, next)
        {
            next.to_string()
        } else {
            continue;
        };
        if new != *version {
            replacements.insert(*place, pnpm_scalar(&new));
        }
    }
    Ok(())
}

/// The importers, by their folders, that have a dependency by a catalog's entry.
fn users<'n>(noted: &'n Noted, catalog: Option<&'n str>, name: &'n str) -> impl Iterator<Item = (&'n str, &'n Entry)> {
    noted.importers.iter().filter_map(move |((importer, _, key), entry)| {
        let used = key == name
            && matches!(
                Specifier::parse(&entry.specifier.as_ref()?.0),
                Specifier::Catalog(one) if one.as_deref() == catalog
            );
        used.then_some((importer.as_str(), entry))
    })
}

/// The new version of the package that a catalog's entry stands for, where it is the workspace's and gets one.
fn next_version<'n, 'e>(
    mut users: impl Iterator<Item = (&'n str, &'n Entry)>,
    edits: &LockfileEdits<'e>,
) -> Option<&'e Version> {
    let (importer, link) = users.find_map(|(importer, entry)| Some((importer, entry.link()?)))?;
    let folder = joined(importer, link)?;
    edits.packages.iter().find(|edit| edit.path.as_str() == folder)?.version.as_ref()
}

/// A link's folder below the root.
fn joined(importer: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = importer.split('/').filter(|part| *part != ".").collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Says whether an entry's range, with or without an alias before it, accepts a version.
fn accepts(entry: &str, version: &Version) -> bool {
    let range = match Specifier::parse(entry) {
        Specifier::Alias { range, .. } => Range::parse(&range),
        _ => Range::parse(entry),
    };
    range.is_ok_and(|range| range.accepts(version))
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
