//! History against the real git: what `git diff-tree` says of each commit and each of its parents.

mod moves;
mod oracle;
mod partial;

use super::*;
use crate::testing::{TestRepo, git, path_of};

fn query(path: &str, version: Option<&str>, tags: &[&str]) -> HistoryQuery {
    HistoryQuery {
        name: format!("name of {path}"),
        path: path.to_owned(),
        version: version.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    }
}

/// The ids of the commits of each package.
fn ids(history: &History) -> Vec<Vec<&str>> {
    let of =
        |package: &PackageHistory| package.commits.iter().map(|index| history.commits[*index].id.as_str()).collect();
    history.packages.iter().map(of).collect()
}

#[test]
fn commits_since_the_tag_count_and_messages_come_whole() {
    let repo = TestRepo::new();
    let first = repo.package("packages/a", "1.0.0").package("packages/b", "1.0.0").commit("chore: start");
    repo.git(&["tag", "-a", "-m", "x", "@acme/a@1.0.0"]);
    let fix = repo.write("packages/a/src/x.js", "1").commit("fix: a\n\nBREAKING CHANGE: all of it\n");
    repo.write("README.md", "x").commit("docs: nobody's");
    let both = repo.write("packages/a/y", "1").write("packages/b/y", "1").commit("feat: both");

    let queries =
        [query("packages/a", Some("1.0.0"), &["@acme/a@1.0.0", "v1.0.0"]), query("packages/b", None, &["b@1.0.0"])];
    let history = repo.relay.history(&queries).unwrap();

    assert_eq!(ids(&history), [vec![both.as_str(), &fix], vec![&both, &first]]);
    assert_eq!(history.packages[0].base, Some(Base { commit: first.clone(), tag: Some("@acme/a@1.0.0".to_owned()) }));
    assert_eq!(history.packages[1].base, None);
    assert_eq!(history.packages[0].name, "name of packages/a");
    let commit = history.commits.iter().find(|commit| commit.id == fix).unwrap();
    assert_eq!(commit.message, "fix: a\n\nBREAKING CHANGE: all of it");
    assert_eq!(commit.time_seconds, 1_700_000_060);
    assert!(!history.packages[0].cut_off);
}

#[test]
fn the_first_tag_that_exists_is_the_base_lightweight_ones_too() {
    let repo = TestRepo::new();
    let first = repo.package("a", "1.0.0").commit("one");
    repo.git(&["tag", "v1.0.0"]);
    let second = repo.write("a/x", "1").commit("two");
    let history = repo.relay.history(&[query("a", Some("1.0.0"), &["a@1.0.0", "v1.0.0"])]).unwrap();
    assert_eq!(ids(&history), [[second.as_str()]]);
    assert_eq!(history.packages[0].base, Some(Base { commit: first, tag: Some("v1.0.0".to_owned()) }));
}

#[test]
fn a_tag_that_names_no_commit_is_passed_over() {
    let repo = TestRepo::new();
    repo.package("a", "1.0.0").commit("one");
    repo.git(&["tag", "-a", "-m", "x", "a@1.0.0", "HEAD^{tree}"]);
    for packed in [false, true] {
        if packed {
            repo.git(&["pack-refs", "--all"]);
        }
        let history = repo.relay.history(&[query("a", None, &["a@1.0.0"])]).unwrap();
        assert_eq!(history.packages[0].base, None, "packed {packed}");
    }
}

#[test]
fn without_a_tag_the_commit_that_set_the_version_is_the_base() {
    let repo = TestRepo::new();
    repo.package("a", "1.0.0").commit("one");
    let bump = repo.package("a", "1.1.0").write("b/package.json", "{ broken").commit("release");
    let after = repo.write("a/package.json", "{\"version\": \"1.1.0\", \"x\": 1}").commit("same version");
    let other = repo.write("b/x", "1").commit("other");
    let history = repo.relay.history(&[query("a", Some("1.1.0"), &[]), query("b", Some("1.0.0"), &[])]).unwrap();
    assert_eq!(ids(&history), [vec![after.as_str()], vec![&other, &bump]]);
    assert_eq!(history.packages[0].base, Some(Base { commit: bump, tag: None }));
    assert_eq!(history.packages[1].base, None);
}

#[test]
fn a_bump_that_is_not_committed_leaves_the_heads_version_as_the_base() {
    let repo = TestRepo::new();
    let start = repo.package("a", "1.0.0").commit("one");
    let fix = repo.write("a/x", "1").commit("fix");
    repo.package("a", "2.0.0");
    let history = repo.relay.history(&[query("a", Some("2.0.0"), &["a@2.0.0"])]).unwrap();
    assert_eq!(ids(&history), [[fix.as_str()]]);
    assert_eq!(history.packages[0].base, Some(Base { commit: start, tag: None }));
}

#[test]
fn a_nested_packages_commits_are_its_own_and_the_root_has_the_rest() {
    let repo = TestRepo::new();
    let start = repo.package("", "1.0.0").package("a", "1.0.0").package("a/nested/b", "1.0.0").commit("start");
    let inner = repo.write("a/nested/b/x", "1").commit("inner");
    let between = repo.write("a/nested/x", "1").commit("between");
    let outer = repo.write("docs/x", "1").commit("outer");
    let queries = [query("", None, &[]), query("a", None, &[]), query("a/nested/b", None, &[]), query("a", None, &[])];
    let history = repo.relay.history(&queries).unwrap();
    let of_a = vec![between.as_str(), &start];
    assert_eq!(ids(&history), [vec![outer.as_str(), &start], of_a.clone(), vec![&inner, &start], of_a]);
}

#[test]
fn a_merge_counts_only_when_it_differs_from_every_parent() {
    let repo = TestRepo::new();
    repo.package("a", "1.0.0").commit("start");
    repo.git(&["branch", "side"]);
    let main = repo.write("a/main", "1").commit("main");
    repo.git(&["checkout", "-q", "side"]);
    let side = repo.write("a/side", "1").commit("side");
    repo.git(&["checkout", "-q", "main"]);
    let merge = |message: &str| {
        repo.git(&["-c", "user.name=A", "-c", "user.email=a@x", "merge", "-q", "--no-ff", "-m", message, "side"])
    };
    merge("both sides");
    let evil = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["checkout", "-q", "side"]);
    repo.write("b/x", "1").commit("elsewhere");
    repo.git(&["checkout", "-q", "main"]);
    merge("changes nothing of a");
    let history = repo.relay.history(&[query("a", Some("1.0.0"), &[])]).unwrap();
    let mut found = ids(&history).remove(0);
    assert_eq!(found.remove(0), evil);
    found.sort_unstable();
    let mut expected = [main.as_str(), &side];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_base_on_a_branch_that_was_not_merged_leaves_what_is_not_its_ancestor() {
    let repo = TestRepo::new();
    repo.package("a", "1.0.0").commit("start");
    repo.git(&["checkout", "-q", "-b", "hotfix"]);
    repo.package("a", "1.0.1").commit("release 1.0.1");
    repo.git(&["tag", "a@1.0.1"]);
    repo.git(&["checkout", "-q", "main"]);
    let fix = repo.write("a/x", "1").commit("fix");
    let history = repo.relay.history(&[query("a", Some("1.0.1"), &["a@1.0.1"])]).unwrap();
    assert_eq!(ids(&history), [[fix.as_str()]]);
}

#[test]
fn the_walk_ends_soon_behind_the_oldest_base() {
    let repo = TestRepo::new();
    repo.package("a", "1.0.0");
    for count in 0..600 {
        repo.write("a/count", &count.to_string()).commit("more");
    }
    repo.git(&["tag", "a@1.0.0"]);
    let fix = repo.write("a/count", "last").commit("fix");
    let history = repo.relay.history(&[query("a", Some("1.0.0"), &["a@1.0.0"])]).unwrap();
    assert_eq!(ids(&history), [[fix.as_str()]]);
    assert!(history.walked < 300, "{}", history.walked);
}

#[test]
fn a_long_history_without_tags_is_the_same_with_several_threads() {
    let repo = TestRepo::new();
    let mut expected = Vec::new();
    repo.package("a", "1.0.0").package("b", "1.0.0").commit("start");
    let bump = repo.package("b", "1.1.0").commit("release");
    for count in 0..900 {
        let folder = if count % 3 == 0 { "a" } else { "b" };
        let id = repo.write(&format!("{folder}/count"), &count.to_string()).commit("more");
        if folder == "b" {
            expected.insert(0, id);
        }
    }
    let history = repo.relay.history(&[query("b", Some("1.1.0"), &[]), query("a", None, &[])]).unwrap();
    assert_eq!(ids(&history)[0], expected);
    assert_eq!(history.packages[0].base, Some(Base { commit: bump, tag: None }));
    assert_eq!(ids(&history)[1].len(), 301);
}

#[test]
fn many_packages_in_one_folder_are_told_apart_in_packs_too() {
    let repo = TestRepo::new();
    let folder = |number: usize| format!("packages/package-{number:03}");
    for number in 0..150 {
        repo.package(&folder(number), "1.0.0");
    }
    let start = repo.commit("start");
    let mut expected = vec![vec![start]; 151];
    for step in 0..120 {
        // Now and then a package comes, or several change at once.
        let touched: Vec<usize> = match step {
            60 => vec![150],
            _ if step % 25 == 0 => (0..150).step_by(7).collect(),
            _ => vec![step * 37 % 150],
        };
        for number in &touched {
            repo.write(&format!("{}/x", folder(*number)), &step.to_string());
        }
        let id = repo.commit("more");
        for number in touched {
            expected[number].insert(0, id.clone());
        }
    }
    expected[150].pop();
    let queries: Vec<HistoryQuery> = (0..151).map(|number| query(&folder(number), None, &[])).collect();
    for packed in [false, true] {
        if packed {
            repo.git(&["repack", "-q", "-a", "-d"]);
        }
        let history = Repository::discover(&repo.root).unwrap().history(&queries).unwrap();
        assert_eq!(ids(&history), expected, "packed {packed}");
    }
}

/// What a shallow clone of the last commits of a repository says of its packages' histories.
#[track_caller]
fn check_cut(origin: &TestRepo, fetches: &[&[&str]], queries: &[HistoryQuery], cut_off: &[bool]) {
    let folder = tempfile::tempdir().unwrap();
    let (root, url) = (path_of(&folder).join("clone"), format!("file://{}", origin.root));
    git(&path_of(&folder), &["init", "-q", "-b", "main", "clone"]);
    git(&root, &["remote", "add", "origin", &url]);
    for fetch in fetches {
        git(&root, &[&["fetch", "-q"], *fetch].concat());
    }
    git(&root, &["reset", "-q", "--hard", "FETCH_HEAD"]);
    let history = Repository::discover(&root).unwrap().history(queries).unwrap();
    let found: Vec<bool> = history.packages.iter().map(|package| package.cut_off).collect();
    assert_eq!(found, cut_off, "{fetches:?}");
}

#[test]
fn a_history_that_is_cut_off_before_the_last_release_says_so() {
    let origin = TestRepo::new();
    origin.package("a", "1.0.0").package("b", "1.0.0").commit("start");
    origin.git(&["tag", "a@1.0.0"]);
    origin.write("a/x", "1").commit("feat!: of a");
    origin.package("b", "1.1.0").commit("release of b");
    origin.write("a/y", "1").commit("fix: of a");
    origin.write("b/y", "1").commit("fix: of b");
    let queries = [query("a", Some("1.0.0"), &["a@1.0.0"]), query("b", Some("1.1.0"), &["b@1.1.0"])];
    let main = |depth: &'static str| ["--no-tags", depth, "origin", "main"];
    let tag = ["--depth=1", "origin", "tag", "a@1.0.0", "--no-tags"];
    check_cut(&origin, &[&main("--depth=1")], &queries, &[true, true]);
    check_cut(&origin, &[&main("--depth=2")], &queries, &[true, true]);
    // The commit in which the clone's history begins may be the release itself, which can't be told.
    check_cut(&origin, &[&main("--depth=3")], &queries, &[true, true]);
    check_cut(&origin, &[&main("--depth=4")], &queries, &[true, false]);
    check_cut(&origin, &[&main("--depth=5")], &queries, &[false, false]);
    check_cut(&origin, &[&main("--no-progress")], &queries, &[false, false]);
    // The tag is known and the commits since then are not.
    check_cut(&origin, &[&tag, &main("--depth=2")], &queries, &[true, true]);
    check_cut(&origin, &[&tag, &main("--depth=4")], &queries, &[true, false]);
    check_cut(&origin, &[&["--depth=5", "origin", "main"]], &queries, &[false, false]);
    check_cut(&origin, &[&["--shallow-exclude=a@1.0.0", "origin", "main"]], &queries, &[true, false]);
    check_cut(&origin, &[&["--shallow-since=1700000100", "origin", "main"]], &queries, &[true, true]);
}

#[test]
fn what_the_first_commit_of_a_shallow_clone_changed_is_unknown() {
    let origin = TestRepo::new();
    origin.package("a", "1.0.0").commit("start");
    let fix = origin.write("a/x", "1").commit("fix");
    origin.write("a/y", "1").commit("more");
    let folder = tempfile::tempdir().unwrap();
    let root = path_of(&folder);
    git(&root, &["clone", "-q", "--depth", "2", &format!("file://{}", origin.root), "clone"]);
    let clone = Repository::discover(&root.join("clone")).unwrap();
    assert!(clone.is_shallow());
    let history = clone.history(&[query("a", Some("1.0.0"), &["a@1.0.0"])]).unwrap();
    assert_eq!(history.packages[0].base, None);
    assert!(!ids(&history)[0].contains(&fix.as_str()));
    assert_eq!(ids(&history)[0].len(), 1);

    clone.unshallow().unwrap();
    let clone = Repository::discover(&root.join("clone")).unwrap();
    assert!(!clone.is_shallow());
    let history = clone.history(&[query("a", Some("1.0.0"), &["a@1.0.0"])]).unwrap();
    assert!(!history.packages[0].cut_off);
    assert_eq!(ids(&history)[0].len(), 2);
}

#[test]
fn without_a_commit_there_is_a_clear_error() {
    let repo = TestRepo::new();
    let error = repo.relay.history(&[]).unwrap_err();
    assert!(matches!(error, GitError::NoCommitYet { .. }), "{error}");
}

#[test]
fn paths_that_are_not_in_the_repository_have_no_commits() {
    let repo = TestRepo::new();
    repo.package("a", "1.0.0").commit("start");
    let history = repo
        .relay
        .history(&[query("../b", Some("1.0.0"), &["../../heads/main"]), query("new", Some("0.1.0"), &[])])
        .unwrap();
    assert_eq!(ids(&history), [Vec::<&str>::new(), Vec::new()]);
}
