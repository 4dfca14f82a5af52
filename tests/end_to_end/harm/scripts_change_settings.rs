//! A script of the repository that writes where packages go, or with what: settings are read anew after it ran, and what was
//! agreed on no longer holds.

use super::{at_home_in, npm_workspaces, pnpm_workspace};
use crate::counting_registry::CountingRegistry;
use crate::world::World;

/// A world whose one package has a prepack script, at home in a registry.
fn world(make: fn(&[(&str, &str)]) -> World, script: &str, home: &CountingRegistry) -> World {
    let script = serde_json::to_string(script).expect("a text");
    let world = make(&[("@acme/a", &format!("\"version\":\"1.0.0\",\"scripts\":{{\"prepack\":{script}}}"))]);
    at_home_in(&world, home);
    if script.contains("$HOME") {
        // No fence keeps it from that on other systems and older kernels.
        world.write("relay.toml", "[scripts]\nfence = false\n");
    }
    world.commit("init");
    world
}

#[track_caller]
fn stopped(make: fn(&[(&str, &str)]) -> World, script: &str, told: &[&str]) {
    let (home, other) = (CountingRegistry::start(), CountingRegistry::start());
    let filled = |text: &str| text.replace("OTHER", other.url()).replace("HOMEKEY", home.config_key());
    let mut world = world(make, &filled(script), &home);
    world.set("SECOND_TOKEN", "tok-2");
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
    assert!(home.uploads().is_empty() && other.asked().is_empty(), "{script}: {}", ran.stderr);
    assert!(ran.stderr.contains("nothing was uploaded"), "{}", ran.stderr);
    for told in told {
        assert!(ran.stderr.contains(&filled(told)), "{told}: {}", ran.stderr);
    }
    assert!(home.asked_with("tok-2").is_empty());
}

#[test]
fn another_registry_stops_the_run() {
    let told = ["`@acme/a` was to go to", "by `registry` in `~/.npmrc`", "to `OTHER` by `registry` in `.npmrc`"];
    stopped(npm_workspaces, "echo registry=OTHER > \"$INIT_CWD/.npmrc\" || exit 9", &told);
    let told = ["`@acme/a` was to go to", "to `OTHER` by `@acme:registry` in `.npmrc`"];
    stopped(npm_workspaces, "echo @acme:registry=OTHER >> ../../.npmrc", &told);
    let told = ["`@acme/a` was to go to", "to `OTHER` by `registries.@acme` in `pnpm-workspace.yaml`"];
    let workspace = "echo 'registries: {\"@acme\": \"OTHER\"}' >> ../../pnpm-workspace.yaml";
    stopped(pnpm_workspace, workspace, &told);
    let broken = ["where `@acme/a` goes can't be told any more", "`@acme:registry` in `.npmrc`"];
    stopped(npm_workspaces, "echo @acme:registry=nowhere >> ../../.npmrc", &broken);
}

#[test]
fn the_same_registry_by_another_word_stops_it_too() {
    let told = ["by `registry` in `~/.npmrc`", "by `@acme:registry` in `.npmrc`"];
    stopped(npm_workspaces, "echo @acme:registry=http:HOMEKEY >> ../../.npmrc", &told);
}

#[test]
fn another_credential_stops_the_run() {
    let named = ["the credential for `@acme/a` was to be from `HOMEKEY:_authToken` in `~/.npmrc`", "(`SECOND_TOKEN`)"];
    stopped(npm_workspaces, "echo 'HOMEKEY:_authToken=${SECOND_TOKEN}' >> ../../.npmrc", &named);
    let rewritten = ["the credential for `@acme/a` from `HOMEKEY:_authToken` in `~/.npmrc` is another one now"];
    stopped(npm_workspaces, "echo HOMEKEY:_authToken=tok-2 >> \"$HOME/.npmrc\"", &rewritten);
}

#[test]
fn another_way_to_the_registry_stops_the_run() {
    for line in ["https-proxy=OTHER", "proxy=OTHER", "noproxy=127.0.0.1"] {
        stopped(npm_workspaces, &format!("echo {line} >> ../../.npmrc"), &["how registries are reached", "`.npmrc`"]);
    }
}

#[test]
fn scripts_that_leave_them_alone_are_in_nobodys_way() {
    let home = CountingRegistry::start();
    let world = world(npm_workspaces, "echo '; a note' >> ../../.npmrc; echo 1 > index.js", &home);
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(home.uploads(), ["@acme/a@1.0.0"]);
}
