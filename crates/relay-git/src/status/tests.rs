//! The working files of real repositories, compared with what git's own status says.

use crate::testing::TestRepo;

#[test]
fn lists_changed_staged_gone_and_untracked_but_not_ignored() {
    let repo = TestRepo::new();
    for file in ["a", "b", "c", "d/e", "same"] {
        repo.write(file, "1");
    }
    repo.write(".gitignore", "dist\n*.log\n").commit("start");
    assert_eq!(repo.relay.uncommitted().unwrap(), Vec::<String>::new());
    repo.write("a", "22").remove("b").write("c", "22").write("d/new", "1").write("new/x/y", "1").write("new/z", "1");
    repo.write("dist/x", "1").write("d/dist/x", "1").write("x.log", "1");
    repo.git(&["add", "c"]);
    assert_eq!(repo.relay.uncommitted().unwrap(), ["a", "b", "c", "d/new", "new/"]);
}

#[test]
fn a_file_that_was_touched_but_not_changed_is_not_listed() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    repo.write("a", "2").write("a", "1");
    assert_eq!(repo.relay.uncommitted().unwrap(), Vec::<String>::new());
}

#[test]
fn writes_nothing() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    repo.write("a", "2").write("b", "1");
    let index = std::fs::read(repo.root.join(".git/index")).unwrap();
    repo.relay.uncommitted().unwrap();
    assert_eq!(std::fs::read(repo.root.join(".git/index")).unwrap(), index);
}

#[test]
fn before_the_first_commit_everything_is_uncommitted() {
    let repo = TestRepo::new();
    repo.write("a", "1").write("b/c", "1");
    assert_eq!(repo.relay.uncommitted().unwrap(), ["a", "b/"]);
}

/// What git's own status says, in the form of `uncommitted`.
fn gits_own(repo: &TestRepo) -> Vec<String> {
    let text = repo.git(&[
        "-c",
        "status.renames=false",
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--ignore-submodules=dirty",
    ]);
    let mut paths: Vec<String> = text.split('\0').filter_map(|line| line.get(3..)).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    paths
}

#[track_caller]
fn check(repo: &TestRepo, what: &str) {
    assert_eq!(repo.relay.uncommitted().unwrap(), gits_own(repo), "{what}");
}

#[cfg(unix)]
#[test]
fn agrees_with_git_on_kinds_modes_links_and_conflicts() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let repo = TestRepo::new();
    for file in ["run", "link-to-be", "folder-to-be", "a/b", "a/c", "gone/x", "gone/y", "file/x"] {
        repo.write(file, "1");
    }
    symlink("run", repo.root.join("link")).unwrap();
    symlink("a", repo.root.join("link-to-folder")).unwrap();
    repo.commit("start");
    repo.git(&["reset", "-q", "--hard"]);
    check(&repo, "clean");
    std::fs::set_permissions(repo.root.join("run"), std::fs::Permissions::from_mode(0o755)).unwrap();
    repo.remove("link-to-be").remove("folder-to-be");
    symlink("run", repo.root.join("link-to-be")).unwrap();
    repo.write("folder-to-be/x", "1");
    std::fs::remove_dir_all(repo.root.join("gone")).unwrap();
    std::fs::remove_dir_all(repo.root.join("file")).unwrap();
    repo.write("file", "1");
    std::fs::remove_file(repo.root.join("link")).unwrap();
    symlink("elsewhere", repo.root.join("link")).unwrap();
    std::fs::create_dir_all(repo.root.join("empty/folder")).unwrap();
    repo.write("strange ünï\"name", "1").write("a/-x", "1");
    check(&repo, "changed kinds");
    repo.git(&["add", "-A"]);
    check(&repo, "all staged");
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["clean", "-q", "-f", "-d"]);
    repo.git(&["rm", "-q", "--cached", "run"]);
    repo.write("later", "1");
    repo.git(&["add", "-N", "later"]);
    check(&repo, "removed from the index only, and added by intent");
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.write("a/b", "2").commit("side");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("a/b", "3").commit("main");
    assert!(!crate::testing::git_command(&repo.root).args(["merge", "-q", "side"]).status().unwrap().success());
    check(&repo, "a conflict");
}

#[test]
fn agrees_with_git_on_rules_for_ignored_files() {
    let repo = TestRepo::new();
    repo.write(
        ".gitignore",
        "dist\n*.log\n!keep.log\n/only-root\nbuild/\n\\#x\ndoc/*.txt\n**/deep/er\n# comment\ntracked-dir/\n",
    );
    repo.write("a/.gitignore", "!dist\nlocal\n/anchored\n")
        .write("a/x", "1")
        .write("tracked-dir/kept", "1")
        .write("b/y", "1");
    repo.write(".git/info/exclude", "excluded\n");
    repo.commit("start");
    repo.git(&["reset", "-q", "--hard"]);
    for file in [
        "dist/x",
        "a/dist/x",
        "b/dist/x",
        "x.log",
        "keep.log",
        "b/keep.log",
        "only-root",
        "a/only-root",
        "build/x",
        "b/build",
        "#x",
        "doc/a.txt",
        "doc/b/c.txt",
        "x/deep/er",
        "deep/er/y",
        "a/local",
        "b/local",
        "a/anchored",
        "a/b/anchored",
        "tracked-dir/new",
        "excluded",
        "a/excluded/x",
        "all/ignored/x.log",
        "some/ignored/x.log",
        "some/z",
        "b/dist2/x",
    ] {
        repo.write(file, "1");
    }
    check(&repo, "rules");
}

#[test]
fn agrees_with_git_whatever_the_version_of_the_index() {
    let repo = TestRepo::new();
    for number in 0..60 {
        repo.write(&format!("packages/p-{number}/src/x.js"), "1").write(&format!("packages/p-{number}.x/y"), "1");
    }
    repo.commit("start");
    repo.git(&["reset", "-q", "--hard"]);
    repo.write("packages/p-7/src/x.js", "2").remove("packages/p-8/src/x.js").write("packages/p-9/new", "1");
    repo.write("packages/p-9.x/y", "22");
    for version in ["2", "4"] {
        repo.git(&["update-index", "--index-version", version]);
        check(&repo, version);
    }
    repo.git(&["update-index", "--skip-worktree", "packages/p-8/src/x.js"]);
    repo.git(&["update-index", "--assume-unchanged", "packages/p-7/src/x.js"]);
    check(&repo, "extended flags");
    repo.git(&["update-index", "--split-index"]);
    check(&repo, "a split index");
}

#[test]
fn nested_repositories_are_named_once() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    let nested = repo.root.join("vendor/nested");
    std::fs::create_dir_all(&nested).unwrap();
    crate::testing::git(&nested, &["init", "-q"]);
    repo.write("vendor/nested/x", "1");
    check(&repo, "nested");
}

#[test]
fn agrees_with_git_on_random_changes() {
    use proptest::prelude::{any, prop};
    use proptest::{prop_assert_eq, proptest};

    const PATHS: [&str; 10] =
        ["a", "a/b", "a/b/c", "a-b", "a.b/x", "d/e/f", "d/.gitignore", "dist/x", "d/dist/y", ".gitignore"];
    let edit =
        || (0..PATHS.len(), prop::option::weighted(0.7, prop::sample::select(vec!["1", "22", "dist\n", "!dist\n"])));
    let put = |repo: &TestRepo, (path, text): (usize, Option<&str>)| {
        let path = repo.root.join(PATHS[path]);
        let blocked = path.ancestors().skip(1).any(camino::Utf8Path::is_file);
        if path.is_dir() || blocked {
            return;
        }
        match text {
            Some(text) => {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            None => drop(std::fs::remove_file(path)),
        }
    };
    proptest!(proptest::test_runner::Config { cases: 30, failure_persistence: None, ..Default::default() }, |(
        first in prop::collection::vec(edit(), 1..8),
        staged in prop::collection::vec(edit(), 0..4),
        later in prop::collection::vec(edit(), 0..5),
        refresh in any::<bool>(),
    )| {
        let repo = TestRepo::new();
        for change in first {
            put(&repo, change);
        }
        repo.commit("start");
        for change in staged {
            put(&repo, change);
        }
        repo.git(&["add", "-A"]);
        if refresh {
            repo.git(&["reset", "-q", "--mixed"]);
        }
        for change in later {
            put(&repo, change);
        }
        prop_assert_eq!(repo.relay.uncommitted().unwrap(), gits_own(&repo));
    });
}
