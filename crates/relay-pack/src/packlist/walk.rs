//! Goes over a package's folders once and keeps what the rules let through.
//!
//! A folder's answer about an entry starts with its parent's answer about the same path; the parent's "no" stands unless
//! the folder itself was matched exactly. Folders are tried as files, as folders, and for rules that include, as the
//! beginning of a longer path.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::NpmRules;

use super::globs::Selection;
use super::{FOLDER_DEPTH_MAX, Found, npm11, npm12};
use crate::error::PackError;
use crate::fields::Fields;
use crate::minimatch::Pattern;
use crate::overlay::{Laid, Overlay};
use crate::rules::{self, Rules};

/// The package whose folder is walked.
pub(super) struct PackageRoot<'a> {
    pub(super) path: &'a Utf8Path,
    /// What goes before each path that is found: empty, or a bundled dependency's folder with a slash.
    pub(super) prefix: &'a str,
    pub(super) fields: &'a Fields,
    pub(super) default_rules: Rules,
    pub(super) sets: Sets,
    /// Which npm's rules count.
    pub(super) npm: NpmRules,
    /// Files that are never packed: patches, for npm 12.
    pub(super) patches: &'a [String],
    /// Whether each `package.json` below the root is read as an ignore file.
    pub(super) manifests_are_rules: bool,
    /// Whether the manifest counts though the folder may have none on disk.
    pub(super) has_manifest: bool,
}

/// Which sets of rules a package's root folder obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sets {
    /// All: the package that is packed, or a bundled one that is a link.
    OfRoot,
    /// Only the manifest's and the strict ones: a bundled dependency.
    OfBundled,
}

/// A folder on the way down, with its rules in the order in which they apply.
struct Folder<'a> {
    name: &'a str,
    exact: bool,
    sets: [Option<Rules>; 5],
    /// In place of the manifest's set, at the root for npm 12.
    selection: Option<Rc<Selection>>,
}

const DEFAULT: usize = 0;
const MANIFEST: usize = 1;
const NPMIGNORE: usize = 2;
const GITIGNORE: usize = 3;
const STRICT: usize = 4;

/// Walks a package.
pub(super) fn package(root: &PackageRoot, found: &mut Found) -> Result<(), PackError> {
    let walk = Walk { root };
    let entries = Listings::read(found, root.path)?;
    let mut sets: [Option<Rules>; 5] = Default::default();
    let (mut required, mut selection) = (Vec::new(), None);
    if root.sets == Sets::OfRoot {
        sets[DEFAULT] = Some(root.default_rules.clone());
        sets[NPMIGNORE] = ignore_file(found.overlay, root.path, ".npmignore", &entries)?;
        sets[GITIGNORE] = ignore_file(found.overlay, root.path, ".gitignore", &entries)?;
    }
    if root.has_manifest || has(&entries, "package.json") {
        match root.npm {
            NpmRules::Npm11 => {
                let rules = npm11::manifest_rules(root.path, root.fields, found.overlay)?;
                sets[MANIFEST] = rules.files;
                sets[STRICT] = Some(rules.strict);
                required = rules.required;
            }
            NpmRules::Npm12 => {
                let rules = npm12::manifest_rules(root.path, root.fields, root.patches, found)?;
                selection = rules.files.map(Rc::new);
                sets[STRICT] = Some(rules.strict);
            }
        }
    }
    let mut way = vec![Folder { name: "", exact: false, sets, selection }];
    settle(&mut way);
    walk.entries(root.path, "", &entries, &way, &required, found)
}

/// The sets that don't count beside others: `files` puts both ignore files out of force, `.npmignore` the other one.
fn settle(way: &mut [Folder]) {
    if let Some(folder) = way.last_mut() {
        if folder.sets[MANIFEST].is_some() || folder.selection.is_some() {
            folder.sets[NPMIGNORE] = None;
            folder.sets[GITIGNORE] = None;
        } else if folder.sets[NPMIGNORE].is_some() {
            folder.sets[GITIGNORE] = None;
        }
    }
}

/// One name in a folder.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: EntryKind,
}

/// What stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Folder,
    /// A link, a pipe or the like: never packed, never followed.
    Special,
}

struct Walk<'a> {
    root: &'a PackageRoot<'a>,
}

impl Walk<'_> {
    fn entries(
        &self,
        path: &Utf8Path,
        relative: &str,
        entries: &[Entry],
        way: &[Folder],
        required: &[String],
        found: &mut Found,
    ) -> Result<(), PackError> {
        if way.len() > FOLDER_DEPTH_MAX {
            let what = format!("its folders nest deeper than {FOLDER_DEPTH_MAX}");
            return Err(PackError::TooLarge { folder: self.root.path.to_owned(), what });
        }
        for entry in entries {
            // npm leaves out names that Windows can't hold.
            if entry.kind == EntryKind::Special || entry.name.contains('*') {
                continue;
            }
            let name = entry.name.as_str();
            let inner = if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
            let as_file = lets_through(way, name, Form::File);
            if entry.kind == EntryKind::File {
                if as_file {
                    found.add(format!("{}{inner}", self.root.prefix));
                }
                continue;
            }
            if lets_through(way, name, Form::Folder) {
                let exact = as_file || lets_through(way, name, Form::FolderPath);
                self.folder(
                    &path.join(name),
                    &inner,
                    Folder { name, exact, sets: Default::default(), selection: None },
                    way,
                    required,
                    found,
                )?;
            }
        }
        Ok(())
    }

    fn folder<'f>(
        &self,
        path: &Utf8Path,
        relative: &str,
        mut folder: Folder<'f>,
        way: &[Folder<'f>],
        required: &[String],
        found: &mut Found,
    ) -> Result<(), PackError> {
        let entries = Listings::read(found, path)?;
        folder.sets[DEFAULT] = Some(rules::defaults());
        if self.root.manifests_are_rules {
            folder.sets[MANIFEST] = ignore_file(found.overlay, path, "package.json", &entries)?;
        }
        folder.sets[NPMIGNORE] = ignore_file(found.overlay, path, ".npmignore", &entries)?;
        folder.sets[GITIGNORE] = ignore_file(found.overlay, path, ".gitignore", &entries)?;
        // Required files are known by name only to the folders directly below the root.
        let required = if way.len() == 1 { required } else { &[] };
        folder.sets[STRICT] = Some(npm11::folder_rules(path, folder.name, required)?);
        let mut way: Vec<Folder> = way.iter().map(Folder::shared).collect();
        way.push(folder);
        settle(&mut way);
        self.entries(path, relative, &entries, &way, &[], found)
    }
}

impl Folder<'_> {
    fn shared(&self) -> Self {
        Self { name: self.name, exact: self.exact, sets: self.sets.clone(), selection: self.selection.clone() }
    }
}

/// As what an entry is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `name`.
    File,
    /// `name` and `name/`, also as the beginning of longer paths.
    Folder,
    /// `name/` only.
    FolderPath,
}

/// Asks every folder on the way, from the root down, about an entry of the last one.
fn lets_through(way: &[Folder], name: &str, form: Form) -> bool {
    // `["", folder, …, name, ""]`; the folder that is asked sees its own name as the empty one before the slash.
    let mut names: Vec<&str> = way.iter().map(|folder| folder.name).collect();
    names.extend([name, ""]);
    let last = way.len().saturating_sub(1);
    let mut included = true;
    for (level, folder) in way.iter().enumerate() {
        if level > 0 && !included && !folder.exact {
            return false;
        }
        if let Some(own) = names.get_mut(level) {
            *own = "";
        }
        let names = names.get(level..).unwrap_or_default();
        let question = Question { names, form, below: level < last };
        for (index, set) in folder.sets.iter().enumerate() {
            if let Some(selection) = folder.selection.as_ref().filter(|_| index == MANIFEST) {
                included = question.is_selected_by(selection);
            }
            for rule in set.iter().flat_map(|set| set.iter()) {
                // A rule that says what is so already need not be asked.
                if rule.is_negated() != included && question.is_matched_by(rule) {
                    included = rule.is_negated();
                }
            }
        }
    }
    included
}

struct Question<'a> {
    /// The path from the folder that is asked, between two empty names.
    names: &'a [&'a str],
    form: Form,
    /// Whether the entry is in a folder below the one that is asked.
    below: bool,
}

impl Question<'_> {
    fn is_selected_by(&self, selection: &Selection) -> bool {
        let [_, names @ .., _] = self.names else { return false };
        selection.includes(&names.join("/"), self.form != Form::File, self.form == Form::Folder, |rule| {
            self.is_matched_by(rule)
        })
    }

    fn is_matched_by(&self, rule: &Pattern) -> bool {
        // Only rules that include are tried as the beginning of a longer path.
        if !rule.is_negated() && rule.is_out_of_reach(self.names) {
            return false;
        }
        let [_, names @ ..] = self.names else { return false };
        let Some((_, plain)) = names.split_last() else { return false };
        if rule.is_base_only() {
            return rule.matches_names(plain, false);
        }
        let rooted_plain = self.names.get(..self.names.len() - 1).unwrap_or_default();
        if self.form == Form::FolderPath {
            return rule.matches_names(self.names, false) || rule.matches_names(names, false);
        }
        if rule.matches_names(rooted_plain, false) || rule.matches_names(plain, false) {
            return true;
        }
        if self.form == Form::File {
            return false;
        }
        if rule.matches_names(self.names, false)
            || rule.matches_names(names, false)
            || (rule.is_negated() && (rule.matches_names(rooted_plain, true) || rule.matches_names(plain, true)))
        {
            return true;
        }
        self.below && rule.is_short() && self.base_is_matched_by(rule)
    }

    /// A short rule is also tried against the entry's own name, whatever folder it is in.
    fn base_is_matched_by(&self, rule: &Pattern) -> bool {
        let [.., base, _] = self.names else { return false };
        rule.matches_names(&["", base, ""], false)
            || rule.matches_names(&[base, ""], false)
            || (rule.is_negated() && (rule.matches_names(&["", base], true) || rule.matches_names(&[base], true)))
    }
}

/// Folders that are read already, where they will be asked for again.
#[derive(Default)]
pub(super) struct Listings(HashMap<String, Rc<Vec<Entry>>>);

impl Listings {
    /// The entries of a folder; each is read from the disk once.
    pub(super) fn read(found: &mut Found, path: &Utf8Path) -> Result<Rc<Vec<Entry>>, PackError> {
        if let Some(known) = found.listings.as_ref().and_then(|listings| listings.0.get(path.as_str())) {
            return Ok(Rc::clone(known));
        }
        let entries = Rc::new(read_folder(path, found)?);
        if let Some(listings) = &mut found.listings {
            listings.0.insert(path.to_string(), Rc::clone(&entries));
        }
        Ok(entries)
    }
}

fn read_folder(path: &Utf8Path, found: &mut Found) -> Result<Vec<Entry>, PackError> {
    let laid = found.overlay.names_in(path);
    let mut entries = Vec::new();
    let on_disk = match std::fs::read_dir(path) {
        // The folder itself is in the overlay only.
        Err(error) if error.kind() == ErrorKind::NotFound && !laid.is_empty() => None,
        read => Some(read.map_err(PackError::unreadable(path))?),
    };
    for entry in on_disk.into_iter().flatten() {
        found.look_at(path)?;
        let entry = entry.map_err(PackError::unreadable(path))?;
        let name = entry.file_name().into_string().map_err(|name| PackError::NameNotUnicode {
            folder: path.to_owned(),
            name: name.to_string_lossy().into_owned(),
        })?;
        let kind = entry.file_type().map_err(PackError::unreadable(path.join(&name)))?;
        let kind = match (kind.is_file(), kind.is_dir()) {
            (true, _) => EntryKind::File,
            (_, true) => EntryKind::Folder,
            _ => EntryKind::Special,
        };
        if laid.get(name.as_str()) != Some(&Laid::Gone) {
            entries.push(Entry { name, kind });
        }
    }
    for (name, laid) in laid {
        let kind = match laid {
            Laid::File => EntryKind::File,
            Laid::Folder => EntryKind::Folder,
            Laid::Gone => continue,
        };
        if !has(&entries, name) {
            entries.push(Entry { name: name.to_owned(), kind });
        }
    }
    Ok(entries)
}

fn has(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name == name)
}

/// The rules of an ignore file, where the folder has it. A link is followed, since its target is only read.
fn ignore_file(
    overlay: &Overlay,
    folder: &Utf8Path,
    name: &str,
    entries: &[Entry],
) -> Result<Option<Rules>, PackError> {
    if !has(entries, name) {
        return Ok(None);
    }
    let path: Utf8PathBuf = folder.join(name);
    let bytes = overlay.read(&path).map_err(PackError::unreadable(&*path))?;
    Ok(Some(rules::parse(&String::from_utf8_lossy(&bytes), &path)?.into()))
}
