//! Objects of the history, and the trees that were read lately: neighbours in history share most of their trees, so each is
//! read and cut into entries once.

use std::collections::HashMap;
use std::rc::Rc;

use git2::{ErrorCode, ObjectType, Odb, Oid};

use super::tree::{BrokenTree, Tree};
use crate::error::GitError;
use crate::packs::{Object, PackReader, Packs};
use crate::promisor::Promisor;

/// The cache holds at most twice as many bytes of trees: a young and an old half.
const HALF_BYTES_MAX: usize = 1 << 20;

/// Reads objects, from the packs where it can and through libgit2 where it can't. What a partial clone lacks is fetched.
pub(super) struct Objects<'r> {
    packs: PackReader<'r>,
    odb: &'r Odb<'r>,
    promisor: Option<&'r Promisor>,
}

impl<'r> Objects<'r> {
    pub(super) fn new(packs: &'r Packs, odb: &'r Odb<'r>) -> Self {
        Self { packs: PackReader::new(packs), odb, promisor: packs.promisor() }
    }

    pub(super) fn read(&mut self, id: Oid, doing: &'static str) -> Result<Object, GitError> {
        if let Some(object) = self.packs.read(id) {
            return Ok(object);
        }
        let object = self.with_promisor(id, doing, || self.odb.read(id))?;
        Ok(Object { kind: object.kind(), data: Rc::new(object.data().to_vec()), kin: None })
    }

    /// Reads a file of at most so many bytes; `None` for a larger one.
    pub(super) fn read_small(
        &mut self,
        id: Oid,
        bytes_max: usize,
        doing: &'static str,
    ) -> Result<Option<Object>, GitError> {
        if let Some(object) = self.packs.read(id) {
            return Ok((object.data.len() <= bytes_max).then_some(object));
        }
        let (size, _) = self.with_promisor(id, doing, || self.odb.read_header(id))?;
        if size > bytes_max { Ok(None) } else { self.read(id, doing).map(Some) }
    }

    /// Fetches those of these objects that a partial clone lacks, all at once.
    pub(super) fn prepare(&mut self, ids: impl IntoIterator<Item = Oid>) -> Result<(), GitError> {
        let Some(promisor) = self.promisor else { return Ok(()) };
        let mut lacking: Vec<Oid> = ids.into_iter().filter(|id| !self.odb.exists(*id)).collect();
        lacking.sort_unstable();
        lacking.dedup();
        if lacking.is_empty() {
            return Ok(());
        }
        promisor.fetch(&lacking)?;
        self.odb.refresh().map_err(GitError::doing("open the object store again"))
    }

    fn with_promisor<T>(
        &self,
        id: Oid,
        doing: &'static str,
        read: impl Fn() -> Result<T, git2::Error>,
    ) -> Result<T, GitError> {
        match (read(), self.promisor) {
            (Ok(value), _) => Ok(value),
            (Err(error), Some(promisor)) if error.code() == ErrorCode::NotFound => {
                promisor.fetch(&[id])?;
                self.odb.refresh().map_err(GitError::doing("open the object store again"))?;
                read().map_err(GitError::reading(id, doing))
            }
            (Err(error), _) => Err(GitError::reading(id, doing)(error)),
        }
    }
}

/// Reads trees and keeps the latest.
pub(super) struct TreeStore<'r> {
    pub(super) objects: Objects<'r>,
    young: HashMap<Oid, Rc<Tree>>,
    old: HashMap<Oid, Rc<Tree>>,
    young_bytes: usize,
}

impl<'r> TreeStore<'r> {
    pub(super) fn new(objects: Objects<'r>) -> Self {
        Self { objects, young: HashMap::new(), old: HashMap::new(), young_bytes: 0 }
    }

    pub(super) fn tree(&mut self, id: Oid) -> Result<Rc<Tree>, GitError> {
        if let Some(tree) = self.young.get(&id) {
            return Ok(Rc::clone(tree));
        }
        let tree = match self.old.remove(&id) {
            Some(tree) => tree,
            None => self.read(id)?,
        };
        if self.young_bytes > HALF_BYTES_MAX {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += tree.bytes();
        self.young.insert(id, Rc::clone(&tree));
        Ok(tree)
    }

    fn read(&mut self, id: Oid) -> Result<Rc<Tree>, GitError> {
        let object = self.objects.read(id, "read a folder of a commit")?;
        if object.kind == ObjectType::Tree {
            Ok(Rc::new(Tree::new(object.data, object.kin)))
        } else {
            Err(GitError::BrokenObject { id: id.to_string(), reason: "it should be a tree" })
        }
    }
}

/// Names the tree that is broken; for `map_err`.
pub(super) fn broken(id: Oid) -> impl FnOnce(BrokenTree) -> GitError {
    move |BrokenTree| GitError::BrokenObject { id: id.to_string(), reason: "its entries can't be read" }
}
