//! A dependency whose manifest is behind what its registry has of it: `workspace:*` would pin a version of long ago.

use super::{at_home_in, pnpm_workspace};
use crate::counting_registry::CountingRegistry;

#[test]
fn a_stale_manifest_stops_the_release_of_its_dependent() {
    let registry = CountingRegistry::start();
    registry.has("wasm", &["0.1.0", "0.15.0"]);
    let world = pnpm_workspace(&[
        ("wasm", "\"version\":\"0.1.0\""),
        ("sdk", "\"version\":\"1.0.0\",\"dependencies\":{\"wasm\":\"workspace:*\"}"),
    ]);
    at_home_in(&world, &registry);
    world.commit("init");
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
    assert_eq!(registry.uploads(), [""; 0]);
    assert!(ran.stderr.contains("the workspace's `wasm` is at 0.1.0, behind 0.15.0 on its registry"), "{}", ran.stderr);
    assert!(ran.stderr.contains("packages/wasm/package.json"), "the next step: {}", ran.stderr);
}

#[test]
fn a_maintenance_branch_is_compared_within_its_line() {
    let registry = CountingRegistry::start();
    registry.has("wasm", &["1.0.1", "1.4.0", "2.0.0"]);
    registry.has("sdk", &["1.0.0", "1.4.0", "2.0.0"]);
    let world = pnpm_workspace(&[
        ("wasm", "\"version\":\"1.0.1\""),
        ("sdk", "\"version\":\"1.0.1\",\"dependencies\":{\"wasm\":\"workspace:*\"}"),
    ]);
    at_home_in(&world, &registry);
    world.commit("init");
    let ran = world.relay(&["publish", "--yes", "--no-push", "--tag", "release-1.0"]).ended_with(0);
    assert_eq!(registry.uploads(), ["sdk@1.0.1"]);
    assert!(!ran.stderr.contains("behind"), "{}", ran.stderr);
}
