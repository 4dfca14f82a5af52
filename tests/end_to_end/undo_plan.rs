//! The plan by which a release is taken back: as JSON, and where it takes dist-tags to.
#![cfg(unix)]

use relay_sandbox::{SandboxOptions, SeedPackage};
use serde_json::{Value, json};

use crate::owed::with_remote;
use crate::promotion::{chain, codes, telling};
use crate::sandbox::{ACCOUNT, Registry};
use crate::takeover::clone;
use crate::undo::{described, latest, released, writes};
use crate::world::Ran;

#[track_caller]
fn plan_of(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("stdout is JSON and nothing else: {error}: {}", ran.stdout))
}

#[test]
fn the_plan_is_json_on_stdout_and_nothing_else() {
    let registry = Registry::with_codes();
    let (world, _) = released(&registry);
    registry.sandbox.forget_requests();
    let ran = world.relay(&["undo", "--dry-run", "--json"]).ended_with(0);
    let shown = plan_of(&ran);
    described(&shown);
    assert_eq!(writes(&registry), Vec::<String>::new());
    assert!(ran.stderr.contains("Taking back 1 version"), "{}", ran.stderr);

    let path = world.beside("plans").join("undo.json");
    let path = path.to_str().expect("a path");
    let out = plan_of(&world.relay(&["undo", "--json", "--out", path]).ended_with(0));
    let read = plan_of(&world.relay(&["undo", "--json", "--plan", path, "--dry-run"]).ended_with(0));
    assert_eq!((&out["id"], &read), (&shown["id"], &out));

    // Where it is carried out as well.
    let done = plan_of(&world.relay(&["undo", "--json", "--yes"]).ended_with(0));
    assert_eq!(done["steps"], shown["steps"]);
    assert_eq!(latest(&registry, "pearl"), "1.0.0");
    let nothing = plan_of(&world.relay(&["undo", "--json", "--yes"]).ended_with(0));
    assert_eq!(nothing["steps"], json!([]));
}

#[test]
fn latest_goes_back_to_what_it_named_before_the_promotion() {
    let names = ["pearl", "necklace"];
    for by_record in [true, false] {
        let (registry, _told) = telling(SandboxOptions::default(), codes());
        let world = chain(&registry, &names, "");
        // Higher than what `latest` names, and out under another tag only.
        registry.sandbox.seed_package(SeedPackage {
            manifest: json!({ "name": "pearl", "version": "1.0.5" }),
            tarball: b"another line".to_vec(),
            owner: ACCOUNT.to_owned(),
            tag: Some("next".to_owned()),
        });
        assert_eq!(latest(&registry, "pearl"), "1.0.0");
        let remote = by_record.then(|| with_remote(&world));
        world.relay(&["publish", "--yes", "--promote-last"]).ended_with(0);
        assert_eq!(latest(&registry, "pearl"), "1.1.0");
        let folder = remote.map_or_else(|| ".".to_owned(), |remote| clone(&world, &remote, "other"));
        let ran = world.relay(&["--cwd", &folder, "undo", "--yes"]).ended_with(0);
        assert_eq!(latest(&registry, "pearl"), "1.0.0", "{}", ran.stderr);
        assert!(ran.stderr.contains("it names 1.1.0; 1.0.0 is what it named before"), "{}", ran.stderr);
        assert_eq!(registry.sandbox.dist_tags("pearl")["next"], "1.0.5");
    }
}

#[test]
fn where_nothing_is_recorded_the_plan_says_how_the_version_was_found() {
    let registry = Registry::with_codes();
    let (world, _) = released(&registry);
    let ran = world.relay(&["undo", "--yes"]).ended_with(0);
    let said = "1.0.0 is the last good version before, and what it named then is not recorded";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}
