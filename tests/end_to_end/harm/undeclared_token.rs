//! A token of undeclared kind at a package that disallows tokens, with nobody at a terminal.

use relay_sandbox::{SandboxAccess, TokenKind};

use crate::sandbox::{ACCOUNT, Registry};
use crate::world::World;

fn world(registry: &Registry) -> World {
    let mut world = World::empty();
    world.write("package.json", "{\"name\":\"pearls\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    for name in ["pearl", "shell"] {
        world.write(
            &format!("packages/{name}/package.json"),
            &format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\"}}\n"),
        );
    }
    world.write("relay.toml", &format!("[[registry]]\nurl = \"{}\"\nrules = \"npm\"\n", registry.url()));
    world.commit("feat: pearls");
    registry.seed(&world);
    registry.access("pearl", SandboxAccess::Publish);
    world.set("npm_config_registry", &registry.url());
    for name in ["pearl", "shell"] {
        world.write(
            &format!("packages/{name}/package.json"),
            &format!("{{\"name\":\"{name}\",\"version\":\"1.0.1\"}}\n"),
        );
    }
    world.commit("fix: better pearls");
    world
}

#[test]
fn a_token_that_met_a_challenge_is_not_tried_there_again_and_another_one_is() {
    let registry = Registry::with_codes();
    let mut world = world(&registry);
    world.set("NPM_TOKEN", &registry.bypass);
    let only_pearl = ["publish", "--yes", "--no-push", "--filter", "pearl"];
    world.relay(&only_pearl).ended_with(1);
    assert_eq!(registry.puts(), 1);
    let learnt = world.read(".git/relay/learnt.json");
    assert!(!learnt.contains(&registry.bypass) && !learnt.contains("publish"), "only this token is known of: {learnt}");

    let ran = world.relay(&only_pearl);
    assert_eq!((ran.code, registry.puts()), (4, 1), "{}", ran.stderr);
    assert!(ran.stderr.contains("met a 2FA challenge here on"), "{}", ran.stderr);

    world.set("NPM_TOKEN", &registry.sandbox.create_token(ACCOUNT, TokenKind::bypass()));
    world.relay(&only_pearl).ended_with(1);
    assert_eq!(registry.puts(), 2, "another token is tried");
}

#[test]
fn where_the_token_published_another_package_the_package_is_what_disallows_tokens() {
    let registry = Registry::with_codes();
    let mut world = world(&registry);
    world.set("NPM_TOKEN", &registry.bypass);
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(3);
    assert_eq!(registry.committed(), ["shell@1.0.1"]);
    let learnt: serde_json::Value = serde_json::from_str(&world.read(".git/relay/learnt.json")).expect("JSON");
    let taught = &learnt["access"][registry.url()];
    assert_eq!(
        (&taught["pearl"]["access"], taught.as_object().map(serde_json::Map::len)),
        (&"publish".into(), Some(1))
    );
    assert!(learnt.get("challenged").is_none(), "{learnt}");
    // The next plan says when that was, and which token it was.
    let plan = world.relay(&["plan", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("a plan");
    let pearl = plan["packages"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "pearl")).expect("it");
    let lesson = &pearl["publishing_access_lesson"];
    assert_eq!(lesson["credential"], "environment variable `NPM_TOKEN`");
    let said = format!("was learnt on {} from a refusal of the credential from", lesson["on"].as_str().expect("a day"));
    assert!(pearl["route"]["reason"].as_str().is_some_and(|reason| reason.contains(&said)), "{pearl}");
}
