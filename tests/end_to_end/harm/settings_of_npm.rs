//! `tag`, `ignore-scripts` and `dry-run` of `.npmrc` and of `npm_config_*`, and a token for one host in a variable.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;
use crate::world::World;

fn world(registry: &CountingRegistry, settings: &str) -> World {
    let world =
        npm_workspaces(&[("a", "\"version\":\"1.0.0\",\"scripts\":{\"prepack\":\"node -e \\\"process.exit(3)\\\"\"}")]);
    at_home_in(&world, registry);
    let path = world.beside("home").join(".npmrc");
    let home = std::fs::read_to_string(&path).expect("an .npmrc");
    std::fs::write(path, format!("{home}{settings}")).expect("an .npmrc");
    world.commit("init");
    world
}

#[test]
fn they_count_as_for_npm() {
    let registry = CountingRegistry::start();
    let mut by_variable = world(&registry, "");
    by_variable.set("npm_config_dry_run", "true");
    for world in [world(&registry, "dry-run=true\n"), by_variable] {
        let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
        assert!(ran.stderr.contains("makes this a dry run"), "{}", ran.stderr);
        assert!(registry.uploads().is_empty(), "a dry run sends nothing");
    }
    let world = world(&registry, "tag=next\nignore-scripts=true\n");
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert!(ran.stderr.contains("`ignore-scripts` in `~/.npmrc` leaves lifecycle scripts out"), "{}", ran.stderr);
    let (id, document) = registry.documents().remove(0);
    assert_eq!((id.as_str(), &document["dist-tags"]), ("a@1.0.0", &serde_json::json!({ "next": "1.0.0" })));
}

#[test]
fn a_token_for_one_host_in_a_variable_is_read() {
    let registry = CountingRegistry::start();
    let mut world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
    world.commit("init");
    world.set("npm_config_registry", registry.url());
    world.set(&format!("npm_config_{}:_authToken", registry.config_key()), "tok-of-variable");
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(registry.uploads(), ["a@1.0.0"]);
    assert!(
        registry
            .asked()
            .iter()
            .all(|asked| asked.headers.get("authorization").is_none_or(|value| value == "Bearer tok-of-variable"))
    );
}
