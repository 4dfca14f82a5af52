//! Repositories that are broken, unreadable or not there: each run names the file or package and says what to do.

use crate::world::Repo;

#[test]
fn a_folder_without_a_manifest() {
    insta::assert_snapshot!(Repo::new().relay("graph").session());
}

#[test]
fn a_broken_manifest() {
    let repo = Repo::pnpm().file("packages/a/package.json", "{\n  \"name\": \"a\",\n  \"version\" \"1.0.0\"\n}\n");
    insta::assert_snapshot!(repo.relay("graph").session());
}

#[test]
fn a_broken_workspace_file() {
    let repo = Repo::pnpm().file("pnpm-workspace.yaml", "packages:\n  - 'packages/*\n");
    insta::assert_snapshot!(repo.relay("graph").session());
}

#[test]
fn a_broken_relay_toml() {
    let repo = Repo::pnpm().package("a", "1.0.0", "").file("relay.toml", "[publish]\nconcurency = 3\n");
    insta::assert_snapshot!(repo.relay("pack").session());
    assert_eq!(repo.relay("graph").exit, 0);
}

#[test]
fn a_name_that_npm_refuses() {
    let repo = Repo::pnpm().file("packages/a/package.json", r#"{"name":"Not A Name","version":"1.0.0"}"#);
    insta::assert_snapshot!(repo.relay("graph").session());
}

#[test]
fn a_version_that_is_none() {
    let repo = Repo::pnpm().package("a", "one", "");
    insta::assert_snapshot!(repo.relay("graph").session());
}

#[test]
fn two_packages_of_one_name() {
    let repo = Repo::pnpm()
        .file("packages/a/package.json", r#"{"name":"same","version":"1.0.0"}"#)
        .file("packages/b/package.json", r#"{"name":"same","version":"1.0.0"}"#);
    insta::assert_snapshot!(repo.relay("graph").session());
}

#[test]
fn a_pattern_that_leads_out_of_the_repository() {
    let repo = Repo::pnpm().file("pnpm-workspace.yaml", "packages:\n  - ../outside/*\n");
    insta::assert_snapshot!(repo.relay("graph").session());
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
    insta::assert_snapshot!(repo.relay("graph").session());
}
