//! "Accepted" needs evidence: what a registry says to have taken and never shows, in one run or in several, comes out in the
//! end without anybody's help, or is told to be impossible.

use relay_sandbox::{Fault, FaultKind, FaultMatch, SeedPackage};

use crate::sandbox::{ACCOUNT, Registry};
use crate::unfinished::pearls;
use crate::world::World;

const SOON: &str = "[publish]\nvisibility-timeout = \"300ms\"\n";

fn fault(registry: &Registry, what: FaultKind, times: u32) {
    registry.sandbox.add_fault(Fault { when: FaultMatch::publish_of("pearl"), what, times });
}

fn says(code: u16, body: &str) -> FaultKind {
    FaultKind::Status { code, body: body.to_owned(), headers: Vec::new() }
}

fn puts_of(registry: &Registry, package: &str) -> usize {
    let path = format!("/{package}");
    registry.sandbox.requests().iter().filter(|it| it.method == "PUT" && it.path == path).count()
}

#[track_caller]
fn assert_all_is_out(registry: &Registry) {
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"], "each once, in order");
}

const PREVIOUSLY: &str = "You cannot publish over the previously published versions: 1.0.0.";
const STAGED: &str = "Cannot publish over previously staged version \"1.0.0\".";

#[test]
fn what_was_taken_by_word_alone_is_sent_once_more_in_the_same_run() {
    for what in [says(200, "{\"success\":true}"), FaultKind::error(403, PREVIOUSLY), FaultKind::error(409, "conflict")]
    {
        let registry = Registry::with_codes();
        let world = pearls(&registry, SOON);
        fault(&registry, what, 1);
        let ran = world.relay(&["publish", "--yes"]).ended_with(0);
        assert_all_is_out(&registry);
        assert_eq!(puts_of(&registry, "pearl"), 2, "{}", ran.stderr);
    }
}

#[test]
fn a_word_that_lies_in_every_upload_of_a_run_parks_it_and_the_next_run_sends_it() {
    for (what, told) in [
        (says(200, "{\"success\":true}"), "accepted, but the registry did not show it"),
        (FaultKind::error(403, PREVIOUSLY), "the same bytes were refused"),
        (FaultKind::error(409, STAGED), "the same bytes were refused"),
    ] {
        let registry = Registry::with_codes();
        let world = pearls(&registry, SOON);
        fault(&registry, what, 100);
        let ran = world.relay(&["publish", "--yes"]).ended_with(4);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
        assert!(puts_of(&registry, "pearl") <= 2, "once a run");
        registry.sandbox.clear_faults();
        // The journal stays where it is.
        world.relay(&["publish", "--yes"]).ended_with(0);
        assert_all_is_out(&registry);
    }
}

#[test]
fn an_unreadable_success_is_settled_by_reading() {
    let unstored = [says(200, "welcome"), FaultKind::Html { code: 200 }, FaultKind::Oversized { bytes: 2_000_000 }];
    for (what, puts) in unstored.into_iter().map(|what| (what, 2)).chain([(FaultKind::Truncate { after_bytes: 5 }, 1)])
    {
        let registry = Registry::with_codes();
        let world = pearls(&registry, "");
        fault(&registry, what.clone(), 1);
        let ran = world.relay(&["publish", "--yes"]).ended_with(0);
        assert_all_is_out(&registry);
        assert_eq!(puts_of(&registry, "pearl"), puts, "{what:?}: {}", ran.stderr);
    }
}

/// `pearl` has an older version, so that the package stays when its present one is taken back.
fn with_older_pearl(registry: &Registry) -> World {
    let world = pearls(registry, SOON);
    registry.sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({"name": "pearl", "version": "0.9.0"}),
        tarball: b"old".to_vec(),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });
    world
}

#[track_caller]
fn assert_burnt(world: &World) {
    let ran = world.relay(&["publish", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("published once and removed: its number is burnt"), "{}", ran.stderr);
    assert!(ran.stderr.contains("take the next version"), "{}", ran.stderr);
    assert!(ran.stderr.contains("held by pearl"), "{}", ran.stderr);
}

#[test]
fn a_number_that_was_published_once_and_removed_is_told_to_be_burnt() {
    let registry = Registry::with_codes();
    let world = with_older_pearl(&registry);
    registry.sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({"name": "pearl", "version": "1.0.0"}),
        tarball: b"gone".to_vec(),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });
    assert!(registry.sandbox.take_back("pearl", "1.0.0"));
    assert_burnt(&world);
    assert_eq!(puts_of(&registry, "pearl"), 1);
    assert_eq!(registry.committed(), Vec::<String>::new());
    assert_eq!(world.git(&["tag"]), "");
    // The next number is free.
    for package in ["pearl", "necklace"] {
        let path = format!("packages/{package}/package.json");
        world.write(&path, &world.read(&path).replace("\"version\":\"1.0.0\"", "\"version\":\"1.0.1\""));
    }
    world.commit("fix: the next numbers");
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.0.1", "necklace@1.0.1"]);
}

#[test]
fn a_version_that_was_removed_after_an_earlier_run_had_it_accepted_is_burnt_too() {
    let registry = Registry::with_codes();
    let world = with_older_pearl(&registry);
    registry.sandbox.hold("pearl");
    world.relay(&["publish", "--yes"]).ended_with(4);
    registry.sandbox.release("pearl");
    assert!(registry.sandbox.take_back("pearl", "1.0.0"));
    assert_burnt(&world);
    assert_eq!(registry.committed(), ["pearl@1.0.0"]);
}

#[test]
fn a_pause_that_a_look_is_told_of_is_kept_by_everything() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    // The reads of the plan are let through, the first look for visibility is not.
    let when = FaultMatch { skip: 1, ..FaultMatch::path("GET", "/pearl") };
    let what =
        FaultKind::Status { code: 429, body: String::new(), headers: vec![("retry-after".to_owned(), "1".to_owned())] };
    registry.sandbox.add_fault(Fault { when, what, times: 1 });
    world.relay(&["publish", "--yes"]).ended_with(0);
    let requests = registry.sandbox.requests();
    let paused = requests.iter().position(|it| it.status == Some(429)).expect("a pause was asked for");
    let (asked, next) = (&requests[paused], &requests[paused + 1]);
    assert!(next.at.since(asked.at).as_millis() >= 1_000, "{requests:?}");
    assert_all_is_out(&registry);
}
