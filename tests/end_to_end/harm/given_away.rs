//! A credential that stands in the checkout's own settings as it is: the plan says so, and never shows it.

use super::{npm_workspaces, pnpm_workspace};
use crate::counting_registry::CountingRegistry;
use crate::world::World;

const CANARY: &str = "npm_canaryCANARYcanaryCANARYcanaryCANARY12";

#[track_caller]
fn check(world: &World, told: &[&str]) {
    world.commit("init");
    let ran = world.relay(&["plan", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    let findings = plan["findings"].as_array().expect("findings").iter();
    let texts: Vec<&str> = findings.filter_map(|finding| finding["text"].as_str()).collect();
    let given_away: Vec<&str> = texts.into_iter().filter(|text| text.contains("is a credential as it is")).collect();
    assert_eq!(given_away.len(), told.len(), "{given_away:?}");
    for (text, place) in given_away.iter().zip(told) {
        assert!(text.starts_with(place), "{place}: {text}");
    }
    assert!(!ran.stdout.contains(CANARY) && !ran.stderr.contains(CANARY), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_literal_token_in_the_checkouts_npmrc_is_a_finding() {
    let home = CountingRegistry::start();
    let (url, key) = (home.url(), home.config_key());
    for make in [npm_workspaces, pnpm_workspace] {
        let world = make(&[("@acme/a", "\"version\":\"1.0.0\"")]);
        world.write(".npmrc", &format!("registry={url}\n{key}:_authToken={CANARY}\n"));
        check(&world, &[&format!("`{key}:_authToken` in `.npmrc`")]);
    }
}

#[test]
fn a_variable_there_and_a_token_in_the_persons_own_are_none() {
    let home = CountingRegistry::start();
    let (url, key) = (home.url(), home.config_key());
    let mut world = npm_workspaces(&[("@acme/a", "\"version\":\"1.0.0\"")]);
    world.write(".npmrc", &format!("registry={url}\n{key}:_authToken=${{MINE}}\n"));
    let of_person = format!("{key}other/:_authToken={CANARY}\n");
    std::fs::write(world.beside("home").join(".npmrc"), of_person).expect("an .npmrc");
    world.set("MINE", CANARY);
    check(&world, &[]);
}
