//! Accepted versions that do not appear, and what is asked before anything is sent.

use super::*;
use crate::state::Evidence;

/// After the whole time for visibility.
const LATE: Duration = Duration::from_mins(20);

fn taken(code: RefusalCode) -> UploadOutcome {
    UploadOutcome::Refused(refusal(code))
}

fn looked(machine: &mut Machine, found: Found, now: Duration) -> Vec<Effect> {
    machine.handle(Input::Looked { package: name(0), found }, now).unwrap()
}

fn settled(machine: &mut Machine, found: Found, now: Duration) -> Vec<Effect> {
    machine.handle(Input::Settled { package: name(0), found }, now).unwrap()
}

/// One package, accepted, and invisible for the whole time; the registry is being asked for evidence.
fn doubted(job: Job, terms: Terms) -> Machine {
    let accepted_before = job.accepted_before;
    let mut machine = Machine::new(vec![job, super::job(1, RouteKind::Token, &[0])], terms);
    machine.start(NOW);
    if !accepted_before {
        machine.handle(ended(0, UploadOutcome::Accepted), NOW).unwrap();
    }
    let effects = looked(&mut machine, Found::NotYet, LATE);
    assert!(matches!(effects.as_slice(), [Effect::Settle { thorough: true, .. }]), "{effects:?}");
    machine
}

#[test]
fn what_nothing_shows_is_sent_once_more_and_a_refusal_is_the_evidence() {
    for accepted_before in [false, true] {
        let mut machine = doubted(Job { accepted_before, ..job(0, RouteKind::Token, &[]) }, terms(false));
        let effects = settled(&mut machine, Found::NotYet, LATE);
        assert_eq!(uploads(&effects), [(name(0), false)], "the same bytes, at once");
        machine.handle(ended(0, taken(RefusalCode::PreviouslyStaged)), LATE).unwrap();
        settled(&mut machine, Found::NotYet, LATE);
        let evidence = Evidence::Refusal { text: "no".to_owned() };
        let parked = State::Parked(Parked::Visibility { waited_seconds: LATE.as_secs(), evidence });
        assert_eq!(machine.state(&name(0)), Some(&parked));
        assert_eq!(machine.state(&name(1)), Some(&State::Held { by: name(0) }));
        assert_eq!(machine.uploads(&name(0)), 1 + u32::from(!accepted_before));
        assert!(machine.is_finished());
    }
}

#[test]
fn what_was_lost_goes_out_with_the_second_sending() {
    let mut machine = doubted(Job { accepted_before: true, ..job(0, RouteKind::Token, &[]) }, terms(false));
    settled(&mut machine, Found::NotYet, LATE);
    machine.handle(ended(0, UploadOutcome::Accepted), LATE).unwrap();
    looked(&mut machine, Found::SameBytes, LATE);
    assert_eq!(machine.state(&name(0)), Some(&State::Live(How::Published)));
    let asked = Input::Settled { package: name(1), found: Found::NotYet };
    assert_eq!(uploads(&machine.handle(asked, LATE).unwrap()), [(name(1), false)]);
}

/// Both were taken by word alone: the one that needs nobody waits for the one that needs a person, who is called all the same.
#[test]
fn a_person_is_called_to_send_again_what_another_that_is_sent_again_stands_on() {
    let before = |job: Job| Job { accepted_before: true, ..job };
    let jobs = vec![before(job(0, RouteKind::Interactive, &[])), before(job(1, RouteKind::Token, &[0]))];
    let mut machine = Machine::new(jobs, Terms { wait_for: WaitFor::Accepted, ..terms(true) });
    machine.start(NOW);
    for package in [name(0), name(1)] {
        machine.handle(Input::Looked { package, found: Found::NotYet }, LATE).unwrap();
    }
    let mut sent = Vec::new();
    for package in [name(0), name(1)] {
        sent.extend(uploads(&machine.handle(Input::Settled { package, found: Found::NotYet }, LATE).unwrap()));
    }
    assert_eq!(sent, [(name(0), false)]);
    assert_eq!(uploads(&machine.handle(ended(0, UploadOutcome::Accepted), LATE).unwrap()), [(name(1), false)]);
}

#[test]
fn it_is_sent_again_once_a_run() {
    let mut machine = doubted(job(0, RouteKind::Token, &[]), terms(false));
    settled(&mut machine, Found::NotYet, LATE);
    machine.handle(ended(0, UploadOutcome::Accepted), LATE).unwrap();
    let effects = looked(&mut machine, Found::NotYet, 2 * LATE);
    assert_eq!(effects, []);
    let parked = Parked::Visibility { waited_seconds: LATE.as_secs(), evidence: Evidence::Answer };
    assert_eq!(machine.state(&name(0)), Some(&State::Parked(parked)));
    assert_eq!(machine.uploads(&name(0)), 2);
}

#[test]
fn other_bytes_and_a_document_alone_end_the_search() {
    let mut machine = doubted(job(0, RouteKind::Token, &[]), terms(false));
    settled(&mut machine, Found::OtherBytes { there: "a".to_owned(), ours: "b".to_owned() }, LATE);
    assert!(matches!(machine.state(&name(0)), Some(State::Failed(Failure::OtherBytes { .. }))));

    let mut machine = doubted(job(0, RouteKind::Token, &[]), terms(false));
    settled(&mut machine, Found::SameBytes, LATE);
    let parked = Parked::Visibility { waited_seconds: LATE.as_secs(), evidence: Evidence::Document };
    assert_eq!(machine.state(&name(0)), Some(&State::Parked(parked)));
    assert_eq!(machine.uploads(&name(0)), 1);
}

#[test]
fn who_could_not_look_has_not_seen_that_there_is_nothing() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(false));
    machine.start(NOW);
    machine.handle(ended(0, UploadOutcome::Accepted), NOW).unwrap();
    let effects = looked(&mut machine, Found::Unavailable { cause: "502".to_owned() }, LATE);
    assert_eq!(effects, []);
    assert!(matches!(machine.state(&name(0)), Some(State::Parked(Parked::Visibility { .. }))));

    let mut machine = doubted(job(0, RouteKind::Token, &[]), terms(false));
    for _ in 0..SETTLE_READS_MAX {
        if !machine.is_finished() {
            settled(&mut machine, Found::Unavailable { cause: "502".to_owned() }, LATE);
        }
    }
    assert!(matches!(machine.state(&name(0)), Some(State::Parked(Parked::Visibility { .. }))));
    assert_eq!(machine.uploads(&name(0)), 1);
}

#[test]
fn what_the_registry_says_to_hold_is_not_sent_again() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(false));
    machine.start(NOW);
    machine.handle(ended(0, taken(RefusalCode::PreviouslyStaged)), NOW).unwrap();
    settled(&mut machine, Found::NotYet, NOW);
    assert_eq!(looked(&mut machine, Found::NotYet, LATE), []);
    let evidence = Evidence::Refusal { text: "no".to_owned() };
    let parked = Parked::Visibility { waited_seconds: LATE.as_secs(), evidence };
    assert_eq!(machine.state(&name(0)), Some(&State::Parked(parked)));
}

#[test]
fn a_number_that_was_taken_back_is_burnt_and_holds_its_dependents() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[]), job(1, RouteKind::Token, &[0])], terms(false));
    machine.start(NOW);
    let effects = machine.handle(ended(0, taken(RefusalCode::AlreadyPublished)), NOW).unwrap();
    assert!(matches!(effects.as_slice(), [Effect::Settle { thorough: true, .. }]));
    settled(&mut machine, Found::TakenBack, NOW);
    assert_eq!(machine.state(&name(0)), Some(&State::Failed(Failure::Burnt { text: "no".to_owned() })));
    assert_eq!(machine.state(&name(1)), Some(&State::Held { by: name(0) }));

    // Where an earlier run had it accepted, only after its time, and by the registry's own no.
    let mut machine = doubted(Job { accepted_before: true, ..job(0, RouteKind::Token, &[]) }, terms(false));
    let effects = settled(&mut machine, Found::TakenBack, LATE);
    assert_eq!(uploads(&effects), [(name(0), false)]);
    machine.handle(ended(0, taken(RefusalCode::AlreadyPublished)), LATE).unwrap();
    settled(&mut machine, Found::TakenBack, LATE);
    assert!(matches!(machine.state(&name(0)), Some(State::Failed(Failure::Burnt { .. }))));
}

#[test]
fn an_upload_of_ours_that_may_still_be_on_its_way_is_not_called_burnt() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(false));
    machine.start(NOW);
    machine.handle(ended(0, UploadOutcome::Unknown { cause: "reset".to_owned() }), NOW).unwrap();
    settled(&mut machine, Found::NotYet, NOW);
    let later = Duration::from_secs(2);
    assert_eq!(uploads(&machine.handle(Input::Woken, later).unwrap()), [(name(0), false)]);
    machine.handle(ended(0, taken(RefusalCode::AlreadyPublished)), later).unwrap();
    settled(&mut machine, Found::TakenBack, later);
    assert!(matches!(machine.state(&name(0)), Some(State::Accepted { .. })));
    looked(&mut machine, Found::NotYet, later + LATE);
    settled(&mut machine, Found::TakenBack, later + LATE);
    assert!(matches!(machine.state(&name(0)), Some(State::Failed(Failure::Burnt { .. }))));
    assert_eq!(machine.uploads(&name(0)), 2);
}

#[test]
fn evidence_is_not_sought_with_a_person_who_is_not_there() {
    let interactive = Job { accepted_before: true, ..job(0, RouteKind::Interactive, &[]) };
    let mut machine = doubted(interactive.clone(), terms(false));
    assert_eq!(uploads(&settled(&mut machine, Found::NotYet, LATE)), []);
    assert!(matches!(machine.state(&name(0)), Some(State::Parked(Parked::Visibility { .. }))));

    // One who is there, and does not answer, changes nothing either.
    let mut machine = doubted(interactive, terms(true));
    assert_eq!(uploads(&settled(&mut machine, Found::NotYet, LATE)), [(name(0), false)]);
    machine.handle(ended(0, UploadOutcome::Challenged { web: true }), LATE).unwrap();
    machine.handle(Input::Answered { package: name(0), answer: Answer::Expired }, LATE).unwrap();
    assert!(matches!(machine.state(&name(0)), Some(State::Parked(Parked::Visibility { .. }))));
}

#[test]
fn a_registry_that_was_busy_with_the_package_is_tried_again() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(false));
    machine.start(NOW);
    machine.handle(ended(0, taken(RefusalCode::PackumentBusy)), NOW).unwrap();
    settled(&mut machine, Found::NotYet, NOW);
    assert!(matches!(machine.state(&name(0)), Some(State::Waiting { .. })));
    assert_eq!(uploads(&machine.handle(Input::Woken, Duration::from_secs(1)).unwrap()), [(name(0), false)]);
}

/// One package whose read for the plan is older than it may be.
fn stale() -> (Machine, Vec<Effect>) {
    let terms = Terms { read_age: PLAN_READ_FRESH + Duration::from_secs(1), ..terms(false) };
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[]), job(1, RouteKind::Token, &[0])], terms);
    let effects = machine.start(NOW);
    (machine, effects)
}

#[test]
fn what_the_plan_read_long_ago_is_read_again_before_anything_is_sent() {
    let (mut machine, effects) = stale();
    assert!(matches!(effects.as_slice(), [Effect::Settle { thorough: false, .. }]), "{effects:?}");
    assert_eq!(uploads(&settled(&mut machine, Found::NotYet, NOW)), [(name(0), false)]);

    // Somebody published the same meanwhile: nothing is sent.
    let (mut machine, _) = stale();
    assert_eq!(uploads(&settled(&mut machine, Found::SameBytes, NOW)), []);
    looked(&mut machine, Found::SameBytes, NOW);
    assert_eq!(machine.state(&name(0)), Some(&State::Live(How::AlreadyThere)));
    assert_eq!(machine.uploads(&name(0)), 0);

    // Or something else.
    let (mut machine, _) = stale();
    settled(&mut machine, Found::OtherBytes { there: "a".to_owned(), ours: "b".to_owned() }, NOW);
    assert!(matches!(machine.state(&name(0)), Some(State::Failed(Failure::OtherBytes { .. }))));
    assert_eq!(machine.state(&name(1)), Some(&State::Held { by: name(0) }));

    // What can't be read is not sent.
    let (mut machine, _) = stale();
    for _ in 0..SETTLE_READS_MAX {
        let effects = settled(&mut machine, Found::Unavailable { cause: "502".to_owned() }, NOW);
        assert_eq!(uploads(&effects), []);
    }
    assert!(matches!(machine.state(&name(0)), Some(State::Parked(Parked::Registry { .. }))));
}

#[test]
fn a_read_that_is_fresh_is_enough_and_in_a_long_run_it_gets_old() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[]), job(1, RouteKind::Token, &[0])], terms(false));
    assert_eq!(uploads(&machine.start(NOW)), [(name(0), false)]);
    machine.handle(ended(0, UploadOutcome::Accepted), NOW).unwrap();
    let effects = looked(&mut machine, Found::SameBytes, 2 * PLAN_READ_FRESH);
    assert!(matches!(effects.as_slice(), [Effect::Settle { thorough: false, .. }]), "{effects:?}");
}
