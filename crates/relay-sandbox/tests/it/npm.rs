//! The real npm client, shut off from everything but one sandbox.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// No npm command of these tests takes nearly as long.
const PATIENCE: Duration = Duration::from_mins(1);

/// An npm client with a home, a configuration and a cache of its own.
pub(crate) struct Npm {
    home: TempDir,
    registry: String,
}

/// How a run of npm ended.
pub(crate) struct Run {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run of npm in a terminal.
pub(crate) struct Terminal {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    seen: String,
    read_to: usize,
}

impl Npm {
    pub(crate) fn new(registry: &str) -> Self {
        let home = TempDir::new().expect("a folder for npm");
        std::fs::create_dir(home.path().join("work")).expect("a folder to work in");
        Self { home, registry: registry.to_owned() }
    }

    /// Makes npm send a token to its registry.
    pub(crate) fn use_token(&self, token: &str) {
        let key = self.registry.trim_start_matches("http:");
        self.write("../.npmrc", &format!("{key}:_authToken={token}\n"));
    }

    /// The token npm has now.
    pub(crate) fn token(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.home.path().join(".npmrc")).ok()?;
        let line = text.lines().find(|line| line.contains(":_authToken="))?;
        Some(line.split_once('=')?.1.trim_matches('"').to_owned())
    }

    /// A folder below the one npm works in, with a package in it.
    pub(crate) fn package(&self, manifest: &serde_json::Value) -> PathBuf {
        let name = manifest["name"].as_str().expect("a name");
        let folder = name.replace(['@', '/'], "_");
        self.write(&format!("{folder}/package.json"), &manifest.to_string());
        self.write(&format!("{folder}/index.js"), &format!("module.exports = {:?};\n", manifest["version"]));
        self.write(&format!("{folder}/README.md"), &format!("# {name}\n"));
        self.folder().join(folder)
    }

    /// The folder npm works in.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join("work")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("the folder is made");
        std::fs::write(path, text).expect("the file is written");
    }

    /// Runs npm without a terminal.
    pub(crate) async fn run(&self, folder: &Path, arguments: &[&str]) -> Run {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        self.confine(&mut command);
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("npm {arguments:?} does not end")).expect("npm is on the path");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run { success: output.status.success(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs npm, or another npm client by its script, with more in its environment.
    pub(crate) async fn run_with(
        &self,
        script: Option<&str>,
        folder: &Path,
        words: &[&str],
        more: &[(&str, &str)],
    ) -> Run {
        let mut command = match script {
            Some(script) => {
                let mut command = Command::new("node");
                command.arg(script);
                command
            }
            None => Command::new("npm"),
        };
        command.args(words).current_dir(folder).stdin(Stdio::null());
        self.confine(&mut command);
        command.envs(more.iter().copied());
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("npm {words:?} does not end")).expect("npm is on the path");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run { success: output.status.success(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs another client, or another npm, as this one would be run. The first words are the program.
    pub(crate) async fn other(&self, words: &[&str]) -> Run {
        self.other_in(&self.folder(), words).await
    }

    /// The same, in another folder.
    pub(crate) async fn other_in(&self, folder: &Path, words: &[&str]) -> Run {
        let (program, arguments) = words.split_first().expect("a program");
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        self.confine(&mut command);
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("{words:?} does not end")).expect("it is in tests/tools");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run { success: output.status.success(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs npm in the folder it works in.
    pub(crate) async fn npm(&self, arguments: &[&str]) -> Run {
        self.run(&self.folder(), arguments).await
    }

    /// Starts npm in a terminal, which is what makes it ask and poll.
    pub(crate) fn in_terminal(&self, folder: &Path, arguments: &[&str]) -> Terminal {
        let line = std::iter::once("npm").chain(arguments.iter().copied()).map(|word| format!("'{word}'"));
        let mut command = Command::new("script");
        command.args(["-qec", &line.collect::<Vec<_>>().join(" "), "/dev/null"]).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        self.confine(&mut command);
        let mut child = command.spawn().expect("`script` of util-linux is on the path");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        Terminal { child, stdin, stdout, seen: String::new(), read_to: 0 }
    }

    fn confine(&self, command: &mut Command) {
        let home = self.home.path();
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("SHELL", "/bin/sh")
            .env("TERM", "dumb")
            .env("NO_COLOR", "1")
            .env("npm_config_userconfig", home.join(".npmrc"))
            .env("npm_config_globalconfig", home.join("global.npmrc"))
            .env("npm_config_cache", home.join("cache"))
            .env("npm_config_registry", &self.registry)
            .env("npm_config_audit", "false")
            .env("npm_config_fund", "false")
            .env("npm_config_update_notifier", "false")
            .env("npm_config_fetch_retries", "0")
            .env("npm_config_browser", "false")
            .env("npm_config_progress", "false");
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeded(&self) -> &Self {
        assert!(self.success, "npm failed:\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The run failed, and its messages contain all of these.
    #[track_caller]
    pub(crate) fn failed_with(&self, texts: &[&str]) -> &Self {
        assert!(!self.success, "npm went through:\n{}\n{}", self.stdout, self.stderr);
        for text in texts {
            assert!(self.stderr.contains(text), "npm does not say `{text}`:\n{}", self.stderr);
        }
        self
    }

    #[track_caller]
    pub(crate) fn printed(&self, text: &str) -> &Self {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        assert!(all.contains(text), "npm does not say `{text}`:\n{all}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        self.succeeded();
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

impl Terminal {
    /// Reads until the terminal shows a text after what was waited for before.
    pub(crate) async fn wait_for(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        loop {
            if let Some(at) = self.seen[self.read_to..].find(text) {
                self.read_to += at + text.len();
                return;
            }
            let read = tokio::time::timeout(PATIENCE, self.stdout.read(&mut buffer)).await;
            let read = read.unwrap_or_else(|_| panic!("`{text}` does not come:\n{}", self.seen)).expect("a terminal");
            assert!(read > 0, "npm ended without `{text}`:\n{}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    }

    /// Reads to the end of a line, and hands it back.
    pub(crate) async fn rest_of_line(&mut self) -> String {
        let start = self.read_to;
        self.wait_for("\n").await;
        self.seen[start..self.read_to].trim().to_owned()
    }

    pub(crate) async fn type_line(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.expect("the terminal takes it");
        self.stdin.flush().await.expect("the terminal takes it");
    }

    /// Waits for npm's end, and hands back all that was on the screen.
    pub(crate) async fn end(mut self) -> Run {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.stdout.read_to_end(&mut rest)).await;
        read.unwrap_or_else(|_| panic!("npm does not end:\n{}", self.seen)).expect("a terminal");
        self.seen.push_str(&String::from_utf8_lossy(&rest));
        drop(self.stdin);
        let status = self.child.wait().await.expect("npm ends");
        Run { success: status.success(), stdout: self.seen.clone(), stderr: self.seen }
    }
}
