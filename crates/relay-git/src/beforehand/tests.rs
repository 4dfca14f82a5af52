//! Each way in which tags and commits can't be written, and that a trial leaves nothing behind.

use super::*;
use crate::testing::TestRepo;

const TAG: &str = "@acme/a@1.0.0";

fn world() -> TestRepo {
    let repo = TestRepo::new();
    repo.write("x", "1").commit("start");
    repo
}

fn tags() -> Vec<String> {
    vec![TAG.to_owned(), "v1.0.0".to_owned()]
}

#[test]
fn a_trial_leaves_nothing_behind() {
    let repo = world();
    repo.git(&["tag", "v1.0.0"]);
    let before = repo.git(&["for-each-ref"]);
    let objects = || repo.git(&["count-objects"]);
    let counted = objects();
    repo.relay.check_tags(&tags()).unwrap();
    repo.relay.try_writing(&tags(), true).unwrap();
    repo.relay.try_writing(&tags(), true).unwrap();
    assert_eq!(repo.git(&["for-each-ref"]), before);
    assert_eq!(objects(), counted);
    assert_eq!(repo.status(), "");
    let head = repo.git(&["rev-parse", "HEAD"]);
    repo.relay.create_tag(TAG, &head, "x").unwrap();
}

#[test]
fn somebody_must_be_known_who_makes_the_tags() {
    let repo = world();
    repo.git(&["config", "user.name", ""]);
    assert!(matches!(repo.relay.check_tags(&tags()).unwrap_err(), GitError::NoIdentity));
    repo.relay.check_tags(&[]).unwrap();
}

#[test]
fn locks_that_are_held_are_named() {
    let repo = world();
    repo.write(".git/refs/tags/v1.0.0.lock", "");
    let error = repo.relay.try_writing(&tags(), false).unwrap_err();
    assert!(
        matches!(&error, GitError::LockFile { path } if path.as_str().ends_with("refs/tags/v1.0.0.lock")),
        "{error}"
    );
    repo.remove(".git/refs/tags/v1.0.0.lock");
    repo.write(".git/index.lock", "");
    // Tags need no index.
    repo.relay.try_writing(&tags(), false).unwrap();
    for error in [repo.relay.try_writing(&[], true).unwrap_err(), repo.relay.check_can_commit().unwrap_err()] {
        assert!(matches!(&error, GitError::LockFile { path } if path.as_str().ends_with("index.lock")), "{error}");
    }
    repo.remove(".git/index.lock");
    repo.write(".git/refs/heads/main.lock", "");
    let error = repo.relay.try_writing(&[], true).unwrap_err();
    assert!(matches!(&error, GitError::LockFile { .. }), "{error}");
}

#[test]
fn folders_that_can_t_be_written_are_named() {
    let repo = world();
    repo.write(".git/refs/tags/@acme", "not a folder");
    let error = repo.relay.try_writing(&tags(), false).unwrap_err();
    assert!(matches!(&error, GitError::NotWritable { doing, .. } if doing.contains(TAG)), "{error}");
    let repo = world();
    std::fs::rename(repo.root.join(".git/objects"), repo.root.join(".git/moved")).unwrap();
    let error = repo.relay.try_writing(&tags(), false).unwrap_err();
    assert!(matches!(&error, GitError::NotWritable { doing, .. } if doing.contains("objects")), "{error}");
}

#[track_caller]
fn check_in_the_way(there: &str, wanted: &str, packed: bool) {
    let repo = world();
    repo.git(&["tag", there]);
    if packed {
        repo.git(&["pack-refs", "--all"]);
    }
    let error = repo.relay.check_tags(&[wanted.to_owned()]).unwrap_err();
    assert!(matches!(&error, GitError::TagInTheWay { name, other } if name == wanted && other == there), "{error}");
}

#[test]
fn a_tag_that_stands_where_a_folder_must_be_is_named() {
    for packed in [false, true] {
        check_in_the_way("@acme", TAG, packed);
        check_in_the_way("v1.0.0/rc", "v1.0.0", packed);
    }
}

#[test]
fn a_signature_that_can_t_be_made_is_known_beforehand() {
    let repo = world();
    repo.git(&["config", "gpg.program", "relay-test-no-such-signer"]);
    repo.git(&["config", "commit.gpgSign", "true"]);
    repo.relay.try_writing(&tags(), false).unwrap();
    let error = repo.relay.try_writing(&[], true).unwrap_err();
    assert!(matches!(error, GitError::CannotSign { setting: "commit.gpgSign", .. }), "{error}");
    repo.git(&["config", "tag.gpgSign", "true"]);
    let error = repo.relay.try_writing(&tags(), false).unwrap_err();
    assert!(matches!(error, GitError::CannotSign { setting: "tag.gpgSign", .. }), "{error}");
    repo.git(&["config", "gpg.format", "ssh"]);
    repo.git(&["config", "user.signingKey", "/nowhere/at/all.pub"]);
    let error = repo.relay.try_writing(&tags(), false).unwrap_err();
    assert!(matches!(error, GitError::CannotSign { .. }), "{error}");
}
