//! Which versions a repo gets, by its commits, by changesets of either version, beside pnpm's own release command.

use std::collections::BTreeMap;

use crate::harm::npm_workspaces;
use crate::world::{Ran, World};

/// The versions that `relay version` would write, and what it says.
#[track_caller]
fn next(world: &World, flags: &[&str]) -> (BTreeMap<String, String>, Ran) {
    let arguments = [&["version", "--dry-run", "--json"], flags].concat();
    let ran = world.relay(&arguments).ended_with(0);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let text = |package: &serde_json::Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let packages = document["packages"].as_array().cloned().unwrap_or_default();
    (packages.iter().map(|package| (text(package, "name"), text(package, "next"))).collect(), ran)
}

fn versions(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect()
}

fn version_in(world: &World, package: &str) -> String {
    let manifest: serde_json::Value =
        serde_json::from_str(&world.read(&format!("packages/{package}/package.json"))).expect("JSON");
    manifest["version"].as_str().unwrap_or_default().to_owned()
}

/// A world whose packages were released as they are, and then got a commit each.
fn changed_by_commits(packages: &[(&str, &str, &str)]) -> World {
    let manifests: Vec<(&str, String)> =
        packages.iter().map(|(name, version, _)| (*name, format!("\"version\":\"{version}\""))).collect();
    let manifests: Vec<(&str, &str)> = manifests.iter().map(|(name, fields)| (*name, fields.as_str())).collect();
    let world = npm_workspaces(&manifests);
    world.commit("chore: begin");
    for (name, version, _) in packages {
        world.git(&["tag", &format!("{name}@{version}")]);
    }
    for (name, _, message) in packages {
        world.append(&format!("packages/{name}/index.js"), "// more\n");
        world.commit(message);
    }
    world
}

#[test]
fn commits_make_versions_and_those_that_may_ask_for_more_are_named() {
    let world = changed_by_commits(&[
        ("a", "0.1.0", "feat: more"),
        ("b", "2.0.0-rc.1", "fix: less"),
        ("c", "1.0.0", "fix: less\n\nbody\nBREAKING CHANGE: other"),
        ("d", "1.0.0", "Harden (#14)\n\n* feat(d): more\n* fix: less"),
        ("e", "1.0.0", "Update stuff"),
    ]);
    let (seen, ran) = next(&world, &[]);
    assert_eq!(seen, versions(&[("a", "0.2.0"), ("b", "2.0.0-rc.2"), ("c", "2.0.0")]));
    assert!(ran.stderr.contains("whose body has `feat(d): more` (minor)"), "{}", ran.stderr);
    assert!(ran.stderr.contains("\"Update stuff\" (`e`)"), "{}", ran.stderr);
    let (seen, _) = next(&world, &["--graduate=b"]);
    assert_eq!(seen["b"], "2.0.0");
    let refused = world.relay(&["version", "--dry-run", "--graduate=a"]).ended_with(1);
    assert!(refused.stderr.contains("names no package that has a prerelease"), "{}", refused.stderr);

    world.write("relay.toml", "[release]\nzero-major = \"shift\"\nsquash-bodies = true\nchangelog = false\n");
    world.commit("chore: settings");
    let (seen, ran) = next(&world, &[]);
    assert_eq!((seen["a"].as_str(), seen["d"].as_str()), ("0.1.1", "1.1.0"));
    assert!(!ran.stderr.contains("feat(d)"), "{}", ran.stderr);
    world.relay(&["version", "--yes"]).ended_with(0);
    assert_eq!(version_in(&world, "c"), "2.0.0");
    assert!(!world.repo().join("packages/c/CHANGELOG.md").exists(), "no changelog is begun");
}

#[test]
fn a_changelog_from_commits_says_what_breaks() {
    let world = changed_by_commits(&[("c", "1.0.0", "feat(api): less (#3)\n\nBREAKING CHANGE: `old()` is gone")]);
    world.relay(&["version", "--yes"]).ended_with(0);
    let text = world.read("packages/c/CHANGELOG.md");
    assert!(text.contains(": less (#3)\n  - BREAKING CHANGE: `old()` is gone\n"), "{text}");
}

/// A workspace of changesets with this version of it installed, or none.
fn with_changesets(installed: Option<&str>, config: &str) -> World {
    let world = npm_workspaces(&[
        ("core", r#""version":"1.0.0""#),
        ("plugin", r#""version":"1.0.0","peerDependencies":{"core":"^1.0.0"}"#),
        ("site", r#""version":"1.0.0","private":true,"dependencies":{"core":"^1.0.0"}"#),
    ]);
    if let Some(version) = installed {
        world.write("node_modules/@changesets/cli/package.json", &format!("{{\"version\":\"{version}\"}}\n"));
    }
    world.write(".gitignore", "node_modules\n");
    world.write(".changeset/config.json", config);
    world
}

#[test]
fn a_repo_of_changesets_2_gets_its_versions() {
    let change = "---\ncore: minor\nsite: patch\n---\n\nMore\n";
    let two = with_changesets(Some("2.29.7"), "{}\n");
    two.write(".changeset/x.md", change);
    two.commit("feat: x");
    let (seen, ran) = next(&two, &[]);
    assert_eq!(seen, versions(&[("core", "1.1.0"), ("plugin", "2.0.0"), ("site", "1.0.1")]));
    assert!(
        ran.stderr.contains("by the rules of changesets 2 (@changesets/cli 2.29.7 is installed)"),
        "{}",
        ran.stderr
    );

    let three = with_changesets(Some("3.0.3"), "{}\n");
    three.write(".changeset/x.md", "---\ncore: minor\n---\n\nMore\n");
    three.commit("feat: x");
    let (seen, ran) = next(&three, &[]);
    assert_eq!(seen, versions(&[("core", "1.1.0")]));
    assert!(!ran.stderr.contains("by the rules of"), "{}", ran.stderr);
}

#[test]
fn changesets_2_keeps_its_files_in_the_prerelease_mode_and_a_later_exit_names_their_commits() {
    let world = with_changesets(Some("2.31.1"), "{}\n");
    world.write(".changeset/pre.json", r#"{"mode":"pre","tag":"next","initialVersions":{},"changesets":[]}"#);
    world.write(".changeset/x.md", "---\ncore: patch\n---\n\nLess\n");
    world.commit("fix: x");
    let wrote = world.git(&["rev-parse", "HEAD"])[..7].to_owned();
    world.relay(&["version", "--yes"]).ended_with(0);
    assert_eq!(version_in(&world, "core"), "1.0.1-next.0");
    let state: serde_json::Value = serde_json::from_str(&world.read(".changeset/pre.json")).expect("JSON");
    assert_eq!(state["changesets"], serde_json::json!(["x"]));
    assert_eq!(state["initialVersions"]["core"], "1.0.0");
    assert!(world.read(".changeset/x.md").contains("Less"));
    assert_eq!(next(&world, &[]).0, versions(&[]), "it is used up");

    // The same repo after it went on to version 3, where the next prerelease moves the file aside.
    world.write("node_modules/@changesets/cli/package.json", "{\"version\":\"3.0.3\"}\n");
    world.write(".changeset/y.md", "---\ncore: patch\n---\n\nLess still\n");
    world.commit("fix: y");
    world.relay(&["version", "--yes"]).ended_with(0);
    assert_eq!(version_in(&world, "core"), "1.0.1-next.1");
    assert!(world.read(".changeset/pre/x.md").contains("Less"));
    world.write(".changeset/pre.json", "{\"mode\":\"exit\",\"tag\":\"next\"}\n");
    world.commit("chore: exit");
    world.relay(&["version", "--yes"]).ended_with(0);
    assert_eq!(version_in(&world, "core"), "1.0.1");
    let text = world.read("packages/core/CHANGELOG.md");
    let (section, _) = text.split_once("## 1.0.1-next").expect("the prereleases are below");
    assert!(section.contains(&format!("- {wrote}: Less\n")), "{text}");
}

#[test]
fn change_files_that_ask_for_nothing_are_used_up_alone() {
    for command in [&["version", "--yes"][..], &["release", "--yes", "--no-push"]] {
        let world = npm_workspaces(&[("site", r#""version":"1.0.0","private":true"#)]);
        world.write(".changeset/config.json", "{}\n");
        world.write(".changeset/none.md", "---\n---\n\nNothing to see\n");
        world.commit("chore: x");
        world.relay(command).ended_with(0);
        assert!(!world.repo().join(".changeset/none.md").exists(), "{command:?}");
        assert_eq!(world.git(&["status", "--porcelain"]), "", "{command:?}");
    }
}

#[test]
fn private_packages_get_versions_and_tags_where_changesets_is_told_so() {
    let world = npm_workspaces(&[("site", r#""version":"1.0.0","private":true"#)]);
    world.write(".changeset/config.json", "{\"privatePackages\": {\"version\": true, \"tag\": true}}\n");
    world.write(".changeset/x.md", "---\nsite: minor\n---\n\nMore\n");
    world.commit("feat: x");
    world.relay(&["release", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(version_in(&world, "site"), "1.1.0");
    assert_eq!(world.git(&["tag", "--points-at", "HEAD"]).trim(), "site@1.1.0");
}

#[test]
fn what_pnpm_has_released_is_not_released_again() {
    let world = npm_workspaces(&[("a", r#""version":"1.1.0""#), ("b", r#""version":"1.0.0""#)]);
    world.write(".changeset/x.md", "---\na: minor\nb: patch\n---\n\nMore\n");
    world.write(".changeset/ledger.yaml", "\"a@1.1.0\":\n  dir: packages/a\n  intents:\n    - x\n");
    world.commit("chore: begin");
    assert_eq!(next(&world, &[]).0, versions(&[("b", "1.0.1")]));
    world.append(".changeset/ledger.yaml", "\"b@1.0.1\":\n  dir: packages/b\n  intents:\n    - x\n");
    world.commit("chore: version");
    assert_eq!(next(&world, &[]).0, versions(&[]));
}

#[test]
fn a_circle_that_a_peer_closes_stops_no_command() {
    let world = npm_workspaces(&[
        ("host", r#""version":"1.0.0","dependencies":{"plugin":"^1.0.0"}"#),
        ("plugin", r#""version":"1.0.0","peerDependencies":{"host":"^1.0.0"}"#),
    ]);
    world.write(".changeset/x.md", "---\nhost: patch\nplugin: patch\n---\n\nMore\n");
    world.commit("chore: begin");
    let plan = world.relay(&["plan", "--offline", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON");
    assert_eq!(plan["waves"], serde_json::json!([["plugin"], ["host"]]));
    let graph = world.relay(&["graph"]).ended_with(0);
    assert!(!graph.stderr.contains("can go first"), "{}", graph.stderr);
    world.relay(&["version", "--yes"]).ended_with(0);
    assert_eq!(version_in(&world, "host"), "1.0.1");
}
