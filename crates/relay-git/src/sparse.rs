//! Files that a sparse checkout leaves out of the working folder.

use crate::error::GitError;
use crate::repository::Repository;

impl Repository {
    /// The files of the index, relative to the repository, that a sparse checkout has left out and that are not on the disk;
    /// none where the checkout is whole. The `git` program is asked, since it alone reads an index that is sparse itself.
    ///
    /// # Errors
    /// [`GitError`] where git can't tell.
    pub fn left_out(&self) -> Result<Vec<String>, GitError> {
        if self.flag("core.sparseCheckout") != Some(true) {
            return Ok(Vec::new());
        }
        let output = self.run_git("list what the sparse checkout leaves out", &["ls-files", "-t", "-z"], "")?;
        let left_out = output.split('\0').filter_map(|line| line.strip_prefix("S "));
        Ok(left_out.filter(|path| self.workdir().join(path).symlink_metadata().is_err()).map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::repository::Repository;
    use crate::testing::TestRepo;

    #[test]
    fn files_outside_the_cone_are_named_whatever_the_index_is_like() {
        let repo = TestRepo::new();
        repo.package("packages/a", "1.0.0")
            .package("packages/b", "1.0.0")
            .write("packages/a/src/x", "1")
            .commit("start");
        assert_eq!(repo.relay.left_out().unwrap(), [""; 0]);
        for arguments in [&["--cone"][..], &["--cone", "--sparse-index"], &["--no-cone"]] {
            repo.git(&[&["sparse-checkout", "set"], arguments, &["packages/a"]].concat());
            let relay = Repository::discover(&repo.root).unwrap();
            assert_eq!(relay.left_out().unwrap(), ["packages/b/package.json"], "{arguments:?}");
        }
        repo.git(&["sparse-checkout", "set", "--cone", "packages/a/other"]);
        let relay = Repository::discover(&repo.root).unwrap();
        assert_eq!(relay.left_out().unwrap(), ["packages/a/src/x", "packages/b/package.json"]);
        repo.git(&["sparse-checkout", "disable"]);
        assert_eq!(Repository::discover(&repo.root).unwrap().left_out().unwrap(), [""; 0]);
    }
}
