//! Copies a repository aside: its history without touching it, and its files as they are, build output included.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use relay_engine::project::Project;
use relay_git::Repository;

use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};

/// Folders that are never copied: git's own, and installed dependencies unless scripts need them.
const LEFT_OUT: [&str; 2] = [".git", ".relay"];
const INSTALLED: &str = "node_modules";
/// Who commits in a copy: the person's own identity may be missing, and has no business there.
const IDENTITY: &str = "[user]\n\tname = relay rehearsal\n\temail = rehearsal@localhost\n";
/// The most files that are copied.
const FILES_MAX: usize = 2_000_000;
/// The deepest nesting of folders that is followed.
const DEPTH_MAX: usize = 200;

/// A copy, and what is known of the versions that are live.
pub(crate) struct Aside {
    /// The folder that holds everything; it goes with this value unless it is kept.
    folder: tempfile::TempDir,
    /// The copy's workspace root.
    pub(crate) root: Utf8PathBuf,
    /// Tags of the copy's repository, for telling which versions are out.
    pub(crate) tags: BTreeSet<String>,
    /// Whether the copy got a history of its own because the source has none.
    pub(crate) fresh: bool,
}

impl Aside {
    /// Copies the project. `with_installed` takes `node_modules` along, for lifecycle scripts.
    #[expect(clippy::disallowed_methods, reason = "the copy is relay's own")]
    pub(crate) fn copy(project: &Project, with_installed: bool) -> Result<Self, CliError> {
        let failed = |error: std::io::Error| {
            CliError::of(ErrorKind::User, &error).context("the repository can't be copied aside")
        };
        let folder = tempfile::Builder::new().prefix("relay-rehearsal-").tempdir().map_err(failed)?;
        let root = Utf8PathBuf::from_path_buf(folder.path().join("repository"))
            .map_err(|path| CliError::user(format!("the temporary folder's path is not UTF-8: {}", path.display())))?;
        let source = &project.workspace.root;
        let own_repository = project.repository.as_ref().filter(|_| project.prefix.is_empty());
        let repository = if own_repository.is_some() {
            Repository::clone_aside(source, &root).map_err(explain::git)?
        } else {
            std::fs::create_dir_all(&root).map_err(failed)?;
            let repository = Repository::init(&root).map_err(explain::git)?;
            let config = repository.git_dir().join("config");
            let settings = std::fs::read_to_string(&config).map_err(failed)?;
            std::fs::write(&config, settings + IDENTITY).map_err(failed)?;
            repository
        };
        let mut files = 0;
        copy_folder(source, &root, with_installed, 0, &mut files).map_err(failed)?;
        if own_repository.is_some() {
            repository.refresh_index().map_err(explain::git)?;
        }
        let mut aside = Self { folder, root, tags: BTreeSet::new(), fresh: own_repository.is_none() };
        if aside.fresh {
            let commit = repository.commit_all("chore: the state that is released").map_err(explain::git)?;
            for package in project.workspace.packages.iter().filter(|package| package.is_publishable()) {
                if let Some(version) = &package.version {
                    let tag = project.tag_name(&package.name, version);
                    repository.create_tag(&tag, &commit, &tag).map_err(explain::git)?;
                }
            }
        } else if !repository.uncommitted().map_err(explain::git)?.is_empty() {
            repository.commit_all("chore: what is not committed yet").map_err(explain::git)?;
        }
        aside.tags = repository.tag_names().map_err(explain::git)?.into_iter().collect();
        Ok(aside)
    }

    /// Where relay keeps its state during the rehearsal.
    pub(crate) fn state_folder(&self) -> Utf8PathBuf {
        self.root.parent().unwrap_or(&self.root).join("state")
    }

    /// Leaves the copy on disk and says where.
    pub(crate) fn keep(self) -> Utf8PathBuf {
        let root = self.root.clone();
        let _kept = self.folder.keep();
        root
    }
}

/// Copies regular files and links. Links are copied as links only where they stay inside, so that nothing outside the copy
/// can be written through one.
fn copy_folder(
    from: &Utf8Path,
    to: &Utf8Path,
    with_installed: bool,
    depth: usize,
    files: &mut usize,
) -> std::io::Result<()> {
    if depth > DEPTH_MAX {
        return Err(std::io::Error::other(format!("{from} is nested deeper than {DEPTH_MAX} folders")));
    }
    std::fs::create_dir_all(to)?;
    for entry in from.read_dir_utf8()? {
        let entry = entry?;
        let name = entry.file_name();
        if LEFT_OUT.contains(&name) || (name == INSTALLED && !with_installed) {
            continue;
        }
        let kind = entry.file_type()?;
        let target = to.join(name);
        if kind.is_dir() {
            copy_folder(entry.path(), &target, with_installed, depth + 1, files)?;
        } else if kind.is_file() {
            *files += 1;
            if *files > FILES_MAX {
                return Err(std::io::Error::other(format!("more than {FILES_MAX} files")));
            }
            std::fs::copy(entry.path(), &target)?;
        } else if kind.is_symlink() {
            copy_link(entry.path(), &target, depth)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn copy_link(from: &Utf8Path, to: &Utf8Path, depth: usize) -> std::io::Result<()> {
    let target = from.read_link_utf8()?;
    if target.is_relative() && climbs(&target) <= depth {
        std::os::unix::fs::symlink(&target, to)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn copy_link(_from: &Utf8Path, _to: &Utf8Path, _depth: usize) -> std::io::Result<()> {
    Ok(())
}

/// How many folders a relative path climbs at the most on its way.
#[cfg(unix)]
fn climbs(path: &Utf8Path) -> usize {
    let mut level = 0_isize;
    let mut highest = 0_isize;
    for part in path.components() {
        match part {
            camino::Utf8Component::ParentDir => level -= 1,
            camino::Utf8Component::Normal(_) => level += 1,
            _ => {}
        }
        highest = highest.min(level);
    }
    highest.unsigned_abs()
}
