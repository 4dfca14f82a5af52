//! The version in a package's manifest at a commit, read only where the manifest's id changes.

use std::collections::HashMap;

use git2::Oid;
use serde::Deserialize;

use super::tree_store::{TreeStore, broken};
use crate::error::GitError;

/// Larger manifests are taken for ones without a version; the largest on npm have some hundred kB.
const MANIFEST_BYTES_MAX: usize = 4 << 20;
/// The cache of versions is emptied beyond this.
const VERSIONS_MAX: usize = 20_000;

/// Versions by the id of the manifest's blob.
#[derive(Debug, Default)]
pub(super) struct Versions {
    known: HashMap<Oid, Option<String>>,
}

#[derive(Deserialize)]
struct VersionField {
    version: Option<serde_json::Value>,
}

impl Versions {
    /// Whether the manifest in the folder got this version in a commit with this tree: it has it, and at no parent it had.
    pub(super) fn got(
        &mut self,
        store: &mut TreeStore<'_>,
        (tree, parents): (Oid, &[Oid]),
        folder: &[Vec<u8>],
        version: &str,
    ) -> Result<bool, GitError> {
        let Some(manifest) = manifest_id(store, tree, folder)? else { return Ok(false) };
        let before: Vec<Option<Oid>> =
            parents.iter().map(|parent| manifest_id(store, *parent, folder)).collect::<Result<_, _>>()?;
        if before.contains(&Some(manifest)) || self.version(store, manifest)? != Some(version) {
            return Ok(false);
        }
        for manifest in before.into_iter().flatten() {
            if self.version(store, manifest)? == Some(version) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The version of the manifest in a folder of a tree.
    pub(super) fn at(
        &mut self,
        store: &mut TreeStore<'_>,
        tree: Oid,
        folder: &[Vec<u8>],
    ) -> Result<Option<String>, GitError> {
        match manifest_id(store, tree, folder)? {
            Some(manifest) => Ok(self.version(store, manifest)?.map(str::to_owned)),
            None => Ok(None),
        }
    }

    fn version(&mut self, store: &mut TreeStore<'_>, manifest: Oid) -> Result<Option<&str>, GitError> {
        if self.known.len() > VERSIONS_MAX {
            self.known.clear();
        }
        if let std::collections::hash_map::Entry::Vacant(e) = self.known.entry(manifest) {
            e.insert(read(store, manifest)?);
        }
        Ok(self.known.get(&manifest).and_then(Option::as_deref))
    }
}

fn manifest_id(store: &mut TreeStore<'_>, tree: Oid, folder: &[Vec<u8>]) -> Result<Option<Oid>, GitError> {
    let mut id = tree;
    for part in folder {
        let tree = store.tree(id)?;
        match tree.find(part, true).map_err(broken(id))?.and_then(|entry| entry.tree_id()) {
            Some(below) => id = below,
            None => return Ok(None),
        }
    }
    let tree = store.tree(id)?;
    Ok(tree.find(b"package.json", false).map_err(broken(id))?.and_then(|entry| entry.file_id()))
}

fn read(store: &mut TreeStore<'_>, manifest: Oid) -> Result<Option<String>, GitError> {
    let object = store.objects.read_small(manifest, MANIFEST_BYTES_MAX, "read a `package.json` of the history")?;
    Ok(object.and_then(|object| version_of(&object.data)))
}

/// The version that a manifest states; `None` also for a broken manifest, since old commits may hold anything.
fn version_of(data: &[u8]) -> Option<String> {
    let text = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    match serde_json::from_slice::<VersionField>(text).ok()?.version? {
        serde_json::Value::String(version) => Some(version),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, version: Option<&str>) {
        assert_eq!(version_of(text.as_bytes()).as_deref(), version, "{text}");
    }

    #[test]
    fn reads_the_top_levels_version_only() {
        check(r#"{"a": {"version": "9.9.9"}, "version": "1.2.3"}"#, Some("1.2.3"));
        check("\u{feff}{\"version\": \"1.0.0\"}", Some("1.0.0"));
        check(r#"{"name": "a"}"#, None);
        check(r#"{"version": 1}"#, None);
        check(r#"{"version": "1.0.0""#, None);
        check("", None);
        check(&"[".repeat(100_000), None);
    }
}
