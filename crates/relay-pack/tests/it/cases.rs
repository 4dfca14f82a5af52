//! One small package per rule.

use serde_json::{Value, json};

use crate::npm::{difference, differences, npm_pack};
use crate::world::{Node, World};
use relay_pack::Surroundings;

struct Case {
    name: &'static str,
    /// Fields beside name and version; null where the files hold the manifest.
    fields: Value,
    files: Vec<(String, Node)>,
}

fn case(name: &'static str, fields: Value, files: &[(&str, Node)]) -> Case {
    Case { name, fields, files: files.iter().map(|(path, node)| ((*path).to_owned(), node.clone())).collect() }
}

/// A case whose files hold nothing of interest.
fn plain(name: &'static str, fields: Value, paths: &[&str]) -> Case {
    Case { name, fields, files: paths.iter().map(|path| ((*path).to_owned(), Node::from("x"))).collect() }
}

fn of_files() -> Vec<Case> {
    vec![
        plain("plain", json!({}), &["index.js", "lib/a.js", "README.md", "LICENSE"]),
        plain("files-dir", json!({"files": ["dist"]}), &["dist/a.js", "dist/b/c.js", "src/a.ts", "README"]),
        plain("files-dir-slash", json!({"files": ["dist/"]}), &["dist/a.js", "dist/.hidden", "x.js"]),
        plain("files-star", json!({"files": ["lib/*"]}), &["lib/a.js", "lib/deep/b.js"]),
        plain(
            "files-glob",
            json!({"files": ["lib/**/*.js", "!lib/**/*.test.js"]}),
            &["lib/a.js", "lib/a.test.js", "lib/x/b.js", "lib/x/b.test.js"],
        ),
        plain("files-negate-dir", json!({"files": ["dist", "!dist/private"]}), &["dist/a.js", "dist/private/s.js"]),
        plain("files-dot", json!({"files": ["."]}), &["a.js", "b/c.js", "yarn.lock"]),
        plain("files-dot-slash", json!({"files": ["./lib", "./one.js"]}), &["lib/a.js", "one.js", "two.js"]),
        plain("files-empty", json!({"files": []}), &["a.js", "README.md", "main.js"]),
        plain("files-braces", json!({"files": ["{lib,bin}/**"]}), &["lib/a.js", "bin/b.js", "src/c.js"]),
        plain("files-missing", json!({"files": ["nowhere", "a.js"]}), &["a.js", "b.js"]),
        plain("files-case", json!({"files": ["LIB"]}), &["lib/a.js", "LIB2/a.js"]),
        plain("files-extglob", json!({"files": ["+(a|b).js", "[!x]*.ts"]}), &["a.js", "b.js", "c.js", "y.ts", "x.ts"]),
        plain("files-string", json!({"files": "ab"}), &["a", "b", "c"]),
        plain("files-null", json!({"files": null}), &["a", "b"]),
        plain("files-deep-file", json!({"files": ["lib/x/a.js"]}), &["lib/x/a.js", "lib/x/b.js", "lib/a.js"]),
        plain("files-file", json!({"files": ["lib/a.js"]}), &["lib/a.js", "lib/b.js", "lib/x/a.js"]),
        plain("files-required-twice", json!({"files": ["lib/a.js", "lib"]}), &["lib/a.js", "lib/y/a.js"]),
        plain("files-up", json!({"files": ["../other", "../../x", "a.js"]}), &["a.js", "b.js"]),
        plain("files-absolute", json!({"files": ["/a.js", "/lib"]}), &["a.js", "b.js", "lib/a.js", "x/lib/b.js"]),
        plain(
            "files-lock",
            json!({"files": ["package-lock.json", ".npmrc", "x"]}),
            &["package-lock.json", ".npmrc", "x"],
        ),
        plain(
            "files-double-bang",
            json!({"files": ["lib", "!!lib/a.js", "!lib/b.js"]}),
            &["lib/a.js", "lib/b.js", "lib/c.js"],
        ),
        plain("files-link", json!({"files": ["l", "a"]}), &["a"]),
        plain("main-files", json!({"main": "lib/index.js", "files": ["x.js"]}), &["lib/index.js", "lib/o.js", "x.js"]),
        plain("main-dir", json!({"main": "lib", "files": ["x.js"]}), &["lib/index.js", "x.js"]),
        plain("main-dot", json!({"main": "./lib/m.js", "files": ["x.js"]}), &["lib/m.js", "x.js"]),
        plain("main-object", json!({"main": {"a": 1}, "files": ["x.js"]}), &["b", "z", "x.js"]),
        plain("browser", json!({"browser": "b.js", "files": ["x.js"]}), &["b.js", "x.js"]),
        plain("browser-object", json!({"browser": {"./b.js": false}, "files": ["x.js"]}), &["b.js", "b", "O", "x.js"]),
        plain("nested-manifest", json!({"files": ["sub"]}), &["sub/a.js", "sub/b.js"]),
        plain("own-workspaces", json!({"workspaces": ["packages/*"]}), &["a.js", "packages/.keep"]),
    ]
}

fn of_ignore_files() -> Vec<Case> {
    vec![
        case(
            "files-npmignore",
            json!({"files": ["dist"]}),
            &[("dist/a.js", "1".into()), ("dist/b.map", "2".into()), (".npmignore", "*.map\n".into())],
        ),
        case(
            "files-nested-npmignore",
            json!({"files": ["dist"]}),
            &[("dist/a.js", "1".into()), ("dist/b.map", "2".into()), ("dist/.npmignore", "*.map\n".into())],
        ),
        case(
            "npmignore",
            json!({}),
            &[
                ("a.js", "1".into()),
                ("b.test.js", "2".into()),
                ("t/x.js", "3".into()),
                (".npmignore", "*.test.js\n/t\n".into()),
            ],
        ),
        case(
            "npmignore-empty",
            json!({}),
            &[("a.js", "1".into()), ("b.js", "2".into()), (".npmignore", "".into()), (".gitignore", "b.js\n".into())],
        ),
        case(
            "npmignore-negate",
            json!({}),
            &[("a.log", "1".into()), ("keep.log", "2".into()), (".npmignore", "*.log\n!keep.log\n".into())],
        ),
        case(
            "npmignore-crlf",
            json!({}),
            &[("a.js", "1".into()), ("b.js", "2".into()), (".npmignore", "# comment\r\n b.js \r\n".into())],
        ),
        case(
            "npmignore-bom",
            json!({}),
            &[("a.js", "1".into()), ("b.js", "2".into()), (".npmignore", "\u{feff}b.js\n".into())],
        ),
        case(
            "npmignore-deep-keep",
            json!({}),
            &[
                ("a/b/c.js", "1".into()),
                ("a/b/d.js", "2".into()),
                ("a/e.js", "3".into()),
                (".npmignore", "a\n!a/b/c.js\n".into()),
            ],
        ),
        case(
            "npmignore-link",
            json!({}),
            &[
                ("a.js", "1".into()),
                ("b.js", "2".into()),
                ("rules", "b.js\n".into()),
                (".npmignore", Node::Link("rules".into())),
            ],
        ),
        case(
            "gitignore",
            json!({}),
            &[("a.js", "1".into()), ("dist/x.js", "2".into()), (".gitignore", "dist\n".into())],
        ),
        case(
            "gitignore-nested",
            json!({}),
            &[
                ("a/x.js", "1".into()),
                ("a/y.js", "2".into()),
                ("b/y.js", "3".into()),
                ("a/.gitignore", "y.js\n".into()),
            ],
        ),
        case(
            "gitignore-anchored",
            json!({}),
            &[("x.js", "1".into()), ("a/x.js", "2".into()), (".gitignore", "/x.js\n".into())],
        ),
        case(
            "gitignore-dir-only",
            json!({}),
            &[("out", "file".into()), ("a/out/x.js", "2".into()), (".gitignore", "out/\n".into())],
        ),
        case(
            "ignored-main",
            json!({"main": "dist/main.js"}),
            &[("dist/main.js", "1".into()), ("dist/other.js", "2".into()), (".npmignore", "dist\n".into())],
        ),
        case(
            "both-in-folder",
            json!({}),
            &[("a/x", "1".into()), ("a/y", "1".into()), ("a/.npmignore", "x\n".into()), ("a/.gitignore", "y\n".into())],
        ),
        case(
            "workspace-manifest-as-rules",
            json!({"workspaces": ["packages/*"]}),
            &[
                ("packages/a/package.json", "{\"name\": \"a\", \"x\": [\n1,\n2\n]}".into()),
                ("packages/b/package.json", "{\"name\": \"b\"}".into()),
                ("packages/a/2", "1".into()),
                ("packages/a/1", "1".into()),
                ("packages/b/.npmignore", "y.js\n".into()),
                ("packages/b/y.js", "1".into()),
                ("packages/b/z.js", "1".into()),
                ("other/y.js", "1".into()),
            ],
        ),
    ]
}

fn of_entries() -> Vec<Case> {
    let long = format!("{}/{}/{}", "d".repeat(60), "e".repeat(60), "f".repeat(60));
    let long_paths: Vec<String> = vec![
        format!("{long}/x.js"),
        format!("{}.js", "n".repeat(120)),
        format!("{}q.js", "p/".repeat(60)),
        format!("{}.js", "é".repeat(60)),
        format!("{}/{}.js", "d".repeat(91), "n".repeat(97)),
        format!("{}/{}.js", "d".repeat(92), "n".repeat(96)),
        format!("{}/{}", "d".repeat(40), "é".repeat(70)),
        format!("{}/{}", "😀".repeat(40), "é".repeat(20)),
    ];
    let long_paths: Vec<&str> = long_paths.iter().map(String::as_str).collect();
    let every_byte: Vec<u8> = (0..=255_u8).cycle().take(10_240).collect();
    let mode = |mode: u32| Node::Mode(mode, b"x".to_vec());
    vec![
        plain("bin-string", json!({"bin": "cli.js"}), &["cli.js", "a.js", "lib/cli.js"]),
        plain(
            "bin-object",
            json!({"bin": {"one": "bin/one.js", "two": "./bin/two.js"}, "files": ["lib"]}),
            &["bin/one.js", "bin/two.js", "lib/a.js"],
        ),
        plain("bin-array", json!({"bin": ["a.js", "b/c.js"], "files": ["x"]}), &["a.js", "b/c.js", "x"]),
        plain(
            "bin-odd",
            json!({"bin": {"a": "../../a.js", "b": 1, "c": "x/../c.js"}, "files": ["x"]}),
            &["a.js", "c.js", "x"],
        ),
        plain(
            "directories-bin",
            json!({"directories": {"bin": "bin"}, "files": ["x"]}),
            &["bin/one.js", "bin/sub/two.js", "bin/.three", "one.js", "x"],
        ),
        case(
            "modes",
            json!({}),
            &[
                ("x.sh", mode(0o755)),
                ("g.js", mode(0o664)),
                ("o.js", mode(0o600)),
                ("w.js", mode(0o666)),
                ("s.js", mode(0o4755)),
            ],
        ),
        plain(
            "always-out",
            json!({}),
            &[
                ".git/HEAD",
                "node_modules/d/index.js",
                ".npmrc",
                "sub/.npmrc",
                "package-lock.json",
                "yarn.lock",
                "pnpm-lock.yaml",
                "bun.lockb",
                "bun.lock",
                ".DS_Store",
                "a.orig",
                ".a.swp",
                "._x",
                "npm-debug.log",
                "CVS/x",
                ".svn/x",
                "a.js",
                "sub/.git/x",
                ".lock-wscript",
                ".wafpickle-7",
                "build/config.gypi",
                "sub/build/config.gypi",
                "archived-packages/x",
                "x/archived-packages/y",
                ".hg/x",
                "A.ORIG",
            ],
        ),
        plain(
            "always-in",
            json!({"files": ["a.js"]}),
            &[
                "a.js",
                "README",
                "readme.txt",
                "Readme.md~",
                "LICENSE.md",
                "LICENCE",
                "COPYING",
                "CHANGELOG.md",
                "HISTORY",
                "NOTICE",
                "sub/README.md",
                "readme$",
                "readme.a$",
                "license.x",
                "README.md.bak",
            ],
        ),
        plain("locks-nested", json!({}), &["a/package-lock.json", "a/yarn.lock", "b/node_modules/x/index.js", "a.js"]),
        case(
            "symlinks",
            json!({}),
            &[
                ("a.js", "1".into()),
                ("l.js", Node::Link("a.js".into())),
                ("d/x.js", "2".into()),
                ("ld", Node::Link("d".into())),
                ("out", Node::Link("/etc/hostname".into())),
            ],
        ),
        case(
            "hardlinks",
            json!({}),
            &[
                ("b.js", "same".into()),
                ("a.js", Node::Hard("b.js".into())),
                ("z/c.js", Node::Hard("b.js".into())),
                ("e", "".into()),
                ("f", Node::Hard("e".into())),
            ],
        ),
        case("hardlink-long", json!({}), &[("é/a.js", "same".into()), ("b.js", Node::Hard("é/a.js".into()))]),
        plain("dotfiles", json!({}), &[".env", ".config/x", ".eslintrc", "a.js", ".gitkeep", "..a", "a."]),
        plain(
            "order",
            json!({}),
            &[
                "b.js", "a.js", "A.ts", "a.ts", "z", "_x.js", "-y.js", "10.js", "9.js", "a-b.js", "a_b.js", "aB.js",
                "ab.js", "é.js", "lib/a.js", "lib/B.js", ".x.js", "a.b.js", "x.JS", "@s/a.js", "noext", "NOEXT2",
                "a b.js", "a+b.js", "(p).js", "@a", "$x", "~y", "ß", "ss", "æ.js", "z.js",
            ],
        ),
        plain("unicode", json!({}), &["ü.js", "日本/語.js", "e\u{301}.js", "😀.js", "İ.js", "ſ.js", "Ω", "ω"]),
        plain("long-paths", json!({}), &long_paths),
        plain("star-name", json!({}), &["a*b.js", "a?b.js", "c[d].js", "a.js"]),
        plain("drive-names", json!({}), &["c:x.js", "d/e:f.js", "z:", "back\\slash.js"]),
        plain("line-end-name", json!({}), &["a\nb.js", "c\td"]),
        case(
            "binary-and-empty",
            json!({}),
            &[
                ("e.txt", "".into()),
                ("b.bin", Node::File(every_byte)),
                ("exact.bin", Node::File(vec![b'x'; 512])),
                ("dir", Node::Folder),
                ("large.bin", Node::File(vec![7; 400_000])),
            ],
        ),
        case(
            "bom-crlf-manifest",
            Value::Null,
            &[
                (
                    "package.json",
                    "\u{feff}{\r\n\t\"name\": \"case-bom-crlf-manifest\",\r\n\t\"version\": \"1.0.0\"\r\n}\r\n".into(),
                ),
                ("a.js", "1".into()),
            ],
        ),
        case(
            "odd-indent-manifest",
            Value::Null,
            &[
                ("package.json", "{\"version\":\"1.0.0\",   \"name\":\"case-odd-indent-manifest\"}".into()),
                ("a.js", "1".into()),
            ],
        ),
        case(
            "scoped",
            Value::Null,
            &[
                ("package.json", r#"{"name":"@acme/case-scoped","version":"1.0.0-rc.1"}"#.into()),
                ("index.js", "1".into()),
            ],
        ),
    ]
}

fn of_bundles() -> Vec<Case> {
    vec![
        case(
            "bundled",
            json!({"dependencies": {"d": "1"}, "bundleDependencies": ["d"]}),
            &[
                ("node_modules/d/package.json", r#"{"name":"d","version":"1.0.0","dependencies":{"e":"1"}}"#.into()),
                ("node_modules/d/i.js", "1".into()),
                ("node_modules/d/.npmignore", "i.js\n".into()),
                ("node_modules/d/sub/.npmignore", "j.js\n".into()),
                ("node_modules/d/sub/j.js", "1".into()),
                ("node_modules/d/x.orig", "1".into()),
                ("node_modules/e/package.json", r#"{"name":"e","version":"1.0.0"}"#.into()),
                ("node_modules/e/i.js", "1".into()),
                ("node_modules/f/package.json", r#"{"name":"f","version":"1.0.0"}"#.into()),
            ],
        ),
        case(
            "bundled-files",
            json!({"files": ["a.js"], "dependencies": {"@s/d": "1"}, "bundledDependencies": ["@s/d"]}),
            &[
                ("a.js", "1".into()),
                ("node_modules/@s/d/package.json", r#"{"name":"@s/d","version":"1.0.0","files":["x"],"main":"m.js"}"#.into()),
                ("node_modules/@s/d/x/i.js", "1".into()),
                ("node_modules/@s/d/y.js", "1".into()),
                ("node_modules/@s/d/m.js", "1".into()),
            ],
        ),
        case(
            "bundled-all",
            json!({"dependencies": {"d": "1", "gone": "1"}, "optionalDependencies": {"o": "1"}, "devDependencies": {"v": "1"}, "bundleDependencies": true}),
            &[
                ("node_modules/d/package.json", r#"{"name":"d","version":"1.0.0","dependencies":{"n":"1"},"optionalDependencies":{"d":"1"},"peerDependencies":{"v":"1"}}"#.into()),
                ("node_modules/d/node_modules/n/package.json", r#"{"name":"n","version":"1.0.0"}"#.into()),
                ("node_modules/d/node_modules/n/i.js", "1".into()),
                ("node_modules/n/package.json", r#"{"name":"n","version":"2.0.0"}"#.into()),
                ("node_modules/o/package.json", r#"{"name":"o","version":"2.0.0"}"#.into()),
                ("node_modules/v/package.json", r#"{"name":"v","version":"2.0.0"}"#.into()),
            ],
        ),
        case(
            "bundled-link",
            json!({"dependencies": {"d": "1"}, "bundleDependencies": ["d"], "files": ["x"]}),
            &[
                ("x", "1".into()),
                ("local/d/package.json", r#"{"name":"d","version":"1.0.0"}"#.into()),
                ("local/d/i.js", "1".into()),
                ("local/d/j.js", "1".into()),
                ("local/d/.npmignore", "j.js\n".into()),
                ("node_modules/d", Node::Link("../local/d".into())),
            ],
        ),
        case(
            "bundled-dev-too",
            json!({"dependencies": {"d": "1"}, "devDependencies": {"d": "1"}, "bundleDependencies": ["d", "e"], "peerDependencies": {"e": "1"}}),
            &[
                ("node_modules/d/package.json", r#"{"name":"d","version":"1.0.0"}"#.into()),
                ("node_modules/e/package.json", r#"{"name":"e","version":"1.0.0"}"#.into()),
            ],
        ),
    ]
}

#[test]
fn every_case_gives_npms_tar() {
    let world = World::new();
    let mut folders = Vec::new();
    for case in [of_files(), of_ignore_files(), of_entries(), of_bundles()].into_iter().flatten() {
        let mut files = case.files;
        if let Value::Object(mut fields) = case.fields {
            fields.insert("name".to_owned(), json!(format!("case-{}", case.name)));
            fields.insert("version".to_owned(), json!("1.0.0"));
            let text = serde_json::to_string_pretty(&fields).unwrap();
            files.push(("package.json".to_owned(), Node::from(text.as_str())));
        }
        folders.push(world.package(case.name, &files));
    }
    let different = differences(&world.path(), &folders);
    assert!(different.is_empty(), "{} of {} differ:\n{}", different.len(), folders.len(), different.join("\n"));
}

#[test]
fn a_workspace_around_a_package_counts_as_for_npm() {
    let world = World::new();
    let files = [
        ("package.json", r#"{"name":"root","version":"1.0.0","workspaces":["packages/*","tools/deep/*"]}"#),
        (".gitignore", "dist\n*.log\n"),
        ("a.js", "1"),
        ("packages/a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
        ("packages/a/dist/x.js", "1"),
        ("packages/a/x.log", "1"),
        ("packages/b/package.json", r#"{"name":"b","version":"1.0.0","files":["dist"]}"#),
        ("packages/b/dist/x.js", "1"),
        ("tools/.npmignore", "y.js\n"),
        ("tools/.gitignore", "z.js\n"),
        ("tools/deep/.gitignore", "!dist\n"),
        ("tools/deep/c/package.json", r#"{"name":"c","version":"1.0.0"}"#),
        ("tools/deep/c/y.js", "1"),
        ("tools/deep/c/z.js", "1"),
        ("tools/deep/c/dist/x.js", "1"),
    ];
    let files: Vec<(String, Node)> = files.iter().map(|(path, text)| ((*path).to_owned(), Node::from(*text))).collect();
    let root = world.package("root", &files);
    let out = world.path().join("out");
    npm_pack(&root, &["--workspaces", "--include-workspace-root"], &out);
    // npm put its cache into the folder it ran in.
    std::fs::remove_dir_all(root.join(".npm-cache")).unwrap();
    let members = ["packages/a", "packages/b", "tools/deep/c"].map(|path| root.join(path));
    let around = Surroundings { root: root.clone(), members: members.to_vec() };
    let mut folders = members.to_vec();
    folders.push(root);
    let different: Vec<String> = folders.iter().filter_map(|folder| difference(folder, Some(&around), &out)).collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}
