//! After the uploads: tags for what is live, and the push. A tag exists only for a version that is live (invariant I10).

use std::collections::BTreeSet;

use relay_git::{GitError, Repository, TagOutcome};

use crate::event::{Emitter, Fact, NotRecorded};
use crate::journal::Recollection;
use crate::observe::LiveVersion;
use crate::project::Project;
use crate::report::{Outcome, RunReport};

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

/// Makes the tags and pushes. What goes wrong here is added to the report's problems and never hides what is out.
///
/// # Errors
/// [`NotRecorded`] when an event can't be recorded.
pub fn finish(
    project: &Project,
    report: &mut RunReport,
    options: FinishOptions,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    let Some(repository) = &project.repository else { return Ok(()) };
    let head = match repository.head() {
        Ok(head) => head,
        Err(error) => {
            report.problems.push(error.to_string());
            return Ok(());
        }
    };
    let Some(commit) = head.commit else { return Ok(()) };
    if options.tags {
        make_tags(project, repository, &commit, report, events)?;
    }
    let anything_live = report.packages.iter().any(|package| matches!(package.outcome, Outcome::Live { .. }));
    if !options.push || !anything_live {
        return Ok(());
    }
    let Some(remote) = repository.remote_name() else { return Ok(()) };
    let mut refs: Vec<String> = Vec::new();
    if let (true, Some(branch)) = (options.branch, &head.branch) {
        refs.push(format!("HEAD:refs/heads/{branch}"));
    }
    refs.extend(report.tags.iter().map(|tag| format!("refs/tags/{tag}")));
    if refs.is_empty() {
        return Ok(());
    }
    match repository.push(&remote, &refs) {
        Ok(()) => {
            report.pushed_to = Some(remote.clone());
            events.emit(Fact::Pushed { remote })?;
        }
        Err(error) => report.problems.push(error.to_string()),
    }
    Ok(())
}

/// Makes the tags that an earlier run still owes: of versions that it uploaded and that became live only after it had ended.
/// Each goes to the commit that the version was released from.
///
/// # Errors
/// [`GitError`] of the first tag that can't be made.
pub fn make_owed_tags(
    project: &Project,
    live: &[LiveVersion],
    recollection: &Recollection,
) -> Result<Vec<String>, GitError> {
    let mut made = Vec::new();
    let Some(repository) = &project.repository else { return Ok(made) };
    if project.has_one_tag() && live.len() < project.workspace.packages.iter().filter(|p| p.is_publishable()).count() {
        return Ok(made);
    }
    for LiveVersion { name, version, registry, integrity } in live {
        let Some(commit) = recollection.released_from(registry.as_str(), name, version, integrity.as_ref()) else {
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

fn make_tags(
    project: &Project,
    repository: &Repository,
    commit: &str,
    report: &mut RunReport,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    let one_tag = project.has_one_tag();
    let all_live = report.packages.iter().all(|package| matches!(package.outcome, Outcome::Live { .. }));
    let mut made: BTreeSet<String> = BTreeSet::new();
    for package in &report.packages {
        // One tag for the whole release says that the whole release is out.
        if !matches!(package.outcome, Outcome::Live { .. }) || (one_tag && !all_live) {
            continue;
        }
        let tag = project.tag_name(&package.name, &package.version);
        if !made.insert(tag.clone()) {
            continue;
        }
        match repository.create_tag(&tag, commit, &tag) {
            Ok(TagOutcome::Created) => {
                let of = (!one_tag).then(|| package.name.clone());
                events.emit(Fact::Tagged { package: of, tag: tag.clone() })?;
                report.tags.push(tag);
            }
            Ok(TagOutcome::AlreadyThere) => report.tags.push(tag),
            Err(error) => report.problems.push(error.to_string()),
        }
    }
    Ok(())
}
