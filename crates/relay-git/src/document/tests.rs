//! Documents are written through libgit2 and looked at with the real git.

use super::*;
use crate::testing::TestRepo;

fn document<'a>(contents: &'a [u8], parents: &'a [&'a str]) -> Document<'a> {
    Document {
        file_name: "lock.json",
        contents,
        parents,
        message: "relay: lock",
        author: "relay",
        email: "relay@acme.example",
        seconds: 1_700_000_000,
    }
}

#[test]
fn is_a_commit_of_one_file_that_no_ref_names_and_equal_ones_are_one() {
    let repo = TestRepo::new();
    let head = repo.write("a", "1").commit("start");
    repo.git(&["config", "commit.gpgsign", "true"]);
    let refs = repo.git(&["for-each-ref"]);
    let id = repo.relay.write_document(&document(b"{}\n", &[])).unwrap();
    assert_eq!(repo.relay.write_document(&document(b"{}\n", &[])).unwrap(), id);
    assert_eq!(repo.git(&["ls-tree", "--format=%(objectmode) %(path)", &id]), "100644 lock.json");
    let shown = repo.git(&["log", "-1", "--format=%an <%ae> %at %cn %ct %s%P", &id]);
    assert_eq!(shown, "relay <relay@acme.example> 1700000000 relay 1700000000 relay: lock");
    assert_eq!(repo.relay.read_document(&id, "lock.json").unwrap().as_deref(), Some(&b"{}\n"[..]));
    assert_eq!(repo.relay.read_document(&id, "other.json").unwrap(), None);
    assert_eq!(repo.git(&["for-each-ref"]), refs);
    let parents = [head.as_str(), id.as_str()];
    let next = repo.relay.write_document(&document(b"{}\n", &parents)).unwrap();
    assert_eq!(repo.git(&["log", "-1", "--format=%P", &next]), format!("{head} {id}"));
    assert_eq!(repo.status(), "");
    repo.git(&["fsck", "--strict"]);
}

#[test]
fn what_is_no_document_or_too_large_is_refused() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    for name in ["", "..", "a/b", ".git"] {
        let error = repo.relay.write_document(&Document { file_name: name, ..document(b"", &[]) }).unwrap_err();
        assert!(matches!(error, GitError::Git { .. }), "{name}: {error}");
    }
    let missing = "0123456789012345678901234567890123456789";
    let error = repo.relay.write_document(&document(b"", &[missing])).unwrap_err();
    assert!(matches!(error, GitError::UnknownCommit { .. }), "{error}");
    let large = vec![b'x'; DOCUMENT_BYTES_MAX + 1];
    let error = repo.relay.write_document(&document(&large, &[])).unwrap_err();
    assert!(matches!(error, GitError::DocumentTooLarge { .. }), "{error}");
    // What somebody else put there is bounded too.
    std::fs::write(repo.root.join("lock.json"), &large).unwrap();
    let commit = repo.commit("large");
    let error = repo.relay.read_document(&commit, "lock.json").unwrap_err();
    assert!(matches!(error, GitError::DocumentTooLarge { .. }), "{error}");
    let blob = repo.git(&["rev-parse", "HEAD:a"]);
    let error = repo.relay.read_document(&blob, "lock.json").unwrap_err();
    assert!(matches!(error, GitError::BrokenObject { .. }), "{error}");
    let error = repo.relay.read_document(missing, "lock.json").unwrap_err();
    assert!(matches!(error, GitError::MissingObject { .. }), "{error}");
    repo.relay.read_document("nonsense", "lock.json").unwrap_err();
}
