//! Tags are made in real repositories and looked at with the real git.

use super::*;
use crate::testing::TestRepo;

#[test]
fn makes_annotated_tags_once_and_never_moves_them() {
    let repo = TestRepo::new();
    let first = repo.write("x", "1").commit("one");
    let second = repo.write("x", "2").commit("two");
    let name = "@acme/core@1.0.0";
    assert_eq!(repo.relay.create_tag(name, &first, "core 1.0.0").unwrap(), TagOutcome::Created);
    assert_eq!(repo.git(&["cat-file", "-t", name]), "tag");
    assert_eq!(repo.git(&["tag", "-l", "--format=%(contents:subject) %(taggername)", name]), "core 1.0.0 Maintainer");
    assert_eq!(repo.relay.create_tag(name, &first, "core 1.0.0").unwrap(), TagOutcome::AlreadyThere);
    let error = repo.relay.create_tag(name, &second, "core 1.0.0").unwrap_err();
    assert!(
        matches!(&error, GitError::TagElsewhere { there, wanted, .. } if *there == first && *wanted == second),
        "{error}"
    );
    assert_eq!(repo.relay.tag_commit(name).unwrap(), Some(first));
}

#[test]
fn lists_tags_loose_and_packed() {
    let repo = TestRepo::new();
    let first = repo.write("x", "1").commit("one");
    repo.git(&["tag", "v1.0.0"]);
    repo.git(&["tag", "-a", "-m", "x", "@a/x@1.0.0"]);
    repo.git(&["pack-refs", "--all"]);
    repo.git(&["tag", "v2.0.0"]);
    assert_eq!(repo.relay.tag_names().unwrap(), ["@a/x@1.0.0", "v1.0.0", "v2.0.0"]);
    for name in ["@a/x@1.0.0", "v1.0.0", "v2.0.0"] {
        assert_eq!(repo.relay.tag_commit(name).unwrap().as_ref(), Some(&first), "{name}");
    }
    assert_eq!(repo.relay.tag_commit("v3.0.0").unwrap(), None);
    assert_eq!(repo.relay.tag_commit("-d ../x").unwrap(), None);
}

#[test]
fn refuses_a_commit_that_is_not_there_and_a_name_that_is_none() {
    let repo = TestRepo::new();
    let first = repo.write("x", "1").commit("one");
    for commit in ["0123456789012345678901234567890123456789", "nonsense", ""] {
        assert!(matches!(repo.relay.create_tag("v1", commit, "").unwrap_err(), GitError::UnknownCommit { .. }));
    }
    assert!(matches!(repo.relay.create_tag("--delete", &first, "").unwrap_err(), GitError::InvalidRefName { .. }));
}

#[test]
fn a_tag_that_is_to_be_signed_goes_through_git() {
    let repo = TestRepo::new();
    let first = repo.write("x", "1").commit("one");
    repo.git(&["config", "tag.gpgsign", "true"]);
    repo.git(&["config", "gpg.program", "relay-test-no-such-signer"]);
    let error = repo.relay.create_tag("v1.0.0", &first, "x").unwrap_err();
    assert!(matches!(error, GitError::ProgramFailed { .. }), "{error}");
    assert_eq!(repo.relay.tag_commit("v1.0.0").unwrap(), None);
}

#[test]
fn folders_of_two_commits_are_compared_by_what_they_hold() {
    let repo = TestRepo::new();
    let first = repo.write("a/x", "1").write("b/x", "1").commit("one");
    let second = repo.write("b/x", "2").write("README.md", "x").commit("two");
    let same = |folders: &[&str]| repo.relay.same_folders(&first, &second, folders.iter().copied()).unwrap();
    assert!(same(&["a"]) && same(&["a", "not/there"]) && same(&[]));
    assert!(!same(&["b"]) && !same(&["a", "b"]) && !same(&[""]));
    let gone = "0123456789012345678901234567890123456789";
    assert!(!repo.relay.same_folders(&first, gone, ["a"]).unwrap());
}
