//! A pattern of relay.toml that matches no package: a typo that turns a strict package into the default.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

#[test]
fn each_pattern_and_registry_without_effect_is_named() {
    let registry = CountingRegistry::start();
    let world = npm_workspaces(&[("@acme/core", "\"version\":\"1.0.0\"")]);
    at_home_in(&world, &registry);
    world.write(
        "relay.toml",
        "[release]\nignore = [\"zzz\"]\n[[policy]]\npackages = [\"@acme/cor\"]\npublishing-access = \"publish\"\n\
         [[registry]]\nurl = \"https://registry.example/\"\nrules = \"npm\"\n",
    );
    world.commit("init");
    let ran = world.relay(&["plan", "--offline"]);
    let said = ran.stdout + &ran.stderr;
    assert!(said.contains("`@acme/cor` under `[[policy]]` in relay.toml matches no package"), "{said}");
    assert!(said.contains("the nearest name is `@acme/core`"), "{said}");
    assert!(said.contains("`zzz` under `[release] ignore`"), "{said}");
    assert!(said.contains("no package of the workspace goes to `https://registry.example/`"), "{said}");
}
