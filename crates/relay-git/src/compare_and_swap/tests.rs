//! Clones of one bare remote move its refs, also at the same time.

use std::sync::Barrier;

use super::*;
use crate::document::Document;
use crate::testing::{TestRemote, TestRepo};

const LOCK: &str = "refs/relay/lock";

fn object(clone: &Repository, contents: &str) -> String {
    let document = Document {
        file_name: "lock.json",
        contents: contents.as_bytes(),
        parents: &[],
        message: "relay: lock",
        author: "relay",
        email: "relay@acme.example",
        seconds: 1_700_000_000,
    };
    clone.write_document(&document).unwrap()
}

fn swap(clone: &TestRepo, expected: Option<&str>, new: Option<&str>) -> Result<Swap, GitError> {
    clone.relay.swap_remote_ref("origin", LOCK, expected, new)
}

#[track_caller]
fn refusal(result: Result<Swap, GitError>, wanted: PushCause) -> String {
    match result.unwrap_err() {
        GitError::RefRefused { cause, text, .. } => {
            assert_eq!(cause, wanted, "{text}");
            text
        }
        error => panic!("{error}"),
    }
}

#[test]
fn is_made_moved_and_deleted_only_from_what_it_was_seen_to_name() {
    let remote = TestRemote::new();
    let (ours, theirs) = (remote.clone(), remote.clone());
    let [first, second] = ["1", "2"].map(|text| object(&ours.relay, text));
    let other = object(&theirs.relay, "other");
    assert_eq!(swap(&ours, None, Some(&first)).unwrap(), Swap::Done);
    assert_eq!(remote.git(&["rev-parse", LOCK]), first);
    let lost = Swap::Lost { now: Some(first.clone()) };
    assert_eq!(swap(&theirs, None, Some(&other)).unwrap(), lost);
    assert_eq!(swap(&theirs, Some(&second), Some(&other)).unwrap(), lost);
    assert_eq!(swap(&theirs, Some(&other), None).unwrap(), lost);
    assert_eq!(swap(&ours, Some(&first), Some(&second)).unwrap(), Swap::Done);
    assert_eq!(swap(&ours, Some(&first), None).unwrap(), Swap::Lost { now: Some(second.clone()) });
    assert_eq!(swap(&ours, Some(&second), None).unwrap(), Swap::Done);
    assert_eq!(swap(&ours, Some(&second), None).unwrap(), Swap::Lost { now: None });
    assert_eq!(swap(&ours, Some(&second), Some(&first)).unwrap(), Swap::Lost { now: None });
    assert_eq!(remote.git(&["for-each-ref", "refs/relay"]), "");
    assert_eq!(ours.git(&["for-each-ref", "refs/relay"]), "");
}

#[test]
fn an_object_that_is_there_already_is_not_taken_for_ones_own() {
    let remote = TestRemote::new();
    let (ours, theirs) = (remote.clone(), remote.clone());
    let same = object(&ours.relay, "same");
    assert_eq!(object(&theirs.relay, "same"), same);
    assert_eq!(swap(&ours, None, Some(&same)).unwrap(), Swap::Done);
    // git itself ends with success here.
    assert_eq!(swap(&theirs, None, Some(&same)).unwrap(), Swap::Lost { now: Some(same.clone()) });
    assert_eq!(swap(&ours, Some(&same), Some(&same)).unwrap(), Swap::Done);
}

#[test]
fn of_two_clones_that_race_exactly_one_wins() {
    let remote = TestRemote::new();
    let clones = [remote.clone(), remote.clone()];
    let mut seen: Option<String> = None;
    for round in 0..20 {
        // Made, moved and deleted in turn.
        let deletes = round % 3 == 2;
        let barrier = Barrier::new(clones.len());
        let results: Vec<(String, Swap)> = std::thread::scope(|scope| {
            let run = |number: usize| {
                let (barrier, root, seen) = (&barrier, clones[number].root.clone(), seen.clone());
                move || {
                    let clone = Repository::discover(&root).unwrap();
                    let new = object(&clone, &format!("{round} {number}"));
                    barrier.wait();
                    let wanted = (!deletes).then_some(new.as_str());
                    let result = clone.swap_remote_ref("origin", LOCK, seen.as_deref(), wanted).unwrap();
                    (new, result)
                }
            };
            let threads: Vec<_> = (0..clones.len()).map(|number| scope.spawn(run(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<&String> =
            results.iter().filter(|(_, result)| *result == Swap::Done).map(|(id, _)| id).collect();
        assert_eq!(winners.len(), 1, "round {round}: {results:?}");
        seen = (!deletes).then(|| winners[0].clone());
        for (id, result) in &results {
            if id != winners[0] {
                assert_eq!(*result, Swap::Lost { now: seen.clone() }, "round {round}");
            }
        }
    }
}

#[test]
fn a_remote_that_hides_such_refs_is_told_and_nothing_stays_there() {
    for key in ["receive.hideRefs", "transfer.hideRefs", "uploadpack.hideRefs"] {
        let remote = TestRemote::new();
        let clone = remote.clone();
        remote.git(&["config", key, "refs/relay"]);
        let new = object(&clone.relay, "x");
        refusal(swap(&clone, None, Some(&new)), PushCause::Hidden);
        assert_eq!(remote.git(&["for-each-ref", "refs/relay"]), "", "{key}");
    }
    // One that is there and isn't shown: the push sees it, the reader doesn't.
    let remote = TestRemote::new();
    let (ours, theirs) = (remote.clone(), remote.clone());
    assert_eq!(swap(&theirs, None, Some(&object(&theirs.relay, "theirs"))).unwrap(), Swap::Done);
    remote.git(&["config", "uploadpack.hideRefs", "refs/relay"]);
    refusal(swap(&ours, None, Some(&object(&ours.relay, "ours"))), PushCause::Hidden);
}

#[cfg(unix)]
#[test]
fn a_hook_of_the_remote_that_says_no_is_told_with_its_words() {
    for (hook, cause) in [("pre-receive", PushCause::Protected), ("update", PushCause::RemoteHook)] {
        let remote = TestRemote::new();
        let clone = remote.clone();
        remote.hook(hook, "#!/bin/sh\nprintf '\\033[31mno such refs here\\033[0m\\n' >&2\nexit 1\n");
        let error = swap(&clone, None, Some(&object(&clone.relay, "x")));
        let text = refusal(error, cause);
        assert!(text.contains("no such refs here") && !text.contains('\u{1b}'), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn who_may_read_and_not_write_is_told_so() {
    let remote = TestRemote::new();
    let clone = remote.clone();
    let program = remote.path.join("no-writing");
    // As a forge answers over ssh to a key that may only read.
    crate::testing::write_program(
        &program,
        "#!/bin/sh\necho 'ERROR: Permission to acme/x.git denied to maintainer.' >&2\nexit 1\n",
    );
    clone.git(&["config", "remote.origin.receivepack", program.as_str()]);
    refusal(swap(&clone, None, Some(&object(&clone.relay, "x"))), PushCause::Credentials);
}

#[test]
fn a_remote_that_lets_no_branch_be_deleted_is_told() {
    const BRANCH: &str = "refs/heads/relay/release/x";
    let remote = TestRemote::new();
    let clone = remote.clone();
    remote.git(&["config", "receive.denyDeletes", "true"]);
    let new = object(&clone.relay, "x");
    for (name, refused) in [(BRANCH, true), (LOCK, false)] {
        let swap = |expected, new| clone.relay.swap_remote_ref("origin", name, expected, new);
        assert_eq!(swap(None, Some(&new)).unwrap(), Swap::Done);
        if refused {
            refusal(swap(Some(&new), None), PushCause::Deletion);
            assert_eq!(remote.git(&["rev-parse", name]), new);
        } else {
            // git holds to it for branches only.
            assert_eq!(swap(Some(&new), None).unwrap(), Swap::Done);
        }
    }
}

#[test]
fn an_unreachable_remote_is_told() {
    let remote = TestRemote::new();
    let clone = remote.clone();
    std::fs::remove_dir_all(&remote.path).unwrap();
    let error = swap(&clone, None, Some(&object(&clone.relay, "x"))).unwrap_err();
    assert!(matches!(error, GitError::RemoteUnreadable { cause: PushCause::Unreachable, .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn no_hook_of_the_clone_runs_and_no_other_ref_goes_along() {
    let remote = TestRemote::new();
    let clone = remote.clone();
    crate::testing::write_program(&clone.root.join(".git/hooks/pre-push"), "#!/bin/sh\nexit 1\n");
    clone.git(&["tag", "-a", "-m", "x", "v1"]);
    clone.git(&["config", "push.followTags", "true"]);
    let new = object(&clone.relay, "x");
    assert_eq!(swap(&clone, None, Some(&new)).unwrap(), Swap::Done);
    assert_eq!(remote.git(&["for-each-ref", "--format=%(refname)"]), format!("refs/heads/main\n{LOCK}"));
}

#[test]
fn what_people_work_on_is_never_moved() {
    let remote = TestRemote::new();
    let clone = remote.clone();
    let new = object(&clone.relay, "x");
    for name in ["refs/heads/main", "refs/tags/v1", "refs/relayed/x", "--all", "refs/relay/a b"] {
        let error = clone.relay.swap_remote_ref("origin", name, None, Some(&new)).unwrap_err();
        assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
    }
    let error = swap(&clone, Some("--x"), Some(&new)).unwrap_err();
    assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
}
