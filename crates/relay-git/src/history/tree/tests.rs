//! Trees are compared against a plain comparison of all entries.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert_eq, proptest};

use super::*;
use crate::testing::TestRepo;

/// A name, and whether it is a folder and which of two contents it has.
type Entries = BTreeMap<String, (bool, bool)>;

fn entries() -> impl Strategy<Value = Entries> {
    prop::collection::btree_map("[ab.-]{1,3}|[a-c]{20}", (any::<bool>(), any::<bool>()), 0..40)
}

struct Bench {
    repo: TestRepo,
    ids: [[Oid; 2]; 2],
}

impl Bench {
    fn new() -> Self {
        let repo = TestRepo::new();
        let blobs = [repo.relay.git.blob(b"one").unwrap(), repo.relay.git.blob(b"two").unwrap()];
        let folder = |blob| {
            let mut builder = repo.relay.git.treebuilder(None).unwrap();
            builder.insert("file", blob, 0o100_644).unwrap();
            builder.write().unwrap()
        };
        let ids = [blobs, [folder(blobs[0]), folder(blobs[1])]];
        Self { repo, ids }
    }

    fn tree(&self, entries: &Entries) -> Oid {
        let mut builder = self.repo.relay.git.treebuilder(None).unwrap();
        for (name, (is_folder, which)) in entries.iter().filter(|(name, _)| !matches!(name.as_str(), "." | "..")) {
            let mode = if *is_folder { 0o040_000 } else { 0o100_644 };
            builder.insert(name, self.ids[usize::from(*is_folder)][usize::from(*which)], mode).unwrap();
        }
        builder.write().unwrap()
    }
}

fn tree(odb: &git2::Odb<'_>, id: Oid) -> Tree {
    Tree::new(Rc::new(odb.read(id).unwrap().data().to_vec()), None)
}

type Changes = Vec<(String, Option<bool>, Option<bool>)>;

fn found(old: &Tree, new: &Tree) -> Changes {
    let mut changes = Vec::new();
    differences(Some(old), Some(new), |old, new| {
        let name = String::from_utf8(new.or(old).unwrap().name.to_vec()).unwrap();
        changes.push((name, old.map(|entry| entry.is_tree()), new.map(|entry| entry.is_tree())));
    })
    .unwrap();
    changes.sort();
    changes
}

fn expected(old: &Entries, new: &Entries) -> Changes {
    let mut changes = Vec::new();
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names.into_iter().filter(|name| !matches!(name.as_str(), "." | "..")) {
        match (old.get(name), new.get(name)) {
            (a, b) if a == b => {}
            (Some((a, _)), Some((b, _))) if a != b => {
                changes.push((name.clone(), Some(*a), None));
                changes.push((name.clone(), None, Some(*b)));
            }
            (a, b) => changes.push((name.clone(), a.map(|(folder, _)| *folder), b.map(|(folder, _)| *folder))),
        }
    }
    changes.sort();
    changes
}

#[test]
fn finds_exactly_the_entries_that_differ_also_with_offsets_carried_along_a_chain() {
    let bench = Bench::new();
    let odb = bench.repo.relay.git.odb().unwrap();
    proptest!(|(all in prop::collection::vec(entries(), 2..6))| {
        let trees: Vec<Tree> = all.iter().map(|entries| tree(&odb, bench.tree(entries))).collect();
        for step in 1..all.len() {
            prop_assert_eq!(found(&trees[step - 1], &trees[step]), expected(&all[step - 1], &all[step]));
            prop_assert_eq!(found(&trees[step], &trees[0]), expected(&all[step], &all[0]));
        }
    });
}

#[test]
fn finds_entries_by_name() {
    let bench = Bench::new();
    let odb = bench.repo.relay.git.odb().unwrap();
    proptest!(|(all in entries(), name in "[ab.-]{1,3}")| {
        let tree = tree(&odb, bench.tree(&all));
        for is_folder in [false, true] {
            let there = all.get(&name).is_some_and(|(folder, _)| *folder == is_folder) && !matches!(name.as_str(), "." | "..");
            prop_assert_eq!(tree.find(name.as_bytes(), is_folder).unwrap().is_some(), there);
        }
    });
}

#[test]
fn small_changes_in_a_large_folder_are_found() {
    let bench = Bench::new();
    let odb = bench.repo.relay.git.odb().unwrap();
    let mut before: Entries = (0..1000).map(|index| (format!("package-{index:04}"), (true, false))).collect();
    for (change, name) in ["package-0000", "package-0500", "package-0999", "new", "zzz"].into_iter().enumerate() {
        let mut after = before.clone();
        match change {
            0..3 => after.insert(name.to_owned(), (true, true)),
            _ => after.insert(name.to_owned(), (true, false)),
        };
        if change == 4 {
            after.remove("package-0300");
        }
        let (old, new) = (tree(&odb, bench.tree(&before)), tree(&odb, bench.tree(&after)));
        assert_eq!(found(&old, &new), expected(&before, &after));
        before = after;
    }
}

#[test]
fn refuses_what_is_no_tree() {
    for data in ["100644 a", "100644 a\0short", "\0"] {
        assert!(parse_offsets(data.as_bytes()).is_none(), "{data}");
    }
}
