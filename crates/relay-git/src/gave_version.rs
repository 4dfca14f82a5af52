//! Which commit gave a package its version.

use git2::{Commit, Oid};

use crate::error::GitError;
use crate::repository::Repository;

/// Larger manifests are taken for ones without a version; the largest on npm have some hundred kB.
const MANIFEST_BYTES_MAX: usize = 4 << 20;

impl Repository {
    /// Whether a commit gave the manifest at `path` this version: it has it there, and none of the commits before it has. Not
    /// where the commit isn't here, or the history ends at it.
    ///
    /// # Errors
    /// [`GitError`] where the history can't be read.
    pub fn gave_version(&self, commit: &str, path: &str, version: &str) -> Result<bool, GitError> {
        let Ok(id) = Oid::from_str(commit) else { return Ok(false) };
        let Ok(found) = self.git.find_commit(id) else { return Ok(false) };
        if version_at(&self.git, &found, path).as_deref() != Some(version)
            || (self.is_shallow() && found.parent_count() == 0)
        {
            return Ok(false);
        }
        let lacks_it = |id| {
            // A parent that isn't here tells nothing.
            let parent = self.git.find_commit(id);
            parent.is_ok_and(|parent| version_at(&self.git, &parent, path).as_deref() != Some(version))
        };
        Ok(found.parent_ids().all(lacks_it))
    }
}

pub(crate) fn version_at(git: &git2::Repository, commit: &Commit<'_>, path: &str) -> Option<String> {
    let entry = commit.tree().ok()?.get_path(std::path::Path::new(path)).ok()?;
    let blob = git.find_blob(entry.id()).ok()?;
    let content = (blob.size() <= MANIFEST_BYTES_MAX).then(|| blob.content())?;
    let manifest: serde_json::Value = serde_json::from_slice(content).ok()?;
    manifest.get("version")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use crate::testing::TestRepo;

    #[test]
    fn only_the_commit_that_wrote_it_gave_it() {
        let repo = TestRepo::new();
        let first = repo.write("a/package.json", r#"{"version":"1.0.0"}"#).commit("one");
        let same = repo.write("a/index.js", "1").commit("more");
        let next = repo.write("a/package.json", r#"{"version":"1.1.0"}"#).commit("two");
        let gave = |commit: &str, version: &str| repo.relay.gave_version(commit, "a/package.json", version).unwrap();
        assert!(gave(&first, "1.0.0"));
        assert!(!gave(&same, "1.0.0"), "it had it already");
        assert!(!gave(&next, "1.0.0"));
        assert!(gave(&next, "1.1.0"));
        assert!(!gave(&"1".repeat(40), "1.1.0"));
        assert!(!gave("no id", "1.1.0"));
    }
}
