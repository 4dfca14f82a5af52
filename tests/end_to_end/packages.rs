//! Real packages: a well-known set that depends on each other, laid out as a workspace, published and installed again.

use std::collections::BTreeSet;
use std::path::Path;

use crate::sandbox::Registry;
use crate::world::{World, tools};

/// The package at the top; everything that it needs comes along.
const TOP: &str = "@babel/core";

#[test]
fn a_well_known_set_of_packages_is_published_and_works_again() {
    let registry = Registry::with_codes();
    let mut world = World::empty();
    let modules = tools().join("node_modules");
    let mut taken = BTreeSet::new();
    take(&modules, TOP, &world, &mut taken);
    assert!(taken.len() >= 20, "{} packages", taken.len());
    world.write("package.json", "{\"name\":\"real\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    world.write("relay.toml", "[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\n");
    registry.adopt(&mut world);
    world.commit("feat: real packages");

    // Two of them peer-depend on the top package, which needs them: the peers give way, and nothing is held up.
    let ran = world.relay(&["publish", "--yes", "--ignore-scripts", "--tag", "latest", "--json"]).ended_with(0);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["packages"].as_array().expect("packages").len(), taken.len());
    assert_eq!(registry.commits().len(), taken.len());
    let said = world.install_and_run(
        &registry.url(),
        &[TOP],
        "console.log(require('@babel/core').transformSync('const  x = 1', { configFile: false, babelrc: false }).code)",
    );
    assert_eq!(said, "const x = 1;");
}

/// Copies a package and, transitively, what it depends on.
fn take(modules: &Path, name: &str, world: &World, taken: &mut BTreeSet<String>) {
    if !taken.insert(name.to_owned()) {
        return;
    }
    let folder = modules.join(name);
    let text = std::fs::read_to_string(folder.join("package.json")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("a manifest");
    crate::world::copy(&folder, &world.repo().join("packages").join(name.replace('/', "+")));
    for dependency in manifest["dependencies"].as_object().into_iter().flatten().map(|(name, _)| name) {
        take(modules, dependency, world, taken);
    }
}
