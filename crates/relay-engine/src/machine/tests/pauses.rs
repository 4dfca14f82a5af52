//! A registry that asks for a pause gets one, from uploads and looks alike.

use super::*;
use crate::machine::UPLOADS_APART;

fn busy(seconds: u64) -> UploadOutcome {
    UploadOutcome::RateLimited { retry_after: Some(Duration::from_secs(seconds)), text: "slow down".to_owned() }
}

fn three(terms: Terms) -> Machine {
    let jobs = (0..3).map(|at| job(at, RouteKind::Token, &[])).collect();
    let mut machine = Machine::new(jobs, terms);
    machine.start(NOW);
    machine
}

#[test]
fn after_a_pause_uploads_to_that_registry_go_one_at_a_time_and_a_second_apart() {
    let mut machine = three(terms(false));
    for at in 0..3 {
        let effects = machine.handle(ended(at, busy(5)), NOW).unwrap();
        assert!(effects.contains(&Effect::Wake { at: Duration::from_secs(5) }), "{effects:?}");
    }
    let now = Duration::from_secs(5);
    assert_eq!(uploads(&machine.handle(Input::Woken, now).unwrap()).len(), 1);
    assert_eq!(uploads(&machine.handle(Input::Woken, now).unwrap()), []);
    let effects = machine.handle(ended(0, UploadOutcome::Accepted), now).unwrap();
    assert_eq!(uploads(&effects), [], "the one before began just now");
    let next = now + UPLOADS_APART;
    assert_eq!(uploads(&machine.handle(Input::Woken, next.saturating_sub(Duration::from_millis(1))).unwrap()), []);
    let effects = machine.handle(Input::Woken, next).unwrap();
    assert_eq!(uploads(&effects).len(), 1);
    assert!(effects.contains(&Effect::Wake { at: next + UPLOADS_APART }), "whoever comes then is awaited: {effects:?}");
}

#[test]
fn another_registry_goes_at_its_own_pace() {
    let elsewhere = |at| Job { registry: "http://other.example/".parse().unwrap(), ..job(at, RouteKind::Token, &[]) };
    let jobs = vec![job(0, RouteKind::Token, &[]), elsewhere(1), elsewhere(2), elsewhere(3)];
    let mut machine = Machine::new(jobs, Terms { concurrency: 2, ..terms(false) });
    machine.start(NOW);
    machine.handle(ended(0, busy(5)), NOW).unwrap();
    let now = Duration::from_secs(5);
    machine.handle(Input::Woken, now).unwrap();
    assert_eq!(uploads(&machine.handle(ended(1, UploadOutcome::Accepted), now).unwrap()).len(), 1);
    assert_eq!(uploads(&machine.handle(ended(2, UploadOutcome::Accepted), now).unwrap()).len(), 1);
}

#[test]
fn looks_wait_for_the_end_of_the_pause_too() {
    let mut machine = three(terms(false));
    machine.handle(ended(0, busy(120)), NOW).unwrap();
    machine.handle(ended(1, UploadOutcome::Accepted), NOW).unwrap();
    let until = Duration::from_mins(2);
    let effects = machine.handle(Input::Looked { package: name(1), found: Found::NotYet }, NOW).unwrap();
    assert_eq!(effects, [Effect::Look { package: name(1), at: until }]);
}

#[test]
fn a_pause_that_a_look_was_told_of_counts_for_uploads() {
    let mut machine = Machine::new(
        vec![job(0, RouteKind::Token, &[]), job(1, RouteKind::Token, &[])],
        Terms { concurrency: 1, ..terms(false) },
    );
    machine.start(NOW);
    machine.handle(ended(0, busy(1)), NOW).unwrap();
    let now = Duration::from_secs(1);
    machine.handle(Input::Woken, now).unwrap();
    machine.handle(ended(0, UploadOutcome::Accepted), now).unwrap();
    let now = now + UPLOADS_APART;
    machine.handle(Input::Woken, now).unwrap();
    let found = Found::Busy { retry_after: Some(Duration::from_secs(30)), text: "slow down".to_owned() };
    let effects = machine.handle(Input::Looked { package: name(0), found }, now).unwrap();
    let until = Duration::from_secs(32);
    assert!(effects.contains(&Effect::Look { package: name(0), at: until }), "{effects:?}");
    assert!(effects.contains(&Effect::Wake { at: until }), "{effects:?}");
    machine.handle(ended(1, busy(0)), now).unwrap();
    assert_eq!(uploads(&machine.handle(Input::Woken, Duration::from_secs(31)).unwrap()), []);
    assert_eq!(uploads(&machine.handle(Input::Woken, until).unwrap()), [(name(1), false)]);
}

#[test]
fn a_pause_that_is_too_long_parks_all_that_has_not_begun_there() {
    let elsewhere = Job { registry: "http://other.example/".parse().unwrap(), ..job(3, RouteKind::Token, &[]) };
    let jobs = vec![job(0, RouteKind::Token, &[]), job(1, RouteKind::Token, &[]), elsewhere];
    let mut machine = Machine::new(jobs, Terms { concurrency: 1, ..terms(false) });
    machine.start(NOW);
    let effects = machine.handle(ended(0, busy(1934)), NOW).unwrap();
    for at in 0..2 {
        let parked = Parked::Registry { why: "slow down".to_owned(), retry_after_seconds: Some(1934) };
        assert_eq!(machine.state(&name(at)), Some(&State::Parked(parked)));
    }
    assert_eq!(uploads(&effects), [(name(3), false)], "another registry is none of its business");
}

#[test]
fn a_pause_without_a_length_doubles_up_to_the_longest() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(false));
    machine.start(NOW);
    let mut now = NOW;
    for seconds in [30, 60, 120, 240, 480, 600, 600, 600] {
        let busy = UploadOutcome::RateLimited { retry_after: None, text: String::new() };
        machine.handle(ended(0, busy), now).unwrap();
        let until = now + Duration::from_secs(seconds);
        assert!(matches!(machine.state(&name(0)), Some(State::Waiting { until: told, .. }) if *told == until));
        now = until;
        if uploads(&machine.handle(Input::Woken, now).unwrap()).is_empty() {
            // What was read before the pause is old by now.
            machine.handle(Input::Settled { package: name(0), found: Found::NotYet }, now).unwrap();
        }
    }
    let busy = UploadOutcome::RateLimited { retry_after: None, text: String::new() };
    machine.handle(ended(0, busy), now).unwrap();
    assert!(matches!(machine.state(&name(0)), Some(State::Parked(Parked::Registry { .. }))), "patience has an end");
}
