//! Git as a release needs it: this clone, and what a remote has. The real one is a [`Repository`] (`relay-git`); tests have a
//! simulated one.

use std::collections::BTreeMap;

use camino::Utf8Path;
use relay_git::{
    Document, GitError, Glimpse, Head, Hooks, ReleasePush, ReleasePushed, RemoteRef, Repository, Swap, TagOutcome,
    TagToMake, TagsPushed,
};

/// What a release asks of a remote. Each call is one or two of git's own, and what it answers is what the remote shows.
pub trait RemoteCalls {
    /// See [`Repository::remote_refs`].
    ///
    /// # Errors
    /// [`GitError`].
    fn remote_refs(&self, remote: &str, patterns: &[&str]) -> Result<BTreeMap<String, RemoteRef>, GitError>;

    /// See [`Repository::remote_ref`].
    ///
    /// # Errors
    /// [`GitError`].
    fn remote_ref(&self, remote: &str, full_ref: &str) -> Result<Option<RemoteRef>, GitError> {
        Ok(self.remote_refs(remote, &[full_ref])?.remove(full_ref))
    }

    /// See [`Repository::swap_remote_ref`].
    ///
    /// # Errors
    /// [`GitError`].
    fn swap_remote_ref(
        &self,
        remote: &str,
        full_ref: &str,
        expected: Option<&str>,
        new: Option<&str>,
    ) -> Result<Swap, GitError>;

    /// See [`Repository::push_release`].
    ///
    /// # Errors
    /// [`GitError`].
    fn push_release(&self, remote: &str, push: &ReleasePush<'_>) -> Result<ReleasePushed, GitError>;

    /// See [`Repository::push_tags`].
    ///
    /// # Errors
    /// [`GitError`].
    fn push_tags(
        &self,
        remote: &str,
        tags: &[String],
        per_push: Option<usize>,
        hooks: Hooks,
    ) -> Result<TagsPushed, GitError>;

    /// See [`Repository::check_push`].
    ///
    /// # Errors
    /// [`GitError`].
    fn check_push(&self, remote: &str, refs: &[String]) -> Result<(), GitError>;

    /// See [`Repository::fetch_object`].
    ///
    /// # Errors
    /// [`GitError`].
    fn fetch_object(&self, remote: &str, full_ref: &str, id: &str) -> Result<(), GitError>;

    /// See [`Repository::fetch_commit`].
    ///
    /// # Errors
    /// [`GitError`].
    fn fetch_commit(&self, remote: &str, full_ref: &str, id: &str) -> Result<(), GitError>;

    /// See [`Repository::fetch_tags`].
    ///
    /// # Errors
    /// [`GitError`].
    fn fetch_tags(&self, remote: &str, names: &[String]) -> Result<(), GitError>;

    /// See [`Repository::glimpse`].
    ///
    /// # Errors
    /// [`GitError`].
    fn glimpse(&self, remote: &str, full_refs: &[&str]) -> Result<Box<dyn Glimpsed>, GitError>;
}

/// What a release asks of the clone that it runs in.
pub trait GitCalls: RemoteCalls {
    /// See [`Repository::workdir`].
    fn workdir(&self) -> &Utf8Path;

    /// See [`Repository::head`].
    ///
    /// # Errors
    /// [`GitError`].
    fn head(&self) -> Result<Head, GitError>;

    /// See [`Repository::remote_name`].
    fn remote_name(&self) -> Option<String>;

    /// See [`Repository::has_hook`].
    fn has_hook(&self, name: &str) -> bool;

    /// See [`Repository::uncommitted`].
    ///
    /// # Errors
    /// [`GitError`].
    fn uncommitted(&self) -> Result<Vec<String>, GitError>;

    /// See [`Repository::relative`].
    fn relative(&self, path: &Utf8Path) -> Option<String>;

    /// See [`Repository::check_can_commit`].
    ///
    /// # Errors
    /// [`GitError`].
    fn check_can_commit(&self) -> Result<(), GitError>;

    /// See [`Repository::has_commit`].
    fn has_commit(&self, commit: &str) -> bool;

    /// See [`Repository::is_ancestor`].
    ///
    /// # Errors
    /// [`GitError`].
    fn is_ancestor(&self, commit: &str, of: &str) -> Result<bool, GitError>;

    /// See [`Repository::is_unpushed`].
    ///
    /// # Errors
    /// [`GitError`].
    fn is_unpushed(&self, commit: &str, remote: &str) -> Result<bool, GitError>;

    /// See [`Repository::is_merged`].
    ///
    /// # Errors
    /// [`GitError`].
    fn is_merged(&self, commit: &str, tip: &str, folders: &[String]) -> Result<bool, GitError>;

    /// See [`Repository::same_folders`].
    ///
    /// # Errors
    /// [`GitError`].
    fn same_folders(&self, commit: &str, other: &str, folders: &[&str]) -> Result<bool, GitError>;

    /// See [`Repository::gave_version`].
    ///
    /// # Errors
    /// [`GitError`].
    fn gave_version(&self, commit: &str, path: &str, version: &str) -> Result<bool, GitError>;

    /// See [`Repository::has_version`].
    fn has_version(&self, commit: &str, path: &str, version: &str) -> bool;

    /// See [`Repository::take_up`].
    ///
    /// # Errors
    /// [`GitError`].
    fn take_up(&self, own: &str, commit: &str) -> Result<bool, GitError>;

    /// See [`Repository::tag_commit`].
    ///
    /// # Errors
    /// [`GitError`].
    fn tag_commit(&self, name: &str) -> Result<Option<String>, GitError>;

    /// See [`Repository::check_tags`].
    ///
    /// # Errors
    /// [`GitError`].
    fn check_tags(&self, names: &[String]) -> Result<(), GitError>;

    /// See [`Repository::try_writing`].
    ///
    /// # Errors
    /// [`GitError`].
    fn try_writing(&self, tags: &[String], commits: bool) -> Result<(), GitError>;

    /// See [`Repository::create_tags`].
    ///
    /// # Errors
    /// [`GitError`].
    fn create_tags(&self, tags: &[TagToMake<'_>]) -> Result<Vec<Result<TagOutcome, GitError>>, GitError>;

    /// See [`Repository::write_document`].
    ///
    /// # Errors
    /// [`GitError`].
    fn write_document(&self, document: &Document<'_>) -> Result<String, GitError>;

    /// See [`Repository::read_document`].
    ///
    /// # Errors
    /// [`GitError`].
    fn read_document(&self, commit: &str, file_name: &str) -> Result<Option<Vec<u8>>, GitError>;

    /// How another thread opens the same clone, as long as git still runs in it what it runs now: scripts that run meanwhile may
    /// have changed that, and must not have theirs run.
    ///
    /// # Errors
    /// [`GitError`] where git's settings can't be read.
    fn opener(&self) -> Result<Opener, GitError>;
}

/// Opens a clone; fails where it can't be opened any more.
pub type Opener = Box<dyn Fn() -> Result<Box<dyn GitCalls>, GitError> + Send>;

/// A clone with objects of a remote that were not brought into it.
pub trait Glimpsed {
    /// The clone, for reading.
    fn git(&self) -> &dyn GitCalls;
}

impl Glimpsed for Glimpse {
    fn git(&self) -> &dyn GitCalls {
        self.repository()
    }
}

impl RemoteCalls for Repository {
    fn remote_refs(&self, remote: &str, patterns: &[&str]) -> Result<BTreeMap<String, RemoteRef>, GitError> {
        self.remote_refs(remote, patterns)
    }

    fn swap_remote_ref(
        &self,
        remote: &str,
        full_ref: &str,
        expected: Option<&str>,
        new: Option<&str>,
    ) -> Result<Swap, GitError> {
        self.swap_remote_ref(remote, full_ref, expected, new)
    }

    fn push_release(&self, remote: &str, push: &ReleasePush<'_>) -> Result<ReleasePushed, GitError> {
        self.push_release(remote, push)
    }

    fn push_tags(
        &self,
        remote: &str,
        tags: &[String],
        per_push: Option<usize>,
        hooks: Hooks,
    ) -> Result<TagsPushed, GitError> {
        self.push_tags(remote, tags, per_push, hooks)
    }

    fn check_push(&self, remote: &str, refs: &[String]) -> Result<(), GitError> {
        self.check_push(remote, refs)
    }

    fn fetch_object(&self, remote: &str, full_ref: &str, id: &str) -> Result<(), GitError> {
        self.fetch_object(remote, full_ref, id)
    }

    fn fetch_commit(&self, remote: &str, full_ref: &str, id: &str) -> Result<(), GitError> {
        self.fetch_commit(remote, full_ref, id)
    }

    fn fetch_tags(&self, remote: &str, names: &[String]) -> Result<(), GitError> {
        self.fetch_tags(remote, names)
    }

    fn glimpse(&self, remote: &str, full_refs: &[&str]) -> Result<Box<dyn Glimpsed>, GitError> {
        Ok(Box::new(self.glimpse(remote, full_refs)?))
    }
}

impl GitCalls for Repository {
    fn workdir(&self) -> &Utf8Path {
        self.workdir()
    }

    fn head(&self) -> Result<Head, GitError> {
        self.head()
    }

    fn remote_name(&self) -> Option<String> {
        self.remote_name()
    }

    fn has_hook(&self, name: &str) -> bool {
        self.has_hook(name)
    }

    fn uncommitted(&self) -> Result<Vec<String>, GitError> {
        self.uncommitted()
    }

    fn relative(&self, path: &Utf8Path) -> Option<String> {
        self.relative(path)
    }

    fn check_can_commit(&self) -> Result<(), GitError> {
        self.check_can_commit()
    }

    fn has_commit(&self, commit: &str) -> bool {
        self.has_commit(commit)
    }

    fn is_ancestor(&self, commit: &str, of: &str) -> Result<bool, GitError> {
        self.is_ancestor(commit, of)
    }

    fn is_unpushed(&self, commit: &str, remote: &str) -> Result<bool, GitError> {
        self.is_unpushed(commit, remote)
    }

    fn is_merged(&self, commit: &str, tip: &str, folders: &[String]) -> Result<bool, GitError> {
        self.is_merged(commit, tip, folders.iter().map(String::as_str))
    }

    fn same_folders(&self, commit: &str, other: &str, folders: &[&str]) -> Result<bool, GitError> {
        self.same_folders(commit, other, folders.iter().copied())
    }

    fn gave_version(&self, commit: &str, path: &str, version: &str) -> Result<bool, GitError> {
        self.gave_version(commit, path, version)
    }

    fn has_version(&self, commit: &str, path: &str, version: &str) -> bool {
        self.has_version(commit, path, version)
    }

    fn take_up(&self, own: &str, commit: &str) -> Result<bool, GitError> {
        self.take_up(own, commit)
    }

    fn tag_commit(&self, name: &str) -> Result<Option<String>, GitError> {
        self.tag_commit(name)
    }

    fn check_tags(&self, names: &[String]) -> Result<(), GitError> {
        self.check_tags(names)
    }

    fn try_writing(&self, tags: &[String], commits: bool) -> Result<(), GitError> {
        self.try_writing(tags, commits)
    }

    fn create_tags(&self, tags: &[TagToMake<'_>]) -> Result<Vec<Result<TagOutcome, GitError>>, GitError> {
        self.create_tags(tags)
    }

    fn write_document(&self, document: &Document<'_>) -> Result<String, GitError> {
        self.write_document(document)
    }

    fn read_document(&self, commit: &str, file_name: &str) -> Result<Option<Vec<u8>>, GitError> {
        self.read_document(commit, file_name)
    }

    fn opener(&self) -> Result<Opener, GitError> {
        let (workdir, setup) = (self.workdir().to_owned(), self.git_setup()?);
        Ok(Box::new(move || {
            let repository = Self::discover(&workdir)?;
            let different = setup.differences(&repository.git_setup()?);
            if different.is_empty() { Ok(Box::new(repository)) } else { Err(GitError::SetupChanged { different }) }
        }))
    }
}
