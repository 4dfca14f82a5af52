//! Trees that were read lately. Neighbours in history share most of their trees, so each is read once.

use std::collections::HashMap;
use std::rc::Rc;

use git2::{ObjectType, Odb, Oid};

use super::tree::{BrokenTree, Tree};
use crate::error::GitError;

/// The cache holds at most twice as much: a young and an old half.
const HALF_BYTES_MAX: usize = 3 << 20;

/// Reads trees and keeps the latest.
pub(super) struct TreeStore<'r> {
    odb: &'r Odb<'r>,
    young: HashMap<Oid, Rc<Tree<'r>>>,
    old: HashMap<Oid, Rc<Tree<'r>>>,
    young_bytes: usize,
}

impl<'r> TreeStore<'r> {
    pub(super) fn new(odb: &'r Odb<'r>) -> Self {
        Self { odb, young: HashMap::new(), old: HashMap::new(), young_bytes: 0 }
    }

    pub(super) fn odb(&self) -> &'r Odb<'r> {
        self.odb
    }

    pub(super) fn tree(&mut self, id: Oid) -> Result<Rc<Tree<'r>>, GitError> {
        if let Some(tree) = self.young.get(&id) {
            return Ok(Rc::clone(tree));
        }
        let tree = if let Some(tree) = self.old.remove(&id) {
            tree
        } else {
            let object = self.odb.read(id).map_err(GitError::reading(id, "read a folder of a commit"))?;
            if object.kind() != ObjectType::Tree {
                return Err(GitError::BrokenObject { id: id.to_string(), reason: "it should be a tree" });
            }
            Rc::new(Tree::new(object))
        };
        if self.young_bytes > HALF_BYTES_MAX {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += tree.bytes();
        self.young.insert(id, Rc::clone(&tree));
        Ok(tree)
    }
}

/// Names the tree that is broken; for `map_err`.
pub(super) fn broken(id: Oid) -> impl FnOnce(BrokenTree) -> GitError {
    move |BrokenTree| GitError::BrokenObject { id: id.to_string(), reason: "its entries can't be read" }
}
