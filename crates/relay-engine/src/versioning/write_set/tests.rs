//! A kill after every single step on the disk: what is found afterwards is all or none of the version step.

use std::collections::BTreeMap;

use super::*;

type Tree = BTreeMap<Utf8PathBuf, Vec<u8>>;

/// Every file below a folder.
fn tree(folder: &Utf8Path) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                folders.push(path);
            } else {
                tree.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    tree
}

fn lay_out(folder: &Utf8Path, tree: &Tree) {
    for (path, bytes) in tree {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The files before, the files after, and the disk as a kill would leave it after each step; under `repo` and `state`.
fn killed_everywhere() -> (Tree, Tree, Vec<Tree>) {
    let guard = tempfile::tempdir().unwrap();
    let world = Utf8Path::from_path(guard.path()).unwrap();
    let (root, state) = (world.join("repo"), world.join("state"));
    let before: Tree = [
        ("a/package.json", "a 1"),
        ("b/package.json", "b 1"),
        ("b/CHANGELOG.md", "# b"),
        (".changeset/one.md", "one"),
        (".changeset/two.md", "two"),
        ("lock", "locked"),
        ("other", "not ours"),
    ]
    .map(|(path, text)| (path.into(), text.into()))
    .into();
    lay_out(&root, &before);
    fs::create_dir(&state).unwrap();
    let change = |path: &str, text: Option<&str>| (Utf8PathBuf::from(path), text.map(str::to_owned));
    let changes = vec![
        change("a/package.json", Some("a 2")),
        change("b/package.json", Some("b 2")),
        change("a/CHANGELOG.md", Some("# a\n2")),
        change("b/CHANGELOG.md", Some("# b\n2")),
        change("lock", Some("locked 2")),
        change("other", Some("not ours")),
        change(".changeset/pre/two.md", Some("two")),
        change(".changeset/one.md", None),
        change(".changeset/two.md", None),
    ];
    let mut states = vec![tree(world)];
    let set = WriteSet::new(&root, changes, None).unwrap();
    set.write_in(&root, &state.join("version-step.json"), &mut || states.push(tree(world))).unwrap();
    (before, tree(&root), states)
}

fn recover(world: &Utf8Path) -> Result<(), WriteSetError> {
    let record = world.join("state/version-step.json");
    let root = world.join("repo");
    if let Some(set) = WriteSet::read(&record)? {
        set.finish_in(&root, &record, &mut || ())?;
        remove_record(&record)?;
    }
    Ok(())
}

#[test]
fn a_kill_after_any_step_leaves_all_or_none_once_recovered() {
    let (before, after, states) = killed_everywhere();
    assert!(states.len() > 15, "{} steps", states.len());
    let (mut none, mut all) = (0, 0);
    for state in &states {
        let guard = tempfile::tempdir().unwrap();
        let world = Utf8Path::from_path(guard.path()).unwrap();
        lay_out(world, state);
        recover(world).unwrap();
        let found = tree(&world.join("repo"));
        if found == before {
            none += 1;
        } else {
            assert_eq!(found, after);
            all += 1;
        }
        assert!(!world.join("state/version-step.json").exists());
    }
    // Both ends are met: kills before the first rename, and kills between and after them.
    assert!(none > 5 && all > 5, "{none} none, {all} all");
}

#[test]
fn a_kill_during_the_recovery_can_be_recovered_from() {
    let (_, after, states) = killed_everywhere();
    let middle = states.iter().find(|state| state[Utf8Path::new("repo/a/package.json")] == b"a 2").unwrap();
    let guard = tempfile::tempdir().unwrap();
    let world = Utf8Path::from_path(guard.path()).unwrap();
    lay_out(world, middle);
    let set = WriteSet::read(&world.join("state/version-step.json")).unwrap().unwrap();
    let mut again = Vec::new();
    let record = world.join("state/version-step.json");
    set.finish_in(&world.join("repo"), &record, &mut || again.push(tree(world))).unwrap();
    for state in &again {
        let guard = tempfile::tempdir().unwrap();
        let world = Utf8Path::from_path(guard.path()).unwrap();
        lay_out(world, state);
        recover(world).unwrap();
        assert_eq!(tree(&world.join("repo")), after);
    }
}

#[test]
fn a_file_that_someone_changed_since_stops_the_recovery_before_it_writes() {
    let (_, _, states) = killed_everywhere();
    let mut state = states.iter().find(|state| state[Utf8Path::new("repo/a/package.json")] == b"a 2").unwrap().clone();
    state.insert("repo/lock".into(), b"mine".to_vec());
    let guard = tempfile::tempdir().unwrap();
    let world = Utf8Path::from_path(guard.path()).unwrap();
    lay_out(world, &state);
    let error = recover(world).unwrap_err();
    assert!(matches!(&error, WriteSetError::Changed { path, .. } if path == "lock"), "{error}");
    assert_eq!(tree(world), state, "nothing was touched");
}

#[test]
fn a_record_that_points_outside_is_refused() {
    let guard = tempfile::tempdir().unwrap();
    let record = Utf8Path::from_path(guard.path()).unwrap().join("version-step.json");
    let text = r#"{"schema":"relay.version-step/1","files":[{"path":"../x","before":null,"after":"x"}],"commit":null}"#;
    fs::write(&record, text).unwrap();
    assert!(matches!(WriteSet::read(&record), Err(WriteSetError::Record { .. })));
}
