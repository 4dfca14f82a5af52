//! An answer with status 200 that is not the package's packument: nobody knows what is live, so nothing is sent.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

#[test]
fn an_answer_that_is_no_packument_of_it_stops_the_release() {
    for (body, said) in [
        ("{}", "JSON that is no packument"),
        ("{\"error\":\"not_found\"}", "JSON that is no packument"),
        ("{\"name\":\"a\"}", "JSON that is no packument"),
        ("{\"name\":\"b\",\"versions\":{}}", "answered with the packument of `b`"),
    ] {
        let registry = CountingRegistry::start();
        registry.tells("GET", "a", 200, body);
        let world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
        at_home_in(&world, &registry);
        world.commit("init");
        let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(1);
        assert!(registry.uploads().is_empty(), "{body}");
        assert!(ran.stderr.contains("the packument of `a`") && ran.stderr.contains(said), "{body}: {}", ran.stderr);
    }
}

/// npm's own registry shows a package like this once all its versions were unpublished: it is not new.
#[test]
fn a_package_without_any_version_left_is_not_new() {
    let registry = CountingRegistry::start();
    registry.tells(
        "GET",
        "a",
        200,
        "{\"_id\":\"a\",\"name\":\"a\",\"time\":{\"unpublished\":{\"versions\":[\"1.0.0\"]}}}",
    );
    let world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
    at_home_in(&world, &registry);
    world.commit("init");
    let ran = world.relay(&["publish", "--dry-run"]);
    let said = ran.stdout + &ran.stderr;
    assert!(said.contains("its registry knows the name and shows no version of it"), "{said}");
}
