//! One small package per rule.

mod entries;
mod rules;

use relay_pack::{Conventions, WorkspaceContext};
use serde_json::{Value, json};

use crate::npm::{BOTH, difference, differences, npm_pack};
use crate::world::{Node, World};

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

#[test]
fn every_case_gives_npms_tar() {
    let world = World::new();
    let mut folders = Vec::new();
    for case in [
        rules::of_files(),
        rules::of_ignore_files(),
        entries::of_programs(),
        entries::of_fixed_rules(),
        entries::of_links(),
        entries::of_names(),
        entries::of_contents(),
        entries::of_bundles(),
    ]
    .into_iter()
    .flatten()
    {
        let mut files = case.files;
        if let Value::Object(mut fields) = case.fields {
            fields.insert("name".to_owned(), json!(format!("case-{}", case.name)));
            fields.insert("version".to_owned(), json!("1.0.0"));
            let text = serde_json::to_string_pretty(&fields).unwrap();
            files.push(("package.json".to_owned(), Node::from(text.as_str())));
        }
        folders.push(world.package(case.name, &files));
    }
    let different: Vec<String> = BOTH.into_iter().flat_map(|npm| differences(npm, &world.path(), &folders)).collect();
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
    let members = ["packages/a", "packages/b", "tools/deep/c"].map(|path| root.join(path));
    let context = WorkspaceContext { root: root.clone(), members: members.iter().cloned().collect() };
    let folders: Vec<_> = members.iter().chain([&root]).collect();
    for npm in BOTH {
        let out = world.path().join(format!("out-{}", npm.as_str()));
        npm_pack(npm, &root, &["--workspaces"], &out);
        // npm put its cache into the folder it ran in; and the root by itself is packed with its members' folders.
        std::fs::remove_dir_all(root.join(".npm-cache")).unwrap();
        npm_pack(npm, &world.path(), &[root.as_str()], &out);
        let conventions = Conventions { context: Some(context.clone()), ..Conventions::of(npm) };
        let different: Vec<String> =
            folders.iter().filter_map(|folder| difference(folder, &conventions, &out)).collect();
        assert!(different.is_empty(), "{}", different.join("\n"));
    }
}
