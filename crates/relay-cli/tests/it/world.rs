//! A repository on disk, and the binary run in it with an environment of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use regex::Regex;
use tempfile::TempDir;

/// A repository in a folder that goes away with the value.
pub(crate) struct Repo {
    folder: TempDir,
}

/// How one run ended.
#[must_use]
pub(crate) struct Run {
    line: String,
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Repo {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::with_prefix("repo-").unwrap() }
    }

    /// A pnpm workspace over `packages/*` without packages.
    pub(crate) fn pnpm() -> Self {
        Self::new()
            .file("package.json", r#"{"name":"repo","private":true,"packageManager":"pnpm@10.0.0"}"#)
            .file("pnpm-workspace.yaml", "packages:\n  - packages/*\n")
    }

    /// Writes a file, with its folders.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A package in `packages/`, with one file of its own; `rest` are further fields of its manifest.
    pub(crate) fn package(self, name: &str, version: &str, rest: &str) -> Self {
        let folder = name.rsplit('/').next().unwrap();
        let rest = if rest.is_empty() { String::new() } else { format!(",{rest}") };
        let manifest = format!("{{\"name\":\"{name}\",\"version\":\"{version}\"{rest}}}\n");
        let index = format!("packages/{folder}/index.js");
        self.file(&format!("packages/{folder}/package.json"), &manifest).file(&index, "module.exports = 1\n")
    }

    /// The registry of the repository's `.npmrc`, with a token for it where there is one to write.
    pub(crate) fn registry(self, address: &str, token: Option<&str>) -> Self {
        let host = address.trim_start_matches("http:");
        let token = token.map(|token| format!("{host}:_authToken={token}\n")).unwrap_or_default();
        self.file(".npmrc", &format!("registry={address}\n{token}"))
    }

    /// Makes it a git repository on the branch `main`, with all that is there in one commit.
    pub(crate) fn committed(self) -> Self {
        self.git("init --quiet --initial-branch=main");
        self.git("config user.name Tester");
        self.git("config user.email tester@registry.example");
        self.git("add --all");
        self.git("commit --quiet --message=all");
        self
    }

    /// Runs `git`, the line split at white space, with nobody's configuration; gives what it prints.
    pub(crate) fn git(&self, line: &str) -> String {
        let output = Command::new("git")
            .args(line.split_whitespace())
            .current_dir(self.root())
            .env("HOME", self.root().join("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Every file with its bytes, and every ref: what a command that fails must leave as it was.
    pub(crate) fn everything(&self) -> BTreeMap<Utf8PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.root()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir_utf8().unwrap() {
                let path = entry.unwrap().into_path();
                match path.symlink_metadata().unwrap() {
                    _ if path.file_name() == Some(".git") => {
                        found.insert(path, self.git("for-each-ref").into_bytes());
                    }
                    data if data.is_dir() => folders.push(path),
                    _ => {
                        let bytes = fs::read(&path).unwrap_or_default();
                        found.insert(path, bytes);
                    }
                }
            }
        }
        found
    }

    /// Runs each command, which must end with exit 1, all with the same message, and leave everything as it was; gives the
    /// lines and the message.
    #[track_caller]
    pub(crate) fn refused_by(&self, lines: &[&str]) -> String {
        let before = self.everything();
        let mut messages: Vec<String> = Vec::new();
        for line in lines {
            let run = self.relay(line);
            assert_eq!(run.exit, 1, "{}", run.session());
            assert_eq!(run.stdout, "", "{line}");
            assert!(self.everything() == before, "{line} changed something: {}", run.session());
            messages.push(run.error());
        }
        let listed = format!("$ relay {}\n", lines.join("\n$ relay "));
        assert!(messages.windows(2).all(|pair| pair[0] == pair[1]), "{listed}{messages:#?}");
        format!("{listed}exit 1\n{}", messages.remove(0))
    }

    /// The repository's folder.
    pub(crate) fn root(&self) -> Utf8PathBuf {
        let path = self.folder.path().canonicalize().unwrap();
        Utf8PathBuf::from_path_buf(path).unwrap()
    }

    /// Runs `relay` in the repository, the line split at white space.
    pub(crate) fn relay(&self, line: &str) -> Run {
        self.relay_in("", line)
    }

    /// Runs `relay` in a folder of the repository.
    pub(crate) fn relay_in(&self, folder: &str, line: &str) -> Run {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        self.run(folder, &arguments, "")
    }

    /// Runs `relay` with further variables in its environment.
    pub(crate) fn relay_as(&self, variables: &[(&str, &str)], line: &str) -> Run {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.command("");
        command.envs(variables.iter().copied());
        self.run_command(command, &arguments, "")
    }

    /// Runs `relay` with a text on stdin.
    pub(crate) fn relay_with_input(&self, line: &str, input: &str) -> Run {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        self.run("", &arguments, input)
    }

    /// The command in a folder, with nothing of the surrounding environment but `PATH`, and a token in `WORLD_TOKEN`.
    pub(crate) fn command(&self, folder: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("relay"));
        command
            .current_dir(self.root().join(folder))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.root().join("home"))
            .env("WORLD_TOKEN", "secret")
            .env("COLUMNS", "100");
        command
    }

    fn run(&self, folder: &str, arguments: &[&str], input: &str) -> Run {
        self.run_command(self.command(folder), arguments, input)
    }

    fn run_command(&self, mut command: Command, arguments: &[&str], input: &str) -> Run {
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that does not read its input closes the pipe early.
        let _closed = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Run {
            line: format!("relay {}", arguments.join(" ")),
            exit: output.status.code().unwrap(),
            stdout: self.filtered(&output.stdout),
            stderr: self.filtered(&output.stderr),
        }
    }

    /// What varies from run to run is replaced.
    fn filtered(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = text.replace(self.root().as_str(), "[ROOT]");
        let filters = [
            (r"sha512-[A-Za-z0-9+/]{86}==", "[INTEGRITY]"),
            (r"\b[0-9a-f]{40}\b", "[SHASUM]"),
            (r"127\.0\.0\.1:\d+", "[REGISTRY]"),
        ];
        filters
            .iter()
            .fold(text, |text, (pattern, name)| Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned())
    }

    /// The names of the files in a folder, sorted.
    pub(crate) fn names_in(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root().join(folder)) else { return Vec::new() };
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A file's text.
    pub(crate) fn read(&self, path: impl AsRef<Utf8Path>) -> String {
        fs::read_to_string(self.root().join(path.as_ref())).unwrap()
    }
}

impl Run {
    /// What stderr says from the error on.
    pub(crate) fn error(&self) -> String {
        let start =
            if self.stderr.starts_with("error: ") { Some(0) } else { self.stderr.find("\nerror: ").map(|at| at + 1) };
        start.map(|at| self.stderr[at..].to_owned()).unwrap_or_default()
    }

    /// All of it as one text, for a snapshot.
    pub(crate) fn session(&self) -> String {
        let part = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!("--- {name}\n{text}") };
        let (out, err) = (part("stdout", &self.stdout), part("stderr", &self.stderr));
        format!("$ {}\nexit {}\n{out}{err}", self.line, self.exit)
    }
}
