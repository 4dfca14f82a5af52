//! The build of a whole repository (`build` under `[release]`): one command line, run as scripts are, with no credential in
//! reach, from the root.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::fence::{Denied, Fence};
use super::{ScriptOutcome, ending, environment, last_lines, process, quoted};

/// How long a build may take unless the caller says otherwise: that of a large repository takes many minutes.
pub const BUILD_TIMEOUT: Duration = Duration::from_hours(2);

/// A build to run.
#[derive(Debug, Clone)]
pub struct BuildRequest<'a> {
    /// The command line, for the shell.
    pub command: &'a str,
    /// The workspace's root, absolute; it runs there.
    pub root: &'a Utf8Path,
    /// The environment to start from; it is scrubbed.
    pub environment: &'a BTreeMap<OsString, OsString>,
    /// Variables that are known to hold credentials, whatever their names look like.
    pub credential_names: &'a [String],
    /// How long it may take: [`BUILD_TIMEOUT`] is a good choice.
    pub timeout: Duration,
    /// Becomes true when it is to be ended at once: somebody asked relay to stop.
    pub stop: Option<&'a AtomicBool>,
    /// What it may reach; `None`: what the person may.
    pub fence: Option<&'a Fence>,
}

/// A build that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// It ended with another exit code than zero, or by a signal.
    #[error("the build `{command}` ended with {}{}; {}", ending(*code), quoted(output), way_on(folder, denied.as_ref()))]
    Failed {
        /// The command line.
        command: String,
        /// Where it ran.
        folder: Utf8PathBuf,
        /// The exit code; `None` when a signal ended it.
        code: Option<i32>,
        /// Its last lines.
        output: String,
        /// What it wanted and may not have, where its output tells.
        denied: Option<Denied>,
    },
    /// It took too long and was ended.
    #[error("the build `{command}` took longer than {} s and was ended{}", timeout.as_secs_f64(), quoted(output))]
    TimedOut {
        /// The command line.
        command: String,
        /// The time it had.
        timeout: Duration,
        /// Its last lines.
        output: String,
    },
    /// It was ended because relay was asked to stop.
    #[error("the build `{command}` was ended, since relay was asked to stop")]
    Interrupted {
        /// The command line.
        command: String,
    },
    /// It could not be started.
    #[error("the build `{command}` can't be started: {source}; check that a shell is there")]
    NotStarted {
        /// The command line.
        command: String,
        /// The system's answer.
        source: std::io::Error,
    },
}

fn way_on(folder: &Utf8Path, denied: Option<&Denied>) -> String {
    denied.map_or_else(|| format!("run it in `{folder}` to see more"), ToString::to_string)
}

/// Runs a build and waits for it.
///
/// # Errors
/// [`BuildError`] naming the command and the last lines of its output.
pub fn run_build(request: &BuildRequest<'_>) -> Result<ScriptOutcome, BuildError> {
    let BuildRequest { root, timeout, stop, .. } = *request;
    let command = request.command.to_owned();
    let mut variables = environment::of_build(request);
    variables.extend(request.fence.map(Fence::environment).cloned().unwrap_or_default());
    let started = process::Start { command: &command, folder: root, variables: &variables };
    let ended = match process::run(&started, request.fence, timeout, stop) {
        Ok(ended) => ended,
        Err(source) => return Err(BuildError::NotStarted { command, source }),
    };
    match ended.status {
        Some(status) if status.success() => Ok(ScriptOutcome { output: ended.output, cut: ended.cut }),
        Some(status) => {
            let denied = request.fence.and_then(|fence| fence.denied(&ended.output, root));
            let (folder, output) = (root.to_owned(), last_lines(&ended.output));
            Err(BuildError::Failed { command, folder, code: status.code(), output, denied })
        }
        None if ended.stopped => Err(BuildError::Interrupted { command }),
        None => Err(BuildError::TimedOut { command, timeout, output: last_lines(&ended.output) }),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn run(command: &str, stop: &AtomicBool, timeout: Duration) -> Result<ScriptOutcome, BuildError> {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        let mut environment: BTreeMap<OsString, OsString> = BTreeMap::new();
        for (name, value) in
            [("PATH", "/usr/bin:/bin"), ("NPM_TOKEN", "canary"), ("OUR_SECRET", "canary"), ("CI", "true")]
        {
            environment.insert(name.into(), value.into());
        }
        run_build(&BuildRequest {
            command,
            root: &root,
            environment: &environment,
            credential_names: &["OUR_SECRET".to_owned()],
            timeout,
            stop: Some(stop),
            fence: None,
        })
    }

    #[test]
    fn it_runs_at_the_root_with_the_root_s_programs_and_without_credentials() {
        let stop = AtomicBool::new(false);
        let output = run("pwd && echo $PATH && env", &stop, BUILD_TIMEOUT).unwrap().output;
        let root = output.lines().next().unwrap().to_owned();
        assert_eq!(output.lines().nth(1), Some(format!("{root}/node_modules/.bin:/usr/bin:/bin").as_str()));
        assert!(output.contains("CI=true") && output.contains("npm_config_userconfig=/dev/null"), "{output}");
        assert!(!output.contains("canary"), "{output}");
    }

    #[test]
    fn what_went_wrong_is_told_with_the_last_lines() {
        let stop = AtomicBool::new(false);
        let error = run("echo no such module; exit 7", &stop, BUILD_TIMEOUT).unwrap_err();
        assert!(
            matches!(&error, BuildError::Failed { code: Some(7), output, .. } if output == "no such module"),
            "{error}"
        );
        assert!(error.to_string().contains("ended with exit code 7"), "{error}");
        let error = run("sleep 600", &stop, Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, BuildError::TimedOut { .. }), "{error}");
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let error = run("sleep 600", &stop, BUILD_TIMEOUT).unwrap_err();
        assert!(matches!(error, BuildError::Interrupted { .. }), "{error}");
    }
}
