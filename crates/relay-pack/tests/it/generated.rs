//! Packages made at random from names and rules that like to collide; the seed is fixed.
//!
//! They have no hard links: npm 11 itself hangs on some packages that have ("Exit handler never called").

use serde_json::{Map, Value, json};

use crate::npm::{BOTH, differences};
use crate::world::{Node, World};

/// How many packages one run makes; `RELAY_PACK_CASES` and `RELAY_PACK_SEED` ask for others.
const PACKAGES: usize = 60;

struct Rng(u64);

impl Rng {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const FOLDERS: &[&str] = &[
    "lib",
    "dist",
    "src",
    "test",
    "Lib",
    "a",
    "b",
    ".config",
    "@s",
    "build",
    "node_modules",
    "é",
    "deep",
    "CVS",
    "x y",
];
const FILES: &[&str] = &[
    "a.js",
    "b.js",
    "index.js",
    "A.js",
    "a.test.js",
    "a.d.ts",
    "a.js.map",
    "README.md",
    "readme",
    "LICENSE",
    "LICENSE.txt~",
    ".env",
    ".npmrc",
    "x",
    "y.min.css",
    "é.js",
    "日.js",
    "[a].js",
    "a b.js",
    "yarn.lock",
    "package-lock.json",
    "cli.js",
    "a.orig",
    "._a",
    "COPYING",
    "licence.md",
    "!a.js",
    "#a.js",
    "@x",
    "{a}",
    "10.js",
    "9.js",
    "ü.ts",
    "z(1).js",
    "-",
    "pnpm-lock.yaml",
    "a+b.js",
];
const RULES: &[&str] = &[
    "*.js",
    "!*.js",
    "lib",
    "/lib",
    "lib/",
    "!lib",
    "!/lib/**",
    "**/*.map",
    "*.{map,ts}",
    "dist/*",
    "!dist/a.js",
    "a*",
    "?.js",
    "[ab].js",
    "[!a].js",
    "test/**",
    "**/test",
    "/a.js",
    "src/**/a.js",
    "!src/**/b.js",
    "*",
    "!*/",
    "**",
    "!**/a.js",
    "+(a|b).js",
    "!(a).js",
    "x/",
    ".*",
    "!.env",
    "# comment",
    "",
    "  b.js  ",
    "\\#a.js",
    "\\!a.js",
    "@s",
    "LIB",
    "*.JS",
    "é*",
    "a/**/b",
    "**/deep/**",
    "!**/deep/*.js",
    "/deep/",
    "lib/**/deep",
    "*.*",
    "?(a|b)*",
    "{lib,dist}/**",
    "!{lib,dist}/a.js",
    "../lib",
    "./lib",
    "lib/../dist",
    "a/b/..",
    "*/*.js",
    "[[:alpha:]].js",
];
const ENTRIES: &[&str] = &[
    "lib",
    "dist/",
    "./src",
    "src/*",
    "lib/**/*.js",
    "!lib/a.js",
    "a.js",
    "b.js",
    "/a.js",
    "*.js",
    "!*.test.js",
    "**/*.ts",
    "test",
    "LIB",
    "lib/a.js",
    "dist/a.js",
    "README.md",
    "nowhere",
    ".",
    "*",
    "!dist",
    "deep",
    "a",
    "a/b",
    "{lib,dist}",
    "@s",
    "é",
    "é.js",
    "[a].js",
    "!a.js",
    "..",
    "../x",
    "x y",
    "package-lock.json",
    "src/**",
    "**/index.js",
    "!**/deep",
    "./lib/b.js",
    "lib//a.js",
    "./dist/*",
    "**/a.js",
    "!(lib)",
    "b/*",
];
const MAINS: &[&str] =
    &["index.js", "./lib/index.js", "lib/a.js", "dist", "a.js", "src/b.js", "lib/../a.js", "", "A.JS"];

fn path(rng: &mut Rng) -> String {
    let mut path = String::new();
    for _ in 0..rng.below(4) {
        path.push_str(rng.pick(FOLDERS));
        path.push('/');
    }
    path.push_str(rng.pick(FILES));
    // Something odd in the place of a scope makes npm overlook all of `node_modules`.
    if path.starts_with("node_modules/@") { "cmds/one.js".to_owned() } else { path }
}

fn some(rng: &mut Rng, from: &[&str], most: usize) -> Vec<String> {
    (0..=rng.below(most)).map(|_| rng.pick(from).to_owned()).collect()
}

fn manifest(rng: &mut Rng, name: &str) -> String {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(name));
    fields.insert("version".to_owned(), json!("1.0.0"));
    if rng.one_in(2) {
        fields.insert("files".to_owned(), json!(some(rng, ENTRIES, 5)));
    }
    if rng.one_in(3) {
        fields.insert("main".to_owned(), json!(rng.pick(MAINS)));
    }
    if rng.one_in(5) {
        fields.insert("browser".to_owned(), if rng.one_in(3) { json!({"x": false}) } else { json!(rng.pick(MAINS)) });
    }
    if rng.one_in(4) {
        let bin =
            if rng.one_in(2) { json!(rng.pick(MAINS)) } else { json!({"one": rng.pick(MAINS), "two": "lib/cli.js"}) };
        fields.insert("bin".to_owned(), bin);
    }
    if rng.one_in(8) {
        fields.insert("directories".to_owned(), json!({"bin": rng.pick(&["cmds", "@s", "gone"])}));
    }
    if rng.one_in(5) {
        fields.insert("dependencies".to_owned(), json!({"a": "1", "b": "1"}));
        fields.insert("bundleDependencies".to_owned(), if rng.one_in(2) { json!(true) } else { json!(["a"]) });
    }
    let value = Value::Object(fields);
    if rng.one_in(2) { format!("{value}\n") } else { serde_json::to_string_pretty(&value).unwrap() }
}

fn package(rng: &mut Rng, name: &str) -> Vec<(String, Node)> {
    let mut files: Vec<(String, Node)> = Vec::new();
    // A path that is a file can't also be a folder, and the other way round.
    let add = |files: &mut Vec<(String, Node)>, path: String, node: Node| {
        let clashes = |other: &str| {
            other == path || other.starts_with(&format!("{path}/")) || path.starts_with(&format!("{other}/"))
        };
        if !files.iter().any(|(other, _)| clashes(other)) {
            files.push((path, node));
        }
    };
    for _ in 0..5 + rng.below(30) {
        let (path, content) = (path(rng), "x".repeat(rng.below(3) * 300));
        let mode = [0o644, 0o644, 0o755, 0o600, 0o666][rng.below(5)];
        add(&mut files, path, Node::Mode(mode, content.into_bytes()));
    }
    for _ in 0..rng.below(4) {
        let (folder, kind) = (path(rng), rng.pick(&[".npmignore", ".gitignore", ".gitignore"]));
        let folder = folder.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let text = some(rng, RULES, 6).join(rng.pick(&["\n", "\r\n"]));
        add(&mut files, format!("{folder}{kind}"), Node::from(text.as_str()));
    }
    if rng.one_in(4) {
        add(&mut files, "link.js".to_owned(), Node::Link("a.js".to_owned()));
    }
    let text = manifest(rng, name);
    // What is bundled must be installed, or relay refuses what npm drops without a word.
    if text.contains("bundleDependencies") || rng.one_in(4) {
        for name in ["a", "b"] {
            let folder = format!("node_modules/{name}");
            let text = manifest(rng, name).replace("bundleDependencies", "unused");
            add(&mut files, format!("{folder}/package.json"), Node::from(text.as_str()));
            add(&mut files, format!("{folder}/{}", rng.pick(FILES)), Node::from("1"));
            add(&mut files, format!("{folder}/lib/{}", rng.pick(FILES)), Node::from("1"));
        }
    }
    add(&mut files, "package.json".to_owned(), Node::from(text.as_str()));
    files
}

#[test]
fn generated_packages_give_npms_tar() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let packages = number("RELAY_PACK_CASES").map_or(PACKAGES, |count| usize::try_from(count).unwrap());
    let mut rng = Rng(number("RELAY_PACK_SEED").unwrap_or(0x0abc_def1_2345_6789));
    let world = World::new();
    let folders: Vec<_> = (0..packages)
        .map(|index| {
            let name = format!("generated-{index}");
            world.package(&name, &package(&mut rng, &name))
        })
        .collect();
    let different: Vec<String> = BOTH.into_iter().flat_map(|npm| differences(npm, &world.path(), &folders)).collect();
    assert!(different.is_empty(), "{} of {packages} differ:\n{}", different.len(), different.join("\n"));
}
