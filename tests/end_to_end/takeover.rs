//! A release that one machine begins, any clone finishes: from the remote and the registry alone (invariants I3, I10, I17).

use std::fs;
use std::process::Command;
use std::sync::mpsc::Receiver;

use relay_sandbox::{SandboxAccess, SeedPackage};

use crate::owed::{head, with_change, with_remote};
use crate::sandbox::{ACCOUNT, Registry};
use crate::unfinished::{PATIENCE, pearls, telling_registry};
use crate::world::World;

/// The lock of a run that died is taken over soon.
pub(crate) const SHORT_LOCK: &str = "[git]\nlock-lasts = \"1s\"\n";

/// A fresh clone of the remote.
pub(crate) fn clone(world: &World, remote: &str, name: &str) -> String {
    let folder = world.beside(name);
    let folder = folder.to_str().expect("a path").to_owned();
    world.git(&["clone", "-q", remote, &folder]);
    world.git(&["-C", &folder, "config", "user.name", "Other"]);
    world.git(&["-C", &folder, "config", "user.email", "other@example.com"]);
    folder
}

/// Starts a command and kills it when the registry has taken its first upload and shows it to nobody; then it is shown.
pub(crate) fn kill_in_the_middle(registry: &Registry, published: &Receiver<String>, world: &World, command: &str) {
    registry.sandbox.hold("pearl");
    let mut child = world.start(&[command, "--yes"]);
    assert_eq!(published.recv_timeout(PATIENCE).expect("an upload"), "pearl");
    child.kill().expect("it is ended");
    child.wait().expect("an end");
    registry.sandbox.release("pearl");
}

/// The commit that a tag of the remote is on.
#[track_caller]
pub(crate) fn tagged(world: &World, remote: &str, tag: &str) -> String {
    let refs = world.git(&["ls-remote", remote, &format!("refs/tags/{tag}"), &format!("refs/tags/{tag}^{{}}")]);
    let line = refs.lines().last().unwrap_or_else(|| panic!("{tag} is not there"));
    line.split('\t').next().expect("an id").to_owned()
}

#[test]
fn a_publish_that_was_killed_is_finished_by_a_fresh_clone() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, SHORT_LOCK);
    let remote = with_remote(&world);
    kill_in_the_middle(&registry, &published, &world, "publish");

    let other = clone(&world, &remote, "other");
    world.relay(&["--cwd", &other, "publish", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
    for tag in ["pearl@1.0.0", "necklace@1.0.0"] {
        assert_eq!(tagged(&world, &remote, tag), head(&world), "{tag}");
    }
}

#[test]
fn tags_are_owed_for_what_is_live_whoever_uploaded_it_and_for_nothing_else() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, SHORT_LOCK);
    registry.seed(&world);
    world.git(&["tag", "-d", "pearl@1.0.0", "necklace@1.0.0"]);
    let remote = with_remote(&world);
    // A repository of versions that were published long ago without tags gets none.
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(world.git(&["ls-remote", "--tags", &remote]), "");

    with_change(&world, "Shine");
    kill_in_the_middle(&registry, &published, &world, "release");

    // Nothing is left to publish in the fresh clone; the tag is owed all the same.
    let other = clone(&world, &remote, "other");
    let ran = world.relay(&["--cwd", &other, "release", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("Tagged what went live since the last run: pearl@1.1.0"), "{}", ran.stderr);
    assert_eq!(tagged(&world, &remote, "pearl@1.1.0"), head(&world));
    assert_eq!(world.git(&["ls-remote", "--tags", &remote]).lines().count(), 2, "the tag and what it is on");
    assert_eq!(registry.puts(), 1);
}

#[test]
fn the_version_commit_is_on_the_remote_before_the_first_upload() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, "");
    registry.seed(&world);
    let remote = with_remote(&world);
    with_change(&world, "Shine");
    registry.sandbox.hold("pearl");
    let mut child = world.start(&["release", "--yes"]);
    published.recv_timeout(PATIENCE).expect("an upload");
    let refs = world.git(&["ls-remote", &remote]);
    child.kill().expect("it is ended");
    child.wait().expect("an end");
    assert!(refs.contains(&format!("{}\trefs/heads/main", head(&world))), "{refs}");
    assert!(refs.contains("refs/relay/release"), "{refs}");
    assert!(!refs.contains("refs/tags/pearl@1.1.0"), "what is not live has no tag: {refs}");

    // The clone in which it was killed, without its journal, with a torn one, and by `resume`.
    registry.sandbox.release("pearl");
    let journal = world.repo().join(".git/relay/journal.ndjson");
    fs::write(&journal, &fs::read(&journal).expect("a journal")[..5]).expect("a torn journal");
    world.relay(&["resume", "--yes"]).ended_with(0);
    assert_eq!(tagged(&world, &remote, "pearl@1.1.0"), head(&world));
    assert_eq!(registry.puts(), 1);
}

/// A repository with its remote, after somebody else published other bytes as `pearl@1.0.0`, which relay was about to send.
fn with_others_bytes(registry: &Registry) -> (World, String) {
    let world = pearls(registry, "");
    let remote = with_remote(&world);
    // The token turns out not to be enough; what was to be sent is on record.
    registry.access("pearl", SandboxAccess::Publish);
    world.relay(&["publish", "--yes"]).ended_with(4);
    assert_eq!(registry.committed(), Vec::<String>::new());
    registry.access("pearl", SandboxAccess::Automation);
    // Meanwhile somebody publishes something else under that version.
    let theirs = pearls(registry, "");
    theirs.write("packages/pearl/theirs.js", "exports.theirs = true;\n");
    theirs.commit("feat: theirs");
    let folder = theirs.beside("packed");
    theirs.relay(&["pack", "--filter", "pearl", "--out", folder.to_str().expect("a path")]).ended_with(0);
    registry.sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({"name": "pearl", "version": "1.0.0"}),
        tarball: fs::read(folder.join("pearl-1.0.0.tgz")).expect("a tarball"),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });
    (world, remote)
}

#[test]
fn others_bytes_under_a_version_stop_it_and_its_dependents_until_a_person_takes_them_for_good() {
    let registry = Registry::with_codes();
    let (world, remote) = with_others_bytes(&registry);
    // In every run and every clone: this one, one without a journal, a fresh one.
    let other = clone(&world, &remote, "other");
    for folder in [world.repo().to_str().expect("a path").to_owned(), other.clone()] {
        let ran = world.relay(&["--cwd", &folder, "publish", "--yes"]);
        assert_ne!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stderr.contains("--accept-published pearl@1.0.0"), "{}", ran.stderr);
        assert!(ran.stderr.contains("held by pearl"), "{}", ran.stderr);
    }
    assert_eq!(registry.committed(), Vec::<String>::new(), "nothing was sent onto it");
    assert_eq!(world.git(&["ls-remote", "--tags", &remote]), "", "and nothing tagged");

    let accept = ["--cwd", &other, "publish", "--yes", "--accept-published", "pearl@1.0.0"];
    let ran = world.relay(&accept).ended_with(0);
    assert!(ran.stderr.contains("Taken for good: `pearl@1.0.0`"), "{}", ran.stderr);
    assert_eq!(registry.committed(), ["necklace@1.0.0"]);
    assert_eq!(tagged(&world, &remote, "pearl@1.0.0"), head(&world));
    // Once is enough, for every clone.
    world.relay(&["publish", "--yes"]).ended_with(0);
}

#[test]
fn the_next_version_leaves_others_bytes_behind() {
    let registry = Registry::with_codes();
    let (world, remote) = with_others_bytes(&registry);
    with_change(&world, "Shine");
    let code = registry.sandbox.current_otp(ACCOUNT).expect("a code");
    world.relay(&["release", "--yes", "--otp", &code]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.1.0", "necklace@1.0.0"]);
    assert_eq!(tagged(&world, &remote, "pearl@1.1.0"), head(&world));
    world.relay(&["publish", "--yes"]).ended_with(0);
}

#[cfg(unix)]
pub(crate) fn refuse(world: &World, remote: &str, what: &str) {
    let hook = format!("{remote}/hooks/update");
    let text = format!("#!/bin/sh\ncase $1 in {what}) echo 'protected branch hook declined' >&2; exit 1;; esac\n");
    fs::write(&hook, text).expect("a hook");
    world.run(Command::new("chmod").args(["+x", &hook]));
}

#[cfg(unix)]
#[test]
fn where_the_branch_is_protected_the_commit_waits_on_a_branch_of_its_own() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    registry.seed(&world);
    let remote = with_remote(&world);
    with_change(&world, "Shine");
    refuse(&world, &remote, "refs/heads/main");
    let ran = world.relay(&["release", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("gh pr create --head relay/release/"), "{}", ran.stderr);
    let refs = world.git(&["ls-remote", &remote, "refs/heads/relay/release/*"]);
    assert!(refs.starts_with(&head(&world)), "{refs}");
    assert_eq!(tagged(&world, &remote, "pearl@1.1.0"), head(&world));
    assert_eq!(registry.puts(), 1);
}

#[test]
fn a_remote_that_refuses_relays_refs_is_told_before_anything_is_uploaded() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    let remote = with_remote(&world);
    world.git(&["-C", &remote, "config", "receive.hideRefs", "refs/relay"]);
    let ran = world.relay(&["publish", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("--no-remote-lock"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 0);
    world.relay(&["publish", "--yes", "--no-remote-lock"]).ended_with(0);
    assert!(!world.git(&["ls-remote", &remote]).contains("refs/relay"));
    assert_eq!(tagged(&world, &remote, "pearl@1.0.0"), head(&world));

    // Said once in `relay.toml`, it counts for every run.
    let manifest = world.read("packages/pearl/package.json").replace("1.0.0", "1.0.1");
    world.write("packages/pearl/package.json", &manifest);
    world.write("relay.toml", &(world.read("relay.toml") + "\n[git]\nremote-lock = false\n"));
    world.commit("fix: pearl");
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert!(!world.git(&["ls-remote", &remote]).contains("refs/relay"));
    assert_eq!(tagged(&world, &remote, "pearl@1.0.1"), head(&world));
}

#[test]
fn of_two_clones_one_publishes_and_the_other_hears_of_it() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, "");
    let remote = with_remote(&world);
    let other = clone(&world, &remote, "other");
    registry.sandbox.hold("pearl");
    let child = world.start(&["publish", "--yes"]);
    published.recv_timeout(PATIENCE).expect("an upload");
    // In the same clone at once; in another one when the lock was seen to be renewed.
    let ran = world.relay(&["publish", "--yes"]).ended_with(1);
    assert!(
        ran.stderr.contains("another run of relay is at work in this clone: `relay publish` since"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("uncommitted"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 1);
    registry.sandbox.release("pearl");
    let first = child.wait_with_output().expect("an end");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    world.relay(&["--cwd", &other, "publish", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
    assert!(!world.git(&["ls-remote", &remote]).contains("refs/relay/lock"), "given back");
}

#[test]
fn a_journal_that_names_a_commit_which_nobody_has_is_told_and_set_aside() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, "");
    kill_in_the_middle(&registry, &published, &world, "publish");
    let path = world.repo().join(".git/relay/journal.ndjson");
    let journal = fs::read_to_string(&path).expect("a journal");
    fs::write(&path, journal.replace(&head(&world), &"1".repeat(40))).expect("a journal");
    let ran = world.relay(&["publish", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("which neither this clone nor the remote has any more"), "{}", ran.stderr);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
}

#[test]
fn without_a_remote_the_commit_that_its_publisher_named_tells_whose_a_live_version_is() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, "");
    kill_in_the_middle(&registry, &published, &world, "publish");
    fs::remove_dir_all(world.repo().join(".git/relay")).expect("the journal");
    world.relay(&["publish", "--yes"]).ended_with(0);
    let tags = world.git(&["for-each-ref", "--format=%(refname:short) %(*objectname)", "refs/tags"]);
    assert_eq!(tags.lines().count(), 2, "{tags}");
    assert!(tags.lines().all(|line| line.ends_with(&head(&world))), "{tags}");
    assert_eq!(registry.puts(), 2);
}
