//! The tags of a remote, read by the `git` program, and brought here.

use std::collections::BTreeMap;

use relay_values::Printable;

use crate::error::GitError;
use crate::ref_name::tag_ref;
use crate::remote_refs::{RemoteRef, check_remote};
use crate::repository::Repository;

impl Repository {
    /// Which of these tags the remote has, by their names: one `ls-remote`.
    ///
    /// # Errors
    /// [`GitError`] where the remote can't be reached or says no.
    pub fn remote_tags(&self, remote: &str, names: &[String]) -> Result<BTreeMap<String, RemoteRef>, GitError> {
        let refs = names.iter().map(|name| tag_ref(name)).collect::<Result<Vec<_>, _>>()?;
        // Without names, whether the remote answers is all there is to ask.
        let wanted: Vec<&str> =
            if refs.is_empty() { vec!["refs/tags/*"] } else { refs.iter().map(String::as_str).collect() };
        let mut found = self.remote_refs(remote, &wanted)?;
        let tags = names.iter().zip(&refs).filter_map(|(name, full)| Some((name.clone(), found.remove(full)?)));
        Ok(tags.collect())
    }

    /// Brings tags of the remote here that this clone lacks, as they are there. Never moves one that is here.
    ///
    /// # Errors
    /// [`GitError`] where git can't.
    pub fn fetch_tags(&self, remote: &str, names: &[String]) -> Result<(), GitError> {
        check_remote(remote)?;
        if names.is_empty() {
            return Ok(());
        }
        let refs = names.iter().map(|name| tag_ref(name).map(|full| format!("{full}:{full}")));
        let refs = refs.collect::<Result<Vec<_>, _>>()?;
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        // A shallow clone stays as shallow as it is.
        if self.is_shallow() {
            arguments.push("--depth=1");
        }
        arguments.extend(["--end-of-options", remote]);
        arguments.extend(refs.iter().map(String::as_str));
        self.run_git(&format!("fetch tags of `{}`", Printable::name(remote)), &arguments, "").map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::PushCause;
    use crate::testing::{TestRemote, TestRepo};

    #[test]
    fn reads_and_brings_the_tags_of_a_remote_annotated_or_not() {
        let repo = TestRepo::new();
        let _remote = TestRemote::origin_of(&repo);
        let first = repo.write("a", "1").commit("one");
        let second = repo.write("a", "2").commit("two");
        repo.git(&["tag", "@a/x@1.0.0", &first]);
        repo.git(&["tag", "-a", "-m", "x", "v2.0.0", &second]);
        repo.git(&["tag", "x/@a/x@1.0.0", &second]);
        let object = repo.git(&["rev-parse", "v2.0.0"]);
        repo.git(&["push", "-q", "--tags", "origin", "main"]);
        let names = ["@a/x@1.0.0", "v2.0.0", "v3.0.0"].map(str::to_owned);
        let many: Vec<String> = names.iter().cloned().chain((0..200).map(|n| format!("y@{n}"))).collect();
        for names in [&names[..], &many] {
            let found = repo.relay.remote_tags("origin", names).unwrap();
            let found: Vec<_> = found.into_iter().map(|(name, tag)| (name, tag.object, tag.commit)).collect();
            let plain = ("@a/x@1.0.0".to_owned(), first.clone(), first.clone());
            assert_eq!(found, [plain, ("v2.0.0".to_owned(), object.clone(), second.clone())]);
        }
        repo.git(&["tag", "-d", "v2.0.0"]);
        repo.relay.fetch_tags("origin", &["v2.0.0".to_owned()]).unwrap();
        assert_eq!(repo.git(&["rev-parse", "v2.0.0"]), object);
        // A tag that is here already is never moved.
        repo.git(&["tag", "-f", "v2.0.0", &first]);
        repo.relay.fetch_tags("origin", &["v2.0.0".to_owned()]).unwrap_err();
        assert_eq!(repo.git(&["rev-parse", "v2.0.0"]), first);
    }

    #[test]
    fn says_when_the_remote_is_gone() {
        let repo = TestRepo::new();
        repo.git(&["remote", "add", "origin", "/nowhere/at/all.git"]);
        let error = repo.relay.remote_tags("origin", &["v1".to_owned()]).unwrap_err();
        assert!(matches!(error, GitError::RemoteUnreadable { cause: PushCause::Unreachable, .. }), "{error}");
        repo.relay.remote_tags("--upload-pack=x", &[]).unwrap_err();
    }
}
