//! A repository that was found and opened: its working folder, its head, its remote.

use std::cell::OnceCell;
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, RepositoryOpenFlags, RepositoryState};

use crate::error::GitError;
use crate::settings::{self, Listed};

mod elsewhere;

/// Where the repository stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit, if there is one yet.
    pub commit: Option<String>,
    /// The branch's short name; `None` when the head is detached.
    pub branch: Option<String>,
}

/// A git repository with working files.
pub struct Repository {
    pub(crate) git: git2::Repository,
    workdir: Utf8PathBuf,
    pub(crate) hidden_from_git: Vec<String>,
    /// The environment names this repository (`GIT_DIR`, `GIT_WORK_TREE`), so the `git` program must be told so too.
    pub(crate) named_by_environment: bool,
    pub(crate) settings: OnceCell<Option<Listed>>,
    pub(crate) committer: OnceCell<git2::Signature<'static>>,
    /// What a test does between writing and reading back.
    #[cfg(test)]
    pub(crate) harm: std::cell::RefCell<Option<crate::testing::Harm>>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("workdir", &self.workdir).finish_non_exhaustive()
    }
}

impl Repository {
    /// Finds the repository that `start` lies in, or the one that the environment names as git itself would take it
    /// (`GIT_DIR`, `GIT_WORK_TREE`).
    pub fn discover(start: &Utf8Path) -> Result<Self, GitError> {
        if elsewhere::is_named() {
            // A rehearsal's copy is never left for the repository that it is a copy of.
            return match Self::discover_here(start) {
                Ok(found) if found.is_twin() || elsewhere::names(&found) => Ok(found),
                _ => elsewhere::open(start),
            };
        }
        match Self::discover_here(start) {
            // git may trust it by settings that libgit2 doesn't read.
            Err(error @ GitError::OwnedByAnother { .. }) => elsewhere::open(start).map_err(|_| error),
            found => found,
        }
    }

    /// Finds the repository that `start` lies in, whatever the environment names.
    pub(crate) fn discover_here(start: &Utf8Path) -> Result<Self, GitError> {
        let none: [&Path; 0] = [];
        let opened = git2::Repository::open_ext(start, RepositoryOpenFlags::empty(), none);
        Self::from_git(opened.map_err(|error| open_error(error, start))?)
    }

    /// Makes a new repository at `path` with the branch `main` and without template files, so without hooks.
    pub fn init(path: &Utf8Path) -> Result<Self, GitError> {
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main").external_template(false).mkpath(true);
        let git = git2::Repository::init_opts(path, &options)
            .map_err(GitError::doing(format!("make a git repository at `{path}`")))?;
        Self::from_git(git)
    }

    pub(crate) fn from_git(git: git2::Repository) -> Result<Self, GitError> {
        // libgit2 hashes each object it reads unless told otherwise, which makes a walk ten times slower. git itself doesn't
        // do it either: it leaves that to `git fsck` and to the transfer. The switch is one for the whole process.
        git2::opts::strict_hash_verification(false);
        let Some(workdir) = git.workdir() else {
            return Err(GitError::Bare { path: utf8(git.path())? });
        };
        let workdir = workdir.canonicalize().map_err(|source| GitError::Disk {
            doing: "find the working folder",
            path: Utf8PathBuf::from(workdir.to_string_lossy().into_owned()),
            source,
        })?;
        let workdir = utf8(&workdir)?;
        settings::honour_environment(&git).map_err(GitError::doing("read git's configuration"))?;
        Ok(Self {
            git,
            workdir,
            hidden_from_git: Vec::new(),
            named_by_environment: false,
            settings: OnceCell::new(),
            committer: OnceCell::new(),
            #[cfg(test)]
            harm: std::cell::RefCell::new(None),
        })
    }

    /// Names environment variables that the `git` program, and so the hooks it starts, must not see: those that hold
    /// registry credentials. The names that npm's own tools use are hidden in any case.
    #[must_use]
    pub fn hiding(mut self, variables: impl IntoIterator<Item = String>) -> Self {
        self.hidden_from_git.extend(variables);
        self
    }

    /// The canonical absolute path of the working folder.
    pub fn workdir(&self) -> &Utf8Path {
        &self.workdir
    }

    /// The git directory: `.git`, or the one that a linked working folder has of its own.
    pub fn git_dir(&self) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.git.path().to_owned()).unwrap_or_else(|_| self.workdir.join(".git"))
    }

    /// The git directory, and for a linked working folder the one that it shares with others.
    pub fn git_dirs(&self) -> Vec<Utf8PathBuf> {
        let shared = Utf8PathBuf::from_path_buf(self.git.commondir().to_owned()).ok();
        let own = self.git_dir();
        let shared = shared.filter(|shared| *shared != own);
        [own].into_iter().chain(shared).collect()
    }

    /// Folders of other repositories that objects are read from (`objects/info/alternates`), one step far.
    pub fn borrowed_objects(&self) -> Vec<Utf8PathBuf> {
        let Ok(objects) = Utf8PathBuf::from_path_buf(self.git.commondir().join("objects")) else { return Vec::new() };
        let listed = std::fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
        listed
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| objects.join(line))
            .collect()
    }

    /// The path below the working folder, with `/`, of an absolute path; `None` when it lies elsewhere. The working folder
    /// itself is the empty path.
    pub fn relative(&self, path: &Utf8Path) -> Option<String> {
        let below = match path.strip_prefix(&self.workdir) {
            Ok(below) => below.to_owned(),
            // The path may run through a symlink, as `/tmp` does on macOS, and its last parts may be gone.
            Err(_) => path.ancestors().find_map(|there| {
                let canonical = there.canonicalize_utf8().ok()?;
                Some(canonical.strip_prefix(&self.workdir).ok()?.join(path.strip_prefix(there).ok()?))
            })?,
        };
        if below.components().any(|part| part == camino::Utf8Component::ParentDir) {
            return None;
        }
        let parts: Vec<&str> = below.components().map(|part| part.as_str()).collect();
        Some(parts.join("/"))
    }

    /// Where the repository stands.
    pub fn head(&self) -> Result<Head, GitError> {
        let branch_of = |reference: &git2::Reference<'_>| {
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            name.strip_prefix("refs/heads/").map(str::to_owned)
        };
        match self.git.head() {
            Ok(head) => {
                let commit = head.peel_to_commit().map_err(GitError::doing("read the head commit"))?;
                Ok(Head { commit: Some(commit.id().to_string()), branch: branch_of(&head) })
            }
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
                let head = self.git.find_reference("HEAD").map_err(GitError::doing("read the head"))?;
                let target = head.symbolic_target_bytes().map(|name| String::from_utf8_lossy(name).into_owned());
                Ok(Head {
                    commit: None,
                    branch: target.and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned)),
                })
            }
            Err(error) => Err(GitError::doing("read the head")(error)),
        }
    }

    /// The remote to push to: that of the branch's upstream, else `origin`, else the only one there is.
    pub fn remote_name(&self) -> Option<String> {
        let branch = self.head().ok().and_then(|head| head.branch);
        let configured = branch.and_then(|branch| self.setting(&format!("branch.{branch}.remote")));
        let remotes = self.git.remotes().ok()?;
        let names: Vec<&str> = remotes.iter().flatten().flatten().collect();
        match configured {
            Some(name) if names.contains(&name.as_str()) => Some(name),
            _ if names.contains(&"origin") => Some("origin".to_owned()),
            _ => match names.as_slice() {
                [only] => Some((*only).to_owned()),
                _ => None,
            },
        }
    }

    /// Whether the clone's history ends early (`git clone --depth`).
    pub fn is_shallow(&self) -> bool {
        self.git.is_shallow()
    }

    pub(crate) fn head_id(&self) -> Result<git2::Oid, GitError> {
        match self.git.head() {
            Ok(head) => Ok(head.peel_to_commit().map_err(GitError::doing("read the head commit"))?.id()),
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
                Err(GitError::NoCommitYet { path: self.workdir.clone() })
            }
            Err(error) => Err(GitError::doing("read the head")(error)),
        }
    }

    pub(crate) fn config_flag(&self, key: &str) -> bool {
        self.flag(key).unwrap_or(false)
    }

    /// Refuses when a merge, rebase or the like is not finished.
    pub(crate) fn refuse_unfinished_operation(&self) -> Result<(), GitError> {
        let operation = match self.git.state() {
            RepositoryState::Clean | RepositoryState::Bisect => return Ok(()),
            RepositoryState::Merge => "merge",
            RepositoryState::Revert | RepositoryState::RevertSequence => "revert",
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => "cherry-pick",
            RepositoryState::Rebase | RepositoryState::RebaseInteractive | RepositoryState::RebaseMerge => "rebase",
            RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => "`git am`",
        };
        Err(GitError::OperationUnderWay { path: self.workdir.clone(), operation })
    }
}

/// A path as UTF-8.
pub(crate) fn utf8(path: &Path) -> Result<Utf8PathBuf, GitError> {
    Utf8PathBuf::from_path_buf(path.to_path_buf())
        .map_err(|path| GitError::NotUtf8 { path: path.to_string_lossy().into_owned() })
}

/// A `.git` in the folder or above it that was a repository, or leads to one, and isn't read as such: what is broken must not
/// be taken for what is not there.
fn broken_above(start: &Utf8Path) -> Option<Utf8PathBuf> {
    start.ancestors().map(|folder| folder.join(".git")).find(|path| {
        let is_link = path.is_file() && std::fs::read_to_string(path).is_ok_and(|text| text.starts_with("gitdir:"));
        is_link || ["HEAD", "config", "objects", "refs"].iter().any(|part| path.join(part).exists())
    })
}

fn open_error(error: git2::Error, start: &Utf8Path) -> GitError {
    match error.code() {
        ErrorCode::NotFound => match broken_above(start) {
            Some(path) => GitError::NotReadable { path },
            None => GitError::NotARepository { start: start.to_owned() },
        },
        ErrorCode::Owner => {
            let found = git2::Repository::discover_path(start, std::iter::empty::<&Path>()).ok();
            let path = found.and_then(|path| utf8(&path).ok()).unwrap_or_else(|| start.to_owned());
            let path = path.parent().filter(|_| path.file_name() == Some(".git")).unwrap_or(&path).to_owned();
            GitError::OwnedByAnother { path }
        }
        _ => match error.message().split_once("extensions.") {
            Some((before, name)) if before.contains("unsupported extension") => {
                let extension = name.trim_matches(|char: char| !char.is_ascii_alphanumeric()).to_ascii_lowercase();
                GitError::Extension { start: start.to_owned(), extension }
            }
            _ => GitError::doing(format!("open the git repository of `{start}`"))(error),
        },
    }
}

#[cfg(test)]
mod tests;
