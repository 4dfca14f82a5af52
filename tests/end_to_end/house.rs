//! The project's own rules: which crate may know which, and under which licences dependencies come.

mod rooms;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::world::{World, project_root};

/// Licences that a dependency may come under, as `deny.toml` lists them; a choice (`OR`) needs one of them, a combination (`AND`)
/// all.
fn licences() -> BTreeSet<String> {
    let text = fs::read_to_string(project_root().join("deny.toml")).expect("deny.toml");
    let policy: toml::Table = text.parse().expect("TOML");
    let allowed = policy["licenses"]["allow"].as_array().expect("a list of licences");
    allowed.iter().map(|licence| licence.as_str().expect("a text").to_owned()).collect()
}

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
    let licences = licences();
    let mut names = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        names.insert(name);
        let licence = package["license"].as_str().unwrap_or_default().replace('/', " OR ").replace(['(', ')'], "");
        let fits = licence
            .split(" OR ")
            .any(|choice| !choice.is_empty() && choice.split(" AND ").all(|part| licences.contains(part.trim())));
        assert!(fits || name == "ring", "{name}: {licence:?}");
    }
    for banned in ["openssl-sys", "native-tls", "aws-lc-sys", "chrono", "serde_yaml"] {
        assert!(!names.contains(banned), "{banned}");
    }
}

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

/// All Rust below a folder, as one text; nothing where there is no such folder.
fn sources_below(folder: &Path) -> String {
    let mut text = String::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(&path).expect("a source file"));
            }
        }
    }
    text
}

#[test]
fn every_dependency_is_used_where_it_is_declared() {
    let mut unused = Vec::new();
    for entry in fs::read_dir(project_root().join("crates")).expect("the crates") {
        let folder = entry.expect("a crate").path();
        let text = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = text.parse().expect("TOML");
        let name = manifest["package"]["name"].as_str().expect("a name");
        let mut sources =
            ["src", "tests", "benches", "examples"].map(|part| sources_below(&folder.join(part))).concat();
        if name == "relay-cli" {
            sources.push_str(&sources_below(&project_root().join("tests/end_to_end")));
        }
        let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
        let tables = targets.filter_map(toml::Value::as_table).chain([&manifest]);
        let lists = tables.flat_map(|table| [table.get("dependencies"), table.get("dev-dependencies")]).flatten();
        for dependency in lists.filter_map(toml::Value::as_table).flat_map(toml::Table::keys) {
            let path = format!("{}::", dependency.replace('-', "_"));
            let is_own = |(at, _): (usize, &str)| !sources[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if !sources.match_indices(&path).any(is_own) {
                unused.push(format!("{name}: {dependency}"));
            }
        }
    }
    assert_eq!(unused, Vec::<String>::new(), "take these out of the manifests");
}
