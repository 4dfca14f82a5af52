//! What `files`, `main` and the ignore files of a package decide.

use serde_json::json;

use super::{Case, case, plain};
use crate::world::Node;

pub(super) fn of_files() -> Vec<Case> {
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
        plain(
            "files-negated-base",
            json!({"files": ["lib", "!*.map", "!test", "!LIB/b.js"]}),
            &["lib/a.js", "lib/a.map", "a.map", "lib/test/x.js", "lib/b.js"],
        ),
        plain(
            "files-order",
            json!({"files": ["!lib/a.js", "lib", "!lib/x", "lib/x/y.js", "!lib/b.js"]}),
            &["lib/a.js", "lib/b.js", "lib/x/y.js", "lib/x/z.js"],
        ),
        plain("files-folder-glob", json!({"files": ["dist-*"]}), &["dist-a/x.js", "dist-b/y/z.js", "dist-c"]),
        plain(
            "files-glob-case",
            json!({"files": ["LIB/**", "*.JS", "Src"]}),
            &["lib/a.js", "b.js", "c.JS", "src/x.js"],
        ),
        plain(
            "files-nested-readme",
            json!({"files": ["lib/README.md", "lib/a.js", "docs/*.md"]}),
            &["lib/README.md", "lib/a.js", "lib/x.js", "docs/README.md", "docs/LICENSE"],
        ),
        case(
            "files-nested-ignored",
            json!({"files": ["lib/a.js", "lib/deep/b.js", "sub"]}),
            &[
                ("lib/a.js", "1".into()),
                ("lib/.npmignore", "a.js\n".into()),
                ("lib/deep/b.js", "1".into()),
                ("lib/deep/.gitignore", "b.js\n".into()),
                ("sub/.gitignore", "*\n".into()),
                ("sub/x.js", "1".into()),
            ],
        ),
        plain(
            "files-odd-names",
            json!({"files": ["[[]a].js", "x/**", "{b,c}.js", "d\\\\[1].js", "e (1)", "#f", "\\\\!g"]}),
            &["[a].js", "a.js", "x/[slug]/p.js", "x/(g)/p.js", "x/s/q.js", "b.js", "d[1].js", "e (1)/y", "#f", "!g"],
        ),
        plain(
            "files-overlapping",
            json!({"files": ["**/*.js", "!**/*.test.js", "!**/node_modules", "a/**/b", "*/", "."]}),
            &["x.js", "a/x.js", "a/x.test.js", "a/b/c", "a/q/b/c", "a/node_modules/z.js", "node_modules/n/i.js", "k/v"],
        ),
        plain(
            "files-into-and-out",
            json!({"files": ["./lib/../src/a.js", "lib/./b.js", "/lib/", "//x", "lib//c.js", "../files-into-and-out/d.js"]}),
            &["src/a.js", "lib/b.js", "lib/c.js", "d.js", "x"],
        ),
        plain(
            "patched",
            json!({"files": ["lib", "patches"], "patchedDependencies": {"x@1.0.0": "patches/x.patch", "y": "./lib/y.patch", "z": "../z.patch", "w": 1}}),
            &["lib/a.js", "lib/y.patch", "patches/x.patch", "patches/other.patch"],
        ),
        plain(
            "shrinkwrap-named",
            json!({"files": ["npm-shrinkwrap.json", "bun.lock", "x"]}),
            &["npm-shrinkwrap.json", "bun.lock", "x"],
        ),
        plain("own-workspaces", json!({"workspaces": ["packages/*"]}), &["a.js", "packages/.keep"]),
    ]
}

pub(super) fn of_ignore_files() -> Vec<Case> {
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
