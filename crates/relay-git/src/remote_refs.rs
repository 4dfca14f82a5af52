//! The refs of a remote, read by the `git` program.

use std::collections::BTreeMap;

use relay_values::Printable;

use crate::error::{GitError, PushCause};
use crate::git_program::RunError;
use crate::ref_name::{check_object_id, check_ref_pattern};
use crate::repository::Repository;

/// With more refs than this the remote is asked for all it has: a command line has an end.
const ASKED_BY_NAME_MAX: usize = 100;

/// What a ref of a remote names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRef {
    /// The object itself: a commit, or a tag object.
    pub object: String,
    /// What that comes to: what a tag object is on, else the object itself.
    pub commit: String,
}

impl Repository {
    /// The refs of a remote by their full names, those that match: full names such as `refs/heads/main`, and all refs below a
    /// folder of them, however deep, such as `refs/relay/*`. One `ls-remote`.
    ///
    /// # Errors
    /// [`GitError`] where the remote can't be reached or says no.
    pub fn remote_refs(&self, remote: &str, patterns: &[&str]) -> Result<BTreeMap<String, RemoteRef>, GitError> {
        check_remote(remote)?;
        for pattern in patterns {
            check_ref_pattern(pattern)?;
        }
        if patterns.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut arguments = vec!["ls-remote", "--quiet"];
        if patterns.iter().all(|pattern| pattern.starts_with("refs/tags/")) {
            arguments.push("--tags");
        }
        arguments.extend(["--end-of-options", remote]);
        // What a tag object is on has a line of its own, under the tag's name and this.
        let peeled: Vec<String> = patterns.iter().map(|pattern| format!("{pattern}^{{}}")).collect();
        if patterns.len() <= ASKED_BY_NAME_MAX {
            arguments.extend(patterns);
            arguments.extend(peeled.iter().map(String::as_str));
        }
        let doing = format!("read the refs of `{}`", Printable::name(remote));
        let output = match self.try_git(&doing, &arguments, "") {
            Ok(output) => output,
            Err(RunError::Failed { text }) => {
                let remote = Printable::name(remote).into();
                return Err(GitError::RemoteUnreadable { remote, cause: PushCause::of(&text), text });
            }
            Err(RunError::NotRun(error)) => return Err(error),
        };
        let mut found = listed(&output);
        // git takes a pattern for the end of a name.
        let wanted = Wanted::new(patterns);
        found.retain(|name, _| wanted.matches(name));
        Ok(found)
    }

    /// What one ref of a remote names; `None` where it isn't there.
    ///
    /// # Errors
    /// [`GitError`] where the remote can't be reached or says no.
    pub fn remote_ref(&self, remote: &str, full_ref: &str) -> Result<Option<RemoteRef>, GitError> {
        Ok(self.remote_refs(remote, &[full_ref])?.remove(full_ref))
    }
}

/// Refuses a remote whose name git would take for an option.
pub(crate) fn check_remote(remote: &str) -> Result<(), GitError> {
    if remote.is_empty() || remote.starts_with('-') {
        let (name, kind) = (Printable::name(remote).into(), "remote");
        return Err(GitError::InvalidRefName { name, kind, reason: "it names no remote" });
    }
    Ok(())
}

/// Reads the lines of `git ls-remote`: an id, a tab, a full ref.
fn listed(output: &str) -> BTreeMap<String, RemoteRef> {
    let mut found: BTreeMap<String, RemoteRef> = BTreeMap::new();
    for (id, name) in output.lines().filter_map(|line| line.split_once('\t')) {
        if check_object_id(id).is_err() {
            continue;
        }
        let plain = name.strip_suffix("^{}");
        let entry = found.entry(plain.unwrap_or(name).to_owned());
        let entry = entry.or_insert_with(|| RemoteRef { object: id.to_owned(), commit: id.to_owned() });
        // The line of what a tag object is on follows that of the object.
        if plain.is_some() {
            id.clone_into(&mut entry.commit);
        }
    }
    found
}

/// Which refs were asked for.
struct Wanted<'p> {
    names: std::collections::HashSet<&'p str>,
    /// With the slash at their ends.
    folders: Vec<&'p str>,
}

impl<'p> Wanted<'p> {
    fn new(patterns: &[&'p str]) -> Self {
        let folders: Vec<&str> = patterns.iter().filter_map(|pattern| pattern.strip_suffix('*')).collect();
        Self { names: patterns.iter().copied().collect(), folders }
    }

    fn matches(&self, name: &str) -> bool {
        self.names.contains(name) || self.folders.iter().any(|folder| name.starts_with(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestRemote;

    #[track_caller]
    fn check(remote: &TestRemote, patterns: &[&str], names: &[&str]) {
        let clone = remote.clone();
        let found = clone.relay.remote_refs("origin", patterns).unwrap();
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), names, "{patterns:?}");
    }

    #[test]
    fn gives_what_was_asked_for_and_nothing_whose_name_only_ends_alike() {
        let remote = TestRemote::new();
        let start = remote.git(&["rev-parse", "main"]);
        for name in [
            "refs/heads/relay/release/a",
            "refs/heads/refs/heads/main",
            "refs/relay/lock",
            "refs/relay/deep/er",
            "refs/other/refs/relay/lock",
            "refs/relayed/x",
        ] {
            remote.git(&["update-ref", name, &start]);
        }
        check(&remote, &["refs/heads/main"], &["refs/heads/main"]);
        check(&remote, &["refs/relay/*"], &["refs/relay/deep/er", "refs/relay/lock"]);
        check(
            &remote,
            &["refs/relay/lock", "refs/heads/relay/release/*", "refs/heads/not-there"],
            &["refs/heads/relay/release/a", "refs/relay/lock"],
        );
        check(&remote, &[], &[]);
        let many: Vec<String> = (0..200).map(|number| format!("refs/relay/{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).chain(["refs/relay/lock"]).collect();
        check(&remote, &many, &["refs/relay/lock"]);
    }

    #[test]
    fn tells_a_tag_object_from_what_it_is_on() {
        let remote = TestRemote::new();
        let start = remote.git(&["rev-parse", "main"]);
        remote.git(&["tag", "light", "main"]);
        remote.git(&[
            "-c",
            "user.name=Maintainer",
            "-c",
            "user.email=maintainer@acme.example",
            "tag",
            "-a",
            "-m",
            "x",
            "v1",
            "main",
        ]);
        let object = remote.git(&["rev-parse", "refs/tags/v1"]);
        let clone = remote.clone();
        for patterns in
            [&["refs/tags/*"][..], &["refs/tags/v1", "refs/tags/light"], &["refs/tags/*", "refs/heads/main"]]
        {
            let found = clone.relay.remote_refs("origin", patterns).unwrap();
            let plain = RemoteRef { object: start.clone(), commit: start.clone() };
            assert_eq!(found.get("refs/tags/light"), Some(&plain));
            assert_eq!(found.get("refs/tags/v1"), Some(&RemoteRef { object: object.clone(), commit: start.clone() }));
        }
        let main = clone.relay.remote_ref("origin", "refs/heads/main").unwrap();
        assert_eq!(main.map(|found| found.commit), Some(start));
        assert_eq!(clone.relay.remote_ref("origin", "refs/heads/other").unwrap(), None);
    }

    #[test]
    fn hostile_names_never_reach_git_and_a_remote_that_is_gone_is_told() {
        let remote = TestRemote::new();
        let clone = remote.clone();
        for pattern in ["--upload-pack=x", "main", "*", "refs/heads/a b"] {
            let error = clone.relay.remote_refs("origin", &[pattern]).unwrap_err();
            assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
        }
        let error = clone.relay.remote_refs("--upload-pack=x", &["refs/heads/main"]).unwrap_err();
        assert!(matches!(error, GitError::InvalidRefName { .. }), "{error}");
        std::fs::remove_dir_all(&remote.path).unwrap();
        let error = clone.relay.remote_refs("origin", &["refs/heads/main"]).unwrap_err();
        assert!(matches!(error, GitError::RemoteUnreadable { cause: PushCause::Unreachable, .. }), "{error}");
    }
}
