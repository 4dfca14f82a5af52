//! The version in a package's manifest at a commit, read only where the manifest's id changes.

use std::collections::HashMap;

use git2::Oid;
use serde::Deserialize;

use super::tree_store::{TreeStore, broken};
use super::tree_workers::Wanted;
use crate::error::GitError;

/// Larger manifests are taken for ones without a version; the largest on npm have some hundred kB.
const MANIFEST_BYTES_MAX: usize = 4 << 20;
/// The cache of versions is emptied beyond this.
const VERSIONS_MAX: usize = 20_000;

/// What a manifest states of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}

/// A version that a manifest got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Got {
    /// The name that it had with it.
    pub(super) name: Option<String>,
    /// There were commits before, in none of which the folder had a manifest of that name.
    pub(super) fresh: bool,
}

/// What manifests state, by the id of their blob.
#[derive(Debug, Default)]
pub(super) struct Versions {
    known: HashMap<Oid, Stated>,
}

#[derive(Deserialize)]
struct Fields {
    name: Option<serde_json::Value>,
    version: Option<serde_json::Value>,
}

impl Versions {
    /// Whether the manifest in the folder got a version in a commit with this tree: it has it, and at no parent it had.
    pub(super) fn got(
        &mut self,
        store: &mut TreeStore<'_>,
        (tree, parents): (Oid, &[Oid]),
        folder: &[Vec<u8>],
        wanted: &Wanted,
    ) -> Result<Option<Got>, GitError> {
        let Some(manifest) = manifest_id(store, tree, folder)? else { return Ok(None) };
        let before: Vec<Option<Oid>> =
            parents.iter().map(|parent| manifest_id(store, *parent, folder)).collect::<Result<_, _>>()?;
        if before.contains(&Some(manifest)) {
            return Ok(None);
        }
        let has_it = |stated: &Stated| {
            stated.version.as_ref() == Some(&wanted.version)
                && wanted.name.as_ref().is_none_or(|name| stated.name.as_ref() == Some(name))
        };
        let stated = self.stated(store, manifest)?;
        if !has_it(stated) {
            return Ok(None);
        }
        let name = stated.name.clone();
        let mut fresh = !parents.is_empty();
        for manifest in before.into_iter().flatten() {
            let stated = self.stated(store, manifest)?;
            if has_it(stated) {
                return Ok(None);
            }
            fresh &= stated.name != name;
        }
        Ok(Some(Got { name, fresh }))
    }

    /// The version of the manifest in a folder of a tree.
    pub(super) fn at(
        &mut self,
        store: &mut TreeStore<'_>,
        tree: Oid,
        folder: &[Vec<u8>],
    ) -> Result<Option<String>, GitError> {
        Ok(self.in_folder(store, tree, folder)?.and_then(|stated| stated.version.clone()))
    }

    /// What the manifest in a folder of a tree states.
    pub(super) fn in_folder(
        &mut self,
        store: &mut TreeStore<'_>,
        tree: Oid,
        folder: &[Vec<u8>],
    ) -> Result<Option<&Stated>, GitError> {
        match manifest_id(store, tree, folder)? {
            Some(manifest) => self.stated(store, manifest).map(Some),
            None => Ok(None),
        }
    }

    /// What a manifest states.
    pub(super) fn stated(&mut self, store: &mut TreeStore<'_>, manifest: Oid) -> Result<&Stated, GitError> {
        if self.known.len() > VERSIONS_MAX {
            self.known.clear();
        }
        match self.known.entry(manifest) {
            std::collections::hash_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::hash_map::Entry::Vacant(slot) => Ok(slot.insert(read(store, manifest)?)),
        }
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

fn read(store: &mut TreeStore<'_>, manifest: Oid) -> Result<Stated, GitError> {
    let object = store.objects.read_small(manifest, MANIFEST_BYTES_MAX, "read a `package.json` of the history")?;
    Ok(object.map(|object| stated_by(&object.data)).unwrap_or_default())
}

/// What a manifest states; nothing for a broken one, since old commits may hold anything.
fn stated_by(data: &[u8]) -> Stated {
    let text = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    let Ok(fields) = serde_json::from_slice::<Fields>(text) else { return Stated::default() };
    let text = |value: Option<serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => Some(text),
        _ => None,
    };
    Stated { name: text(fields.name), version: text(fields.version) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, version: Option<&str>) {
        assert_eq!(stated_by(text.as_bytes()).version.as_deref(), version, "{text}");
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
