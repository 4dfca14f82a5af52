//! One small package per rule.

mod entries;
mod rules;

use relay_pack::WorkspaceContext;
use serde_json::{Value, json};

use crate::npm::{difference, differences, npm_pack};
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
    for case in [rules::of_files(), rules::of_ignore_files(), entries::of_entries(), entries::of_bundles()]
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
    let around = WorkspaceContext { root: root.clone(), members: members.to_vec() };
    let mut folders = members.to_vec();
    folders.push(root);
    let different: Vec<String> = folders.iter().filter_map(|folder| difference(folder, Some(&around), &out)).collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}
