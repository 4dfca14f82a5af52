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
