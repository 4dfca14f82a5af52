//! The credential that is planned for a package is the one that is sent with it, whatever else is declared of its variable.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

/// What each package's plan says, as the token that this stands for; and what its upload was sent with.
#[track_caller]
fn planned_and_sent(declarations: &str, expected: [(&str, &str); 2]) {
    let registry = CountingRegistry::start();
    let mut world = npm_workspaces(&[("@acme/core", "\"version\":\"1.0.0\""), ("@acme/ui", "\"version\":\"1.0.0\"")]);
    at_home_in(&world, &registry);
    let rules = format!("[[registry]]\nurl = \"{}\"\nrules = \"npm\"\n", registry.url());
    world.write("relay.toml", &format!("{rules}{declarations}"));
    world.commit("init");
    // Both packages are there, so that neither needs a person for being new.
    for name in ["@acme/core", "@acme/ui"] {
        registry.has(name, &["0.9.0"]);
    }
    world.set("ONE", "tok-one");
    world.set("TWO", "tok-two");
    let plan = world.relay(&["plan", "--format", "json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("a plan");
    let planned = |name: &str| {
        let packages = plan["packages"].as_array().expect("packages");
        let package = packages.iter().find(|package| package["name"] == name).expect("the package");
        let said = package["route"]["credential"].as_str().unwrap_or_default();
        match said {
            "environment variable `ONE`" => "Bearer tok-one",
            "environment variable `TWO`" => "Bearer tok-two",
            _ if said.contains("in `~/.npmrc`") => "Bearer tok-1",
            other => panic!("{other}"),
        }
    };
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    for (name, token) in expected {
        let path = format!("/{}", name.replace('/', "%2f"));
        let puts: Vec<_> =
            registry.asked().into_iter().filter(|asked| asked.method == "PUT" && asked.path == path).collect();
        let sent: Vec<_> = puts.iter().map(|put| put.headers["authorization"].as_str()).collect();
        assert_eq!((planned(name), sent), (token, vec![token]), "{name}: {declarations}");
    }
}

#[test]
fn two_declarations_of_one_variable_are_kept_apart_up_to_the_upload() {
    let declared = |env: &str, kind: &str, packages: &str, registry: &str| {
        format!("[[credential]]\nenv = \"{env}\"\nkind = \"{kind}\"\npackages = [\"{packages}\"]\n{registry}")
    };
    // `ONE` bypasses at ui alone; at core it is a session, which needs a person, and `TWO` needs nobody.
    let of_one = declared("ONE", "granular-bypass", "@acme/ui", "");
    let session = declared("ONE", "session", "@acme/core", "");
    let two = declared("TWO", "granular-bypass", "@acme/*", "");
    for order in [[&of_one, &session, &two], [&session, &of_one, &two]] {
        planned_and_sent(
            &order.map(String::as_str).concat(),
            [("@acme/ui", "Bearer tok-one"), ("@acme/core", "Bearer tok-two")],
        );
    }
    let first = [&two, &session, &of_one].map(String::as_str).concat();
    planned_and_sent(&first, [("@acme/ui", "Bearer tok-two"), ("@acme/core", "Bearer tok-two")]);
    let swapped =
        [declared("ONE", "granular", "@acme/ui", ""), declared("ONE", "granular-bypass", "@acme/core", ""), two];
    planned_and_sent(&swapped.concat(), [("@acme/ui", "Bearer tok-two"), ("@acme/core", "Bearer tok-one")]);
}
