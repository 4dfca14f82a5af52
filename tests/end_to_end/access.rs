//! What relay makes of a package's publishing access: declared, learnt, and never weakened (invariant I6).

use crate::sandbox::Registry;
use crate::unfinished::pearls;

/// `.npmrc` with one token from a variable, and `relay.toml` as given.
fn settings(world: &crate::world::World, registry: &Registry, variable: &str, relay_toml: &str) {
    let key = registry.url().trim_start_matches("http:").to_owned();
    world.write(".npmrc", &format!("registry={}\n{key}:_authToken=${{{variable}}}\n", registry.url()));
    world.write("relay.toml", &relay_toml.replace("URL", &registry.url()));
    world.commit("chore: settings");
}

#[test]
fn a_token_that_was_at_fault_is_not_taken_for_a_package_that_disallows_tokens() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    settings(&world, &registry, "SESSION_TOKEN", "[[registry]]\nurl = \"URL\"\nrules = \"npm\"\n");
    let ran = world.relay(&["publish", "--yes"]);
    assert!(ran.stderr.contains("does not bypass 2FA, or the package disallows tokens"), "{}", ran.stderr);
    assert!(registry.committed().is_empty());
    // With the right token nothing is in the way: no wrong lesson was learnt.
    settings(&world, &registry, "NPM_TOKEN", "[[registry]]\nurl = \"URL\"\nrules = \"npm\"\n");
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(registry.committed().len(), 2);
}

#[test]
fn a_declared_access_counts_on_any_registry() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    let policy = "[[policy]]\npackages = [\"pearl\"]\npublishing-access = \"publish\"\n";
    settings(&world, &registry, "NPM_TOKEN", policy);
    let ran = world.relay(&["publish", "--yes"]).ended_with(4);
    assert!(ran.stderr.contains("disallow tokens"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 0, "no token is sent for it, and its dependent waits");
}

#[test]
fn a_registry_that_challenges_is_not_taken_for_one_that_does_not_again() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    settings(&world, &registry, "SESSION_TOKEN", "");
    world.relay(&["publish", "--yes"]).ended_with(4);
    assert!(registry.committed().is_empty());
    let ran = world.relay(&["plan", "--filter", "pearl"]).ended_with(0);
    assert!(ran.stdout.contains("was learnt on") && ran.stdout.contains("(`SESSION_TOKEN`)"), "{}", ran.stdout);
}

#[test]
fn a_token_that_has_ended_is_known_before_anything_is_written() {
    let registry = Registry::with_codes();
    let mut world = pearls(&registry, "");
    registry.seed(&world);
    world.set("NPM_TOKEN", "npm_0000000000000000000000000000000000dead");
    world.set("SESSION_TOKEN", "npm_0000000000000000000000000000000000gone");
    world.write(".changeset/shine.md", "---\npearl: minor\n---\n\nShine\n");
    world.commit("docs: a change");
    let head = world.git(&["rev-parse", "HEAD"]);
    let ran = world.relay(&["release", "--yes"]).ended_with(1);
    assert!(
        ran.stderr.contains("the registry does not know the one from environment variable `NPM_TOKEN` (401)"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("npm login"), "{}", ran.stderr);
    assert_eq!((registry.puts(), world.git(&["rev-parse", "HEAD"])), (0, head));
}
