//! Packages that a sparse checkout leaves out, wholly or in part. A release of what is left would be a release of something
//! else: dependents that are not updated, tarballs without files.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use relay_git::{GitError, Repository};
use relay_workspace::{PackageName, Workspace};

/// How many folders a command names.
const FOLDERS_SHOWN_MAX: usize = 8;

/// What is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Folders of packages whose manifest is not on the disk, relative to the repository.
    pub members: Vec<Utf8PathBuf>,
    /// Packages of which files are not on the disk, with their folders.
    pub incomplete: Vec<(PackageName, Utf8PathBuf)>,
}

impl LeftOut {
    /// Finds what is left out of a workspace that lies at `prefix` in its repository.
    ///
    /// # Errors
    /// [`GitError`] where git can't tell.
    pub fn find(workspace: &Workspace, repository: &Repository, prefix: &str) -> Result<Self, GitError> {
        let files = repository.left_out()?;
        if files.is_empty() {
            return Ok(Self::default());
        }
        let inside: Vec<&Utf8Path> =
            files.iter().filter_map(|file| Utf8Path::new(file).strip_prefix(prefix).ok()).collect();
        let manifests = inside.iter().filter(|file| file.file_name() == Some("package.json"));
        let folders: Vec<Utf8PathBuf> = manifests.filter_map(|file| Some(file.parent()?.to_owned())).collect();
        // Patterns that can't be read any more have no meaning; reading the workspace has told.
        let meant = workspace.means(&folders).unwrap_or_default();
        let members: BTreeSet<Utf8PathBuf> =
            folders.into_iter().zip(meant).filter(|(_, meant)| *meant).map(|(folder, _)| folder).collect();
        let mut incomplete = BTreeSet::new();
        for file in inside.iter().filter(|file| !file.ancestors().any(|folder| members.contains(folder))) {
            let owner = workspace.packages.iter().filter(|package| file.starts_with(&package.path));
            let owner = owner.max_by_key(|package| package.path.as_str().len());
            if let Some(package) = owner.filter(|package| package.is_publishable()) {
                incomplete.insert((package.name.clone(), Utf8Path::new(prefix).join(&package.path)));
            }
        }
        Ok(Self {
            members: members.into_iter().map(|folder| Utf8Path::new(prefix).join(folder)).collect(),
            incomplete: incomplete.into_iter().collect(),
        })
    }

    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.incomplete.is_empty()
    }

    /// The folders in words.
    pub fn folders(&self) -> String {
        let folders: Vec<&Utf8PathBuf> = self.all().collect();
        let word =
            |folder: &&Utf8PathBuf| format!("`{}`", if folder.as_str().is_empty() { "." } else { folder.as_str() });
        let shown: Vec<String> = folders.iter().take(FOLDERS_SHOWN_MAX).map(word).collect();
        match folders.len() - shown.len() {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }

    /// The command that brings them here.
    pub fn command(&self) -> String {
        if self.all().count() > FOLDERS_SHOWN_MAX || self.all().any(|folder| folder.as_str().is_empty()) {
            return "git sparse-checkout disable".to_owned();
        }
        let quoted = |folder: &Utf8PathBuf| {
            let plain = folder.as_str().chars().all(|char| char.is_ascii_alphanumeric() || "/._-@+".contains(char));
            if plain { folder.to_string() } else { format!("'{}'", folder.as_str().replace('\'', "'\\''")) }
        };
        let folders: Vec<String> = self.all().map(quoted).collect();
        format!("git sparse-checkout add {}", folders.join(" "))
    }

    fn all(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.members.iter().chain(self.incomplete.iter().map(|(_, folder)| folder))
    }
}
