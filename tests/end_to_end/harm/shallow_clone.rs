//! A clone without the commits since a package's last release: no version is guessed from what is left.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;
use crate::world::{Ran, World};

/// `a` was released, broken, and mended twice.
fn released_and_broken() -> World {
    let world = npm_workspaces(&[("a", "\"version\":\"1.0.0\""), ("b", "\"version\":\"1.0.0\",\"private\":true")]);
    world.commit("init");
    world.git(&["tag", "a@1.0.0"]);
    for subject in ["feat!: one", "fix: two", "fix: three"] {
        world.append("packages/a/index.js", "// more\n");
        world.commit(subject);
    }
    world
}

/// A clone of the world's repository, made as continuous integration makes it.
fn shallow(world: &World, depth: &str) -> PathBuf {
    let clone = world.beside(&format!("clone-{depth}"));
    let url = format!("file://{}", world.repo().display());
    let path = clone.to_str().expect("a path");
    world.git(&["clone", "-q", "--depth", depth, &url, path]);
    world.git(&["-C", path, "fetch", "-q", "--tags", "--depth", depth]);
    clone
}

fn relay(world: &World, folder: &Path, arguments: &[&str]) -> Ran {
    world.run(Command::new(env!("CARGO_BIN_EXE_relay")).args(arguments).current_dir(folder))
}

#[test]
fn no_version_is_guessed_from_a_history_that_is_cut_off() {
    let world = released_and_broken();
    for depth in ["1", "2"] {
        let clone = shallow(&world, depth);
        for command in [&["plan", "--offline"][..], &["version", "--yes"], &["version", "--dry-run"]] {
            let ran = relay(&world, &clone, command).ended_with(1);
            assert!(ran.stderr.contains("cut off before the last release of `a`, so"), "{}", ran.stderr);
            assert!(ran.stderr.contains("git fetch --unshallow --tags"), "{}", ran.stderr);
        }
        let ran = relay(&world, &clone, &["release", "--yes"]).ended_with(1);
        assert!(ran.stderr.contains("cut off"), "{}", ran.stderr);
        let manifest = std::fs::read_to_string(clone.join("packages/a/package.json")).expect("a manifest");
        assert!(manifest.contains("\"1.0.0\""), "{manifest}");
    }
}

#[test]
fn the_rest_of_the_history_is_fetched_when_that_is_wanted() {
    let world = released_and_broken();
    let clone = shallow(&world, "2");
    let plan = relay(&world, &clone, &["plan", "--offline", "--unshallow"]).ended_with(0);
    assert!(plan.stdout.contains("2.0.0"), "{}", plan.stdout);
    relay(&world, &clone, &["plan", "--offline", "--unshallow"]).ended_with(0);
    // Where it can't be fetched, nothing is planned.
    let other = shallow(&world, "1");
    world.git(&["-C", other.to_str().expect("a path"), "remote", "set-url", "origin", "file:///nowhere/at/all"]);
    let ran = relay(&world, &other, &["plan", "--offline", "--unshallow"]).ended_with(1);
    assert!(ran.stderr.contains("can't be fetched"), "{}", ran.stderr);
}

#[test]
fn what_needs_no_history_goes_on_in_a_shallow_clone() {
    let registry = CountingRegistry::start();
    let world = released_and_broken();
    at_home_in(&world, &registry);
    let clone = shallow(&world, "1");
    relay(&world, &clone, &["graph"]).ended_with(0);
    relay(&world, &clone, &["pack", "--dry-run"]).ended_with(0);
    relay(&world, &clone, &["publish", "--yes", "--no-push", "--no-git-tag"]).ended_with(0);
    assert_eq!(registry.uploads(), ["a@1.0.0"]);
    // Change files alone tell what comes next.
    std::fs::write(clone.join("relay.toml"), "[release]\nchanges = [\"changesets\"]\n").expect("settings");
    std::fs::create_dir_all(clone.join(".changeset")).expect("a folder");
    std::fs::write(clone.join(".changeset/x.md"), "---\n\"a\": minor\n---\n\nMore\n").expect("a change file");
    let plan = relay(&world, &clone, &["plan", "--offline"]).ended_with(0);
    assert!(plan.stdout.contains("1.1.0"), "{}", plan.stdout);
}
