//! Which packages a commit changes: those whose folder differs from that of every parent.

use git2::Oid;

use super::area::{Area, Areas};
use super::tree::differences;
use super::tree_store::{Objects, TreeStore, broken};
use crate::error::GitError;

/// Compares the trees of commits along the folders of packages.
pub(super) struct Touches<'a, 'r> {
    areas: &'a Areas,
    pub(super) store: TreeStore<'r>,
    /// The last commit brought a package's folder, or touched what belongs to no package.
    pub(super) beyond: bool,
}

/// Two folders to compare: the node of the areas, and the trees; `None` where there is no such folder.
type Pair = (usize, Option<Oid>, Option<Oid>);

impl<'a, 'r> Touches<'a, 'r> {
    pub(super) fn new(areas: &'a Areas, objects: Objects<'r>) -> Self {
        Self { areas, store: TreeStore::new(objects), beyond: false }
    }

    /// The packages that a commit with this tree changes against all these parents' trees, sorted.
    pub(super) fn of_commit(&mut self, tree: Oid, parents: &[Oid]) -> Result<Vec<Area>, GitError> {
        self.beyond = false;
        let Some((first, others)) = parents.split_first() else {
            return self.between(None, Some(tree));
        };
        if parents.contains(&tree) {
            return Ok(Vec::new());
        }
        let mut touched = self.between(Some(*first), Some(tree))?;
        for parent in others {
            if touched.is_empty() {
                break;
            }
            let against = self.between(Some(*parent), Some(tree))?;
            touched.retain(|area| against.binary_search(area).is_ok());
        }
        Ok(touched)
    }

    fn between(&mut self, old: Option<Oid>, new: Option<Oid>) -> Result<Vec<Area>, GitError> {
        let mut touched = Vec::new();
        let mut pending: Vec<Pair> = vec![(Areas::ROOT, old, new)];
        while let Some((at, old, new)) = pending.pop() {
            if old == new {
                continue;
            }
            let Some(node) = self.areas.node(at) else { continue };
            let old_tree = old.map(|id| self.store.tree(id)).transpose()?;
            let new_tree = new.map(|id| self.store.tree(id)).transpose()?;
            let (areas, beyond) = (self.areas, &mut self.beyond);
            let compared = differences(old_tree.as_deref(), new_tree.as_deref(), |old, new| {
                let Some(entry) = new.or(old) else { return };
                let child = node.children.get(entry.name).and_then(|child| Some((*child, areas.node(*child)?)));
                match child {
                    None => {
                        touched.extend(node.owner);
                        *beyond |= node.owner.is_none();
                    }
                    Some((_, child)) if child.children.is_empty() => {
                        touched.extend(child.owner);
                        *beyond |= old.is_none();
                    }
                    Some((index, child)) => {
                        *beyond |= old.is_none();
                        if [old, new].iter().flatten().any(|entry| !entry.is_tree()) {
                            touched.extend(child.owner);
                        }
                        pending.push((
                            index,
                            old.and_then(|entry| entry.tree_id()),
                            new.and_then(|entry| entry.tree_id()),
                        ));
                    }
                }
            });
            compared.map_err(broken(new.or(old).unwrap_or(Oid::ZERO_SHA1)))?;
        }
        touched.sort_unstable();
        touched.dedup();
        Ok(touched)
    }
}
