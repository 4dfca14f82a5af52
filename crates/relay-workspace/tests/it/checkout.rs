//! A repository on disk, file by file, for the tests.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use relay_workspace::discover::DiscoverError;
use relay_workspace::{Workspace, WorkspacePackage};
use tempfile::TempDir;

/// A folder that is gone when the test is over.
pub(crate) struct Checkout {
    _folder: TempDir,
    root: Utf8PathBuf,
}

impl Checkout {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("the temporary folder can be written");
        let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().expect("it is there")).expect("UTF-8");
        // Below a folder of its own, so that a test can put something beside the repository.
        fs::create_dir(root.join("repo")).expect("it can be written");
        Self { _folder: folder, root: root.join("repo") }
    }

    pub(crate) fn root(&self) -> &Utf8Path {
        &self.root
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("it can be written");
        fs::write(path, text).expect("it can be written");
        self
    }

    /// A package with a version, in a folder.
    pub(crate) fn package(self, path: &str, name: &str) -> Self {
        self.file(&format!("{path}/package.json"), &format!(r#"{{ "name": "{name}", "version": "1.0.0" }}"#))
    }

    #[cfg(unix)]
    pub(crate) fn link(self, path: &str, target: &str) -> Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a link is in a folder")).expect("it can be written");
        std::os::unix::fs::symlink(target, path).expect("it can be written");
        self
    }

    pub(crate) fn discover(&self) -> Result<Workspace, DiscoverError> {
        Workspace::discover(&self.root)
    }

    pub(crate) fn workspace(&self) -> Workspace {
        self.discover().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The error, with this machine's temporary folder written as `<repo>`.
    pub(crate) fn error(&self) -> String {
        match self.discover() {
            Ok(workspace) => panic!("an error was expected, not {:?}", paths(&workspace)),
            Err(error) => error.to_string().replace(self.root.as_str(), "<repo>"),
        }
    }
}

/// The packages' paths, sorted.
pub(crate) fn paths(workspace: &Workspace) -> Vec<&str> {
    let mut paths: Vec<&str> = workspace.packages.iter().map(|package| package.path.as_str()).collect();
    paths.sort_unstable();
    paths
}

/// The package of a name, which must be there.
pub(crate) fn named<'a>(workspace: &'a Workspace, name: &str) -> &'a WorkspacePackage {
    let found = workspace.packages.iter().find(|package| package.name.as_str() == name);
    found.unwrap_or_else(|| panic!("`{name}` is not in the workspace"))
}
