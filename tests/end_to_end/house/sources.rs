//! The project's own sources, the program's part and the tests' part of each.

use std::fs;
use std::path::PathBuf;

use crate::world::project_root;

/// A Rust file.
pub(super) struct Source {
    /// Its path from the project's root.
    pub(super) path: String,
    /// What is compiled into the program, without comments.
    pub(super) program: String,
    /// What only tests, examples and benches are made of, without comments.
    pub(super) tests: String,
    /// Modules in files of their own that only tests have, as the beginnings of their paths.
    test_modules: Vec<String>,
}

impl Source {
    /// Takes a file apart. Formatted code is read by its lines: an item ends with its line, or where a line begins with a brace
    /// at the item's own indentation.
    pub(super) fn of(path: &str, text: &str) -> Self {
        let mut source =
            Self { path: path.to_owned(), program: String::new(), tests: String::new(), test_modules: Vec::new() };
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        if !path.contains("/src/") {
            source.tests = text.lines().filter(is_code).flat_map(|line| [line, "\n"]).collect();
            return source;
        }
        let below = path.trim_end_matches("lib.rs").trim_end_matches("main.rs").replace(".rs", "/");
        let mut lines = text.lines().filter(is_code);
        while let Some(line) = lines.next() {
            if line.trim_start() != "#[cfg(test)]" {
                source.program.extend([line, "\n"]);
                continue;
            }
            let end = line.replace("#[cfg(test)]", "}");
            let Some(item) = lines.by_ref().find(|line| !line.trim_start().starts_with("#[")) else { break };
            if let Some((_, name)) = item.trim_end_matches(';').split_once("mod ").filter(|_| item.ends_with(';')) {
                source.test_modules.push(format!("{below}{name}"));
            }
            source.tests.extend([item, "\n"]);
            if !item.ends_with([';', ',', '}']) {
                for line in lines.by_ref() {
                    source.tests.extend([line, "\n"]);
                    if line.starts_with(&end) {
                        break;
                    }
                }
            }
        }
        source
    }
}

/// All of them.
pub(super) fn sources() -> Vec<Source> {
    let root = project_root();
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join("crates"), root.join("tests/end_to_end")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push(Source::of(&name, &fs::read_to_string(&path).expect("a source file")));
            }
        }
    }
    let of_tests: Vec<String> = found.iter().flat_map(|source| source.test_modules.clone()).collect();
    for source in &mut found {
        let is_below = |module: &String| {
            source.path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        if of_tests.iter().any(is_below) {
            source.tests.push_str(&std::mem::take(&mut source.program));
        }
    }
    found
}

#[test]
fn what_only_tests_have_is_told_apart() {
    let text = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\nfn long(\n    x: u8,\n) {\n    t::t()\n}\nfn p() {}\n";
    let source = Source::of("crates/x/src/lib.rs", text);
    assert_eq!(source.program, "mod a;\nfn p() {}\n");
    assert_eq!(source.test_modules, ["crates/x/src/b"]);
    assert!(source.tests.contains("t::t()"));
    assert_eq!(Source::of("crates/x/src/y.rs", text).test_modules, ["crates/x/src/y/b"]);
    let all = sources();
    let find = |path: &str| all.iter().find(|source| source.path == path).expect("a file");
    assert!(find("crates/relay-registry/src/npmrc/tests/secrets.rs").program.is_empty());
    assert!(find("crates/relay-registry/src/npmrc/by_npm.rs").program.is_empty());
    assert!(find("crates/relay-registry/src/npmrc.rs").program.contains("impl NpmConfig"));
}
