//! Manifests that other tools write or tolerate: read as the managers read them.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

#[test]
fn what_npm_or_bun_keep_as_private_is_not_published() {
    let registry = CountingRegistry::start();
    let world = npm_workspaces(&[
        ("text", "\"version\":\"1.0.0\",\"private\":\"false\""),
        ("number", "\"version\":\"1.0.0\",\"private\":1"),
        ("list", "\"version\":\"1.0.0\",\"private\":[]"),
        ("zero", "\"version\":\"1.0.0\",\"private\":0"),
        ("null", "\"version\":\"1.0.0\",\"private\":null"),
    ]);
    at_home_in(&world, &registry);
    world.commit("init");
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    let mut uploads = registry.uploads();
    uploads.sort();
    assert_eq!(uploads, ["null@1.0.0", "zero@1.0.0"]);
    assert!(ran.stderr.contains("`private` is `\"false\"`, which npm and bun take for `true`"), "{}", ran.stderr);
}

#[test]
fn a_version_of_null_is_no_version_for_every_command() {
    let registry = CountingRegistry::start();
    let world = npm_workspaces(&[
        ("docs", "\"version\":null,\"private\":true,\"dependencies\":{\"lib\":\"^1.0.0\"}"),
        ("lost", "\"version\":null"),
        ("lib", "\"version\":\"1.0.0\""),
    ]);
    world.write(".changeset/fix.md", "---\n\"lib\": major\n---\n\nOther\n");
    at_home_in(&world, &registry);
    world.commit("init");
    world.relay(&["graph"]).ended_with(0);
    world.relay(&["plan"]).ended_with(0);
    let ran = world.relay(&["pack", "--json", "--out", "../packed"]).ended_with(0);
    assert!(ran.stdout.contains("lib-1.0.0.tgz"), "{}", ran.stdout);
    world.relay(&["release", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(registry.uploads(), ["lib@2.0.0"]);
    let docs = world.read("packages/docs/package.json");
    assert!(docs.contains("\"version\":null") && docs.contains("\"lib\":\"^2.0.0\""), "{docs}");
}

#[test]
fn yarns_prefix_before_a_range_is_an_edge_and_stays() {
    let world = npm_workspaces(&[
        ("y", "\"version\":\"1.0.0\""),
        ("x", "\"version\":\"1.0.0\",\"devDependencies\":{\"y\":\"npm:^1.0.0\"}"),
        ("z", "\"version\":\"1.0.0\",\"dependencies\":{\"y\":\"npm:^1.0.0\"}"),
    ]);
    let root =
        "{\"name\":\"root\",\"private\":true,\"packageManager\":\"yarn@4.18.1\",\"workspaces\":[\"packages/*\"]}\n";
    world.write("package.json", root);
    world.write(".changeset/big.md", "---\n\"y\": major\n---\n\nOther\n");
    world.commit("init");
    let graph = world.relay(&["graph", "--format", "json"]).ended_with(0).stdout;
    let graph: serde_json::Value = serde_json::from_str(&graph).expect("JSON");
    let edges = graph["edges"].as_array().expect("edges");
    assert!(edges.iter().any(|edge| edge["from"] == "z" && edge["to"] == "y" && edge["orders"] == true), "{graph}");
    let refused = world.relay(&["plan", "--offline", "--check"]);
    assert_ne!(refused.code, 0, "npm could not install z");
    assert!(format!("{}{}", refused.stdout, refused.stderr).contains("write `^1.0.0`"), "{}", refused.stdout);
    world.relay(&["version", "--yes"]).ended_with(0);
    assert!(world.read("packages/x/package.json").contains("\"y\":\"npm:^2.0.0\""), "dev ranges follow");
    let z = world.read("packages/z/package.json");
    assert!(z.contains("\"version\":\"1.0.1\"") && z.contains("\"y\":\"npm:^2.0.0\""), "{z}");
}
