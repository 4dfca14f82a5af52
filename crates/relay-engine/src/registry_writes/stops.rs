//! Requests to stop, heard by all writes that are under way at once.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, watch};

/// Requests to stop, counted as they come.
pub(super) struct Stops<'a> {
    from: Mutex<&'a mut mpsc::Receiver<()>>,
    count: watch::Sender<u32>,
}

impl<'a> Stops<'a> {
    pub(super) fn new(from: &'a mut mpsc::Receiver<()>) -> Self {
        Self { from: Mutex::new(from), count: watch::Sender::new(0) }
    }

    /// Does some work, and listens meanwhile.
    pub(super) async fn while_listening<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            never = self.listen() => match never {},
            done = work => done,
        }
    }

    /// How many have come so far.
    pub(super) fn count(&self) -> u32 {
        while self.from.lock().unwrap_or_else(PoisonError::into_inner).try_recv().is_ok() {
            self.stop();
        }
        *self.count.borrow()
    }

    /// Waits for something unless more requests come than the writer has heard of.
    pub(super) async fn unless_stopped<T>(&self, heard: &mut u32, future: impl Future<Output = T>) -> Option<T> {
        let mut count = self.count.subscribe();
        let (known, now) = (*heard, self.count());
        if now > known {
            *heard += 1;
            return None;
        }
        tokio::select! {
            biased;
            Ok(_) = count.wait_for(|count| *count > known) => {
                *heard += 1;
                None
            }
            value = future => Some(value),
        }
    }

    /// Somebody asks to stop, here or elsewhere.
    pub(super) fn stop(&self) {
        self.count.send_modify(|count| *count += 1);
    }

    async fn listen(&self) -> Infallible {
        let next = || poll_fn(|context| self.from.lock().unwrap_or_else(PoisonError::into_inner).poll_recv(context));
        while next().await.is_some() {
            self.stop();
        }
        // Nobody can interrupt any more; the writes go on.
        std::future::pending().await
    }
}
