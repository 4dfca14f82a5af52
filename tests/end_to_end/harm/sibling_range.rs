//! A range of a package of the same workspace that no version satisfies: whoever installs the dependent gets `ETARGET`.

use super::{at_home_in, npm_workspaces, pnpm_workspace};
use crate::counting_registry::CountingRegistry;

#[test]
fn a_range_that_no_version_is_in_stops_everything() {
    let registry = CountingRegistry::start();
    registry.has("c", &["0.9.0", "1.0.0"]);
    let world = npm_workspaces(&[
        ("a", "\"version\":\"1.0.0\""),
        ("b", "\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"^9.0.0\"}"),
        ("c", "\"version\":\"1.0.0\""),
        ("d", "\"version\":\"1.0.0\",\"dependencies\":{\"c\":\"^0.9.0\"},\"peerDependencies\":{\"old\":\"npm:a@^2\"}"),
        (
            "e",
            "\"version\":\"1.0.0\",\"peerDependencies\":{\"a\":\"^3\"},\"peerDependenciesMeta\":{\"a\":{\"optional\":true}}",
        ),
    ]);
    at_home_in(&world, &registry);
    world.commit("init");
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
    assert_eq!(registry.uploads(), [""; 0]);
    let said = ran.stderr;
    assert!(
        said.contains("its `dependencies` have `a` as `^9.0.0`, which the workspace's 1.0.0 is not in, and its registry does not know it"),
        "{said}"
    );
    assert!(said.contains("have `a` as `npm:a@^2`"), "an alias is the same: {said}");
    assert!(!said.contains("have `c`"), "0.9.0 of it is live: {said}");
    assert!(said.contains("warning: e: its `peerDependencies` have `a` as `^3`"), "an optional peer: {said}");
    world.relay(&["plan", "--check"]).ended_with(1);
    world.append("packages/b/index.js", "// more\n");
    world.commit("feat: more");
    let offline = world.relay(&["plan", "--offline", "--format", "json"]).ended_with(0);
    assert!(
        offline.stdout.contains("whether a registry has a version in that range was not asked"),
        "{}",
        offline.stdout
    );
}

#[test]
fn a_sibling_that_is_never_published_is_looked_up() {
    let registry = CountingRegistry::start();
    registry.has("express", &["4.0.0", "4.1.0"]);
    let world = npm_workspaces(&[
        ("a", ""),
        ("express", "\"private\":true"),
        ("b", "\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"^1.0.0\"}"),
        ("c", "\"version\":\"1.0.0\",\"dependencies\":{\"express\":\"^4.0.0\"}"),
    ]);
    world.write("packages/a/package.json", "{\"name\":\"a\"}\n");
    at_home_in(&world, &registry);
    world.commit("init");
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
    assert_eq!(registry.uploads(), [""; 0]);
    assert!(
        ran.stderr.contains("the workspace's `a` has no version, and its registry does not know it"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("have `express`"), "a version of the registry is in the range: {}", ran.stderr);
}

#[test]
fn packing_refuses_a_workspace_range_that_nothing_is_in() {
    let world = pnpm_workspace(&[
        ("a", "\"version\":\"1.0.0\""),
        ("b", "\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"workspace:^9.0.0\"}"),
        ("c", "\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"catalog:old\"}"),
    ]);
    world.append("pnpm-workspace.yaml", "catalogs:\n  old:\n    a: ^7.0.0\n");
    let registry = CountingRegistry::start();
    at_home_in(&world, &registry);
    world.commit("init");
    let out = world.beside("out");
    let ran = world.relay(&["pack", "--filter", "b", "--out", out.to_str().expect("UTF-8")]).ended_with(1);
    assert!(
        ran.stderr.contains("`b` depends on `a` by `workspace:^9.0.0`, but that package is at 1.0.0"),
        "{}",
        ran.stderr
    );
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
    assert_eq!(registry.uploads(), [""; 0]);
    assert!(ran.stderr.contains("have `a` as `catalog:old`, which the workspace's 1.0.0 is not in"), "{}", ran.stderr);
    assert!(ran.stderr.contains("have `a` as `workspace:^9.0.0`"), "{}", ran.stderr);
}

#[test]
fn a_dist_tag_that_leads_nowhere_or_elsewhere_is_told() {
    let registry = CountingRegistry::start();
    registry.has("a", &["0.9.0", "1.0.0"]);
    registry.change("a", |packument| {
        packument["dist-tags"]["old"] = "0.9.0".into();
        packument["dist-tags"]["here"] = "1.0.0".into();
    });
    let world = npm_workspaces(&[
        ("a", "\"version\":\"1.0.0\""),
        ("new", "\"version\":\"1.0.0\",\"publishConfig\":{\"tag\":\"beta\"}"),
        ("b", "\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"next\"}"),
        ("c", "\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"old\"},\"devDependencies\":{\"new\":\"next\"}"),
        ("d", "\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"here\",\"new\":\"beta\",\"alias\":\"npm:a@latest\"}"),
        (
            "e",
            "\"version\":\"1.0.0\",\"optionalDependencies\":{\"other\":\"npm:a@next\"},\"dependencies\":{\"new\":\"latest\"}",
        ),
        (
            "f",
            "\"version\":\"1.0.0\",\"peerDependencies\":{\"a\":\"next\"},\"peerDependenciesMeta\":{\"a\":{\"optional\":true}}",
        ),
    ]);
    at_home_in(&world, &registry);
    world.commit("init");
    let ran = world.relay(&["plan", "--format", "json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let findings = plan["findings"].as_array().expect("findings").iter();
    let about_tags = findings.filter(|finding| text(&finding["text"]).contains("a dist-tag"));
    let mut told: Vec<_> = about_tags
        .map(|finding| {
            format!("{} {}: {}", text(&finding["package"]), text(&finding["severity"]), text(&finding["text"]))
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "b error: its `dependencies` have `a` as `next`, a dist-tag that its registry has not, so it can't be installed",
            "c warning: its `dependencies` have `a` as `old`, a dist-tag that leads to 0.9.0 on its registry and not to the \
             workspace's 1.0.0",
            "e error: its `dependencies` have `new` as `latest`, a dist-tag and its registry does not know `new`, so it can't \
             be installed",
            "e error: its `optionalDependencies` have `a` as `npm:a@next`, a dist-tag that its registry has not, so it can't \
             be installed",
            "f warning: its `peerDependencies` have `a` as `next`, a dist-tag that its registry has not, so the optional peer \
             can't be had",
        ]
    );
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
    assert_eq!(registry.uploads(), [""; 0]);
}

#[test]
fn a_peers_alternatives_are_looked_at_one_by_one() {
    let registry = CountingRegistry::start();
    let peer = |range: &str| format!("\"version\":\"1.0.0\",\"peerDependencies\":{{\"a\":\"{range}\"}}");
    let good = [
        "workspace:^1.0.0 || workspace:^3.0.0",
        "workspace:^1.0.0 || ^3.0.0",
        "^1.0.0 || workspace:^",
        "workspace:^1 || ^3",
    ];
    let bad = ["workspace:^1.0.0 || workspace:^2.0.0", "workspace:^1.0.0 || ^2.0.0", "^1.0.0 || ^2.0.0"];
    let names: Vec<String> = (0..good.len() + bad.len()).map(|number| format!("p{number}")).collect();
    let fields: Vec<String> = good.iter().chain(&bad).map(|range| peer(range)).collect();
    let mut packages = vec![("a", "\"version\":\"3.0.0\"")];
    packages.extend(names.iter().map(String::as_str).zip(fields.iter().map(String::as_str)));
    let world = pnpm_workspace(&packages);
    at_home_in(&world, &registry);
    world.commit("init");
    let ran = world.relay(&["plan", "--format", "json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    let errors = plan["findings"].as_array().expect("findings").iter().filter(|finding| finding["severity"] == "error");
    let mut told: Vec<_> = errors.map(|finding| finding["package"].as_str().unwrap_or_default()).collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told, names[good.len()..].iter().map(String::as_str).collect::<Vec<_>>(), "{}", plan["findings"]);
    // What is packed says the same, and has no protocol in it.
    let out = world.beside("out");
    for (name, expected) in names.iter().zip(["^1.0.0 || ^3.0.0", "^1.0.0 || ^3.0.0", "^1.0.0 || ^3.0.0", "^1 || ^3"]) {
        let folder = out.to_str().expect("UTF-8");
        world.relay(&["pack", "--filter", name, "--out", folder]).ended_with(0);
        let tarball = format!("{name}-1.0.0.tgz");
        let manifest = world
            .run(std::process::Command::new("tar").args(["-xOzf", &tarball, "package/package.json"]).current_dir(&out));
        let manifest: serde_json::Value = serde_json::from_str(&manifest.stdout).expect("a manifest");
        assert_eq!(manifest["peerDependencies"]["a"], expected, "{name}");
    }
    for name in &names[good.len()..good.len() + 2] {
        world.relay(&["pack", "--filter", name, "--out", out.to_str().expect("UTF-8")]).ended_with(1);
    }
}
