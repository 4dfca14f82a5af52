//! Whether what a branch brings is in another one already, however it got there: merged, rebased or squashed.

use git2::{DiffOptions, Oid};

use crate::error::GitError;
use crate::repository::Repository;

/// How many commits are looked at for the same files; a release is merged soon after it was made.
const COMMITS_MAX: usize = 2_000;

impl Repository {
    /// Says whether `tip` has what `commit` brings: that commit itself, or a commit since the two parted in which each file
    /// that it changes in these folders is as it leaves it, as after a squash merge. Folders are relative to the repository; the
    /// empty path is all of it.
    ///
    /// A clone whose history is cut off where they parted compares the folders whole.
    ///
    /// # Errors
    /// [`GitError`] where commits, trees or the history can't be read.
    pub fn is_merged<'p>(
        &self,
        commit: &str,
        tip: &str,
        folders: impl IntoIterator<Item = &'p str>,
    ) -> Result<bool, GitError> {
        if self.is_ancestor(commit, tip)? {
            return Ok(true);
        }
        let folders: Vec<&str> = folders.into_iter().collect();
        let reading = || GitError::doing("look for the files of a release in the branch");
        let (Ok(id), Ok(tip_id)) = (Oid::from_str(commit), Oid::from_str(tip)) else { return Ok(false) };
        let base = self.git.merge_base(id, tip_id).ok();
        let Some(base) = base.filter(|_| self.promisor().is_none()) else {
            return self.same_folders(commit, tip, folders);
        };
        let wanted = self.changed_files(base, id, &folders).map_err(reading())?;
        let search = || {
            let mut walk = self.git.revwalk()?;
            walk.push(tip_id)?;
            walk.hide(base)?;
            for found in walk.take(COMMITS_MAX) {
                let tree = self.git.find_commit(found?)?.tree()?;
                let is_so = |(path, id): &(std::path::PathBuf, Option<Oid>)| {
                    tree.get_path(path).ok().map(|entry| entry.id()) == *id
                };
                if wanted.iter().all(is_so) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        // What changes nothing there has nothing that could be missing.
        if wanted.is_empty() { Ok(true) } else { search().map_err(reading()) }
    }

    /// The files below the folders that differ between two commits, as the second one has them; `None` where it has not.
    fn changed_files(
        &self,
        from: Oid,
        to: Oid,
        folders: &[&str],
    ) -> Result<Vec<(std::path::PathBuf, Option<Oid>)>, git2::Error> {
        let tree = |id| self.git.find_commit(id)?.tree();
        let mut options = DiffOptions::new();
        options.disable_pathspec_match(true);
        if !folders.contains(&"") {
            for folder in folders {
                options.pathspec(folder);
            }
        }
        let diff = self.git.diff_tree_to_tree(Some(&tree(from)?), Some(&tree(to)?), Some(&mut options))?;
        let file = |delta: git2::DiffDelta<'_>| {
            let path = delta.new_file().path().or(delta.old_file().path())?.to_owned();
            Some((path, delta.new_file().exists().then(|| delta.new_file().id())))
        };
        Ok(diff.deltas().filter_map(file).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestRepo;

    /// A release on a branch of its own that began at `main`, which went on meanwhile.
    fn parted() -> (TestRepo, String) {
        let repo = TestRepo::new();
        repo.package("packages/a", "1.0.0").package("packages/b", "1.0.0").write("lock", "1").write("change", "a");
        repo.commit("start");
        repo.git(&["switch", "-q", "-c", "release"]);
        repo.package("packages/a", "1.1.0")
            .write("packages/a/CHANGELOG.md", "1.1.0")
            .write("lock", "2")
            .remove("change");
        let release = repo.commit("chore: release");
        repo.git(&["switch", "-q", "main"]);
        repo.write("packages/b/more.js", "more").commit("feat: more");
        (repo, release)
    }

    #[track_caller]
    fn check(repo: &TestRepo, release: &str, is_merged: bool) {
        let head = repo.relay.head().unwrap().commit.unwrap();
        let folders = ["packages/a", "packages/b"];
        assert_eq!(repo.relay.is_merged(release, &head, folders).unwrap(), is_merged);
    }

    #[test]
    fn a_release_that_waits_is_told_from_one_that_was_merged_in_whatever_way() {
        for merge in [
            &["merge", "-q", "--no-edit", "release"][..],
            &["merge", "-q", "--squash", "release"],
            &["cherry-pick", "release"],
        ] {
            let (repo, release) = parted();
            check(&repo, &release, false);
            repo.git(merge);
            if merge.contains(&"--squash") {
                repo.commit("chore: release (#1)");
            }
            check(&repo, &release, true);
            // Later work on the same files takes nothing back.
            repo.package("packages/a", "1.2.0").commit("chore: release");
            check(&repo, &release, true);
        }
    }

    #[test]
    fn what_has_only_some_of_its_files_does_not_have_it() {
        let (repo, release) = parted();
        repo.package("packages/a", "1.1.0").commit("chore: by hand");
        check(&repo, &release, false);
        repo.write("packages/a/CHANGELOG.md", "1.1.0").commit("docs: by hand");
        check(&repo, &release, true);
    }

    #[test]
    fn the_root_package_is_all_of_the_repository() {
        let (repo, release) = parted();
        let head = repo.relay.head().unwrap().commit.unwrap();
        assert!(!repo.relay.is_merged(&release, &head, [""]).unwrap());
        repo.git(&["merge", "-q", "--squash", "release"]);
        let squashed = repo.commit("chore: release (#1)");
        assert!(repo.relay.is_merged(&release, &squashed, [""]).unwrap());
    }
}
