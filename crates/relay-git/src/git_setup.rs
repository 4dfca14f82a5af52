//! What decides which programs git starts in a clone: its own settings (`core.sshCommand`, `credential.helper`, a remote's
//! address) and its hooks. A script that writes them has its own program run by whoever pushes next, outside of any fence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git2::{ConfigLevel, ObjectType, Oid};

use crate::error::GitError;
use crate::repository::Repository;

/// How many hooks are looked at; a folder with more is compared by these.
const HOOKS_MAX: usize = 1_000;

/// The settings and hooks of a clone at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitSetup {
    /// What stands where: a key or a hook, as people know it, and a digest of it.
    parts: BTreeMap<String, Vec<String>>,
}

impl GitSetup {
    /// What is not as it was: such as ``git's setting `core.sshcommand` `` and ``git's hook `pre-push` ``.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut different: Vec<String> = self
            .parts
            .iter()
            .filter(|(name, was)| now.parts.get(*name) != Some(was))
            .chain(now.parts.iter().filter(|(name, _)| !self.parts.contains_key(*name)))
            .map(|(name, _)| name.clone())
            .collect();
        different.sort();
        different
    }
}

impl Repository {
    /// The settings of this clone (not those of the person or the system) with what they include, and its hooks. It is read
    /// from the disk, whatever was read before.
    ///
    /// # Errors
    /// [`GitError`] where the settings can't be read.
    pub fn git_setup(&self) -> Result<GitSetup, GitError> {
        let doing = "read git's settings";
        let read = || -> Result<BTreeMap<String, Vec<String>>, git2::Error> {
            let fresh = git2::Repository::open(self.git.path())?;
            let config = fresh.config()?.snapshot()?;
            let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
            let mut entries = config.entries(None)?;
            while let Some(entry) = entries.next() {
                let entry = entry?;
                if matches!(entry.level(), ConfigLevel::Local | ConfigLevel::Worktree) {
                    let key = String::from_utf8_lossy(entry.name_bytes()).into_owned();
                    let value = if entry.has_value() { Some(entry.value_bytes()) } else { None };
                    parts.entry(format!("git's setting `{key}`")).or_default().push(format!("{value:?}"));
                }
            }
            Ok(parts)
        };
        let mut parts = read().map_err(GitError::doing(doing))?;
        for (name, digest) in hooks(&self.hooks_folder()) {
            parts.entry(format!("git's hook `{name}`")).or_default().push(digest);
        }
        Ok(GitSetup { parts })
    }

    fn hooks_folder(&self) -> PathBuf {
        match self.path_setting("core.hooksPath") {
            Some(folder) => self.workdir().as_std_path().join(folder),
            None => self.git.commondir().join("hooks"),
        }
    }
}

/// The hooks of a folder that git would start, each with a digest. One that isn't executable counts too: a script can make it so.
fn hooks(folder: &Path) -> Vec<(String, String)> {
    let Ok(listed) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = listed
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .filter(|(name, path)| !name.ends_with(".sample") && path.is_file())
        .collect();
    found.sort();
    found.truncate(HOOKS_MAX);
    let digest = |path: &Path| match std::fs::read(path) {
        Ok(bytes) => {
            let digest = Oid::hash_object(ObjectType::Blob, &bytes).map(|id| id.to_string()).unwrap_or_default();
            format!("{digest}{}", if is_executable(path) { " executable" } else { "" })
        }
        Err(error) => error.to_string(),
    };
    found.into_iter().map(|(name, path)| (name, digest(&path))).collect()
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use crate::testing::TestRepo;

    fn repo() -> TestRepo {
        let repo = TestRepo::new();
        repo.write("a", "1").commit("start");
        repo
    }

    /// What is different after something was done, the repository having been open all the time.
    fn different(repo: &TestRepo, does: impl FnOnce()) -> Vec<String> {
        let before = repo.relay.git_setup().unwrap();
        does();
        before.differences(&repo.relay.git_setup().unwrap())
    }

    #[test]
    fn work_in_the_clone_changes_nothing() {
        let repo = repo();
        let work = || {
            repo.write("a", "2").commit("more");
            repo.git(&["tag", "v1"]);
            repo.write(".git/hooks/pre-push.sample", "# an example");
        };
        assert_eq!(different(&repo, work), [""; 0]);
        // As a tool does that puts itself in place each time it runs.
        repo.git(&["config", "core.hooksPath", ".hooks"]);
        repo.write(".hooks/pre-push", "true");
        let again = || {
            repo.git(&["config", "core.hooksPath", ".hooks"]);
            repo.write(".hooks/pre-push", "true");
        };
        assert_eq!(different(&repo, again), [""; 0]);
    }

    #[test]
    fn what_git_would_run_is_named_when_it_changes() {
        let repo = repo();
        let hook = || {
            repo.write(".git/hooks/pre-push", "true");
        };
        assert_eq!(different(&repo, hook), ["git's hook `pre-push`"]);
        let gone = || std::fs::remove_file(repo.root.join(".git/hooks/pre-push")).unwrap();
        assert_eq!(different(&repo, gone), ["git's hook `pre-push`"]);
        let set = || drop(repo.git(&["config", "core.sshCommand", "ssh -v"]));
        assert_eq!(different(&repo, set), ["git's setting `core.sshcommand`"]);
        let second = || drop(repo.git(&["config", "--add", "core.sshCommand", "ssh -vv"]));
        assert_eq!(different(&repo, second), ["git's setting `core.sshcommand`"]);
        let included = || {
            repo.write(".shared-settings", "[credential]\n\thelper = store\n");
            repo.git(&["config", "include.path", "../.shared-settings"]);
        };
        assert_eq!(different(&repo, included), ["git's setting `credential.helper`", "git's setting `include.path`"]);
        let inside = || {
            repo.write(".shared-settings", "[credential]\n\thelper = cache\n");
        };
        assert_eq!(different(&repo, inside), ["git's setting `credential.helper`"]);
        let elsewhere = || {
            repo.write(".hooks/pre-push", "true");
            repo.git(&["config", "core.hooksPath", ".hooks"]);
        };
        assert_eq!(different(&repo, elsewhere), ["git's hook `pre-push`", "git's setting `core.hookspath`"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_hook_that_becomes_executable_has_changed() {
        use std::os::unix::fs::PermissionsExt as _;
        let repo = repo();
        repo.write(".git/hooks/pre-push", "true");
        let path = repo.root.join(".git/hooks/pre-push");
        let make = || std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(different(&repo, make), ["git's hook `pre-push`"]);
    }
}
