//! `publish` and `postpublish` scripts run once all uploads have ended and before the tags, with no credential in reach (S3); a
//! failure is told and hides nothing.

use crate::counting_registry::CountingRegistry;
use crate::harm::{at_home_in, npm_workspaces};
use crate::world::World;

/// `@acme/b` needs `@acme/a`; what their scripts do is written to `done.txt` in the root.
fn world(home: &CountingRegistry, scripts_of_a: &serde_json::Value) -> World {
    let note = |what: &str| format!("echo {what} $(git tag | wc -l) >> ../../done.txt; env >> ../../environment.txt");
    let scripts_of_b = serde_json::json!({"publish": note("b-publish"), "postpublish": note("b-postpublish")});
    let world = npm_workspaces(&[
        (
            "@acme/b",
            &format!("\"version\":\"1.0.0\",\"dependencies\":{{\"@acme/a\":\"^1.0.0\"}},\"scripts\":{scripts_of_b}"),
        ),
        ("@acme/a", &format!("\"version\":\"1.0.0\",\"scripts\":{scripts_of_a}")),
    ]);
    at_home_in(&world, home);
    world.write(".gitignore", "*.txt\n");
    world.commit("init");
    world
}

fn done(world: &World) -> String {
    std::fs::read_to_string(world.repo().join("done.txt")).unwrap_or_default()
}

#[test]
fn they_run_in_publish_order_after_all_uploads_and_before_the_tags() {
    let home = CountingRegistry::start();
    let mut world =
        world(&home, &serde_json::json!({"postpublish": "echo a-postpublish $(git tag | wc -l) >> ../../done.txt"}));
    world.set("NPM_TOKEN", "canary-token");
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(done(&world), "a-postpublish 0\nb-publish 0\nb-postpublish 0\n", "{}", ran.stderr);
    assert!(ran.stderr.contains("@acme/b: postpublish ran in "), "{}", ran.stderr);
    assert_eq!(home.uploads(), ["@acme/a@1.0.0", "@acme/b@1.0.0"]);
    assert_eq!(world.git(&["tag"]), "@acme/a@1.0.0\n@acme/b@1.0.0\n");
    let environment = world.read("environment.txt");
    assert!(environment.contains("npm_command=publish") && environment.contains("npm_package_version=1.0.0"));
    assert!(!environment.contains("canary") && !environment.contains("tok-1"), "{environment}");

    // They belong to an upload: a run that uploads nothing runs none.
    std::fs::remove_file(world.repo().join("done.txt")).expect("to look again");
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(done(&world), "");
}

#[test]
fn ignore_scripts_leaves_them_out() {
    let home = CountingRegistry::start();
    let world = world(&home, &serde_json::json!({}));
    world.relay(&["publish", "--yes", "--no-push", "--ignore-scripts"]).ended_with(0);
    assert_eq!((done(&world).as_str(), home.uploads().len()), ("", 2));
}

#[test]
fn one_that_fails_is_told_and_hides_nothing() {
    let home = CountingRegistry::start();
    let failing =
        serde_json::json!({"publish": "echo no such channel; exit 5", "postpublish": "echo never >> ../../done.txt"});
    let world = world(&home, &failing);
    let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
    let said = ran.stderr.clone() + &ran.stdout;
    for told in ["`@acme/a@1.0.0` is published, but the script `publish`", "exit code 5", "no such channel"] {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&said).contains(told), "{told}: {said}");
    }
    assert_eq!(home.uploads().len(), 2);
    assert_eq!(done(&world), "b-publish 0\nb-postpublish 0\n");
    assert_eq!(world.git(&["tag"]), "@acme/a@1.0.0\n@acme/b@1.0.0\n");
}

#[test]
fn a_package_that_did_not_go_out_runs_none() {
    let home = CountingRegistry::start();
    home.tells("PUT", "@acme/a", 403, "{\"error\":\"not yours\"}");
    let world = world(&home, &serde_json::json!({"postpublish": "echo a >> ../../done.txt"}));
    let ran = world.relay(&["publish", "--yes", "--no-push"]);
    assert_ne!(ran.code, 0);
    assert_eq!(done(&world), "", "{}", ran.stderr);
}
