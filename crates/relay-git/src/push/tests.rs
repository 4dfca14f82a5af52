//! Pushes go to a bare repository on disk.

use super::*;
use crate::testing::{TestRemote, TestRepo};

struct World {
    repo: TestRepo,
    remote: TestRemote,
}

fn world() -> World {
    let repo = TestRepo::new();
    let remote = TestRemote::origin_of(&repo);
    repo.write("a", "1").commit("start");
    World { repo, remote }
}

fn refs(refs: &[&str]) -> Vec<String> {
    refs.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn pushes_a_branch_and_scoped_tags_at_once() {
    let world = world();
    let head = world.repo.git(&["rev-parse", "HEAD"]);
    world.repo.relay.create_tag("@a/x@1.0.0", &head, "x").unwrap();
    world.repo.git(&["tag", "not-named"]);
    world.repo.relay.push("origin", &refs(&["HEAD:refs/heads/main", "refs/tags/@a/x@1.0.0"])).unwrap();
    assert_eq!(world.remote.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main\nrefs/tags/@a/x@1.0.0");
    world.repo.relay.push("origin", &refs(&["HEAD:refs/heads/main", "refs/tags/@a/x@1.0.0"])).unwrap();
}

#[test]
fn a_push_behind_the_remote_is_refused_as_a_whole_with_the_way_out() {
    let world = world();
    world.repo.relay.push("origin", &refs(&["HEAD:refs/heads/main"])).unwrap();
    world.repo.write("a", "2").commit("theirs");
    world.repo.relay.push("origin", &refs(&["HEAD:refs/heads/main"])).unwrap();
    world.repo.git(&["reset", "-q", "--hard", "HEAD^"]);
    let ours = world.repo.write("a", "3").commit("ours");
    world.repo.relay.create_tag("v1.0.0", &ours, "x").unwrap();
    let error = world.repo.relay.push("origin", &refs(&["HEAD:refs/heads/main", "refs/tags/v1.0.0"])).unwrap_err();
    assert!(matches!(error, GitError::PushRefused { cause: PushCause::Behind, .. }), "{error}");
    assert!(error.to_string().contains("git pull --no-rebase"), "{error}");
    assert_eq!(world.remote.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
}

#[test]
fn says_when_the_tag_or_the_remote_is_elsewhere() {
    let world = world();
    let first = world.repo.git(&["rev-parse", "HEAD"]);
    world.repo.relay.create_tag("v1.0.0", &first, "x").unwrap();
    world.repo.relay.push("origin", &refs(&["refs/tags/v1.0.0"])).unwrap();
    world.repo.git(&["tag", "-d", "v1.0.0"]);
    let second = world.repo.write("a", "2").commit("more");
    world.repo.relay.create_tag("v1.0.0", &second, "x").unwrap();
    let error = world.repo.relay.push("origin", &refs(&["refs/tags/v1.0.0"])).unwrap_err();
    assert!(matches!(error, GitError::PushRefused { cause: PushCause::TagExists, .. }), "{error}");
    let error = world.repo.relay.push("nowhere", &refs(&["refs/tags/v1.0.0"])).unwrap_err();
    assert!(matches!(error, GitError::PushRefused { cause: PushCause::Unreachable, .. }), "{error}");
}

#[test]
fn hostile_refs_and_remotes_never_reach_git() {
    let world = world();
    for spec in ["--delete", "+HEAD:refs/heads/main", ":refs/heads/main", "refs/tags/a b"] {
        let error = world.repo.relay.push("origin", &refs(&[spec])).unwrap_err();
        assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
    }
    let error = world.repo.relay.push("--upload-pack=x", &refs(&["HEAD:refs/heads/main"])).unwrap_err();
    assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
    world.repo.relay.push("origin", &[]).unwrap();
}

#[cfg(unix)]
#[test]
fn the_remotes_refusal_is_shown_clean() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world();
    let hook = world.remote.path.join("hooks/pre-receive");
    std::fs::create_dir_all(world.remote.path.join("hooks")).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nprintf '\\033[31mGH006: Protected branch\\033[0m\\n' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = world.repo.relay.push("origin", &refs(&["HEAD:refs/heads/main"])).unwrap_err();
    assert!(matches!(error, GitError::PushRefused { cause: PushCause::Protected, .. }), "{error}");
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
}

#[cfg(unix)]
#[test]
fn the_pre_push_hook_runs_without_the_hidden_variables() {
    use std::os::unix::fs::PermissionsExt as _;
    let World { mut repo, remote } = world();
    repo.write(
        ".git/hooks/pre-push",
        "#!/bin/sh\nprintf '%s.%s' \"$CARGO_MANIFEST_DIR\" \"$CARGO_PKG_NAME\" > .git/seen\n",
    );
    std::fs::set_permissions(repo.root.join(".git/hooks/pre-push"), std::fs::Permissions::from_mode(0o755)).unwrap();
    // A variable that the test's own process has stands for a credential.
    repo.relay = repo.relay.hiding(["CARGO_MANIFEST_DIR".to_owned()]);
    repo.relay.push("origin", &refs(&["HEAD:refs/heads/main"])).unwrap();
    assert_eq!(std::fs::read_to_string(repo.root.join(".git/seen")).unwrap(), ".relay-git");
    assert_eq!(remote.git(&["rev-parse", "main"]), repo.git(&["rev-parse", "HEAD"]));
}
