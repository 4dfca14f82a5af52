//! A checkout whose files say where the person's secrets are to go.

use super::npm_workspaces;
use crate::counting_registry::CountingRegistry;
use crate::world::World;

const SECRET: &str = "SECRETofMINE0123456789";

/// A world of one package with a project `.npmrc` or `relay.toml` that names a host.
fn lured(registry: &CountingRegistry, npmrc: &str, toml: &str) -> World {
    let filled = |text: &str| text.replace("<url>", registry.url()).replace("<host>", registry.config_key());
    let mut world = npm_workspaces(&[("x", "\"version\":\"1.0.0\"")]);
    world.write(".npmrc", &filled(npmrc));
    world.write("relay.toml", &filled(toml));
    world.commit("init");
    for variable in ["DEPLOY_KEY", "NPM_TOKEN", "NODE_AUTH_TOKEN", "AWS_SECRET_ACCESS_KEY"] {
        world.set(variable, SECRET);
    }
    world
}

const FILES: [(&str, &str); 4] = [
    ("registry=<url>\n<host>:_authToken=${DEPLOY_KEY}\n", ""),
    ("registry=<url>\n", ""),
    (
        "registry=<url>\n",
        "[[credential]]\nenv = \"AWS_SECRET_ACCESS_KEY\"\nkind = \"granular-bypass\"\nregistry = \"<url>\"\n",
    ),
    ("registry=<url>\n<host>:username=${NPM_TOKEN}\n<host>:_password=${DEPLOY_KEY}\n", ""),
];

#[test]
fn in_ci_for_a_pull_request_no_look_sends_a_secret_anywhere() {
    for (npmrc, toml) in FILES {
        for variables in [
            &[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request")][..],
            &[("GITLAB_CI", "true"), ("CI_PIPELINE_SOURCE", "merge_request_event")],
        ] {
            let registry = CountingRegistry::start();
            let mut world = lured(&registry, npmrc, toml);
            for (name, value) in variables {
                world.set(name, value);
            }
            for arguments in [&["plan", "--check"][..], &["publish", "--dry-run"]] {
                let ran = world.relay(arguments).ended_with(0);
                assert!(ran.stderr.contains("no credential is used"), "{}", ran.stderr);
                assert!(!ran.stdout.contains("new package") && !ran.stderr.contains("new package"), "{}", ran.stderr);
            }
            assert!(!registry.asked().is_empty(), "the registry is still asked");
            assert!(registry.asked_with(SECRET).is_empty(), "{npmrc}: {:?}", registry.asked_with(SECRET));
            let with = registry.asked().into_iter().filter(|asked| asked.headers.contains_key("authorization"));
            assert_eq!(with.count(), 0);
        }
    }
}

#[test]
fn whoever_vouches_for_the_change_says_so() {
    let registry = CountingRegistry::start();
    let mut world = lured(&registry, FILES[0].0, "");
    world.set("GITHUB_EVENT_NAME", "pull_request_target");
    world.relay(&["plan", "--with-credentials"]).ended_with(0);
    assert!(!registry.asked_with(SECRET).is_empty());
}

#[test]
fn a_secret_never_becomes_a_part_of_an_address() {
    for npmrc in ["registry=<url>${NPM_TOKEN}/\n", "registry=<url>${INNOCENT}/\n<host>:_authToken=${NPM_TOKEN}\n"] {
        let registry = CountingRegistry::start();
        let mut world = lured(&registry, npmrc, "");
        world.set("INNOCENT", SECRET);
        let ran = world.relay(&["plan"]).ended_with(1);
        assert!(ran.stderr.contains("must not become a part of an address"), "{}", ran.stderr);
        assert!(!ran.stderr.contains(SECRET), "{}", ran.stderr);
        assert!(registry.asked().is_empty(), "nothing is asked");
    }
    let registry = CountingRegistry::start();
    let mut world = lured(&registry, "registry=<url>projects/${CI_PROJECT_ID}/\n", "");
    world.set("CI_PROJECT_ID", "42");
    let ran = world.relay(&["plan"]);
    assert!(
        ran.stderr.contains(&format!("made of `CI_PROJECT_ID` and gives `{}projects/42/`", registry.url())),
        "{}",
        ran.stderr
    );
    assert!(registry.asked().iter().all(|asked| asked.path.starts_with("/projects/42/")));
}

#[test]
fn a_token_that_no_file_binds_never_follows_the_checkout() {
    // By the checkout's `.npmrc`, by a manifest, and by what a script runner made of the former.
    let registry = CountingRegistry::start();
    let world = lured(&registry, "registry=<url>\n", "");
    world.relay(&["plan"]);
    assert!(!registry.asked().is_empty() && registry.asked_with(SECRET).is_empty());

    let registry = CountingRegistry::start();
    let world = lured(&registry, "", "");
    let manifest =
        format!("{{\"name\":\"x\",\"version\":\"1.0.0\",\"publishConfig\":{{\"registry\":\"{}\"}}}}", registry.url());
    world.write("packages/x/package.json", &manifest);
    world.relay(&["plan"]);
    assert!(!registry.asked().is_empty() && registry.asked_with(SECRET).is_empty());

    let registry = CountingRegistry::start();
    let mut world = lured(&registry, "registry=<url>\n", "");
    world.set("npm_lifecycle_event", "release");
    world.set("npm_config_user_agent", "pnpm/10.34.9 npm/? node/v24.21.0 linux x64");
    world.set("npm_config_registry", registry.url());
    world.relay(&["plan"]);
    assert!(!registry.asked().is_empty() && registry.asked_with(SECRET).is_empty());

    // The person's own variable is their word.
    let registry = CountingRegistry::start();
    let mut world = lured(&registry, "", "");
    world.set("npm_config_registry", registry.url());
    world.relay(&["plan"]).ended_with(0);
    assert!(!registry.asked_with(SECRET).is_empty());
}
