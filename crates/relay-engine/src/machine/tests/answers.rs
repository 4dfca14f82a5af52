//! What a person's answer to a challenge comes to.

use super::*;

/// A package whose challenge waits for a person.
fn challenged(web: bool) -> Machine {
    let mut machine = Machine::new(vec![job(0, RouteKind::Interactive, &[])], terms(true));
    machine.start(NOW);
    machine.handle(ended(0, UploadOutcome::Challenged { web }), NOW).unwrap();
    machine
}

fn answer(machine: &mut Machine, answer: Answer) {
    machine.handle(Input::Answered { package: name(0), answer }, NOW).unwrap();
}

#[test]
fn a_typed_code_counts_when_the_registry_has_taken_it() {
    let mut machine = challenged(false);
    for _ in 0..2 {
        answer(&mut machine, Answer::Typed);
        assert_eq!(machine.challenges_answered(), 0, "the registry has not seen it");
        machine.handle(ended(0, UploadOutcome::Challenged { web: false }), NOW).unwrap();
        assert_eq!(machine.challenges_answered(), 0, "it was wrong");
    }
    answer(&mut machine, Answer::Typed);
    machine.handle(ended(0, UploadOutcome::Accepted), NOW).unwrap();
    assert_eq!(machine.challenges_answered(), 1);
    machine.handle(Input::Looked { package: name(0), found: Found::SameBytes }, NOW).unwrap();
    assert_eq!(machine.challenges_answered(), 1);
}

#[test]
fn a_typed_code_counts_though_the_answer_to_its_upload_was_lost() {
    let mut machine = challenged(false);
    answer(&mut machine, Answer::Typed);
    machine.handle(ended(0, UploadOutcome::Unknown { cause: "reset".to_owned() }), NOW).unwrap();
    machine.handle(Input::Settled { package: name(0), found: Found::SameBytes }, NOW).unwrap();
    assert_eq!(machine.challenges_answered(), 1);
}

#[test]
fn an_answer_on_the_page_counts_at_once() {
    let mut machine = challenged(true);
    answer(&mut machine, Answer::Given);
    assert_eq!(machine.challenges_answered(), 1);
    machine.handle(ended(0, UploadOutcome::Accepted), NOW).unwrap();
    assert_eq!(machine.challenges_answered(), 1);
}

#[test]
fn a_challenge_that_ended_without_an_answer_is_told_as_it_ended() {
    for (given, told) in [
        (Answer::Over, "the challenge is over: it was denied, or it expired"),
        (Answer::Expired, "nobody answered the challenge in time"),
        (Answer::Skipped, "the challenge was skipped"),
    ] {
        let mut machine = challenged(true);
        answer(&mut machine, given);
        assert_eq!(machine.state(&name(0)), Some(&State::Parked(Parked::Person { why: told.to_owned() })));
    }
}

#[test]
fn an_answer_to_one_registry_never_goes_along_to_another() {
    let elsewhere = Job { registry: "https://other.example/".parse().unwrap(), ..job(1, RouteKind::Interactive, &[]) };
    let jobs = vec![job(0, RouteKind::Interactive, &[]), elsewhere, job(2, RouteKind::Interactive, &[])];
    let mut machine = Machine::new(jobs, terms(true));
    machine.start(NOW);
    machine.handle(ended(0, UploadOutcome::Challenged { web: true }), NOW).unwrap();
    answer(&mut machine, Answer::Given);
    let mut first_tries = Vec::new();
    for at in 0..2 {
        let effects = machine.handle(ended(at, UploadOutcome::Accepted), NOW).unwrap();
        first_tries.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Upload { package, with_otp, .. } => Some((package, with_otp)),
            _ => None,
        }));
    }
    assert_eq!(first_tries, [(name(1), false), (name(2), true)]);
}
