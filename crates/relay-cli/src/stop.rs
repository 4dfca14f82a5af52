//! Requests to stop: Ctrl-C, or a supervisor's signal. The first ends the run in good order, wherever it is; the second ends it
//! at once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::runtime::{Interrupts, block_on};
use crate::ui::{Ui, keyboard};

/// How long a run has to end by itself after the second request.
const LAST_GRACE: Duration = Duration::from_secs(2);

/// Hears requests to stop from the moment this is made.
pub(crate) struct StopRequests {
    messages: mpsc::Receiver<()>,
    asked: Arc<AtomicBool>,
    bell: Arc<Notify>,
}

impl StopRequests {
    /// Begins to listen; in the runtime, and once a process.
    #[expect(clippy::disallowed_methods, reason = "the end waits a moment for what is under way")]
    pub(crate) fn listen() -> Result<Self, CliError> {
        let mut signals = Interrupts::listen()?;
        let (sender, messages) = mpsc::channel(2);
        let (asked, bell) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (flag, ring) = (Arc::clone(&asked), Arc::clone(&bell));
        tokio::spawn(async move {
            signals.next().await;
            flag.store(true, Ordering::Relaxed);
            ring.notify_one();
            // Whoever listens no more has come to the end.
            let _ = sender.send(()).await;
            signals.next().await;
            let _ = sender.send(()).await;
            tokio::time::sleep(LAST_GRACE).await;
            end_at_once()
        });
        Ok(Self { messages, asked, bell })
    }

    /// One message for each request.
    pub(crate) fn messages(&mut self) -> &mut mpsc::Receiver<()> {
        &mut self.messages
    }

    /// Becomes true with the first request.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asked)
    }

    /// Ends the run where somebody has asked for that, between two of its steps.
    pub(crate) fn check(&self) -> Result<(), CliError> {
        if self.asked.load(Ordering::Relaxed) { Err(stopped()) } else { Ok(()) }
    }

    /// Works until the work is done or somebody asks to stop. The work must be such that it can be dropped.
    pub(crate) async fn or<T>(&self, work: impl Future<Output = T>) -> Result<T, CliError> {
        tokio::select! {
            biased;
            () = self.bell.notified() => Err(stopped()),
            done = work => Ok(done),
        }
    }
}

/// Hears requests to stop for a command that has no runtime of its own: a flag that becomes true with the first. The second
/// ends the process.
pub(crate) fn flag_in_background() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&flag);
    let listen = move || -> Result<(), CliError> {
        block_on(async {
            let mut signals = Interrupts::listen()?;
            signals.next().await;
            asked.store(true, Ordering::Relaxed);
            signals.next().await;
            end_at_once()
        })
    };
    // Without a listener the system's own way stays: Ctrl-C ends the process.
    drop(std::thread::spawn(listen));
    flag
}

#[expect(clippy::exit, reason = "whoever asks twice does not want to wait for destructors")]
fn end_at_once() -> ! {
    keyboard::restore_and_break_line();
    std::process::exit(Exit::Interrupted.code().into())
}

/// Heeds the terminal's keys that stop a program (Ctrl-Z) or kill it (Ctrl-\\), so that neither leaves the terminal as the
/// live display has it. In the runtime; without a live display they do what they always do.
#[cfg(unix)]
pub(crate) fn heed_terminal(ui: &Ui) -> Result<(), CliError> {
    use rustix::process::{Signal, getpid, kill_process};
    use tokio::signal::unix::{SignalKind, signal};

    if !ui.is_animated() {
        return Ok(());
    }
    let hear = |signal_: Signal| {
        signal(SignalKind::from_raw(signal_.as_raw())).map_err(|error| {
            CliError::of(ErrorKind::User, &error).context("signals can't be received").code("relay::runtime::signals")
        })
    };
    let (mut stop, mut go_on, mut quit) = (hear(Signal::TSTP)?, hear(Signal::CONT)?, hear(Signal::QUIT)?);
    let ui = ui.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = stop.recv() => {
                    let pausing = ui.clone();
                    // A question that is open keeps the screen until it is answered.
                    let _paused = tokio::task::spawn_blocking(move || pausing.pause_live()).await;
                    keyboard::give_back();
                    // This thread may go on for a moment after the process was told to stand still: what comes next waits
                    // for the signal by which it is told to go on.
                    if kill_process(getpid(), Signal::STOP).is_ok() {
                        let _told = go_on.recv().await;
                    }
                    keyboard::again();
                    ui.resume_live();
                }
                Some(()) = go_on.recv() => keyboard::again(),
                Some(()) = quit.recv() => end_by_quit(),
                else => return,
            }
        }
    });
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere listening may fail")]
pub(crate) fn heed_terminal(_ui: &Ui) -> Result<(), CliError> {
    Ok(())
}

/// The exit code that a shell gives a program which SIGQUIT has killed.
#[cfg(unix)]
const EXIT_BY_QUIT: i32 = 131;

#[cfg(unix)]
#[expect(clippy::exit, reason = "this signal asks for an end without any order")]
fn end_by_quit() -> ! {
    keyboard::restore_and_break_line();
    std::process::exit(EXIT_BY_QUIT)
}

pub(crate) fn stopped() -> CliError {
    CliError::new(ErrorKind::Interrupted, "interrupted before anything was sent")
}
