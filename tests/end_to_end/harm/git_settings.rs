//! git's settings count wherever git itself reads them from.

use super::npm_workspaces;
use crate::world::World;

fn with_change() -> World {
    let world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
    world.write(".changeset/x.md", "---\n\"a\": patch\n---\n\nx\n");
    world.commit("init");
    world.git(&["config", "--unset", "user.name"]);
    world.git(&["config", "--unset", "user.email"]);
    world
}

#[track_caller]
fn check(world: &World, who: &str) {
    world.relay(&["version", "--yes"]).ended_with(0);
    assert_eq!(world.git(&["log", "-1", "--format=%an <%ae> %cn"]).trim(), who);
}

#[test]
fn the_environment_names_the_file_of_the_persons_settings() {
    let mut world = with_change();
    world.relay(&["version", "--yes"]).ended_with(1);
    let file = world.beside("elsewhere").join("config");
    std::fs::write(&file, "[user]\n\tname = Maintainer\n\temail = maintainer@acme.example\n").expect("settings");
    world.set("GIT_CONFIG_GLOBAL", file.to_str().expect("a path"));
    check(&world, "Maintainer <maintainer@acme.example> Maintainer");
}

#[test]
fn the_environment_holds_the_settings_themselves() {
    let mut world = with_change();
    for (name, value) in [
        ("GIT_CONFIG_COUNT", "2"),
        ("GIT_CONFIG_KEY_0", "user.name"),
        ("GIT_CONFIG_VALUE_0", "Maintainer"),
        ("GIT_CONFIG_KEY_1", "user.email"),
        ("GIT_CONFIG_VALUE_1", "maintainer@acme.example"),
        ("GIT_AUTHOR_NAME", "Writer"),
    ] {
        world.set(name, value);
    }
    check(&world, "Writer <maintainer@acme.example> Maintainer");
}

/// A file of settings that say who commits.
fn settings_of_maintainer(world: &World) -> String {
    let file = world.beside("elsewhere").join("config");
    std::fs::write(&file, "[user]\n\tname = Maintainer\n\temail = maintainer@acme.example\n").expect("settings");
    file.to_str().expect("a path").to_owned()
}

#[test]
fn the_environment_names_the_file_of_the_machines_settings_or_none() {
    let mut world = with_change();
    let file = settings_of_maintainer(&world);
    world.set("GIT_CONFIG_SYSTEM", &file);
    world.set("GIT_CONFIG_NOSYSTEM", "1");
    let ran = world.relay(&["version", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("user.name"), "{}", ran.stderr);
    world.set("GIT_CONFIG_NOSYSTEM", "false");
    check(&world, "Maintainer <maintainer@acme.example> Maintainer");
}

#[test]
fn what_git_was_told_by_its_own_flag_counts_for_relay_in_a_hook_or_an_alias() {
    let mut world = with_change();
    world.set("GIT_CONFIG_PARAMETERS", "'user.name'='Maintainer' 'user.email'='maintainer@acme.example'");
    check(&world, "Maintainer <maintainer@acme.example> Maintainer");
}

#[test]
fn an_include_for_a_branch_counts_on_that_branch_alone() {
    let world = with_change();
    let file = settings_of_maintainer(&world);
    let branch = world.git(&["branch", "--show-current"]).trim().to_owned();
    world.git(&["config", &format!("includeIf.onbranch:{branch}.path"), &file]);
    world.git(&["switch", "-q", "-c", "other"]);
    world.relay(&["version", "--yes"]).ended_with(1);
    world.git(&["switch", "-q", &branch]);
    check(&world, "Maintainer <maintainer@acme.example> Maintainer");
}

#[test]
fn the_environment_names_the_repository() {
    let mut world = with_change();
    for (name, value) in [("GIT_COMMITTER_NAME", "C"), ("GIT_COMMITTER_EMAIL", "c@acme.example")] {
        world.set(name, value);
        world.set(&name.replace("COMMITTER", "AUTHOR"), value);
    }
    let moved = world.beside("dot-git").join("a.git");
    std::fs::rename(world.repo().join(".git"), &moved).expect("a repository elsewhere");
    world.relay(&["version", "--dry-run"]).ended_with(0);
    world.set("GIT_DIR", moved.to_str().expect("a path"));
    world.set("GIT_WORK_TREE", world.repo().to_str().expect("a path"));
    check(&world, "C <c@acme.example> C");
    assert!(world.read("packages/a/package.json").contains("1.0.1"));
    // A rehearsal works on a copy, whatever the environment names.
    let before = world.git(&["rev-parse", "HEAD"]);
    world.relay(&["rehearse", "--yes"]).ended_with(0);
    assert_eq!(world.git(&["rev-parse", "HEAD"]), before);
}

#[test]
fn a_hook_may_start_relay_in_a_workspace_below_the_top() {
    let mut world = World::empty();
    world.write("web/package.json", "{\"name\":\"root\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    world.write("web/packages/a/package.json", "{\"name\":\"a\",\"version\":\"1.0.0\"}\n");
    world.write("web/.changeset/x.md", "---\n\"a\": patch\n---\n\nx\n");
    world.commit("init");
    world.set("GIT_DIR", ".git");
    world.relay(&["version", "--yes", "--cwd", "web"]).ended_with(0);
    assert_eq!(world.git(&["show", "--stat", "--format=", "--name-only"]).lines().next(), Some("web/.changeset/x.md"));
    assert_eq!(world.git(&["status", "--porcelain"]), "");
}

#[test]
fn versions_are_committed_where_releases_are_made_from() {
    let world = with_change();
    world.git(&["config", "user.name", "Maintainer"]);
    world.git(&["config", "user.email", "maintainer@acme.example"]);
    world.write("relay.toml", "[release]\nbranch = \"main\"\n");
    world.git(&["add", "-A"]);
    world.git(&["commit", "-q", "-m", "settings"]);
    world.git(&["switch", "-q", "--detach"]);
    let ran = world.relay(&["version", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("HEAD is detached"), "{}", ran.stderr);
    world.git(&["switch", "-q", "-c", "next"]);
    let ran = world.relay(&["version", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("releases are made from `main`, and this is `next`"), "{}", ran.stderr);
    assert!(world.read("packages/a/package.json").contains("1.0.0"));
    // What isn't committed belongs to no branch yet.
    world.relay(&["version", "--yes", "--no-commit"]).ended_with(0);
    assert!(world.read("packages/a/package.json").contains("1.0.1"));
}
