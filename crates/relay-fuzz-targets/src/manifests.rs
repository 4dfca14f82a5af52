//! Manifests, lock files, and the files in which a manager keeps its workspace.

use std::collections::BTreeMap;

use camino::Utf8Path;
use relay_workspace::{
    CatalogEdit, Catalogs, DependencyKind, LockfileEdit, LockfileEdits, LockfileRange, Manifest, ManifestEdit,
    PackageManager, PackageName, RangeEdit, Version, edit_catalogs, edit_lockfile, edit_manifest, read_yaml,
};
use serde_json::{Map, Value};

use crate::invariants::{is_printable, one_place_changed};
use crate::text;

/// The most entries of one input that are edited, each by itself.
const EDITS_MAX: usize = 8;
/// The most that a text of a settings file may come to by its aliases, in bytes of JSON.
const YAML_BYTES_MAX: usize = 256 * 1024 * 1024;
/// What is written where something is edited; no input has it by chance.
const NEW_RANGE: &str = "^9.9.9-relay";
const NEW_VERSION: Version = Version::new(9, 9, 9);

/// A `package.json`: what it says, and edits of its version and of each range.
pub fn manifest(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let manifest = match Manifest::parse(Utf8Path::new("package.json"), text.to_owned()) {
        Ok(manifest) => manifest,
        Err(error) => return is_printable(&error),
    };
    assert_eq!(manifest.text(), text);
    let dependencies: Vec<(DependencyKind, String, String)> =
        manifest.dependency_texts().map(|(kind, key, text)| (kind, key.to_owned(), text.to_owned())).collect();
    for dependency in manifest.dependencies() {
        let _ = (
            manifest.bundles(dependency.kind, dependency.name.as_str()),
            manifest.peer_is_optional(dependency.name.as_str()),
        );
    }
    let _ = (manifest.is_private(), manifest.bundles_something(), manifest.script("prepack"));
    if let Some(before) = manifest.version() {
        let edit = ManifestEdit { version: Some(NEW_VERSION), ranges: Vec::new() };
        edited(&manifest, &edit, before, &mut |fields| {
            fields.insert("version".to_owned(), NEW_VERSION.to_string().into());
        });
    }
    for (kind, name, before) in dependencies.into_iter().take(EDITS_MAX) {
        let range = RangeEdit { kind, name: name.clone(), to: NEW_RANGE.to_owned() };
        let edit = ManifestEdit { version: None, ranges: vec![range] };
        edited(&manifest, &edit, &before, &mut |fields| {
            if let Some(map) = fields.get_mut(kind.manifest_key()).and_then(Value::as_object_mut) {
                map.insert(name.clone(), NEW_RANGE.into());
            }
        });
    }
}

/// Edits one value; the text is read as the same document with that value changed, and every other byte stays.
fn edited(manifest: &Manifest, edit: &ManifestEdit, before: &str, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    let after = match edit_manifest(manifest.text(), edit) {
        Ok(after) => after,
        Err(error) => return is_printable(&error),
    };
    one_place_changed(manifest.text(), &after, literal_bytes_max(before));
    let again = Manifest::parse(manifest.path(), after.clone()).expect("an edited manifest is one");
    let mut expected = manifest.fields().clone();
    change(&mut expected);
    assert_eq!(again.fields(), &expected, "{after}");
    assert_eq!(edit_manifest(&after, edit).as_deref(), Ok(after.as_str()), "an edit that is made changes nothing");
}

/// The most bytes that a text takes up as a JSON string, each of its characters escaped.
fn literal_bytes_max(text: &str) -> usize {
    text.encode_utf16().count() * 6 + 2
}

/// A `pnpm-workspace.yaml`: what it says, and edits of each entry of its catalogs.
pub fn workspace_yaml(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let Ok(document) = read_yaml(text) else { return };
    let size = document.to_string().len();
    assert!(size <= YAML_BYTES_MAX, "{size} bytes come of {}", text.len());
    for (catalog, name, from) in catalog_entries(&document).into_iter().take(EDITS_MAX) {
        let edit = CatalogEdit { catalog: catalog.clone(), name: name.clone(), from, to: NEW_RANGE.to_owned() };
        let after = match edit_catalogs(PackageManager::Pnpm, text, std::slice::from_ref(&edit)) {
            Ok(after) => after,
            Err(error) => {
                is_printable(&error);
                continue;
            }
        };
        let again = read_yaml(&after).expect("an edited file is one");
        let mut expected = document.clone();
        let map = match &catalog {
            None => expected.get_mut("catalog"),
            Some(catalog) => expected.get_mut("catalogs").and_then(|all| all.get_mut(catalog)),
        };
        map.and_then(Value::as_object_mut).expect("a catalog").insert(name, NEW_RANGE.into());
        assert_eq!(again, expected, "--- before\n{text}\n--- after\n{after}");
    }
}

fn catalog_entries(document: &Value) -> Vec<(Option<String>, String, String)> {
    let entries = |catalog: Option<String>, map: Option<&Value>| {
        let entries = map.and_then(Value::as_object).into_iter().flatten();
        entries
            .filter_map(|(name, value)| Some((catalog.clone(), name.clone(), value.as_str()?.to_owned())))
            .collect::<Vec<_>>()
    };
    let mut all = entries(None, document.get("catalog"));
    let named = document.get("catalogs").and_then(Value::as_object).into_iter().flatten();
    all.extend(named.flat_map(|(name, map)| entries(Some(name.clone()), Some(map))));
    all
}

/// A lock file. Its first line names the manager: `npm`, `pnpm`, `yarn` or `bun`.
pub fn lockfile(input: &[u8]) {
    let Some((manager, text)) = text(input).and_then(|text| text.split_once('\n')) else { return };
    let manager = match manager {
        "npm" => PackageManager::Npm,
        "pnpm" => PackageManager::Pnpm,
        "yarn" => PackageManager::Yarn,
        "bun" => PackageManager::Bun,
        _ => return,
    };
    let catalogs: Catalogs = BTreeMap::new();
    let edit = |from: &str, to: &str| LockfileEdit {
        path: "packages/a".into(),
        name: PackageName::parse("@acme/a").expect("a name"),
        version: Some(NEW_VERSION),
        ranges: vec![LockfileRange {
            kind: DependencyKind::Prod,
            name: "@acme/b".to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
        }],
    };
    let edited = |text: &str, from: &str, to: &str| {
        let packages = [edit(from, to)];
        edit_lockfile(manager, text, &LockfileEdits { packages: &packages, catalogs: &catalogs, entries: &[] })
    };
    match edited(text, "workspace:^", NEW_RANGE) {
        Ok(None) => {}
        Ok(Some(after)) => {
            let lines = |text: &str| text.matches('\n').count();
            assert_eq!(lines(text), lines(&after), "only values change\n--- before\n{text}\n--- after\n{after}");
        }
        Err(error) => is_printable(&error),
    }
}
