//! A repository on disk, and the binary run in it with an environment of its own.

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

    /// Runs `relay` with a text on stdin.
    pub(crate) fn relay_with_input(&self, line: &str, input: &str) -> Run {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        self.run("", &arguments, input)
    }

    /// The command in a folder, with nothing of the surrounding environment but `PATH`.
    pub(crate) fn command(&self, folder: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("relay"));
        command
            .current_dir(self.root().join(folder))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.root().join("home"))
            .env("COLUMNS", "100");
        command
    }

    fn run(&self, folder: &str, arguments: &[&str], input: &str) -> Run {
        let mut command = self.command(folder);
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
        let filters = [(r"sha512-[A-Za-z0-9+/]{86}==", "[INTEGRITY]"), (r"\b[0-9a-f]{40}\b", "[SHASUM]")];
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
    /// All of it as one text, for a snapshot.
    pub(crate) fn session(&self) -> String {
        let part = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!("--- {name}\n{text}") };
        let (out, err) = (part("stdout", &self.stdout), part("stderr", &self.stderr));
        format!("$ {}\nexit {}\n{out}{err}", self.line, self.exit)
    }
}
