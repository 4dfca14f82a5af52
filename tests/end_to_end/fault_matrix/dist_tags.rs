//! Every fault at the writes beside uploads: dist-tags that move when all is out, side tags that go last, and what `relay undo`
//! writes.

use relay_sandbox::{Fault, FaultMatch, SeedPackage};

use super::{INTERRUPTED, Scenario, UNASKED, UNREADABLE, each_fault, times, untagged_pearls};
use crate::sandbox::{ACCOUNT, Registry};
use crate::world::World;

/// A command that writes beside uploads.
struct Writer {
    arguments: &'static [&'static str],
    world: fn(&Registry) -> World,
    /// Whether the registry has all that the command is for.
    is_done: fn(&Registry) -> bool,
}

const PROMOTION: Writer = Writer {
    arguments: &["publish", "--yes", "--no-push", "--promote-last"],
    world: |registry| {
        let world = untagged_pearls(registry, "");
        live(registry, "necklace", "0.9.0");
        world
    },
    is_done: |registry| {
        let is_promoted = |package| registry.sandbox.dist_tags(package).into_iter().eq([latest("1.0.0")]);
        registry.committed().len() == 2 && ["pearl", "necklace"].into_iter().all(is_promoted)
    },
};

const UNDO: Writer = Writer {
    arguments: &["undo", "pearl@1.0.0", "--yes", "--no-change-file"],
    world: |registry| {
        let world = untagged_pearls(registry, "");
        live(registry, "pearl", "1.0.0");
        world
    },
    is_done: |registry| {
        let tags = registry.sandbox.dist_tags("pearl");
        registry.sandbox.deprecation("pearl", "1.0.0").is_some() && tags.into_iter().eq([latest("0.9.0")])
    },
};

fn latest(version: &str) -> (String, String) {
    ("latest".to_owned(), version.to_owned())
}

fn live(registry: &Registry, name: &str, version: &str) {
    registry.sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({ "name": name, "version": version }),
        tarball: b"a tarball".to_vec(),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });
}

/// Plays each fault at a request of a command. What it comes to is judged by the registry's dist-tags; once all is so, the same
/// command sends nothing more.
fn each_fault_at(writer: &Writer, when: &FaultMatch, exceptions: &[(&str, i32)]) {
    each_fault(exceptions, |(name, what), expected| {
        let registry = Registry::with_codes();
        let world = (writer.world)(&registry);
        let scenario = Scenario { registry, world, name, tagged: false };
        let sandbox = &scenario.registry.sandbox;
        sandbox.add_fault(Fault { when: when.clone(), what: what.clone(), times: times(what) });
        let run = |expected| {
            let ran = scenario.run(writer.arguments, expected);
            let is_done = (writer.is_done)(&scenario.registry);
            assert_eq!(ran.code == 0, is_done, "{name}: exit code {}: {}", ran.code, ran.stderr);
            scenario.judge_words(&ran.stderr);
        };
        run(expected);
        sandbox.clear_faults();
        run(0);
        sandbox.forget_requests();
        run(0);
        let is_a_read = |method: &str| method == "GET" || method == "HEAD";
        assert!(
            sandbox.requests().iter().all(|request| is_a_read(&request.method)),
            "{name}: {:?}",
            sandbox.requests()
        );
    });
}

/// What ends a write at once.
const REFUSED_WRITES: [(&str, i32); 8] = [
    ("400 with escapes", 3),
    ("401", 3),
    ("403", 3),
    ("403 that it is there", 3),
    ("404", 3),
    ("redirect to itself", 3),
    ("the credential repeated", 3),
    (UNASKED, INTERRUPTED),
];

#[test]
fn at_the_read_of_the_dist_tags() {
    let when = FaultMatch::path("GET", "/-/package/pearl/dist-tags");
    each_fault_at(&PROMOTION, &when, &UNREADABLE.map(|name| (name, 3)));
}

#[test]
fn at_the_move_of_latest() {
    each_fault_at(&PROMOTION, &FaultMatch::path("PUT", "/-/package/pearl/dist-tags/latest"), &REFUSED_WRITES);
}

#[test]
fn at_the_removal_of_the_side_tag() {
    each_fault_at(&PROMOTION, &FaultMatch::path("DELETE", "/-/package/pearl/dist-tags/*"), &REFUSED_WRITES);
}

#[test]
fn at_the_dist_tag_that_an_undo_moves_back() {
    each_fault_at(&UNDO, &FaultMatch::path("PUT", "/-/package/pearl/dist-tags/latest"), &REFUSED_WRITES);
}

#[test]
fn at_the_deprecation() {
    each_fault_at(&UNDO, &FaultMatch::path("PUT", "/pearl"), &REFUSED_WRITES);
}
