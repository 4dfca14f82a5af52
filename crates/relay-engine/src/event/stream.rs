//! How events get from where they happen to their readers.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::{Event, Fact};
use crate::run_state::RunState;

/// The wall clock, for the times of events only.
pub trait Clock: Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// A clock that several share.
pub type SharedClock = Arc<dyn Clock>;

/// A reader of the stream.
pub trait Subscriber: Send + Sync {
    /// Takes one event.
    ///
    /// # Errors
    /// A text when the event could not be recorded; the run then stops before its next effect.
    fn event(&self, event: &Event) -> Result<(), String>;

    /// Makes what it was told outlive a power cut. Readers that keep nothing have nothing to do.
    ///
    /// # Errors
    /// A text when that can't be promised; the run then stops before its next effect.
    fn make_durable(&self) -> Result<(), String> {
        Ok(())
    }
}

/// An event that could not be recorded. What a run does must be on record before it is done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event can't be recorded: {0}")]
pub struct NotRecorded(pub String);

/// The stream's source: hands each event to all readers, in order.
#[derive(Clone)]
pub struct Emitter {
    clock: SharedClock,
    subscribers: Vec<Arc<dyn Subscriber>>,
    run: Arc<Mutex<RunState>>,
}

impl Emitter {
    /// A stream without readers.
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, subscribers: Vec::new(), run: Arc::default() }
    }

    /// Adds a reader.
    pub fn subscribe(&mut self, subscriber: Arc<dyn Subscriber>) {
        self.subscribers.push(subscriber);
    }

    /// Hands an event to all readers.
    ///
    /// # Errors
    /// [`NotRecorded`] when a reader could not take it; the others still got it.
    pub fn emit(&self, fact: Fact) -> Result<(), NotRecorded> {
        let event = Event { at: self.clock.now(), fact };
        if let Ok(mut run) = self.run.lock() {
            // Where no run is under way, as when packages are only packed, there is nothing to keep.
            let _ = run.apply(&event.fact);
        }
        let mut result = Ok(());
        for subscriber in &self.subscribers {
            if let Err(problem) = subscriber.event(&event) {
                result = Err(NotRecorded(problem));
            }
        }
        result
    }

    /// What the run has come to, by the events that it was told with.
    pub fn run(&self) -> RunState {
        self.run.lock().map(|run| run.clone()).unwrap_or_default()
    }

    /// Makes all that was told so far outlive a power cut, where a reader keeps it. One call serves many events.
    ///
    /// # Errors
    /// [`NotRecorded`] when a reader can't promise it.
    pub fn make_durable(&self) -> Result<(), NotRecorded> {
        self.subscribers.iter().try_for_each(|subscriber| subscriber.make_durable().map_err(NotRecorded))
    }

    /// The clock, for those who date more than one thing.
    pub fn clock(&self) -> SharedClock {
        Arc::clone(&self.clock)
    }

    /// The present time, for those who must date something else.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
