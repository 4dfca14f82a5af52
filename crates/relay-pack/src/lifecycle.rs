//! Runs a package's scripts around packing and publishing, with no credential in reach.
//!
//! The environment of a script is the caller's, scrubbed ([`environment`]), with what npm sets for its scripts. Which
//! events there are and in which order: [`before_tarball`], [`after_tarball`], [`after_upload`]. Facts read in npm
//! 11.19: `lib/commands/publish.js`, libnpmpack, pacote's `dir.js`, `@npmcli/run-script`.

pub mod build;
pub mod environment;
pub mod fence;
mod npm_variables;
mod process;
pub mod programs;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use relay_values::Printable;
use relay_workspace::{PackageManager, PackageName, Version};
use serde_json::{Map, Value};

use fence::{Denied, Fence};

/// How long a script may take unless the caller says otherwise. Builds of large packages take minutes.
pub const SCRIPT_TIMEOUT: Duration = Duration::from_mins(30);

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
    /// The package's manifest.
    pub manifest: &'a Map<String, Value>,
    /// What it is packed for.
    pub occasion: Occasion,
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
    /// Becomes true when the script is to be ended at once: somebody asked relay to stop.
    pub stop: Option<&'a AtomicBool>,
    /// What it may reach; `None`: what the person may.
    pub fence: Option<&'a Fence>,
}

/// A script that ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptOutcome {
    /// The end of what it printed, both channels together, at most [`OUTPUT_BYTES_MAX`].
    pub output: String,
    /// Whether more was printed than was kept.
    pub cut: bool,
}

/// Which script an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The package.
    pub package: PackageName,
    /// The event.
    pub event: String,
    /// The command line.
    pub command: String,
    /// Where it runs.
    pub folder: Utf8PathBuf,
}

impl std::fmt::Display for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the script `{}` of `{}`", self.event, self.package)
    }
}

/// A script that didn't.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It ended with another exit code than zero, or by a signal.
    #[error(
        "{script} ended with {}: `{}`{}; {}", ending(*code), script.command, quoted(output), way_on(script, denied.as_ref())
    )]
    Failed {
        /// The script.
        script: Box<Script>,
        /// The exit code; `None` when a signal ended it.
        code: Option<i32>,
        /// Its last lines.
        output: String,
        /// What it wanted and may not have, where its output tells.
        denied: Option<Denied>,
    },
    /// It took too long and was ended.
    #[error(
        "{script} took longer than {} s and was ended: `{}`{}; allow it more time or find out what it waits for",
        timeout.as_secs_f64(), script.command, quoted(output)
    )]
    TimedOut {
        /// The script.
        script: Box<Script>,
        /// The time it had.
        timeout: Duration,
        /// Its last lines.
        output: String,
    },
    /// It was ended because relay was asked to stop.
    #[error("{script} was ended, since relay was asked to stop")]
    Interrupted {
        /// The script.
        script: Box<Script>,
    },
    /// It could not be started.
    #[error("{script} can't be started in `{}`: {source}; check that the folder and a shell are there", script.folder)]
    NotStarted {
        /// The script.
        script: Box<Script>,
        /// The system's answer.
        source: std::io::Error,
    },
}

fn ending(code: Option<i32>) -> String {
    code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
}

fn way_on(script: &Script, denied: Option<&Denied>) -> String {
    match denied {
        Some(denied) => denied.to_string(),
        None => format!("run it in `{}` to see more, or use `--ignore-scripts` if it is not needed", script.folder),
    }
}

fn quoted(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!("\n  | {}\n", output.replace('\n', "\n  | ")) }
}

/// Runs a script and waits for it.
///
/// # Errors
/// [`ScriptError`] naming package, event and the last lines of output.
pub fn run(request: &ScriptRequest) -> Result<ScriptOutcome, ScriptError> {
    let mut variables = environment::of_script(request);
    variables.extend(request.fence.map(Fence::environment).cloned().unwrap_or_default());
    let script = Box::new(Script {
        package: request.package.clone(),
        event: request.event.to_owned(),
        command: request.command.to_owned(),
        folder: request.folder.to_owned(),
    });
    let started = process::Start { command: request.command, folder: request.folder, variables: &variables };
    let ended = match process::run(&started, request.fence, request.timeout, request.stop) {
        Ok(ended) => ended,
        Err(source) => return Err(ScriptError::NotStarted { script, source }),
    };
    match ended.status {
        Some(status) if status.success() => Ok(ScriptOutcome { output: ended.output, cut: ended.cut }),
        Some(status) => {
            let denied = request.fence.and_then(|fence| fence.denied(&ended.output, request.folder));
            Err(ScriptError::Failed { script, code: status.code(), output: last_lines(&ended.output), denied })
        }
        None if ended.stopped => Err(ScriptError::Interrupted { script }),
        None => Err(ScriptError::TimedOut { script, timeout: request.timeout, output: last_lines(&ended.output) }),
    }
}

fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let skipped = lines.len().saturating_sub(ERROR_LINES_MAX);
    let text = lines.get(skipped..).unwrap_or_default().join("\n");
    Printable::speech(&text).into()
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
