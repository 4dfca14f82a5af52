//! Rows of writes against a simulated registry, with time moved by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use relay_registry::{Otp, RefusalCode, RegistryUrl};
use relay_workspace::{PackageName, Version};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::*;
use crate::driver::tests::authority;
use crate::fixture::Told;
use crate::machine::{PAUSE_MAX, UPLOADS_PER_PACKAGE_MAX};
use crate::second_factor::{CHALLENGES_PER_WRITE_MAX, KEPT_OTP_AGE_MAX};

mod at_once;
mod simulated;

use simulated::{Factor, Simulated, Trouble, Watcher};

fn tag_of(package: &str) -> PlannedWrite {
    let registry = RegistryUrl::parse("http://registry.example/").unwrap();
    PlannedWrite {
        package: PackageName::parse(package).unwrap(),
        authority: authority(package, &registry),
        registry,
        change: RegistryChange::SetTag { tag: "latest".parse().unwrap(), version: Version::new(1, 0, 0) },
        needs_person: true,
        expects: None,
        after: Vec::new(),
    }
}

fn row(names: &[&str]) -> Vec<PlannedWrite> {
    names.iter().map(|name| tag_of(name)).collect()
}

struct Ran {
    outcomes: Vec<WriteOutcome>,
    asked: usize,
    facts: Vec<Fact>,
    session: SecondFactorSession,
}

async fn run_with(
    writes: &[PlannedWrite],
    registry: &Simulated,
    session: SecondFactorSession,
    stops: mpsc::Receiver<()>,
) -> Ran {
    ran(registry, session, stops, None, writes).await
}

async fn ran(
    registry: &Simulated,
    mut session: SecondFactorSession,
    mut stops: mpsc::Receiver<()>,
    at_once: Option<usize>,
    writes: &[PlannedWrite],
) -> Ran {
    let (events, told) = Told::stream();
    let person = Watcher::default();
    let context = WriteContext { registry, person: &person, events: &events, lock: None };
    let reports = match at_once {
        None => carry_out(writes, &context, &mut session, &mut stops).await,
        Some(at_once) => carry_out_at_once(writes, at_once, &context, &mut session, &mut stops).await,
    };
    let reports = reports.expect("an end");
    let asked = person.0.lock().unwrap().len();
    Ran { outcomes: reports.into_iter().map(|report| report.outcome).collect(), asked, facts: told.facts(), session }
}

async fn run(writes: &[PlannedWrite], registry: &Simulated, person: bool) -> Ran {
    run_with(writes, registry, SecondFactorSession::new(person, None, Instant::now()), mpsc::channel(1).1).await
}

#[tokio::test(start_paused = true)]
async fn one_answer_serves_a_row_of_writes_and_goes_on_serving_in_the_next_row() {
    let registry = Simulated { factor: Factor::Several, ..Simulated::default() };
    let first = run(&row(&["a", "b", "c"]), &registry, true).await;
    assert!(first.outcomes.iter().all(|outcome| *outcome == WriteOutcome::Done));
    assert_eq!((first.asked, first.session.state.answered_count()), (1, 1));
    let next = run_with(&row(&["d", "e"]), &registry, first.session, mpsc::channel(1).1).await;
    assert_eq!((next.asked, next.outcomes.len()), (0, 2), "what passes on is used");
    let sent = registry.sent.lock().unwrap().split_off(5);
    assert!(sent.iter().all(|(_, with_answer)| *with_answer), "{sent:?}");
    let challenges: Vec<_> = first
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::ChallengeOpened { package, change: Some(change), remaining, .. } => {
                Some((package.as_str(), change.to_string(), *remaining))
            }
            _ => None,
        })
        .collect();
    assert_eq!(challenges, [("a", "let `latest` name 1.0.0".to_owned(), 2)], "a challenge is one write's");
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_one_registry_never_reaches_another() {
    let registry = Simulated { factor: Factor::Several, ..Simulated::default() };
    let mut writes = row(&["a", "b", "c"]);
    let other = RegistryUrl::parse("http://other.example/").unwrap();
    writes[1] = PlannedWrite { authority: authority("b", &other), registry: other, ..writes[1].clone() };
    let ran = run(&writes, &registry, true).await;
    assert!(ran.outcomes.iter().all(|outcome| *outcome == WriteOutcome::Done), "{:?}", ran.outcomes);
    assert_eq!(ran.asked, 2, "one at each registry");
    let sent = registry.sent.lock().unwrap();
    let first_of = |package: &str| sent.iter().find(|(key, _)| key.starts_with(package)).map(|(_, answer)| *answer);
    assert_eq!(["a ", "b ", "c "].map(first_of), [Some(false), Some(false), Some(true)], "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_uploads_is_tried_once_and_dropped_when_it_is_too_old() {
    let registry = Simulated { factor: Factor::Several, ..Simulated::default() };
    let mut session = SecondFactorSession::new(true, None, Instant::now());
    let writes = row(&["a"]);
    let at = &writes[0].registry;
    session.keep(at, Otp::parse("0000000000000007").unwrap());
    session.state.at_mut(at).answered(crate::second_factor::Answer::Given, Duration::ZERO);
    let fresh = run_with(&writes, &registry, session.clone(), mpsc::channel(1).1).await;
    assert_eq!(fresh.asked, 0);
    tokio::time::advance(KEPT_OTP_AGE_MAX).await;
    let late = run_with(&row(&["b"]), &registry, session, mpsc::channel(1).1).await;
    assert_eq!(late.asked, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_so_already_is_not_sent_and_needs_nobody() {
    let registry = Simulated { factor: Factor::Once, ..Simulated::default() };
    registry.is_so.lock().unwrap().push(tag_of("a").key());
    let ran = run(&row(&["a"]), &registry, false).await;
    assert_eq!(ran.outcomes, [WriteOutcome::AlreadySo]);
    assert_eq!(registry.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_person_a_write_is_parked_unsent_and_what_needs_it_is_held() {
    let registry = Simulated { factor: Factor::Once, ..Simulated::default() };
    let mut writes = row(&["a", "b"]);
    writes[1].after = vec![writes[0].key()];
    writes[1].needs_person = false;
    let ran = run(&writes, &registry, false).await;
    assert!(matches!(ran.outcomes[0], WriteOutcome::Parked(Parked::Person { .. })));
    assert_eq!(ran.outcomes[1], WriteOutcome::Held { by: writes[0].key().to_string() });
    assert_eq!(registry.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled_by_reading_and_sent_again_only_where_nothing_arrived() {
    let registry = Simulated::with([Trouble::LostAfter]);
    let ran = run(&unasked(&["a"]), &registry, false).await;
    assert_eq!((ran.outcomes, registry.count()), (vec![WriteOutcome::Done], 1));
    let registry = Simulated::with([Trouble::LostBefore, Trouble::NotSent]);
    let ran = run(&unasked(&["a"]), &registry, false).await;
    assert_eq!((ran.outcomes, registry.count()), (vec![WriteOutcome::Done], 3));
    let attempts: Vec<u32> = ran
        .facts
        .iter()
        .filter_map(|fact| if let Fact::WriteStarted { attempt, .. } = fact { Some(*attempt) } else { None })
        .collect();
    assert_eq!(attempts, [1, 2, 3], "each is on record before it is sent");
}

/// Writes whose packages ask nobody.
fn unasked(names: &[&str]) -> Vec<PlannedWrite> {
    names.iter().map(|name| PlannedWrite { needs_person: false, ..tag_of(name) }).collect()
}

#[tokio::test(start_paused = true)]
async fn tries_have_a_limit() {
    let registry = Simulated::with((0..9).map(|_| Trouble::LostBefore));
    let ran = run(&unasked(&["a"]), &registry, false).await;
    assert!(matches!(ran.outcomes[0], WriteOutcome::Failed(WriteFailure::Unreachable { .. })));
    assert_eq!(registry.count(), UPLOADS_PER_PACKAGE_MAX as usize);
    let registry = Simulated::default();
    registry.readings.lock().unwrap().extend((0..9).map(|_| Standing::Unavailable { cause: "502".into() }));
    let ran = run(&unasked(&["a"]), &registry, false).await;
    assert!(matches!(ran.outcomes[0], WriteOutcome::Parked(Parked::Registry { .. })));
    assert_eq!(registry.count(), 0, "what can't be read is not sent");
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_kept_by_all_of_its_registry_and_a_long_one_parks_them() {
    let registry = Simulated::with([Trouble::Limited(Some(Duration::from_secs(30)))]);
    let begun = Instant::now();
    let ran = run(&unasked(&["a", "b"]), &registry, false).await;
    assert_eq!(ran.outcomes, [WriteOutcome::Done, WriteOutcome::Done]);
    assert!(begun.elapsed() >= Duration::from_secs(30) && begun.elapsed() < Duration::from_secs(32));
    let registry = Simulated::with([Trouble::Limited(Some(PAUSE_MAX + Duration::from_secs(1)))]);
    let ran = run(&unasked(&["a", "b"]), &registry, false).await;
    assert!(ran.outcomes.iter().all(|outcome| matches!(outcome, WriteOutcome::Parked(Parked::Registry { .. }))));
    assert_eq!(registry.count(), 1, "nothing more is sent there");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_stops_its_write_alone() {
    let registry = Simulated::with([Trouble::Refused(RefusalCode::Forbidden)]);
    let ran = run(&unasked(&["a", "b"]), &registry, false).await;
    assert!(matches!(ran.outcomes[0], WriteOutcome::Failed(WriteFailure::Refused(_))));
    assert_eq!(ran.outcomes[1], WriteOutcome::Done);
    assert_eq!(registry.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_document_that_somebody_changed_meanwhile_is_read_and_sent_again() {
    let registry = Simulated::with([Trouble::Refused(RefusalCode::Conflict)]);
    let ran = run(&unasked(&["a"]), &registry, false).await;
    assert_eq!((ran.outcomes, registry.count()), (vec![WriteOutcome::Done], 2));
}

#[tokio::test(start_paused = true)]
async fn a_challenged_token_gives_way_to_a_person_with_a_session_and_to_nothing_else() {
    let registry = Simulated { factor: Factor::Once, ..Simulated::default() };
    let ran = run(&unasked(&["a"]), &registry, true).await;
    assert_eq!((ran.outcomes, ran.asked), (vec![WriteOutcome::Done], 1));
    let registry = Simulated { factor: Factor::Once, ..Simulated::default() };
    let mut writes = unasked(&["a"]);
    writes[0].authority.answered_with = None;
    let ran = run(&writes, &registry, true).await;
    assert!(
        matches!(&ran.outcomes[0], WriteOutcome::Failed(WriteFailure::TokensDisallowed { .. })),
        "{:?}",
        ran.outcomes
    );
    assert_eq!(registry.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_interruption_lets_what_is_in_flight_end_and_sends_nothing_more() {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(75)).await;
        sender.send(()).await.expect("a listener");
    });
    let registry = Simulated::default();
    let session = SecondFactorSession::new(false, None, Instant::now());
    let ran = run_with(&unasked(&["a", "b"]), &registry, session, receiver).await;
    let interrupted = WriteOutcome::Parked(Parked::Interrupted { in_flight: false, accepted: false });
    assert_eq!(ran.outcomes, [WriteOutcome::Done, interrupted]);
    assert_eq!(registry.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_hangs_is_left_to_the_next_run_after_an_interruption() {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(75)).await;
        sender.send(()).await.expect("a listener");
        std::future::pending::<()>().await;
    });
    let registry = Simulated::with([Trouble::Hangs]);
    let begun = Instant::now();
    let session = SecondFactorSession::new(false, None, begun);
    let ran = run_with(&unasked(&["a"]), &registry, session, receiver).await;
    assert_eq!(ran.outcomes, [WriteOutcome::Parked(Parked::Interrupted { in_flight: true, accepted: false })]);
    assert_eq!(begun.elapsed(), crate::driver::SETTLE_AFTER_INTERRUPT + Duration::from_millis(75));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever goes wrong: nothing is taken twice, what is said to be done is so, and running again does what is missing.
    #[test]
    fn what_is_done_is_so_and_a_second_run_does_only_what_is_missing(
        dice in proptest::collection::vec(0_u8..10, 0..12),
        factor in 0_u8..3,
        person in any::<bool>(),
        interactive in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let trouble = dice.iter().filter_map(|die| match die {
            0 => Some(Trouble::LostBefore),
            1 => Some(Trouble::LostAfter),
            2 => Some(Trouble::NotSent),
            3 => Some(Trouble::Limited(Some(Duration::from_secs(3)))),
            4 => Some(Trouble::Limited(None)),
            5 => Some(Trouble::Refused(RefusalCode::MaskedForbidden)),
            _ => None,
        });
        let factor = match factor { 0 => Factor::None, 1 => Factor::Once, _ => Factor::Several };
        let registry = Simulated { factor, ..Simulated::with(trouble) };
        let writes = row(&["a", "b", "c", "d"]);
        let writes: Vec<_> =
            writes.into_iter().map(|write| PlannedWrite { needs_person: interactive, ..write }).collect();
        let first = runtime.block_on(run(&writes, &registry, person));
        let is_so = registry.is_so.lock().unwrap().clone();
        for (write, outcome) in writes.iter().zip(&first.outcomes) {
            prop_assert!(!outcome.is_done() || is_so.contains(&write.key()), "{outcome:?}");
        }
        prop_assert!(first.asked <= writes.len() * CHALLENGES_PER_WRITE_MAX as usize);
        prop_assert!(person || first.asked == 0);
        registry.trouble.lock().unwrap().clear();
        let again = runtime.block_on(run(&writes, &registry, true));
        prop_assert!(again.outcomes.iter().all(WriteOutcome::is_done), "{:?}", again.outcomes);
        let mut times: BTreeMap<ChangeKey, u32> = BTreeMap::new();
        for key in registry.taken.lock().unwrap().iter() {
            *times.entry(key.clone()).or_default() += 1;
        }
        prop_assert!(times.values().all(|times| *times == 1), "{times:?}");
    }
}
