//! A commit of others that holds what one of this clone holds, in its place.

use git2::Oid;

use crate::error::GitError;
use crate::gave_version::version_at;
use crate::repository::Repository;

impl Repository {
    /// Lets the branch that is checked out name `commit` and no longer `own`, the commit that it is on, where both hold the same
    /// files and `commit` comes after all that `own` comes after. The working folder has them already. Says whether that was so;
    /// otherwise nothing is changed.
    ///
    /// # Errors
    /// [`GitError`] where the history can't be read, or the branch not moved.
    pub fn take_up(&self, own: &str, commit: &str) -> Result<bool, GitError> {
        let reading = || GitError::doing("compare the commits of a release");
        let (Ok(own), Ok(id)) = (Oid::from_str(own), Oid::from_str(commit)) else { return Ok(false) };
        let (Ok(own), Ok(found)) = (self.git.find_commit(own), self.git.find_commit(id)) else { return Ok(false) };
        if own.tree_id() != found.tree_id() || self.head_id()? != own.id() {
            return Ok(false);
        }
        for parent in own.parent_ids() {
            if parent != id && !self.git.graph_descendant_of(id, parent).map_err(reading())? {
                return Ok(false);
            }
        }
        self.check_objects(&[id])?;
        let branch = self.head()?.branch.map(|branch| format!("refs/heads/{branch}"));
        let refs: Vec<&str> = branch.as_deref().into_iter().collect();
        let message = format!("taken up instead of {}", own.id());
        self.move_head(id, Some(&own), &message).map_err(self.name_lock(&refs))?;
        self.check_head(id)?;
        Ok(true)
    }

    /// Whether the manifest at `path` has this version in a commit. A commit that this clone lacks has nothing.
    pub fn has_version(&self, commit: &str, path: &str, version: &str) -> bool {
        let found = Oid::from_str(commit).and_then(|id| self.git.find_commit(id));
        found.is_ok_and(|found| version_at(&self.git, &found, path).as_deref() == Some(version))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestRepo;

    fn head(repo: &TestRepo) -> String {
        repo.relay.head().unwrap().commit.unwrap()
    }

    /// Two releases that were made of the same commit, of which the second one is checked out.
    fn twice(second: &str) -> (TestRepo, String, String) {
        let repo = TestRepo::new();
        repo.package("packages/a", "1.0.0").commit("start");
        repo.git(&["switch", "-q", "-c", "waiting"]);
        let theirs = repo.package("packages/a", "1.1.0").commit("chore: release");
        repo.git(&["switch", "-q", "main"]);
        let own = repo.package("packages/a", second).commit("chore: release, once more");
        (repo, own, theirs)
    }

    #[test]
    fn the_same_files_on_the_same_commit_are_taken_up_and_the_folder_stays_clean() {
        let (repo, own, theirs) = twice("1.1.0");
        assert_ne!(own, theirs);
        assert!(repo.relay.take_up(&own, &theirs).unwrap());
        assert_eq!(head(&repo), theirs);
        assert_eq!(repo.relay.head().unwrap().branch.as_deref(), Some("main"));
        assert!(repo.relay.uncommitted().unwrap().is_empty());
    }

    #[test]
    fn other_files_and_what_lacks_the_commit_before_stay_apart() {
        let (repo, own, theirs) = twice("1.2.0");
        assert!(!repo.relay.take_up(&own, &theirs).unwrap());
        assert_eq!(head(&repo), own);
        assert!(repo.relay.has_version(&theirs, "packages/a/package.json", "1.1.0"));
        assert!(!repo.relay.has_version(&own, "packages/a/package.json", "1.1.0"));

        // The same files, but of a history that lacks a commit of this one.
        let (repo, _, theirs) = twice("1.1.0");
        repo.write("more", "1").commit("feat: more");
        let own = repo.remove("more").commit("feat: less");
        assert!(!repo.relay.take_up(&own, &theirs).unwrap());
        assert!(!repo.relay.take_up(&own, &"1".repeat(40)).unwrap());
        assert_eq!(head(&repo), own);
    }
}
