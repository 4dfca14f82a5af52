//! A full disk is played by taking away or shortening what was just written.

use std::cell::Cell;
use std::rc::Rc;

use camino::Utf8PathBuf;

use super::*;
use crate::testing::TestRepo;

/// Where git keeps a loose object.
fn object_path(repo: &TestRepo, id: &str) -> Utf8PathBuf {
    repo.root.join(".git/objects").join(&id[..2]).join(&id[2..])
}

/// Does harm once, right after something of that kind was written.
fn harm(repo: &mut TestRepo, after: Written, harm: impl Fn() + 'static) {
    let left = Cell::new(true);
    *repo.relay.harm.borrow_mut() = Some(Box::new(move |written| {
        if written == after && left.replace(false) {
            harm();
        }
    }));
}

fn shorten(path: &Utf8PathBuf, bytes: u64) {
    let mut permissions = path.metadata().unwrap().permissions();
    #[expect(
        clippy::permissions_set_readonly_false,
        reason = "git's objects can't be written; this one is a test's own"
    )]
    permissions.set_readonly(false);
    std::fs::set_permissions(path, permissions).unwrap();
    File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

/// What is harmed of the commit that sets `folder/a` to 2.
#[derive(Debug, Clone, Copy)]
enum Part {
    Blob,
    Tree,
    InnerTree,
    Commit,
}

#[track_caller]
fn check_commit(part: Part, whole: bool, bytes: Option<u64>) {
    let mut repo = TestRepo::new();
    let start = repo.write("folder/a", "1").write("b", "1").commit("start");
    repo.write("folder/a", "2");
    let root = repo.root.clone();
    // The only objects that are not in the first commit; the newest ones by their content.
    let part_id = move || {
        let listed = crate::testing::git(&root, &["cat-file", "--batch-check", "--batch-all-objects"]);
        let known = crate::testing::git(&root, &["rev-list", "--objects", "HEAD"]);
        let new = listed.lines().filter(|line| !known.contains(line.split(' ').next().unwrap()));
        let kind = match part {
            Part::Blob => "blob",
            Part::Tree | Part::InnerTree => "tree",
            Part::Commit => "commit",
        };
        let ids: Vec<String> = new
            .filter(|line| line.split(' ').nth(1) == Some(kind))
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect();
        let is_inner = |id: &String| crate::testing::git(&root, &["ls-tree", "--name-only", id]) == "a";
        match part {
            Part::InnerTree => ids.into_iter().find(is_inner).unwrap(),
            Part::Tree => ids.into_iter().find(|id| !is_inner(id)).unwrap(),
            _ => ids.into_iter().next().unwrap(),
        }
    };
    let folder = repo.root.clone();
    let after = if matches!(part, Part::Commit) { Written::Objects } else { Written::Contents };
    harm(&mut repo, after, move || {
        let id = part_id();
        let path = folder.join(".git/objects").join(&id[..2]).join(&id[2..]);
        match bytes {
            Some(bytes) => shorten(&path, bytes),
            None => std::fs::remove_file(path).unwrap(),
        }
    });
    let result = if whole { repo.relay.commit_all("x") } else { repo.relay.commit_paths(&["folder/a".into()], "x") };
    let error = result.unwrap_err();
    assert!(matches!(error, GitError::NotWritten { .. }), "{part:?}: {error}");
    assert!(error.to_string().contains("free space"), "{error}");
    // Nothing is left on what isn't there, and once there is space again it goes on.
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), start, "{part:?}");
    let again = repo.reopened().commit_paths(&["folder/a".into()], "again").unwrap();
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), again);
    assert_eq!(repo.git(&["show", "HEAD:folder/a"]), "2");
    repo.git(&["fsck", "--strict"]);
}

#[test]
fn a_commit_of_which_something_is_missing_or_cut_off_moves_no_branch() {
    for part in [Part::Blob, Part::Tree, Part::InnerTree, Part::Commit] {
        check_commit(part, false, None);
        check_commit(part, false, Some(5));
        check_commit(part, true, Some(0));
    }
}

#[test]
fn a_branch_that_did_not_move_is_told() {
    for detached in [false, true] {
        let mut repo = TestRepo::new();
        let start = repo.write("a", "1").commit("start");
        if detached {
            repo.git(&["checkout", "-q", "--detach"]);
        }
        repo.write("a", "2");
        let path = repo.root.join(if detached { ".git/HEAD" } else { ".git/refs/heads/main" });
        let text = format!("{start}\n");
        harm(&mut repo, Written::Refs, move || std::fs::write(&path, &text).unwrap());
        let error = repo.relay.commit_paths(&["a".into()], "x").unwrap_err();
        assert!(matches!(&error, GitError::NotWritten { problem, .. } if problem.contains(&start)), "{error}");
    }
    // An empty file, as a full disk leaves it.
    let mut repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    repo.write("a", "2");
    let path = repo.root.join(".git/refs/heads/main");
    harm(&mut repo, Written::Refs, move || std::fs::write(&path, "").unwrap());
    let error = repo.relay.commit_paths(&["a".into()], "x").unwrap_err();
    assert!(matches!(error, GitError::NotWritten { .. }), "{error}");
}

#[test]
fn an_index_that_is_cut_off_is_told_before_there_is_a_commit() {
    let mut repo = TestRepo::new();
    let start = repo.write("a", "1").commit("start");
    repo.write("a", "2");
    let path = repo.root.join(".git/index");
    harm(&mut repo, Written::Index, move || shorten(&path, 40));
    let error = repo.relay.commit_paths(&["a".into()], "x").unwrap_err();
    assert!(matches!(&error, GitError::NotWritten { what, .. } if what == "the index"), "{error}");
    assert_eq!(std::fs::read_to_string(repo.root.join(".git/refs/heads/main")).unwrap().trim_end(), start);
}

#[test]
fn a_document_that_is_not_there_is_told() {
    let mut repo = TestRepo::new();
    let seen = Rc::new(Cell::new(0));
    let (counter, folder) = (seen.clone(), repo.root.join(".git/objects"));
    harm(&mut repo, Written::Objects, move || {
        counter.set(counter.get() + 1);
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
    });
    let document = crate::document::Document {
        file_name: "lock.json",
        contents: b"x",
        parents: &[],
        message: "x",
        author: "relay",
        email: "relay@acme.example",
        seconds: 0,
    };
    let error = repo.relay.write_document(&document).unwrap_err();
    assert!(matches!(error, GitError::NotWritten { .. }), "{error}");
    assert_eq!(seen.get(), 1);
    repo.relay.write_document(&document).unwrap();
}

#[test]
fn what_is_whole_passes_in_a_partial_clone_too() {
    let remote = crate::testing::TestRemote::new();
    let first = remote.clone();
    first.write("folder/x", "1").write("folder/y", "1").commit("more");
    first.git(&["push", "-q", "origin", "main"]);
    remote.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = remote.clone_with(&["--filter=blob:none"]);
    clone.write("folder/x", "2");
    std::fs::rename(clone.root.join("a"), clone.root.join("moved")).unwrap();
    let id = clone.relay.commit_paths(&["folder/x".into(), "a".into(), "moved".into()], "x").unwrap();
    assert_eq!(clone.git(&["rev-parse", "HEAD"]), id);
    let object = clone.git(&["rev-parse", "HEAD:folder/x"]);
    assert!(object_path(&clone, &object).exists());
}

#[test]
fn what_is_whole_passes_in_a_linked_worktree_too() {
    let repo = TestRepo::new();
    let start = repo.write("a", "1").commit("start");
    let folder = tempfile::tempdir().unwrap();
    let linked = crate::testing::path_of(&folder).join("linked");
    repo.git(&["worktree", "add", "-q", linked.as_str()]);
    std::fs::write(linked.join("a"), "2").unwrap();
    let relay = Repository::discover(&linked).unwrap();
    let id = relay.commit_paths(&["a".into()], "x").unwrap();
    assert_eq!(repo.git(&["rev-parse", "linked", "main"]), format!("{id}\n{start}"));
    relay.create_tag("v1", &id, "x").unwrap();
    assert_eq!(repo.git(&["rev-parse", "v1^{}"]), id);
}
