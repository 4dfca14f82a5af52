//! The versions to be made, from change files and commits.

use std::collections::BTreeMap;

use relay_change::{BumpPlan, ChangeInputs, PackageCommit, plan_bumps};
use relay_plan::Finding;
use relay_workspace::PackageName;

use super::changes::{graduates, uncounted_commits};
use super::cut_off::refuse_cut_off;
use super::notices::of_other_tools;
use super::{Intent, ObserveError, other_tools};
use crate::project::{Project, ProjectError};
use crate::session::Session;

/// The versions to be made, none where what stands is published, and what is to be said of them. What is odd about the changes
/// goes to the warnings.
pub(super) fn bumps(
    project: &Project,
    session: &Session,
    intent: Intent,
    warnings: &mut Vec<String>,
) -> Result<(BumpPlan, Vec<Finding>), ObserveError> {
    match intent {
        Intent::Release => {
            warnings.extend(of_other_tools(project).into_iter().map(str::to_owned));
            warnings.extend(other_tools::unread(project));
            bumps_of_changes(project, session, warnings)
        }
        Intent::Publish => {
            warnings.extend(project.broken_change_files.iter().map(|error| {
                format!(
                    "a change file is broken, which the next release will refuse and publishing does not need: {error}"
                )
            }));
            Ok((BumpPlan::default(), Vec::new()))
        }
    }
}

fn bumps_of_changes(
    project: &Project,
    session: &Session,
    warnings: &mut Vec<String>,
) -> Result<(BumpPlan, Vec<Finding>), ObserveError> {
    let mut settings = project.change_settings();
    settings.graduate = graduates(project, &settings, &session.graduate)?;
    if settings.use_change_files
        && let Some(error) = project.broken_change_files.first()
    {
        return Err(ProjectError::ChangeFile(error.clone()).into());
    }
    let commits = if settings.use_commits { commits_since_releases(project, warnings)? } else { BTreeMap::new() };
    let inputs = ChangeInputs {
        workspace: &project.workspace,
        graph: &project.graph,
        change_files: &project.change_files,
        commits: &commits,
        settings: &settings,
    };
    let bumps = plan_bumps(&inputs)?;
    Ok((bumps, uncounted_commits(project, &commits, &settings)))
}

/// The commits of each package since its last release.
fn commits_since_releases(
    project: &Project,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<PackageName, Vec<PackageCommit>>, ObserveError> {
    let mut commits = BTreeMap::new();
    let Some(repository) = &project.repository else {
        warnings.push("this is no git repository: only change files tell what changed".to_owned());
        return Ok(commits);
    };
    if repository.head()?.commit.is_none() {
        warnings.push("the git repository has no commit yet: only change files tell what changed".to_owned());
        return Ok(commits);
    }
    let history = repository.history(&project.history_queries())?;
    refuse_cut_off(project, repository, &history)?;
    for package in &history.packages {
        // Without any sign of an earlier release, the package's version is its first one, not a bump of it.
        if package.base.is_none() {
            continue;
        }
        let Ok(name) = PackageName::parse(&package.name) else { continue };
        if package.uncommitted_bump {
            warnings.push(format!(
                "`{name}` has a version that is not committed yet, so that its commits are taken for released by that \
                 version; commit it, or take it back"
            ));
            continue;
        }
        let of_package = package.commits.iter().filter_map(|at| history.commits.get(*at));
        let of_package =
            of_package.map(|commit| PackageCommit { id: commit.id.clone(), message: commit.message.clone() });
        commits.insert(name, of_package.collect());
    }
    Ok(commits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Repo, TWO, name, session};

    fn told(repo: &Repo, intent: Intent) -> (Result<Vec<String>, String>, Vec<String>) {
        let mut warnings = Vec::new();
        let made = bumps(&repo.project(), &session(""), intent, &mut warnings);
        let made = made.map(|(plan, _)| plan.bumps.iter().map(|bump| format!("{}@{}", bump.name, bump.next)).collect());
        (made.map_err(|error| error.to_string()), warnings)
    }

    const CHANGE: &str = "---\n\"a\": minor\n---\n\nShine\n";

    #[test]
    fn change_files_and_commits_make_versions_and_publishing_makes_none() {
        let repo = Repo::committed(&TWO);
        repo.git(&["tag", "a@1.0.0"]);
        repo.git(&["tag", "b@1.0.0"]);
        assert_eq!(told(&repo, Intent::Release), (Ok(vec![]), vec![]));
        repo.write("packages/a/index.js", "1\n").commit("fix: shine");
        assert_eq!(told(&repo, Intent::Release).0, Ok(vec!["a@1.0.1".to_owned()]));
        repo.write(".changeset/x.md", CHANGE);
        assert_eq!(told(&repo, Intent::Release).0, Ok(vec!["a@1.1.0".to_owned()]));
        assert_eq!(told(&repo, Intent::Publish), (Ok(vec![]), vec![]));
    }

    #[test]
    fn a_broken_change_file_stops_a_release_and_is_told_when_publishing() {
        let repo = Repo::of(&[TWO.as_slice(), &[(".changeset/x.md", "---\na: huge\n---\n")]].concat());
        let (made, _) = told(&repo, Intent::Release);
        assert!(made.unwrap_err().contains("`huge` is no bump"));
        let (made, warnings) = told(&repo, Intent::Publish);
        assert_eq!(made, Ok(vec![]));
        assert!(warnings[0].starts_with("a change file is broken, which the next release will refuse"), "{warnings:?}");
    }

    #[test]
    fn without_commits_only_change_files_tell_what_changed() {
        let files = [TWO.as_slice(), &[(".changeset/x.md", CHANGE)]].concat();
        let bare = Repo::of(&files);
        let (made, warnings) = told(&bare, Intent::Release);
        assert_eq!(made, Ok(vec!["a@1.1.0".to_owned()]));
        assert_eq!(warnings, ["this is no git repository: only change files tell what changed"]);
        bare.git(&["init", "-q", "-b", "main"]);
        let (_, warnings) = told(&bare, Intent::Release);
        assert_eq!(warnings, ["the git repository has no commit yet: only change files tell what changed"]);
    }

    #[test]
    fn a_version_that_is_not_committed_is_told_and_takes_its_commits() {
        let repo = Repo::committed(&TWO);
        repo.git(&["tag", "a@1.0.0"]);
        repo.write("packages/a/index.js", "1\n").commit("feat: shine");
        repo.write("packages/a/package.json", r#"{"name":"a","version":"2.0.0"}"#);
        let (made, warnings) = told(&repo, Intent::Release);
        assert_eq!(made, Ok(vec![]));
        assert!(
            warnings.iter().any(|text| text.starts_with("`a` has a version that is not committed yet")),
            "{warnings:?}"
        );
        assert!(repo.project().workspace.package(&name("a")).is_some());
    }

    #[test]
    fn without_a_tag_what_came_after_the_commit_that_gave_the_version_counts() {
        let repo = Repo::committed(&TWO);
        repo.write("packages/a/index.js", "1\n").commit("feat: shine");
        assert_eq!(told(&repo, Intent::Release).0, Ok(vec!["a@1.1.0".to_owned()]));
        repo.write("packages/a/package.json", r#"{"name":"a","version":"1.1.0"}"#).commit("chore: release");
        assert_eq!(told(&repo, Intent::Release).0, Ok(vec![]));
    }
}
