//! A small workspace, and manifests that are rewritten in it.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_workspace::{Manifest, PackageManager, PackageName, Workspace, WorkspacePackage};

use super::*;

fn package(path: &str, text: &str) -> WorkspacePackage {
    let manifest = Manifest::parse(&Utf8Path::new(path).join("package.json"), text.to_owned()).unwrap();
    WorkspacePackage {
        name: PackageName::parse(manifest.name().unwrap()).unwrap(),
        path: path.into(),
        version: manifest.version().map(|version| version.parse().unwrap()),
        private: manifest.is_private(),
        manifest,
    }
}

fn workspace_in(root: Utf8PathBuf, main: &str) -> Workspace {
    let mut packages = vec![
        package("packages/main", main),
        package("packages/core", r#"{"name":"@acme/core","version":"1.2.3"}"#),
        package("packages/bare", r#"{"name":"bare"}"#),
    ];
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    let default =
        BTreeMap::from([("react".to_owned(), "^18.2.0".to_owned()), ("odd".to_owned(), "workspace:*".to_owned())]);
    let old = BTreeMap::from([("react".to_owned(), "^17".to_owned())]);
    Workspace {
        root,
        manager: PackageManager::Pnpm,
        root_manifest: Manifest::parse(Utf8Path::new("package.json"), "{}".to_owned()).unwrap(),
        packages,
        catalogs: BTreeMap::from([(None, default), (Some("old".to_owned()), old)]),
        warnings: Vec::new(),
    }
}

fn published_in(root: Utf8PathBuf, main: &str) -> Result<PublishedManifest, ManifestRewriteError> {
    let workspace = workspace_in(root, main);
    let package = workspace.package(&PackageName::parse("main").unwrap()).unwrap();
    published_manifest(package, &workspace)
}

fn published(main: &str) -> Result<PublishedManifest, ManifestRewriteError> {
    published_in("/nowhere".into(), main)
}

#[track_caller]
fn check(kind: &str, dependency: &str, specifier: &str, expected: &str) {
    let main = format!(r#"{{"name":"main","version":"2.0.0","{kind}":{{"{dependency}":"{specifier}"}}}}"#);
    let text = published(&main).unwrap().text;
    let fields: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(fields[kind][dependency], expected, "{specifier}");
}

#[test]
fn workspace_specifiers_become_versions() {
    check("dependencies", "@acme/core", "workspace:*", "1.2.3");
    check("dependencies", "@acme/core", "workspace:^", "^1.2.3");
    check("devDependencies", "@acme/core", "workspace:~", "~1.2.3");
    check("optionalDependencies", "@acme/core", "workspace:^1.0.0", "^1.0.0");
    check("dependencies", "@acme/core", "workspace:../core", "1.2.3");
    check("dependencies", "alias", "workspace:@acme/core@^", "npm:@acme/core@^1.2.3");
    check("dependencies", "alias", "workspace:@acme/core@1.x", "npm:@acme/core@1.x");
    check("dependencies", "alias", "workspace:../core", "npm:@acme/core@1.2.3");
    check("dependencies", "@acme/core", "workspace:packages/core", "1.2.3");
    check("dependencies", "@acme/core", "workspace:latest", "latest");
    check("peerDependencies", "@acme/core", "workspace:>=", ">=1.2.3");
    check("peerDependencies", "@acme/core", "^0.9.0 || workspace:^", "^0.9.0 || ^1.2.3");
    check("peerDependencies", "@acme/core", "workspace:^ || ^0.9.0", "^1.2.3 || ^0.9.0");
}

#[test]
fn catalog_specifiers_become_the_catalogs_ranges() {
    check("dependencies", "react", "catalog:", "^18.2.0");
    check("dependencies", "react", "catalog:default", "^18.2.0");
    check("peerDependencies", "react", "catalog:old", "^17");
}

#[test]
fn nothing_changes_where_nothing_must() {
    let main = "\u{feff}{\"name\":\"main\",\r\n   \"version\":\"1.0.0\", \"scripts\":{\"prepack\":\"x\"},\"pnpm\":{}}";
    let seen = published(main).unwrap();
    assert!(!seen.changed);
    assert_eq!(seen.text, main);
}

#[test]
fn overrides_move_up_and_the_rest_stays() {
    let main = r#"{
      "name": "main", "version": "1.0.0", "main": "src/index.ts", "packageManager": "pnpm@9", "pnpm": {},
      "scripts": {"build": "x", "prepack": "x", "postpublish": "x"},
      "publishConfig": {"main": "dist/index.js", "access": "public", "exports": {".": "./dist/index.js"}}
    }
"#;
    let seen = published(main).unwrap();
    assert!(seen.changed);
    assert_eq!(
        seen.text,
        "{\n  \"name\": \"main\",\n  \"version\": \"1.0.0\",\n  \"main\": \"dist/index.js\",\n  \"scripts\": {\n    \"build\": \"x\"\n  },\n  \"publishConfig\": {\n    \"access\": \"public\"\n  },\n  \"exports\": {\n    \".\": \"./dist/index.js\"\n  }\n}\n"
    );
}

#[test]
fn an_emptied_publish_config_goes() {
    let seen = published(r#"{"name":"main","version":"1.0.0","publishConfig":{"type":"module"}}"#).unwrap();
    assert_eq!(seen.text, "{\n  \"name\": \"main\",\n  \"version\": \"1.0.0\",\n  \"type\": \"module\"\n}");
}

#[track_caller]
fn refused(dependency: &str, specifier: &str, expected: &str) {
    let main = format!(r#"{{"name":"main","version":"2.0.0","dependencies":{{"{dependency}":"{specifier}"}}}}"#);
    let error = published(&main).unwrap_err().to_string();
    assert!(error.starts_with(&format!("`main` depends on `{dependency}` by `{specifier}`")), "{error}");
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_cannot_be_resolved_is_named() {
    refused("absent", "workspace:*", "has no such package");
    refused("bare", "workspace:^", "has no version");
    refused("vue", "catalog:", "the default catalog has no entry");
    refused("vue", "catalog:old", "the catalog `old` has no entry");
    refused("odd", "catalog:", "whose catalog entry `workspace:*` can't be published");
    refused("core", "workspace:../gone", "has no such package");
    refused("@acme/core", "workspace:^9.0.0", "that package is at 1.2.3");
    refused("alias", "workspace:@acme/core@^9", "that package is at 1.2.3");
    refused("bare", "workspace:^1.0.0", "has no version");
    refused("absent", "workspace:^1.0.0", "has no such package");
}

#[test]
fn what_is_not_installed_by_others_may_be_out_of_range() {
    check("devDependencies", "@acme/core", "workspace:^9.0.0", "^9.0.0");
}

fn with_directory(directory: &str, own: Option<&str>) -> Result<PublishedManifest, ManifestRewriteError> {
    let temp = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(temp.path().to_owned()).unwrap();
    let dist = root.join("packages/main/dist");
    std::fs::create_dir_all(&dist).unwrap();
    if let Some(text) = own {
        std::fs::write(dist.join("package.json"), text).unwrap();
    }
    let main = format!(
        r#"{{"name":"main","version":"1.0.0","dependencies":{{"@acme/core":"^1"}},"publishConfig":{{"directory":"{directory}"}}}}"#
    );
    published_in(root, &main)
}

#[test]
fn another_folder_may_be_packed() {
    let own = r#"{"name":"main","version":"1.0.0"}"#;
    let seen = with_directory("./dist/", Some(own)).unwrap();
    assert_eq!((seen.directory.as_deref(), seen.changed), (Some("dist"), false));
    let own = r#"{"name":"main","version":"1.0.0","dependencies":{"@acme/core":"workspace:*"}}"#;
    let seen = with_directory("dist", Some(own)).unwrap();
    assert!(seen.changed && seen.text.contains("\"1.2.3\""), "{}", seen.text);
    let seen = with_directory("dist", Some(r#"{"name":"main","version":"1.0.0"}"#)).unwrap();
    assert!(!seen.changed);
}

#[test]
fn a_folder_outside_of_the_package_is_refused() {
    assert!(with_directory("../core", None).unwrap_err().to_string().contains("leads out of the package"));
    assert!(with_directory("/etc", None).unwrap_err().to_string().contains("is not a relative path"));
    assert!(with_directory("gone", None).unwrap_err().to_string().contains("is not there"));
    assert!(with_directory("dist", None).unwrap_err().to_string().contains("has no package.json of its own"));
}

#[test]
fn another_name_to_publish_under_is_refused_where_pnpm_would_follow_it() {
    let main = r#"{"name":"main","version":"1.0.0","publishConfig":{"name":"@acme/other"}}"#;
    let error = published(main).unwrap_err().to_string();
    assert!(error.contains("`publishConfig.name` set to `@acme/other`"), "{error}");
    assert!(published(&main.replace("@acme/other", "main")).is_ok());
    let own = r#"{"name":"main","version":"1.0.0","publishConfig":{"name":"z"}}"#;
    assert!(with_directory("dist", Some(own)).unwrap_err().to_string().contains("set to `z`"));
    let npm = Workspace { manager: PackageManager::Npm, ..workspace_in("/nowhere".into(), main) };
    assert!(published_manifest(npm.package(&PackageName::parse("main").unwrap()).unwrap(), &npm).is_ok());
}
