//! The machine's steps, one case each.

use std::time::Duration;

use relay_config::{RouteKind, WaitFor};
use relay_registry::{Refusal, RefusalCode};
use relay_workspace::PackageName;

use super::{Answer, Effect, Found, Input, Job, Machine, PLAN_READ_FRESH, SETTLE_READS_MAX, Terms, UploadOutcome};
use crate::second_factor::SecondFactors;
use crate::state::{Failure, How, Parked, State};

mod answers;
mod documented;
mod evidence;
mod pauses;
mod simulated;

fn name(at: usize) -> PackageName {
    PackageName::parse(&format!("p{at:02}")).expect("a valid name")
}

/// A package that needs these, of whom nobody knows more.
pub(crate) fn job_of(name: PackageName, route: RouteKind, depends_on: Vec<PackageName>) -> Job {
    Job {
        name,
        registry: crate::fixture::registry(),
        route,
        depends_on,
        chain_length: 1,
        credential: "the test".to_owned(),
        bypasses: true,
        can_become_interactive: false,
        accepted_before: false,
        failed: None,
    }
}

fn job(at: usize, route: RouteKind, depends_on: &[usize]) -> Job {
    job_of(name(at), route, depends_on.iter().map(|at| name(*at)).collect())
}

pub(crate) fn terms(person: bool) -> Terms {
    Terms {
        concurrency: 8,
        wait_for: WaitFor::Visible,
        visibility_timeout: Duration::from_mins(20),
        second_factors: SecondFactors::new(person, false),
        read_age: Duration::ZERO,
    }
}

#[test]
fn the_longest_chain_goes_first_and_among_equals_where_most_chains_begin() {
    let chain =
        |at: usize, chain_length: usize, below: &[usize]| Job { chain_length, ..job(at, RouteKind::Token, below) };
    let jobs = vec![
        // One waits for 0 by itself, and two for that one; two wait for 1, and one for each of them.
        chain(0, 3, &[]),
        chain(1, 3, &[]),
        chain(2, 2, &[0]),
        chain(3, 1, &[2]),
        chain(4, 1, &[2]),
        chain(5, 2, &[1]),
        chain(6, 2, &[1]),
        chain(7, 1, &[5]),
        chain(8, 1, &[6]),
        chain(9, 4, &[]),
    ];
    let mut machine = Machine::new(jobs, Terms { concurrency: 2, ..terms(false) });
    let sent: Vec<PackageName> = machine
        .start(Duration::ZERO)
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Upload { package, .. } => Some(package),
            _ => None,
        })
        .collect();
    assert_eq!(sent, [name(9), name(1)]);
}

const NOW: Duration = Duration::ZERO;

fn uploads(effects: &[Effect]) -> Vec<(PackageName, bool)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Upload { package, with_otp, .. } => Some((package.clone(), *with_otp)),
            _ => None,
        })
        .collect()
}

fn ended(at: usize, outcome: UploadOutcome) -> Input {
    Input::UploadEnded { package: name(at), outcome }
}

fn refusal(code: RefusalCode) -> Refusal {
    Refusal { code, status: 403, text: "no".to_owned(), package: None }
}

fn out(machine: &mut Machine, at: usize) -> Vec<Effect> {
    machine.handle(ended(at, UploadOutcome::Accepted), NOW).unwrap();
    machine.handle(Input::Looked { package: name(at), found: Found::SameBytes }, NOW).unwrap()
}

#[test]
fn a_dependent_is_sent_when_its_dependency_is_visible_and_not_before() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[]), job(1, RouteKind::Token, &[0])], terms(false));
    assert_eq!(uploads(&machine.start(NOW)), [(name(0), false)]);
    let effects = machine.handle(ended(0, UploadOutcome::Accepted), NOW).unwrap();
    assert_eq!(uploads(&effects), []);
    let effects = machine.handle(Input::Looked { package: name(0), found: Found::NotYet }, NOW).unwrap();
    assert_eq!(uploads(&effects), []);
    let effects = machine.handle(Input::Looked { package: name(0), found: Found::SameBytes }, NOW).unwrap();
    assert_eq!(uploads(&effects), [(name(1), false)]);
}

#[test]
fn wait_for_accepted_sends_dependents_before_the_registry_shows_anything() {
    let terms = Terms { wait_for: WaitFor::Accepted, ..terms(false) };
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[]), job(1, RouteKind::Token, &[0])], terms);
    machine.start(NOW);
    let effects = machine.handle(ended(0, UploadOutcome::Accepted), NOW).unwrap();
    assert_eq!(uploads(&effects), [(name(1), false)]);
}

#[test]
fn a_failure_holds_its_dependents_and_nobody_else() {
    let jobs = vec![
        job(0, RouteKind::Token, &[]),
        job(1, RouteKind::Token, &[0]),
        job(2, RouteKind::Token, &[1]),
        job(3, RouteKind::Token, &[]),
    ];
    let mut machine = Machine::new(jobs, terms(false));
    machine.start(NOW);
    machine.handle(ended(0, UploadOutcome::Refused(refusal(RefusalCode::MaskedForbidden))), NOW).unwrap();
    assert_eq!(machine.state(&name(2)), Some(&State::Held { by: name(0) }));
    out(&mut machine, 3);
    assert_eq!(machine.state(&name(3)), Some(&State::Live(How::Published)));
    assert!(machine.is_finished());
}

#[test]
fn a_lost_answer_is_settled_by_digest_and_never_sent_twice_when_the_bytes_are_there() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(false));
    machine.start(NOW);
    let effects = machine.handle(ended(0, UploadOutcome::Unknown { cause: "reset".to_owned() }), NOW).unwrap();
    assert!(matches!(effects.as_slice(), [Effect::Settle { .. }]));
    let effects = machine.handle(Input::Settled { package: name(0), found: Found::SameBytes }, NOW).unwrap();
    assert_eq!(uploads(&effects), []);
    assert!(matches!(machine.state(&name(0)), Some(State::Accepted { .. })));
}

#[test]
fn other_bytes_under_the_version_stop_the_package() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(false));
    machine.start(NOW);
    machine.handle(ended(0, UploadOutcome::Refused(refusal(RefusalCode::AlreadyPublished))), NOW).unwrap();
    let found = Found::OtherBytes { there: "sha512-a".to_owned(), ours: "sha512-b".to_owned() };
    machine.handle(Input::Settled { package: name(0), found }, NOW).unwrap();
    assert!(matches!(machine.state(&name(0)), Some(State::Failed(Failure::OtherBytes { .. }))));
}

#[test]
fn the_same_bytes_that_were_there_already_are_done() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(false));
    machine.start(NOW);
    machine.handle(ended(0, UploadOutcome::Refused(refusal(RefusalCode::AlreadyPublished))), NOW).unwrap();
    machine.handle(Input::Settled { package: name(0), found: Found::SameBytes }, NOW).unwrap();
    machine.handle(Input::Looked { package: name(0), found: Found::SameBytes }, NOW).unwrap();
    assert_eq!(machine.state(&name(0)), Some(&State::Live(How::AlreadyThere)));
}

#[test]
fn a_person_is_called_after_all_that_needs_nobody_and_packages_follow_one_another() {
    let jobs =
        vec![job(0, RouteKind::Interactive, &[]), job(1, RouteKind::Interactive, &[]), job(2, RouteKind::Token, &[])];
    let mut machine = Machine::new(jobs, terms(true));
    assert_eq!(uploads(&machine.start(NOW)), [(name(2), false)], "nobody is called while something goes by itself");
    let effects = machine.handle(ended(2, UploadOutcome::Accepted), NOW).unwrap();
    assert_eq!(uploads(&effects), [(name(0), false)], "the first request goes without a password");
    let effects = machine.handle(ended(0, UploadOutcome::Challenged { web: true }), NOW).unwrap();
    assert!(matches!(effects.as_slice(), [Effect::Ask { remaining: 1, .. }]));
    let effects = machine.handle(Input::Answered { package: name(0), answer: Answer::Given }, NOW).unwrap();
    assert_eq!(uploads(&effects), [(name(0), true)]);
    let effects = machine.handle(ended(0, UploadOutcome::Accepted), NOW).unwrap();
    assert_eq!(uploads(&effects), [(name(1), true)], "the kept password goes along at once");
    let effects = machine.handle(ended(1, UploadOutcome::Challenged { web: true }), NOW).unwrap();
    assert!(matches!(effects.as_slice(), [Effect::Ask { .. }]), "a used password is not tried again");
}

#[test]
fn a_used_up_password_opens_a_new_page_instead_of_asking_for_a_code() {
    let jobs = vec![job(0, RouteKind::Interactive, &[])];
    let mut machine = Machine::new(jobs, terms(true));
    machine.start(NOW);
    machine.handle(ended(0, UploadOutcome::Challenged { web: true }), NOW).unwrap();
    machine.handle(Input::Answered { package: name(0), answer: Answer::Given }, NOW).unwrap();
    let effects = machine.handle(ended(0, UploadOutcome::Challenged { web: false }), NOW).unwrap();
    assert_eq!(uploads(&effects), [(name(0), false)]);
    let effects = machine.handle(ended(0, UploadOutcome::Challenged { web: true }), NOW).unwrap();
    assert!(matches!(effects.as_slice(), [Effect::Ask { .. }]));
}

#[test]
fn without_a_person_interactive_packages_are_parked_and_their_dependents_held() {
    let jobs = vec![job(0, RouteKind::Interactive, &[]), job(1, RouteKind::Token, &[0]), job(2, RouteKind::Token, &[])];
    let mut machine = Machine::new(jobs, terms(false));
    let effects = machine.start(NOW);
    assert_eq!(uploads(&effects), [(name(2), false)]);
    assert!(matches!(machine.state(&name(0)), Some(State::Parked(Parked::Person { .. }))));
    assert_eq!(machine.state(&name(1)), Some(&State::Held { by: name(0) }));
}

#[test]
fn a_challenged_token_becomes_interactive_only_with_a_session_at_hand() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(true));
    machine.start(NOW);
    machine.handle(ended(0, UploadOutcome::Challenged { web: true }), NOW).unwrap();
    assert!(matches!(machine.state(&name(0)), Some(State::Failed(Failure::TokensDisallowed { .. }))));

    let with_session = Job { can_become_interactive: true, ..job(0, RouteKind::Token, &[]) };
    let mut machine = Machine::new(vec![with_session], terms(true));
    machine.start(NOW);
    let effects = machine.handle(ended(0, UploadOutcome::Challenged { web: true }), NOW).unwrap();
    assert!(matches!(effects.as_slice(), [Effect::Upload { interactive: true, with_otp: false, .. }]));
}

#[test]
fn a_pause_counts_for_the_whole_registry_and_ends() {
    let mut machine = Machine::new(
        vec![job(0, RouteKind::Token, &[]), job(1, RouteKind::Token, &[])],
        Terms { concurrency: 1, ..terms(false) },
    );
    machine.start(NOW);
    let pause = UploadOutcome::RateLimited { retry_after: Some(Duration::from_secs(2)), text: "slow".to_owned() };
    let effects = machine.handle(ended(0, pause), NOW).unwrap();
    assert_eq!(uploads(&effects), []);
    let effects = machine.handle(Input::Woken, Duration::from_secs(2)).unwrap();
    assert_eq!(uploads(&effects).len(), 1);
}

#[test]
fn an_interruption_sends_nothing_more_and_keeps_what_is_in_flight() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[]), job(1, RouteKind::Token, &[0])], terms(false));
    machine.start(NOW);
    machine.handle(Input::Interrupted, NOW).unwrap();
    assert!(!machine.is_finished());
    machine.handle(ended(0, UploadOutcome::Accepted), NOW).unwrap();
    assert!(machine.is_finished());
    assert!(matches!(machine.state(&name(1)), Some(State::Parked(Parked::Interrupted { .. }))));
}

#[test]
fn refuses_an_input_that_cannot_be() {
    let mut machine = Machine::new(vec![job(0, RouteKind::Token, &[])], terms(false));
    machine.start(NOW);
    let error = machine.handle(Input::Settled { package: name(0), found: Found::NotYet }, NOW).unwrap_err();
    assert_eq!(error.to_string(), "`p00` is uploading and can't take the input settled");
}
