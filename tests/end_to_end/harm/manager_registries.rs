//! The manager's own settings of registries: a scope goes where they say, with their credential; two files that disagree stop
//! the run before anything is sent.

use super::at_home_in;
use crate::counting_registry::{Asked, CountingRegistry};
use crate::world::World;

/// `@corp/a` and `b` in a repository of a manager, with a file of settings in which `CORP` is the company's registry.
fn world(manager: &str, file: &str, text: &str, home: &CountingRegistry, corp: &CountingRegistry) -> World {
    let world = World::empty();
    world.write(
        "package.json",
        &format!(
            "{{\"name\":\"root\",\"private\":true,\"packageManager\":\"{manager}\",\"workspaces\":[\"packages/*\"]}}\n"
        ),
    );
    let packages = if manager.starts_with("pnpm") { "packages: ['packages/*']\n" } else { "" };
    if !packages.is_empty() {
        world.write("pnpm-workspace.yaml", packages);
    }
    world.append(file, &text.replace("CORP", corp.url()));
    world.write("packages/a/package.json", "{\"name\":\"@corp/a\",\"version\":\"1.0.0\"}\n");
    world.write("packages/b/package.json", "{\"name\":\"b\",\"version\":\"1.0.0\"}\n");
    at_home_in(&world, home);
    let npmrc = world.beside("home").join(".npmrc");
    let before = std::fs::read_to_string(&npmrc).expect("an .npmrc");
    std::fs::write(&npmrc, format!("{before}{}:_authToken=tok-corp\n", corp.config_key())).expect("an .npmrc");
    world.commit("init");
    world
}

fn credentials(asked: &[Asked]) -> Vec<String> {
    let mut all: Vec<String> = asked.iter().filter_map(|asked| asked.headers.get("authorization").cloned()).collect();
    all.sort();
    all.dedup();
    all
}

#[track_caller]
fn followed(manager: &str, file: &str, text: &str, credential: &str) {
    let (home, corp) = (CountingRegistry::start(), CountingRegistry::start());
    let mut world = world(manager, file, text, &home, &corp);
    world.set("COMPANY_TOKEN", "tok-var");
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!((corp.uploads(), home.uploads()), (vec!["@corp/a@1.0.0".to_owned()], vec!["b@1.0.0".to_owned()]));
    assert_eq!(credentials(&corp.asked()), [credential], "{text}");
    assert_eq!(credentials(&home.asked()), ["Bearer tok-1"]);
    assert!(ran.stderr.contains(&format!("in `{file}`")), "the source is told: {}", ran.stderr);
}

#[test]
fn a_scope_goes_where_the_managers_own_file_says() {
    followed("pnpm@12.21.0", "pnpm-workspace.yaml", "registries:\n  '@corp': CORP\n", "Bearer tok-corp");
    followed("bun@1.4.5", "bunfig.toml", "[install.scopes]\ncorp = \"CORP\"\n", "Bearer tok-corp");
    followed("yarn@4.18.1", ".yarnrc.yml", "npmScopes:\n  corp:\n    npmPublishRegistry: CORP\n", "Bearer tok-corp");
}

#[test]
fn a_credential_of_that_file_goes_to_that_registry_alone() {
    let bun = "[install.scopes]\ncorp = { url = \"CORP\", token = \"$COMPANY_TOKEN\" }\n";
    followed("bun@1.4.5", "bunfig.toml", bun, "Bearer tok-var");
    let yarn = "npmScopes:\n  corp:\n    npmPublishRegistry: CORP\n    npmAuthToken: '${COMPANY_TOKEN}'\n";
    followed("yarn@4.18.1", ".yarnrc.yml", yarn, "Bearer tok-var");
}

#[test]
fn two_files_that_disagree_stop_the_run_before_anything_is_sent() {
    for (manager, file, text) in [
        ("pnpm@12.21.0", "pnpm-workspace.yaml", "registries:\n  '@corp': CORP\n"),
        ("bun@1.4.5", "bunfig.toml", "[install.scopes]\ncorp = \"CORP\"\n"),
        ("yarn@4.18.1", ".yarnrc.yml", "npmScopes:\n  corp:\n    npmPublishRegistry: CORP\n"),
    ] {
        let (home, corp) = (CountingRegistry::start(), CountingRegistry::start());
        let world = world(manager, file, text, &home, &corp);
        world.write(".npmrc", &format!("@corp:registry={}\n", home.url()));
        world.commit("another opinion");
        let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
        assert!(ran.stderr.contains("`@corp:registry` in `.npmrc` says"), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("in `{file}` says")), "{}", ran.stderr);
        assert!(home.asked().is_empty() && corp.asked().is_empty(), "{manager}: something was sent");
    }
}

#[test]
fn what_yarn_only_installs_from_elsewhere_is_not_published_by_a_guess() {
    let (home, corp) = (CountingRegistry::start(), CountingRegistry::start());
    let text = "npmScopes:\n  corp:\n    npmRegistryServer: CORP\n";
    let world = world("yarn@4.18.1", ".yarnrc.yml", text, &home, &corp);
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
    assert!(ran.stderr.contains("write `npmPublishRegistry` beside it"), "{}", ran.stderr);
    assert!(home.asked().is_empty() && corp.asked().is_empty());
}

#[test]
fn a_package_that_falls_back_beside_its_siblings_is_not_sent() {
    let (home, corp) = (CountingRegistry::start(), CountingRegistry::start());
    let world = world("npm@11.19.1", "unused.txt", "", &home, &corp);
    let config = format!(",\"publishConfig\":{{\"registry\":\"{}\"}}", corp.url());
    world.write("packages/c/package.json", &format!("{{\"name\":\"@corp/c\",\"version\":\"1.0.0\"{config}}}\n"));
    world.commit("a sibling");
    let ran = world.relay(&["publish", "--yes", "--no-push"]);
    assert_ne!(ran.code, 0);
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("`@corp/c` of the same scope goes to"), "{}", ran.stderr);
    assert!(home.uploads().is_empty() && corp.uploads().is_empty());
}
