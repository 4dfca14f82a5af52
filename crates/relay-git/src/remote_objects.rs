//! Objects that refs of a remote name, brought here by the `git` program. No ref, no tag and no `FETCH_HEAD` is written, and
//! no settings of the clone decide what else comes along.

use git2::{ObjectType, Oid};
use relay_values::Printable;

use crate::error::GitError;
use crate::ref_name::{check_full_ref, check_object_id};
use crate::remote_refs::check_remote;
use crate::repository::Repository;

impl Repository {
    /// Brings a document here that a ref of the remote names, with its file. Does nothing where all of it is here.
    ///
    /// # Errors
    /// [`GitError::RefMoved`] where the ref names another object meanwhile and this one is not to be had; else git's own.
    pub fn fetch_object(&self, remote: &str, full_ref: &str, id: &str) -> Result<(), GitError> {
        check_object_id(id)?;
        if self.lacks_of_document(id).is_empty() {
            return Ok(());
        }
        // In a partial clone the file would stay away.
        let mut options = vec!["--no-filter"];
        if self.has_commit(id) {
            // git takes what hangs on a commit that is here for here too.
            options.push("--refetch");
        }
        self.fetch_one(remote, full_ref, &options)?;
        let lacks = self.lacks_of_document(id);
        if lacks.is_empty() { Ok(()) } else { Err(moved(remote, full_ref, id)) }
    }

    /// Brings a commit here that a branch of the remote is on, so that it can be tagged and its folders compared. Does nothing
    /// where it is here.
    ///
    /// In a shallow clone the commit comes alone, without those before it.
    ///
    /// # Errors
    /// [`GitError::RefMoved`] where the branch is elsewhere meanwhile and the commit didn't come along; else git's own.
    pub fn fetch_commit(&self, remote: &str, full_ref: &str, id: &str) -> Result<(), GitError> {
        check_object_id(id)?;
        if self.has_commit(id) {
            return Ok(());
        }
        self.fetch_one(remote, full_ref, &[])?;
        if self.has_commit(id) { Ok(()) } else { Err(moved(remote, full_ref, id)) }
    }

    fn fetch_one(&self, remote: &str, full_ref: &str, options: &[&str]) -> Result<(), GitError> {
        check_remote(remote)?;
        check_full_ref(full_ref)?;
        let mut arguments = vec!["-c", "fetch.writeCommitGraph=false", "fetch", "--quiet", "--no-tags"];
        arguments.extend(["--no-write-fetch-head", "--no-recurse-submodules", "--no-prune", "--no-auto-maintenance"]);
        // No branch of the remote is noted down either.
        arguments.push("--refmap=");
        arguments.extend(options);
        if self.is_shallow() {
            arguments.push("--depth=1");
        }
        arguments.extend(["--end-of-options", remote, full_ref]);
        let doing = format!("fetch `{full_ref}` of `{}`", Printable::name(remote));
        self.run_git(&doing, &arguments, "").map(drop)
    }

    /// The objects of a document that are not here, as far as can be told.
    fn lacks_of_document(&self, id: &str) -> Vec<Oid> {
        let Ok(id) = Oid::from_str(id) else { return Vec::new() };
        let Ok(odb) = self.git.odb() else { return vec![id] };
        match odb.read_header(id) {
            Ok((_, ObjectType::Commit)) => {}
            // What is no commit is no document, and has nothing that hangs on it.
            Ok(_) => return Vec::new(),
            Err(_) => return vec![id],
        }
        let Ok(commit) = self.git.find_commit(id) else { return vec![id] };
        let Ok(tree) = self.git.find_tree(commit.tree_id()) else { return vec![commit.tree_id()] };
        tree.iter().map(|entry| entry.id()).filter(|id| !odb.exists(*id)).collect()
    }
}

fn moved(remote: &str, full_ref: &str, id: &str) -> GitError {
    let remote = Printable::name(remote).into();
    GitError::RefMoved { remote, name: full_ref.to_owned(), wanted: id.to_owned() }
}

#[cfg(test)]
mod tests;
