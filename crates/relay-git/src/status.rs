//! What differs from the head commit: staged, changed and untracked files.
//!
//! Nearly all files are as they were, and the index knows what the file system said of each then. So all folders are read once,
//! on several threads, and only what looks different is handed to libgit2, which also takes over where the index or the disk
//! is of a kind that is not known here. Nothing is written, also not into the index.
//!
//! - `index_file`: git's index
//! - `scan`: the comparison with the disk
//! - `ignore_rules`: which untracked files are ignored

mod ignore_rules;
mod index_file;
mod scan;

use std::collections::BTreeSet;
use std::path::PathBuf;

use git2::{DiffDelta, DiffOptions, ErrorCode, StatusOptions};

use self::ignore_rules::IgnoreRules;
use self::index_file::{IndexFile, Time, Unread};
use self::scan::Scan;
use crate::error::GitError;
use crate::repository::Repository;

/// With more files to read, libgit2's own comparison costs the same.
const DOUBTFUL_MAX: usize = 2_000;

const COMPARING: &str = "compare the working files with the last commit";

impl Repository {
    /// All files that are changed, staged or untracked and not ignored, sorted, relative to the working folder. A folder
    /// with nothing but untracked files is named once, with a slash at its end. What is changed inside submodules is left
    /// out.
    pub fn uncommitted(&self) -> Result<Vec<String>, GitError> {
        let paths = match self.uncommitted_by_scan()? {
            Some(paths) => paths,
            None => self.uncommitted_by_libgit2()?,
        };
        Ok(paths.into_iter().map(|path| String::from_utf8_lossy(&path).into_owned()).collect())
    }

    /// `None` when libgit2 must do it.
    fn uncommitted_by_scan(&self) -> Result<Option<BTreeSet<Vec<u8>>>, GitError> {
        let symlinks = self.flag("core.symlinks").unwrap_or(true);
        let path = self.git.path().join("index");
        let (Ok(metadata), Ok(data)) = (path.metadata(), std::fs::read(&path)) else { return Ok(None) };
        let index = match IndexFile::parse(&data) {
            Ok(index) if symlinks && cfg!(unix) => index,
            Err(Unread::Special) => return self.uncommitted_by_git().map(Some),
            Ok(_) | Err(Unread::Unknown) => return Ok(None),
        };
        let flag = |key: &str, default: bool| self.flag(key).unwrap_or(default);
        let other_names = flag("core.ignorecase", false) || flag("core.precomposeunicode", false);
        let scan = Scan {
            root: self.workdir().as_std_path(),
            index: &index,
            written: Time::modified(&metadata),
            file_modes: flag("core.filemode", true),
            trust_ctime: flag("core.trustctime", true),
            ignore_case: flag("core.ignorecase", false),
            rules: self.common_rules(flag("core.ignorecase", false)),
        };
        let Some(found) = scan.run() else { return Ok(None) };
        // On disks that take several names for one, a file that seems gone may be there under another.
        if found.doubtful.len() > DOUBTFUL_MAX || (other_names && !found.gone.is_empty()) {
            return Ok(None);
        }
        let mut paths: BTreeSet<Vec<u8>> = found.changed.into_iter().chain(found.gone).collect();
        paths.extend(self.really_changed(&found.doubtful)?);
        paths.extend(found.untracked);
        paths.extend(self.staged(&index)?);
        Ok(Some(paths))
    }

    /// The rules of the clone, above those of the person.
    #[expect(clippy::disallowed_methods, reason = "git looks for the person's rules in the home folder")]
    fn common_rules(&self, ignore_case: bool) -> IgnoreRules {
        let root = self.workdir().as_std_path();
        let configured = self.path_setting("core.excludesfile");
        let person = configured.or_else(|| {
            let folder = std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
            let folder = folder.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))?;
            Some(folder.join("git/ignore"))
        });
        let rules =
            person.map_or_else(IgnoreRules::default, |file| IgnoreRules::default().with(root, &file, ignore_case));
        rules.with(root, &self.git.commondir().join("info/exclude"), ignore_case)
    }

    /// Those of the files whose content differs from the index.
    fn really_changed(&self, doubtful: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, GitError> {
        if doubtful.is_empty() {
            return Ok(Vec::new());
        }
        let mut options = DiffOptions::new();
        options.disable_pathspec_match(true).ignore_submodules(true);
        for path in doubtful {
            options.pathspec(path.as_slice());
        }
        let diff = self.git.diff_index_to_workdir(None, Some(&mut options)).map_err(GitError::doing(COMPARING))?;
        Ok(diff.deltas().filter_map(|delta| path_of(&delta)).collect())
    }

    /// What the index has that the head commit has not, or otherwise.
    fn staged(&self, index: &IndexFile) -> Result<Vec<Vec<u8>>, GitError> {
        let tree = match self.head_id() {
            Ok(head) => {
                Some(self.git.find_commit(head).and_then(|commit| commit.tree()).map_err(GitError::doing(COMPARING))?)
            }
            Err(GitError::NoCommitYet { .. }) => None,
            Err(error) => return Err(error),
        };
        if tree.as_ref().is_some_and(|tree| Some(tree.id()) == index.tree) {
            return Ok(Vec::new());
        }
        let mut options = DiffOptions::new();
        options.ignore_submodules(true);
        let diff =
            self.git.diff_tree_to_index(tree.as_ref(), None, Some(&mut options)).map_err(GitError::doing(COMPARING))?;
        Ok(diff.deltas().filter_map(|delta| path_of(&delta)).collect())
    }

    /// Refuses when the index is of a kind that libgit2 would write back wrongly.
    pub(crate) fn refuse_special_index(&self) -> Result<(), GitError> {
        let data = std::fs::read(self.git.path().join("index")).unwrap_or_default();
        match IndexFile::parse(&data) {
            Err(Unread::Special) => Err(GitError::SpecialIndex { path: self.workdir().to_owned() }),
            Ok(_) | Err(Unread::Unknown) => Ok(()),
        }
    }

    fn uncommitted_by_git(&self) -> Result<BTreeSet<Vec<u8>>, GitError> {
        let arguments = [
            "--no-optional-locks",
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--ignore-submodules=dirty",
            "-unormal",
        ];
        let output = self.run_git(COMPARING, &arguments, "")?;
        // Two letters and a space go before each path.
        Ok(output.split('\0').filter_map(|line| line.get(3..)).map(|path| path.as_bytes().to_vec()).collect())
    }

    fn uncommitted_by_libgit2(&self) -> Result<BTreeSet<Vec<u8>>, GitError> {
        let mut options = StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(false).include_ignored(false).include_unmodified(false);
        options
            .renames_head_to_index(false)
            .renames_index_to_workdir(false)
            .update_index(false)
            .exclude_submodules(true);
        let statuses = match self.git.statuses(Some(&mut options)) {
            Ok(statuses) => statuses,
            Err(error) if error.code() == ErrorCode::BareRepo => {
                return Err(GitError::Bare { path: self.workdir().to_owned() });
            }
            Err(error) => return Err(GitError::doing(COMPARING)(error)),
        };
        Ok(statuses.iter().map(|entry| entry.path_bytes().to_vec()).collect())
    }
}

fn path_of(delta: &DiffDelta<'_>) -> Option<Vec<u8>> {
    delta.new_file().path_bytes().or_else(|| delta.old_file().path_bytes()).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests;
