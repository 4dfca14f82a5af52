//! Which commit brought a file.

use std::collections::BTreeMap;

use git2::{Commit, Oid, Sort};

use crate::error::GitError;
use crate::repository::Repository;

/// How many commits are looked at: what is asked for is usually among the newest.
const COMMITS_MAX: usize = 50_000;

impl Repository {
    /// The commits that added these files of one folder, newest first, by file name: what `git log --diff-filter=A` would name.
    /// A file that is not committed, or was added before a shallow clone begins, has none.
    ///
    /// # Errors
    /// [`GitError`] where the history can't be read.
    pub fn commits_that_added(
        &self,
        folder: &str,
        files: impl IntoIterator<Item = String>,
    ) -> Result<BTreeMap<String, String>, GitError> {
        let mut sought: Vec<String> = files.into_iter().collect();
        let mut found = BTreeMap::new();
        if sought.is_empty() || self.head()?.commit.is_none() {
            return Ok(found);
        }
        if self.promisor().is_some() {
            return self.commits_that_added_by_git(folder, &sought);
        }
        let shallow = self.is_shallow();
        let mut walk = || -> Result<(), git2::Error> {
            let mut walk = self.git.revwalk()?;
            walk.push_head()?;
            walk.set_sorting(Sort::TIME)?;
            for id in walk.take(COMMITS_MAX) {
                let commit = self.git.find_commit(id?)?;
                let parents: Vec<Option<Oid>> = commit.parents().map(|parent| tree_of(&parent, folder)).collect();
                let here = tree_of(&commit, folder);
                // Where a parent has the same folder, nothing was added by this commit.
                if here.is_none() || parents.contains(&here) || (shallow && parents.is_empty()) {
                    continue;
                }
                let has = |tree: Option<Oid>, file: &str| {
                    tree.and_then(|id| self.git.find_tree(id).ok()).is_some_and(|tree| tree.get_name(file).is_some())
                };
                sought.retain(|file| {
                    let added = has(here, file) && !parents.iter().any(|parent| has(*parent, file));
                    if added {
                        found.insert(file.clone(), commit.id().to_string());
                    }
                    !added
                });
                if sought.is_empty() {
                    break;
                }
            }
            Ok(())
        };
        walk().map_err(GitError::doing("find the commits that added change files"))?;
        Ok(found)
    }
    /// The same by the `git` program, which fetches the folders that a partial clone lacks.
    fn commits_that_added_by_git(&self, folder: &str, sought: &[String]) -> Result<BTreeMap<String, String>, GitError> {
        let commits = format!("--max-count={COMMITS_MAX}");
        let arguments =
            ["log", &commits, "--diff-filter=A", "--no-renames", "--format=%x00%H", "--name-only", "--", folder];
        let output = self.run_git("find the commits that added change files", &arguments, "")?;
        let mut found = BTreeMap::new();
        for block in output.split('\0') {
            let mut lines = block.lines().filter(|line| !line.is_empty());
            let Some(commit) = lines.next() else { continue };
            for line in lines {
                let file = line.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).unwrap_or(line);
                if sought.iter().any(|sought| sought == file) {
                    found.entry(file.to_owned()).or_insert_with(|| commit.to_owned());
                }
            }
        }
        Ok(found)
    }
}

fn tree_of(commit: &Commit<'_>, folder: &str) -> Option<Oid> {
    let tree = commit.tree().ok()?;
    tree.get_path(std::path::Path::new(folder)).ok().map(|entry| entry.id())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestRepo;

    #[test]
    fn names_the_commit_that_added_each_file_last() {
        let repo = TestRepo::new();
        repo.write("x", "1").commit("start");
        let a = repo.write(".changeset/a.md", "a").commit("a");
        repo.write(".changeset/a.md", "a, and more").commit("a changes");
        repo.git(&["checkout", "-q", "-b", "side"]);
        let b = repo.write(".changeset/b.md", "b").commit("b on the side");
        repo.git(&["checkout", "-q", "main"]);
        repo.write("x", "2").commit("elsewhere");
        repo.git(&["merge", "-q", "--no-edit", "side"]);
        repo.write(".changeset/c.md", "not committed");
        let files = ["a.md", "b.md", "c.md"].map(str::to_owned);
        let found = repo.relay.commits_that_added(".changeset", files).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("a.md".to_owned(), a), ("b.md".to_owned(), b)]);
    }

    #[test]
    fn of_a_file_that_came_back_it_is_the_last_time_that_counts() {
        let repo = TestRepo::new();
        repo.write(".changeset/a.md", "1").commit("first");
        repo.git(&["rm", "-q", ".changeset/a.md"]);
        repo.git(&["commit", "-q", "-m", "gone"]);
        let again = repo.write(".changeset/a.md", "2").commit("again");
        let found = repo.relay.commits_that_added(".changeset", ["a.md".to_owned()]).unwrap();
        assert_eq!(found["a.md"], again);
    }
}
