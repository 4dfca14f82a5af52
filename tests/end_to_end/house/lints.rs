//! What `clippy.toml` forbids: that all crates without I/O are held to one list, and that no other name hides a call.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::sources::sources;
use crate::world::project_root;

/// The crates that touch nothing outside.
const PURE: [&str; 5] = ["relay-change", "relay-config", "relay-graph", "relay-plan", "relay-values"];

fn settings(folder: &Path) -> (String, toml::Table) {
    let text = fs::read_to_string(folder.join("clippy.toml")).expect("lint settings");
    let table = text.parse().expect("TOML");
    (text, table)
}

/// clippy reads the nearest settings only, so that a crate's own repeat those of all.
#[test]
fn crates_without_io_are_held_to_one_list_which_is_longer_than_that_of_all() {
    let crates = project_root().join("crates");
    let own: BTreeMap<_, _> = fs::read_dir(&crates)
        .expect("the crates")
        .map(|entry| entry.expect("a crate").path())
        .filter(|folder| folder.join("clippy.toml").exists())
        .map(|folder| (folder.file_name().expect("a name").to_string_lossy().into_owned(), settings(&folder)))
        .collect();
    assert_eq!(own.keys().collect::<Vec<_>>(), PURE.iter().collect::<Vec<_>>());
    let (_, of_all) = settings(&project_root());
    let (first, (text, of_pure)) = own.first_key_value().expect("one at least");
    for (name, (other, _)) in &own {
        assert!(text == other, "clippy.toml of {first} and of {name} differ");
    }
    for (key, value) in &of_all {
        match value.as_array().filter(|_| key.starts_with("disallowed-")) {
            None => assert_eq!(of_pure.get(key), Some(value), "{key}"),
            Some(forbidden) => {
                let list = of_pure[key].as_array().expect("a list");
                for one in forbidden {
                    assert!(list.contains(one), "{one} is forbidden to all but {PURE:?}");
                }
            }
        }
    }
}

#[test]
fn a_room_says_why_it_may_and_crates_without_io_have_none() {
    for source in sources() {
        let is_pure = PURE.iter().any(|name| source.path.starts_with(&format!("crates/{name}/src/")));
        for line in source.program.lines().filter(|line| line.contains("clippy::disallowed_")) {
            let for_tests = line.starts_with("#![cfg_attr(test, allow(");
            assert!(for_tests || line.trim_start().trim_start_matches("#![").contains("expect("), "{}", source.path);
            assert!(!is_pure, "{}: what is outside comes in as a value", source.path);
        }
    }
}

/// What a crate without I/O must not do, under names that a look for words would miss.
const UNDER_OTHER_NAMES: &str = r#"//! For the lints alone.
use std::env::var as look_up;
use std::fs as disk;
use std::path::Path as Place;
use std::process::Command as Program;
use std::time::Instant as Moment;

/// Does it all.
pub fn all(place: &Place) -> bool {
    let pause = std::thread::sleep;
    pause(Moment::now().elapsed());
    let _ = (look_up("HOME"), disk::write(place, "x"), disk::read(place), Program::new("x"));
    place.exists()
}
"#;

#[test]
fn what_is_forbidden_is_seen_under_any_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = "[package]\nname = \"lints\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("a manifest");
    fs::create_dir(folder.path().join("src")).expect("a folder");
    fs::write(folder.path().join("src/lib.rs"), UNDER_OTHER_NAMES).expect("a source file");
    let output = Command::new(env!("CARGO"))
        .args(["clippy", "--offline", "--quiet", "--", "-D", "warnings"])
        .env("CLIPPY_CONF_DIR", project_root().join("crates").join(PURE[0]))
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .current_dir(folder.path())
        .output()
        .expect("cargo runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{told}");
    for seen in [
        "method `std::env::var`",
        "method `std::fs::write`",
        "method `std::fs::read`",
        "method `std::path::Path::exists`",
        "method `std::thread::sleep`",
        "method `std::time::Instant::now`",
        "type `std::process::Command`",
        "type `std::time::Instant`",
    ] {
        assert!(told.contains(&format!("use of a disallowed {seen}")), "{seen}:\n{told}");
    }
    // A path of the standard library that is misspelt in the settings would forbid nothing.
    assert!(!told.contains("does not refer"), "{told}");
}
