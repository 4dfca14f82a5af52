//! Which crate may know which, under which licences dependencies come, and that each is used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::sources::{Source, sources};
use crate::world::project_root;

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
        ("relay-fuzz-targets", 6),
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

/// What a manifest names and nothing uses: what the program depends on must be used outside of its tests, what the tests
/// depend on by them.
fn unused(manifest: &toml::Table, sources: &[&Source]) -> Vec<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let tables: Vec<_> = targets.filter_map(toml::Value::as_table).chain([manifest]).collect();
    let named = |list: &'static str| {
        let lists = tables.iter().filter_map(move |table| table.get(list)?.as_table());
        lists.flat_map(toml::Table::keys).collect::<Vec<_>>()
    };
    let is_used = |dependency: &str, text: &str| {
        let path = format!("{}::", dependency.replace('-', "_"));
        let mut places = text.match_indices(&path);
        places.any(|(at, _)| !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
    };
    let of_program = named("dependencies")
        .into_iter()
        .filter(|dependency| !sources.iter().any(|source| is_used(dependency, &source.program)));
    let of_tests = named("dev-dependencies")
        .into_iter()
        .filter(|dependency| !sources.iter().any(|source| is_used(dependency, &source.tests)));
    of_program.chain(of_tests).cloned().collect()
}

#[test]
fn every_dependency_is_used_where_it_is_declared() {
    let sources = sources();
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    for entry in fs::read_dir(project_root().join("crates")).expect("the crates") {
        let folder = entry.expect("a crate").path();
        let text = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = text.parse().expect("TOML");
        let name = manifest["package"]["name"].as_str().expect("a name");
        let own = format!("crates/{name}/");
        let is_own = |path: &str| path.starts_with(&own) || (name == "relay-cli" && path.starts_with("tests/"));
        let of_crate: Vec<_> = sources.iter().filter(|source| is_own(&source.path)).collect();
        assert!(!of_crate.is_empty(), "{name}");
        found.extend(unused(&manifest, &of_crate).into_iter().map(|dependency| format!("{name}: {dependency}")));
        named.extend(text.lines().filter_map(|line| Some(line.split_once(".workspace")?.0.to_owned())));
    }
    let text = fs::read_to_string(project_root().join("Cargo.toml")).expect("a manifest");
    let workspace: toml::Table = text.parse().expect("TOML");
    let offered = workspace["workspace"]["dependencies"].as_table().expect("dependencies").keys();
    found.extend(offered.filter(|name| !named.contains(*name)).map(|name| format!("the workspace: {name}")));
    assert_eq!(found, Vec::<String>::new(), "take these out of the manifests");
}

#[test]
fn a_dependency_that_only_its_name_or_a_comment_or_the_tests_use_is_found() {
    let manifest = "[dependencies]\nin-use = \"1\"\nidle = \"1\"\ntold = \"1\"\ntested = \"1\"\n\
                    [target.'cfg(unix)'.dependencies]\nlonely = \"1\"\n\
                    [dev-dependencies]\nchecker = \"1\"\nspare = \"1\"\n";
    let text = "use in_use::Thing;\n// told::tale\nfn idle() { not_idle::run() }\n\
                #[cfg(test)]\nmod tests {\n    use tested::Case;\n    fn f() { checker::check() }\n}\n\
                fn after() { in_use::it() }\n";
    let source = Source::of("crates/x/src/lib.rs", text);
    let mut found = unused(&manifest.parse().expect("TOML"), &[&source]);
    found.sort();
    assert_eq!(found, ["idle", "lonely", "spare", "tested", "told"]);
}
