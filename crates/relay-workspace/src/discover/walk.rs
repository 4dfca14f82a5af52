//! The walk over the disk: one pass for all patterns, opening only folders that some pattern needs listed.
//!
//! Each folder is visited with the positions that the patterns have reached there. A folder is listed only where a
//! pattern goes on with a wildcard; `packages/*` lists `packages` and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::FileType;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::DiscoverError;
use super::file::is_absent;
use super::pattern::Part;
use super::selection::Selection;

/// How many folders a walk may visit. A checkout of the largest open monorepos has about 60,000 outside `node_modules`.
const FOLDERS_MAX: usize = 500_000;

/// How deep a walk may go, in folders below the root.
const DEPTH_MAX: usize = 64;

/// A folder that patterns match, before anyone has looked for a manifest in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MatchedFolder {
    /// The folder relative to the root.
    pub(super) path: Utf8PathBuf,
    /// The indices of the [`Selection::sources`] that match it.
    pub(super) sources: Vec<usize>,
    /// Says whether the folder is left out again by a `!` pattern.
    pub(super) excluded: bool,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The folders, sorted by path, each once; the root is not among them.
    pub(super) folders: Vec<MatchedFolder>,
    /// Says whether a pattern means the root itself.
    pub(super) root: bool,
    /// What was odd on the way.
    pub(super) warnings: Vec<String>,
}

/// A position of the walk within a pattern: the index of the including pattern, and of its next part.
type Position = (usize, usize);

struct Visit {
    path: String,
    positions: Vec<Position>,
}

/// Which folders are never entered, whatever the patterns say.
#[derive(Debug, Clone, Copy)]
pub(super) struct NeverEntered {
    /// pnpm leaves `bower_components` out as well as `node_modules`.
    pub(super) bower_components: bool,
}

impl NeverEntered {
    fn contains(self, name: &str) -> bool {
        name == "node_modules" || (self.bower_components && name == "bower_components")
    }
}

/// Finds the folders that a selection matches.
pub(super) fn walk(root: &Utf8Path, selection: &Selection, never: NeverEntered) -> Result<Walked, DiscoverError> {
    let mut walk = Walk { root, selection, never, found: BTreeMap::new(), walked: Walked::default() };
    walk.walked.root = selection.included.iter().any(|included| included.pattern.is_root());
    let mut open =
        vec![Visit { path: String::new(), positions: (0..selection.included.len()).map(|i| (i, 0)).collect() }];
    let mut visited = 0;
    while let Some(visit) = open.pop() {
        visited += 1;
        if visited > FOLDERS_MAX {
            return Err(DiscoverError::TooManyFolders { file: selection.file.clone(), limit: FOLDERS_MAX });
        }
        walk.visit(&visit, &mut open)?;
    }
    let Walk { found, mut walked, .. } = walk;
    walked.folders = found.into_values().collect();
    Ok(walked)
}

struct Walk<'a> {
    root: &'a Utf8Path,
    selection: &'a Selection,
    never: NeverEntered,
    found: BTreeMap<Utf8PathBuf, MatchedFolder>,
    walked: Walked,
}

/// What the patterns make of one child of a folder.
#[derive(Default)]
struct Child {
    positions: Vec<Position>,
    /// A pattern names it in full, so that a link may not be passed over in silence.
    named: bool,
}

impl Walk<'_> {
    fn visit(&mut self, visit: &Visit, open: &mut Vec<Visit>) -> Result<(), DiscoverError> {
        let parts: Vec<&str> = visit.path.split('/').filter(|part| !part.is_empty()).collect();
        if parts.len() > DEPTH_MAX {
            return Err(DiscoverError::TooDeep { path: Utf8PathBuf::from(&visit.path), limit: DEPTH_MAX });
        }
        let positions = self.reach(&visit.positions);
        self.note_matches(&visit.path, &parts, &positions);
        let literal = |position: &Position| match self.part(*position) {
            Some(Part::Literal(name)) => Some(name.clone()),
            _ => None,
        };
        let going_on: Vec<Position> = positions.into_iter().filter(|position| self.part(*position).is_some()).collect();
        let entries = if going_on.iter().all(|position| literal(position).is_some()) {
            let names: BTreeSet<String> = going_on.iter().filter_map(literal).collect();
            self.named_entries(&visit.path, names)?
        } else {
            self.listed_entries(&visit.path)?
        };
        for (name, file_type) in entries {
            if self.never.contains(&name) {
                continue;
            }
            let child = self.child(&parts, &going_on, &name, file_type.is_symlink());
            if child.positions.is_empty() {
                continue;
            }
            let path = if visit.path.is_empty() { name } else { format!("{}/{name}", visit.path) };
            let path = if file_type.is_symlink() { self.follow(&path, child.named)? } else { Some(path) };
            if let Some(path) = path {
                open.push(Visit { path, positions: child.positions });
            }
        }
        Ok(())
    }

    fn part(&self, (included, part): Position) -> Option<&Part> {
        self.selection.included.get(included).and_then(|included| included.pattern.part(part))
    }

    fn reach(&self, positions: &[Position]) -> Vec<Position> {
        let mut by_pattern: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (included, part) in positions {
            by_pattern.entry(*included).or_default().push(*part);
        }
        let mut reached = Vec::new();
        for (index, parts) in by_pattern {
            if let Some(included) = self.selection.included.get(index) {
                reached.extend(included.pattern.reach(parts).into_iter().map(|part| (index, part)));
            }
        }
        reached
    }

    fn note_matches(&mut self, path: &str, parts: &[&str], positions: &[Position]) {
        if path.is_empty() {
            return;
        }
        let selection = self.selection;
        for &(index, part) in positions {
            let Some(included) = selection.included.get(index) else { continue };
            if included.pattern.part(part).is_some() {
                continue;
            }
            let excluded = selection.excludes(included, parts);
            let path = Utf8PathBuf::from(path);
            // Excluded means: by every pattern that matches.
            let folder =
                self.found.entry(path.clone()).or_insert(MatchedFolder { path, sources: Vec::new(), excluded });
            folder.excluded &= excluded;
            if !folder.sources.contains(&included.source) {
                folder.sources.push(included.source);
            }
        }
    }

    fn child(&self, parent: &[&str], positions: &[Position], name: &str, is_link: bool) -> Child {
        let mut child = Child::default();
        for &(index, part_index) in positions {
            match self.part((index, part_index)) {
                // `**` doesn't follow links: they may lead in circles.
                Some(Part::Deep) if !is_link && !name.starts_with('.') && !self.closed(parent, index, name) => {
                    child.positions.push((index, part_index));
                }
                Some(part) if part.matches(name, false) => {
                    child.named |= matches!(part, Part::Literal(_));
                    child.positions.push((index, part_index + 1));
                }
                _ => {}
            }
        }
        child
    }

    /// Says whether everything in the child and below it is excluded for a pattern.
    fn closed(&self, parent: &[&str], index: usize, name: &str) -> bool {
        let path: Vec<&str> = parent.iter().copied().chain([name]).collect();
        self.selection.included.get(index).is_some_and(|included| self.selection.excludes_below(included, &path))
    }

    /// The folders and links of some names, without listing the folder.
    fn named_entries(&self, parent: &str, names: BTreeSet<String>) -> Result<Vec<(String, FileType)>, DiscoverError> {
        let mut entries = Vec::new();
        for name in names {
            let path = Utf8Path::new(parent).join(&name);
            match self.root.join(&path).symlink_metadata() {
                Ok(metadata) if is_folder_or_link(metadata.file_type()) => entries.push((name, metadata.file_type())),
                Ok(_) => {}
                Err(error) if is_absent(&error) => {}
                Err(source) => return Err(DiscoverError::Unreadable { path, source }),
            }
        }
        Ok(entries)
    }

    /// All folders and links in a folder.
    fn listed_entries(&mut self, parent: &str) -> Result<Vec<(String, FileType)>, DiscoverError> {
        let unreadable = |source| {
            let path = if parent.is_empty() { Utf8PathBuf::from(".") } else { Utf8PathBuf::from(parent) };
            DiscoverError::Unreadable { path, source }
        };
        let mut entries = Vec::new();
        for entry in self.root.join(parent).as_std_path().read_dir().map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let file_type = entry.file_type().map_err(unreadable)?;
            if !is_folder_or_link(file_type) {
                continue;
            }
            match entry.file_name().into_string() {
                Ok(name) if !name.chars().any(char::is_control) => entries.push((name, file_type)),
                // No package manager's glob and no message could name it.
                _ => {
                    let place = if parent.is_empty() { "the workspace root" } else { parent };
                    self.walked.warnings.push(format!(
                        "a folder in `{place}` has a name with control characters or not in UTF-8; it is left out"
                    ));
                }
            }
        }
        Ok(entries)
    }

    /// Where a link to a folder leads, relative to the root; `None` where it leads to nothing that counts.
    fn follow(&mut self, path: &str, named: bool) -> Result<Option<String>, DiscoverError> {
        let target = match self.root.join(path).canonicalize_utf8() {
            Ok(target) => target,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(source) if named => return Err(DiscoverError::Unreadable { path: Utf8PathBuf::from(path), source }),
            Err(source) => {
                self.walked.warnings.push(format!("the link `{path}` can't be followed ({source}); it is left out"));
                return Ok(None);
            }
        };
        let Ok(inside) = target.strip_prefix(self.root) else {
            if !target.is_dir() {
                return Ok(None);
            }
            if named {
                return Err(DiscoverError::LinkOutside { path: Utf8PathBuf::from(path), target });
            }
            self.walked.warnings.push(format!("`{path}` is a link that leads out of the workspace; it is left out"));
            return Ok(None);
        };
        let entered = inside.components().all(|part| !self.never.contains(part.as_str()));
        Ok((entered && inside != Utf8Path::new("") && target.is_dir()).then(|| inside.as_str().to_owned()))
    }
}

fn is_folder_or_link(file_type: FileType) -> bool {
    file_type.is_dir() || file_type.is_symlink()
}
