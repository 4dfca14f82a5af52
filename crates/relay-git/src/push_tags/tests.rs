//! Tags go to a bare remote that counts the pushes.

use super::*;
use crate::testing::{TestRemote, TestRepo};

/// A clone with so many annotated tags on its head.
fn tagged(remote: &TestRemote, count: usize) -> (TestRepo, Vec<String>) {
    let clone = remote.clone();
    let head = clone.git(&["rev-parse", "HEAD"]);
    let names: Vec<String> = (0..count).map(|number| format!("@acme/x{number}@1.0.0")).collect();
    for name in &names {
        clone.relay.create_tag(name, &head, name).unwrap();
    }
    (clone, names)
}

fn there(remote: &TestRemote) -> usize {
    remote.git(&["for-each-ref", "--format=%(refname)", "refs/tags"]).lines().count()
}

#[cfg(unix)]
#[test]
fn go_in_groups_and_only_those_that_the_remote_lacks() {
    for (per_push, pushes) in [(Some(3), 3), (None, 1), (Some(0), 7)] {
        let remote = TestRemote::new();
        let (clone, names) = tagged(&remote, 7);
        remote.hook("post-receive", "#!/bin/sh\nwc -l >> pushes\n");
        let twice = [&names[..], &names[..1]].concat();
        let pushed = clone.relay.push_tags("origin", &twice, per_push, Hooks::Run).unwrap();
        assert_eq!(pushed.there.len(), 7);
        assert!(pushed.lacking.is_empty() && pushed.elsewhere.is_empty() && pushed.refusal.is_none());
        let pushed = clone.relay.push_tags("origin", &names, per_push, Hooks::Run).unwrap();
        assert_eq!(pushed.there.len(), 7);
        let counted = std::fs::read_to_string(remote.path.join("pushes")).unwrap();
        assert_eq!(counted.lines().count(), pushes, "{counted}");
    }
}

#[test]
fn a_tag_on_the_same_commit_is_there_whoever_made_it_and_one_elsewhere_is_named() {
    let remote = TestRemote::new();
    let (clone, names) = tagged(&remote, 4);
    let head = clone.git(&["rev-parse", "HEAD"]);
    // As a forge makes them: without an object of their own.
    remote.git(&["update-ref", "refs/tags/@acme/x0@1.0.0", &head]);
    let other = remote.clone();
    let theirs = other.write("b", "1").commit("theirs");
    other.relay.create_tag(&names[1], &theirs, "x").unwrap();
    other.git(&["push", "-q", "origin", &format!("refs/tags/{}", names[1])]);
    for _ in 0..2 {
        let pushed = clone.relay.push_tags("origin", &names, Some(3), Hooks::Run).unwrap();
        assert_eq!(pushed.there.iter().collect::<Vec<_>>(), [&names[0], &names[2], &names[3]]);
        let elsewhere = TagElsewhere { name: names[1].clone(), here: head.clone(), there: theirs.clone() };
        assert_eq!(pushed.elsewhere, [elsewhere]);
        assert!(pushed.lacking.is_empty() && pushed.refusal.is_none());
    }
}

#[cfg(unix)]
#[test]
fn a_group_that_is_refused_is_told_and_the_others_arrive() {
    let remote = TestRemote::new();
    let (clone, names) = tagged(&remote, 6);
    remote.hook("update", "#!/bin/sh\ncase \"$1\" in */x4@*) echo not this one >&2; exit 1;; esac\n");
    let pushed = clone.relay.push_tags("origin", &names, Some(2), Hooks::Run).unwrap();
    assert_eq!(pushed.there.len(), 4);
    assert_eq!(pushed.lacking, names[4..]);
    let refusal = pushed.refusal.unwrap();
    assert!(matches!(&refusal, GitError::PushRefused { cause: PushCause::RemoteHook, .. }), "{refusal}");
    assert!(refusal.to_string().contains("not this one"), "{refusal}");
    assert_eq!(there(&remote), 4);
}

/// The remote gets a tag between the look at it and the push, from a hook of the clone.
#[cfg(unix)]
#[test]
fn a_tag_that_came_from_elsewhere_meanwhile_does_not_keep_its_group_back() {
    let remote = TestRemote::new();
    let (clone, names) = tagged(&remote, 3);
    let head = clone.git(&["rev-parse", "HEAD"]);
    let script =
        format!("#!/bin/sh\nunset GIT_DIR\ngit --git-dir={} update-ref refs/tags/{} {head}\n", remote.path, names[1]);
    crate::testing::write_program(&clone.root.join(".git/hooks/pre-push"), &script);
    let pushed = clone.relay.push_tags("origin", &names, None, Hooks::Run).unwrap();
    assert_eq!(pushed.there.len(), 3, "{pushed:?}");
    assert!(pushed.refusal.is_none(), "{pushed:?}");
}

#[cfg(unix)]
#[test]
fn a_hook_of_the_clone_that_says_no_is_told_and_can_be_left_out() {
    let remote = TestRemote::new();
    let (clone, names) = tagged(&remote, 3);
    crate::testing::write_program(&clone.root.join(".git/hooks/pre-push"), "#!/bin/sh\necho x >> .git/ran\nexit 1\n");
    let pushed = clone.relay.push_tags("origin", &names, Some(1), Hooks::Run).unwrap();
    assert_eq!(pushed.lacking, names);
    assert!(matches!(pushed.refusal, Some(GitError::PushRefused { cause: PushCause::Hook, .. })), "{pushed:?}");
    assert_eq!(std::fs::read_to_string(clone.root.join(".git/ran")).unwrap(), "x\n");
    assert_eq!(clone.relay.push_tags("origin", &names, Some(1), Hooks::Skip).unwrap().there.len(), 3);
}

#[test]
fn a_tag_that_is_not_here_and_a_remote_that_is_gone_are_errors() {
    let remote = TestRemote::new();
    let (clone, names) = tagged(&remote, 1);
    let error = clone.relay.push_tags("origin", &["v9".to_owned()], None, Hooks::Run).unwrap_err();
    assert!(matches!(error, GitError::NoTag { .. }), "{error}");
    let error = clone.relay.push_tags("origin", &["--all".to_owned()], None, Hooks::Run).unwrap_err();
    assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
    assert!(clone.relay.push_tags("origin", &[], None, Hooks::Run).unwrap().there.is_empty());
    std::fs::remove_dir_all(&remote.path).unwrap();
    let error = clone.relay.push_tags("origin", &names, None, Hooks::Run).unwrap_err();
    assert!(matches!(error, GitError::RemoteUnreadable { .. }), "{error}");
}
