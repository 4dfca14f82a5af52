//! Releases that stop in the middle: interrupted, or accepted and not yet visible. The same command goes on with them.

use std::sync::mpsc;
use std::time::Duration;

use relay_sandbox::{EventSink, SandboxEvent, SandboxOptions, SecondFactor};

use crate::sandbox::Registry;
use crate::world::World;

/// How long anything may take before the test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until something is so; gives up after [`PATIENCE`].
pub(crate) fn wait_for(mut is_so: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < end, "it did not come about");
        std::thread::yield_now();
    }
}

/// A registry whose uploads can be waited for: the names of the packages come out at the other end, as they are sent.
pub(crate) fn telling_registry() -> (Registry, mpsc::Receiver<String>) {
    let (sender, published) = mpsc::channel();
    let sink = EventSink::new(move |event| {
        if let SandboxEvent::Published(commit) = event {
            let _ = sender.send(commit.package.clone());
        }
    });
    let options = SandboxOptions { events: Some(sink), ..SandboxOptions::default() };
    (Registry::start(options, SecondFactor::Totp { secret: "relay-end-to-end-test".to_owned() }), published)
}

/// Two packages, one on top of the other.
pub(crate) fn pearls(registry: &Registry, settings: &str) -> World {
    let mut world = World::empty();
    write_pearls(&world, settings);
    registry.adopt(&mut world);
    world.commit("feat: pearls");
    world
}

/// The files of these packages, and a token that needs nobody.
pub(crate) fn write_pearls(world: &World, settings: &str) {
    world.write("package.json", "{\"name\":\"pearls\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    world.write("packages/pearl/package.json", "{\"name\":\"pearl\",\"version\":\"1.0.0\"}\n");
    world.write(
        "packages/necklace/package.json",
        "{\"name\":\"necklace\",\"version\":\"1.0.0\",\"dependencies\":{\"pearl\":\"^1.0.0\"}}\n",
    );
    world
        .write("relay.toml", &format!("{settings}\n[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\n"));
}

#[test]
fn what_is_accepted_and_not_visible_is_parked_by_the_evidence_of_a_refusal_and_never_committed_twice() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "[publish]\nvisibility-timeout = \"300ms\"\n");
    registry.sandbox.hold("pearl");
    let ran = world.relay(&["publish", "--yes"]).ended_with(4);
    assert!(ran.stderr.contains("accepted, but the registry did not show it"), "{}", ran.stderr);
    assert!(ran.stderr.contains("held by pearl"), "{}", ran.stderr);
    assert_eq!(registry.committed(), ["pearl@1.0.0"]);
    assert_eq!(world.git(&["tag"]), "", "what is not live has no tag");

    registry.sandbox.release("pearl");
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
    assert_eq!(registry.puts(), 3, "pearl was sent once more, for evidence, in the first run alone");
    assert_eq!(world.git(&["tag"]).lines().count(), 2);
}

#[test]
fn without_the_journal_the_registry_still_tells_what_it_has() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "[publish]\nvisibility-timeout = \"300ms\"\n");
    registry.sandbox.hold("pearl");
    world.relay(&["publish", "--yes"]).ended_with(4);
    std::fs::remove_dir_all(world.repo().join(".git/relay")).expect("the state folder");
    // Sent again, refused as already there, and parked again: never taken for failed, never committed twice.
    world.relay(&["publish", "--yes"]).ended_with(4);
    assert_eq!(registry.committed(), ["pearl@1.0.0"]);
    registry.sandbox.release("pearl");
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
}

#[test]
fn an_interrupted_run_parks_cleanly_and_the_next_one_finishes() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, "");
    registry.sandbox.hold("pearl");
    let child = world.start(&["publish", "--yes"]);
    assert_eq!(published.recv_timeout(PATIENCE).expect("an upload"), "pearl");
    let ran = world.interrupt(child).ended_with(130);
    assert!(ran.stderr.contains("run the same command again"), "{}", ran.stderr);

    registry.sandbox.release("pearl");
    world.relay(&["resume", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
    assert_eq!(registry.puts(), 2);
}

#[test]
fn other_bytes_under_the_version_stop_the_package_loudly() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "[publish]\nvisibility-timeout = \"300ms\"\n");
    registry.sandbox.hold("pearl");
    world.relay(&["publish", "--yes"]).ended_with(4);
    // Someone changes the package under the same version before it can be seen.
    world.write("packages/pearl/index.js", "exports.other = true;\n");
    world.commit("fix: other bytes");
    registry.sandbox.release("pearl");
    std::fs::remove_dir_all(world.repo().join(".git/relay")).expect("the state folder");
    registry.sandbox.hold("pearl");
    let ran = world.relay(&["publish", "--yes"]);
    // Whether the plan or the upload finds out: the version is never overwritten, and its dependent goes out only over it.
    assert_eq!(registry.committed().iter().filter(|entry| *entry == "pearl@1.0.0").count(), 1, "{}", ran.stderr);
}

#[test]
fn publish_pushes_tags_and_never_the_branch_and_works_on_a_detached_head() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    let remote = world.beside("origin.git");
    let remote = remote.to_str().expect("a path");
    world.git(&["init", "-q", "--bare", remote]);
    world.git(&["remote", "add", "origin", remote]);
    world.git(&["checkout", "-q", "--detach"]);
    let ran = world.relay(&["publish", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("2 tags made, pushed to origin"), "{}", ran.stderr);
    let refs = world.git(&["ls-remote", remote]);
    assert!(refs.contains("refs/tags/pearl@1.0.0") && !refs.contains("refs/heads/"), "{refs}");
}

#[test]
fn a_version_step_that_was_cut_off_is_told_by_plan_and_finished_by_the_next_release() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    registry.seed(&world);
    world.write(".changeset/shine.md", "---\npearl: minor\n---\n\nShine\n");
    world.commit("docs: a change");
    // The files get written, and then git can't note that the branch moves: the run ends between the two.
    let log = world.repo().join(".git/logs/refs/heads/main");
    std::fs::rename(&log, log.with_extension("kept")).expect("a log of the branch");
    std::fs::create_dir_all(log.join("in-the-way")).expect("a folder");
    std::fs::write(log.join("in-the-way/file"), "").expect("a file");
    world.relay(&["release", "--yes"]).ended_with(1);
    assert!(world.read("packages/pearl/package.json").contains("1.1.0"));
    assert_eq!(registry.puts(), 0);
    let ran = world.relay(&["plan"]).ended_with(0);
    assert!(ran.stderr.contains("not committed yet"), "{}", ran.stderr);

    // As a kill in the midst of the files would have left it.
    world.git(&["checkout", "-q", "HEAD", "--", "packages/pearl/package.json", ".changeset/shine.md"]);
    let before = world.git(&["status", "--porcelain"]);
    let ran = world.relay(&["plan"]).ended_with(0);
    assert!(ran.stderr.contains("only some of its files are written"), "{}", ran.stderr);
    world.relay(&["release", "--dry-run"]);
    assert_eq!(world.git(&["status", "--porcelain"]), before, "who only reads leaves it as it is");

    // A file that someone changed since is not overwritten.
    world.append("packages/pearl/package.json", "\n");
    let ran = world.relay(&["version", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("`packages/pearl/package.json` has been changed since"), "{}", ran.stderr);
    world.git(&["checkout", "-q", "HEAD", "--", "packages/pearl/package.json"]);

    std::fs::remove_dir_all(&log).expect("no folder in the way");
    std::fs::rename(log.with_extension("kept"), &log).expect("a log of the branch");
    let ran = world.relay(&["release", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("Finished the version step of an earlier run"), "{}", ran.stderr);
    assert_eq!(world.git(&["status", "--porcelain"]), "");
    assert!(!world.repo().join(".changeset/shine.md").exists());
    assert!(world.git(&["log", "-1", "--format=%B"]).contains("- pearl@1.1.0"));
    assert!(registry.committed().contains(&"pearl@1.1.0".to_owned()), "{:?}", registry.committed());
    assert!(!world.repo().join(".git/relay/version-step.json").exists());
}
