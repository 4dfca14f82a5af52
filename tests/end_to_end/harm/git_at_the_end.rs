//! What the end of a run needs in git is looked at before the first upload: who tags, locks, signatures, the remote, and tags
//! that are there already.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;
use crate::world::World;

/// Two packages that were never published, in a repository with a remote.
fn unpublished(registry: &CountingRegistry) -> World {
    let world = npm_workspaces(&[("a", "\"version\":\"1.0.0\""), ("b", "\"version\":\"1.0.0\"")]);
    at_home_in(&world, registry);
    world.commit("init");
    let remote = world.beside("origin.git");
    let remote = remote.to_str().expect("a path");
    world.git(&["init", "-q", "--bare", "-b", "main", remote]);
    world.git(&["remote", "add", "origin", remote]);
    world.git(&["push", "-q", "-u", "origin", "main"]);
    world
}

/// Publishing ends with an error that says all these words, before anything is sent.
#[track_caller]
fn check_refused(world: &World, registry: &CountingRegistry, command: &[&str], words: &[&str]) {
    let ran = world.relay(command).ended_with(1);
    for word in words {
        assert!(ran.stderr.contains(word), "`{word}` is missing\n{}", ran.stderr);
    }
    assert_eq!(registry.uploads(), [""; 0], "{}", ran.stderr);
}

#[test]
fn nobody_is_known_who_makes_the_tags() {
    let registry = CountingRegistry::start();
    let world = unpublished(&registry);
    world.git(&["config", "--unset", "user.name"]);
    world.git(&["config", "--unset", "user.email"]);
    check_refused(&world, &registry, &["publish", "--yes"], &["git config user.name", "--no-git-tag"]);
    check_refused(&world, &registry, &["publish", "--dry-run"], &["git config user.name"]);
    world.relay(&["publish", "--yes", "--no-git-tag"]).ended_with(0);
    assert_eq!(registry.uploads().len(), 2);
}

#[test]
fn a_lock_that_was_left_behind_or_a_key_that_is_missing() {
    let registry = CountingRegistry::start();
    let world = unpublished(&registry);
    world.write(".git/refs/tags/a@1.0.0.lock", "");
    check_refused(&world, &registry, &["publish", "--yes"], &["a@1.0.0.lock", "delete the file"]);
    std::fs::remove_file(world.repo().join(".git/refs/tags/a@1.0.0.lock")).expect("a lock file");
    world.git(&["config", "tag.gpgSign", "true"]);
    world.git(&["config", "gpg.program", "relay-test-no-such-signer"]);
    check_refused(&world, &registry, &["publish", "--yes", "--no-push"], &["git can't sign", "tag.gpgSign"]);
}

#[test]
fn a_remote_that_is_gone_or_takes_no_push() {
    let registry = CountingRegistry::start();
    let world = unpublished(&registry);
    world.git(&["remote", "set-url", "origin", "/nowhere/at/all.git"]);
    check_refused(&world, &registry, &["publish", "--yes"], &["can't be reached", "--no-push"]);
    world.write(".changeset/x.md", "---\n\"a\": minor\n---\n\nMore\n");
    world.commit("docs: a change");
    check_refused(&world, &registry, &["release", "--yes"], &["can't be reached", "--no-push"]);
    assert!(world.read("packages/a/package.json").contains("1.0.0"), "no version is written");
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert_eq!(world.git(&["tag", "-l"]).lines().collect::<Vec<_>>(), ["a@1.0.0", "b@1.0.0"]);
}

#[test]
fn a_tag_on_other_files_is_refused_here_and_on_the_remote() {
    let registry = CountingRegistry::start();
    let world = unpublished(&registry);
    let id = |name: &str| world.git(&["rev-parse", name]).trim().to_owned();
    let there = id("HEAD");
    world.git(&["tag", "a@1.0.0"]);
    world.append("packages/a/index.js", "// more\n");
    world.commit("fix: more");
    let here = id("HEAD");
    check_refused(&world, &registry, &["publish", "--yes", "--no-push"], &[&there, &here, "git tag -d a@1.0.0"]);
    world.git(&["push", "-q", "origin", "a@1.0.0", "main"]);
    world.git(&["tag", "-d", "a@1.0.0"]);
    let words = [&there, &here, "on `origin`", "git push origin :refs/tags/a@1.0.0"].map(|word: &str| word);
    check_refused(&world, &registry, &["publish", "--yes"], &words);
    // The next version's tag can't be on any commit yet, whatever its files are.
    world.git(&["tag", "-d", "a@1.0.0"]);
    world.git(&["push", "-q", "origin", ":refs/tags/a@1.0.0", "main:refs/tags/a@1.1.0"]);
    world.write(".changeset/x.md", "---\n\"a\": minor\n---\n\nMore\n");
    world.commit("docs: a change");
    check_refused(&world, &registry, &["release", "--yes"], &["a@1.1.0", &here]);
    assert!(world.read("packages/a/package.json").contains("1.0.0"), "no version is written");
}

#[test]
fn a_tag_on_the_same_files_is_as_good_as_one_made_now() {
    let registry = CountingRegistry::start();
    let world = unpublished(&registry);
    let there = world.git(&["rev-parse", "HEAD"]);
    // One tag is here, annotated; one only on the remote, plain.
    world.git(&["tag", "-a", "-m", "x", "a@1.0.0"]);
    world.git(&["push", "-q", "origin", "main:refs/tags/b@1.0.0"]);
    world.write("README.md", "more\n");
    world.commit("docs: more");
    let ran = world.relay(&["publish", "--yes"]).ended_with(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    assert_eq!(registry.uploads().len(), 2);
    for tag in ["a@1.0.0", "b@1.0.0"] {
        assert_eq!(world.git(&["rev-parse", &format!("{tag}^{{commit}}")]), there, "{tag}");
        let on_remote =
            world.git(&["ls-remote", "origin", &format!("refs/tags/{tag}"), &format!("refs/tags/{tag}^{{}}")]);
        assert!(on_remote.contains(there.trim()), "{tag}: {on_remote}");
    }
}
