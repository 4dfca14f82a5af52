//! A sparse or partial clone: what is not here is not taken for what isn't there.

use std::process::Command;

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

#[test]
fn packages_that_a_sparse_checkout_leaves_out_stop_a_release() {
    let registry = CountingRegistry::start();
    let world = npm_workspaces(&[
        ("a", "\"version\":\"1.0.0\""),
        ("b", "\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"^1.0.0\"}"),
    ]);
    at_home_in(&world, &registry);
    world.write("packages/a/lib/x.js", "1\n");
    world.write(".changeset/x.md", "---\n\"a\": major\n---\n\nx\n");
    world.commit("init");
    world.git(&["sparse-checkout", "set", "--cone", "packages/a", ".changeset"]);
    for command in
        [&["plan", "--offline"][..], &["version", "--yes"], &["release", "--yes"], &["publish", "--yes", "--no-push"]]
    {
        let ran = world.relay(command).ended_with(1);
        assert!(ran.stderr.contains("git sparse-checkout add packages/b"), "{}", ran.stderr);
    }
    assert_eq!(registry.uploads(), [""; 0]);
    world.relay(&["pack", "--filter", "a", "--dry-run"]).ended_with(0);
    // A package of which files are left out is packed no more than it is published.
    world.git(&["sparse-checkout", "set", "--cone", "packages/a/other", "packages/b", ".changeset"]);
    for command in [&["pack", "--filter", "a", "--dry-run"][..], &["publish", "--yes", "--no-push"]] {
        let ran = world.relay(command).ended_with(1);
        assert!(ran.stderr.contains("git sparse-checkout add packages/a`"), "{}", ran.stderr);
    }
    world.git(&["sparse-checkout", "add", "packages/a"]);
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(registry.uploads(), ["a@1.0.0", "b@1.0.0"]);
}

#[test]
fn what_a_partial_clone_lacks_is_fetched() {
    let world = npm_workspaces(&[("a", "\"version\":\"0.9.0\"")]);
    world.commit("init");
    for (version, message) in [("1.0.0", "release"), ("1.0.0", "feat: more"), ("1.0.0", "fix: less")] {
        world.write(
            "packages/a/package.json",
            &format!("{{\"name\":\"a\",\"version\":\"{version}\",\"description\":\"{message}\"}}\n"),
        );
        world.commit(message);
    }
    world.git(&["config", "uploadpack.allowFilter", "true"]);
    world.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    for filter in ["blob:none", "tree:0"] {
        let clone = world.beside(&filter.replace(':', "-"));
        let url = format!("file://{}", world.repo().display());
        world.git(&["clone", "-q", &format!("--filter={filter}"), &url, clone.to_str().expect("a path")]);
        let mut relay = Command::new(env!("CARGO_BIN_EXE_relay"));
        let ran = world.run(relay.args(["plan", "--offline"]).current_dir(&clone)).ended_with(0);
        assert!(ran.stdout.contains("1.1.0"), "{filter}: {}", ran.stdout);
    }
}
