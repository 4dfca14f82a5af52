//! Takes registry credentials out of what other processes can read of this one, before any script runs (invariant S3).
//!
//! A process shows its environment and its command line to others of the same user (`/proc/PID/environ`, `ps -E`), as
//! they were when its program was started; forgetting a variable later changes nothing there. So a command that may run
//! scripts starts its own program anew, in the same process, without those variables and without `--otp`, and hands their
//! values over through a pipe ([`handover`]). Besides, Linux is told to show nothing of the process at all ([`protect`]).
//!
//! What this can't do: the shell that started relay has the same variables, and a script may read `.npmrc` files as the
//! person may. A process with the rights of a debugger over others (root, mostly) can still read relay's memory. Where the kernel
//! can raise a fence around scripts ([`crate::fence`]), that keeps them from all three.

#[cfg(unix)]
mod handover;
mod names;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use camino::Utf8PathBuf;
use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::{Cli, Command};

/// The name under which the code of `--otp` is handed over. No variable has it.
#[cfg(unix)]
const OTP_FLAG: &str = "--otp=";

/// The environment as relay itself reads it: the process's own, and what was taken out of it.
#[derive(Clone, Default)]
pub(crate) struct Vault {
    taken: Arc<BTreeMap<String, SecretString>>,
    otp: Option<SecretString>,
}

impl Vault {
    /// Receives what the same process handed over when it started anew, or starts anew if the command may run scripts and
    /// there is something to take away. Where that isn't possible, the environment stays as it is.
    pub(crate) fn open(cli: &Cli, arguments: &[OsString]) -> Self {
        #[cfg(unix)]
        {
            if let Some(mut taken) = handover::receive() {
                let otp = taken.remove(OTP_FLAG);
                return Self { taken: Arc::new(taken), otp };
            }
            if let Some(folder) = folder_of_scripts(cli) {
                hand_over(cli, arguments, &folder);
            }
        }
        #[cfg(not(unix))]
        let _ = (cli, arguments);
        Self::default()
    }

    /// The code of `--otp`, where it was taken off the command line.
    pub(crate) fn otp(&self) -> Option<&SecretString> {
        self.otp.as_ref()
    }

    /// All variables that are text, for as short a time as possible.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let mut environment = readable_environment();
        for (name, value) in self.taken.iter() {
            environment.insert(name.clone(), value.expose_secret().to_owned());
        }
        environment
    }
}

/// Keeps other processes of the same user from reading this one's environment, memory and open files, and the system from
/// writing them into a core file (invariant S1). Programs that relay starts are not affected.
pub(crate) fn protect() {
    // Nothing is lost where a system refuses: what follows keeps credentials out of scripts' reach by itself.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(all(unix, not(target_os = "linux")))]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: getrlimit(Resource::Core).maximum });
    }
}

/// Where the scripts would be that the command may run; `None` where it runs none.
#[cfg_attr(not(unix), expect(dead_code, reason = "only Unix can start a program anew in the same process"))]
fn folder_of_scripts(cli: &Cli) -> Option<Utf8PathBuf> {
    let mut folder = Utf8PathBuf::from_path_buf(std::env::current_dir().ok()?).ok()?;
    if let Some(cwd) = &cli.global.cwd {
        folder.push(cwd);
    }
    let runs = match cli.command.as_ref()? {
        Command::Release(args) => !args.dry_run && !args.run.upload.ignore_scripts,
        Command::Publish(args) => !args.dry_run && !args.run.upload.ignore_scripts,
        Command::Resume(args) => !args.run.upload.ignore_scripts,
        // It ends the release, and scripts may belong after an upload.
        Command::Approve(args) => !args.dry_run && !args.reject,
        Command::Pack(args) => !args.ignore_scripts,
        Command::Rehearse(args) => {
            folder.extend(&args.dir);
            !args.ignore_scripts
        }
        Command::Plan(_)
        | Command::Status(_)
        | Command::Doctor(_)
        | Command::Auth(_)
        | Command::Undo(_)
        | Command::Unlock(_)
        | Command::Version(_)
        | Command::Graph(_)
        | Command::Sandbox(_)
        | Command::Explain(_)
        | Command::Completions(_)
        | Command::Man(_) => false,
    };
    runs.then_some(folder)
}

/// Starts the program anew with less in its environment. Comes back only where there is no need or no way.
#[cfg(unix)]
fn hand_over(cli: &Cli, arguments: &[OsString], folder: &camino::Utf8Path) {
    let environment = readable_environment();
    let mut taken: BTreeMap<String, SecretString> = names::to_take(&environment, folder)
        .into_iter()
        .filter_map(|name| environment.get(&name).map(|value| (name.clone(), SecretString::from(value.clone()))))
        .collect();
    let otp = match cli.command.as_ref() {
        Some(Command::Release(args)) => args.run.otp.otp.clone(),
        Some(Command::Publish(args)) => args.run.otp.otp.clone(),
        Some(Command::Resume(args)) => args.run.otp.otp.clone(),
        Some(Command::Approve(args)) => args.otp.otp.clone(),
        _ => None,
    };
    let mut arguments = arguments.to_vec();
    let removed: Vec<String> = taken.keys().cloned().collect();
    if let Some(otp) = otp {
        arguments = without_otp(&arguments);
        taken.insert(OTP_FLAG.to_owned(), otp);
    }
    if !taken.is_empty() {
        let error = handover::start_anew(&arguments, &removed, &taken);
        tracing::debug!(%error, "credentials stay in the environment");
    }
}

/// The command line without `--otp CODE` or `--otp=CODE`. Only for one that is known to parse.
#[cfg(unix)]
fn without_otp(arguments: &[OsString]) -> Vec<OsString> {
    let mut kept = Vec::with_capacity(arguments.len());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--otp" {
            rest.next();
        } else if !argument.to_string_lossy().starts_with("--otp=") {
            kept.push(argument.clone());
        }
    }
    kept
}

/// The process's own variables, without those that aren't text: relay has no use for them.
#[expect(clippy::disallowed_methods, reason = "the vault takes the credentials out of the environment")]
pub(crate) fn readable_environment() -> BTreeMap<String, String> {
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_off_the_command_line() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (given, kept) in [
            ("relay publish --otp 123456 --yes", "relay publish --yes"),
            ("relay release --otp=123456", "relay release"),
            ("relay publish --yes", "relay publish --yes"),
        ] {
            assert_eq!(without_otp(&words(given)), words(kept));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_protected_process_shows_nothing_and_leaves_no_core_file() {
        protect();
        let behavior = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(behavior, rustix::process::DumpableBehavior::NotDumpable);
    }
}
