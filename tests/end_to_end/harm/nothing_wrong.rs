//! The control of all rows: where nothing is wrong, nothing is held up, and each version is sent once.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

#[test]
fn a_sound_workspace_is_published_once() {
    let registry = CountingRegistry::start();
    let world = npm_workspaces(&[
        ("a", "\"version\":\"1.0.0\""),
        ("@s/b", "\"version\":\"2.0.0\",\"dependencies\":{\"a\":\"^1.0.0\"}"),
    ]);
    at_home_in(&world, &registry);
    world.commit("init");
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(registry.uploads(), ["a@1.0.0", "@s/b@2.0.0"]);
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(registry.uploads().len(), 2, "nothing is sent twice");
}
