//! Commits are made in real repositories and looked at with the real git.

use super::*;
use crate::testing::TestRepo;

fn paths(paths: &[&str]) -> Vec<Utf8PathBuf> {
    paths.iter().map(Utf8PathBuf::from).collect()
}

#[test]
fn commits_exactly_the_named_files_and_leaves_the_rest_as_it_was() {
    let repo = TestRepo::new();
    for file in ["changed", "gone", "staged", "unstaged", "both"] {
        repo.write(file, "old\n");
    }
    let before = repo.commit("start");
    repo.write("changed", "new\n").write("folder/added", "new\n").remove("gone");
    repo.write("staged", "new\n").write("untracked", "x").write("both", "staged\n");
    repo.git(&["add", "staged", "both"]);
    repo.write("unstaged", "new\n").write("both", "unstaged\n");
    let id = repo
        .relay
        .commit_paths(&paths(&["changed", "gone", "folder/added", "never-there"]), "release: x\n\nbody")
        .unwrap();
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), id);
    assert_eq!(repo.git(&["rev-parse", "HEAD^"]), before);
    assert_eq!(
        repo.git(&["diff-tree", "-r", "--name-status", "HEAD^", "HEAD"]),
        "M\tchanged\nA\tfolder/added\nD\tgone"
    );
    assert_eq!(repo.status(), "MM both\nM  staged\n M unstaged\n?? untracked");
    assert_eq!(
        repo.git(&["log", "-1", "--format=%an <%ae>%n%B"]),
        "Maintainer <maintainer@acme.example>\nrelease: x\n\nbody"
    );
    assert_eq!(repo.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    repo.git(&["fsck", "--strict"]);
}

#[test]
fn takes_absolute_paths_ignored_files_modes_and_links() {
    let repo = TestRepo::new();
    repo.write(".gitignore", "dist\n").commit("start");
    repo.write("dist/x.js", "1").write("run", "1");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(repo.root.join("run"), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("run", repo.root.join("link")).unwrap();
    }
    let named = [repo.root.join("dist/x.js"), repo.root.join("run"), "./link".into()];
    repo.relay.commit_paths(&named, "x").unwrap();
    let listed = repo.git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD"]);
    assert_eq!(listed, "100644 .gitignore\n100644 dist/x.js\n120000 link\n100755 run");
    assert_eq!(repo.status(), "");
}

#[test]
fn makes_the_first_commit_of_a_branch_and_moves_a_detached_head_alone() {
    let repo = TestRepo::new();
    repo.write("a", "1").write("b", "1");
    let first = repo.relay.commit_paths(&paths(&["a"]), "first").unwrap();
    assert_eq!(repo.git(&["rev-list", "--parents", "HEAD"]), first);
    repo.git(&["checkout", "-q", "--detach"]);
    let second = repo.relay.commit_paths(&paths(&["b"]), "second").unwrap();
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), second);
    assert_eq!(repo.git(&["rev-parse", "main"]), first);
    assert_eq!(repo.relay.head().unwrap().branch, None);
}

#[test]
fn a_commit_that_changes_nothing_is_refused() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    assert!(matches!(repo.relay.commit_paths(&paths(&["a", "b"]), "x").unwrap_err(), GitError::NothingToCommit));
    assert!(matches!(repo.relay.commit_all("x").unwrap_err(), GitError::NothingToCommit));
}

#[test]
fn refuses_paths_outside_and_folders() {
    let repo = TestRepo::new();
    repo.write("folder/a", "1").commit("start");
    for path in ["../x", "/", "a/../../b", ".git/config", "", "."] {
        let error = repo.relay.commit_paths(&paths(&[path]), "x").unwrap_err();
        assert!(matches!(error, GitError::PathOutside { .. }), "{path}: {error}");
    }
    assert!(matches!(repo.relay.commit_paths(&paths(&["folder"]), "x").unwrap_err(), GitError::PathIsFolder { .. }));
}

#[test]
fn without_an_identity_it_says_how_to_set_one_and_changes_nothing() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    // Set but empty, so that no configuration of the machine's steps in.
    repo.git(&["config", "user.name", ""]);
    repo.git(&["config", "user.email", ""]);
    repo.write("a", "2");
    let error = repo.relay.commit_paths(&paths(&["a"]), "x").unwrap_err();
    assert!(error.to_string().contains("git config user.name"), "{error}");
    assert_eq!(repo.status(), " M a");
}

#[test]
fn refuses_in_the_middle_of_a_merge_and_when_the_index_is_locked() {
    let repo = TestRepo::new();
    let start = repo.write("a", "1").commit("start");
    repo.write("a", "2").write(".git/MERGE_HEAD", &format!("{start}\n"));
    let error = repo.relay.commit_paths(&paths(&["a"]), "x").unwrap_err();
    assert!(matches!(error, GitError::OperationUnderWay { operation: "merge", .. }), "{error}");
    repo.remove(".git/MERGE_HEAD").write(".git/index.lock", "");
    let error = repo.relay.commit_paths(&paths(&["a"]), "x").unwrap_err();
    assert!(matches!(&error, GitError::LockFile { path } if path.ends_with(".git/index.lock")), "{error}");
    repo.remove(".git/index.lock").write(".git/refs/heads/main.lock", "");
    let error = repo.relay.commit_paths(&paths(&["a"]), "x").unwrap_err();
    assert!(matches!(&error, GitError::LockFile { path } if path.ends_with("refs/heads/main.lock")), "{error}");
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), start);
}

#[test]
fn refuses_a_split_index_that_it_could_not_write_back() {
    let repo = TestRepo::new();
    repo.write("a", "1").write("b", "1").commit("start");
    repo.git(&["update-index", "--split-index"]);
    repo.write("a", "2");
    let error = repo.relay.commit_paths(&paths(&["a"]), "x").unwrap_err();
    assert!(error.to_string().contains("--no-split-index"), "{error}");
    assert_eq!(repo.status(), " M a");
}

#[test]
fn commits_everything_but_ignored_files() {
    let repo = TestRepo::new();
    repo.write("a", "1").write("b", "1").write(".gitignore", "dist\n");
    repo.relay.commit_all("first").unwrap();
    repo.write("a", "2").remove("b").write("c/d", "1").write("dist/x", "1");
    repo.relay.commit_all("second").unwrap();
    assert_eq!(repo.git(&["diff-tree", "-r", "--name-status", "HEAD^", "HEAD"]), "M\ta\nD\tb\nA\tc/d");
    assert_eq!(repo.status(), "");
}

#[test]
fn runs_no_hook() {
    let repo = TestRepo::new();
    repo.write("a", "1")
        .write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
        .write(".git/hooks/commit-msg", "#!/bin/sh\nexit 1\n");
    #[cfg(unix)]
    for hook in ["pre-commit", "commit-msg"] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = repo.root.join(".git/hooks").join(hook);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    repo.relay.commit_paths(&paths(&["a"]), "x").unwrap();
}

/// A stand-in for gpg: reads the payload and prints a signature.
#[cfg(unix)]
const SIGNER: &str = "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\n\
                      printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n";

#[cfg(unix)]
#[test]
fn a_commit_that_is_to_be_signed_is_signed_by_git_on_a_branch_and_detached() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = TestRepo::new();
    repo.write(".git/signer", SIGNER);
    let signer = repo.root.join(".git/signer");
    std::fs::set_permissions(&signer, std::fs::Permissions::from_mode(0o755)).unwrap();
    repo.git(&["config", "commit.gpgsign", "true"]);
    repo.git(&["config", "gpg.program", signer.as_str()]);
    for (file, detach) in [("a", false), ("b", false), ("c", true)] {
        if detach {
            repo.git(&["checkout", "-q", "--detach"]);
        }
        repo.write(file, "1");
        let id = repo.relay.commit_paths(&paths(&[file]), "signed").unwrap();
        assert_eq!(repo.git(&["rev-parse", "HEAD"]), id);
        assert!(repo.git(&["cat-file", "-p", "HEAD"]).contains("\ngpgsig -----BEGIN PGP SIGNATURE-----"));
    }
    assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]), "3");
    assert_eq!(repo.git(&["rev-list", "--count", "main"]), "2");
    assert_eq!(repo.status(), "");
}
