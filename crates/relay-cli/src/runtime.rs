//! The async runtime, started only by the commands that wait for a network or a person.

use std::future::Future;

use tokio::runtime::Builder;

use crate::error::{CliError, ErrorKind};

/// Threads that drive sockets and timers. Uploads wait for the network; what computes runs elsewhere.
const WORKER_THREADS: usize = 2;

/// Runs a future to its end. Threads that still block then (a question nobody has answered) are left behind, so that the
/// process can end.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    install_crypto();
    let runtime = Builder::new_multi_thread().worker_threads(WORKER_THREADS).enable_all().build().map_err(|error| {
        CliError::of(ErrorKind::User, &error)
            .context("the async runtime can't be started")
            .code("relay::runtime::start")
    })?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

/// The signals by which a person or a supervisor asks the process to end. They are caught from the moment this is made.
pub(crate) struct Interrupts {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// The terminal or the connection is gone; `None` where whoever started relay wants that to be no reason to stop.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Interrupts {
    /// Begins to catch them: Ctrl-C, and on Unix the request to terminate and the end of the terminal.
    pub(crate) fn listen() -> Result<Self, CliError> {
        let unusable = |error: std::io::Error| {
            CliError::of(ErrorKind::User, &error).context("signals can't be received").code("relay::runtime::signals")
        };
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let interrupt = signal(SignalKind::interrupt()).map_err(unusable)?;
            let terminate = signal(SignalKind::terminate()).map_err(unusable)?;
            let hangup =
                if hangups_are_ignored() { None } else { Some(signal(SignalKind::hangup()).map_err(unusable)?) };
            Ok(Self { interrupt, terminate, hangup })
        }
        #[cfg(windows)]
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c().map_err(unusable)? })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hung_up(self.hangup.as_mut()) => {}
        }
        #[cfg(windows)]
        let _signal = self.interrupt.recv().await;
    }
}

#[cfg(unix)]
async fn hung_up(signal: Option<&mut tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Says whether the process was started with hang-ups ignored, as `nohup` does: catching them would undo that. Only Linux
/// tells a process so without unsafe code.
#[cfg(unix)]
fn hangups_are_ignored() -> bool {
    const HANGUP_BIT: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & HANGUP_BIT != 0)
}

/// Makes ring the provider of TLS. A second call finds it installed, which is as good.
fn install_crypto() {
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
}
