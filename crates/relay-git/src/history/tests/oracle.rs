//! Random histories with merges and wrong clocks, compared with what the real git says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::Stdio;

use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config, TestRunner};

use super::{History, HistoryQuery, Repository, query};
use crate::testing::{TestRepo, git_command};

const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const FOLDERS: [&str; 5] = ["", "packages/a", "packages/a/nested/b", "packages/c", "libs/d"];
const FILES: [&str; 9] = [
    "README.md",
    "packages/README.md",
    "packages/a/x",
    "packages/a/nested/y",
    "packages/a/nested/b/x",
    "packages/c/src/x",
    "libs/d",
    "libs/d/x",
    "libs/e/x",
];

/// One commit to make: its parents among the earlier ones, its changes, and how much its clock is off.
#[derive(Debug, Clone)]
struct Step {
    parents: Vec<prop::sample::Index>,
    edits: Vec<(prop::sample::Index, Option<u8>)>,
    bumps: Vec<(prop::sample::Index, u8)>,
    from_other_parent: Vec<prop::sample::Index>,
    off_seconds: i64,
    tags: Vec<(prop::sample::Index, bool)>,
}

fn step(off: i64) -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    (
        prop::collection::vec(index(), 1..=3),
        prop::collection::vec((index(), prop::option::weighted(0.8, 0..3_u8)), 0..3),
        prop::collection::vec((index(), 0..3_u8), 0..2),
        prop::collection::vec(index(), 0..6),
        -off..=off,
        prop::collection::vec((index(), any::<bool>()), 0..2),
    )
        .prop_map(|(parents, edits, bumps, from_other_parent, off_seconds, tags)| Step {
            parents,
            edits,
            bumps,
            from_other_parent,
            off_seconds,
            tags,
        })
}

type Files = BTreeMap<String, String>;

fn manifest(folder: &str) -> String {
    if folder.is_empty() { "package.json".to_owned() } else { format!("{folder}/package.json") }
}

fn set(files: &mut Files, path: &str, text: Option<String>) {
    // A file and a folder of one name exclude each other: the newer wins.
    files.retain(|other, _| !other.starts_with(&format!("{path}/")) && !path.starts_with(&format!("{other}/")));
    match text {
        Some(text) => files.insert(path.to_owned(), text),
        None => files.remove(path),
    };
}

fn tree(git: &git2::Repository, files: &Files) -> git2::Oid {
    let mut index = git2::Index::new().unwrap();
    for (path, text) in files {
        let id = git.blob(text.as_bytes()).unwrap();
        let zero = git2::IndexTime::new(0, 0);
        index
            .add(&git2::IndexEntry {
                ctime: zero,
                mtime: zero,
                dev: 0,
                ino: 0,
                mode: 0o100_644,
                uid: 0,
                gid: 0,
                file_size: 0,
                id,
                flags: 0,
                flags_extended: 0,
                path: path.clone().into_bytes(),
            })
            .unwrap();
    }
    index.write_tree_to(git).unwrap()
}

/// Makes the history; the last commit is the head.
fn build(repo: &TestRepo, steps: &[Step]) {
    let git = &repo.relay.git;
    let mut made: Vec<(git2::Oid, Files)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let mut parents: Vec<usize> = Vec::new();
        for index in &step.parents {
            // Mostly recent commits, so that long lines and crossings come about.
            let back = index.index(made.len().clamp(1, 4));
            if let Some(parent) = made.len().checked_sub(1 + back)
                && !parents.contains(&parent)
            {
                parents.push(parent);
            }
        }
        let mut files = parents.first().map(|parent| made[*parent].1.clone()).unwrap_or_default();
        if let Some(other) = parents.get(1).map(|parent| made[*parent].1.clone()) {
            let paths: Vec<&String> = other.keys().collect();
            for index in step.from_other_parent.iter().filter(|_| !paths.is_empty()) {
                let path = paths[index.index(paths.len())];
                set(&mut files, path, other.get(path).cloned());
            }
        }
        for (index, content) in &step.edits {
            set(&mut files, FILES[index.index(FILES.len())], content.map(|content| content.to_string()));
        }
        for (index, version) in &step.bumps {
            let path = manifest(FOLDERS[index.index(FOLDERS.len())]);
            set(&mut files, &path, Some(format!("{{\"version\": \"1.{version}.0\"}}")));
        }
        let seconds = 1_700_000_000 + i64::try_from(number).unwrap() * 60 + step.off_seconds;
        let who = git2::Signature::new("Maintainer", "maintainer@acme.example", &git2::Time::new(seconds, 0)).unwrap();
        let commits: Vec<git2::Commit<'_>> =
            parents.iter().map(|parent| git.find_commit(made[*parent].0).unwrap()).collect();
        let commits: Vec<&git2::Commit<'_>> = commits.iter().collect();
        let tree = git.find_tree(tree(git, &files)).unwrap();
        let id = git.commit(None, &who, &who, &format!("commit {number}"), &tree, &commits).unwrap();
        for (index, annotated) in &step.tags {
            let name = tag(index.index(FOLDERS.len()));
            let target = git.find_object(id, None).unwrap();
            let _ = if *annotated {
                git.tag(&name, &target, &who, "x", true).unwrap()
            } else {
                git.tag_lightweight(&name, &target, true).unwrap()
            };
        }
        made.push((id, files));
    }
    let head = made.last().unwrap().0;
    git.reference("refs/heads/main", head, true, "test").unwrap();
}

fn tag(folder: usize) -> String {
    format!("pkg-{folder}@1.0.0")
}

/// What the real git knows.
struct Facts {
    parents: BTreeMap<String, Vec<String>>,
    /// The packages that a commit touches.
    touched: BTreeMap<String, BTreeSet<usize>>,
    /// The packages' versions at a commit.
    versions: BTreeMap<String, Vec<Option<String>>>,
    head: String,
}

fn owner(path: &str) -> Option<usize> {
    let inside = |folder: &str| folder.is_empty() || path == folder || path.starts_with(&format!("{folder}/"));
    (0..FOLDERS.len()).filter(|folder| inside(FOLDERS[*folder])).max_by_key(|folder| FOLDERS[*folder].len())
}

fn facts(repo: &TestRepo) -> Facts {
    let log = repo.git(&["log", "--all", "--format=%H %T %P"]);
    let rows: Vec<Vec<&str>> =
        log.lines().map(|line| line.split(' ').filter(|word| !word.is_empty()).collect()).collect();
    let trees: BTreeMap<&str, &str> = rows.iter().map(|row| (row[0], row[1])).collect();
    let mut child = git_command(&repo.root)
        .args(["diff-tree", "--stdin", "-r", "--no-renames", "--name-only"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pairs: BTreeSet<(&str, &str)> = rows
        .iter()
        .flat_map(|row| {
            let before: Vec<&str> =
                if row.len() == 2 { vec![EMPTY_TREE] } else { row[2..].iter().map(|id| trees[id]).collect() };
            before.into_iter().map(|before| (before, row[1])).collect::<Vec<_>>()
        })
        .collect();
    let mut stdin = child.stdin.take().unwrap();
    let lines = pairs.iter().map(|(before, after)| format!("{before} {after}\n")).collect::<Vec<_>>().concat();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let mut owners: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut pair = String::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        if line.len() == 81 {
            line.clone_into(&mut pair);
        } else {
            owners.entry(pair.clone()).or_default().extend(owner(line));
        }
    }
    let mut facts = Facts {
        parents: BTreeMap::new(),
        touched: BTreeMap::new(),
        versions: BTreeMap::new(),
        head: repo.git(&["rev-parse", "HEAD"]),
    };
    for row in &rows {
        let before: Vec<&str> =
            if row.len() == 2 { vec![EMPTY_TREE] } else { row[2..].iter().map(|id| trees[id]).collect() };
        let sets = before.iter().map(|before| owners.get(&format!("{before} {}", row[1])).cloned().unwrap_or_default());
        let touched = sets.reduce(|a, b| a.intersection(&b).copied().collect()).unwrap();
        facts.touched.insert(row[0].to_owned(), touched);
        facts.parents.insert(row[0].to_owned(), row[2..].iter().map(|id| (*id).to_owned()).collect());
        let commit = repo.relay.git.find_commit(git2::Oid::from_str(row[0]).unwrap()).unwrap();
        let version = |folder: &&str| {
            let entry = commit.tree().unwrap().get_path(manifest(folder).as_ref()).ok()?;
            let blob = entry.to_object(&repo.relay.git).unwrap().into_blob().ok()?;
            let text: serde_json::Value = serde_json::from_slice(blob.content()).ok()?;
            text.get("version")?.as_str().map(str::to_owned)
        };
        facts.versions.insert(row[0].to_owned(), FOLDERS.iter().map(version).collect());
    }
    facts
}

impl Facts {
    fn ancestors(&self, of: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut pending = vec![of.to_owned()];
        while let Some(id) = pending.pop() {
            if seen.insert(id.clone()) {
                pending.extend(self.parents[&id].iter().cloned());
            }
        }
        seen
    }

    /// The commits in which a package got the version it has at the head.
    fn set_points(&self, folder: usize) -> BTreeSet<String> {
        let version = &self.versions[&self.head][folder];
        let sets = |id: &String| {
            let had = |parent: &String| self.versions[parent][folder] == *version;
            self.versions[id][folder] == *version && !self.parents[id].iter().any(had)
        };
        if version.is_none() { BTreeSet::new() } else { self.ancestors(&self.head).into_iter().filter(sets).collect() }
    }
}

#[track_caller]
fn compare(repo: &TestRepo, facts: &Facts, history: &History, tagged: bool) {
    for (folder, package) in history.packages.iter().enumerate() {
        let base = package.base.as_ref();
        let tag_commit = repo.relay.tag_commit(&tag(folder)).unwrap().filter(|_| tagged);
        if let Some(commit) = tag_commit {
            assert_eq!(base.map(|base| &base.commit), Some(&commit));
        } else {
            let points = facts.set_points(folder);
            assert_eq!(base.is_some(), !points.is_empty(), "{:?}", FOLDERS[folder]);
            assert!(base.is_none_or(|base| base.tag.is_none() && points.contains(&base.commit)), "{base:?} {points:?}");
        }
        let behind = base.map(|base| facts.ancestors(&base.commit)).unwrap_or_default();
        let counts = |id: &String| !behind.contains(id) && facts.touched[id].contains(&folder);
        let expected: BTreeSet<String> = facts.ancestors(&facts.head).into_iter().filter(counts).collect();
        let found: Vec<String> = package.commits.iter().map(|index| history.commits[*index].id.clone()).collect();
        assert_eq!(
            found.iter().cloned().collect::<BTreeSet<_>>(),
            expected,
            "folder {:?} base {base:?}",
            FOLDERS[folder]
        );
        assert_eq!(found.len(), expected.len(), "none twice");
        assert!(package.commits.is_sorted(), "newest first");
    }
    let place: BTreeMap<&str, usize> =
        history.commits.iter().enumerate().map(|(place, commit)| (commit.id.as_str(), place)).collect();
    for (id, at) in &place {
        for parent in facts.ancestors(id) {
            assert!(place.get(parent.as_str()).is_none_or(|below| below >= at), "children before parents");
        }
    }
}

fn queries(tagged: bool) -> Vec<HistoryQuery> {
    let of = |index: usize, folder: &str| {
        let tags = if tagged { vec![tag(index)] } else { Vec::new() };
        HistoryQuery { tags, ..query(folder, Some("1.0.0"), &[]) }
    };
    FOLDERS.iter().enumerate().map(|(index, folder)| of(index, folder)).collect()
}

fn check(off_seconds: i64) {
    let mut runner = TestRunner::new(Config { cases: 30, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&prop::collection::vec(step(off_seconds), 1..24), |steps| {
        let repo = TestRepo::new();
        build(&repo, &steps);
        let facts = facts(&repo);
        for packed in [false, true] {
            if packed {
                repo.git(&["repack", "-q", "-a", "-d"]);
                repo.git(&["commit-graph", "write", "--reachable"]);
            }
            let relay = Repository::discover(&repo.root).unwrap();
            for tagged in [true, false] {
                compare(&repo, &facts, &relay.history(&queries(tagged)).unwrap(), tagged);
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn agrees_with_git_on_random_histories_with_merges() {
    check(0);
}

#[test]
fn agrees_with_git_when_clocks_are_wrong() {
    check(600);
}
