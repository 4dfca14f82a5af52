//! Repositories that are broken, unreadable or not there: each run names the file or package and says what to do, and leaves
//! every file as it was.

use crate::registry;
use crate::world::Repo;

/// Every command that reads the packages.
const ALL: &[&str] = &[
    "plan",
    "plan --offline",
    "release --yes",
    "publish --yes",
    "resume --yes",
    "version --yes",
    "pack --out out",
    "graph",
];
/// Those that read `relay.toml`.
const CONFIGURED: &[&str] =
    &["plan", "release --yes", "publish --yes", "resume --yes", "version --yes", "pack --out out"];
/// Those that read change files.
const CHANGING: &[&str] = &["plan", "release --yes", "version --yes"];
/// Those that send, once they may.
const SENDING: &[&str] = &["release --yes", "publish --yes"];

/// Two packages, a change file for the first, a registry that has neither and takes any token; all committed.
fn releasable(manifest_of_a: &str) -> Repo {
    let a = if manifest_of_a.is_empty() { r#"{"name":"a","version":"1.0.0"}"# } else { manifest_of_a };
    Repo::pnpm()
        .file("packages/a/package.json", a)
        .package("b", "1.0.0", r#""dependencies":{"a":"workspace:^"}"#)
        .file(".changeset/one.md", "---\n\"a\": minor\n---\n\nMore.\n")
        .registry(&registry::empty(), Some("${WORLD_TOKEN}"))
}

fn with_change_file(text: &str) -> Repo {
    releasable("").file(".changeset/one.md", text).committed()
}

#[test]
fn a_folder_without_a_manifest() {
    insta::assert_snapshot!(Repo::new().refused_by(ALL));
}

#[test]
fn a_broken_manifest() {
    let repo = Repo::pnpm().file("packages/a/package.json", "{\n  \"name\": \"a\",\n  \"version\" \"1.0.0\"\n}\n");
    insta::assert_snapshot!(repo.refused_by(ALL));
}

#[test]
fn a_broken_workspace_file() {
    let repo = Repo::pnpm().file("pnpm-workspace.yaml", "packages:\n  - 'packages/*\n");
    insta::assert_snapshot!(repo.refused_by(ALL));
}

#[test]
fn a_broken_relay_toml() {
    let repo = Repo::pnpm().package("a", "1.0.0", "").file("relay.toml", "[publish]\nconcurency = 3\n");
    insta::assert_snapshot!(repo.refused_by(CONFIGURED));
    assert_eq!(repo.relay("graph").exit, 0);
    let repo = repo.file("relay.toml", "[publish\nconcurrency = 3\n");
    insta::assert_snapshot!(repo.refused_by(CONFIGURED));
    let repo = repo.file("relay.toml", "[publish]\nconcurrency = \"8\"\n");
    insta::assert_snapshot!(repo.refused_by(CONFIGURED));
}

#[test]
fn a_name_that_npm_refuses() {
    let repo = Repo::pnpm().file("packages/a/package.json", r#"{"name":"Not A Name","version":"1.0.0"}"#);
    insta::assert_snapshot!(repo.refused_by(ALL));
}

#[test]
fn a_version_that_is_none() {
    let repo = Repo::pnpm().package("a", "one", "");
    insta::assert_snapshot!(repo.refused_by(ALL));
}

#[test]
fn two_packages_of_one_name() {
    let repo = Repo::pnpm()
        .file("packages/a/package.json", r#"{"name":"same","version":"1.0.0"}"#)
        .file("packages/b/package.json", r#"{"name":"same","version":"1.0.0"}"#);
    insta::assert_snapshot!(repo.refused_by(ALL));
}

#[test]
fn a_pattern_that_leads_out_of_the_repository() {
    let repo = Repo::pnpm().file("pnpm-workspace.yaml", "packages:\n  - ../outside/*\n");
    insta::assert_snapshot!(repo.refused_by(ALL));
}

#[test]
fn a_pattern_that_matches_nothing() {
    let repo =
        Repo::pnpm().package("a", "1.0.0", "").file("pnpm-workspace.yaml", "packages:\n  - packages/*\n  - libs/*\n");
    insta::assert_snapshot!(repo.relay("graph").session());
}

#[cfg(unix)]
#[test]
fn a_manifest_that_is_a_folder() {
    let repo = Repo::pnpm().file("packages/a/package.json/file", "");
    insta::assert_snapshot!(repo.refused_by(ALL));
}

#[test]
fn a_manifest_that_is_not_utf8() {
    let repo = Repo::pnpm().package("a", "1.0.0", "");
    std::fs::write(repo.root().join("packages/a/package.json"), b"{\"name\":\"\xff\"}").unwrap();
    insta::assert_snapshot!(repo.refused_by(ALL));
}

#[cfg(unix)]
#[test]
fn settings_that_are_folders() {
    let repo = Repo::pnpm().package("a", "1.0.0", "").file("relay.toml/file", "");
    insta::assert_snapshot!(repo.refused_by(&["plan", "release --yes", "publish --yes", "version --yes"]));
    insta::assert_snapshot!(repo.refused_by(&["pack --out out"]));
    let repo = Repo::pnpm().package("a", "1.0.0", "").file(".npmrc/file", "");
    insta::assert_snapshot!(repo.refused_by(&["plan", "release --yes", "publish --yes"]));
}

#[test]
fn a_change_file_with_an_unknown_bump() {
    insta::assert_snapshot!(with_change_file("---\n\"a\": huge\n---\n\nMore.\n").refused_by(CHANGING));
}

#[test]
fn a_change_file_with_broken_yaml() {
    insta::assert_snapshot!(with_change_file("---\n\"a: minor\n---\n\nMore.\n").refused_by(CHANGING));
}

#[test]
fn a_change_file_without_a_front_matter() {
    insta::assert_snapshot!(with_change_file("hello\n").refused_by(CHANGING));
}

#[cfg(unix)]
#[test]
fn a_change_file_that_is_no_file() {
    let repo = Repo::pnpm().package("a", "1.0.0", "").file(".changeset/one.md/file", "").committed();
    insta::assert_snapshot!(repo.refused_by(CHANGING));
    let repo = Repo::pnpm().package("a", "1.0.0", "").file(".changeset/README.md", "").committed();
    std::os::unix::fs::symlink("gone.md", repo.root().join(".changeset/one.md")).unwrap();
    insta::assert_snapshot!(repo.refused_by(CHANGING));
}

#[test]
fn a_broken_change_file_is_not_in_the_way_of_publishing() {
    let repo = with_change_file("hello\n");
    let dry = repo.relay("publish --dry-run");
    assert_eq!(dry.exit, 0, "{}", dry.session());
    let from = dry.stderr.find("warning: a change file").unwrap_or_default();
    insta::assert_snapshot!(dry.stderr[from..].lines().take(6).collect::<Vec<_>>().join("\n"));
    // It gets as far as the registry, which refuses all uploads here.
    for line in ["publish --yes", "resume --yes"] {
        let run = repo.relay(line);
        assert!(run.stderr.contains("warning: a change file is broken"), "{}", run.session());
        assert!(run.stderr.contains("1 held, 1 failed"), "{}", run.session());
    }
}

#[test]
fn a_change_file_that_names_an_unknown_package() {
    insta::assert_snapshot!(with_change_file("---\n\"aa\": minor\n---\n\nMore.\n").refused_by(CHANGING));
}

#[test]
fn a_broken_changesets_config() {
    let repo = releasable("").file(".changeset/config.json", "{\n  \"fixed\": [\n").committed();
    insta::assert_snapshot!(repo.refused_by(CHANGING));
    let repo = repo.file(".changeset/config.json", "{\n  \"fixed\": 3\n}\n");
    insta::assert_snapshot!(repo.refused_by(CHANGING));
}

#[test]
fn a_workspace_dependency_that_is_missing() {
    let repo = releasable(r#"{"name":"a","version":"1.0.0","dependencies":{"zed":"workspace:^"}}"#).committed();
    insta::assert_snapshot!(repo.refused_by(SENDING));
    insta::assert_snapshot!(repo.relay("version --yes").session());
    insta::assert_snapshot!(repo.refused_by(&["pack --out out"]));
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn a_catalog_entry_that_is_missing_stops_before_anything_is_written() {
    let repo = releasable(r#"{"name":"a","version":"1.0.0","dependencies":{"zed":"catalog:"}}"#).committed();
    insta::assert_snapshot!(repo.refused_by(SENDING));
    insta::assert_snapshot!(repo.refused_by(&["pack --out out"]));
    let plan = repo.relay("plan");
    assert!(plan.stdout.contains("error: a: its `dependencies` have `zed` as `catalog:`"), "{}", plan.session());
    assert_eq!(repo.git("rev-list --count HEAD"), "1\n");
}

#[test]
fn a_runtime_circle() {
    let repo = releasable(r#"{"name":"a","version":"1.0.0","dependencies":{"b":"workspace:^"}}"#).committed();
    insta::assert_snapshot!(repo.refused_by(&["plan", "release --yes", "publish --yes"]));
}

#[test]
fn a_runtime_dependency_that_is_private() {
    let repo = releasable(r#"{"name":"a","version":"1.0.0","private":true}"#).file(".changeset/one.md", "---\n---\n");
    insta::assert_snapshot!(repo.committed().refused_by(SENDING));
}

#[test]
fn a_saved_plan_that_is_none() {
    let repo = releasable("").committed();
    insta::assert_snapshot!(repo.refused_by(&["release --yes --plan gone.json", "publish --yes --plan gone.json"]));
    let repo = repo.file("plan.json", "{\n");
    insta::assert_snapshot!(repo.refused_by(&["release --yes --plan plan.json", "plan --against plan.json"]));
    let repo = repo.file("plan.json", r#"{"schema":"relay.plan/99"}"#);
    insta::assert_snapshot!(repo.refused_by(&["release --yes --plan plan.json", "plan --against plan.json"]));
}
