//! After the uploads: tags for what is live, and the push. A tag exists only for a version that is live (invariant I10).

use std::collections::BTreeSet;

use relay_git::{GitError, Head, Hooks, Repository, TagElsewhere, TagOutcome};
use relay_workspace::PackageName;

pub use self::preflight::{FinishError, Ready, preflight};
use crate::event::{Emitter, Fact, NotRecorded};
pub use crate::owed::FinishOptions;
use crate::owed::{OwedWork, PushError};
use crate::project::Project;
use crate::report::{Outcome, RunReport};

mod preflight;

/// What the end of a run starts from.
#[derive(Debug)]
pub struct Finish<'a> {
    /// What may be done.
    pub options: FinishOptions,
    /// Where the repository stood when the tarballs were made: people go on working while a run waits.
    pub head: Head,
    /// What was found beforehand.
    pub ready: &'a Ready,
    /// What earlier runs owe.
    pub owed_work: &'a OwedWork,
    /// The remote to push to, where anything is to be pushed.
    pub remote: Option<&'a str>,
}

/// Makes the tags and pushes, with them what earlier runs owe. What goes wrong here is added to the report's problems and never hides what is out.
///
/// # Errors
/// [`NotRecorded`] when an event can't be recorded.
pub fn finish(
    project: &Project,
    report: &mut RunReport,
    finish: &Finish<'_>,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    let Some(repository) = &project.repository else { return Ok(()) };
    let Finish { options, head, ready, owed_work, .. } = finish;
    match owed_work.make_tags(repository, events) {
        Ok(()) => report.made_up.extend(owed_work.to_make.iter().map(|tag| tag.name.clone())),
        Err(PushError::Git(error)) => report.problems.push(error.to_string()),
        Err(PushError::NotRecorded(error)) => return Err(error),
    }
    let Some(commit) = &head.commit else { return Ok(()) };
    if options.tags {
        make_tags(project, repository, commit, report, events)?;
        tag_private_packages(project, repository, commit, report, events)?;
    }
    let Some(remote) = finish.remote else { return Ok(()) };
    let tags = report.tags.iter().filter(|tag| !ready.on_remote.contains(*tag));
    let tags: BTreeSet<String> = tags.chain(&owed_work.tags).cloned().collect();
    push_tags(repository, remote, &tags, report, events)
}

/// Pushes tags; what counts as pushed is what the remote shows afterwards.
fn push_tags(
    repository: &Repository,
    remote: &str,
    tags: &BTreeSet<String>,
    report: &mut RunReport,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    if tags.is_empty() {
        return Ok(());
    }
    let wanted: Vec<String> = tags.iter().cloned().collect();
    let pushed = match repository.push_tags(remote, &wanted, None, Hooks::Run) {
        Ok(pushed) => pushed,
        Err(error) => {
            report.problems.push(error.to_string());
            return Ok(());
        }
    };
    if !pushed.there.is_empty() {
        let refs = pushed.there.iter().map(|tag| format!("refs/tags/{tag}")).collect();
        events.emit(Fact::Pushed { remote: remote.to_owned(), refs })?;
    }
    for TagElsewhere { name, here, there } in &pushed.elsewhere {
        report.problems.push(format!(
            "the tag `{name}` is on commit {there} on `{remote}`, and on {here} here; see which is right, and delete the other"
        ));
    }
    match (&pushed.refusal, pushed.lacking.as_slice()) {
        (_, []) => {}
        (Some(refusal), _) => report.problems.push(refusal.to_string()),
        (None, lacking) => report.problems.push(format!(
            "`{remote}` does not show {} after they were pushed; run the same command again",
            lacking.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", ")
        )),
    }
    if pushed.elsewhere.is_empty() && pushed.lacking.is_empty() {
        report.pushed_to = Some(remote.to_owned());
    }
    Ok(())
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
            Ok(outcome) => tagged(outcome, tag, (!one_tag).then_some(&package.name), &mut report.tags, events)?,
            Err(error) => match is_as_good(project, repository, &error, &package.name) {
                Ok(true) => report.tags.push(tag),
                Ok(false) => report.problems.push(error.to_string()),
                Err(other) => report.problems.push(other.to_string()),
            },
        }
    }
    Ok(())
}

/// Reports a tag that is there, and says so where it was made just now.
fn tagged(
    outcome: TagOutcome,
    tag: String,
    of: Option<&PackageName>,
    tags: &mut Vec<String>,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    if outcome == TagOutcome::Created {
        events.emit(Fact::Tagged { package: of.cloned(), tag: tag.clone() })?;
    }
    tags.push(tag);
    Ok(())
}

/// Whether a tag that is on another commit stands for the same files of its package.
fn is_as_good(
    project: &Project,
    repository: &Repository,
    error: &GitError,
    package: &PackageName,
) -> Result<bool, GitError> {
    match error {
        GitError::TagElsewhere { there, wanted, .. } => {
            preflight::same_files(project, repository, package, there, wanted)
        }
        _ => Ok(false),
    }
}

/// Tags the present versions of private packages where `privatePackages.tag` of changesets asks for it, as `changeset publish`
/// does: nothing is uploaded of them, so that the version in the manifest is all there is to it.
fn tag_private_packages(
    project: &Project,
    repository: &Repository,
    commit: &str,
    report: &mut RunReport,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    for (name, version) in project.tagged_private_packages() {
        let tag = project.changesets_tags().name(name, version);
        match repository.tag_commit(&tag) {
            Ok(Some(_)) => continue,
            Ok(None) => {}
            Err(error) => {
                report.problems.push(error.to_string());
                continue;
            }
        }
        match repository.create_tag(&tag, commit, &tag) {
            Ok(outcome) => tagged(outcome, tag, Some(name), &mut report.tags, events)?,
            Err(error) => report.problems.push(error.to_string()),
        }
    }
    Ok(())
}
