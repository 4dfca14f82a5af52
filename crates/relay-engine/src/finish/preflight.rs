//! What the end of a run needs, looked at before the first upload: who makes the tags, which of them are there already and on
//! what, here and on the remote, and whether tags and branch can be written and pushed.

use std::collections::{BTreeMap, BTreeSet};

use relay_change::BumpPlan;
use relay_git::{GitError, Head};
use relay_plan::ReleasePlan;
use relay_workspace::PackageName;

use crate::git_calls::GitCalls;
use crate::owed::FinishOptions;
use crate::project::Project;
use crate::release::remote::RemoteState;

/// What was found beforehand, for the end of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ready {
    /// Tags of the release that the remote has already, on commits with the same files of their packages.
    pub on_remote: BTreeSet<String>,
    /// Tags that the remote has on commits that this clone lacks; only a trial run leaves them there.
    pub not_compared: BTreeMap<String, String>,
}

/// What would stop the end of the run.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// git can't do what will be asked of it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A tag of the release is on a commit with other files.
    #[error("the tag `{tag}` is on commit {there} already{}, and {}", place(remote.as_deref()), instead(packages, wanted.as_deref()))]
    TagElsewhere {
        /// The tag.
        tag: String,
        /// The commit it is on.
        there: String,
        /// The remote that has it so; `None` for this clone.
        remote: Option<String>,
        /// The commit that is to be released; `None` where the version step is still to make it.
        wanted: Option<String>,
        /// The packages whose files differ.
        packages: Vec<PackageName>,
    },
    /// The branch or the tags could not be pushed.
    #[error(transparent)]
    Push(GitError),
}

fn place(remote: Option<&str>) -> String {
    remote.map_or_else(String::new, |remote| format!(" on `{remote}`"))
}

fn instead(packages: &[PackageName], wanted: Option<&str>) -> String {
    let names: Vec<String> = packages.iter().map(|name| format!("`{name}`")).collect();
    match wanted {
        Some(wanted) => {
            format!("the files of {} differ from those of {wanted}, which would be released", names.join(", "))
        }
        None => format!("the version of {} that it stands for is only to be made now", names.join(", ")),
    }
}

/// One tag that the release needs.
struct Wanted {
    packages: Vec<PackageName>,
    /// The version step is still to make a version that it stands for.
    to_be_made: bool,
}

/// Looks at all that the end of the run needs; `remote` is what was seen there, where something is to be pushed. With `trial`
/// false nothing is written; else tags that only the remote has are fetched, and locks and signatures are tried.
///
/// # Errors
/// [`FinishError`] with what is in the way.
pub fn preflight(
    project: &Project,
    plan: &ReleasePlan,
    bumps: &BumpPlan,
    options: FinishOptions,
    (remote, trial): (Option<&RemoteState>, bool),
) -> Result<Ready, FinishError> {
    let Some(repository) = project.git() else { return Ok(Ready::default()) };
    let head = repository.head()?;
    let wanted = if options.tags { wanted_tags(project, plan, bumps) } else { BTreeMap::new() };
    let Some(commit) = &head.commit else {
        // A first commit is what the tags would be on.
        let path = repository.workdir().to_owned();
        return if options.tags { Err(GitError::NoCommitYet { path }.into()) } else { Ok(Ready::default()) };
    };
    let mut ready = Ready::default();
    if let Some(remote) = remote.filter(|_| !wanted.is_empty()) {
        ready = compare_remote(project, repository, (remote, commit), &wanted, trial)?;
    }
    let mut missing = Vec::new();
    for (name, tag) in &wanted {
        match repository.tag_commit(name)? {
            Some(there) => refuse_elsewhere(project, repository, (name, tag), (&there, None), commit)?,
            None if ready.on_remote.contains(name) || ready.not_compared.contains_key(name) => {}
            None => missing.push(name.clone()),
        }
    }
    repository.check_tags(&missing)?;
    if trial {
        repository.try_writing(&missing, !bumps.bumps.is_empty())?;
    }
    if let Some(remote) = remote {
        let branch = options.branch && (!bumps.is_empty() || !trial || remote.lacks_head(repository, &head)?);
        check_push(repository, remote, &head, branch, &wanted, &missing, &ready)?;
    }
    Ok(ready)
}

/// The tags of the release, each with its packages.
fn wanted_tags(project: &Project, plan: &ReleasePlan, bumps: &BumpPlan) -> BTreeMap<String, Wanted> {
    let mut tags: BTreeMap<String, Wanted> = BTreeMap::new();
    for planned in &plan.packages {
        let to_be_made = bumps.bumps.iter().any(|bump| bump.name == planned.name);
        let tag = tags.entry(project.tag_name(&planned.name, &planned.next));
        let tag = tag.or_insert_with(|| Wanted { packages: Vec::new(), to_be_made });
        tag.packages.push(planned.name.clone());
        tag.to_be_made |= to_be_made;
    }
    tags
}

/// Compares the tags of the remote, and fetches those that this clone lacks.
fn compare_remote(
    project: &Project,
    repository: &dyn GitCalls,
    (remote, commit): (&RemoteState, &str),
    wanted: &BTreeMap<String, Wanted>,
    trial: bool,
) -> Result<Ready, FinishError> {
    let there: BTreeMap<_, _> = remote.tags.iter().filter(|(name, _)| wanted.contains_key(*name)).collect();
    let mut lacking = Vec::new();
    for name in there.keys() {
        if repository.tag_commit(name)?.is_none() {
            lacking.push((*name).clone());
        }
    }
    if trial {
        repository.fetch_tags(&remote.name, &lacking)?;
    }
    let mut ready = Ready::default();
    for (name, tag) in there {
        let Some(of) = wanted.get(name) else { continue };
        if !trial && !of.to_be_made && !repository.has_commit(&tag.commit) {
            ready.not_compared.insert(name.clone(), tag.commit.clone());
            continue;
        }
        refuse_elsewhere(project, repository, (name, of), (&tag.commit, Some(&remote.name)), commit)?;
        ready.on_remote.insert(name.clone());
    }
    Ok(ready)
}

/// Refuses a tag on a commit that is not the one to be released, unless its packages' folders hold the same there.
fn refuse_elsewhere(
    project: &Project,
    repository: &dyn GitCalls,
    (name, tag): (&str, &Wanted),
    (there, remote): (&str, Option<&str>),
    commit: &str,
) -> Result<(), FinishError> {
    let mut differing = Vec::new();
    for package in &tag.packages {
        if tag.to_be_made || !same_files(project, repository, package, there, commit)? {
            differing.push(package.clone());
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    Err(FinishError::TagElsewhere {
        tag: name.to_owned(),
        there: there.to_owned(),
        remote: remote.map(str::to_owned),
        wanted: (!tag.to_be_made).then(|| commit.to_owned()),
        packages: differing,
    })
}

/// Whether a package's folder holds the same in two commits.
///
/// # Errors
/// [`GitError`] where they can't be compared.
pub(super) fn same_files(
    project: &Project,
    repository: &dyn GitCalls,
    package: &PackageName,
    commit: &str,
    other: &str,
) -> Result<bool, GitError> {
    if commit == other {
        return Ok(true);
    }
    let Some(package) = project.workspace.package(package) else { return Ok(false) };
    let folder = project.in_repository(&package.path);
    repository.same_folders(commit, other, &[folder.as_str().trim_end_matches('/')])
}

/// The branch and the tags can be pushed as they are, as far as that can be told: better known now than when all is published.
fn check_push(
    repository: &dyn GitCalls,
    remote: &RemoteState,
    head: &Head,
    branch: bool,
    wanted: &BTreeMap<String, Wanted>,
    missing: &[String],
    ready: &Ready,
) -> Result<(), FinishError> {
    let branch = head.branch.as_ref().filter(|_| branch);
    let mut refs: Vec<String> = branch.map(|branch| format!("HEAD:refs/heads/{branch}")).into_iter().collect();
    for name in wanted.keys() {
        if missing.contains(name) {
            refs.push(format!("HEAD:refs/tags/{name}"));
        } else if !ready.on_remote.contains(name) && !ready.not_compared.contains_key(name) {
            refs.push(format!("refs/tags/{name}"));
        }
    }
    repository.check_push(&remote.name, &refs).map_err(FinishError::Push)
}

#[cfg(test)]
mod tests;
