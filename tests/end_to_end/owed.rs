//! What a run leaves undone in git is made up for by the next one: tags, and pushes that were refused.

use std::fs;
use std::process::Command;

use crate::sandbox::Registry;
use crate::unfinished::pearls;
use crate::world::World;

/// A bare repository beside the world's, as its `origin`.
pub(crate) fn with_remote(world: &World) -> String {
    let remote = world.beside("origin.git");
    let remote = remote.to_str().expect("a path").to_owned();
    world.git(&["init", "-q", "--bare", "-b", "main", &remote]);
    world.git(&["remote", "add", "origin", &remote]);
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    remote
}

pub(crate) fn with_change(world: &World, text: &str) {
    world.write(".changeset/shine.md", &format!("---\npearl: minor\n---\n\n{text}\n"));
    world.commit("docs: a change");
    if !world.git(&["remote"]).is_empty() {
        world.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    }
}

pub(crate) fn head(world: &World) -> String {
    world.git(&["rev-parse", "HEAD"]).trim().to_owned()
}

#[track_caller]
fn assert_all_is_pushed(world: &World, remote: &str, tag: &str) {
    let refs = world.git(&["ls-remote", remote]);
    assert!(refs.contains(&format!("{}\trefs/heads/main", head(world))), "{refs}");
    assert!(refs.contains(&format!("refs/tags/{tag}")), "{refs}");
}

#[test]
fn a_push_that_was_refused_is_made_up_for_by_the_same_command() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    registry.seed(&world);
    let remote = with_remote(&world);
    with_change(&world, "Shine");
    let hook = format!("{remote}/hooks/update");
    let refuse = |what: &str| {
        fs::write(&hook, format!("#!/bin/sh\ncase $1 in {what}) exit 1;; esac\n")).expect("a hook");
        world.run(Command::new("chmod").args(["+x", &hook]));
    };
    // What can't get there stops the release before anything is uploaded; the commit stays for the next try.
    refuse("refs/relay/release");
    let ran = world.relay(&["release", "--yes"]).ended_with(1);
    assert!(
        ran.stderr.contains("could not be pushed") && ran.stderr.contains("nothing was uploaded"),
        "{}",
        ran.stderr
    );
    assert_eq!(registry.puts(), 0);
    refuse("refs/tags/*");
    let ran = world.relay(&["release", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("push"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 1);
    let ran = world.relay(&["release", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("published and not pushed yet"), "{}", ran.stderr);

    fs::remove_file(&hook).expect("a hook");
    let ran = world.relay(&["release", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("pushed 1 tag to origin"), "{}", ran.stderr);
    assert_all_is_pushed(&world, &remote, "pearl@1.1.0");
    // Once it is done it is done.
    let ran = world.relay(&["release", "--yes"]).ended_with(0);
    assert!(!ran.stderr.contains("  pushed "), "{}", ran.stderr);
    assert_eq!(registry.puts(), 1);
}

#[test]
fn a_push_that_was_not_wanted_is_not_made_up_for() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    registry.seed(&world);
    let remote = with_remote(&world);
    with_change(&world, "Shine");
    world.relay(&["release", "--yes", "--no-push"]).ended_with(0);
    world.relay(&["release", "--yes"]).ended_with(0);
    let refs = world.git(&["ls-remote", &remote]);
    assert!(!refs.contains("refs/tags/") && !refs.contains(&head(&world)), "{refs}");
}

#[test]
fn what_becomes_visible_only_after_the_run_is_tagged_and_pushed_by_the_next() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "[publish]\nvisibility-timeout = \"300ms\"\n");
    registry.seed(&world);
    let remote = with_remote(&world);
    with_change(&world, "Shine");
    registry.sandbox.hold("pearl");
    world.relay(&["release", "--yes"]).ended_with(4);
    registry.sandbox.release("pearl");
    let ran = world.relay(&["release", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("Tagged what went live since the last run: pearl@1.1.0"), "{}", ran.stderr);
    assert_all_is_pushed(&world, &remote, "pearl@1.1.0");
}

#[test]
fn a_branch_that_can_t_be_pushed_stops_the_release_before_it_begins() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    registry.seed(&world);
    let remote = with_remote(&world);
    with_change(&world, "Shine");
    let theirs = world.beside("theirs");
    let theirs = theirs.to_str().expect("a path");
    world.git(&["clone", "-q", &remote, theirs]);
    let who = ["-c", "user.name=They", "-c", "user.email=they@example.com"];
    world.git(&[&["-C", theirs], &who[..], &["commit", "-q", "--allow-empty", "-m", "chore: theirs"]].concat());
    world.git(&["-C", theirs, "push", "-q", "origin", "HEAD"]);
    let before = head(&world);
    let ran = world.relay(&["release", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("the remote has commits that this clone lacks"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--no-push"), "{}", ran.stderr);
    assert_eq!((registry.puts(), head(&world)), (0, before));

    world.git(&["pull", "-q", "--no-rebase", "origin", "main"]);
    world.relay(&["release", "--yes"]).ended_with(0);
    assert_all_is_pushed(&world, &remote, "pearl@1.1.0");
}

#[test]
fn a_saved_plan_may_lie_in_the_tree_and_its_release_can_be_gone_on_with() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "[publish]\nvisibility-timeout = \"300ms\"\n");
    registry.seed(&world);
    with_remote(&world);
    with_change(&world, "Shine");
    world.relay(&["plan", "--out", "plan.json"]).ended_with(0);
    registry.sandbox.hold("pearl");
    let by_plan = ["release", "--yes", "--plan", "plan.json"];
    world.relay(&by_plan).ended_with(4);
    // Parked: the same command waits on, and its own commit is no drift.
    let ran = world.relay(&by_plan).ended_with(4);
    assert!(ran.stderr.contains("Going on with a release by this plan"), "{}", ran.stderr);
    registry.sandbox.release("pearl");
    world.relay(&by_plan).ended_with(0);
    world.relay(&by_plan).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.1.0"]);
    // Another version than the plan has is drift all the same.
    with_change(&world, "Glow");
    let ran = world.relay(&by_plan).ended_with(1);
    assert!(ran.stderr.contains("drifted"), "{}", ran.stderr);
}

#[test]
fn a_release_by_a_plan_goes_on_only_from_the_commit_that_it_made() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "[publish]\nvisibility-timeout = \"300ms\"\n");
    registry.seed(&world);
    with_change(&world, "Shine");
    world.relay(&["plan", "--out", "plan.json"]).ended_with(0);
    registry.sandbox.hold("pearl");
    let by_plan = ["release", "--yes", "--plan", "plan.json"];
    world.relay(&by_plan).ended_with(4);
    // Nothing of the plan's names and versions changes by this, and yet it is not what was reviewed.
    world.write("packages/pearl/index.js", "exports.other = true;\n");
    world.git(&["add", "packages"]);
    world.git(&["commit", "-q", "-m", "chore: something else"]);
    let ran = world.relay(&by_plan).ended_with(1);
    assert!(ran.stderr.contains("drifted") && ran.stderr.contains("HEAD"), "{}", ran.stderr);
    assert_eq!(registry.committed(), ["pearl@1.1.0"]);
}

#[cfg(unix)]
#[test]
fn an_interruption_while_a_script_runs_ends_the_script_and_sends_nothing() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    let signs = world.beside("signs");
    world.append("relay.toml", &format!("\n[scripts]\nwrite = [{signs:?}]\n"));
    let running = signs.join("running");
    let script = format!("touch {}; sleep 600", running.to_str().expect("a path"));
    let manifest = serde_json::json!({"name": "pearl", "version": "1.0.0", "scripts": {"prepack": script}});
    world.write("packages/pearl/package.json", &manifest.to_string());
    world.commit("chore: a long script");
    let child = world.start(&["publish", "--yes"]);
    crate::unfinished::wait_for(|| running.exists());
    let ran = world.interrupt(child).ended_with(130);
    assert!(ran.stderr.contains("was ended, since relay was asked to stop"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 0);
}
