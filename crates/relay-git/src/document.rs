//! A small file as an object of git's, which a ref of the remote can name: a commit whose tree has nothing but that file.
//!
//! No ref is made here, nothing is signed, and equal documents are equal objects, so that two machines agree on their names.

use git2::{FileMode, ObjectType, Oid, Signature, Time};
use relay_values::Printable;

use crate::error::GitError;
use crate::repository::Repository;

/// Larger documents are neither written nor read.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;

/// A document that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The file's name: no path.
    pub file_name: &'a str,
    /// What it holds.
    pub contents: &'a [u8],
    /// The ids of commits that it comes after.
    pub parents: &'a [&'a str],
    /// What `git log` shows of it.
    pub message: &'a str,
    /// The name of who writes it, as `git log` shows it.
    pub author: &'a str,
    /// The same one's address.
    pub email: &'a str,
    /// When, in seconds since 1970.
    pub seconds: i64,
}

impl Repository {
    /// Writes a document and reads it back; gives the id of its commit.
    ///
    /// # Errors
    /// [`GitError`] where it is too large, a parent is not here, or it can't be written.
    pub fn write_document(&self, document: &Document<'_>) -> Result<String, GitError> {
        let Document { file_name, contents, parents, message, author, email, seconds } = *document;
        let writing = || GitError::doing(format!("write `{}` as an object of git", Printable::name(file_name)));
        refuse_large(file_name, contents.len())?;
        let find = |id: &&str| {
            let found = Oid::from_str(id).and_then(|id| self.git.find_commit(id));
            found.map_err(|_| GitError::UnknownCommit {
                commit: Printable::name(id).into(),
                path: self.workdir().to_owned(),
            })
        };
        let parents = parents.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let who = Signature::new(author, email, &Time::new(seconds, 0)).map_err(writing())?;
        let blob = self.git.blob(contents).map_err(writing())?;
        let mut builder = self.git.treebuilder(None).map_err(writing())?;
        builder.insert(file_name, blob, FileMode::Blob.into()).map_err(writing())?;
        let tree = builder.write().map_err(writing())?;
        self.check_tree(tree, None)?;
        let tree = self.git.find_tree(tree).map_err(writing())?;
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        let commit = self.git.commit(None, &who, &who, message, &tree, &parents).map_err(writing())?;
        self.check_objects(&[commit])?;
        Ok(commit.to_string())
    }

    /// Reads the file of a document; `None` where the commit has no such file.
    ///
    /// # Errors
    /// [`GitError`] where the commit or the file is not here, is no document, or is too large.
    pub fn read_document(&self, commit: &str, file_name: &str) -> Result<Option<Vec<u8>>, GitError> {
        let reading = "read a document of git's";
        let unknown =
            || GitError::UnknownCommit { commit: Printable::name(commit).into(), path: self.workdir().to_owned() };
        let id = Oid::from_str(commit).map_err(|_| unknown())?;
        let odb = self.git.odb().map_err(GitError::doing("open the object store"))?;
        let (_, kind) = odb.read_header(id).map_err(GitError::reading(id, reading))?;
        if kind != ObjectType::Commit {
            return Err(GitError::BrokenObject { id: id.to_string(), reason: "it is no commit with a document" });
        }
        let tree_id = self.git.find_commit(id).map_err(GitError::reading(id, reading))?.tree_id();
        let tree = self.git.find_tree(tree_id).map_err(GitError::reading(tree_id, reading))?;
        let Some(entry) = tree.get_name_bytes(file_name.as_bytes()) else { return Ok(None) };
        if entry.kind() != Some(ObjectType::Blob) {
            return Ok(None);
        }
        // Its size is looked at before it is taken into memory.
        let (bytes, _) = odb.read_header(entry.id()).map_err(GitError::reading(entry.id(), reading))?;
        refuse_large(file_name, bytes)?;
        let blob = odb.read(entry.id()).map_err(GitError::reading(entry.id(), reading))?;
        Ok(Some(blob.data().to_vec()))
    }
}

fn refuse_large(file_name: &str, bytes: usize) -> Result<(), GitError> {
    if bytes <= DOCUMENT_BYTES_MAX {
        return Ok(());
    }
    let file_name = Printable::name(file_name).into();
    Err(GitError::DocumentTooLarge { file_name, bytes, bytes_max: DOCUMENT_BYTES_MAX })
}

#[cfg(test)]
mod tests;
