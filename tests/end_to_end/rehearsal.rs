//! `relay rehearse`: the README's first command.

use crate::world::{World, project_root};

#[test]
fn the_example_is_released_whole_without_a_person_at_the_terminal() {
    let world = World::empty();
    let example = project_root().join("examples/harbor");
    let before = tree(&example);
    let ran = world.relay(&["rehearse", example.to_str().expect("a path"), "--yes", "--delay", "50ms"]).ended_with(0);
    for line in [
        "11 packages published",
        "The sandbox agrees: 11 uploads committed, each once",
        "2 challenges were answered",
        "11 tags made",
        "@harbor/schema: prepack ran",
    ] {
        assert!(ran.stderr.contains(line), "{line}\n{}", ran.stderr);
    }
    assert_eq!(tree(&example), before, "the example itself is left as it is");
}

#[test]
fn dist_tags_move_last_where_that_is_asked_for() {
    let world = World::empty();
    let example = project_root().join("examples/tide");
    let example = example.to_str().expect("a path");
    let rehearse = |more: &[&str]| {
        let arguments = [&["rehearse", example, "--yes", "--delay", "50ms", "--json"], more].concat();
        let ran = world.relay(&arguments).ended_with(0);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("stdout is JSON and nothing else");
        (report, ran.stderr)
    };
    let (report, told) = rehearse(&["--promote-last"]);
    let moved = report["promotion"].as_array().expect("dist-tags");
    assert_eq!(moved.len(), 4, "{told}");
    assert!(moved.iter().all(|one| one["outcome"] == "moved" && one["tag"] == "latest"), "{told}");
    let (report, told) = rehearse(&[]);
    assert!(report["promotion"].as_array().is_none_or(Vec::is_empty), "{told}");
}

#[test]
fn a_plain_npm_workspace_in_fixed_mode_moves_as_one() {
    let world = World::empty();
    let example = project_root().join("examples/tide");
    let ran =
        world.relay(&["rehearse", example.to_str().expect("a path"), "--yes", "--delay", "0", "--json"]).ended_with(0);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("stdout is JSON and nothing else");
    let versions: Vec<_> = report["packages"].as_array().expect("packages").iter().map(|p| &p["version"]).collect();
    assert_eq!(versions, ["5.2.0"; 4]);
    assert_eq!(report["tags"], serde_json::json!(["v5.2.0"]));
}

#[test]
fn a_checkout_of_ones_own_is_not_touched() {
    let world = World::example("harbor");
    world.commit("feat: all of it");
    world.write("notes.txt", "not committed\n");
    let before = (tree(&world.repo()), world.git(&["for-each-ref"]), world.git(&["status", "--porcelain"]));
    world.relay(&["rehearse", "--yes", "--delay", "0"]).ended_with(0);
    let after = (tree(&world.repo()), world.git(&["for-each-ref"]), world.git(&["status", "--porcelain"]));
    assert_eq!(after, before);
}

/// All files with their contents, without git's own.
fn tree(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let entry = entry.expect("an entry");
            let path = entry.path();
            if entry.file_name() == ".git" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.display().to_string(), std::fs::read(&path).expect("a file")));
            }
        }
    }
    files.sort();
    files
}

/// A small repository of one's own, with one package that needs a build and stays this time.
fn own_repository() -> World {
    let world = World::empty();
    world.write("package.json", "{\"name\":\"own\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    world.write("packages/a/package.json", "{\"name\":\"own-a\",\"version\":\"1.0.0\"}\n");
    world.write(
        "packages/b/package.json",
        "{\"name\":\"own-b\",\"version\":\"1.0.0\",\"publishConfig\":{\"directory\":\"dist\"}}\n",
    );
    world.write("relay.toml", "[release]\nbranch = \"main\"\n");
    world
}

#[test]
fn a_rehearsal_needs_no_branch_and_no_build_of_what_stays() {
    let world = own_repository();
    world.write(".changeset/more.md", "---\nown-a: minor\n---\n\nMore\n");
    world.commit("feat: more");
    world.git(&["checkout", "-q", "--detach"]);
    let ran = world.relay(&["rehearse", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("own-a 1.1.0") && !ran.stderr.contains("own-b 1"), "{}", ran.stderr);
    assert_eq!(world.git(&["status", "--porcelain"]), "");
}

#[test]
fn without_any_tag_and_change_file_it_is_the_first_release() {
    let world = own_repository();
    world.write("packages/b/dist/package.json", "{\"name\":\"own-b\",\"version\":\"1.0.0\"}\n");
    world.commit("feat: all of it");
    let ran = world.relay(&["rehearse", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("2 packages published"), "{}", ran.stderr);
}
