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
    let plan = world.relay(&["plan", "--format", "json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("a plan");
    let source = |name: &str| {
        let packages = plan["packages"].as_array().expect("packages");
        packages.iter().find(|package| package["name"] == name).expect("it")["registry_source"].to_string()
    };
    assert!(source("@corp/a").contains(&format!("in `{file}`")), "{}", source("@corp/a"));
    assert_eq!(source("b"), "\"`registry` in `~/.npmrc`\"");
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

/// In CI for a pull request the checkout's own settings of pnpm, yarn and bun are as little trusted as its `.npmrc`.
#[test]
fn for_a_pull_request_no_managers_file_draws_a_secret() {
    const SECRET: &str = "SECRETofMINE0123456789";
    let scope = |inside: &str| format!("npmScopes:\n  corp:\n    npmPublishRegistry: CORP\n    {inside}\n");
    for (manager, file, text) in [
        ("pnpm@12.21.0", "pnpm-workspace.yaml", "registries:\n  '@corp': CORP\n".to_owned()),
        ("yarn@4.18.1", ".yarnrc.yml", scope("npmAuthToken: '${COMPANY_TOKEN}'")),
        ("yarn@4.18.1", ".yarnrc.yml", scope("npmAuthToken: '${COMPANY_TOKEN:-none}'")),
        ("yarn@4.18.1", ".yarnrc.yml", scope("npmAuthIdent: 'user:${COMPANY_TOKEN}'")),
        (
            "bun@1.4.5",
            "bunfig.toml",
            "[install.scopes]\ncorp = { url = \"CORP\", token = \"$COMPANY_TOKEN\" }\n".to_owned(),
        ),
        (
            "bun@1.4.5",
            "bunfig.toml",
            "[install.scopes]\ncorp = { url = \"CORP\", username = \"u\", password = \"$COMPANY_TOKEN\" }\n".to_owned(),
        ),
    ] {
        let (home, corp) = (CountingRegistry::start(), CountingRegistry::start());
        let mut world = world(manager, file, &text, &home, &corp);
        if manager.starts_with("pnpm") {
            // pnpm has no credential in its own file; a fallback hides no variable.
            world.write(".npmrc", &format!("{}:_authToken=${{COMPANY_TOKEN-none}}\n", corp.config_key()));
        }
        // Nothing of the person's binds a token to the company's registry.
        std::fs::write(world.beside("home").join(".npmrc"), format!("registry={}\n", home.url())).expect("an .npmrc");
        world.commit("a token");
        for name in ["COMPANY_TOKEN", "YARN_NPM_AUTH_TOKEN", "BUN_CONFIG_TOKEN", "NPM_TOKEN"] {
            world.set(name, SECRET);
        }
        world.set("GITHUB_ACTIONS", "true");
        world.set("GITHUB_EVENT_NAME", "pull_request");
        for arguments in [&["plan", "--check"][..], &["publish", "--dry-run"], &["plan", "--format", "json"]] {
            let ran = world.relay(arguments).ended_with(0);
            assert!(ran.stderr.contains("no credential is used"), "{}", ran.stderr);
            assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(SECRET));
        }
        let asked = [corp.asked(), home.asked()].concat();
        assert!(!corp.asked().is_empty(), "the registry is still asked: {text}");
        assert_eq!(asked.iter().filter(|asked| asked.headers.contains_key("authorization")).count(), 0, "{text}");
        assert!(corp.asked_with(SECRET).is_empty() && home.asked_with(SECRET).is_empty(), "{text}");
        world.relay(&["plan", "--with-credentials"]).ended_with(0);
        let sent = credentials(&corp.asked());
        assert_eq!(sent.len(), 1, "{text}: {sent:?}");
        assert!(sent[0].contains(SECRET) || sent[0].starts_with("Basic "), "{text}: {sent:?}");
    }
}

#[test]
fn yarns_files_above_the_root_and_variables_count() {
    let (home, corp) = (CountingRegistry::start(), CountingRegistry::start());
    let mut world = world("yarn@4.18.1", ".yarnrc.yml", "nodeLinker: node-modules\n", &home, &corp);
    // Neither `.npmrc` nor what lies beside it is yarn's.
    std::fs::remove_file(world.beside("home").join(".npmrc")).expect("an .npmrc");
    let above = format!("npmRegistryServer: '{}'\nnpmAuthToken: tok-above\n", corp.url());
    std::fs::write(world.repo().join("../.yarnrc.yml"), above).expect("a file");
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!((corp.uploads().len(), credentials(&corp.asked())), (2, vec!["Bearer tok-above".to_owned()]));
    world.set("YARN_NPM_PUBLISH_REGISTRY", home.url());
    world.set("YARN_NPM_AUTH_TOKEN", "tok-variable");
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!((home.uploads().len(), credentials(&home.asked())), (2, vec!["Bearer tok-variable".to_owned()]));
    assert_eq!(corp.uploads().len(), 2);
}

#[test]
fn buns_variables_count_and_reach_no_script() {
    let (home, corp) = (CountingRegistry::start(), CountingRegistry::start());
    let mut world = world("bun@1.4.5", "bunfig.toml", "[test]\nroot = \".\"\n", &home, &corp);
    let script = "{\"name\":\"b\",\"version\":\"1.0.0\",\"scripts\":{\"prepack\":\"env > seen.txt\"}}\n";
    world.write("packages/b/package.json", script);
    world.commit("a script");
    world.set("BUN_CONFIG_REGISTRY", corp.url());
    world.set("BUN_CONFIG_TOKEN", "tok-variable");
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!((corp.uploads().len(), credentials(&corp.asked())), (2, vec!["Bearer tok-variable".to_owned()]));
    assert!(home.asked().is_empty());
    assert!(!world.read("packages/b/seen.txt").contains("tok-variable"));
}
