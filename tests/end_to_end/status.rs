//! `relay status` tells how a repository stands and leaves no trace (invariant I11); a release that waits to be merged is not
//! made a second time.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::owed::{head, with_change, with_remote};
use crate::remote_lock::{killed, lock};
use crate::sandbox::{ACCOUNT, Registry};
use crate::takeover::{clone, refuse, tagged};
use crate::unfinished::pearls;
use crate::world::World;
use relay_sandbox::{SandboxAccess, SeedPackage};

/// Every file below a folder with what it holds.
fn files(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap_or_default());
        }
    }
}

/// Runs `relay status` in a clone, as text and as JSON, and makes sure that nothing changed: tree, refs, objects, home, remote.
#[track_caller]
fn status(world: &World, registry: &Registry, folder: &str) -> (String, Value) {
    let everything = || {
        let mut found = BTreeMap::new();
        files(world.beside("home").parent().expect("a folder"), &mut found);
        found
    };
    let before = everything();
    let text = world.relay(&["--cwd", folder, "status"]).ended_with(0).stdout;
    let json = world.relay(&["--cwd", folder, "status", "--json"]).ended_with(0).stdout;
    let after = everything();
    let changed: Vec<_> = after.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes)).collect();
    assert!(
        changed.is_empty() && before.len() == after.len(),
        "{:?}",
        changed.iter().map(|one| one.0).collect::<Vec<_>>()
    );
    let is_a_read = |method: &str| method == "GET" || method == "HEAD";
    let puts = registry.puts();
    assert!(registry.sandbox.requests().iter().filter(|request| !is_a_read(&request.method)).count() == puts);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    described(&json);
    (text, json)
}

/// Every field that is written is one that `docs/status.schema.json` requires, and the other way round.
fn described(document: &Value) {
    let text = fs::read_to_string(crate::world::project_root().join("docs/status.schema.json")).expect("a schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let fields = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(document), fields(&schema["properties"]));
    for (name, rule) in schema["properties"].as_object().expect("fields") {
        let items = document[name].as_array().map_or(&[][..], Vec::as_slice);
        for item in items.iter().filter(|item| item.is_object()) {
            assert_eq!(fields(item), fields(&rule["items"]["properties"]), "{name}");
        }
        if let (true, Some(below)) = (document[name].is_object(), rule.get("properties")) {
            assert_eq!(fields(&document[name]), fields(below), "{name}");
        }
    }
}

#[test]
fn it_tells_what_waits_what_changed_and_who_is_needed() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    let (text, json) = status(&world, &registry, ".");
    assert!(text.starts_with("Waits to be published: 2 versions\n  pearl@1.0.0     token  http://"), "{text}");
    assert!(text.contains("Nobody is needed"), "{text}");
    assert_eq!(json["to_publish"][0]["name"], "pearl");

    registry.seed(&world);
    let (text, json) = status(&world, &registry, ".");
    assert_eq!(text, "Nothing waits, and nothing is unfinished\n");
    assert_eq!(json["to_publish"], json!([]));

    with_change(&world, "Shine");
    let (text, json) = status(&world, &registry, ".");
    assert!(text.contains("Changed: a release would make 1 version\n  pearl  1.0.0 → 1.1.0  minor\n"), "{text}");
    let made = json!([{"name": "pearl", "current": "1.0.0", "next": "1.1.0", "bump": "minor"}]);
    assert_eq!((&json["to_release"], &json["to_publish"]), (&made, &json!([])));
    let offline = world.relay(&["status", "--offline"]).ended_with(0);
    assert!(offline.stdout.starts_with("Neither registry nor remote was asked\n"), "{}", offline.stdout);
}

#[test]
fn it_tells_of_a_run_that_was_killed_in_its_clone_and_in_others() {
    let (registry, world, remote, pid) = killed("[git]\nlock-lasts = \"15m\"\n");
    let (text, json) = status(&world, &registry, ".");
    assert!(text.contains("Waits to be published: 1 version\n  necklace@1.0.0"), "{text}");
    assert!(
        text.contains("Parked: the registry does not show it yet") && text.contains("its answer was lost"),
        "{text}"
    );
    assert!(text.contains("The last run, `relay publish` of 20"), "{text}");
    assert!(text.contains("Holds the lock on `origin`: `relay publish` since 20"), "{text}");
    assert_eq!((&json["parked"][0]["name"], &json["parked"][0]["accepted"]), (&json!("pearl"), &json!(false)));
    assert_eq!(json["remote_lock"]["document"]["holder"]["pid"], pid);
    assert_eq!(json["unfinished_run"]["command"], "publish");

    // A clone that has not a single object of that run.
    let other = clone(&world, &remote, "other");
    registry.sandbox.release("pearl");
    let (text, json) = status(&world, &registry, &other);
    assert!(
        text.contains("Live and not tagged: the next run makes up for it\n  pearl@1.0.0  to be made on "),
        "{text}"
    );
    assert_eq!(json["owed_tags"], json!([{"name": "pearl@1.0.0", "commit": head(&world)}]));
    assert_eq!(json["remote_lock"]["document"]["holder"]["pid"], pid);
    assert_ne!(lock(&world, &remote), "");

    world.relay(&["unlock", "--yes"]).ended_with(0);
    world.relay(&["--cwd", &other, "resume", "--yes"]).ended_with(0);
    let (text, _) = status(&world, &registry, &other);
    assert_eq!(text, "Nothing waits, and nothing is unfinished\n");
    // The clone in which it was killed hears of the end from the remote and the registry.
    world.git(&["fetch", "-q", "--tags"]);
    let (text, json) = status(&world, &registry, ".");
    assert_eq!((&json["owed_tags"], &json["parked"]), (&json!([]), &json!([])), "{text}");
}

#[test]
fn it_tells_whose_bytes_stand_there_and_that_the_remote_is_gone() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    let remote = with_remote(&world);
    registry.access("pearl", SandboxAccess::Publish);
    world.relay(&["publish", "--yes"]).ended_with(4);
    let theirs = world.beside("theirs");
    world.append("packages/pearl/package.json", "\n");
    world.relay(&["pack", "--filter", "pearl", "--out", theirs.to_str().expect("a path")]).ended_with(0);
    world.git(&["checkout", "-q", "."]);
    registry.sandbox.seed_package(SeedPackage {
        manifest: json!({"name": "pearl", "version": "1.0.0"}),
        tarball: fs::read(theirs.join("pearl-1.0.0.tgz")).expect("a tarball"),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });
    let (text, json) = status(&world, &registry, ".");
    assert!(text.contains("Somebody else's bytes stand there") && text.contains("  pearl@1.0.0"), "{text}");
    assert_eq!(json["foreign"][0]["name"], "pearl");
    fs::remove_dir_all(&remote).expect("no remote");
    let (_, json) = status(&world, &registry, ".");
    assert!(json["remote_problem"].as_str().is_some_and(|text| text.contains("origin")), "{json}");
}

#[test]
fn a_release_that_waits_to_be_merged_is_told_and_not_made_twice() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    registry.seed(&world);
    let remote = with_remote(&world);
    with_change(&world, "Shine");
    let (other, third) = (clone(&world, &remote, "other"), clone(&world, &remote, "third"));
    refuse(&world, &remote, "refs/heads/main");
    world.relay(&["release", "--yes"]).ended_with(0);
    let branch = world.git(&["ls-remote", &remote, "refs/heads/relay/release/*"]);
    let branch = branch.trim().rsplit_once("refs/heads/").expect("a branch").1.to_owned();

    let (text, json) = status(&world, &registry, ".");
    assert!(text.contains(&format!("Waits to be merged\n  {branch}")), "{text}");
    assert_eq!(json["release_branches"], json!([{"branch": branch, "commit": head(&world), "is_here": true}]));
    // Clones that never heard of it.
    let (text, json) = status(&world, &registry, &other);
    assert!(text.contains("what is checked out lacks it"), "{text}");
    assert_eq!(json["release_branches"][0]["is_here"], false);
    for command in [&["release", "--yes"][..], &["release", "--dry-run"]] {
        let before = world.git(&["-C", &other, "status", "--porcelain"]);
        let ran = world.relay(&[&["--cwd", &other], command].concat()).ended_with(1);
        assert!(ran.stderr.contains(&format!("a release waits to be merged: `{branch}`")), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("`git switch {branch}`, `relay resume`")), "{}", ran.stderr);
        assert_eq!(world.git(&["-C", &other, "status", "--porcelain"]), before);
    }
    let ran = world.relay(&["--cwd", &other, "publish", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains(&format!("the release on `{branch}` waits to be merged")), "{}", ran.stderr);
    assert_eq!(registry.puts(), 1);

    // Squashed into the branch, under other commits.
    fs::remove_file(format!("{remote}/hooks/update")).expect("a hook");
    world.git(&["-C", &third, "fetch", "-q", "origin"]);
    world.git(&["-C", &third, "merge", "-q", "--squash", &format!("origin/{branch}")]);
    world.git(&["-C", &third, "commit", "-q", "-m", "chore: release (#1)"]);
    world.git(&["-C", &third, "commit", "-q", "--allow-empty", "-m", "docs: more"]);
    world.git(&["-C", &third, "push", "-q", "origin", "HEAD:main"]);
    let ran = world.relay(&["--cwd", &third, "release", "--yes"]).ended_with(0);
    assert!(!ran.stderr.contains("waits to be merged"), "{}", ran.stderr);
    let (_, json) = status(&world, &registry, &third);
    assert_eq!(json["release_branches"], json!([]));
    assert_eq!(registry.puts(), 1);
}

#[test]
fn what_waits_on_a_branch_of_its_own_is_finished_from_there() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "[release]\nbranch = \"main\"\n[publish]\nvisibility-timeout = \"300ms\"\n");
    registry.seed(&world);
    let remote = with_remote(&world);
    world.write(".changeset/shine.md", "---\npearl: minor\nnecklace: patch\n---\n\nShine\n");
    world.commit("docs: a change");
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    let other = clone(&world, &remote, "other");
    refuse(&world, &remote, "refs/heads/main");
    registry.sandbox.hold("pearl");
    world.relay(&["release", "--yes"]).ended_with(4);
    let (_, json) = status(&world, &registry, ".");
    assert_eq!((&json["parked"][0]["name"], &json["parked"][0]["accepted"]), (&json!("pearl"), &json!(true)));
    registry.sandbox.release("pearl");
    let branch = world.git(&["ls-remote", &remote, "refs/heads/relay/release/*"]);
    let branch = branch.trim().rsplit_once("refs/heads/").expect("a branch").1.to_owned();

    // The record says that a release is unfinished, and what is checked out lacks it.
    let ran = world.relay(&["--cwd", &other, "resume", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains(&format!("`git switch {branch}`, `relay resume`")), "{}", ran.stderr);
    world.git(&["-C", &other, "fetch", "-q", "origin"]);
    world.git(&["-C", &other, "switch", "-q", &branch]);
    world.relay(&["--cwd", &other, "resume", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.1.0", "necklace@1.0.1"]);
    for tag in ["pearl@1.1.0", "necklace@1.0.1"] {
        assert_eq!(tagged(&world, &remote, tag), head(&world), "{tag}");
    }
}
