//! Twins, and that their sources stay as they were.

use super::*;
use crate::testing::{TestRepo, git, path_of};

/// Every file below a folder with its content and time. Git notes in the time of a pack, also a borrowed one, that one of its
/// objects was written again, so the times of objects are left out.
fn snapshot(folder: &Utf8Path) -> BTreeMap<Utf8PathBuf, (Vec<u8>, Option<std::time::SystemTime>)> {
    let mut files = BTreeMap::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let time = (!path.as_str().contains("/objects/")).then(|| path.metadata().unwrap().modified().unwrap());
                files.insert(path.clone(), (std::fs::read(&path).unwrap(), time));
            }
        }
    }
    files
}

#[test]
fn the_twin_has_head_branches_tags_and_history_and_the_source_is_untouched() {
    let repo = TestRepo::new();
    repo.package("a", "1.0.0").write(".gitignore", "dist\n").commit("start");
    repo.git(&["tag", "-a", "-m", "x", "@acme/a@1.0.0"]);
    repo.git(&["branch", "other"]);
    repo.git(&["pack-refs", "--all"]);
    repo.write("a/x", "1").commit("fix: x");
    repo.git(&["tag", "-a", "-m", "x", "loose"]);
    repo.git(&["remote", "add", "origin", "https://git.example/x.git"]);
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    repo.write("a/changed", "1");
    repo.git(&["gc", "-q"]);
    repo.git(&["tag", "light"]);
    let before = snapshot(&repo.root);

    let folder = tempfile::tempdir().unwrap();
    let target = path_of(&folder).join("twin");
    let twin = Repository::clone_aside(&repo.root.join("a"), &target).unwrap();
    for file in ["a/package.json", ".gitignore", "a/x", "a/changed"] {
        let to = target.join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(repo.root.join(file), to).unwrap();
    }
    assert_eq!(twin.head().unwrap(), repo.relay.head().unwrap());
    let refs = ["for-each-ref", "--format=%(objectname) %(refname) %(*objectname)", "refs/heads", "refs/tags"];
    assert_eq!(git(&target, &refs), repo.git(&refs));
    assert_eq!(git(&target, &["for-each-ref", "refs/remotes"]), "");
    assert_eq!(git(&target, &["rev-list", "HEAD"]), repo.git(&["rev-list", "HEAD"]));
    assert_eq!(git(&target, &["remote"]), "");
    assert_eq!(git(&target, &["config", "user.name"]), "relay rehearsal");
    assert_eq!(git(&target, &["config", "user.email"]), "rehearsal@localhost");
    assert_eq!(twin.uncommitted().unwrap(), ["a/changed"]);
    twin.refresh_index().unwrap();
    let commit = twin.commit_all("rehearsed").unwrap();
    twin.create_tag("@acme/a@1.0.1", &commit, "x").unwrap();
    assert_eq!(git(&target, &["status", "--porcelain"]), "");
    git(&target, &["fsck", "--strict"]);
    let after = snapshot(&repo.root);
    let differs = |path: &&Utf8PathBuf| before.get(*path) != after.get(*path);
    assert_eq!(before.keys().chain(after.keys()).find(differs), None, "the source is only read");
    assert!(!repo.relay.git.odb().unwrap().exists(Oid::from_str(&commit).unwrap()));
}

#[test]
fn an_unborn_branch_and_a_shallow_clone_stay_what_they_are_and_a_detached_head_gets_a_branch() {
    let repo = TestRepo::new();
    let folder = tempfile::tempdir().unwrap();
    let root = path_of(&folder);
    let twin = Repository::clone_aside(&repo.root, &root.join("unborn")).unwrap();
    assert_eq!(twin.head().unwrap(), repo.relay.head().unwrap());
    repo.write("a", "1").commit("one");
    repo.write("a", "2").commit("two");
    repo.git(&["checkout", "-q", "--detach"]);
    let twin = Repository::clone_aside(&repo.root, &root.join("detached")).unwrap();
    let (twin, source) = (twin.head().unwrap(), repo.relay.head().unwrap());
    assert_eq!((twin.commit, twin.branch.as_deref(), source.branch), (source.commit, Some("rehearsal"), None));
    git(&root, &["clone", "-q", "--depth", "1", &format!("file://{}", repo.root), "shallow"]);
    let twin = Repository::clone_aside(&root.join("shallow"), &root.join("shallow-twin")).unwrap();
    assert!(twin.is_shallow());
    assert_eq!(git(&root.join("shallow-twin"), &["rev-list", "--count", "HEAD"]), "1");
}

#[test]
fn a_linked_worktree_has_a_twin_too() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("one");
    let folder = tempfile::tempdir().unwrap();
    let root = path_of(&folder);
    repo.git(&["worktree", "add", "-q", "-b", "side", root.join("side").as_str()]);
    let twin = Repository::clone_aside(&root.join("side"), &root.join("twin")).unwrap();
    assert_eq!(twin.head().unwrap().branch.as_deref(), Some("side"));
    assert_eq!(git(&root.join("twin"), &["log", "--format=%s"]), "one");
}

#[test]
fn refuses_a_folder_that_holds_a_repository() {
    let repo = TestRepo::new();
    let other = TestRepo::new();
    let error = Repository::clone_aside(&repo.root, &other.root).unwrap_err();
    assert!(matches!(error, GitError::TargetTaken { .. }), "{error}");
}
