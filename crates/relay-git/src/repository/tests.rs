//! Opening repositories, and what is told of their heads and remotes.

use super::*;
use crate::testing::{TestRepo, path_of};

#[test]
fn is_found_from_a_folder_below() {
    let repo = TestRepo::new();
    let id = repo.write("a/b/c", "1").commit("start");
    let found = Repository::discover(&repo.root.join("a/b")).unwrap();
    assert_eq!(found.workdir(), repo.root);
    assert_eq!(found.head().unwrap(), Head { commit: Some(id), branch: Some("main".to_owned()) });
}

#[test]
fn where_there_is_none_or_a_bare_one_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = Repository::discover(&path_of(&folder)).unwrap_err();
    assert!(matches!(error, GitError::NotARepository { .. }), "{error}");
    git2::Repository::init_bare(folder.path()).unwrap();
    let error = Repository::discover(&path_of(&folder)).unwrap_err();
    assert!(matches!(error, GitError::Bare { .. }), "{error}");
}

#[test]
fn the_head_is_told_before_the_first_commit_and_detached() {
    let repo = TestRepo::new();
    assert_eq!(repo.relay.head().unwrap(), Head { commit: None, branch: Some("main".to_owned()) });
    let id = repo.write("a", "1").commit("start");
    repo.git(&["checkout", "-q", "--detach"]);
    assert_eq!(repo.relay.head().unwrap(), Head { commit: Some(id), branch: None });
}

#[test]
fn the_remote_is_that_of_the_upstream_else_origin_else_the_only_one() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    assert_eq!(repo.relay.remote_name(), None);
    repo.git(&["remote", "add", "fork", "https://git.example/fork.git"]);
    assert_eq!(repo.relay.remote_name().as_deref(), Some("fork"));
    repo.git(&["remote", "add", "other", "https://git.example/other.git"]);
    assert_eq!(repo.relay.remote_name(), None);
    repo.git(&["remote", "add", "origin", "https://git.example/x.git"]);
    assert_eq!(repo.relay.remote_name().as_deref(), Some("origin"));
    repo.git(&["config", "branch.main.remote", "fork"]);
    assert_eq!(repo.relay.remote_name().as_deref(), Some("fork"));
}

#[test]
fn paths_are_told_relative_to_the_working_folder() {
    let repo = TestRepo::new();
    assert_eq!(repo.relay.relative(&repo.root.join("a/b")).as_deref(), Some("a/b"));
    assert_eq!(repo.relay.relative(&repo.root).as_deref(), Some(""));
    assert_eq!(repo.relay.relative(repo.root.parent().unwrap()), None);
    assert_eq!(repo.relay.relative(&repo.root.join("../x")), None);
}

#[test]
fn what_is_broken_is_not_taken_for_no_repository() {
    for break_it in [
        |root: &Utf8Path| std::fs::remove_file(root.join(".git/HEAD")).unwrap(),
        |root: &Utf8Path| {
            std::fs::remove_dir_all(root.join(".git")).unwrap();
            std::fs::write(root.join(".git"), "gitdir: /nowhere/at/all\n").unwrap();
        },
    ] {
        let repo = TestRepo::new();
        repo.package("packages/a", "1.0.0").commit("start");
        break_it(&repo.root);
        let error = Repository::discover(&repo.root.join("packages/a")).unwrap_err();
        assert!(matches!(&error, GitError::NotReadable { path } if *path == repo.root.join(".git")), "{error}");
    }
}

#[test]
fn the_folders_of_a_linked_working_tree_and_of_borrowed_objects_are_told() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    let git_dir = repo.root.join(".git");
    let plain =
        |folders: Vec<Utf8PathBuf>| folders.iter().map(|one| one.canonicalize_utf8().unwrap()).collect::<Vec<_>>();
    assert_eq!(plain(repo.relay.git_dirs()), std::slice::from_ref(&git_dir));
    assert!(repo.relay.borrowed_objects().is_empty());

    let folder = tempfile::tempdir().unwrap();
    let (linked, borrowing) = (path_of(&folder).join("linked"), path_of(&folder).join("borrowing"));
    repo.git(&["worktree", "add", "-q", linked.as_str()]);
    let found = Repository::discover(&linked).unwrap();
    assert_eq!(plain(found.git_dirs()), [git_dir.join("worktrees/linked"), git_dir.clone()]);

    repo.git(&["clone", "-q", "--shared", repo.root.as_str(), borrowing.as_str()]);
    let found = Repository::discover(&borrowing).unwrap();
    assert_eq!(plain(found.borrowed_objects()), [git_dir.join("objects")]);
}
