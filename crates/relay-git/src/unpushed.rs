//! Whether a commit has reached the remote, as far as this clone knows.

use git2::Oid;

use crate::error::GitError;
use crate::repository::Repository;

/// How many commits that are not on the remote are looked at.
const UNPUSHED_COMMITS_MAX: usize = 10_000;

impl Repository {
    /// Says whether a commit, or what a rebase made of it, is on the current branch and not on that branch of the remote. What
    /// is on the remote is known from the last fetch or push.
    ///
    /// # Errors
    /// [`GitError`] where the history can't be read.
    pub fn is_unpushed(&self, commit: &str, remote: &str) -> Result<bool, GitError> {
        let reading = GitError::doing("compare the branch with the remote's");
        let Some(branch) = self.head()?.branch else { return Ok(false) };
        let found = Oid::from_str(commit).and_then(|id| self.git.find_commit(id));
        let Ok(wanted) = found else { return Ok(false) };
        let same = |other: &git2::Commit<'_>| {
            // A rebase keeps the author, the author's time and the message.
            other.id() == wanted.id()
                || (other.author().when() == wanted.author().when() && other.message_bytes() == wanted.message_bytes())
        };
        let walk = || {
            let mut walk = self.git.revwalk()?;
            walk.push_head()?;
            if let Ok(upstream) = self.git.refname_to_id(&format!("refs/remotes/{remote}/{branch}")) {
                walk.hide(upstream)?;
            }
            for id in walk.take(UNPUSHED_COMMITS_MAX) {
                if same(&self.git.find_commit(id?)?) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        walk().map_err(reading)
    }
}

impl Repository {
    /// Whether a commit is another one, or among those before it, as far as this clone's history goes.
    ///
    /// # Errors
    /// [`GitError`] where the history can't be read.
    pub fn is_ancestor(&self, commit: &str, of: &str) -> Result<bool, GitError> {
        let (Ok(commit), Ok(of)) = (Oid::from_str(commit), Oid::from_str(of)) else { return Ok(false) };
        if commit == of {
            return Ok(true);
        }
        self.git.graph_descendant_of(of, commit).map_err(GitError::doing("compare two commits"))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestRemote, TestRepo};

    #[test]
    fn a_commit_is_unpushed_until_the_remote_has_it_also_after_a_rebase() {
        let repo = TestRepo::new();
        let _remote = TestRemote::origin_of(&repo);
        repo.write("a", "1").commit("start");
        repo.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
        let start = repo.git(&["rev-parse", "HEAD"]);
        let release = repo.write("a", "2").commit("release");
        assert!(repo.relay.is_unpushed(&release, "origin").unwrap());
        assert!(!repo.relay.is_unpushed(&start, "origin").unwrap());
        assert!(repo.relay.is_ancestor(&start, &release).unwrap());
        assert!(repo.relay.is_ancestor(&start, &start).unwrap());
        assert!(!repo.relay.is_ancestor(&release, &start).unwrap());
        // Rebased onto another commit: the branch has a copy of it.
        repo.git(&["reset", "-q", "--hard", &start]);
        repo.write("b", "1").commit("theirs");
        repo.git(&["cherry-pick", &release]);
        assert!(repo.relay.is_unpushed(&release, "origin").unwrap());
        repo.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
        assert!(!repo.relay.is_unpushed(&release, "origin").unwrap());
        repo.git(&["reset", "-q", "--hard", &start]);
        assert!(!repo.relay.is_unpushed(&release, "origin").unwrap(), "taken back");
    }
}
