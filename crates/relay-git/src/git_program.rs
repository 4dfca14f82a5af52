//! Runs the `git` program: no shell, no prompt, no registry credentials in its environment, bounded in time and output.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use relay_values::{Printable, is_registry_credential_name};

use crate::error::GitError;
use crate::repository::Repository;

/// A push of a large release over a slow line takes minutes; what takes longer waits for something that won't come.
const RUN_SECONDS_MAX: u64 = 900;
/// What is kept of git's stdout and of its stderr.
const STREAM_BYTES_MAX: [usize; 2] = [64 << 20, 64 << 10];
/// What of its words is shown to a person.
const SHOWN_LINES_MAX: usize = 24;
const SHOWN_CHARS_MAX: usize = 3_000;

/// Variables of git's own that would send it to another repository, as when relay is started by a hook.
const REDIRECTING_VARIABLES: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// git ended with an error; its cleaned words.
pub(crate) enum RunError {
    Failed { text: String },
    NotRun(GitError),
}

impl Repository {
    /// Runs git in the working folder, feeds it `input`, and gives its stdout.
    pub(crate) fn run_git(&self, doing: &str, arguments: &[&str], input: &str) -> Result<String, GitError> {
        self.try_git(doing, arguments, input).map_err(|error| match error {
            RunError::Failed { text } => GitError::ProgramFailed { doing: doing.to_owned(), text },
            RunError::NotRun(error) => error,
        })
    }

    /// The same, with a failure of git itself apart from the others.
    pub(crate) fn try_git(&self, doing: &str, arguments: &[&str], input: &str) -> Result<String, RunError> {
        let mut command = self.program().command();
        command.args(arguments);
        run(command, doing, input.as_bytes().to_vec())
    }

    /// The same, with how it ended and what it printed before.
    pub(crate) fn end_git(&self, doing: &str, arguments: &[&str], input: &str) -> Result<Ended, GitError> {
        let mut command = self.program().command();
        command.args(arguments);
        run_to_the_end(command, doing, input.as_bytes().to_vec())
    }

    /// How git is run in this repository.
    pub(crate) fn program(&self) -> GitProgram {
        GitProgram {
            workdir: self.workdir().to_owned(),
            named: self.named_by_environment.then(|| self.git.path().to_owned()),
            hidden: self.hidden_from_git.clone(),
        }
    }
}

/// How git is run in a repository, apart from that, for other threads.
#[derive(Debug, Clone)]
pub(crate) struct GitProgram {
    workdir: Utf8PathBuf,
    /// The repository where the environment names it.
    named: Option<PathBuf>,
    hidden: Vec<String>,
}

impl GitProgram {
    /// git in a folder of which nothing is known yet.
    pub(crate) fn in_folder(folder: &Utf8Path) -> Self {
        Self { workdir: folder.to_owned(), named: None, hidden: Vec::new() }
    }

    /// git in the working folder, without arguments yet.
    #[expect(clippy::disallowed_methods, reason = "what a script runner made up is hidden from git")]
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.workdir);
        command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        for variable in REDIRECTING_VARIABLES {
            command.env_remove(variable);
        }
        if let Some(git_dir) = &self.named {
            command.env("GIT_DIR", git_dir).env("GIT_WORK_TREE", &self.workdir);
        }
        for (name, _) in std::env::vars_os() {
            let hidden = name.to_str().is_some_and(|name| self.hidden.iter().any(|hidden| hidden == name));
            if hidden || name.to_str().is_some_and(is_registry_credential_name) {
                command.env_remove(&name);
            }
        }
        command
    }
}

/// How a run of git ended.
pub(crate) struct Ended {
    /// Whether git says that it did what it was asked.
    pub(crate) success: bool,
    /// All of its stdout.
    pub(crate) stdout: String,
    /// Its cleaned stderr; where it said nothing, how it ended.
    pub(crate) text: String,
}

/// Runs a command that is set up, feeds it `input`, and gives its stdout.
pub(crate) fn run(command: Command, doing: &str, input: Vec<u8>) -> Result<String, RunError> {
    let ended = run_to_the_end(command, doing, input).map_err(RunError::NotRun)?;
    if ended.success { Ok(ended.stdout) } else { Err(RunError::Failed { text: ended.text }) }
}

/// The same, with what git printed before it failed.
#[expect(clippy::disallowed_methods, reason = "git must not run for ever")]
pub(crate) fn run_to_the_end(mut command: Command, doing: &str, input: Vec<u8>) -> Result<Ended, GitError> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed_to_run = |error: std::io::Error| {
        let doing = doing.to_owned();
        match error.kind() {
            std::io::ErrorKind::NotFound => GitError::ProgramMissing { doing },
            _ => GitError::ProgramFailed { doing, text: format!("it can't be run: {error}") },
        }
    };
    let mut child = command.spawn().map_err(failed_to_run)?;
    let (sender, results) = channel();
    if let Some(mut stdin) = child.stdin.take() {
        // git may end without reading it all, which its exit code tells.
        std::thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
    }
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| -> Box<dyn Read + Send> { Box::new(stream) }),
        child.stderr.take().map(|stream| -> Box<dyn Read + Send> { Box::new(stream) }),
    ];
    for (which, (stream, bytes_max)) in streams.into_iter().zip(STREAM_BYTES_MAX).enumerate() {
        let (Some(stream), sender) = (stream, sender.clone()) else { continue };
        std::thread::spawn(move || {
            let _ = sender.send((which, read_bounded(stream, bytes_max)));
        });
    }
    drop(sender);
    let deadline = Instant::now() + Duration::from_secs(RUN_SECONDS_MAX);
    let mut output = [Vec::new(), Vec::new()];
    loop {
        match results.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((which, bytes)) => {
                if let Some(slot) = output.get_mut(which) {
                    *slot = bytes;
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                // It may have ended just now, and then there is nothing to stop.
                let _ = child.kill();
                let _ = child.wait();
                return Err(GitError::ProgramTimedOut { doing: doing.to_owned(), seconds: RUN_SECONDS_MAX });
            }
        }
    }
    let status = child.wait().map_err(failed_to_run)?;
    let [stdout, stderr] = output;
    let [stdout_max, _] = STREAM_BYTES_MAX;
    if stdout.len() >= stdout_max {
        // A listing that is cut off would be taken for all there is.
        let text = format!("more than {} MiB, which relay doesn't take", stdout_max >> 20);
        return Err(GitError::ProgramFailed { doing: doing.to_owned(), text });
    }
    let text = clean(&String::from_utf8_lossy(&stderr));
    let text = if text.is_empty() { format!("nothing, but ended with {status}") } else { text };
    Ok(Ended { success: status.success(), stdout: String::from_utf8_lossy(&stdout).into_owned(), text })
}

/// Reads to the end, so that git is not blocked, and keeps the first part.
fn read_bounded(mut stream: impl Read, bytes_max: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut block = [0_u8; 4096];
    loop {
        match stream.read(&mut block) {
            Ok(0) => return kept,
            Ok(count) => {
                let room = bytes_max.saturating_sub(kept.len()).min(count);
                kept.extend_from_slice(block.get(..room).unwrap_or_default());
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return kept,
        }
    }
}

/// git's words without control characters, hints and credentials in addresses, and not too many of them.
pub(crate) fn clean(text: &str) -> String {
    let lines: Vec<String> = Printable::speech(text)
        .as_str()
        .lines()
        .map(|line| without_userinfo(&line.replace('\t', " ")).trim_end().to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with("hint:") && line != "remote:")
        .collect();
    let first = lines.len().saturating_sub(SHOWN_LINES_MAX);
    let text = lines.get(first..).unwrap_or_default().join("\n");
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Takes `user:password@` out of addresses.
fn without_userinfo(line: &str) -> String {
    let mut cleaned = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        cleaned.push_str(before);
        cleaned.push_str("://");
        let host_end =
            after.find(|char: char| char.is_whitespace() || matches!(char, '/' | '\'' | '"')).unwrap_or(after.len());
        let at = after.get(..host_end).and_then(|host| host.rfind('@'));
        rest = match at {
            Some(at) => after.get(at + 1..).unwrap_or_default(),
            None => after,
        };
    }
    cleaned.push_str(rest);
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, cleaned: &str) {
        assert_eq!(clean(text), cleaned);
    }

    #[test]
    fn cleans_what_git_says() {
        check("error: \u{1b}[31mfailed\u{1b}[m to push\nhint: try again\nremote: \n", "error: failed to push");
        check(
            "fatal: unable to access 'https://bot:s3cret@git.example/a@b.git/': no",
            "fatal: unable to access 'https://git.example/a@b.git/': no",
        );
        check("a https://x@y b ssh://git@h/p", "a https://y b ssh://h/p");
    }

    #[test]
    fn shows_the_end_of_many_words() {
        let text = clean(&"a line of words that goes on and on\n".repeat(10_000));
        assert!(text.lines().count() <= SHOWN_LINES_MAX);
        assert!(clean(&"x".repeat(100_000)).chars().count() <= SHOWN_CHARS_MAX + 1);
    }
}
