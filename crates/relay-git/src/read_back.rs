//! What was written is read back before anything depends on it: libgit2 reports success where the disk is full.

use git2::{ObjectType, Oid};

use crate::error::GitError;
use crate::repository::Repository;

impl Repository {
    /// The repository opened anew, so that it is seen as another process sees it: nothing of it is in memory.
    pub(crate) fn anew(&self) -> Result<git2::Repository, GitError> {
        git2::Repository::open_bare(self.git.path())
            .map_err(|error| GitError::NotWritten { what: "something".to_owned(), problem: error.message().to_owned() })
    }
}

/// Reads an object and compares it with its name.
pub(crate) fn check_object(git: &git2::Repository, id: Oid) -> Result<(ObjectType, Vec<u8>), GitError> {
    let broken = |problem: &str| GitError::NotWritten { what: format!("object {id}"), problem: problem.to_owned() };
    let odb = git.odb().map_err(|error| broken(error.message()))?;
    let object = odb.read(id).map_err(|error| broken(error.message()))?;
    match Oid::hash_object(object.kind(), object.data()) {
        Ok(found) if found == id => Ok((object.kind(), object.data().to_vec())),
        Ok(_) => Err(broken("it holds something else")),
        Err(error) => Err(broken(error.message())),
    }
}
