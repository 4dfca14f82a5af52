//! The project's own rules: on dependencies, on what touches the outside, and that documents say what is so.

mod dependencies;
mod lints;
mod rooms;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::world::{World, project_root};

/// The documents that people copy commands from.
fn documents() -> Vec<(String, String)> {
    let root = project_root();
    let docs = fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    let all = [root.join("README.md"), root.join("CONTRIBUTING.md")].into_iter().chain(docs);
    let documents = all.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a text");
            (path.file_name().expect("a name").to_string_lossy().into_owned(), text)
        })
        .collect()
}

fn help(arguments: &[&str]) -> String {
    World::empty().relay(arguments).ended_with(0).stdout
}

#[test]
fn the_readme_lists_the_commands_that_there_are() {
    let readme = fs::read_to_string(project_root().join("README.md")).expect("a text");
    let listed: BTreeSet<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `relay ")?.split_once("` | "))
        .map(|(command, _)| command)
        .collect();
    let help = help(&["help"]);
    let offered: BTreeSet<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    // What is there for shells and package managers has no row.
    let aside = ["help", "completions", "man"];
    let offered: BTreeSet<&str> = offered.into_iter().filter(|command| !aside.contains(command)).collect();
    assert_eq!(listed, offered);
}

#[test]
fn every_relay_command_of_a_document_is_one() {
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    for (document, text) in documents() {
        let spans = text.split('`').skip(1).step_by(2).filter(|span| !span.contains('\n'));
        for span in spans.filter_map(|span| span.strip_prefix("relay ")) {
            let mut words = span.split_whitespace().filter(|word| !word.starts_with('…'));
            let Some(command) = words.next().filter(|word| !word.starts_with('-')) else { continue };
            let help = helps.entry(command.to_owned()).or_insert_with(|| help(&[command, "--help"]));
            for flag in words.filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap_or_default();
                assert!(help.contains(flag), "{document}: `relay {span}`: no {flag}");
            }
        }
    }
    assert!(helps.len() > 5, "{:?}", helps.keys());
}

/// CI takes its commands from the README itself; each shell block there is one command a line.
#[test]
fn ci_runs_the_commands_of_the_readme() {
    let ci = fs::read_to_string(project_root().join(".ci/run")).expect("a text");
    assert!(ci.contains("commands_of README.md"), "{ci}");
    let readme = fs::read_to_string(project_root().join("README.md")).expect("a text");
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert!(lines.contains(&"./test.sh") && lines.iter().any(|line| line.starts_with("cargo run ")), "{lines:?}");
}

/// A promise without its test is none.
#[test]
fn the_tests_that_the_reliability_guide_names_are_there() {
    let guide = fs::read_to_string(project_root().join("docs/RELIABILITY.md")).expect("the guide");
    let mut named = 0;
    for path in guide.split('`').filter(|text| {
        text.contains("::") && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c))
    }) {
        let (room, test) = path.rsplit_once("::").expect("a room and a test");
        let file = project_root().join(format!("tests/end_to_end/{}.rs", room.replace("::", "/")));
        let code = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(code.contains(&format!("fn {test}()")), "{path}");
        named += 1;
    }
    assert!(named > 20, "{named}");
}
