//! How tags and commits get to the remote: in groups that start workflows, and with git's hooks or without.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::owed::with_remote;
use crate::sandbox::Registry;
use crate::world::World;

fn program(world: &World, path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a program");
    world.run(Command::new("chmod").arg("+x").arg(path)).ended_with(0);
}

/// Publishes five packages; gives how many tags came with each push.
#[track_caller]
fn tags_of_pushes(workflow: Option<&str>, settings: &str) -> Vec<usize> {
    let registry = Registry::with_codes();
    let mut world = World::empty();
    world.write("package.json", "{\"name\":\"reef\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    for name in ["a", "b", "c", "d", "e"] {
        let manifest = format!("{{\"name\":\"reef-{name}\",\"version\":\"1.0.0\"}}\n");
        world.write(&format!("packages/{name}/package.json"), &manifest);
    }
    if let Some(on) = workflow {
        world.write(".github/workflows/release.yml", &format!("name: x\n{on}\njobs: {{}}\n"));
    }
    world
        .write("relay.toml", &format!("{settings}\n[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\n"));
    registry.adopt(&mut world);
    world.commit("feat: reef");
    let remote = with_remote(&world);
    let remote = Path::new(&remote);
    program(&world, &remote.join("hooks/post-receive"), "#!/bin/sh\ngrep -c refs/tags/ >> pushes\nexit 0\n");
    world.relay(&["publish", "--yes"]).ended_with(0);
    let lines = fs::read_to_string(remote.join("pushes")).expect("pushes");
    lines.lines().filter_map(|line| line.parse().ok()).filter(|count| *count > 0).collect()
}

#[test]
fn tags_go_out_in_threes_where_a_workflow_listens_to_them_and_else_in_one_push() {
    assert_eq!(tags_of_pushes(None, ""), [5]);
    assert_eq!(tags_of_pushes(Some("on: {push: {branches: [main]}}"), ""), [5]);
    assert_eq!(tags_of_pushes(Some("on: {push: {tags: ['*']}}"), ""), [3, 2]);
    assert_eq!(tags_of_pushes(Some("on: {push: {tags: ['*']}}"), "[git]\ntags-per-push = 10\n"), [5]);
    assert_eq!(tags_of_pushes(None, "[git]\ntags-per-push = 2\n"), [2, 2, 1]);
}

#[test]
fn git_s_pre_push_hook_runs_or_not_and_that_is_said() {
    let registry = Registry::with_codes();
    let world = crate::unfinished::pearls(&registry, "[git]\nhooks = true\n");
    let remote = with_remote(&world);
    program(&world, &world.repo().join(".git/hooks/pre-push"), "#!/bin/sh\necho not today >&2; exit 1\n");
    let ran = world.relay(&["publish", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("git's pre-push hook of this clone runs with each push"), "{}", ran.stderr);
    assert!(ran.stderr.contains("not today") && ran.stderr.contains("hooks = false"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 0);

    world.write("relay.toml", &world.read("relay.toml").replace("hooks = true", "hooks = false"));
    world.commit("chore: without hooks");
    let ran = world.relay(&["publish", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("git's pre-push hook of this clone is left out"), "{}", ran.stderr);
    assert_eq!(world.git(&["ls-remote", "--tags", &remote]).lines().count(), 4, "two tags, and what they are on");
}
