//! Packages that were moved since their last release, made with the real git.

use super::*;
use crate::testing::TestRepo;

/// A package's manifest with its own name.
fn manifest(repo: &TestRepo, folder: &str, name: &str, version: &str) {
    let path = if folder.is_empty() { "package.json".to_owned() } else { format!("{folder}/package.json") };
    repo.write(&path, &format!("{{\"name\": \"{name}\", \"version\": \"{version}\"}}\n"));
    let file = if folder.is_empty() { "x".to_owned() } else { format!("{folder}/x") };
    repo.write(&file, &format!("{name}\n"));
}

fn named(name: &str, path: &str, tags: &[&str]) -> HistoryQuery {
    HistoryQuery { name: name.to_owned(), ..query(path, Some("1.0.0"), tags) }
}

/// The subjects of each package's commits, newest first.
fn subjects(repo: &TestRepo, queries: &[HistoryQuery]) -> Vec<Vec<String>> {
    let history = repo.relay.history(queries).unwrap();
    let of = |package: &PackageHistory| {
        package.commits.iter().map(|index| history.commits[*index].message.clone()).collect()
    };
    history.packages.iter().map(of).collect()
}

/// Whoever asks for a package's commits since its release, which its tag or the commit that wrote the version shows.
fn of(name: &str, path: &str) -> HistoryQuery {
    named(name, path, &[&format!("{name}@1.0.0")])
}

/// Packages in these folders, released once: with a tag for each, or without, where the commit that wrote the version tells.
fn released(tagged: bool, packages: &[(&str, &str)]) -> TestRepo {
    let repo = TestRepo::new();
    for (folder, name) in packages {
        manifest(&repo, folder, name, "1.0.0");
    }
    repo.commit("release");
    for (_, name) in packages.iter().filter(|_| tagged) {
        repo.git(&["tag", &format!("{name}@1.0.0")]);
    }
    repo
}

fn mv(repo: &TestRepo, from: &str, to: &str) {
    std::fs::create_dir_all(repo.root.join(to).parent().unwrap()).unwrap();
    std::fs::rename(repo.root.join(from), repo.root.join(to)).unwrap();
}

#[test]
fn a_moved_folder_keeps_its_history() {
    for tagged in [true, false] {
        let repo = released(tagged, &[("packages/a", "a")]);
        repo.write("packages/a/f", "1").commit("feat: before");
        mv(&repo, "packages/a", "libs/deep/aa");
        repo.commit("move");
        repo.write("libs/deep/aa/g", "1").commit("fix: after");
        let found = subjects(&repo, &[of("a", "libs/deep/aa")]);
        assert_eq!(found, [["fix: after", "move", "feat: before"]], "tagged {tagged}");
    }
}

#[test]
fn a_folder_that_is_moved_and_edited_at_once_or_twice_keeps_its_history() {
    for tagged in [true, false] {
        let repo = released(tagged, &[("packages/a", "a")]);
        repo.write("packages/a/f", "1").commit("feat: one");
        mv(&repo, "packages/a", "packages/b");
        repo.write("packages/b/f", "2").write("packages/b/x", "other");
        repo.write("packages/b/package.json", "{\"name\": \"a\", \"version\": \"1.0.0\", \"license\": \"MIT\"}");
        repo.commit("move and edit");
        repo.write("packages/b/f", "3").commit("fix: two");
        mv(&repo, "packages/b", "packages/c");
        repo.commit("move again");
        let found = subjects(&repo, &[of("a", "packages/c")]);
        assert_eq!(found, [["move again", "fix: two", "move and edit", "feat: one"]], "tagged {tagged}");
    }
}

#[test]
fn a_move_that_is_not_committed_yet_keeps_the_history() {
    for tagged in [true, false] {
        let repo = released(tagged, &[("packages/a", "a"), ("packages/b", "b")]);
        repo.write("packages/a/f", "1").commit("feat: before");
        mv(&repo, "packages/a", "libs/deep/aa");
        manifest(&repo, "libs/new", "new", "1.0.0");
        let queries = [of("a", "libs/deep/aa"), of("b", "packages/b"), named("new", "libs/new", &[])];
        let found = subjects(&repo, &queries);
        assert_eq!(found, [vec!["feat: before".to_owned()], Vec::new(), Vec::new()], "tagged {tagged}");
        repo.git(&["add", "-A"]);
        assert_eq!(subjects(&repo, &queries)[0], ["feat: before"], "in the index, tagged {tagged}");
    }
}

#[test]
fn a_move_in_two_commits_keeps_the_history_whichever_comes_first() {
    for (tagged, deleted_first) in [(true, true), (true, false), (false, true), (false, false)] {
        let repo = released(tagged, &[("packages/a", "a"), ("packages/b", "b")]);
        repo.write("packages/a/f", "1").commit("feat: before");
        let gone = |subject: &str| {
            std::fs::remove_dir_all(repo.root.join("packages/a")).unwrap();
            repo.commit(subject);
        };
        if deleted_first {
            gone("chore: take away");
            repo.write("packages/b/f", "1").commit("fix: between");
        }
        manifest(&repo, "libs/a", "a", "1.0.0");
        repo.commit("chore: put there");
        if !deleted_first {
            repo.write("packages/b/f", "1").commit("fix: between");
            gone("chore: take away");
        }
        repo.write("libs/a/g", "1").commit("fix: after");
        let queries = [of("a", "libs/a"), of("b", "packages/b")];
        let found = subjects(&repo, &queries);
        let mut expected = ["fix: after", "chore: put there", "chore: take away", "feat: before"];
        if !deleted_first {
            expected.swap(1, 2);
        }
        assert_eq!(found[0], expected, "tagged {tagged}, deleted first {deleted_first}");
        assert_eq!(found[1], ["fix: between"], "tagged {tagged}, deleted first {deleted_first}");
    }
}

#[test]
fn two_folders_that_change_places_keep_each_its_own_history() {
    for tagged in [true, false] {
        let repo = released(tagged, &[("packages/a", "a"), ("packages/b", "b")]);
        repo.write("packages/a/f", "1").commit("feat: of a");
        repo.write("packages/b/f", "1").commit("fix: of b");
        mv(&repo, "packages/a", "packages/t");
        mv(&repo, "packages/b", "packages/a");
        mv(&repo, "packages/t", "packages/b");
        repo.commit("swap");
        repo.write("packages/b/g", "1").commit("fix: of a");
        let queries = [of("a", "packages/b"), of("b", "packages/a")];
        let found = subjects(&repo, &queries);
        assert_eq!(found[0], ["fix: of a", "swap", "feat: of a"], "tagged {tagged}");
        assert_eq!(found[1], ["swap", "fix: of b"], "tagged {tagged}");
    }
}

#[test]
fn all_packages_may_be_moved_at_once_also_out_of_each_other() {
    for tagged in [true, false] {
        let repo = released(tagged, &[("src/a", "a"), ("src/a/nested/b", "b")]);
        repo.write("src/a/f", "1").commit("feat: of a");
        repo.write("src/a/nested/b/f", "1").commit("fix: of b");
        mv(&repo, "src/a/nested/b", "packages/b");
        mv(&repo, "src/a", "packages/a");
        repo.commit("move all");
        let queries = [of("a", "packages/a"), of("b", "packages/b")];
        let found = subjects(&repo, &queries);
        assert_eq!(found, [["move all", "feat: of a"], ["move all", "fix: of b"]], "tagged {tagged}");
    }
}

#[test]
fn what_is_moved_out_of_a_package_leaves_it() {
    for tagged in [true, false] {
        let repo = released(tagged, &[("a", "a"), ("a/sub", "b")]);
        repo.write("a/sub/f", "1").commit("feat: of b");
        mv(&repo, "a/sub", "b");
        repo.commit("move");
        repo.write("a/sub/f", "1").commit("fix: of a");
        let queries = [of("a", "a"), of("b", "b")];
        let found = subjects(&repo, &queries);
        assert_eq!(found[1], ["move", "feat: of b"], "tagged {tagged}");
        assert_eq!(found[0], ["fix: of a"], "tagged {tagged}");
    }
}

#[test]
fn the_only_package_may_be_moved_out_of_the_root() {
    for tagged in [true, false] {
        let repo = released(tagged, &[("", "a")]);
        repo.write("src/f", "1").commit("feat: before");
        mv(&repo, "src", "packages/a/src");
        mv(&repo, "x", "packages/a/x");
        mv(&repo, "package.json", "packages/a/package.json");
        repo.write("package.json", "{\"name\": \"root\", \"private\": true}");
        repo.commit("move");
        repo.write("README.md", "1").commit("docs: of the root");
        let found = subjects(&repo, &[of("a", "packages/a")]);
        assert_eq!(found, [["move", "feat: before"]], "tagged {tagged}");
    }
}

#[test]
fn a_package_that_is_moved_and_renamed_at_once_is_known_by_its_other_files() {
    let repo = TestRepo::new();
    manifest(&repo, "a", "a", "1.0.0");
    manifest(&repo, "c", "c", "1.0.0");
    repo.commit("release");
    repo.write("a/f", "1").commit("feat: before");
    mv(&repo, "a", "b");
    repo.write("b/package.json", "{\"name\": \"b\", \"version\": \"1.0.0\"}");
    repo.commit("move and rename");
    assert_eq!(subjects(&repo, &[of("b", "b")]), [["move and rename", "feat: before"]]);
    // With other files it is another package, which begins with this commit.
    mv(&repo, "c", "d");
    repo.write("d/package.json", "{\"name\": \"d\", \"version\": \"1.0.0\"}").write("d/x", "other");
    repo.commit("another");
    assert_eq!(subjects(&repo, &[of("d", "d")]), [Vec::<String>::new()]);
}

#[test]
fn a_move_that_also_writes_the_version_is_the_release() {
    let repo = TestRepo::new();
    manifest(&repo, "a", "a", "0.9.0");
    repo.commit("start");
    repo.write("a/f", "1").commit("feat: before");
    mv(&repo, "a", "b");
    manifest(&repo, "b", "a", "1.0.0");
    repo.commit("move and release");
    repo.write("b/f", "2").commit("fix: after");
    assert_eq!(subjects(&repo, &[named("a", "b", &[])]), [["fix: after"]]);
}

#[test]
fn what_a_branch_did_in_the_old_folder_counts_when_it_is_merged_after_the_move() {
    for tagged in [true, false] {
        let repo = released(tagged, &[("a", "a")]);
        repo.git(&["checkout", "-q", "-b", "side"]);
        repo.write("a/side", "1").commit("feat: on the side");
        repo.git(&["checkout", "-q", "main"]);
        mv(&repo, "a", "b");
        repo.commit("move");
        let who = ["-c", "user.name=A", "-c", "user.email=a@x", "-c", "merge.directoryRenames=true"];
        repo.git(&[&who[..], &["merge", "-q", "--no-ff", "-m", "merge", "side"]].concat());
        let found = subjects(&repo, &[of("a", "b")]).remove(0);
        assert!(found.contains(&"feat: on the side".to_owned()), "tagged {tagged}: {found:?}");
        assert!(found.contains(&"move".to_owned()), "tagged {tagged}: {found:?}");
    }
}

#[test]
fn a_package_that_is_new_has_no_history_elsewhere() {
    let repo = TestRepo::new();
    manifest(&repo, "a", "a", "1.0.0");
    repo.commit("release");
    repo.git(&["tag", "v1.0.0"]);
    repo.write("a/f", "1").commit("feat: of a");
    manifest(&repo, "b", "b", "1.0.0");
    repo.commit("feat: b");
    let queries = [named("a", "a", &["v1.0.0"]), named("b", "b", &["v1.0.0"])];
    assert_eq!(subjects(&repo, &queries), [["feat: of a"], ["feat: b"]]);
    let untagged = [named("a", "a", &[]), named("b", "b", &[])];
    assert_eq!(subjects(&repo, &untagged), [vec!["feat: of a".to_owned()], Vec::new()]);
}

#[test]
fn replaced_and_grafted_commits_count_as_in_git_and_what_they_cut_off_is_cut_off() {
    let repo = TestRepo::new();
    manifest(&repo, "a", "a", "1.0.0");
    let first = repo.commit("release");
    let feat = repo.write("a/f", "1").commit("feat: one");
    let fix = repo.write("a/f", "2").commit("fix: two");
    let queries = [of("a", "a")];
    let cut = |repo: &TestRepo| {
        let history = Repository::discover(&repo.root).unwrap().history(&queries).unwrap();
        (history.packages[0].cut_off, history.packages[0].commits.len())
    };
    assert_eq!(cut(&repo), (false, 2));
    repo.git(&["replace", "--graft", &fix, &first]);
    // `feat: one` is left out on purpose, and nobody can say whether it was released.
    assert!(cut(&repo).0);
    repo.git(&["replace", "-d", &fix]);
    repo.git(&["replace", "--graft", &feat]);
    assert!(cut(&repo).0);
    repo.git(&["replace", "-d", &feat]);
    repo.write(".git/info/grafts", &format!("{feat}\n"));
    assert!(cut(&repo).0);
    repo.remove(".git/info/grafts");
    // What a replacement adds to the history is history.
    repo.git(&["checkout", "-q", "--orphan", "fresh"]);
    let root = repo.write("a/f", "3").commit("fix: three");
    assert_eq!(cut(&repo), (false, 0));
    repo.git(&["replace", "--graft", &root, &fix]);
    assert_eq!(cut(&repo), (false, 3));
}
