//! Something that is no file under the name of a settings file: told at once, never waited for.

use std::process::Command;

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;
use crate::world::World;

fn pipe(world: &World, path: &str) {
    let ran = world.run(Command::new("mkfifo").arg(world.repo().join(path)));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_pipe_in_the_place_of_a_settings_file_is_an_error() {
    let registry = CountingRegistry::start();
    for path in [".npmrc", "relay.toml", "packages/a/package.json", ".changeset/x.md", ".changeset/config.json"] {
        let world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
        at_home_in(&world, &registry);
        world.write(".changeset/config.json", "{}\n");
        world.commit("init");
        let _gone = std::fs::remove_file(world.repo().join(path));
        pipe(&world, path);
        let ran = world.relay(&["plan"]).ended_with(1);
        assert!(ran.stderr.contains("regular file"), "{path}: {}", ran.stderr);
    }
}

#[test]
fn a_plan_that_is_no_file_or_has_no_end_is_an_error() {
    let registry = CountingRegistry::start();
    let world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
    at_home_in(&world, &registry);
    world.write(".gitignore", "*.json\n!package.json\n");
    world.commit("init");
    pipe(&world, "pipe.json");
    let huge = std::fs::File::create(world.repo().join("huge.json")).expect("a file");
    huge.set_len(64 * 1024 * 1024 + 1).expect("a long file");
    for (path, said) in
        [("pipe.json", "it is a named pipe"), ("huge.json", "it has more than 67108864 bytes"), (".", "it is a folder")]
    {
        for command in [
            &["plan", "--against", path][..],
            &["release", "--yes", "--plan", path],
            &["publish", "--yes", "--plan", path],
        ] {
            let ran = world.relay(command).ended_with(1);
            assert!(ran.stderr.contains(said) && ran.stderr.contains(path), "{command:?}: {}", ran.stderr);
        }
    }
}

#[test]
fn pipes_that_only_other_tools_read_are_passed_over_and_the_empty_device_is_an_empty_file() {
    let registry = CountingRegistry::start();
    let mut world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
    at_home_in(&world, &registry);
    world.commit("init");
    for path in ["lerna.json", "nx.json", "packages/a/.npmignore"] {
        pipe(&world, path);
    }
    world.relay(&["plan"]).ended_with(0);
    world.set("npm_config_globalconfig", "/dev/null");
    world.relay(&["plan"]).ended_with(0);
}
