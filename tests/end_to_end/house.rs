//! The project's own rules: which crate may know which, and under which licences dependencies come.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::world::{World, project_root};

/// Licences that a dependency may come under; a choice (`OR`) needs one of them, a combination (`AND`) all.
const LICENCES: [&str; 13] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(project_root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "the crates of all platforms are looked at, and a build fetches only those of its own: run `cargo fetch --locked` \
         first, as ./test.sh does\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn crates_depend_one_way() {
    let storeys: BTreeMap<&str, u32> = [
        ("relay-values", 0),
        ("relay-workspace", 1),
        ("relay-config", 2),
        ("relay-graph", 2),
        ("relay-change", 3),
        ("relay-pack", 4),
        ("relay-git", 4),
        ("relay-registry", 4),
        ("relay-plan", 4),
        ("relay-engine", 5),
        ("relay-sandbox", 5),
        ("relay-cli", 6),
    ]
    .into();
    let metadata = metadata();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        let Some(own) = storeys.get(name) else {
            assert!(!name.starts_with("relay-"), "{name} has no storey yet");
            continue;
        };
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let to = dependency["name"].as_str().expect("a name");
            if let Some(below) = storeys.get(to) {
                assert!(dependency["kind"] == "dev" || below < own, "{name} must not depend on {to}");
                assert_ne!(name, "relay-sandbox", "the sandbox shares nothing with the client");
            }
        }
    }
}

#[test]
fn dependencies_come_under_known_licences_and_with_one_tls() {
    let metadata = metadata();
    let mut names = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        names.insert(name);
        let licence = package["license"].as_str().unwrap_or_default().replace('/', " OR ").replace(['(', ')'], "");
        let fits = licence
            .split(" OR ")
            .any(|choice| !choice.is_empty() && choice.split(" AND ").all(|part| LICENCES.contains(&part.trim())));
        assert!(fits || name == "ring", "{name}: {licence:?}");
    }
    for banned in ["openssl-sys", "native-tls", "aws-lc-sys", "chrono", "serde_yaml"] {
        assert!(!names.contains(banned), "{banned}");
    }
}

/// The documents that people copy commands from.
fn documents() -> Vec<(String, String)> {
    let root = project_root();
    let docs = std::fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    let all = [root.join("README.md"), root.join("CONTRIBUTING.md")].into_iter().chain(docs);
    let documents = all.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a text");
            (path.file_name().expect("a name").to_string_lossy().into_owned(), text)
        })
        .collect()
}

fn help(arguments: &[&str]) -> String {
    World::empty().relay(arguments).ended_with(0).stdout
}

#[test]
fn the_readme_lists_the_commands_that_there_are() {
    let readme = std::fs::read_to_string(project_root().join("README.md")).expect("a text");
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
    let ci = std::fs::read_to_string(project_root().join(".ci/run")).expect("a text");
    assert!(ci.contains("commands_of README.md"), "{ci}");
    let readme = std::fs::read_to_string(project_root().join("README.md")).expect("a text");
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert!(lines.contains(&"./test.sh") && lines.iter().any(|line| line.starts_with("cargo run ")), "{lines:?}");
}
