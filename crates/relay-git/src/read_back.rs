//! What was written is read back before anything depends on it: libgit2 reports success where the disk is full.
//!
//! Objects are read back before a ref is moved to them, so that no branch and no tag is left on what isn't there.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use flate2::read::ZlibDecoder;
use git2::{ObjectType, Oid};

use crate::error::GitError;
use crate::repository::Repository;

/// What has just been written; tests put harm between it and its reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Index,
    /// Trees and files.
    Contents,
    /// A commit or a tag object.
    Objects,
    Refs,
}

impl Repository {
    /// The repository opened anew, so that it is seen as another process sees it: nothing of it is in memory.
    pub(crate) fn anew(&self, written: Written) -> Result<git2::Repository, GitError> {
        self.after_writing(written);
        git2::Repository::open_bare(self.git.path()).map_err(|error| not_written("a part", error.message()))
    }

    /// Refuses where the index can't be read.
    pub(crate) fn check_index(&self) -> Result<(), GitError> {
        let index = self.anew(Written::Index)?.index();
        index.map(drop).map_err(|error| not_written("the index", error.message()))
    }

    /// Refuses where it can't be read what a new tree has of trees and files that the one before it has not.
    pub(crate) fn check_tree(&self, tree: Oid, before: Option<Oid>) -> Result<(), GitError> {
        check_tree(&self.anew(Written::Contents)?, tree, before)
    }

    /// Refuses where new commits or tag objects can't be read.
    pub(crate) fn check_objects(&self, ids: &[Oid]) -> Result<(), GitError> {
        let git = self.anew(Written::Objects)?;
        ids.iter().try_for_each(|id| check_object(&git, *id).map(drop))
    }

    /// Refuses where the branch that the head is on, or the detached head, doesn't name a commit.
    pub(crate) fn check_head(&self, id: Oid) -> Result<(), GitError> {
        let git = self.anew(Written::Refs)?;
        let found = git.head();
        let name = match &found {
            Ok(head) => head.shorthand().unwrap_or("HEAD").to_owned(),
            Err(_) => "HEAD".to_owned(),
        };
        let problem = match found.map(|head| head.target()) {
            Ok(Some(there)) if there == id => return Ok(()),
            Ok(Some(there)) => format!("it names {there} instead of {id}"),
            Ok(None) => "it names no commit".to_owned(),
            Err(error) => error.message().to_owned(),
        };
        Err(not_written(&format!("`{name}`"), &problem))
    }

    #[cfg(test)]
    fn after_writing(&self, written: Written) {
        if let Some(harm) = self.harm.borrow().as_ref() {
            harm(written);
        }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests keep in it what happens here")]
    fn after_writing(&self, _written: Written) {}
}

/// Reads an object, compares it with its name, and gives its kind. A loose object that is broken is removed: git would take it
/// for written when it is to be written again.
///
/// Loose objects are not read by libgit2 (1.9), which never comes back from one that is cut off: its `git_zstream_get_output`
/// takes an inflater that wants more input for one that goes on.
pub(crate) fn check_object(git: &git2::Repository, id: Oid) -> Result<ObjectType, GitError> {
    let broken = |problem: &str| not_written(&format!("object {id}"), problem);
    let name = id.to_string();
    let (folder, file) = name.split_at(2);
    let path = git.commondir().join("objects").join(folder).join(file);
    match File::open(&path) {
        Ok(opened) => match loose_kind(opened, id) {
            Ok(kind) => Ok(kind),
            Err(problem) => {
                // Where it can't be removed either, the error that follows tells all there is to tell.
                let _ = std::fs::remove_file(&path);
                Err(broken(problem))
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // It was there before, in a pack or in another repository's store.
            let odb = git.odb().map_err(|error| broken(error.message()))?;
            let object = odb.read(id).map_err(|error| broken(error.message()))?;
            match Oid::hash_object(object.kind(), object.data()) {
                Ok(found) if found == id => Ok(object.kind()),
                _ => Err(broken("it holds something else")),
            }
        }
        Err(error) => Err(broken(&error.to_string())),
    }
}

/// Reads a loose object: deflated, `KIND SPACE LENGTH NUL` and the content.
fn loose_kind(file: File, id: Oid) -> Result<ObjectType, &'static str> {
    let mut data = Vec::new();
    ZlibDecoder::new(file).read_to_end(&mut data).map_err(|_| "it is cut off or garbled")?;
    let end = data.iter().position(|byte| *byte == 0).ok_or("it has no header")?;
    let (header, content) = data.split_at(end);
    let header = std::str::from_utf8(header).map_err(|_| "its header is garbled")?;
    let kind = header.split(' ').next().and_then(ObjectType::from_str).ok_or("its header is garbled")?;
    match Oid::hash_object(kind, content.get(1..).unwrap_or_default()) {
        Ok(found) if found == id => Ok(kind),
        _ => Err("it holds something else"),
    }
}

/// Reads what a tree has and the one before it has not.
fn check_tree(git: &git2::Repository, tree: Oid, before: Option<Oid>) -> Result<(), GitError> {
    let mut open = vec![(tree, before)];
    while let Some((id, before)) = open.pop() {
        if Some(id) == before {
            continue;
        }
        check_object(git, id)?;
        let broken = |error: git2::Error| not_written(&format!("tree {id}"), error.message());
        let tree = git.find_tree(id).map_err(broken)?;
        let before = before.and_then(|before| git.find_tree(before).ok());
        let known: HashMap<Vec<u8>, Oid> = before
            .iter()
            .flat_map(|before| before.iter().map(|entry| (entry.name_bytes().to_vec(), entry.id())).collect::<Vec<_>>())
            .collect();
        for entry in &tree {
            let before = known.get(entry.name_bytes()).copied();
            match entry.kind() {
                Some(ObjectType::Tree) => open.push((entry.id(), before)),
                Some(ObjectType::Blob) if before != Some(entry.id()) => drop(check_object(git, entry.id())?),
                // The commit of a submodule is elsewhere.
                _ => {}
            }
        }
    }
    Ok(())
}

pub(crate) fn not_written(what: &str, problem: &str) -> GitError {
    GitError::NotWritten { what: what.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests;
