//! Moves that are not committed yet: a package lies in a folder that the head commit lacks, and its name in another one there.

use std::collections::HashMap;

use git2::Oid;

use super::super::HistoryQuery;
use super::super::search::Search;
use super::{Folder, Reader, Taken, parts, text};
use crate::error::GitError;

/// The folders of packages by name.
type Places = HashMap<String, Vec<Folder>>;

impl Search<'_> {
    /// The queries by the folders that the head commit has, where some package lies elsewhere on the disk: a move that is not
    /// committed yet. `None`: all lie where they were, or are new.
    pub(in crate::history) fn before_uncommitted_moves(&self) -> Result<Option<Vec<HistoryQuery>>, GitError> {
        let mut objects = self.objects();
        let head = self.commit(&mut objects, self.head)?;
        let mut reader = Reader::new(self.objects());
        let mut queries: Option<Vec<HistoryQuery>> = None;
        let mut known: Option<Places> = None;
        for (index, query) in self.queries.iter().enumerate() {
            let folder = parts(&query.path);
            if folder.is_empty() || reader.is_there(head.tree, &folder)? {
                continue;
            }
            let places = match &mut known {
                Some(places) => places,
                none => none.insert(reader.places(head.tree)?),
            };
            let Some([only]) = places.get(&query.name).map(Vec::as_slice) else { continue };
            let Some(path) = text(only) else { continue };
            let all = queries.get_or_insert_with(|| self.queries.to_vec());
            if let Some(query) = all.get_mut(index) {
                query.path = path;
            }
        }
        Ok(queries)
    }
}

impl Reader<'_> {
    /// The folders of a tree's packages by name.
    fn places(&mut self, tree: Oid) -> Result<Places, GitError> {
        let mut places = Places::new();
        for Taken { folder, manifest, .. } in self.taken(tree, None)? {
            if let Some(name) = self.versions.stated(&mut self.store, manifest)?.name.clone() {
                places.entry(name).or_default().push(folder);
            }
        }
        Ok(places)
    }
}
