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
    std::process::exit(Exit::Interrupted.code().into())
}

pub(crate) fn stopped() -> CliError {
    CliError::new(ErrorKind::Interrupted, "interrupted before anything was sent")
}
