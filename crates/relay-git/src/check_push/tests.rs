//! What a bare repository on disk would take.

use super::*;
use crate::testing::{TestRemote, TestRepo};

struct World {
    repo: TestRepo,
    remote: TestRemote,
}

/// A clone whose branch is on its remote.
fn world() -> World {
    let repo = TestRepo::new();
    let remote = TestRemote::origin_of(&repo);
    repo.write("a", "1").commit("start");
    repo.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    World { repo, remote }
}

fn check(world: &World, remote: &str, refs: &[&str]) -> Result<(), GitError> {
    world.repo.relay.check_push(remote, &refs.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
}

#[track_caller]
fn refused(world: &World, remote: &str, refs: &[&str]) -> PushCause {
    match check(world, remote, refs).unwrap_err() {
        GitError::PushRefused { cause, .. } => cause,
        error => panic!("{error}"),
    }
}

#[test]
fn what_would_be_taken_is_not_pushed() {
    let world = world();
    let head = world.repo.write("a", "2").commit("more");
    world.repo.relay.create_tag("@a/x@1.0.0", &head, "x").unwrap();
    let before = world.remote.git(&["for-each-ref"]);
    check(&world, "origin", &["HEAD:refs/heads/main", "refs/tags/@a/x@1.0.0"]).unwrap();
    check(&world, "origin", &[]).unwrap();
    assert_eq!(world.remote.git(&["for-each-ref"]), before);
}

#[test]
fn what_would_not_be_taken_has_its_cause_and_the_way_out() {
    let world = world();
    let first = world.repo.git(&["rev-parse", "HEAD"]);
    world.repo.relay.create_tag("v1.0.0", &first, "x").unwrap();
    world.repo.git(&["push", "-q", "origin", "refs/tags/v1.0.0"]);
    world.repo.git(&["tag", "-d", "v1.0.0"]);
    let second = world.repo.write("a", "2").commit("theirs");
    world.repo.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    world.repo.relay.create_tag("v1.0.0", &second, "x").unwrap();
    assert_eq!(refused(&world, "origin", &["refs/tags/v1.0.0"]), PushCause::TagExists);
    assert_eq!(refused(&world, "nowhere", &["refs/tags/v1.0.0"]), PushCause::Unreachable);

    world.repo.git(&["reset", "-q", "--hard", "HEAD^"]);
    world.repo.write("a", "3").commit("ours");
    let error = check(&world, "origin", &["HEAD:refs/heads/main"]).unwrap_err();
    assert!(matches!(error, GitError::PushRefused { cause: PushCause::Behind, .. }), "{error}");
    assert!(error.to_string().contains("git pull --no-rebase"), "{error}");
}

#[test]
fn hostile_refs_and_remotes_never_reach_git() {
    let world = world();
    for spec in ["--delete", "+HEAD:refs/heads/main", ":refs/heads/main", "refs/tags/a b"] {
        let error = check(&world, "origin", &[spec]).unwrap_err();
        assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
    }
    let error = check(&world, "--upload-pack=x", &["HEAD:refs/heads/main"]).unwrap_err();
    assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
}
