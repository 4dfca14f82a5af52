//! Clones of one bare remote push a branch and a record at once.

use super::*;
use crate::document::Document;
use crate::testing::{TestRemote, TestRepo};

const RECORD: &str = "refs/relay/release";
const MAIN: &str = "refs/heads/main";

/// A clone with a commit and a record that the remote lacks.
struct World {
    remote: TestRemote,
    clone: TestRepo,
    commit: String,
    record: String,
}

fn world() -> World {
    let remote = TestRemote::new();
    let clone = remote.clone();
    let commit = clone.write("a", "2").commit("release");
    let record = record(&clone, "ours");
    World { remote, clone, commit, record }
}

fn record(clone: &TestRepo, contents: &str) -> String {
    let document = Document {
        file_name: "release.json",
        contents: contents.as_bytes(),
        parents: &[],
        message: "relay: release",
        author: "relay",
        email: "relay@acme.example",
        seconds: 1_700_000_000,
    };
    clone.relay.write_document(&document).unwrap()
}

impl World {
    fn push(&self, full_ref: &str, hooks: Hooks) -> Result<ReleasePushed, GitError> {
        let branch = Some(BranchPush { commit: &self.commit, full_ref });
        let record = Some(RecordPush { full_ref: RECORD, expected: None, new: &self.record });
        self.clone.relay.push_release("origin", &ReleasePush { branch, record, hooks })
    }

    /// The remote's refs, each with what it names.
    fn there(&self) -> Vec<(String, String)> {
        let listed = self.remote.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        listed.lines().map(|line| line.split_once(' ').unwrap()).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }
}

#[track_caller]
fn refused(pushed: Option<&RefPushed>) -> PushCause {
    match pushed {
        Some(RefPushed::Refused { cause, .. }) => *cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn branch_and_record_arrive_together_and_once_more_changes_nothing() {
    let world = world();
    let pushed = world.push(MAIN, Hooks::Run).unwrap();
    assert!(pushed.is_done(), "{pushed:?}");
    let there = [(MAIN.to_owned(), world.commit.clone()), (RECORD.to_owned(), world.record.clone())];
    assert_eq!(world.there(), there);
    let branch = Some(BranchPush { commit: &world.commit, full_ref: MAIN });
    let again = RecordPush { full_ref: RECORD, expected: Some(&world.record), new: &world.record };
    for record in [None, Some(again)] {
        let pushed =
            world.clone.relay.push_release("origin", &ReleasePush { branch, record, hooks: Hooks::Run }).unwrap();
        assert!(pushed.is_done(), "{pushed:?}");
    }
    // A record that another run put there is not taken for this one's, though it is the same object.
    let pushed = world.push(MAIN, Hooks::Run).unwrap();
    assert_eq!(pushed.branch, Some(RefPushed::There));
    assert_eq!(pushed.record, Some(RefPushed::Elsewhere { now: Some(world.record.clone()) }));
    assert_eq!(world.there(), there);
}

#[test]
fn a_branch_that_is_behind_is_never_forced_and_keeps_the_record_back() {
    let world = world();
    let other = world.remote.clone();
    let theirs = other.write("b", "1").commit("theirs");
    other.git(&["push", "-q", "origin", "main"]);
    // Known here or not: git finds it out at another place.
    for fetched in [false, true] {
        if fetched {
            world.clone.git(&["fetch", "-q"]);
        }
        let pushed = world.push(MAIN, Hooks::Run).unwrap();
        assert!(!pushed.is_done());
        assert_eq!(refused(pushed.branch.as_ref()), PushCause::Behind);
        assert!(matches!(&pushed.branch, Some(RefPushed::Refused { now: Some(now), .. }) if *now == theirs));
        assert_eq!(refused(pushed.record.as_ref()), PushCause::OtherRef);
        assert_eq!(world.there(), [(MAIN.to_owned(), theirs.clone())]);
    }
}

#[test]
fn a_record_that_another_run_has_written_keeps_the_branch_back() {
    let world = world();
    let start = world.remote.git(&["rev-parse", "main"]);
    let other = world.remote.clone();
    let theirs = record(&other, "theirs");
    other.git(&["push", "-q", "origin", &format!("{theirs}:{RECORD}")]);
    let pushed = world.push(MAIN, Hooks::Run).unwrap();
    assert_eq!(pushed.record, Some(RefPushed::Elsewhere { now: Some(theirs.clone()) }));
    assert_eq!(refused(pushed.branch.as_ref()), PushCause::OtherRef);
    assert_eq!(world.there(), [(MAIN.to_owned(), start), (RECORD.to_owned(), theirs)]);
}

#[cfg(unix)]
#[test]
fn a_branch_that_is_protected_is_told_from_the_record_and_another_branch_will_do() {
    let world = world();
    let start = world.remote.git(&["rev-parse", "main"]);
    // As a forge protects a branch.
    world.remote.hook(
        "update",
        "#!/bin/sh\n[ \"$1\" = refs/heads/main ] || exit 0\necho 'GH006: Protected branch' >&2\nexit 1\n",
    );
    let pushed = world.push(MAIN, Hooks::Run).unwrap();
    assert!(matches!(refused(pushed.branch.as_ref()), PushCause::RemoteHook | PushCause::Protected), "{pushed:?}");
    assert_eq!(refused(pushed.record.as_ref()), PushCause::OtherRef);
    assert_eq!(world.there(), [(MAIN.to_owned(), start.clone())]);
    let pushed = world.push("refs/heads/relay/release/x", Hooks::Run).unwrap();
    assert!(pushed.is_done(), "{pushed:?}");
}

#[cfg(unix)]
#[test]
fn a_hook_that_refuses_everything_and_refs_that_are_hidden_are_told() {
    let world = world();
    world.remote.git(&["config", "receive.hideRefs", "refs/relay"]);
    let pushed = world.push(MAIN, Hooks::Run).unwrap();
    assert_eq!(refused(pushed.record.as_ref()), PushCause::Hidden);
    // git (2.47) leaves hidden refs out of "all or nothing", and the answer says so.
    assert_eq!(pushed.branch, Some(RefPushed::There));
    assert_eq!(world.remote.git(&["rev-parse", "main"]), world.commit);
    let world = self::world();
    world.remote.hook("pre-receive", "#!/bin/sh\necho no >&2\nexit 1\n");
    let pushed = world.push(MAIN, Hooks::Run).unwrap();
    assert_eq!(refused(pushed.record.as_ref()), PushCause::Protected);
    assert_eq!(refused(pushed.branch.as_ref()), PushCause::Protected);
}

/// The remote's branch moves between the look at it and the push, by a hook of the clone.
#[cfg(unix)]
#[test]
fn a_branch_that_moves_just_now_is_told_as_behind() {
    let world = world();
    let start = world.remote.git(&["rev-parse", "main"]);
    let tree = world.remote.git(&["rev-parse", "main^{tree}"]);
    let who = ["-c", "user.name=Maintainer", "-c", "user.email=maintainer@acme.example"];
    let theirs = world.remote.git(&[&who[..], &["commit-tree", "-p", &start, "-m", "theirs", &tree]].concat());
    let script =
        format!("#!/bin/sh\nunset GIT_DIR\ngit --git-dir={} update-ref refs/heads/main {theirs}\n", world.remote.path);
    crate::testing::write_program(&world.clone.root.join(".git/hooks/pre-push"), &script);
    let pushed = world.push(MAIN, Hooks::Run).unwrap();
    assert_eq!(refused(pushed.branch.as_ref()), PushCause::Behind);
    assert_eq!(refused(pushed.record.as_ref()), PushCause::OtherRef);
    assert_eq!(world.there(), [(MAIN.to_owned(), theirs)]);
}

#[cfg(unix)]
#[test]
fn the_hook_of_the_clone_runs_where_that_is_wanted() {
    let world = world();
    crate::testing::write_program(&world.clone.root.join(".git/hooks/pre-push"), "#!/bin/sh\necho no >&2\nexit 1\n");
    let error = world.push(MAIN, Hooks::Run).unwrap_err();
    assert!(matches!(error, GitError::PushRefused { cause: PushCause::Hook, .. }), "{error}");
    assert_eq!(world.there().len(), 1);
    assert!(world.push(MAIN, Hooks::Skip).unwrap().is_done());
}

#[test]
fn hostile_names_and_a_remote_that_is_gone_are_errors() {
    let world = world();
    for name in ["--all", "main", "refs/tags/x", "refs/relay/x", "refs/heads/a b"] {
        let error = world.push(name, Hooks::Run).unwrap_err();
        assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
    }
    let none = ReleasePush { branch: None, record: None, hooks: Hooks::Run };
    assert!(world.clone.relay.push_release("origin", &none).unwrap().is_done());
    std::fs::remove_dir_all(&world.remote.path).unwrap();
    let error = world.push(MAIN, Hooks::Run).unwrap_err();
    assert!(matches!(error, GitError::PushRefused { cause: PushCause::Unreachable, .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn the_pre_push_hook_runs_without_the_hidden_variables() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut world = world();
    let hook = "#!/bin/sh\nprintf '%s.%s' \"$CARGO_MANIFEST_DIR\" \"$CARGO_PKG_NAME\" > .git/seen\n";
    world.clone.write(".git/hooks/pre-push", hook);
    let path = world.clone.root.join(".git/hooks/pre-push");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    // A variable that the test's own process has stands for a credential.
    world.clone.relay = world.clone.relay.hiding(["CARGO_MANIFEST_DIR".to_owned()]);
    assert!(world.push(MAIN, Hooks::Run).unwrap().is_done());
    assert_eq!(std::fs::read_to_string(world.clone.root.join(".git/seen")).unwrap(), ".relay-git");
}
