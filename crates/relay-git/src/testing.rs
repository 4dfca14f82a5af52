//! Worlds for tests: repositories in temporary folders, made through libgit2 and looked at with the real git program.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use crate::repository::Repository;

/// What a test does between writing and reading back.
pub(crate) type Harm = Box<dyn Fn(crate::read_back::Written)>;

/// A repository in a temporary folder, with an identity and a clock that ticks once a commit.
pub(crate) struct TestRepo {
    _folder: TempDir,
    pub(crate) root: Utf8PathBuf,
    pub(crate) relay: Repository,
    ticks: std::cell::Cell<i64>,
}

/// The canonical path of a temporary folder.
pub(crate) fn path_of(folder: &TempDir) -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap()
}

/// Runs the real git and gives its stdout; fails the test when git fails.
#[track_caller]
pub(crate) fn git(folder: &Utf8Path, arguments: &[&str]) -> String {
    let output = git_command(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// The real git with nothing of the person's configuration.
pub(crate) fn git_command(folder: &Utf8Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("LC_ALL", "C");
    command
}

impl TestRepo {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = path_of(&folder);
        Repository::init(&root).unwrap();
        Self::opened(folder, root)
    }

    /// A repository that is there, given an identity.
    fn opened(folder: TempDir, root: Utf8PathBuf) -> Self {
        let relay = Repository::discover(&root).unwrap();
        let mut config = relay.git.config().unwrap();
        for (key, value) in [
            ("user.name", "Maintainer"),
            ("user.email", "maintainer@acme.example"),
            ("commit.gpgsign", "false"),
            ("tag.gpgsign", "false"),
        ] {
            config.set_str(key, value).unwrap();
        }
        Self { _folder: folder, root, relay, ticks: std::cell::Cell::new(0) }
    }

    /// The repository as another run opens it.
    pub(crate) fn reopened(&self) -> Repository {
        Repository::discover(&self.root).unwrap()
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Writes the manifest of a package.
    pub(crate) fn package(&self, folder: &str, version: &str) -> &Self {
        let path = if folder.is_empty() { "package.json".to_owned() } else { format!("{folder}/package.json") };
        self.write(&path, &format!("{{\"name\": \"x\", \"version\": \"{version}\"}}\n"))
    }

    pub(crate) fn remove(&self, path: &str) -> &Self {
        std::fs::remove_file(self.root.join(path)).unwrap();
        self
    }

    /// Commits everything on disk, a minute after the last commit, and gives the id.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.commit_at(message, self.ticks.get() * 60)
    }

    /// The same at a time of one's own, in seconds after the clock's start.
    pub(crate) fn commit_at(&self, message: &str, seconds: i64) -> String {
        self.ticks.set(self.ticks.get() + 1);
        let mut index = self.relay.git.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::FORCE, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        let tree = self.relay.git.find_tree(index.write_tree().unwrap()).unwrap();
        let parents: Vec<git2::Commit<'_>> =
            self.relay.git.head().and_then(|head| head.peel_to_commit()).into_iter().collect();
        let who =
            git2::Signature::new("Maintainer", "maintainer@acme.example", &git2::Time::new(1_700_000_000 + seconds, 0))
                .unwrap();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        self.relay.git.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap().to_string()
    }

    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.root, arguments)
    }

    /// What git's own status says.
    pub(crate) fn status(&self) -> String {
        self.git(&["status", "--porcelain"])
    }
}

/// A bare remote in a temporary folder.
pub(crate) struct TestRemote {
    _folder: TempDir,
    pub(crate) path: Utf8PathBuf,
}

impl TestRemote {
    /// One with a commit on `main`.
    pub(crate) fn new() -> Self {
        let first = TestRepo::new();
        let remote = Self::origin_of(&first);
        first.write("a", "1").commit("start");
        first.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
        remote
    }

    /// An empty one, as the `origin` of a repository.
    pub(crate) fn origin_of(repo: &TestRepo) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(&folder).join("remote.git");
        git(&repo.root, &["init", "-q", "--bare", "-b", "main", path.as_str()]);
        repo.git(&["remote", "add", "origin", path.as_str()]);
        Self { _folder: folder, path }
    }

    /// A clone with this remote as its `origin`.
    pub(crate) fn clone(&self) -> TestRepo {
        self.clone_with(&[])
    }

    /// The same with options of `git clone`, such as `--depth=1`.
    pub(crate) fn clone_with(&self, options: &[&str]) -> TestRepo {
        let folder = tempfile::tempdir().unwrap();
        let root = path_of(&folder).join("clone");
        let url = format!("file://{}", self.path);
        git(&self.path, &[&["clone", "-q"], options, &[&url, root.as_str()]].concat());
        TestRepo::opened(folder, root)
    }

    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.path, arguments)
    }

    /// Gives the remote a hook.
    #[cfg(unix)]
    pub(crate) fn hook(&self, name: &str, script: &str) {
        write_program(&self.path.join("hooks").join(name), script);
    }
}

/// Writes a file that can be run.
#[cfg(unix)]
pub(crate) fn write_program(path: &Utf8Path, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
