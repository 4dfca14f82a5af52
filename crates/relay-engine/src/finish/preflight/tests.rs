//! What the end of a run would meet in git, told before the first upload.

use relay_change::{Bump, PlannedBump};
use relay_config::RouteKind;
use relay_workspace::Version;

use super::*;
use crate::fixture::{Repo, TWO, name, plan};
use crate::release::remote::Look;

const ALL: FinishOptions = FinishOptions { tags: true, push: true, branch: true };
const NO_TAGS: FinishOptions = FinishOptions { tags: false, ..ALL };

fn with_remote() -> Repo {
    let repo = Repo::committed(&TWO);
    repo.with_remote();
    repo
}

/// Looks at the end of a run that publishes `a` and `b`, where `bumped` says of those versions that are still to be made.
fn looked(repo: &Repo, bumped: &[&str], options: FinishOptions, trial: bool) -> Result<Ready, FinishError> {
    let project = repo.project();
    let bump = |package: &&str| PlannedBump {
        name: name(package),
        current: Version::new(0, 9, 0),
        next: Version::new(1, 0, 0),
        bump: Bump::Major,
        causes: Vec::new(),
    };
    let bumps = BumpPlan { bumps: bumped.iter().map(bump).collect(), ..BumpPlan::default() };
    let plan = plan(&[("a", "1.0.0", RouteKind::Token), ("b", "1.0.0", RouteKind::Token)]);
    let git = project.git().unwrap();
    let look = Look { own_refs: false, lock: false, reads_only: true };
    let remote = git.remote_name().map(|name| RemoteState::read(&project, git, name, look).unwrap());
    preflight(&project, &plan, &bumps, options, (remote.as_ref(), trial))
}

/// Another clone pushes a tag on a commit in which `a` has other files, or the same ones; this clone lacks that commit.
fn tagged_elsewhere(repo: &Repo, file: &str) -> String {
    let head = repo.git(&["rev-parse", "HEAD"]);
    let there = repo.write(file, "1\n").commit("elsewhere");
    repo.git(&["push", "-q", "origin", "HEAD:refs/tags/a@1.0.0"]);
    repo.git(&["reset", "-q", "--hard", &head]);
    repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    repo.git(&["gc", "-q", "--prune=now"]);
    there
}

#[test]
fn a_clone_with_nothing_in_the_way_is_left_as_it_was() {
    let repo = with_remote();
    let refs = repo.git(&["for-each-ref"]);
    for (bumped, trial) in [([].as_slice(), true), (&[], false), (&["a", "b"], true)] {
        assert_eq!(looked(&repo, bumped, ALL, trial).unwrap(), Ready::default());
    }
    assert_eq!(repo.git(&["for-each-ref"]), refs);
    assert_eq!(looked(&Repo::committed(&TWO), &[], ALL, true).unwrap(), Ready::default(), "no remote, nothing to push");
}

#[test]
fn a_tag_of_the_remote_counts_where_the_packages_files_are_the_same_there() {
    let repo = with_remote();
    tagged_elsewhere(&repo, "packages/b/other.js");
    assert_eq!(looked(&repo, &[], ALL, true).unwrap().on_remote, ["a@1.0.0".to_owned()].into());
    assert!(repo.git(&["tag"]).contains("a@1.0.0"), "it is fetched, so that the end finds it");
    assert_eq!(looked(&repo, &[], NO_TAGS, true).unwrap(), Ready::default(), "no tags are wanted");
}

#[test]
fn a_tag_of_the_remote_on_other_files_stops_the_run_with_all_that_is_needed_to_look_at_it() {
    let repo = with_remote();
    let there = tagged_elsewhere(&repo, "packages/a/other.js");
    let error = looked(&repo, &[], ALL, true).unwrap_err();
    let FinishError::TagElsewhere { tag, there: at, remote, wanted, packages } = &error else { panic!("{error:?}") };
    assert_eq!((tag.as_str(), at, remote.as_deref()), ("a@1.0.0", &there, Some("origin")));
    assert_eq!(
        (wanted.as_ref(), packages.as_slice()),
        (Some(&repo.git(&["rev-parse", "HEAD"])), [name("a")].as_slice())
    );
    let text = error.to_string();
    assert!(text.contains("already on `origin`") && text.contains("the files of `a` differ"), "{text}");
}

#[test]
fn a_dry_run_fetches_nothing_and_says_which_tags_it_could_not_compare() {
    let repo = with_remote();
    let there = tagged_elsewhere(&repo, "packages/a/other.js");
    let ready = looked(&repo, &[], ALL, false).unwrap();
    assert_eq!(ready.not_compared, [("a@1.0.0".to_owned(), there)].into());
    assert_eq!(repo.git(&["tag"]), "");
    let error = looked(&repo, &["a"], ALL, false).unwrap_err();
    assert!(error.to_string().ends_with("is only to be made now"), "whatever is on that commit: {error}");
}

#[test]
fn a_tag_of_a_version_that_is_only_to_be_made_is_somebody_elses() {
    let repo = with_remote();
    repo.git(&["tag", "a@1.0.0"]);
    assert_eq!(looked(&repo, &[], ALL, true).unwrap(), Ready::default(), "it is on the commit that is released");
    let error = looked(&repo, &["a"], ALL, true).unwrap_err();
    assert!(matches!(&error, FinishError::TagElsewhere { remote: None, wanted: None, .. }), "{error:?}");
}

#[test]
fn a_branch_that_has_moved_on_at_the_remote_stops_the_run_before_anything_is_uploaded() {
    let repo = with_remote();
    repo.commit("feat: theirs");
    repo.git(&["push", "-q", "origin", "main"]);
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.commit("feat: ours");
    let error = looked(&repo, &["a", "b"], ALL, true).unwrap_err();
    assert!(matches!(error, FinishError::Push(_)), "{error:?}");
    let only_tags = FinishOptions { branch: false, ..ALL };
    assert!(looked(&repo, &[], only_tags, true).is_ok(), "tags of what is here can be pushed");
}

#[test]
fn without_a_first_commit_there_is_nothing_that_a_tag_could_be_on() {
    let repo = Repo::of(&TWO);
    repo.git(&["init", "-q", "-b", "main"]);
    assert!(matches!(looked(&repo, &[], ALL, true), Err(FinishError::Git(GitError::NoCommitYet { .. }))));
    assert_eq!(looked(&repo, &[], NO_TAGS, true).unwrap(), Ready::default());
}
