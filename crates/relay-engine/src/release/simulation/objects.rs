//! Commits, as all clones and the remote together know them: an id for each content, as in git.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use relay_workspace::{Integrity, PackageName, Version};

/// What a commit has in its files, as far as a release cares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Tree {
    /// The versions in the manifests.
    pub(super) versions: BTreeMap<PackageName, Version>,
    /// Whether a change file waits that gives each package of the release a new version.
    pub(super) has_change_file: bool,
}

/// One commit.
#[derive(Debug, Clone, Hash)]
pub(super) struct Commit {
    pub(super) parents: Vec<String>,
    pub(super) tree: Tree,
    /// The file of a document: its name and contents.
    pub(super) document: Option<(String, Vec<u8>)>,
    pub(super) seconds: i64,
    pub(super) message: String,
}

/// All commits that were ever made.
#[derive(Debug, Default)]
pub(super) struct Objects(BTreeMap<String, Commit>);

/// An id of 40 hexadecimal digits.
fn id_of(value: &impl Hash) -> String {
    let digest = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, value).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}{:08x}", digest(0), digest(1), digest(2) >> 32)
}

impl Objects {
    pub(super) fn add(&mut self, commit: Commit) -> String {
        let id = id_of(&commit);
        self.0.insert(id.clone(), commit);
        id
    }

    pub(super) fn get(&self, id: &str) -> Option<&Commit> {
        self.0.get(id)
    }

    pub(super) fn tree(&self, id: &str) -> Option<&Tree> {
        self.get(id).map(|commit| &commit.tree)
    }

    /// A commit and all before it.
    pub(super) fn reach(&self, id: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            if let Some(commit) = self.get(id)
                && found.insert(id.to_owned())
            {
                waiting.extend(commit.parents.iter().map(String::as_str));
            }
        }
        found
    }

    pub(super) fn is_ancestor(&self, commit: &str, of: &str) -> bool {
        self.reach(of).contains(commit)
    }

    /// Whether a commit gave a package this version: it has it there, and none of those before it has.
    pub(super) fn gave_version(&self, id: &str, name: &PackageName, version: &str) -> bool {
        let has = |id: &str| {
            let found = self.tree(id).and_then(|tree| tree.versions.get(name));
            found.is_some_and(|there| there.to_string() == version)
        };
        has(id) && self.get(id).is_some_and(|commit| commit.parents.iter().all(|parent| !has(parent)))
    }
}

/// The bytes that packing makes of a package, by their digest: of equal files equal ones.
pub(super) fn bytes_of(name: &PackageName, version: &Version) -> Integrity {
    let text = format!("sha512-{}==", id_of(&(name.as_str(), version.to_string())));
    Integrity::parse(&text).expect("a digest")
}

/// What a stranger publishes under a version.
pub(super) fn others_bytes(name: &PackageName, version: &Version) -> Integrity {
    let text = format!("sha512-{}==", id_of(&("a stranger's", name.as_str(), version.to_string())));
    Integrity::parse(&text).expect("a digest")
}
