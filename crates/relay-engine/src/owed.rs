//! What earlier runs left undone in git: tags of versions that became live after the run had ended, and pushes that were
//! refused or never tried.

use std::collections::BTreeSet;

use relay_git::GitError;

use crate::journal::PastUploads;
use crate::observe::LiveVersion;
use crate::project::Project;
use crate::release::remote::RemoteState;
use crate::release::sent::{SentBefore, Verdict};

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

impl OwedWork {
    /// Finds what is owed: tags of versions that relay uploaded, by whatever machine, and that are live; and pushes that did not
    /// go through. What the remote shows counts, where there is one to push to. Nothing is written.
    ///
    /// # Errors
    /// [`GitError`] where tags or the history can't be read.
    pub fn find(
        project: &Project,
        live: &[LiveVersion],
        sent: &SentBefore,
        journal: &PastUploads,
        (remote, options): (Option<&RemoteState>, FinishOptions),
    ) -> Result<Self, GitError> {
        let Some(repository) = project.git() else { return Ok(Self::default()) };
        let mut owed = Self::default();
        let lacks = |tag: &str| remote.is_some_and(|remote| !remote.tags.contains_key(tag));
        for (live, OwedTag { name, commit }) in wanted_tags(project, live, sent) {
            // What a run was told not to push stays here.
            let stays = journal.stays_here(&live.key());
            if repository.tag_commit(&name)?.is_some() {
                if lacks(&name) && !stays {
                    owed.tags.insert(name);
                }
            } else if options.tags && remote.is_none_or(|remote| !remote.tags.contains_key(&name)) {
                if remote.is_some() && !stays {
                    owed.tags.insert(name.clone());
                }
                owed.to_make.push(OwedTag { name, commit });
            }
        }
        let Some(remote) = remote else { return Ok(owed) };
        for tag in journal.unpushed_tags() {
            if repository.tag_commit(tag)?.is_some() && lacks(tag) {
                owed.tags.insert(tag.to_owned());
            }
        }
        if let Some(commit) = journal.unpushed_commit() {
            owed.branch = repository.is_unpushed(commit, &remote.name)?;
        }
        Ok(owed)
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

/// The tags of versions that are live and relay's own, each with the commit that the version was released from.
fn wanted_tags<'l>(project: &Project, live: &'l [LiveVersion], sent: &SentBefore) -> Vec<(&'l LiveVersion, OwedTag)> {
    let mut wanted: Vec<(&LiveVersion, OwedTag)> = Vec::new();
    let present = live.iter().filter(|live| live.is_present).count();
    // One tag for the whole release says that the whole release is out.
    let publishable = project.workspace.packages.iter().filter(|package| package.is_publishable()).count();
    if project.has_one_tag() && present < publishable {
        return wanted;
    }
    for one in live.iter().filter(|live| live.is_present || !project.has_one_tag()) {
        let Verdict::Ours { commit } = sent.judge(one) else { continue };
        let name = project.tag_name(&one.name, &one.version);
        if !wanted.iter().any(|(_, other)| other.name == name) {
            wanted.push((one, OwedTag { name, commit }));
        }
    }
    wanted
}
