//! A release whose branch is protected waits on a branch of its own to be merged, and on no second one: whoever goes on with it
//! takes up what waits there, and who has made other files of the same versions is stopped.
#![cfg(unix)]

use relay_sandbox::{Fault, FaultKind, FaultMatch};

use crate::owed::{head, with_remote};
use crate::sandbox::Registry;
use crate::takeover::{SHORT_LOCK, clone, refuse, tagged};
use crate::unfinished::{PATIENCE, pearls, wait_for};
use crate::world::World;

/// Two packages with a change for each, whose branch is protected, and a clone that knows no more than that branch.
fn protected() -> (Registry, World, String, String) {
    let registry = Registry::with_codes();
    let world = pearls(&registry, SHORT_LOCK);
    registry.seed(&world);
    let remote = with_remote(&world);
    with_changes(&world, "Shine");
    world.commit("docs: changes");
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    let other = clone(&world, &remote, "other");
    refuse(&world, &remote, "refs/heads/main");
    (registry, world, remote, other)
}

fn with_changes(world: &World, text: &str) {
    world.write(".changeset/shine.md", &format!("---\npearl: minor\nnecklace: minor\n---\n\n{text}\n"));
}

/// Kills a release when the registry was asked to take a package. Whether it does is told.
fn killed_at(registry: &Registry, world: &World, package: &str, taken: bool) {
    let pause = PATIENCE * 60;
    let what = if taken { FaultKind::Trickle { pause } } else { FaultKind::Delay(pause) };
    let when = FaultMatch::publish_of(package);
    registry.sandbox.add_fault(Fault { when, what, times: 1 });
    let mut child = world.start(&["release", "--yes"]);
    let path = format!("/{package}");
    wait_for(|| {
        let requests = registry.sandbox.requests();
        let is_asked = requests.iter().any(|request| request.method == "PUT" && request.path == path);
        is_asked && (!taken || registry.committed().contains(&format!("{package}@1.1.0")))
    });
    child.kill().expect("it is ended");
    child.wait().expect("an end");
    registry.sandbox.clear_faults();
}

/// The one branch on which the release waits, and its commit.
#[track_caller]
fn the_branch(world: &World, remote: &str) -> (String, String) {
    let refs = world.git(&["ls-remote", remote, "refs/heads/relay/release/*"]);
    let (commit, branch) = refs.trim().split_once("\trefs/heads/").expect("a branch");
    assert!(!branch.contains('\n'), "a second one: {refs}");
    (branch.to_owned(), commit.to_owned())
}

/// All is out, each version once, tagged on the commit that waits, which a clone has checked out.
#[track_caller]
fn finished(registry: &Registry, world: &World, remote: &str, folder: &str) {
    let mut committed = registry.committed();
    committed.sort();
    assert_eq!(committed, ["necklace@1.1.0", "pearl@1.1.0"]);
    let (_, commit) = the_branch(world, remote);
    for tag in ["pearl@1.1.0", "necklace@1.1.0"] {
        assert_eq!(tagged(world, remote, tag), commit, "{tag}");
    }
    assert_eq!(world.git(&["-C", folder, "rev-parse", "main"]).trim(), commit);
    assert_eq!(world.git(&["-C", folder, "status", "--porcelain"]), "");
}

#[test]
fn a_clone_that_would_make_the_same_takes_up_what_waits() {
    let (registry, world, remote, other) = protected();
    killed_at(&registry, &world, "pearl", false);
    let waiting = the_branch(&world, &remote);
    world.relay(&["--cwd", &other, "release", "--yes"]).ended_with(0);
    assert_eq!(the_branch(&world, &remote), waiting);
    finished(&registry, &world, &remote, &other);
}

#[test]
fn a_run_that_has_less_to_send_than_the_one_before_pushes_no_second_branch() {
    let (registry, world, remote, _) = protected();
    killed_at(&registry, &world, "pearl", true);
    let waiting = the_branch(&world, &remote);
    world.relay(&["release", "--yes"]).ended_with(0);
    assert_eq!(the_branch(&world, &remote), waiting);
    finished(&registry, &world, &remote, ".");
}

#[test]
fn a_commit_of_the_same_files_that_was_never_pushed_gives_way_to_the_one_that_waits() {
    let (registry, world, remote, other) = protected();
    refuse(&world, &remote, "refs/heads/main|refs/heads/relay/*|refs/relay/release");
    world.relay(&["--cwd", &other, "release", "--yes"]).ended_with(1);
    let own = world.git(&["-C", &other, "rev-parse", "HEAD"]);
    refuse(&world, &remote, "refs/heads/main");
    // The other commit is of another second, and so another one.
    world.git(&["commit", "-q", "--amend", "--allow-empty", "--no-edit", "--date", "2026-01-01T00:00:00Z"]);
    world.git(&["reset", "-q", "--hard", "origin/main"]);
    killed_at(&registry, &world, "pearl", false);
    let (_, waiting) = the_branch(&world, &remote);
    world.relay(&["--cwd", &other, "release", "--yes"]).ended_with(0);
    finished(&registry, &world, &remote, &other);
    assert!(own.trim() == waiting || own.trim() != world.git(&["-C", &other, "rev-parse", "HEAD"]).trim());
}

#[test]
fn other_files_of_the_same_versions_stop_the_run_and_the_branch_is_named() {
    let (registry, world, remote, other) = protected();
    killed_at(&registry, &world, "pearl", false);
    let (branch, _) = the_branch(&world, &remote);
    let change = world.repo().join(&other).join(".changeset/shine.md");
    let text = std::fs::read_to_string(&change).expect("a change file");
    std::fs::write(&change, text.replace("Shine", "Gleam")).expect("a change file");
    world.git(&["-C", &other, "commit", "-qam", "docs: in other words"]);
    for _ in 0..2 {
        let ran = world.relay(&["--cwd", &other, "release", "--yes"]).ended_with(1);
        assert!(ran.stderr.contains(&format!("a release waits to be merged: `{branch}`")), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("`git switch {branch}`, `relay resume`")), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("`git push origin --delete {branch}`")), "{}", ran.stderr);
        assert_eq!(the_branch(&world, &remote).0, branch);
        assert_eq!(registry.committed(), Vec::<String>::new());
        // The same versions, committed by hand.
        let version = |path: &str| {
            let path = world.repo().join(&other).join(path);
            let text = std::fs::read_to_string(&path).expect("a manifest");
            std::fs::write(&path, text.replace("\"version\":\"1.0.0\"", "\"version\":\"1.1.0\"")).expect("a manifest");
        };
        version("packages/pearl/package.json");
        version("packages/necklace/package.json");
        let _ = std::fs::remove_file(&change);
        world.git(&["-C", &other, "commit", "-qam", "chore: by hand", "--allow-empty"]);
    }
    // Given up, it is in nobody's way.
    world.git(&["push", "-q", "origin", "--delete", &branch]);
    world.relay(&["--cwd", &other, "release", "--yes"]).ended_with(0);
    assert_ne!(the_branch(&world, &remote).1, head(&world));
    finished(&registry, &world, &remote, &other);
}
