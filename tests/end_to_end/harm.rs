//! What once went wrong, or could: wrong bytes, wrong hosts, nothing installable. Each row by its name, against loopback
//! registries that count what reaches them.

mod another_version_inside;
mod behind_the_registry;
mod build_metadata;
mod catalogs_follow;
mod checkout_names_a_host;
mod direction_marks;
mod echoed_token;
mod foreign_packument;
mod git_at_the_end;
mod git_settings;
mod given_away;
mod hangup;
mod idle_pattern;
mod manager_registries;
mod nothing_wrong;
mod odd_manifests;
mod owner_of_a_package;
mod planned_credential;
mod refused_read;
mod scripts_change_settings;
mod self_signed_certificate;
mod settings_of_npm;
mod shallow_clone;
mod sibling_range;
mod sparse_checkout;
mod special_files;
mod token_of_another_registry;
mod undeclared_token;

use crate::counting_registry::CountingRegistry;
use crate::world::World;

/// A world with npm workspaces over `packages/*`, not committed yet; each package is its name and its manifest's other fields
/// as JSON without braces, such as `"version":"1.0.0"`.
pub(crate) fn npm_workspaces(packages: &[(&str, &str)]) -> World {
    let world = World::empty();
    world.write("package.json", "{\"name\":\"root\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    add_packages(&world, packages);
    world
}

/// The same with pnpm.
pub(crate) fn pnpm_workspace(packages: &[(&str, &str)]) -> World {
    let world = World::empty();
    world.write("package.json", "{\"name\":\"root\",\"private\":true,\"packageManager\":\"pnpm@10.0.0\"}\n");
    world.write("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
    add_packages(&world, packages);
    world
}

fn add_packages(world: &World, packages: &[(&str, &str)]) {
    for (name, fields) in packages {
        let folder = name.rsplit('/').next().unwrap_or(name);
        world.write(&format!("packages/{folder}/package.json"), &format!("{{\"name\":\"{name}\",{fields}}}\n"));
        world.write(&format!("packages/{folder}/index.js"), "module.exports = 1\n");
    }
}

/// The person's own `.npmrc`: the registry, and a token for it.
pub(crate) fn at_home_in(world: &World, registry: &CountingRegistry) {
    let text = format!("registry={}\n{}:_authToken=tok-1\n", registry.url(), registry.config_key());
    std::fs::write(world.beside("home").join(".npmrc"), text).expect("an .npmrc");
}
