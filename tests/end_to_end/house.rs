//! The project's own rules: which crate may know which, and under which licences dependencies come.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::world::project_root;

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
