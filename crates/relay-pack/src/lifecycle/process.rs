//! One process: started through the shell, its output kept to a bound, ended when it takes too long.
#![expect(clippy::disallowed_methods, reason = "a script must not run for ever")]

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::OUTPUT_BYTES_MAX;
use super::fence::{FENCED_WORD, Fence};

/// How long output is waited for after a script has ended: what it left running may hold the channel open.
const OUTPUT_GRACE: Duration = Duration::from_secs(2);

/// How long an ended process is waited for after it was told to end.
const KILL_GRACE: Duration = Duration::from_secs(10);

/// How often it is looked whether a process is to stop.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// A process that is over.
pub(super) struct Ended {
    /// `None` when it took too long, or was to stop.
    pub(super) status: Option<ExitStatus>,
    /// Whether it was ended because it was to stop.
    pub(super) stopped: bool,
    /// The end of its output.
    pub(super) output: String,
    /// Whether the beginning was dropped.
    pub(super) cut: bool,
}

#[derive(Default)]
struct Tail {
    bytes: VecDeque<u8>,
    cut: bool,
}

/// A command line, and where and with exactly which variables it runs.
pub(super) struct Start<'a> {
    pub(super) command: &'a str,
    pub(super) folder: &'a Utf8Path,
    pub(super) variables: &'a BTreeMap<OsString, OsString>,
}

/// Runs a command line, behind a fence where there is one.
pub(super) fn run(
    start: &Start,
    fence: Option<&Fence>,
    timeout: Duration,
    stop: Option<&AtomicBool>,
) -> io::Result<Ended> {
    let (reader, writer) = io::pipe()?;
    let mut process = fence.map_or_else(|| shell(start.command), |fence| fenced(fence, start.command));
    process
        .current_dir(start.folder)
        .env_clear()
        .envs(start.variables)
        .stdin(if fence.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = process.spawn()?;
    // The command holds the pipe's other end, which must close for the output to end.
    drop(process);
    if let (Some(fence), Some(mut input)) = (fence, child.stdin.take()) {
        // One that has ended already says why itself.
        let _ = input.write_all(&fence.handed_over());
    }
    let id = child.id();
    let tail = Arc::new(Mutex::new(Tail::default()));
    let output_ended = read_output(reader, Arc::clone(&tail));
    let (send, ended) = mpsc::channel();
    std::thread::spawn(move || {
        // The receiver is gone when nobody waits any more.
        let _ = send.send(child.wait());
    });
    let end = Instant::now() + timeout;
    let is_to_stop = || stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
    let status = loop {
        let left = end.saturating_duration_since(Instant::now());
        match ended.recv_timeout(left.min(STOP_CHECK_INTERVAL)) {
            Ok(status) => break Some(status?),
            Err(_) if !left.is_zero() && !is_to_stop() => {}
            Err(_) => {
                kill_all(id);
                let _ = ended.recv_timeout(KILL_GRACE);
                break None;
            }
        }
    };
    let stopped = status.is_none() && is_to_stop();
    let _ = output_ended.recv_timeout(OUTPUT_GRACE);
    let tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes: Vec<u8> = tail.bytes.iter().copied().collect();
    Ok(Ended { status, stopped, output: String::from_utf8_lossy(&bytes).into_owned(), cut: tail.cut })
}

/// Reads until the end on a thread of its own; the receiver hears when that is reached.
fn read_output(mut reader: PipeReader, tail: Arc<Mutex<Tail>>) -> mpsc::Receiver<()> {
    let (send, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            tail.bytes.extend(buffer.iter().take(read));
            let beyond = tail.bytes.len().saturating_sub(OUTPUT_BYTES_MAX);
            tail.bytes.drain(..beyond);
            tail.cut |= beyond > 0;
        }
        let _ = send.send(());
    });
    ended
}

/// relay's own program, which becomes the shell behind the fence.
fn fenced(fence: &Fence, command: &str) -> Command {
    let mut process = Command::new(fence.program());
    process.arg(FENCED_WORD).arg(command);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut process, 0);
    process
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut process = Command::new("sh");
    // A group of its own, so that everything it starts can be ended with it.
    process.arg("-c").arg(command).process_group(0);
    process
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt as _;
    let mut process = Command::new("cmd");
    process.raw_arg(format!("/d /s /c \"{command}\""));
    process
}

/// Ends a process and all that it started.
fn kill_all(id: u32) {
    let mut command = if cfg!(windows) {
        let mut command = Command::new("taskkill");
        command.args(["/T", "/F", "/PID", &id.to_string()]);
        command
    } else {
        let mut command = Command::new("kill");
        command.args(["-KILL", "--", &format!("-{id}")]);
        command
    };
    // Without the program nothing more can be done; the caller reports the timeout either way.
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}
