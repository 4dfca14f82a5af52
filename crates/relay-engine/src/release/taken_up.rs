//! Versions that wait on a branch of the remote already are not made a second time: where that branch holds the very files that
//! are here, on top of the same commits, its commit takes the place of the one made here.

use relay_git::Head;

use super::record::RECORD_REF;
use super::remote::RELEASE_BRANCHES;
use super::waiting_branch::{WaitingBranch, is_release_branch, package_folders};
use super::{Course, ReleaseError, Run, Versioned};
use crate::git_calls::GitCalls;

/// Where the release waits already.
pub(super) struct TakenUp {
    /// The branch of the remote, by its short name.
    pub(super) branch: String,
    /// The commit that is released.
    pub(super) commit: String,
}

/// Looks at the branches that wait on the remote now, before another one is pushed. One that has the commit that is checked out,
/// or the same files on top of the same commits, is taken up.
///
/// # Errors
/// [`ReleaseError::NotMerged`] where one has the same versions of other files.
pub(super) fn take_up(of: &Versioned<'_>, head: &Head) -> Result<Option<TakenUp>, ReleaseError> {
    let Versioned { run, course, plan, owed, .. } = of;
    let (Some(remote), Some(repository)) = (&run.remote, run.project.git()) else { return Ok(None) };
    let (Some(commit), Some(branch)) = (&head.commit, &head.branch) else { return Ok(None) };
    let pushes = *course == Course::Publish && (owed.branch || run.request.finish.branch);
    if !pushes || is_release_branch(branch) || !remote.lacks_head(repository, head)? {
        return Ok(None);
    }
    let found = repository.remote_refs(&remote.name, &[&format!("{RELEASE_BRANCHES}*")])?;
    let waiting: Vec<(String, String)> = found.into_iter().map(|(full, found)| (full, found.commit)).collect();
    for (full, there) in &waiting {
        if !repository.has_commit(there) {
            repository.fetch_commit(&remote.name, full, there)?;
        }
    }
    let short = |full: &str| full.strip_prefix("refs/heads/").unwrap_or(full).to_owned();
    for (full, there) in &waiting {
        let full_branch = format!("refs/heads/{branch}");
        if repository.is_ancestor(commit, there)? {
            return Ok(Some(TakenUp { branch: short(full), commit: commit.clone() }));
        }
        if run.writing(vec![full_branch], || repository.take_up(commit, there).map_err(ReleaseError::from))? {
            return Ok(Some(TakenUp { branch: short(full), commit: there.clone() }));
        }
    }
    let folders = package_folders(&run.project);
    let tip = remote.branch.as_deref().filter(|tip| repository.has_commit(tip));
    let has_same = |there: &str| {
        plan.packages.iter().any(|planned| {
            let Some(package) = run.project.workspace.package(&planned.name) else { return false };
            let path = run.project.in_repository(&package.path.join("package.json"));
            let has = |commit: &str| repository.has_version(commit, path.as_str(), &planned.next.to_string());
            has(there) && !tip.is_some_and(has)
        })
    };
    let mut apart = Vec::new();
    for (full, there) in &waiting {
        let is_merged = match tip {
            Some(tip) => repository.is_merged(there, tip, &folders)?,
            None => false,
        };
        if !is_merged && !repository.is_ancestor(there, commit)? && has_same(there) {
            apart.push(WaitingBranch { branch: short(full), commit: there.clone(), is_here: false });
        }
    }
    if apart.is_empty() {
        Ok(None)
    } else {
        Err(ReleaseError::NotMerged { remote: remote.name.clone(), branches: apart })
    }
}

/// A release that waits to be merged has these versions already, and this clone has not: they would be made a second time. One
/// that stands on what is checked out may turn out to be the very same, as far as nothing of it is live (`unpublished`).
pub(super) fn refuse_not_merged(run: &Run<'_>, unpublished: bool) -> Result<(), ReleaseError> {
    let Some(remote) = &run.remote else { return Ok(()) };
    let (repository, mut branches) = (run.project.git(), Vec::new());
    let head = repository.map(GitCalls::head).transpose()?.and_then(|head| head.commit);
    for waiting in remote.waiting.iter().filter(|waiting| !waiting.is_here) {
        let stands_on_head = match (repository, &head) {
            (Some(repository), Some(head)) => repository.is_ancestor(head, &waiting.commit)?,
            _ => false,
        };
        if !(unpublished && stands_on_head) {
            branches.push(waiting.clone());
        }
    }
    if branches.is_empty() { Ok(()) } else { Err(ReleaseError::NotMerged { remote: remote.name.clone(), branches }) }
}

/// Under the lock: what the plan to make versions was made from is what the remote has. Another run may have pushed a release
/// since, and gone.
pub(super) fn refuse_moved(run: &Run<'_>) -> Result<(), ReleaseError> {
    let (Some(remote), Some(repository)) = (&run.remote, run.project.git()) else { return Ok(()) };
    let mut found = repository.remote_refs(&remote.name, &[RECORD_REF, &format!("{RELEASE_BRANCHES}*")])?;
    let record = found.remove(RECORD_REF).map(|found| found.object);
    let is_known = |full: &str, commit: &String| {
        full.strip_prefix("refs/heads/").is_some_and(|short| remote.release_branches.get(short) == Some(commit))
    };
    let is_new = found.iter().any(|(full, found)| !is_known(full, &found.commit));
    if is_new || record.as_ref() != remote.record.as_ref().map(|(id, _)| id) {
        return Err(ReleaseError::MeanwhileThere { remote: remote.name.clone() });
    }
    Ok(())
}
