//! One runner a remote: who is gone loses the lock, who is at work keeps it, and a person may look and take it away
//! (invariant I13).

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};

use relay_sandbox::{Fault, FaultKind, FaultMatch};

use crate::owed::{head, with_remote};
use crate::sandbox::Registry;
use crate::takeover::clone;
use crate::unfinished::{PATIENCE, pearls, telling_registry, wait_for};
use crate::world::World;

const LOCK: &str = "refs/relay/lock";

pub(crate) fn lock(world: &World, remote: &str) -> String {
    world.git(&["ls-remote", remote, LOCK])
}

/// A run that was killed with -9 while the registry kept `pearl` to itself; its lock stays. Gives its process.
pub(crate) fn killed(settings: &str) -> (Registry, World, String, u32) {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, settings);
    let remote = with_remote(&world);
    registry.sandbox.hold("pearl");
    // Taken and never answered: however late the kill comes, the run hears of nothing before it.
    let what = FaultKind::Trickle { pause: PATIENCE * 60 };
    registry.sandbox.add_fault(Fault { when: FaultMatch::publish_of("pearl"), what, times: 1 });
    let mut child = world.start(&["publish", "--yes"]);
    published.recv_timeout(PATIENCE).expect("an upload");
    child.kill().expect("it is ended");
    child.wait().expect("an end");
    assert_ne!(lock(&world, &remote), "", "the lock of who was killed stays");
    (registry, world, remote, child.id())
}

#[test]
fn unlock_shows_whose_lock_it_is_and_takes_it_away_so_that_the_next_run_goes_on_at_once() {
    let (registry, world, remote, pid) = killed("[git]\nlock-lasts = \"15m\"\n");
    registry.sandbox.release("pearl");
    // Nobody is there to say yes: it is shown, and stays.
    let ran = world.relay(&["unlock"]).ended_with(4);
    assert!(ran.stderr.contains("`relay publish` since 20"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("(process {pid} on ")), "{}", ran.stderr);
    assert!(ran.stderr.contains("it lasts 15 min without that"), "{}", ran.stderr);
    assert_ne!(lock(&world, &remote), "");

    let other = clone(&world, &remote, "other");
    let ran = world.relay(&["--cwd", &other, "unlock", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("Taken away: nobody holds the lock on `origin`"), "{}", ran.stderr);
    assert_eq!(lock(&world, &remote), "");
    let ran = world.relay(&["--cwd", &other, "publish", "--yes"]).ended_with(0);
    assert!(!ran.stderr.contains("watching"), "{}", ran.stderr);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
    assert_eq!(lock(&world, &remote), "");
}

#[test]
fn unlock_has_nothing_to_do_without_a_lock_without_a_remote_and_without_git() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    let ran = world.relay(&["unlock"]).ended_with(0);
    assert!(ran.stderr.contains("has no remote"), "{}", ran.stderr);
    with_remote(&world);
    let ran = world.relay(&["unlock"]).ended_with(0);
    assert!(ran.stderr.contains("Nobody holds the lock on `origin`"), "{}", ran.stderr);
    fs::remove_dir_all(world.repo().join(".git")).expect("no repository");
    let ran = world.relay(&["unlock"]).ended_with(0);
    assert!(ran.stderr.contains("no git repository"), "{}", ran.stderr);
}

#[test]
fn a_lock_that_can_t_be_read_is_shown_as_such_and_can_be_taken_away() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    let remote = with_remote(&world);
    let blob = world.git(&["hash-object", "-w", "relay.toml"]).trim().to_owned();
    for object in [blob, head(&world)] {
        world.git(&["push", "-q", "origin", &format!("{object}:{LOCK}")]);
        let ran = world.relay(&["unlock", "--yes"]).ended_with(0);
        assert!(ran.stderr.contains(&object[..10]) && ran.stderr.contains("can't read"), "{}", ran.stderr);
        assert_eq!(lock(&world, &remote), "");
    }
}

#[test]
fn the_lock_of_a_run_that_is_gone_is_taken_over_by_the_next() {
    let (registry, world, remote, pid) = killed("[git]\nlock-lasts = \"1s\"\n");
    registry.sandbox.release("pearl");
    let other = clone(&world, &remote, "other");
    let ran = world.relay(&["--cwd", &other, "publish", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("watching for up to 1 s"), "{}", ran.stderr);
    let taken_over = "Took over the lock on the remote from `relay publish` since ";
    assert!(ran.stderr.contains(taken_over) && ran.stderr.contains(&format!("process {pid}")), "{}", ran.stderr);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
    assert_eq!(registry.puts(), 2, "what was accepted is not sent again");
    assert_eq!(lock(&world, &remote), "");
}

#[test]
fn what_becomes_visible_while_the_lock_of_a_run_that_is_gone_is_watched_is_planned_for() {
    let (registry, world, remote, _) = killed("[git]\nlock-lasts = \"3s\"\n");
    let other = clone(&world, &remote, "other");
    let mut child = world.start(&["--cwd", &other, "publish", "--yes"]);
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut told = String::new();
    while !told.contains("watching for up to 3 s") {
        assert_ne!(stderr.read_line(&mut told).expect("a line"), 0, "{told}");
    }
    registry.sandbox.release("pearl");
    stderr.read_to_string(&mut told).expect("the rest");
    assert!(child.wait().expect("an end").success(), "{told}");
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
    assert_eq!(registry.puts(), 2, "what was accepted is not sent again");
    assert_eq!(lock(&world, &remote), "");
}

#[test]
fn who_is_at_work_is_never_taken_over() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, "[git]\nlock-lasts = \"3s\"\n");
    let remote = with_remote(&world);
    let other = clone(&world, &remote, "other");
    registry.sandbox.hold("pearl");
    let child = world.start(&["publish", "--yes"]);
    published.recv_timeout(PATIENCE).expect("an upload");
    let before = lock(&world, &remote);
    let ran = world.relay(&["--cwd", &other, "publish", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("another run of relay is publishing from `origin`: `relay publish`"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("(process {} on ", child.id())), "{}", ran.stderr);
    assert_eq!(registry.puts(), 1);
    wait_for(|| lock(&world, &remote) != before);
    registry.sandbox.release("pearl");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
    assert_eq!(lock(&world, &remote), "", "it was given back");
}

/// What git was asked to do with the remote while five packages are published.
#[cfg(unix)]
fn asked_of_the_remote(flags: &[&str]) -> Vec<String> {
    let registry = Registry::with_codes();
    let mut world = pearls(&registry, "");
    with_remote(&world);
    let log = world.beside("log").join("git");
    let program = world.beside("bin").join("git");
    let path = std::env::var("PATH").expect("a search path");
    let text = format!("#!/bin/sh\necho \"$@\" >> {}\nPATH={path} exec git \"$@\"\n", log.display());
    fs::write(&program, text).expect("a program");
    world.run(std::process::Command::new("chmod").arg("+x").arg(&program)).ended_with(0);
    world.set("PATH", &format!("{}:{path}", world.beside("bin").display()));
    world.relay(&[&["publish", "--yes"], flags].concat()).ended_with(0);
    let lines = fs::read_to_string(log).expect("a log");
    let words = ["push", "ls-remote", "fetch"];
    lines.lines().filter_map(|line| words.into_iter().find(|word| line.contains(word))).map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn taking_the_lock_and_giving_it_back_cost_a_push_each() {
    let count = |asked: &[String], word: &str| asked.iter().filter(|one| *one == word).count();
    let (with, without) = (asked_of_the_remote(&[]), asked_of_the_remote(&["--no-remote-lock"]));
    // The third is the release record's, which an unlocked run doesn't write.
    assert_eq!(count(&with, "push"), count(&without, "push") + 3, "{with:?} {without:?}");
}
