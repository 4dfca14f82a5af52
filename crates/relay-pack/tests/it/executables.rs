//! Which files become executable, by each manager's rule; pnpm's is that of the real program.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::NpmRules;
use relay_pack::{Conventions, Executables, PackRequest, pack};

use crate::world::{Node, World};

/// Paths of files.
type Paths = &'static [&'static str];

/// Fields of a manifest, and what becomes executable by the rules of pnpm 12.21.0, yarn 4.18.1 and bun 1.4.5.
const CASES: [(&str, Paths, Paths, Paths); 9] = [
    (
        r#""directories":{"bin":"bin"}"#,
        &["bin/.dot.js", "bin/deep/two.js", "bin/one.js"],
        &[],
        &["bin/.dot.js", "bin/one.js"],
    ),
    (
        r#""directories":{"bin":"./bin/"}"#,
        &["bin/.dot.js", "bin/deep/two.js", "bin/one.js"],
        &[],
        &["bin/.dot.js", "bin/one.js"],
    ),
    (r#""bin":{"x":"./a/b/cli.js"},"directories":{"bin":"bin"}"#, &["a/b/cli.js"], &["a/b/cli.js"], &["a/b/cli.js"]),
    (
        r#""bin":{"x":"./a/b/cli.js","y":"cli.js"}"#,
        &["a/b/cli.js", "cli.js"],
        &["a/b/cli.js", "cli.js"],
        &["a/b/cli.js", "cli.js"],
    ),
    (r#""bin":"a/../lib/cli.js""#, &["lib/cli.js"], &["lib/cli.js"], &["lib/cli.js"]),
    (r#""bin":["a/b/cli.js"]"#, &[], &["a/b/cli.js"], &[]),
    (r#""bin":{"x":"b/cli.js"}"#, &[], &[], &[]),
    (r#""bin":"a\\b\\cli.js""#, &["a/b/cli.js"], &["a/b/cli.js"], &["a/b/cli.js"]),
    (
        r#""publishConfig":{"executableFiles":["lib/cli.js","./cli.js"]}"#,
        &["cli.js", "lib/cli.js"],
        &["cli.js", "lib/cli.js"],
        &[],
    ),
];

fn package(world: &World, folder: &str, fields: &str) -> Utf8PathBuf {
    let paths = ["a/b/cli.js", "bin/.dot.js", "bin/deep/two.js", "bin/one.js", "cli.js", "lib/cli.js", "index.js"];
    let mut files: Vec<(String, Node)> =
        paths.iter().map(|path| ((*path).to_owned(), Node::from("#!/usr/bin/env node\n"))).collect();
    let manifest = format!("{{\"name\":\"p\",\"version\":\"1.0.0\",{fields}}}\n");
    files.push(("package.json".to_owned(), Node::from(manifest.as_str())));
    world.package(folder, &files)
}

fn by_relay(folder: &Utf8Path, manifest: Option<&str>, rule: Executables) -> Vec<String> {
    let conventions = Conventions { executables: rule, ..Conventions::of(NpmRules::Npm11) };
    let tarball = pack(&PackRequest { manifest, conventions: &conventions, ..PackRequest::of(folder) }).unwrap();
    let executable = tarball.files.into_iter().filter(|file| file.mode & 0o111 != 0);
    let mut paths: Vec<String> = executable.map(|file| file.path).collect();
    paths.sort();
    paths
}

/// What the real pnpm makes executable.
fn by_pnpm(folder: &Utf8Path) -> Vec<String> {
    let tools = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools");
    let output = Command::new(tools.join("node_modules/@pnpm/exe.linux-x64/pnpm"))
        .args(["pack", "--config.ignore-scripts=true"])
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .expect("pnpm is there");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = Command::new("tar").args(["tvzf", "p-1.0.0.tgz"]).current_dir(folder).output().expect("tar is there");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let executable = listed.lines().filter(|line| line.starts_with("-rwx"));
    let mut paths: Vec<String> =
        executable.filter_map(|line| Some(line.rsplit_once(" package/")?.1.to_owned())).collect();
    paths.sort();
    paths
}

#[test]
fn files_become_executable_as_the_manager_makes_them() {
    for (fields, pnpm, yarn, bun) in CASES {
        let world = World::new();
        let folder = package(&world, "p", fields);
        assert_eq!(by_relay(&folder, None, Executables::Pnpm), pnpm, "pnpm: {fields}");
        assert_eq!(by_relay(&folder, None, Executables::Yarn), yarn, "yarn: {fields}");
        assert_eq!(by_relay(&folder, None, Executables::Bun), bun, "bun: {fields}");
        assert_eq!(by_pnpm(&folder), pnpm, "the real pnpm: {fields}");
    }
}

#[test]
fn what_publish_config_makes_of_bin_counts_for_pnpm_alone() {
    let world = World::new();
    let folder = package(&world, "p", r#""bin":"a/b/cli.js","publishConfig":{"bin":"lib/cli.js"}"#);
    let published = r#"{"name":"p","version":"1.0.0","bin":"lib/cli.js"}"#;
    assert_eq!(by_relay(&folder, Some(published), Executables::Pnpm), ["lib/cli.js"]);
    assert_eq!(by_pnpm(&folder), ["lib/cli.js"]);
    assert_eq!(by_relay(&folder, Some(published), Executables::Yarn), ["a/b/cli.js"]);
    assert_eq!(by_relay(&folder, Some(published), Executables::Bun), ["a/b/cli.js"]);
}
