//! After the uploads: tags for what is live, and the push. A tag exists only for a version that is live (invariant I10), and
//! where dist-tags move when all is out, only for one whose dist-tag has: a tag says that the version is released.

use std::collections::BTreeSet;

use relay_git::{GitError, Head, TagElsewhere, TagOutcome, TagToMake};
use relay_workspace::{PackageName, Version};

pub use self::preflight::{FinishError, Ready, preflight};
use crate::event::{Emitter, Fact, NotRecorded};
use crate::git_calls::GitCalls;
pub use crate::owed::FinishOptions;
use crate::owed::{OwedTag, OwedWork};
use crate::project::Project;
use crate::report::{Outcome, PackageReport, RunReport};
use crate::tag_listeners::tags_per_push;

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
    /// Versions that are live under a side tag alone: their tags wait for their promotion.
    pub unpromoted: &'a BTreeSet<(PackageName, Version)>,
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
    let Some(repository) = project.git() else { return Ok(()) };
    let Finish { ready, owed_work, .. } = finish;
    let mut wanted = wanted_tags(project, report, finish);
    bring_commits(repository, finish, &mut wanted, report);
    make_tags(project, repository, &wanted, report, events)?;
    let Some(remote) = finish.remote else { return Ok(()) };
    let tags = report.tags.iter().filter(|tag| !ready.on_remote.contains(*tag));
    let tags = tags.chain(&owed_work.tags).filter(|tag| matches!(repository.tag_commit(tag), Ok(Some(_))));
    let tags: BTreeSet<String> = tags.cloned().collect();
    push_tags(project, (repository, remote), &tags, report, events)
}

/// A tag that is to be there at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTag {
    /// Its name.
    pub name: String,
    /// The commit that it goes on.
    pub commit: String,
    /// The package whose files must be the same where it is on another commit already; `None` where nothing is there yet.
    of: Option<PackageName>,
    /// The package that the event is about; `None` for a tag of the whole release.
    told_of: Option<PackageName>,
    /// Whether an earlier run should have made it.
    owed: bool,
}

/// The tags that are to be there: what earlier runs owe, then those of what is live, then those of private packages.
pub fn wanted_tags(project: &Project, report: &RunReport, finish: &Finish<'_>) -> Vec<WantedTag> {
    let Finish { options, head, owed_work, unpromoted, .. } = finish;
    let may_be_made = |tag: &&OwedTag| tag.waits_for.iter().all(|version| !unpromoted.contains(version));
    let mut wanted: Vec<WantedTag> = owed_work
        .to_make
        .iter()
        .filter(may_be_made)
        .map(|OwedTag { name, commit, .. }| WantedTag {
            name: name.clone(),
            commit: commit.clone(),
            of: None,
            told_of: None,
            owed: true,
        })
        .collect();
    let Some(commit) = head.commit.as_ref().filter(|_| options.tags) else { return wanted };
    let one_tag = project.has_one_tag();
    let is_live = |package: &&PackageReport| {
        matches!(package.outcome, Outcome::Live { .. })
            && !unpromoted.contains(&(package.name.clone(), package.version.clone()))
    };
    // One tag for the whole release says that the whole release is out.
    let all_live = report.packages.iter().all(|package| is_live(&package));
    for package in report.packages.iter().filter(is_live).filter(|_| all_live || !one_tag) {
        wanted.push(WantedTag {
            name: project.tag_name(&package.name, &package.version),
            commit: commit.clone(),
            of: Some(package.name.clone()),
            told_of: (!one_tag).then(|| package.name.clone()),
            owed: false,
        });
    }
    // As `changeset publish` does where `privatePackages.tag` asks for it: nothing is uploaded of them, so that the version in
    // the manifest is all there is to it.
    for (name, version) in project.tagged_private_packages() {
        let tag = project.changesets_tags().name(name, version);
        let is_there = project.git().is_some_and(|git| matches!(git.tag_commit(&tag), Ok(Some(_))));
        if !is_there {
            let told_of = Some(name.clone());
            wanted.push(WantedTag { name: tag, commit: commit.clone(), of: None, told_of, owed: false });
        }
    }
    let mut seen = BTreeSet::new();
    wanted.retain(|tag| seen.insert(tag.name.clone()));
    wanted
}

/// Brings commits here that owed tags belong on. A tag whose commit neither this clone nor the remote has is left out and told:
/// a journal can come from another clone, and what it names can be gone.
fn bring_commits(repository: &dyn GitCalls, finish: &Finish<'_>, wanted: &mut Vec<WantedTag>, report: &mut RunReport) {
    let branch = finish.head.branch.as_ref().map(|branch| format!("refs/heads/{branch}"));
    wanted.retain(|tag| {
        if repository.has_commit(&tag.commit) {
            return true;
        }
        if let (Some(remote), Some(branch)) = (finish.remote, &branch)
            && repository.fetch_commit(remote, branch, &tag.commit).is_ok()
            && repository.has_commit(&tag.commit)
        {
            return true;
        }
        report.notes.push(format!(
            "the tag `{}` belongs on the commit {}, which neither this clone nor the remote has any more; it was not made",
            tag.name, tag.commit
        ));
        false
    });
}

/// Makes the tags, all in one transaction of git's.
fn make_tags(
    project: &Project,
    repository: &dyn GitCalls,
    wanted: &[WantedTag],
    report: &mut RunReport,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    let tags: Vec<TagToMake<'_>> =
        wanted.iter().map(|tag| TagToMake { name: &tag.name, commit: &tag.commit, message: &tag.name }).collect();
    let outcomes = match repository.create_tags(&tags) {
        Ok(outcomes) => outcomes,
        Err(error) => {
            report.problems.push(error.to_string());
            return Ok(());
        }
    };
    for (tag, outcome) in wanted.iter().zip(outcomes) {
        match outcome {
            Ok(outcome) => {
                if outcome == TagOutcome::Created {
                    events.emit(Fact::Tagged { package: tag.told_of.clone(), tag: tag.name.clone() })?;
                }
                let list = if tag.owed { &mut report.made_up } else { &mut report.tags };
                list.push(tag.name.clone());
            }
            Err(error) => match is_as_good(project, repository, &error, tag.of.as_ref()) {
                Ok(true) => report.tags.push(tag.name.clone()),
                Ok(false) => report.problems.push(error.to_string()),
                Err(other) => report.problems.push(other.to_string()),
            },
        }
    }
    Ok(())
}

/// Whether a tag that is on another commit stands for the same files of its package.
fn is_as_good(
    project: &Project,
    repository: &dyn GitCalls,
    error: &GitError,
    package: Option<&PackageName>,
) -> Result<bool, GitError> {
    match (error, package) {
        (GitError::TagElsewhere { there, wanted, .. }, Some(package)) => {
            preflight::same_files(project, repository, package, there, wanted)
        }
        _ => Ok(false),
    }
}

/// Pushes tags; what counts as pushed is what the remote shows afterwards.
fn push_tags(
    project: &Project,
    (repository, remote): (&dyn GitCalls, &str),
    tags: &BTreeSet<String>,
    report: &mut RunReport,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    if tags.is_empty() {
        return Ok(());
    }
    let wanted: Vec<String> = tags.iter().cloned().collect();
    let pushed = match repository.push_tags(remote, &wanted, tags_per_push(project), project.push_hooks()) {
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

#[cfg(test)]
mod tests;
