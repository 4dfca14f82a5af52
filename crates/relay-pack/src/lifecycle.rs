//! Runs a package's scripts around packing and publishing, with no credential in reach.
//!
//! The environment of a script is the caller's, scrubbed ([`environment`]), with what npm sets for its scripts. Which
//! events there are and in which order: [`before_tarball`], [`after_tarball`], [`after_upload`]. Facts read in npm
//! 11.19: `lib/commands/publish.js`, libnpmpack, pacote's `dir.js`, `@npmcli/run-script`.

pub mod environment;
mod process;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use relay_workspace::{PackageManager, PackageName, Version};

/// How long a script may take unless the caller says otherwise. Builds of large packages take minutes.
pub const SCRIPT_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// How much of a script's output is kept: its end, in bytes.
pub const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// How many lines of output an error shows.
const ERROR_LINES_MAX: usize = 20;

/// On what occasion a package is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Only to have the tarball.
    Pack,
    /// To publish it.
    Publish,
}

/// The events before the tarball is made, in order.
pub fn before_tarball(occasion: Occasion) -> &'static [&'static str] {
    match occasion {
        Occasion::Pack => &["prepack", "prepare"],
        Occasion::Publish => &["prepublishOnly", "prepack", "prepare"],
    }
}

/// The events after the tarball is made and before anything is uploaded.
pub fn after_tarball() -> &'static [&'static str] {
    &["postpack"]
}

/// The events after the upload, in order.
pub fn after_upload() -> &'static [&'static str] {
    &["publish", "postpublish"]
}

/// A script to run.
#[derive(Debug, Clone)]
pub struct ScriptRequest<'a> {
    /// The package's folder, absolute; the script runs in it.
    pub folder: &'a Utf8Path,
    /// The event, such as `prepack`.
    pub event: &'a str,
    /// The command line.
    pub command: &'a str,
    /// The package's name.
    pub package: &'a PackageName,
    /// The package's version, where it has one.
    pub version: Option<&'a Version>,
    /// The package manager whose scripts these are.
    pub manager: PackageManager,
    /// The workspace's root, absolute.
    pub root: &'a Utf8Path,
    /// The environment to start from; it is scrubbed. Usually that of the process.
    pub environment: &'a BTreeMap<OsString, OsString>,
    /// Variables that are known to hold credentials, whatever their names look like.
    pub credential_names: &'a [String],
    /// Variables that are set as they are.
    pub extra_environment: &'a BTreeMap<String, String>,
    /// How long it may take: [`SCRIPT_TIMEOUT`] is a good choice.
    pub timeout: Duration,
}

/// A script that ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptOutcome {
    /// The end of what it printed, both channels together, at most [`OUTPUT_BYTES_MAX`].
    pub output: String,
    /// Whether more was printed than was kept.
    pub cut: bool,
}

/// A script that didn't.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It ended with another exit code than zero, or by a signal.
    #[error(
        "the script `{event}` of `{package}` ended with {ending}: `{command}`{}; run it in `{folder}` to see more, \
         or use `--ignore-scripts` if it is not needed",
        quoted(output)
    )]
    Failed {
        /// The package.
        package: PackageName,
        /// The event.
        event: String,
        /// The command line.
        command: String,
        /// Where it ran.
        folder: Utf8PathBuf,
        /// The exit code, where there is one.
        code: Option<i32>,
        /// The ending in words: `exit code 1`.
        ending: String,
        /// Its last lines.
        output: String,
    },
    /// It took too long and was ended.
    #[error(
        "the script `{event}` of `{package}` took longer than {} s and was ended: `{command}`{}; \
         allow it more time or find out what it waits for",
        timeout.as_secs(),
        quoted(output)
    )]
    TimedOut {
        /// The package.
        package: PackageName,
        /// The event.
        event: String,
        /// The command line.
        command: String,
        /// The time it had.
        timeout: Duration,
        /// Its last lines.
        output: String,
    },
    /// It could not be started.
    #[error(
        "the script `{event}` of `{package}` can't be started in `{folder}`: {source}; check that the folder and a shell are there"
    )]
    NotStarted {
        /// The package.
        package: PackageName,
        /// The event.
        event: String,
        /// Where it should run.
        folder: Utf8PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

fn quoted(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!("\n  | {}\n", output.replace('\n', "\n  | ")) }
}

/// Runs a script and waits for it.
///
/// # Errors
/// [`ScriptError`] naming package, event and the last lines of output.
pub fn run(request: &ScriptRequest) -> Result<ScriptOutcome, ScriptError> {
    let variables = environment::of_script(request);
    let (package, event, command) = (request.package.clone(), request.event.to_owned(), request.command.to_owned());
    let folder = request.folder.to_owned();
    let ended = match process::run(request.command, request.folder, &variables, request.timeout) {
        Ok(ended) => ended,
        Err(source) => return Err(ScriptError::NotStarted { package, event, folder, source }),
    };
    match ended.status {
        Some(status) if status.success() => Ok(ScriptOutcome { output: ended.output, cut: ended.cut }),
        Some(status) => Err(ScriptError::Failed {
            package,
            event,
            command,
            folder,
            code: status.code(),
            ending: match status.code() {
                Some(code) => format!("exit code {code}"),
                None => "a signal".to_owned(),
            },
            output: last_lines(&ended.output),
        }),
        None => Err(ScriptError::TimedOut {
            package,
            event,
            command,
            timeout: request.timeout,
            output: last_lines(&ended.output),
        }),
    }
}

fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let skipped = lines.len().saturating_sub(ERROR_LINES_MAX);
    let text = lines.get(skipped..).unwrap_or_default().join("\n");
    text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect()
}

#[cfg(all(test, unix))]
mod tests;
