//! What earlier runs left undone in git: tags of versions that became live after the run had ended, and pushes that were
//! refused or never tried.

use std::collections::BTreeSet;

use relay_git::{GitError, Head, Repository};

use crate::event::{Emitter, Fact, NotRecorded};
use crate::journal::PastUploads;
use crate::observe::LiveVersion;
use crate::project::Project;

/// What the finish may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishOptions {
    /// Whether tags are made.
    pub tags: bool,
    /// Whether tags are pushed.
    pub push: bool,
    /// Whether the branch is pushed with them: only a release has made a commit of its own there.
    pub branch: bool,
}

/// A tag that an earlier run should have made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedTag {
    /// The tag.
    pub name: String,
    /// The commit that the version was released from.
    pub commit: String,
}

/// What earlier runs owe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwedWork {
    /// Tags that are still to be made.
    pub to_make: Vec<OwedTag>,
    /// The tags to push, those among them.
    pub tags: BTreeSet<String>,
    /// Whether the branch is to be pushed: it has a version commit that the remote lacks.
    pub branch: bool,
}

/// A push that did not go through, or can't be recorded.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// git says no.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The event can't be recorded.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
}

impl OwedWork {
    /// Finds what is owed: tags of versions that relay uploaded and that became live only after the run had ended, and pushes
    /// that did not go through. Nothing is written.
    ///
    /// # Errors
    /// [`GitError`] where tags or the history can't be read.
    pub fn find(
        project: &Project,
        live: &[LiveVersion],
        past_uploads: &PastUploads,
        options: FinishOptions,
    ) -> Result<Self, GitError> {
        let Some(repository) = &project.repository else { return Ok(Self::default()) };
        let to_make = if options.tags { tags_to_make(project, repository, live, past_uploads)? } else { Vec::new() };
        let mut owed_work = Self { to_make, ..Self::default() };
        let Some(remote) = repository.remote_name().filter(|_| options.push) else { return Ok(owed_work) };
        owed_work.tags.extend(owed_work.to_make.iter().map(|tag| tag.name.clone()));
        for tag in past_uploads.unpushed_tags() {
            if repository.tag_commit(tag)?.is_some() {
                owed_work.tags.insert(tag.to_owned());
            }
        }
        if let Some(commit) = past_uploads.unpushed_commit() {
            owed_work.branch = repository.is_unpushed(commit, &remote)?;
        }
        Ok(owed_work)
    }

    /// Makes the tags that are still to be made. Each is recorded, so that its push stays owed until it has gone through.
    ///
    /// # Errors
    /// [`PushError`] of the first that can't be made or recorded.
    pub fn make_tags(&self, repository: &Repository, events: &Emitter) -> Result<(), PushError> {
        for OwedTag { name, commit } in &self.to_make {
            repository.create_tag(name, commit, name)?;
            events.emit(Fact::Tagged { package: None, tag: name.clone() })?;
        }
        Ok(())
    }

    /// Says whether the remote is owed something.
    pub fn wants_push(&self) -> bool {
        self.branch || !self.tags.is_empty()
    }

    /// Says whether nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.to_make.is_empty() && !self.wants_push()
    }
}

/// Pushes tags, and the branch of `head` where that is wanted, all or none. Gives the remote's name; `None` where there is none, or nothing to push.
///
/// # Errors
/// [`PushError`].
pub fn push(
    repository: &Repository,
    head: &Head,
    branch: bool,
    tags: impl IntoIterator<Item = String>,
    events: &Emitter,
) -> Result<Option<String>, PushError> {
    let Some(remote) = repository.remote_name() else { return Ok(None) };
    // The commit by its id: whoever works here meanwhile may have switched to another branch.
    let mut refs = match (&head.commit, &head.branch) {
        (Some(commit), Some(name)) if branch => vec![format!("{commit}:refs/heads/{name}")],
        _ => Vec::new(),
    };
    refs.extend(tags.into_iter().map(|tag| format!("refs/tags/{tag}")));
    if refs.is_empty() {
        return Ok(None);
    }
    repository.push(&remote, &refs)?;
    events.emit(Fact::Pushed { remote: remote.clone(), refs })?;
    Ok(Some(remote))
}

fn tags_to_make(
    project: &Project,
    repository: &Repository,
    live: &[LiveVersion],
    past_uploads: &PastUploads,
) -> Result<Vec<OwedTag>, GitError> {
    let mut owed: Vec<OwedTag> = Vec::new();
    // One tag for the whole release says that the whole release is out.
    if project.has_one_tag() && live.len() < project.workspace.packages.iter().filter(|p| p.is_publishable()).count() {
        return Ok(owed);
    }
    for LiveVersion { name, version, registry, integrity } in live {
        let Some(commit) = past_uploads.released_from(registry, name, version, integrity.as_ref()) else {
            continue;
        };
        let tag = project.tag_name(name, version);
        if repository.tag_commit(&tag)?.is_none() && !owed.iter().any(|other| other.name == tag) {
            owed.push(OwedTag { name: tag, commit: commit.to_owned() });
        }
    }
    Ok(owed)
}
