//! What is said when nothing is to be released: which sources count, and why the others don't.

use crate::registry;
use crate::world::Repo;

/// The version that is there is published; a feature has been committed since.
fn repo(relay_toml: &str, rest: impl FnOnce(Repo) -> Repo) -> Repo {
    let there = r#"{"name":"a","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"version":"1.0.0"}}}"#;
    let repo = Repo::pnpm()
        .package("a", "1.0.0", "")
        .file("relay.toml", relay_toml)
        .registry(&registry::answering(200, "application/json", there), Some("${WORLD_TOKEN}"));
    let repo = rest(repo).committed();
    repo.git("tag a@1.0.0");
    let repo = repo.file("packages/a/index.js", "module.exports = 2\n");
    repo.git("commit --quiet --all --message=feat:two");
    repo
}

fn with_changesets(repo: Repo) -> Repo {
    repo.file(".changeset/config.json", "{}")
}

/// The hint of each command that makes versions, which is the same.
#[track_caller]
fn hint(repo: &Repo) -> String {
    let of = |line: &str| {
        let run = repo.relay(line);
        assert_eq!(run.exit, 0, "{}", run.session());
        let line = run.stderr.lines().find(|line| line.starts_with("hint: nothing to release: "));
        line.unwrap_or_default().trim_start_matches("hint: nothing to release: ").to_owned()
    };
    let text = of("plan");
    assert_eq!(of("release --yes"), text);
    let version = repo.relay("version --yes");
    assert_eq!(version.stderr, format!("Nothing to version: {text}\n"));
    text
}

#[test]
fn commits_that_changesets_does_not_count_are_explained() {
    insta::assert_snapshot!(hint(&repo("", with_changesets)));
}

#[test]
fn commits_count_beside_changesets_where_relay_toml_says_so() {
    let relay_toml = "[release]\nchanges = [\"changesets\", \"conventional-commits\"]\n";
    let run = repo(relay_toml, with_changesets).relay("plan");
    assert!(run.stdout.contains("a        1.0.0 → 1.1.0  minor"), "{}", run.session());
    assert_eq!(run.stderr, "");
}

#[test]
fn a_change_file_that_asks_for_nothing_is_counted() {
    let repo = repo("", |repo| with_changesets(repo).file(".changeset/one.md", "---\n---\n"));
    insta::assert_snapshot!(repo.relay("plan").stderr);
    // It is used up all the same, as changesets does.
    let version = repo.relay("version --yes");
    assert_eq!(version.exit, 0, "{}", version.session());
    assert_eq!(repo.names_in(".changeset"), ["config.json"]);
}

#[test]
fn a_source_that_relay_toml_leaves_out_is_named() {
    let repo = repo("[release]\nchanges = [\"changesets\"]\n", |repo| repo);
    insta::assert_snapshot!(hint(&repo));
}

#[test]
fn a_filter_that_leaves_out_what_changed_is_named() {
    let repo = repo("", |repo| repo.package("b", "1.0.0", r#""private":true"#));
    let run = repo.relay("plan --filter b");
    insta::assert_snapshot!(run.stderr);
}

/// The hint of an offline plan over one package, by what git knows.
#[track_caller]
fn check_offline(git: impl FnOnce(Repo) -> Repo, expected: &str) {
    let run = git(Repo::pnpm().package("a", "1.0.0", "")).relay("plan --offline");
    assert_eq!(run.exit, 0, "{}", run.session());
    let hint = run.stderr.lines().find(|line| line.starts_with("hint: nothing to release: "));
    let expected = format!("hint: nothing to release: no change file is in `.changeset`, and {expected}");
    assert_eq!(hint, Some(expected.as_str()), "{}", run.session());
}

#[test]
fn what_git_does_not_know_is_not_said_of_it() {
    check_offline(|repo| repo, "this is no git repository, so that no commit can ask for one");
    let unborn = |repo: Repo| {
        repo.git("init --quiet --initial-branch=main");
        repo
    };
    check_offline(unborn, "the git repository has no commit yet that could ask for one");
    let feature = |repo: Repo| {
        let repo = repo.committed();
        repo.git("commit --quiet --amend --message=feat:one");
        repo
    };
    check_offline(
        feature,
        "no commit since the versions in package.json were written asks for one (`feat:`, `fix:`); no tag here shows a \
         release",
    );
    let tagged = |repo: Repo| {
        let repo = repo.committed();
        repo.git("tag a@1.0.0");
        repo
    };
    check_offline(tagged, "no commit since the last release asks for one (`feat:`, `fix:`)");
}

#[test]
fn versions_that_are_written_and_not_committed_are_not_made_again() {
    let repo = repo("", |repo| repo);
    let version = |repo: &Repo| {
        let run = repo.relay("version --yes --no-commit");
        assert_eq!(run.exit, 0, "{}", run.session());
        (run.stderr, std::fs::read_to_string(repo.root().join("packages/a/package.json")).unwrap())
    };
    let (_, first) = version(&repo);
    assert!(first.contains("\"1.1.0\""), "{first}");
    let (said, second) = version(&repo);
    assert_eq!(second, first);
    assert!(said.contains("`a` has a version that is not committed yet"), "{said}");
}
