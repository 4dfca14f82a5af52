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
