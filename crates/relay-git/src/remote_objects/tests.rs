//! Clones of every depth bring objects from a bare remote.

use super::*;
use crate::document::Document;
use crate::testing::{TestRemote, TestRepo};

const LOCK: &str = "refs/relay/lock";

/// Puts a document on the remote, from a clone of its own.
fn publish(remote: &TestRemote, contents: &str, parents: &[&str]) -> String {
    let author = remote.clone();
    let document = Document {
        file_name: "lock.json",
        contents: contents.as_bytes(),
        parents,
        message: "relay: lock",
        author: "relay",
        email: "relay@acme.example",
        seconds: 1_700_000_000,
    };
    let id = author.relay.write_document(&document).unwrap();
    author.git(&["push", "-q", "--force", "origin", &format!("{id}:{LOCK}")]);
    id
}

/// All that a fetch could leave behind.
fn traces(clone: &TestRepo) -> String {
    let fetch_head = clone.root.join(".git/FETCH_HEAD").exists();
    format!("{}\n{}\n{fetch_head}", clone.git(&["for-each-ref"]), clone.git(&["config", "--local", "--list"]))
}

/// A remote with three commits on `main` and a tag.
fn remote() -> TestRemote {
    let remote = TestRemote::new();
    let first = remote.clone();
    for text in ["2", "3"] {
        first.write("a", text).write(&format!("folder/{text}"), text).commit(text);
    }
    first.git(&["push", "-q", "origin", "main"]);
    remote.git(&["tag", "v1", "main"]);
    remote.git(&["config", "uploadpack.allowFilter", "true"]);
    remote.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    remote
}

#[track_caller]
fn check_document(options: &[&str]) {
    let remote = remote();
    let clone = remote.clone_with(options);
    remote.git(&["tag", "v2", "main"]);
    let history = clone.git(&["rev-list", "HEAD"]);
    let before = traces(&clone);
    for (contents, on_main) in [("one", false), ("two", true)] {
        let main = remote.git(&["rev-parse", "main"]);
        let parents: &[&str] = if on_main { &[&main] } else { &[] };
        let id = publish(&remote, contents, parents);
        clone.relay.fetch_object("origin", LOCK, &id).unwrap();
        let read = clone.relay.read_document(&id, "lock.json").unwrap();
        assert_eq!(read.as_deref(), Some(contents.as_bytes()), "{options:?}");
        assert_eq!(traces(&clone), before, "{options:?}");
        assert_eq!(clone.git(&["rev-list", "HEAD"]), history, "{options:?}");
        // All of it is here: the remote isn't asked.
        clone.relay.fetch_object("nowhere", LOCK, &id).unwrap();
    }
}

#[test]
fn a_document_comes_whole_into_full_shallow_and_partial_clones_and_leaves_no_trace() {
    check_document(&[]);
    check_document(&["--depth=1"]);
    check_document(&["--depth=2"]);
    check_document(&["--filter=blob:none"]);
    check_document(&["--filter=tree:0"]);
}

#[test]
fn a_document_of_which_only_the_commit_is_here_is_completed() {
    let remote = remote();
    let clone = remote.clone_with(&["--filter=blob:none"]);
    let id = publish(&remote, "one", &[]);
    // As another tool fetches it: the file stays away.
    clone.git(&["fetch", "-q", "origin", LOCK]);
    assert!(clone.relay.read_document(&id, "lock.json").is_err());
    clone.relay.fetch_object("origin", LOCK, &id).unwrap();
    assert_eq!(clone.relay.read_document(&id, "lock.json").unwrap().as_deref(), Some(&b"one"[..]));
}

#[track_caller]
fn check_commit(options: &[&str]) {
    let remote = remote();
    let clone = remote.clone_with(options);
    let other = remote.clone();
    let ours = clone.git(&["rev-parse", "HEAD"]);
    let theirs = other.write("folder/4", "4").commit("theirs");
    other.git(&["push", "-q", "origin", "HEAD:refs/heads/relay/release/x"]);
    let before = traces(&clone);
    let history = clone.git(&["rev-list", "HEAD"]);
    clone.relay.fetch_commit("origin", "refs/heads/relay/release/x", &theirs).unwrap();
    assert!(clone.relay.same_folders(&ours, &theirs, ["a"]).unwrap(), "{options:?}");
    assert!(!clone.relay.same_folders(&ours, &theirs, ["folder"]).unwrap(), "{options:?}");
    assert_eq!(traces(&clone), before, "{options:?}");
    assert_eq!(clone.git(&["rev-list", "HEAD"]), history, "{options:?}");
    assert_eq!(clone.relay.is_shallow(), options.iter().any(|option| option.starts_with("--depth")));
    clone.relay.create_tag("v9.0.0", &theirs, "x").unwrap();
}

#[test]
fn a_commit_of_a_branch_comes_into_full_shallow_and_partial_clones() {
    check_commit(&[]);
    check_commit(&["--depth=1"]);
    check_commit(&["--filter=blob:none"]);
    check_commit(&["--filter=tree:0"]);
}

#[test]
fn a_ref_that_moved_is_told_and_so_is_one_that_is_gone() {
    let remote = remote();
    let clone = remote.clone();
    let first = publish(&remote, "one", &[]);
    publish(&remote, "two", &[]);
    for id in [first.as_str(), "0123456789012345678901234567890123456789"] {
        let error = clone.relay.fetch_object("origin", LOCK, id).unwrap_err();
        assert!(matches!(error, GitError::RefMoved { .. }), "{error}");
        let error = clone.relay.fetch_commit("origin", "refs/heads/main", id).unwrap_err();
        assert!(matches!(error, GitError::RefMoved { .. }), "{error}");
    }
    let error = clone.relay.fetch_object("origin", "refs/relay/gone", &first).unwrap_err();
    assert!(matches!(error, GitError::ProgramFailed { .. }), "{error}");
    for (name, id) in [("--upload-pack=x", first.as_str()), (LOCK, "--upload-pack=x")] {
        let error = clone.relay.fetch_object("origin", name, id).unwrap_err();
        assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
    }
}
