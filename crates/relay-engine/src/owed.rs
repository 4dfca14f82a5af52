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

/// What is owed to the remote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwedWork {
    /// Tags that were made now, though an earlier run should have.
    pub made: Vec<String>,
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
    /// Finds them, and makes the tags that are owed: of versions that relay uploaded and that became live only after the run had
    /// ended. Each goes to the commit that the version was released from.
    ///
    /// # Errors
    /// [`GitError`] of the first tag that can't be made, or where the history can't be read.
    pub fn find(
        project: &Project,
        live: &[LiveVersion],
        past_uploads: &PastUploads,
        options: FinishOptions,
    ) -> Result<Self, GitError> {
        let Some(repository) = &project.repository else { return Ok(Self::default()) };
        let made = if options.tags { make_tags(project, repository, live, past_uploads)? } else { Vec::new() };
        let mut owed_work = Self { made, ..Self::default() };
        let Some(remote) = repository.remote_name().filter(|_| options.push) else { return Ok(owed_work) };
        owed_work.tags.extend(owed_work.made.iter().cloned());
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

    /// Says whether the remote is owed something.
    pub fn wants_push(&self) -> bool {
        self.branch || !self.tags.is_empty()
    }

    /// Records the tags that were made, so that their push stays owed until it has gone through.
    ///
    /// # Errors
    /// [`NotRecorded`].
    pub fn record(&self, events: &Emitter) -> Result<(), NotRecorded> {
        self.made.iter().try_for_each(|tag| events.emit(Fact::Tagged { package: None, tag: tag.clone() }))
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

fn make_tags(
    project: &Project,
    repository: &Repository,
    live: &[LiveVersion],
    past_uploads: &PastUploads,
) -> Result<Vec<String>, GitError> {
    let mut made = Vec::new();
    // One tag for the whole release says that the whole release is out.
    if project.has_one_tag() && live.len() < project.workspace.packages.iter().filter(|p| p.is_publishable()).count() {
        return Ok(made);
    }
    for LiveVersion { name, version, registry, integrity } in live {
        let Some(commit) = past_uploads.released_from(registry, name, version, integrity.as_ref()) else {
            continue;
        };
        let tag = project.tag_name(name, version);
        if repository.tag_commit(&tag)?.is_none() && !made.contains(&tag) {
            repository.create_tag(&tag, commit, &tag)?;
            made.push(tag);
        }
    }
    Ok(made)
}
