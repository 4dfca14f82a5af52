//! Packages whose folder was moved since their last release: the folder that had a manifest of the same name before.
//!
//! A package is its name, so the name is followed, not the likeness of files. Only where a commit gives a package both another
//! folder and another name is it known again by the rest of its files, if they are all the same. Nothing is read for packages
//! whose commits since their last release touch nothing but a folder that was there before.

use std::collections::{HashMap, HashSet, VecDeque};

use git2::Oid;

use super::manifest::Versions;
use super::search::{Found, Search};
use super::tree::differences;
use super::tree_store::{Objects, TreeStore, broken};
use crate::error::GitError;

mod on_disk;

/// Folders deeper than this hold no packages.
const DEPTH_MAX: usize = 16;
/// So many commits before a package came into its folder are searched for the one that took it away elsewhere.
const STEPS_COMMITS_MAX: usize = 200;
/// So many folders that a commit changes are looked into for manifests.
const FOLDERS_MAX: usize = 20_000;

/// Where a package was before its folder was moved, latest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    pub(super) eras: Vec<Era>,
    /// There is no other move to be found.
    done: bool,
}

/// The time in which a package was in another folder.
#[derive(Debug, Clone)]
pub(super) struct Era {
    /// The folder, relative to the repository.
    pub(super) folder: String,
    /// The commit that moved it away from there.
    pub(super) commit: Oid,
    /// The parents of that commit.
    pub(super) parents: Vec<Oid>,
    /// The folder is there still, so that commits after the move are not the package's.
    pub(super) shared: bool,
    /// The package (by its place among the queries) in whose folder it lies or lay.
    pub(super) inside: Option<usize>,
}

/// A manifest that a commit takes away or changes.
struct Taken {
    folder: Vec<Vec<u8>>,
    manifest: Oid,
    tree: Oid,
}

/// A folder as the names on the way to it.
type Folder = Vec<Vec<u8>>;

/// The package that is looked for in other folders.
struct Sought<'a> {
    name: &'a str,
    /// The version that its manifest must have, where one is asked for.
    version: Option<&'a Option<String>>,
    /// Its folder, which doesn't count.
    folder: &'a [Vec<u8>],
}

/// What is read for moves.
struct Reader<'r> {
    store: TreeStore<'r>,
    versions: Versions,
    /// The folders and manifests that are gone or changed between two trees: several packages may ask for the same.
    taken: HashMap<(Oid, Oid), Vec<(Folder, Oid)>>,
}

impl Search<'_> {
    /// Looks for the latest move that each package's trail doesn't know yet; says whether there is any.
    pub(super) fn follow_moves(&self, found: &Found, trails: &mut [Trail]) -> Result<bool, GitError> {
        let mut any = false;
        let mut reader = Reader::new(self.objects());
        let mut objects = self.objects();
        for (index, trail) in trails.iter_mut().enumerate().filter(|(_, trail)| !trail.done) {
            match self.move_of(index, trail, found, &mut reader, &mut objects)? {
                Some(era) => {
                    trail.eras.push(era);
                    any = true;
                }
                None => trail.done = true,
            }
        }
        Ok(any)
    }

    /// The move by which a package came into the first folder that its trail knows.
    fn move_of(
        &self,
        index: usize,
        trail: &Trail,
        found: &Found,
        reader: &mut Reader<'_>,
        objects: &mut Objects<'_>,
    ) -> Result<Option<Era>, GitError> {
        let (Some(query), Some(Some(base))) = (self.queries.get(index), found.bases.get(index)) else {
            return Ok(None);
        };
        let path = trail.eras.last().map_or(query.path.as_str(), |era| era.folder.as_str());
        let folder = parts(path);
        let moved_in = match &base.got {
            Some(got) if got.fresh => Some(base.commit),
            Some(got) if got.name.as_ref() == Some(&query.name) => None,
            _ if !found.wide.get(index).is_some_and(|wide| *wide) => None,
            _ => self.appearance(index, (&folder, base.commit), found, reader, objects)?,
        };
        let Some(commit) = moved_in else { return Ok(None) };
        let after = self.commit(objects, commit)?;
        // Without a tag, the version must be that of before, or the commit has released it.
        let version = match reader.versions.in_folder(&mut reader.store, after.tree, &folder)? {
            Some(stated) if base.got.is_some() => Some(stated.version.clone()),
            Some(_) => None,
            None => return Ok(None),
        };
        for parent in &after.parents {
            let before = self.commit(objects, *parent)?;
            let Some(taken) = reader.place_before(&query.name, version.as_ref(), &folder, (before.tree, after.tree))?
            else {
                continue;
            };
            if let Some(era) = self.era(&taken, (commit, after.parents.clone()), reader, objects)? {
                return Ok(Some(era));
            }
        }
        let sought = Sought { name: &query.name, version: version.as_ref(), folder: &folder };
        self.move_in_steps(&sought, (commit, after.parents), reader, objects)
    }

    /// The time up to a commit in which a package was in another folder.
    fn era(
        &self,
        taken: &[Vec<u8>],
        (commit, parents): (Oid, Vec<Oid>),
        reader: &mut Reader<'_>,
        objects: &mut Objects<'_>,
    ) -> Result<Option<Era>, GitError> {
        let Some(old) = text(taken) else { return Ok(None) };
        let head = self.commit(objects, self.head)?;
        let inside = self.queries.iter().enumerate().filter(|(_, query)| is_below(&old, &query.path));
        Ok(Some(Era {
            shared: old.is_empty() || reader.is_there(head.tree, taken)?,
            inside: inside.max_by_key(|(_, query)| query.path.len()).map(|(place, _)| place),
            folder: old,
            commit,
            parents,
        }))
    }

    /// A move of which each commit does a part: a folder is made, and the one of that name is taken away only later; or one is
    /// taken away, and some commits later the name is back elsewhere.
    fn move_in_steps(
        &self,
        sought: &Sought<'_>,
        (commit, parents): (Oid, Vec<Oid>),
        reader: &mut Reader<'_>,
        objects: &mut Objects<'_>,
    ) -> Result<Option<Era>, GitError> {
        let head = self.commit(objects, self.head)?;
        for parent in &parents {
            let before = self.commit(objects, *parent)?;
            if let Some(folder) = reader.place_gone(sought, (before.tree, head.tree))? {
                return self.era(&folder, (commit, parents.clone()), reader, objects);
            }
        }
        let mut pending = VecDeque::from(parents);
        let mut seen: HashSet<Oid> = HashSet::new();
        while let Some(id) = pending.pop_front().filter(|_| seen.len() < STEPS_COMMITS_MAX) {
            if !seen.insert(id) || self.cuts.contains(&id) {
                continue;
            }
            let after = self.commit(objects, id)?;
            for parent in &after.parents {
                let before = self.commit(objects, *parent)?;
                if let Some(folder) = reader.place_gone(sought, (before.tree, after.tree))? {
                    return self.era(&folder, (id, after.parents.clone()), reader, objects);
                }
            }
            pending.extend(after.parents);
        }
        Ok(None)
    }

    /// The commit since the package's base in which its manifest came into the folder; `None` where it was there at the base.
    fn appearance(
        &self,
        index: usize,
        (folder, base): (&[Vec<u8>], Oid),
        found: &Found,
        reader: &mut Reader<'_>,
        objects: &mut Objects<'_>,
    ) -> Result<Option<Oid>, GitError> {
        let (Some(query), Some(package)) = (self.queries.get(index), found.history.packages.get(index)) else {
            return Ok(None);
        };
        if package.commits.is_empty() {
            return Ok(None);
        }
        let at_base = self.commit(objects, base)?;
        if reader.has_name(at_base.tree, folder, &query.name)? {
            return Ok(None);
        }
        // From the latest on: what was moved twice is found in two steps.
        for id in package.commits.iter().filter_map(|at| found.history.commits.get(*at)) {
            let Ok(id) = Oid::from_str(&id.id) else { continue };
            let commit = self.commit(objects, id)?;
            if !reader.has_name(commit.tree, folder, &query.name)? {
                continue;
            }
            let mut came = !commit.parents.is_empty();
            for parent in &commit.parents {
                let parent = self.commit(objects, *parent)?;
                came = came && !reader.has_name(parent.tree, folder, &query.name)?;
            }
            if came {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

impl<'r> Reader<'r> {
    fn new(objects: Objects<'r>) -> Self {
        Self { store: TreeStore::new(objects), versions: Versions::default(), taken: HashMap::new() }
    }

    /// The folder that had a manifest of the sought name (and version) in the old tree, and has none of that name in the new
    /// one.
    fn place_gone(&mut self, sought: &Sought<'_>, trees: (Oid, Oid)) -> Result<Option<Vec<Vec<u8>>>, GitError> {
        if !self.taken.contains_key(&trees) {
            let taken = self.taken(trees.0, Some(trees.1))?;
            self.taken.insert(trees, taken.into_iter().map(|taken| (taken.folder, taken.manifest)).collect());
        }
        let taken = self.taken.get(&trees).cloned().unwrap_or_default();
        for (folder, manifest) in taken.into_iter().filter(|(folder, _)| folder != sought.folder) {
            let stated = self.versions.stated(&mut self.store, manifest)?;
            let is_it = stated.name.as_deref() == Some(sought.name)
                && sought.version.is_none_or(|version| stated.version == *version);
            if is_it && !self.has_name(trees.1, &folder, sought.name)? {
                return Ok(Some(folder));
            }
        }
        Ok(None)
    }

    fn has_name(&mut self, tree: Oid, folder: &[Vec<u8>], name: &str) -> Result<bool, GitError> {
        let stated = self.versions.in_folder(&mut self.store, tree, folder)?;
        Ok(stated.is_some_and(|stated| stated.name.as_deref() == Some(name)))
    }

    /// Whether a tree has such a folder, or a file of that name.
    fn is_there(&mut self, tree: Oid, folder: &[Vec<u8>]) -> Result<bool, GitError> {
        Ok(self.tree_at(tree, folder)?.is_some())
    }

    fn tree_at(&mut self, tree: Oid, folder: &[Vec<u8>]) -> Result<Option<Oid>, GitError> {
        let mut id = tree;
        for part in folder {
            let tree = self.store.tree(id)?;
            match tree.find(part, true).map_err(broken(id))?.and_then(|entry| entry.tree_id()) {
                Some(below) => id = below,
                None => return Ok(None),
            }
        }
        Ok(Some(id))
    }

    /// The folder from which a manifest of this name (and version) is gone between two trees.
    fn place_before(
        &mut self,
        name: &str,
        version: Option<&Option<String>>,
        folder: &[Vec<u8>],
        (old, new): (Oid, Oid),
    ) -> Result<Option<Vec<Vec<u8>>>, GitError> {
        let taken = self.taken(old, Some(new))?;
        let mut others = Vec::new();
        for candidate in taken.into_iter().filter(|taken| taken.folder != folder) {
            let stated = self.versions.stated(&mut self.store, candidate.manifest)?;
            if version.is_some_and(|version| stated.version != *version) {
                continue;
            }
            if stated.name.as_deref() == Some(name) {
                return Ok(Some(candidate.folder));
            }
            others.push(candidate);
        }
        // Renamed and moved at once: all the other files tell, if nothing but this folder has them.
        let Some(now) = self.tree_at(new, folder)? else { return Ok(None) };
        let mut alike = Vec::new();
        for candidate in others {
            let gone = self.tree_at(new, &candidate.folder)?.is_none();
            if gone && self.alike_but_for_manifest(candidate.tree, now)? {
                alike.push(candidate.folder);
            }
        }
        Ok(if alike.len() == 1 { alike.pop() } else { None })
    }

    /// The manifests that are in the old tree and gone, or changed, in the new one; without a new one, all.
    fn taken(&mut self, old: Oid, new: Option<Oid>) -> Result<Vec<Taken>, GitError> {
        let mut taken = Vec::new();
        let mut pending: Vec<(Vec<Vec<u8>>, Oid, Option<Oid>)> = vec![(Vec::new(), old, new)];
        let mut seen = 0;
        while let Some((folder, old, new)) = pending.pop() {
            seen += 1;
            if seen > FOLDERS_MAX {
                break;
            }
            let old_tree = self.store.tree(old)?;
            let new_tree = new.map(|id| self.store.tree(id)).transpose()?;
            let compared = differences(Some(&*old_tree), new_tree.as_deref(), |before, after| {
                let Some(before) = before else { return };
                if let Some(below) = before.tree_id() {
                    if folder.len() < DEPTH_MAX && before.name != b"node_modules" {
                        let path = folder.iter().cloned().chain([before.name.to_vec()]).collect();
                        pending.push((path, below, after.and_then(|after| after.tree_id())));
                    }
                } else if before.name == b"package.json"
                    && let Some(manifest) = before.file_id()
                {
                    taken.push(Taken { folder: folder.clone(), manifest, tree: old });
                }
            });
            compared.map_err(broken(old))?;
        }
        Ok(taken)
    }

    /// Whether two folders have the same entries, some at all, apart from the manifest.
    fn alike_but_for_manifest(&mut self, old: Oid, new: Oid) -> Result<bool, GitError> {
        let (old_tree, new_tree) = (self.store.tree(old)?, self.store.tree(new)?);
        let mut alike = true;
        differences(Some(&*old_tree), Some(&*new_tree), |before, after| {
            let other = |name: &[u8]| name != b"package.json";
            alike &= !before.is_some_and(|entry| other(entry.name)) && !after.is_some_and(|entry| other(entry.name));
        })
        .map_err(broken(old))?;
        let mut any_other = false;
        differences(None, Some(&*new_tree), |_, after| {
            any_other |= after.is_some_and(|entry| entry.name != b"package.json");
        })
        .map_err(broken(new))?;
        Ok(alike && any_other)
    }
}

/// A path as parts.
fn parts(path: &str) -> Vec<Vec<u8>> {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).map(|part| part.as_bytes().to_vec()).collect()
}

/// A folder's parts as a path; `None` where they are not UTF-8.
fn text(folder: &[Vec<u8>]) -> Option<String> {
    let parts: Option<Vec<&str>> = folder.iter().map(|part| std::str::from_utf8(part).ok()).collect();
    Some(parts?.join("/"))
}

/// Whether a folder lies below another one; all lies below the root.
fn is_below(folder: &str, other: &str) -> bool {
    let other = other.trim_start_matches("./").trim_end_matches('/');
    !folder.is_empty()
        && (other.is_empty() || other == "." || folder.strip_prefix(other).is_some_and(|rest| rest.starts_with('/')))
}
