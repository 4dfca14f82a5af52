//! Names, modes, links, manifests and bundled dependencies.

use serde_json::{Value, json};

use super::{Case, case, plain};
use crate::world::Node;

/// What `bin` says, and modes.
pub(super) fn of_programs() -> Vec<Case> {
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
    ]
}

/// What is always in or out, whatever is asked for.
pub(super) fn of_fixed_rules() -> Vec<Case> {
    vec![
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
                "npm-shrinkwrap.json",
                "sub/npm-shrinkwrap.json",
                "sub/bun.lock",
                "sub/.npm-extension.cjs",
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
        case(
            "npm-extension",
            json!({}),
            &[
                (".npm-extension.cjs", "exports.transformManifest = manifest => manifest\n".into()),
                ("a.js", "1".into()),
            ],
        ),
        plain("locks-nested", json!({}), &["a/package-lock.json", "a/yarn.lock", "b/node_modules/x/index.js", "a.js"]),
    ]
}

/// Links of both kinds.
pub(super) fn of_links() -> Vec<Case> {
    vec![
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
    ]
}

/// Names, and the order that they come in.
pub(super) fn of_names() -> Vec<Case> {
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
    vec![
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
    ]
}

/// Contents, and manifests as people's editors leave them.
pub(super) fn of_contents() -> Vec<Case> {
    let every_byte: Vec<u8> = (0..=255_u8).cycle().take(10_240).collect();
    vec![
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

pub(super) fn of_bundles() -> Vec<Case> {
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
            json!({"dependencies": {"d": "1"}, "optionalDependencies": {"o": "1", "gone": "1"}, "devDependencies": {"v": "1"}, "bundleDependencies": true}),
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
