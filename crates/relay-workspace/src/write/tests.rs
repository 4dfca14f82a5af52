//! Files before and after, whole or untouched.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::{WriteError, write_all_or_none, write_atomically};

fn folder() -> (TempDir, Utf8PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    (folder, path)
}

fn names(folder: &Utf8Path) -> Vec<String> {
    let mut names: Vec<String> =
        folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn replaces_content_and_leaves_nothing_beside_it() {
    let (_guard, folder) = folder();
    let path = folder.join("package.json");
    write_atomically(&path, b"one").unwrap();
    write_atomically(&path, b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(names(&folder), ["package.json"]);
}

#[cfg(unix)]
#[test]
fn keeps_the_mode_and_follows_a_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (_guard, folder) = folder();
    let path = folder.join("real");
    fs::write(&path, "one").unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o754)).unwrap();
    symlink("real", folder.join("link")).unwrap();
    write_atomically(&folder.join("link"), b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o754);
    assert!(folder.join("link").is_symlink());
}

#[test]
fn a_file_that_can_not_be_staged_changes_none() {
    let (_guard, folder) = folder();
    let first = folder.join("a");
    fs::write(&first, "one").unwrap();
    let files = [(first.clone(), b"two".to_vec()), (folder.join("gone/b"), b"two".to_vec())];
    let error = write_all_or_none(&files, &mut || ()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("`{folder}/gone/b` can't be written")), "{error}");
    assert_eq!(fs::read(&first).unwrap(), b"one");
    assert_eq!(names(&folder), ["a"]);
}

#[test]
fn a_folder_in_the_place_of_a_file_changes_none() {
    let (_guard, folder) = folder();
    fs::create_dir(folder.join("b")).unwrap();
    let files = [(folder.join("a"), b"new".to_vec()), (folder.join("b"), b"new".to_vec())];
    assert!(
        matches!(write_all_or_none(&files, &mut || ()), Err(WriteError::Stage { path, .. }) if path == folder.join("b"))
    );
    assert_eq!(names(&folder), ["b"]);
}

#[test]
fn writes_all_of_several() {
    let (_guard, folder) = folder();
    fs::write(folder.join("a"), "one").unwrap();
    let files = [(folder.join("a"), b"two".to_vec()), (folder.join("new"), b"three".to_vec())];
    write_all_or_none(&files, &mut || ()).unwrap();
    assert_eq!(fs::read(folder.join("a")).unwrap(), b"two");
    assert_eq!(fs::read(folder.join("new")).unwrap(), b"three");
    assert_eq!(names(&folder), ["a", "new"]);
}

#[test]
fn one_file_can_not_get_two_contents() {
    let (_guard, folder) = folder();
    let files = [(folder.join("a"), b"1".to_vec()), (folder.join("a"), b"2".to_vec())];
    assert!(matches!(write_all_or_none(&files, &mut || ()), Err(WriteError::Twice { .. })));
    assert!(names(&folder).is_empty());
}

#[test]
fn what_was_replaced_is_put_back_when_a_later_file_fails() {
    let (_guard, folder) = folder();
    fs::write(folder.join("a"), "one").unwrap();
    let staged = super::Staged::new(&folder.join("a"), b"two").unwrap();
    let undo = super::Undo::of(&staged).unwrap();
    staged.replace().unwrap();
    let fresh = super::Staged::new(&folder.join("new"), b"two").unwrap();
    let undo_fresh = super::Undo::of(&fresh).unwrap();
    fresh.replace().unwrap();
    assert_eq!(names(&folder).len(), 3, "the earlier content is kept beside the file");
    let failure = std::io::Error::other("disk on fire");
    let error = super::put_back(vec![undo, undo_fresh], folder.join("c"), failure);
    assert!(matches!(error, WriteError::Replace { .. }), "{error}");
    assert_eq!(fs::read(folder.join("a")).unwrap(), b"one");
    assert_eq!(names(&folder), ["a"]);
}

#[test]
fn many_files_need_few_open_ones() {
    let (_guard, folder) = folder();
    let files: Vec<_> = (0..1500).map(|index| (folder.join(format!("f{index:04}")), b"x".to_vec())).collect();
    let (old, new) = files.split_at(750);
    write_all_or_none(old, &mut || ()).unwrap();
    write_all_or_none(&[old, new].concat(), &mut || ()).unwrap();
    assert_eq!(names(&folder).len(), 1500);
}
