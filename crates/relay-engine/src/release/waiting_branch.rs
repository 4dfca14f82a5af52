//! Releases whose branch may not be pushed to: their commits wait on branches of their own until somebody merges them.

use relay_git::{GitError, Head};

use super::remote::RELEASE_BRANCHES;
use crate::git_calls::GitCalls;
use crate::project::Project;

/// A release branch of the remote that is not merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingBranch {
    /// Its short name.
    pub branch: String,
    /// The version commit that it is on.
    pub commit: String,
    /// Whether what is checked out here has that commit, or the same files of its packages: then nothing is made twice.
    pub is_here: bool,
}

/// Those of the release branches that are not merged: neither the commit is in the branch that they wait for, nor what it
/// changed in the packages, as after a squash merge. `branch` is the commit that the remote's branch of the same name as the
/// one that is checked out is on; `repository` has its objects.
///
/// # Errors
/// [`GitError`] where commits can't be compared.
pub(super) fn waiting_branches<'b>(
    project: &Project,
    repository: &dyn GitCalls,
    head: &Head,
    branch: Option<&str>,
    found: impl IntoIterator<Item = (&'b String, &'b String)>,
) -> Result<Vec<WaitingBranch>, GitError> {
    let Some(head_commit) = &head.commit else { return Ok(Vec::new()) };
    let folders: Vec<String> = package_folders(project);
    let is_merged = |commit: &str, tip: &str| repository.is_merged(commit, tip, &folders);
    let is_checked_out = head.branch.as_ref().is_some_and(|name| is_release_branch(name));
    let mut waiting = Vec::new();
    for (name, commit) in found {
        if !repository.has_commit(commit) {
            continue;
        }
        let is_here = is_merged(commit, head_commit)?;
        let known = branch.filter(|tip| !is_checked_out && repository.has_commit(tip));
        let waits = match known {
            Some(tip) => !is_merged(commit, tip)?,
            None => is_checked_out || !is_here,
        };
        if waits || !is_here {
            waiting.push(WaitingBranch { branch: name.clone(), commit: commit.clone(), is_here });
        }
    }
    Ok(waiting)
}

/// Says whether a branch, by its short name, is one on which a release waits to be merged.
pub(super) fn is_release_branch(name: &str) -> bool {
    RELEASE_BRANCHES.strip_prefix("refs/heads/").is_some_and(|folder| name.starts_with(folder))
}

/// The folders of all packages in the repository; the root is one only where it is published.
pub(super) fn package_folders(project: &Project) -> Vec<String> {
    let packages = &project.workspace.packages;
    let counts = |path: &str, private: bool| !path.is_empty() || !private || packages.len() == 1;
    packages
        .iter()
        .filter(|package| counts(package.path.as_str(), package.private))
        .map(|package| project.in_repository(&package.path).as_str().trim_end_matches('/').to_owned())
        .collect()
}
