//! How a run ended, by what became of its packages and dist-tags.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::fixture::{name, registry};

fn package(outcome: Outcome) -> PackageReport {
    PackageReport {
        name: name("a"),
        path: String::new(),
        version: Version::new(1, 0, 0),
        registry: registry(),
        route: RouteKind::Token,
        reason: String::new(),
        uploads: 1,
        tag: DistTag::latest(),
        outcome,
    }
}

fn promotion(outcome: PromotionOutcome, side_tag_left: bool) -> PromotionReport {
    PromotionReport {
        name: name("a"),
        version: Version::new(1, 0, 0),
        registry: registry(),
        tag: DistTag::latest(),
        side_tag: "side".parse().unwrap(),
        outcome,
        side_tag_left: side_tag_left.then(|| SideTagLeft::Unremoved { why: "no".to_owned() }),
    }
}

fn report(outcomes: Vec<Outcome>, promotion: Vec<PromotionReport>) -> RunReport {
    RunReport { packages: outcomes.into_iter().map(package).collect(), promotion, ..RunReport::new() }
}

fn live(how: How) -> Outcome {
    Outcome::Live { how }
}

fn waits() -> Outcome {
    Outcome::Parked(Parked::Person { why: String::new() })
}

fn stopped() -> Outcome {
    Outcome::Parked(Parked::Interrupted { in_flight: false, accepted: false })
}

fn held() -> Outcome {
    Outcome::Held { by: name("b") }
}

fn failed() -> Outcome {
    Outcome::Failed(Failure::Unreachable { cause: String::new() })
}

fn moved() -> PromotionOutcome {
    PromotionOutcome::Moved { from: None }
}

#[test]
fn the_ending_is_the_worst_that_is_true_of_the_run() {
    let (out, there) = (|| live(How::Published), || live(How::AlreadyThere));
    let broken = |why: &str| PromotionOutcome::Failed { why: why.to_owned() };
    for (why, outcomes, promotion, ending) in [
        ("nothing to do", vec![], vec![], Ending::Done),
        ("all is out", vec![out(), there()], vec![], Ending::Done),
        ("one waits", vec![out(), waits()], vec![], Ending::Parked),
        ("one is held by one that waits", vec![waits(), held()], vec![], Ending::Parked),
        ("one failed of two", vec![out(), failed()], vec![], Ending::Partial),
        ("one failed, one may still go out", vec![failed(), waits()], vec![], Ending::Partial),
        ("none went out", vec![failed(), held()], vec![], Ending::Failed),
        ("stopped, whatever failed", vec![out(), failed(), stopped()], vec![], Ending::Interrupted),
        ("the tags are where they belong", vec![out()], vec![promotion(moved(), false)], Ending::Done),
        ("a side tag is left", vec![out()], vec![promotion(moved(), true)], Ending::Partial),
        ("a tag did not move", vec![out()], vec![promotion(broken("no"), false)], Ending::Partial),
        ("tags wait", vec![out()], vec![promotion(PromotionOutcome::Waits, false)], Ending::Parked),
        (
            "stopped at the tags",
            vec![out()],
            vec![promotion(PromotionOutcome::Interrupted, false)],
            Ending::Interrupted,
        ),
    ] {
        assert_eq!(report(outcomes, promotion).ending(), ending, "{why}");
    }
    let problems = vec!["the tags could not be pushed".to_owned()];
    assert_eq!(RunReport { problems, ..report(vec![out()], vec![]) }.ending(), Ending::Failed);
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(live(How::Published)),
        Just(live(How::AlreadyThere)),
        Just(waits()),
        Just(stopped()),
        Just(held()),
        Just(failed()),
    ]
}

fn tag() -> impl Strategy<Value = PromotionReport> {
    let outcome = prop_oneof![
        Just(moved()),
        Just(PromotionOutcome::There),
        Just(PromotionOutcome::Left { there: Version::new(2, 0, 0) }),
        Just(PromotionOutcome::Superseded),
        Just(PromotionOutcome::Settled { there: None }),
        Just(PromotionOutcome::Waits),
        Just(PromotionOutcome::Parked { why: String::new() }),
        Just(PromotionOutcome::Failed { why: String::new() }),
        Just(PromotionOutcome::Interrupted),
    ];
    (outcome, any::<bool>()).prop_map(|(outcome, left)| promotion(outcome, left))
}

proptest! {
    #[test]
    fn done_is_said_of_what_is_all_live_and_where_it_belongs_and_of_nothing_else_in_whatever_order(
        outcomes in prop::collection::vec(outcome(), 0..6),
        tags in prop::collection::vec(tag(), 0..4),
        problem in any::<bool>(),
        at in any::<Index>(),
    ) {
        let mut run = report(outcomes, tags);
        run.problems.extend(problem.then(String::new));
        let is_done = run.packages.iter().all(|package| matches!(package.outcome, Outcome::Live { .. }))
            && run.promotion.iter().all(PromotionReport::is_done)
            && !problem;
        prop_assert_eq!(run.ending() == Ending::Done, is_done);
        prop_assert_eq!(counts(&run.packages).values().sum::<usize>(), run.packages.len());
        let ending = run.ending();
        if !run.packages.is_empty() {
            let middle = at.index(run.packages.len());
            run.packages.rotate_left(middle);
            run.promotion.reverse();
            prop_assert_eq!(run.ending(), ending);
        }
    }
}

#[test]
fn what_was_there_already_was_not_published_by_this_run() {
    let run = report(vec![live(How::Published), live(How::AlreadyThere), waits()], vec![]);
    assert_eq!(run.published().count(), 1);
}
