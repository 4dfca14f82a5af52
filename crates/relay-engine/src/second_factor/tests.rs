//! The second factor against registries that take an answer once, several times or never.

use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::from_secs(7);

/// Sends a write and gets what comes next after a challenge.
fn challenge(session: &mut SecondFactor, write: &mut WriteFactor, carried: Carried, web: bool) -> Step {
    write.sends(carried);
    session.challenged(write, web, NOW)
}

#[test]
fn a_first_try_goes_without_while_nothing_is_kept_and_an_answer_of_its_own_follows() {
    let (mut session, mut write) = (SecondFactor::new(true, false), WriteFactor::default());
    assert_eq!(session.at_first(NOW), Carried::Nothing);
    assert_eq!(challenge(&mut session, &mut write, Carried::Nothing, true), Step::Ask);
    let own = Carried::Own { typed: false };
    assert_eq!(session.answered(Answer::Given, NOW), Step::Send(own));
    write.sends(own);
    session.accepted(&mut write);
    assert_eq!(session.answered_count(), 1);
    assert_eq!(session.at_first(NOW), Carried::Kept, "whether it serves another shows when it goes along");
    assert_eq!(session.at_first(NOW + KEPT_OTP_AGE_MAX), Carried::Nothing, "an old one serves nobody");
}

#[test]
fn what_served_two_writes_goes_along_with_the_third_at_once_while_it_is_fresh() {
    let mut session = SecondFactor::new(true, false);
    session.answered(Answer::Given, NOW);
    let mut second = WriteFactor::default();
    assert_eq!(challenge(&mut session, &mut second, Carried::Nothing, true), Step::Send(Carried::Kept));
    second.sends(Carried::Kept);
    session.accepted(&mut second);
    assert_eq!(session.at_first(NOW), Carried::Kept);
    assert_eq!(session.at_first(NOW + KEPT_OTP_AGE_MAX), Carried::Nothing);
}

#[test]
fn a_refused_answer_of_a_page_opens_a_page_and_a_refused_code_asks_for_a_code() {
    for (answer, expected) in [(Answer::Given, Step::Send(Carried::Nothing)), (Answer::Typed, Step::Ask)] {
        let (mut session, mut write) = (SecondFactor::new(true, false), WriteFactor::default());
        session.answered(answer, NOW);
        let first = session.at_first(NOW);
        assert_eq!(challenge(&mut session, &mut write, first, false), expected, "after {answer:?}");
    }
}

#[test]
fn what_was_not_refused_goes_along_again_when_the_turn_has_come() {
    let (mut session, mut write) = (SecondFactor::new(true, false), WriteFactor::default());
    session.answered(Answer::Typed, NOW);
    let own = Carried::Own { typed: true };
    write.sends(own);
    assert_eq!(session.in_turn(&write, NOW), own, "put off by a pause, say");
    assert_eq!(session.in_turn(&write, NOW + KEPT_OTP_AGE_MAX), Carried::Nothing);
    session.challenged(&mut write, false, NOW);
    assert_eq!(session.in_turn(&write, NOW), Carried::Nothing, "it was refused");
}

#[test]
fn a_kept_answer_that_was_refused_once_is_never_tried_again() {
    let mut session = SecondFactor::new(true, false);
    session.answered(Answer::Given, NOW);
    let mut write = WriteFactor::default();
    assert_eq!(challenge(&mut session, &mut write, Carried::Kept, true), Step::Ask);
    session.answered(Answer::Given, NOW);
    let mut other = WriteFactor::default();
    assert_eq!(challenge(&mut session, &mut other, Carried::Nothing, true), Step::Ask, "one serves one here");
}

#[test]
fn a_bare_text_after_a_page_opens_a_new_page_where_somebody_is_here() {
    for (person, expected) in [(true, Step::Send(Carried::Nothing)), (false, Step::GiveUp { why: String::new() })] {
        let (mut session, mut write) = (SecondFactor::new(person, false), WriteFactor::default());
        challenge(&mut session, &mut write, Carried::Nothing, true);
        session.answered(Answer::Given, NOW);
        let step = challenge(&mut session, &mut write, Carried::Own { typed: false }, false);
        assert_eq!(std::mem::discriminant(&step), std::mem::discriminant(&expected), "{step:?}");
    }
}

#[test]
fn without_a_person_only_what_was_given_beforehand_is_tried_and_once() {
    let (mut session, mut write) = (SecondFactor::new(false, true), WriteFactor::default());
    assert!(session.can_be_answered(NOW) && !session.can_be_answered(KEPT_OTP_AGE_MAX));
    assert_eq!(session.at_first(NOW), Carried::Kept);
    let Step::GiveUp { why } = challenge(&mut session, &mut write, Carried::Kept, true) else {
        panic!("nobody is here")
    };
    assert!(why.contains("refused"), "{why}");
    assert!(!session.can_be_answered(NOW), "a refused one helps nobody");
    let Step::GiveUp { why } = challenge(&mut session, &mut WriteFactor::default(), Carried::Nothing, true) else {
        panic!("nobody is here");
    };
    assert!(why.contains("nobody is here"), "{why}");
}

#[test]
fn a_typed_code_counts_when_the_registry_has_taken_it() {
    let (mut session, mut write) = (SecondFactor::new(true, false), WriteFactor::default());
    session.answered(Answer::Typed, NOW);
    write.sends(Carried::Own { typed: true });
    assert_eq!(session.answered_count(), 0);
    session.turned_out_done(&mut write);
    session.turned_out_done(&mut write);
    assert_eq!(session.answered_count(), 1);
}

/// How a simulated registry takes answers.
#[derive(Debug, Clone, Copy)]
enum Registry {
    /// Each answer serves one write.
    Once,
    /// Each answer serves all writes for five minutes.
    Several,
    /// No answer is right.
    Never,
    /// Nobody is asked.
    Window,
}

/// An answer that a simulated registry knows: its number and whether it was used.
struct World {
    registry: Registry,
    web: bool,
    /// The number of the answer that is kept, and since when.
    kept: Option<(u32, Duration)>,
    issued: u32,
    used: Vec<u32>,
    refused: Vec<u32>,
    asked: u32,
}

impl World {
    /// Whether the registry takes a write with what it carries. Counts what must not be sent.
    fn takes(&mut self, carried: Carried, now: Duration) -> bool {
        if matches!(self.registry, Registry::Window) {
            return true;
        }
        if !carried.is_something() {
            return false;
        }
        let (number, since) = self.kept.expect("what is sent is kept");
        assert!(!self.refused.contains(&number), "a refused answer is sent again");
        assert!(carried != Carried::Kept || now.saturating_sub(since) < KEPT_OTP_AGE_MAX, "an old answer is sent");
        let right = match self.registry {
            Registry::Once => !self.used.contains(&number),
            Registry::Several | Registry::Window => now.saturating_sub(since) < KEPT_OTP_AGE_MAX,
            Registry::Never => false,
        };
        if right {
            self.used.push(number);
        } else {
            self.refused.push(number);
        }
        right
    }
}

/// Carries a row of writes out as a driver does. Gives back how many were taken, and how often each was sent.
fn run(
    session: &mut SecondFactor,
    world: &mut World,
    writes: usize,
    pace: Duration,
    answers: &[u8],
) -> (usize, Vec<u32>) {
    let mut now = Duration::ZERO;
    let (mut taken, mut sent_each, mut next_answer) = (0, Vec::new(), 0);
    for _ in 0..writes {
        let mut write = WriteFactor::default();
        let mut step = Step::Send(session.at_first(now));
        let mut sent = 0;
        let mut asked_for_this = 0;
        loop {
            step = match step {
                Step::Send(carried) => {
                    sent += 1;
                    assert!(sent < 20, "no end");
                    write.sends(carried);
                    if world.takes(carried, now) {
                        session.accepted(&mut write);
                        taken += 1;
                        now += pace;
                        break;
                    }
                    now += pace;
                    // A refused answer is answered by a bare text.
                    session.challenged(&mut write, world.web && !carried.is_something(), now)
                }
                Step::Ask => {
                    world.asked += 1;
                    asked_for_this += 1;
                    assert!(session.has_person(), "nobody is here to be asked");
                    assert!(asked_for_this <= CHALLENGES_PER_WRITE_MAX);
                    next_answer += 1;
                    now += pace;
                    let answer = match answers.get(next_answer % answers.len().max(1)).copied().unwrap_or(0) % 6 {
                        0 => Answer::Skipped,
                        1 => Answer::Expired,
                        2 => Answer::Over,
                        3 => Answer::Typed,
                        _ => Answer::Given,
                    };
                    if matches!(answer, Answer::Given | Answer::Typed) {
                        world.issued += 1;
                        world.kept = Some((world.issued, now));
                    }
                    session.answered(answer, now)
                }
                Step::GiveUp { why } => {
                    assert!(!why.is_empty());
                    break;
                }
            };
        }
        sent_each.push(sent);
    }
    (taken, sent_each)
}

fn world(registry: Registry, web: bool, given: bool) -> World {
    let kept = given.then_some((0, Duration::ZERO));
    World { registry, web, kept, issued: 0, used: Vec::new(), refused: Vec::new(), asked: 0 }
}

#[test]
fn where_one_answer_serves_several_writes_a_person_is_asked_once_for_all_of_them() {
    let (mut session, mut world) = (SecondFactor::new(true, false), world(Registry::Several, true, false));
    let (taken, sent) = run(&mut session, &mut world, 40, Duration::from_millis(100), &[4]);
    assert_eq!((taken, world.asked), (40, 1));
    assert_eq!(sent.iter().sum::<u32>(), 41, "challenged once to ask");
}

#[test]
fn where_each_answer_serves_one_write_one_request_is_lost_on_finding_that_out() {
    let (mut session, mut world) = (SecondFactor::new(true, false), world(Registry::Once, true, false));
    let (taken, sent) = run(&mut session, &mut world, 10, Duration::from_millis(100), &[4]);
    assert_eq!((taken, world.asked), (10, 10));
    assert_eq!(world.refused.len(), 1);
    assert_eq!(
        sent,
        [2, 3, 2, 2, 2, 2, 2, 2, 2, 2],
        "each once to open its page; the second one with the first one's answer"
    );
}

proptest! {
    #[test]
    fn whatever_registry_and_person_do_nothing_is_repeated_that_failed_and_all_of_it_ends(
        kind in 0_u8..4,
        web in any::<bool>(),
        person in any::<bool>(),
        given in any::<bool>(),
        writes in 1_usize..12,
        pace in 0_u64..200,
        answers in proptest::collection::vec(any::<u8>(), 1..8),
    ) {
        let registry = match kind {
            0 => Registry::Once,
            1 => Registry::Several,
            2 => Registry::Never,
            _ => Registry::Window,
        };
        let (mut session, mut world) = (SecondFactor::new(person, given), world(registry, web, given));
        let (taken, sent) = run(&mut session, &mut world, writes, Duration::from_secs(pace), &answers);
        prop_assert!(world.asked == 0 || person);
        prop_assert!(session.answered_count() <= world.issued);
        if matches!(registry, Registry::Window) {
            prop_assert_eq!((taken, world.asked), (writes, 0));
            prop_assert!(sent.iter().all(|sent| *sent == 1));
        }
        if matches!(registry, Registry::Never) {
            prop_assert_eq!(taken, 0);
        }
    }
}
