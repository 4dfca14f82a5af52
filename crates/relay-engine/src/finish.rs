//! After the uploads: tags for what is live, and the push. A tag exists only for a version that is live (invariant I10).

use std::collections::BTreeSet;

use relay_git::{Repository, TagOutcome};

use crate::event::{Emitter, Fact, NotRecorded};
pub use crate::owed::FinishOptions;
use crate::owed::{OwedWork, PushError, push};
use crate::project::Project;
use crate::report::{Outcome, RunReport};

/// Makes the tags and pushes, with them what earlier runs owe. What goes wrong here is added to the report's problems and never hides what is out.
///
/// # Errors
/// [`NotRecorded`] when an event can't be recorded.
pub fn finish(
    project: &Project,
    report: &mut RunReport,
    options: FinishOptions,
    owed_work: &OwedWork,
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
    if !options.push || !(anything_live || owed_work.wants_push()) {
        return Ok(());
    }
    let tags: BTreeSet<String> = report.tags.iter().chain(&owed_work.tags).cloned().collect();
    match push(repository, options.branch || owed_work.branch, tags, events) {
        Ok(remote) => report.pushed_to = remote,
        Err(PushError::Git(error)) => report.problems.push(error.to_string()),
        Err(PushError::NotRecorded(error)) => return Err(error),
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
