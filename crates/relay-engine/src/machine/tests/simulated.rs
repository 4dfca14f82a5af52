//! The machine against a simulated registry: whatever the answers, the invariants hold and the run ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use relay_config::RouteKind;
use relay_registry::RefusalCode;
use relay_workspace::PackageName;

use super::super::{
    Answer, Effect, Found, Input, Job, Machine, SENT_AGAIN_MAX, Terms, UPLOADS_PER_PACKAGE_MAX, UploadOutcome,
};
use super::{job, refusal, terms};
use crate::second_factor::CHALLENGES_PER_WRITE_MAX;
use crate::state::{How, State};

/// A registry that answers by a list of dice, and remembers what it committed.
struct World {
    dice: Vec<u8>,
    next: usize,
    committed: BTreeMap<PackageName, u32>,
    visible: BTreeSet<PackageName>,
    /// Never shown, however long one waits.
    hidden: BTreeSet<PackageName>,
}

impl World {
    fn roll(&mut self) -> u8 {
        let die = self.dice.get(self.next % self.dice.len().max(1)).copied().unwrap_or(0);
        self.next += 1;
        die
    }

    fn commit(&mut self, package: &PackageName) {
        if !self.committed.contains_key(package) {
            self.committed.insert(package.clone(), 1);
        }
    }

    fn upload(&mut self, package: &PackageName, interactive: bool, with_otp: bool) -> UploadOutcome {
        if interactive && !with_otp {
            return UploadOutcome::Challenged { web: self.roll().is_multiple_of(2) };
        }
        let there = self.committed.contains_key(package);
        match self.roll() % 15 {
            0 => UploadOutcome::Refused(refusal(RefusalCode::MaskedForbidden)),
            1 => UploadOutcome::NotSent { cause: "refused".to_owned() },
            2 => UploadOutcome::Unknown { cause: "lost before".to_owned() },
            3 => {
                self.commit(package);
                UploadOutcome::Unknown { cause: "lost after".to_owned() }
            }
            4 => UploadOutcome::RateLimited { retry_after: Some(Duration::from_secs(1)), text: String::new() },
            7 if !there => UploadOutcome::Accepted,
            8 if !there => UploadOutcome::Refused(refusal(RefusalCode::AlreadyPublished)),
            9 => {
                self.commit(package);
                self.hidden.insert(package.clone());
                UploadOutcome::Accepted
            }
            _ if there && self.hidden.contains(package) => {
                UploadOutcome::Refused(refusal(RefusalCode::PreviouslyStaged))
            }
            _ if there => UploadOutcome::Refused(refusal(RefusalCode::AlreadyPublished)),
            _ => {
                self.commit(package);
                UploadOutcome::Accepted
            }
        }
    }

    fn find(&mut self, package: &PackageName) -> Found {
        let there = self.committed.contains_key(package) && !self.hidden.contains(package);
        match (there, self.roll() % 9) {
            (_, 7) => Found::Busy { retry_after: Some(Duration::from_secs(3)), text: String::new() },
            (false, 8) => Found::TakenBack,
            (_, 0) => Found::Unavailable { cause: "502".to_owned() },
            (true, _) => Found::SameBytes,
            (false, _) => Found::NotYet,
        }
    }

    fn look(&mut self, package: &PackageName) -> Found {
        if !self.committed.contains_key(package) || self.hidden.contains(package) {
            return Found::NotYet;
        }
        if self.visible.contains(package) || self.roll().is_multiple_of(2) {
            self.visible.insert(package.clone());
            return Found::SameBytes;
        }
        Found::NotYet
    }
}

/// Runs a machine to its end in simulated time; checks at each upload what must hold.
fn run(jobs: Vec<Job>, terms: Terms, dice: Vec<u8>) -> (Machine, World) {
    let dependencies: BTreeMap<_, _> = jobs.iter().map(|job| (job.name.clone(), job.depends_on.clone())).collect();
    let mut world =
        World { dice, next: 0, committed: BTreeMap::new(), visible: BTreeSet::new(), hidden: BTreeSet::new() };
    let mut machine = Machine::new(jobs, terms);
    let mut queue: Vec<(Duration, usize, Effect)> = Vec::new();
    let mut sequence = 0;
    let mut now = Duration::ZERO;
    let mut effects = machine.start(now);
    for _ in 0..20_000 {
        for effect in effects.drain(..) {
            let at = match &effect {
                Effect::Settle { at, .. } | Effect::Look { at, .. } | Effect::Wake { at } => *at,
                Effect::Upload { package, .. } => {
                    for dependency in dependencies.get(package).into_iter().flatten() {
                        assert!(world.visible.contains(dependency), "{package} before {dependency} is visible");
                    }
                    now + Duration::from_millis(80)
                }
                Effect::Ask { .. } => now + Duration::from_secs(5),
            };
            sequence += 1;
            queue.push((at, sequence, effect));
        }
        if machine.is_finished() {
            return (machine, world);
        }
        queue.sort_by_key(|(at, sequence, _)| std::cmp::Reverse((*at, *sequence)));
        let (at, _, effect) = queue.pop().expect("an unfinished machine always waits for something");
        now = now.max(at);
        let input = match effect {
            Effect::Upload { package, interactive, with_otp, .. } => {
                let outcome = world.upload(&package, interactive, with_otp);
                Input::UploadEnded { package, outcome }
            }
            Effect::Settle { package, .. } => {
                let found = world.find(&package);
                Input::Settled { package, found }
            }
            Effect::Look { package, .. } => {
                let found = world.look(&package);
                Input::Looked { package, found }
            }
            Effect::Ask { package, .. } => {
                let answer = if world.roll().is_multiple_of(8) { Answer::Skipped } else { Answer::Given };
                Input::Answered { package, answer }
            }
            Effect::Wake { .. } => Input::Woken,
        };
        effects = machine.handle(input, now).expect("the simulation reports only what was asked for");
    }
    panic!("the run does not end");
}

fn graphs() -> impl Strategy<Value = Vec<Job>> {
    proptest::collection::vec((proptest::collection::vec(any::<prop::sample::Index>(), 0..4), 0..3_u8), 1..12).prop_map(
        |packages| {
            packages
                .into_iter()
                .enumerate()
                .map(|(at, (below, route))| {
                    let route = if route == 0 { RouteKind::Interactive } else { RouteKind::Token };
                    let below: BTreeSet<usize> =
                        if at == 0 { BTreeSet::new() } else { below.iter().map(|index| index.index(at)).collect() };
                    job(at, route, &below.into_iter().collect::<Vec<_>>())
                })
                .collect()
        },
    )
}

proptest! {
    #[test]
    fn every_run_ends_and_keeps_the_invariants(
        jobs in graphs(),
        dice in proptest::collection::vec(any::<u8>(), 1..80),
        concurrency in 1..9_usize,
        person in any::<bool>(),
        read_age in 0..120_u64,
    ) {
        let terms = Terms { concurrency, read_age: Duration::from_secs(read_age), ..terms(person) };
        let (machine, world) = run(jobs.clone(), terms, dice);
        for job in &jobs {
            let state = machine.state(&job.name).expect("every job has a state");
            // Only what the registry shows is called live, and nothing is sent without an end.
            prop_assert!(!matches!(state, State::Live(_)) || world.visible.contains(&job.name));
            let most = UPLOADS_PER_PACKAGE_MAX + SENT_AGAIN_MAX + 3 * CHALLENGES_PER_WRITE_MAX + 8;
            prop_assert!(machine.uploads(&job.name) <= most);
            // Held exactly where the chain below is broken.
            let broken = job.depends_on.iter().any(|below| {
                machine.state(below).is_some_and(State::breaks_the_chain)
            });
            prop_assert_eq!(matches!(state, State::Held { .. }), broken, "{}: {:?}", job.name, state);
        }
    }

    #[test]
    fn an_undisturbed_run_uploads_each_package_once(jobs in graphs(), concurrency in 1..9_usize) {
        // 6 is no fault in any of the tables above.
        let jobs: Vec<Job> = jobs.into_iter().map(|job| Job { route: RouteKind::Token, ..job }).collect();
        let terms = Terms { concurrency, ..terms(false) };
        let (machine, _) = run(jobs.clone(), terms, vec![6]);
        for job in &jobs {
            prop_assert_eq!(machine.uploads(&job.name), 1);
            prop_assert_eq!(machine.state(&job.name), Some(&State::Live(How::Published)));
        }
    }
}
