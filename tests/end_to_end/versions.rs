//! Which versions a repo gets, by its commits, by changesets of either version, beside pnpm's own release command.

use std::collections::BTreeMap;

use crate::counting_registry::CountingRegistry;
use crate::harm::{at_home_in, npm_workspaces};
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
    let squashed = "lines in its body that are not counted: `feat(d): more` (minor), `fix: less` (patch)";
    assert!(ran.stderr.contains(squashed), "{}", ran.stderr);
    assert!(ran.stderr.contains("\"Update stuff\" is not in the form `type: subject`"), "{}", ran.stderr);
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
fn commits_that_are_not_counted_stand_in_the_plan() {
    let world = changed_by_commits(&[
        ("d", "1.0.0", "Harden (#14)\n\n* fix: less\n* feat(d): more"),
        ("e", "1.0.0", "Update stuff"),
        ("z", "0.1.0", "Rework\n\n- feat!: other"),
    ]);
    world.append("packages/d/index.js", "// both\n");
    world.append("packages/e/index.js", "// both\n");
    world.commit("Touch two");
    let ran = world.relay(&["plan", "--offline", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let findings = plan["findings"].as_array().cloned().unwrap_or_default();
    let said = |package: &str, text: &str| {
        findings.iter().any(|finding| {
            (&finding["severity"], &finding["package"]) == (&"warning".into(), &package.into())
                && finding["text"].as_str().unwrap_or_default().contains(text)
        })
    };
    assert!(said(
        "d",
        "\"Harden (#14)\" has lines in its body that are not counted: `feat(d): more` (minor), `fix: less`"
    ));
    assert!(said("e", "\"Update stuff\" is not in the form `type: subject`, and so asks for no version"));
    assert!(said("z", "`feat!: other` (minor)"), "below 1.0.0: {findings:?}");
    assert!(said("d", "\"Touch two\"") && said("e", "\"Touch two\""), "{findings:?}");
    let shown = world.relay(&["plan", "--offline"]).ended_with(0).stdout;
    assert!(shown.contains("warning: d, e: the commit") && shown.contains("\"Touch two\""), "{shown}");
    let shown = world.relay(&["plan", "--offline", "--format", "markdown"]).ended_with(0).stdout;
    assert!(shown.contains("Touch two"), "{shown}");

    // With nothing to release, the log says it too where the document is for a program.
    let overlooked = changed_by_commits(&[("d", "1.0.0", "Harden (#14)\n\n* feat(d): more")]);
    for format in ["json", "markdown"] {
        let ran = overlooked.relay(&["plan", "--offline", "--format", format]).ended_with(0);
        assert!(ran.stderr.contains("hint: d: the commit") && ran.stderr.contains("Harden (#14)"), "{}", ran.stderr);
    }
    let ran = overlooked.relay(&["plan", "--offline"]).ended_with(0);
    assert_eq!((ran.stdout.matches("Harden (#14)").count(), ran.stderr.matches("Harden").count()), (1, 0));
}

#[test]
fn commits_that_are_too_many_to_be_named_are_counted() {
    let world = changed_by_commits(&[("e", "1.0.0", "Update stuff")]);
    for number in 0..50 {
        world.git(&["commit", "--quiet", "--allow-empty", "-m", &format!("Nothing {number}")]);
        world.append("packages/e/index.js", "// more\n");
        world.commit(&format!("Update {number}"));
    }
    let ran = world.relay(&["plan", "--offline", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let findings = plan["findings"].as_array().cloned().unwrap_or_default();
    let of_package = findings.iter().filter(|finding| finding["package"] == "e").count();
    assert_eq!(of_package, 50);
    let rest = findings.iter().find(|finding| finding["package"].is_null()).expect("the rest is counted");
    assert!(rest["text"].as_str().unwrap_or_default().starts_with("1 more commit"), "{rest}");
}

/// A private package beside a public one that nothing happens to.
fn with_a_private_package(version: &str, settings: &str) -> World {
    let world = npm_workspaces(&[
        ("lib", r#""version":"1.0.0""#),
        ("site", &format!(r#""version":"{version}","private":true"#)),
    ]);
    world.write("relay.toml", settings);
    world.commit("chore: begin");
    world.git(&["tag", "lib@1.0.0"]);
    world.git(&["tag", &format!("site@{version}")]);
    world
}

#[test]
fn a_saved_plan_remembers_which_private_packages_graduate() {
    let registry = CountingRegistry::start();
    let mut world = with_a_private_package("2.0.0-rc.1", "[release]\nversion-private = true\n");
    at_home_in(&world, &registry);
    world.commit("chore: registry");
    world.append("packages/lib/index.js", "// more\n");
    world.commit("feat: more");
    world.set("NPM_TOKEN", "x");
    let path = world.beside("plans").join("plan.json");
    let path = path.to_str().expect("a path");
    world.relay(&["plan", "--out", path, "--graduate=site"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).expect("a plan")).expect("JSON");
    assert_eq!(plan["versioned"][0]["next"], "2.0.0", "{plan}");
    assert_eq!(plan["versioned"][0]["reasons"][0]["kind"], "graduation", "{plan}");
    world.relay(&["release", "--yes", "--no-push", "--plan", path]).ended_with(0);
    assert_eq!((version_in(&world, "site").as_str(), version_in(&world, "lib").as_str()), ("2.0.0", "1.1.0"));
}

#[test]
fn a_plan_shows_versions_of_which_nothing_is_published() {
    let world = with_a_private_package("1.0.0", "[release]\nversion-private = true\n");
    world.append("packages/site/index.js", "// more\n");
    world.commit("feat: more");
    let ran = world.relay(&["plan", "--offline", "--detailed-exitcode"]).ended_with(2);
    assert!(ran.stdout.contains("Nothing to publish\n"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("1 package gets a version and is not published:\n  site  1.0.0 → 1.1.0  minor: feat: more"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stderr.contains("nothing to release"), "{}", ran.stderr);
    let markdown = world.relay(&["plan", "--offline", "--format", "markdown"]).ended_with(0).stdout;
    assert!(markdown.contains("- `site` 1.0.0 → 1.1.0: minor: feat: more"), "{markdown}");
    let path = world.beside("plans").join("plan.json");
    let path = path.to_str().expect("a path");
    world.relay(&["plan", "--offline", "--out", path]).ended_with(0);
    world.append("packages/site/index.js", "// other\n");
    world.commit("feat!: other");
    let ran = world.relay(&["plan", "--offline", "--against", path]).ended_with(0);
    assert!(ran.stdout.contains("~ site: version, not published: 1.1.0 → 2.0.0"), "{}", ran.stdout);
    let refused = world.relay(&["release", "--yes", "--no-push", "--plan", path]).ended_with(1);
    assert!(
        refused.stderr.contains("`site`, which is not published, would get the version 2.0.0"),
        "{}",
        refused.stderr
    );
}

#[test]
fn the_prerelease_mode_ends_with_nothing_left_to_finish() {
    for installed in ["2.31.1", "3.0.3"] {
        for command in [&["version", "--yes"][..], &["release", "--yes", "--no-push"]] {
            let world = with_changesets(Some(installed), "{\"access\":\"public\"}\n");
            let registry = CountingRegistry::start();
            at_home_in(&world, &registry);
            world.commit("chore: begin");
            world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
            world.write(".changeset/pre.json", r#"{"mode":"exit","tag":"next","initialVersions":{},"changesets":[]}"#);
            world.commit("chore: exit");
            world.relay(command).ended_with(0);
            assert!(!world.repo().join(".changeset/pre.json").exists(), "{installed} {command:?}");
            assert_eq!(world.git(&["status", "--porcelain"]), "", "{installed} {command:?}");
            assert_eq!(version_in(&world, "core"), "1.0.0");
        }
    }
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

    // pnpm makes versions of change files alone.
    world.append("packages/a/index.js", "// more\n");
    world.commit("feat: more");
    assert_eq!(next(&world, &[]).0, versions(&[]));
    let ran = world.relay(&["plan", "--offline"]).ended_with(0);
    assert!(ran.stderr.contains("not counted because `.changeset/ledger.yaml` is there"), "{}", ran.stderr);
    world.write("relay.toml", "[release]\nchanges = [\"changesets\", \"conventional-commits\"]\n");
    assert_eq!(next(&world, &[]).0, versions(&[("a", "1.2.0")]));
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

#[test]
fn version_commits_what_release_would_and_leaves_no_trace_of_a_run() {
    let packages = [("a", "1.0.0", "feat: a"), ("b", "1.0.0", "fix: b")];
    let alone = changed_by_commits(&packages);
    alone.relay(&["version", "--yes"]).ended_with(0);
    let message = alone.git(&["log", "-1", "--format=%B"]);
    assert_eq!(message.trim(), "chore(release): publish\n\n- a@1.1.0\n- b@1.0.1");
    assert!(!alone.repo().join(".git/relay/journal.ndjson").exists(), "nothing is unfinished");

    let home = CountingRegistry::start();
    let released = changed_by_commits(&packages);
    at_home_in(&released, &home);
    released.commit("chore: settings");
    released.relay(&["release", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(released.git(&["log", "-1", "--format=%B"]), message);
}
