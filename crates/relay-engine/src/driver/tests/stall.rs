//! A run that nothing can wake any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_config::RouteKind;
use relay_workspace::PackageName;
use tokio::time::Instant;

use super::{Record, Simulated, StoppedClock, Watcher, job, name, no_stops, prepared_upload, terms};
use crate::driver::{DriverContext, DriverError, carry_out};
use crate::event::{Emitter, Fact};
use crate::machine::Machine;
use crate::prepared_upload::PreparedUpload;
use crate::second_factor::SecondFactorSession;
use crate::state::Parked;

/// A plan has no packages that wait for each other; where one has, by a defect, nothing ever begins.
#[tokio::test(start_paused = true)]
async fn a_run_that_nothing_can_wake_is_told_to_be_a_fault_and_no_interruption() {
    let uploads: BTreeMap<PackageName, PreparedUpload> =
        ["a", "b", "c"].map(|package| (name(package), prepared_upload(package, RouteKind::Token))).into();
    let (registry, person, record) = (Simulated::default(), Watcher::default(), Arc::new(Record::default()));
    let mut events = Emitter::new(Arc::new(StoppedClock));
    events.subscribe(Arc::<Record>::clone(&record));
    let below = |package: &str| match package {
        "a" => vec![name("b")],
        "b" => vec![name("a")],
        _ => Vec::new(),
    };
    let jobs = uploads.values().map(|upload| job(upload, below(upload.name.as_str()))).collect();
    let mut machine = Machine::new(jobs, terms(true));
    let context = DriverContext {
        prepared_uploads: &uploads,
        registry: &registry,
        person: &person,
        events: &events,
        requests_max: 4,
        lock: None,
        read_at: None,
    };
    let mut session = SecondFactorSession::new(true, None, Instant::now());
    let ended = carry_out(&mut machine, &context, &mut session, &mut no_stops()).await;
    let error = ended.expect_err("no end");
    assert!(matches!(error, DriverError::Stalled(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "a fault of relay: nothing is in flight and nothing can wake this run any more, yet `a` is pending and waits for `b`, \
         which is pending; `b` is pending and waits for `a`, which is pending"
    );
    // The next run is told what became of each: what can go out is out, nothing else was begun.
    let facts = record.facts.lock().expect("one thread");
    let parked = facts.iter().filter_map(|fact| match fact {
        Fact::Parked { package, parked: Parked::Interrupted { in_flight: false, accepted: false }, .. } => {
            Some(package.clone())
        }
        _ => None,
    });
    assert_eq!(parked.collect::<Vec<_>>(), [name("a"), name("b")]);
    assert_eq!(*registry.sends.lock().expect("one thread"), [(name("c"), false)]);
}
