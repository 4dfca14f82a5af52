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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Repo, TWO, name};

    /// What a sparse checkout of these folders leaves out of a workspace at `prefix`.
    fn left_out(repo: &Repo, prefix: &str, kept: &[&str]) -> LeftOut {
        repo.git(&[["sparse-checkout", "set", "--no-cone"].as_slice(), kept].concat());
        let project = crate::project::Project::open(&repo.root.join(prefix)).unwrap();
        LeftOut::find(&project.workspace, project.repository.as_ref().unwrap(), &project.prefix).unwrap()
    }

    #[test]
    fn packages_and_files_that_are_not_on_the_disk_are_told_apart_and_named_from_the_top() {
        for prefix in ["", "js/"] {
            let files: Vec<_> = TWO.iter().map(|(path, text)| (format!("{prefix}{path}"), *text)).collect();
            let mut files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
            let (source, other) = (format!("{prefix}packages/a/src/x.js"), format!("{prefix}docs/x.md"));
            files.extend([(source.as_str(), "1"), (other.as_str(), "1"), ("elsewhere/package.json", "{}")]);
            let repo = Repo::committed(&files);
            assert!(left_out(&repo, prefix, &["/*"]).is_empty());
            let found = left_out(&repo, prefix, &["/*", "!b", "!src", "!docs", "!elsewhere"]);
            let folder = |path: &str| Utf8PathBuf::from(format!("{prefix}{path}"));
            assert_eq!(found.members, [folder("packages/b")]);
            assert_eq!(found.incomplete, [(name("a"), folder("packages/a"))]);
            let folders = format!("`{prefix}packages/b`, `{prefix}packages/a`");
            assert_eq!(found.folders(), folders);
            assert_eq!(found.command(), format!("git sparse-checkout add {prefix}packages/b {prefix}packages/a"));
        }
    }

    #[test]
    fn a_command_is_safe_to_paste_and_short() {
        let of = |folders: &[&str]| LeftOut {
            members: folders.iter().map(Utf8PathBuf::from).collect(),
            incomplete: Vec::new(),
        };
        assert_eq!(of(&["a b", "it's"]).command(), r"git sparse-checkout add 'a b' 'it'\''s'");
        assert_eq!(of(&["a", ""]).command(), "git sparse-checkout disable", "the top can't be added");
        assert_eq!(of(&[""]).folders(), "`.`");
        let many: Vec<String> = (0..=FOLDERS_SHOWN_MAX).map(|at| at.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&many).command(), "git sparse-checkout disable");
        assert!(of(&many).folders().ends_with("`7` and 1 more"), "{}", of(&many).folders());
        assert_eq!(of(&many[1..]).command(), "git sparse-checkout add 1 2 3 4 5 6 7 8");
    }
}
