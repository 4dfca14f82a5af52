//! Packages on disk: files, links, modes.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

/// What stands at a path.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// A file.
    File(Vec<u8>),
    /// A file with a mode.
    Mode(u32, Vec<u8>),
    /// A symbolic link.
    Link(String),
    /// Another name of a file, given by its path in the package.
    Hard(String),
    /// An empty folder.
    Folder,
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::File(text.as_bytes().to_vec())
    }
}

/// A temporary folder that holds packages.
pub(crate) struct World {
    temp: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { temp: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// The folder's real path.
    pub(crate) fn path(&self) -> Utf8PathBuf {
        let path: PathBuf = self.temp.path().canonicalize().unwrap();
        Utf8PathBuf::from_path_buf(path).unwrap()
    }

    /// Writes a package into a folder of that name.
    pub(crate) fn package(&self, name: &str, files: &[(String, Node)]) -> Utf8PathBuf {
        let folder = self.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        write(&folder, files);
        folder
    }
}

/// Writes files below a folder; hard links come last, since their targets must be there.
pub(crate) fn write(folder: &Utf8Path, files: &[(String, Node)]) {
    for (path, node) in files {
        let place = folder.join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        match node {
            Node::File(bytes) => put(&place, 0o644, bytes),
            Node::Mode(mode, bytes) => put(&place, *mode, bytes),
            Node::Link(target) => symlink(target, &place).unwrap(),
            Node::Folder => std::fs::create_dir_all(&place).unwrap(),
            Node::Hard(_) => {}
        }
    }
    for (path, node) in files {
        if let Node::Hard(target) = node {
            std::fs::hard_link(folder.join(target), folder.join(path)).unwrap();
        }
    }
}

fn put(path: &Utf8Path, mode: u32, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
