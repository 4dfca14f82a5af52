//! A registry that refuses to be read: whoever is told to log in is told where.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

#[test]
fn the_commands_name_the_registry_and_the_package() {
    for (status, body) in [
        (401, "{}"),
        (403, "{}"),
        (403, "{\"error\":\"You do not have permission to read this package\"}"),
        (402, "{}"),
        (418, "{}"),
    ] {
        let registry = CountingRegistry::start();
        let world = npm_workspaces(&[("@acme/a", "\"version\":\"1.0.0\"")]);
        at_home_in(&world, &registry);
        world.commit("init");
        registry.tells("GET", "@acme/a", status, body);
        let ran = world.relay(&["plan"]).ended_with(1);
        assert!(!ran.stderr.contains("<url>") && !ran.stderr.contains("<package>"), "{status}: {}", ran.stderr);
        if matches!(status, 401 | 403) {
            assert!(ran.stderr.contains(&format!("npm login --registry={}`", registry.url())), "{}", ran.stderr);
        }
    }
}
