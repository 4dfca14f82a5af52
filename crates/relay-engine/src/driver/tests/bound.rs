//! What is in flight at once: uploads and looks share one bound.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use relay_config::RouteKind;
use relay_registry::{Otp, WebChallenge};
use tokio::time::Instant;

use super::{Record, Watcher, job, name, no_stops, prepared_upload};
use crate::driver::{DriverContext, carry_out};
use crate::event::Emitter;
use crate::fixture::StoppedClock;
use crate::machine::tests::terms;
use crate::machine::{Found, Machine, UploadOutcome};
use crate::prepared_upload::PreparedUpload;
use crate::registry_calls::{Polled, RegistryCalls, Sent};
use crate::second_factor::SecondFactorSession;
use crate::state::{How, State};

/// A registry that counts how many requests are in flight at it.
#[derive(Default)]
struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
    looks: AtomicUsize,
}

impl Counting {
    async fn answer_after(&self, latency: Duration) {
        let now = self.now.fetch_add(1, Relaxed) + 1;
        self.most.fetch_max(now, Relaxed);
        tokio::time::sleep(latency).await;
        self.now.fetch_sub(1, Relaxed);
    }
}

impl RegistryCalls for Counting {
    async fn send(&self, _upload: &PreparedUpload, _otp: Option<&Otp>, _interactive: bool) -> Sent {
        self.answer_after(Duration::from_millis(50)).await;
        Sent::Ended(UploadOutcome::Accepted)
    }

    async fn find(&self, _upload: &PreparedUpload, _thorough: bool) -> Found {
        Found::NotYet
    }

    async fn look(&self, _upload: &PreparedUpload) -> Found {
        self.looks.fetch_add(1, Relaxed);
        self.answer_after(Duration::from_secs(2)).await;
        Found::SameBytes
    }

    async fn poll(&self, _upload: &PreparedUpload, _challenge: &WebChallenge) -> Polled {
        Polled::Gone
    }
}

#[tokio::test(start_paused = true)]
async fn uploads_and_looks_share_one_bound_and_all_of_it_is_used() {
    let prepared_uploads: BTreeMap<_, _> = (0..60)
        .map(|number| format!("package-{number}"))
        .map(|package| (name(&package), prepared_upload(&package, RouteKind::Token)))
        .collect();
    let jobs = prepared_uploads.values().map(|upload| job(upload, Vec::new())).collect();
    let mut machine = Machine::new(jobs, terms(true));
    let mut events = Emitter::new(Arc::new(StoppedClock));
    events.subscribe(Arc::new(Record::default()));
    let (registry, person) = (Counting::default(), Watcher::default());
    let context = DriverContext {
        prepared_uploads: &prepared_uploads,
        registry: &registry,
        person: &person,
        events: &events,
        requests_max: 5,
        lock: None,
        read_at: None,
    };
    let mut session = SecondFactorSession::new(true, None, Instant::now());
    carry_out(&mut machine, &context, &mut session, &mut no_stops()).await.expect("an end");
    assert!(machine.states().all(|(_, state)| *state == State::Live(How::Published)));
    assert_eq!(registry.most.load(Relaxed), 5);
    assert_eq!(registry.looks.load(Relaxed), 60, "a slow look is waited for, not asked again");
}
