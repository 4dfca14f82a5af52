//! What touches the outside has its rooms: files that may read the environment or the clock, write a file in one go, or judge
//! what can be printed. Everything else gets such things as values.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::world::project_root;

/// The program's sources, without their tests and comments, by path from the project's root.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![project_root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(project_root()).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
            let is_source = path.extension().is_some_and(|extension| extension == "rs") && name.contains("/src/");
            if is_source && !name.contains("/tests/") && !name.ends_with("tests.rs") && !name.ends_with("testing.rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
                found.push((name, lines.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    found
}

/// Holds the files that use one of the words to the rooms, and the rooms to using them.
#[track_caller]
fn only_in(words: &[&str], rooms: &[&str]) {
    let users: BTreeSet<String> = sources()
        .into_iter()
        .filter(|(_, code)| words.iter().any(|word| code.contains(word)))
        .map(|(name, _)| name.trim_start_matches("crates/relay-").to_owned())
        .collect();
    assert_eq!(users, rooms.iter().map(|room| (*room).to_owned()).collect(), "{words:?}");
}

#[test]
fn the_environment_is_read_where_a_command_begins_and_where_git_wants_it() {
    only_in(
        &["env::var(", "env::vars(", "env::var_os(", "env::vars_os("],
        &[
            // What a CI asks for and offers, the terminal, the vault that takes credentials out.
            "cli/src/ci_output.rs",
            "cli/src/ui/ci_log.rs",
            "cli/src/ui/settings.rs",
            "cli/src/vault.rs",
            "cli/src/vault/handover.rs",
            // What scripts of the repository get; which npm is on the search path.
            "cli/src/commands/pack/scripts.rs",
            "cli/src/flow.rs",
            "cli/src/npm_choice.rs",
            // git's own variables say where a repository is and what is set.
            "git/src/git_program.rs",
            "git/src/history/grafts.rs",
            "git/src/repository/elsewhere.rs",
            "git/src/settings.rs",
            "git/src/status.rs",
        ],
    );
}

#[test]
fn the_clock_is_read_by_those_who_measure_or_date() {
    only_in(
        &["SystemTime::now(", "Instant::now(", "Timestamp::now(", "Zoned::now("],
        &[
            "cli/src/session_setup.rs",
            "cli/src/wall_clock.rs",
            // Tokio's clock, which tests move; and how long something took.
            "engine/src/driver.rs",
            "engine/src/freeze.rs",
            "engine/src/publish.rs",
            // Programs that must not run for ever.
            "git/src/git_program.rs",
            "pack/src/lifecycle/process.rs",
            "sandbox/src/clock.rs",
        ],
    );
}

#[test]
fn nobody_sleeps_and_files_are_replaced_in_one_step() {
    only_in(&["thread::sleep("], &[]);
    // Elsewhere `relay_workspace::write_atomically` writes: a file is the old one or the new one.
    only_in(
        &["fs::write("],
        &["cli/src/commands/man.rs", "cli/src/rehearsal/aside.rs", "cli/src/rehearsal/stage.rs", "git/src/aside.rs"],
    );
}

#[test]
fn one_room_says_what_can_be_printed() {
    only_in(
        &["is_control"],
        &[
            "values/src/printable.rs",
            // The sandbox shares nothing with the client.
            "sandbox/src/pages.rs",
            // What is read at all, not how it is shown.
            "workspace/src/discover/pattern.rs",
            "workspace/src/discover/walk.rs",
        ],
    );
}

#[test]
fn plans_and_what_they_are_made_from_touch_nothing_outside() {
    const OUTSIDE: [&str; 9] = [
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "tokio",
        "reqwest",
        "SystemTime",
        "Instant",
        "Timestamp::now",
    ];
    let pure = ["relay-values", "relay-config", "relay-graph", "relay-change", "relay-plan"];
    for (name, code) in sources() {
        if pure.iter().any(|pure| name.starts_with(&format!("crates/{pure}/"))) {
            let outside: Vec<_> = OUTSIDE.iter().filter(|word| code.contains(*word)).collect();
            assert!(outside.is_empty(), "{name}: {outside:?}");
        }
    }
}
