//! `relay resume` is the same as running the command again: a release that was killed anywhere comes to the same end (L1, I17).
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::owed::{head, with_remote};
use crate::sandbox::Registry;
use crate::takeover::clone;
use crate::unfinished::{PATIENCE, pearls, telling_registry};
use crate::world::{Ran, World};

/// Signs for git, or kills relay once the new versions are written and are to be committed.
const SIGNER: &str = "#!/bin/sh
if grep -q 1.1.0 packages/pearl/package.json; then kill -9 $(ps -o ppid= -p $PPID); exit 1; fi
cat > /dev/null
printf '\\n[GNUPG:] SIG_CREATED D\\n' >&2
printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'
";

/// A world in which one release of both packages is to be made. `prepack` of one of them kills relay where it is told to.
fn world(registry: &Registry, settings: &str) -> (World, String) {
    let world = pearls(registry, settings);
    world.write(
        "packages/pearl/package.json",
        "{\"name\":\"pearl\",\"version\":\"1.0.0\",\"scripts\":{\"prepack\":\"test ! -e ../../.git/kill || { rm ../../.git/kill; kill -9 $PPID; }\"}}\n",
    );
    world.commit("chore: a script");
    registry.seed(&world);
    let remote = with_remote(&world);
    world.write(".changeset/shine.md", "---\npearl: minor\nnecklace: patch\n---\n\nShine\n");
    world.commit("docs: a change");
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/main", "--tags"]);
    (world, remote)
}

/// What the remote shows: each branch and tag with its files, and what else relay left there.
fn end_state(world: &World, remote: &str) -> BTreeMap<String, String> {
    let refs = world.git(&["ls-remote", remote]);
    let lines = refs.lines().filter_map(|line| line.split_once('\t')).filter(|(_, name)| !name.ends_with("^{}"));
    let files = |id: &str, name: &str| match name {
        "refs/relay/release" => "a record".to_owned(),
        _ => world.git(&["-C", remote, "rev-parse", &format!("{id}^{{tree}}")]),
    };
    lines.map(|(id, name)| (name.to_owned(), files(id, name))).collect()
}

/// The end of a release that nothing disturbs.
fn undisturbed() -> BTreeMap<String, String> {
    let registry = Registry::with_codes();
    let (world, remote) = world(&registry, "");
    world.relay(&["release", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.1.0", "necklace@1.0.1"]);
    end_state(&world, &remote)
}

/// Compares what the registry and the remote have with the undisturbed end. The settings name the registry's port, so that the
/// worlds' trees are compared by the packages alone.
#[track_caller]
fn check(registry: &Registry, world: &World, remote: &str, ran: &Ran) {
    assert_eq!(registry.committed(), ["pearl@1.1.0", "necklace@1.0.1"], "{}", ran.stderr);
    let (names, wanted) = (end_state(world, remote), undisturbed());
    assert_eq!(names.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{}", ran.stderr);
    let main = world.git(&["-C", remote, "rev-parse", "main"]);
    for tag in ["pearl@1.1.0", "necklace@1.0.1"] {
        assert_eq!(world.git(&["-C", remote, "rev-parse", &format!("{tag}^{{commit}}")]), main, "{tag}");
    }
    let manifest = world.git(&["-C", remote, "show", "main:packages/pearl/package.json"]);
    assert!(manifest.contains("1.1.0"), "{manifest}");
    assert_eq!(world.git(&["-C", remote, "log", "--format=%s", "main", "--grep=publish"]).lines().count(), 1);
}

#[test]
fn a_release_killed_before_its_commit_is_resumed_as_a_release() {
    let registry = Registry::with_codes();
    let (world, remote) = world(&registry, "");
    let signer = world.beside("bin").join("signer");
    fs::write(&signer, SIGNER).expect("a program");
    world.run(Command::new("chmod").arg("+x").arg(&signer)).ended_with(0);
    world.git(&["config", "commit.gpgsign", "true"]);
    world.git(&["config", "gpg.program", signer.to_str().expect("a path")]);
    let before = head(&world);
    world.relay(&["release", "--yes"]).ended_with(-1);
    assert_eq!(head(&world), before, "it was killed before the commit");
    assert!(world.read("packages/pearl/package.json").contains("1.1.0"), "and after the versions were written");
    world.git(&["config", "commit.gpgsign", "false"]);
    world.relay(&["unlock", "--yes"]).ended_with(0);

    let ran = world.relay(&["resume", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("Going on with `relay release` of 20"), "{}", ran.stderr);
    check(&registry, &world, &remote, &ran);
    assert_eq!(registry.puts(), 2);
}

#[test]
fn a_release_killed_between_commit_and_push_is_resumed_as_a_release() {
    let registry = Registry::with_codes();
    let (world, remote) = world(&registry, "");
    let before = head(&world);
    fs::write(world.repo().join(".git/kill"), "").expect("a file");
    world.relay(&["release", "--yes"]).ended_with(-1);
    assert_ne!(head(&world), before, "it was killed after the commit");
    assert!(world.git(&["ls-remote", &remote, "refs/heads/main"]).starts_with(&before), "and before the push");
    world.relay(&["unlock", "--yes"]).ended_with(0);

    let ran = world.relay(&["resume", "--yes"]).ended_with(0);
    check(&registry, &world, &remote, &ran);
    assert_eq!(registry.puts(), 2);
}

#[test]
fn a_release_killed_between_uploads_is_resumed_in_this_clone_and_in_a_fresh_one() {
    for is_fresh in [false, true] {
        let (registry, published) = telling_registry();
        let (world, remote) = world(&registry, "");
        registry.sandbox.hold("pearl");
        let mut child = world.start(&["release", "--yes"]);
        assert_eq!(published.recv_timeout(PATIENCE).expect("an upload"), "pearl");
        child.kill().expect("it is ended");
        child.wait().expect("an end");
        registry.sandbox.release("pearl");
        world.relay(&["unlock", "--yes"]).ended_with(0);
        let folder = if is_fresh { clone(&world, &remote, "other") } else { ".".to_owned() };
        let ran = world.relay(&["--cwd", &folder, "resume", "--yes"]).ended_with(0);
        assert!(ran.stderr.contains("Going on with `relay release` of 20"), "{}", ran.stderr);
        assert_eq!(ran.stderr.contains("as the release record on `origin` tells it"), is_fresh, "{}", ran.stderr);
        check(&registry, &world, &remote, &ran);
        assert_eq!(registry.puts(), 2, "nothing is sent twice");
        // Then nothing is left to go on with.
        let ran = world.relay(&["--cwd", &folder, "resume", "--yes"]).ended_with(0);
        assert!(!ran.stderr.contains("Going on with"), "{}", ran.stderr);
    }
}

#[test]
fn what_a_run_was_asked_for_is_asked_for_again_in_whatever_clone() {
    for is_fresh in [false, true] {
        let (registry, published) = telling_registry();
        let (world, remote) = world(&registry, "");
        registry.sandbox.hold("pearl");
        // The record on the remote tells what is unfinished by tags.
        let mut flags = vec!["release", "--yes", "--tag", "next"];
        flags.extend((!is_fresh).then_some("--no-git-tag"));
        let mut child = world.start(&flags);
        assert_eq!(published.recv_timeout(PATIENCE).expect("an upload"), "pearl");
        child.kill().expect("it is ended");
        child.wait().expect("an end");
        registry.sandbox.release("pearl");
        world.relay(&["unlock", "--yes"]).ended_with(0);
        let folder = if is_fresh { clone(&world, &remote, "other") } else { ".".to_owned() };
        let tags = world.git(&["ls-remote", "--tags", &remote]);
        world.relay(&["--cwd", &folder, "resume", "--yes"]).ended_with(0);
        assert_eq!(registry.committed(), ["pearl@1.1.0", "necklace@1.0.1"]);
        assert!(registry.commits().iter().all(|one| one.tag == "next"), "{:?}", registry.commits());
        assert_eq!(
            world.git(&["ls-remote", "--tags", &remote]) == tags,
            !is_fresh,
            "tags are made where they were wanted"
        );
    }
}

#[test]
fn a_run_by_a_plan_is_resumed_by_that_plan() {
    let registry = Registry::with_codes();
    let (world, remote) = world(&registry, "");
    let plan = world.beside("plans").join("plan.json");
    let plan = plan.to_str().expect("a path");
    world.relay(&["plan", "--out", plan, "--ignore-scripts"]).ended_with(0);
    fs::write(world.repo().join(".git/kill"), "").expect("a file");
    world.relay(&["release", "--yes", "--plan", plan]).ended_with(-1);
    world.relay(&["unlock", "--yes"]).ended_with(0);

    fs::rename(plan, format!("{plan}.away")).expect("the plan");
    let ran = world.relay(&["resume", "--yes"]).ended_with(1);
    assert!(
        ran.stderr.contains("was to carry out the plan") && ran.stderr.contains("put the file back"),
        "{}",
        ran.stderr
    );
    assert_eq!(registry.puts(), 0);
    fs::rename(format!("{plan}.away"), plan).expect("the plan");
    let ran = world.relay(&["resume", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("Going on with a release by this plan"), "{}", ran.stderr);
    check(&registry, &world, &remote, &ran);
}

#[test]
fn without_anything_unfinished_what_the_manifests_say_is_published() {
    let registry = Registry::with_codes();
    let (world, _remote) = world(&registry, "");
    // A change waits, and nobody asked for its release.
    let ran = world.relay(&["resume", "--yes"]).ended_with(0);
    assert!(!ran.stderr.contains("Going on with"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 0);
    assert!(world.repo().join(".changeset/shine.md").exists());
}
