//! A version with build metadata, `1.2.3+build.5`: for every registry it is 1.2.3.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

#[test]
fn it_is_published_once_under_the_version_without_it() {
    let registry = CountingRegistry::start();
    let world = npm_workspaces(&[
        ("a", "\"version\":\"1.2.3+build.5\""),
        ("b", "\"version\":\"2.0.0-rc.1+x\",\"publishConfig\":{\"tag\":\"next\"},\"dependencies\":{\"a\":\"1.2.3\"}"),
    ]);
    at_home_in(&world, &registry);
    world.commit("init");
    let plan = world.relay(&["plan", "--format", "json"]).ended_with(0);
    assert!(plan.stdout.contains("\"next\": \"1.2.3\"") && !plan.stdout.contains("+build"), "{}", plan.stdout);
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(registry.uploads(), ["a@1.2.3", "b@2.0.0-rc.1"]);
    assert!(ran.stderr.contains("`1.2.3+build.5` is 1.2.3"), "{}", ran.stderr);
    let (_, document) = &registry.documents()[0];
    assert_eq!(document["versions"]["1.2.3"]["version"], "1.2.3");
    assert_eq!(document["dist-tags"]["latest"], "1.2.3");
    assert!(document["_attachments"]["a-1.2.3.tgz"].is_object());
    let tags = world.git(&["tag", "--list"]);
    assert_eq!(tags.lines().collect::<Vec<_>>(), ["a@1.2.3", "b@2.0.0-rc.1"]);
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(registry.uploads().len(), 2, "what is live is live");
}

#[test]
fn a_spelling_that_npm_would_change_is_named_with_what_it_means() {
    let world = npm_workspaces(&[("a", "\"version\":\"v1.2.3\"")]);
    world.commit("init");
    let ran = world.relay(&["plan", "--offline"]).ended_with(1);
    assert!(ran.stderr.contains("npm would publish the version `v1.2.3` as 1.2.3"), "{}", ran.stderr);
}
