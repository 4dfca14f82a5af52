//! What the driver tells, against what the machine knows: each event can follow on the ones before, and what they come to is
//! what the machine came to, whatever registry, person and interruptions do.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use proptest::prelude::*;
use relay_config::WaitFor;
use relay_registry::{Refusal, RefusalCode};

use super::*;
use crate::journal::PastUploads;
use crate::machine::PAUSE_MAX;
use crate::machine::Terms;
use crate::report::Outcome;
use crate::run_state::RunState;
use crate::second_factor::SecondFactors;

/// A source of numbers that a seed decides.
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, bound: u64) -> u64 {
        // Marsaglia's xorshift.
        let mut state = self.0.load(Ordering::Relaxed).max(1);
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0.store(state, Ordering::Relaxed);
        state % bound
    }

    fn one_of<T, const N: usize>(&self, choices: [T; N]) -> T {
        let at = usize::try_from(self.below(N as u64)).expect("an index");
        choices.into_iter().nth(at).expect("a choice")
    }

    fn refusal(&self) -> Refusal {
        let code = self.one_of([
            RefusalCode::AlreadyPublished,
            RefusalCode::PreviouslyStaged,
            RefusalCode::Conflict,
            RefusalCode::Forbidden,
        ]);
        Refusal { code, status: 403, text: "no".to_owned(), package: None }
    }

    fn found(&self) -> Found {
        let pause = self.one_of([None, Some(Duration::from_secs(1)), Some(PAUSE_MAX + Duration::from_secs(1))]);
        let text = "later".to_owned();
        match self.below(9) {
            0..3 => Found::SameBytes,
            3 | 4 => Found::NotYet,
            5 => Found::TakenBack,
            6 => Found::OtherBytes { there: "sha512-xyz=".to_owned(), ours: "sha512-abc=".to_owned() },
            7 => Found::Unavailable { cause: text },
            _ => Found::Busy { retry_after: pause, text },
        }
    }
}

struct Random {
    chance: Chance,
    sends: Mutex<BTreeMap<PackageName, u32>>,
}

impl Random {
    async fn takes_time(&self) {
        tokio::time::sleep(Duration::from_millis(self.chance.below(3) * 40)).await;
    }
}

impl RegistryCalls for Random {
    async fn send(&self, upload: &PreparedUpload, _otp: Option<&Otp>, _interactive: bool) -> Sent {
        *self.sends.lock().expect("one thread").entry(upload.name.clone()).or_default() += 1;
        self.takes_time().await;
        let url = |path: &str| Url::parse(&format!("http://registry.example/{path}")).expect("an address");
        let text = "no".to_owned();
        Sent::Ended(match self.chance.below(12) {
            0..4 => UploadOutcome::Accepted,
            4 => return Sent::Challenged(Challenge::Otp { message: text, notice: None }),
            5 => {
                let web = WebChallenge { auth_url: url("auth"), done_url: url("done") };
                return Sent::Challenged(Challenge::Web(web));
            }
            6 | 7 => UploadOutcome::Refused(self.chance.refusal()),
            8 => UploadOutcome::RateLimited { retry_after: None, text },
            9 => UploadOutcome::RateLimited { retry_after: Some(PAUSE_MAX * 2), text },
            10 => UploadOutcome::Unknown { cause: text },
            _ => UploadOutcome::NotSent { cause: text },
        })
    }

    async fn find(&self, _upload: &PreparedUpload, _thorough: bool) -> Found {
        self.takes_time().await;
        self.chance.found()
    }

    async fn look(&self, _upload: &PreparedUpload) -> Found {
        self.takes_time().await;
        self.chance.found()
    }

    async fn poll(&self, _upload: &PreparedUpload, _challenge: &WebChallenge) -> Polled {
        self.takes_time().await;
        let code = Otp::parse("1234567890123456").expect("a code");
        self.chance.one_of([Polled::Done(code), Polled::Gone, Polled::Pending { retry_after: None }, Polled::Failed])
    }
}

impl Person for Random {
    fn show(&self, _notice: &ChallengeNotice) {}

    async fn ask_code(&self, _notice: &ChallengeNotice) -> Code {
        self.takes_time().await;
        match self.chance.below(8) {
            0 => Code::Interrupted,
            1 => Code::Skipped,
            _ => Code::Typed(Otp::parse("123456").expect("a code")),
        }
    }
}

/// Asks for a code, for the second package just as the person who is asked for the first one stops the run.
struct Late;

impl Late {
    const ANSWER: Duration = Duration::from_millis(80);
}

impl RegistryCalls for Late {
    async fn send(&self, upload: &PreparedUpload, _otp: Option<&Otp>, _interactive: bool) -> Sent {
        let times = if upload.name.as_str() == "a" { 1 } else { 2 };
        tokio::time::sleep(Self::ANSWER * times).await;
        Sent::Challenged(Challenge::Otp { message: "a code".to_owned(), notice: None })
    }

    async fn find(&self, _upload: &PreparedUpload, _thorough: bool) -> Found {
        Found::NotYet
    }

    async fn look(&self, _upload: &PreparedUpload) -> Found {
        Found::NotYet
    }

    async fn poll(&self, _upload: &PreparedUpload, _challenge: &WebChallenge) -> Polled {
        Polled::Failed
    }
}

impl Person for Late {
    fn show(&self, _notice: &ChallengeNotice) {}

    async fn ask_code(&self, _notice: &ChallengeNotice) -> Code {
        tokio::time::sleep(Self::ANSWER).await;
        Code::Interrupted
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_for_a_challenge_that_comes_as_the_run_is_stopped() {
    let uploads: BTreeMap<PackageName, PreparedUpload> =
        ["a", "b"].into_iter().map(|package| (name(package), prepared_upload(package, RouteKind::Plain))).collect();
    let jobs = uploads.values().map(|upload| job(upload, Vec::new())).collect();
    let record = Arc::new(Record::default());
    let mut events = Emitter::new(Arc::new(StoppedClock));
    events.subscribe(Arc::clone(&record) as Arc<dyn Subscriber>);
    let mut machine = Machine::new(jobs, terms(true));
    let context = DriverContext {
        prepared_uploads: &uploads,
        registry: &Late,
        person: &Late,
        events: &events,
        requests_max: 2,
        lock: None,
        read_at: None,
    };
    let mut session = SecondFactorSession::new(true, None, Instant::now());
    carry_out(&mut machine, &context, &mut session, &mut no_stops()).await.expect("an end");
    let facts = record.facts.lock().expect("one thread");
    let asked: Vec<_> = facts.iter().filter(|fact| matches!(fact, Fact::ChallengeOpened { .. })).collect();
    assert_eq!(asked.len(), 1, "{}", shown(&facts));
}

/// What a run is made of.
struct World {
    uploads: BTreeMap<PackageName, PreparedUpload>,
    jobs: Vec<Job>,
    terms: Terms,
    person: bool,
    otp_given: bool,
}

impl World {
    fn of(chance: &Chance) -> Self {
        let count = 1 + chance.below(5);
        let names: Vec<PackageName> = (0..count).map(|at| name(&format!("p{at}"))).collect();
        let random_job = |(at, name): (usize, &PackageName)| Job {
            name: name.clone(),
            registry: "http://registry.example/".parse().expect("an address"),
            route: chance.one_of([RouteKind::Token, RouteKind::Interactive, RouteKind::Plain, RouteKind::Trusted]),
            depends_on: names[..at].iter().filter(|_| chance.below(3) == 0).cloned().collect(),
            chain_length: 1,
            credential: "the test".to_owned(),
            bypasses: chance.below(2) == 0,
            can_become_interactive: chance.below(2) == 0,
            accepted_before: chance.below(5) == 0,
            failed: None,
        };
        let jobs: Vec<Job> = names.iter().enumerate().map(random_job).collect();
        let (person, otp_given) = (chance.below(3) > 0, chance.below(4) == 0);
        let terms = Terms {
            concurrency: 1 + usize::try_from(chance.below(4)).expect("a number"),
            wait_for: chance.one_of([WaitFor::Visible, WaitFor::Accepted]),
            visibility_timeout: Duration::from_secs(chance.below(3) * 60),
            second_factors: SecondFactors::new(person, otp_given),
            read_age: Duration::from_secs(chance.below(2) * 3600),
        };
        let uploads =
            jobs.iter().map(|job| (job.name.clone(), prepared_upload(job.name.as_str(), job.route))).collect();
        Self { uploads, jobs, terms, person, otp_given }
    }

    fn otp(&self) -> Option<Otp> {
        self.otp_given.then(|| Otp::parse("123456").expect("a code"))
    }

    fn started(&self) -> Fact {
        Fact::RunStarted {
            command: "publish".to_owned(),
            plan: "p".to_owned(),
            packages: self.uploads.keys().cloned().collect(),
            push: false,
            options: None,
        }
    }

    /// What an earlier run told, by which some are accepted before.
    fn earlier(&self) -> Vec<Fact> {
        let mut facts = vec![self.started()];
        for job in self.jobs.iter().filter(|job| job.accepted_before) {
            let upload = &self.uploads[&job.name];
            let (package, version) = (upload.name.clone(), upload.version.clone());
            let (registry, integrity) = (upload.registry.clone(), upload.integrity.clone());
            facts.push(Fact::UploadStarted {
                package: package.clone(),
                version: version.clone(),
                registry: registry.clone(),
                integrity: integrity.clone(),
                route: upload.route,
                attempt: 1,
                size: 10,
                head: None,
            });
            facts.push(Fact::Accepted { package, version, registry, integrity });
        }
        facts
    }
}

fn outcome_of(state: &State) -> Option<Outcome> {
    Some(match state {
        State::Live(how) => Outcome::Live { how: *how },
        State::Parked(parked) => Outcome::Parked(parked.clone()),
        State::Held { by } => Outcome::Held { by: by.clone() },
        State::Failed(failure) => Outcome::Failed(failure.clone()),
        _ => return None,
    })
}

fn shown(facts: &[Fact]) -> String {
    let line = |fact: &Fact| format!("{} {}", fact.name(), fact.package().map_or("", PackageName::as_str));
    facts.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Carries a random run out. Gives the machine, what was told, what the stream keeps of it, and how often the registry was
/// sent each package; and whether the run was to be stopped.
async fn carried_out(world: &World, random: &Random) -> (Machine, Vec<Fact>, RunState, bool) {
    let record = Arc::new(Record::default());
    let mut events = Emitter::new(Arc::new(StoppedClock));
    events.subscribe(Arc::clone(&record) as Arc<dyn Subscriber>);
    events.emit(world.started()).expect("a record");
    let stops = random.chance.one_of([0, 0, 1, 2]);
    let (sender, mut interrupts) = mpsc::channel(2);
    let waits: Vec<u64> = (0..stops).map(|_| random.chance.below(400)).collect();
    tokio::spawn(async move {
        for wait in waits {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            // The run may have ended before.
            let _ = sender.send(()).await;
        }
    });
    let mut machine = Machine::new(world.jobs.clone(), world.terms.clone());
    let context = DriverContext {
        prepared_uploads: &world.uploads,
        registry: random,
        person: random,
        events: &events,
        requests_max: 2,
        lock: None,
        read_at: None,
    };
    let mut session = SecondFactorSession::new(world.person, world.otp(), Instant::now());
    carry_out(&mut machine, &context, &mut session, &mut interrupts).await.expect("an end");
    let facts = record.facts.lock().expect("one thread").clone();
    let run = events.run();
    (machine, facts, run, stops > 0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 20_000 }))]

    #[test]
    fn what_is_told_can_follow_and_comes_to_what_the_machine_came_to(seed in any::<u64>()) {
        let random = Random { chance: Chance(AtomicU64::new(seed)), sends: Mutex::default() };
        let world = World::of(&random.chance);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let (machine, facts, run, stopped) = runtime.block_on(carried_out(&world, &random));

        let mut journal = PastUploads::default();
        for fact in world.earlier().into_iter().chain(facts.iter().cloned()) {
            let told = format!("{fact:?}");
            let legal = journal.apply(&Event { at: Timestamp::UNIX_EPOCH, fact });
            prop_assert!(legal.is_ok(), "{legal:?}\n{told}\n{}", shown(&facts));
        }
        let mut parked = BTreeSet::new();
        for fact in &facts {
            match fact {
                Fact::Parked { package, .. } => drop(parked.insert(package)),
                Fact::ChallengeOpened { package, .. } => {
                    prop_assert!(!parked.contains(package), "asked for {package}, which is parked\n{}", shown(&facts));
                }
                _ => {}
            }
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, state) in machine.states() {
            let package = run.package(name).expect("a package of the run");
            let outcome = package.outcome();
            prop_assert_eq!(Some(outcome), outcome_of(state), "{}: {}", name, shown(&facts));
            if let Some(route) = package.route() {
                prop_assert_eq!(Some(route), machine.route(name), "{}: {}", name, shown(&facts));
            }
            // Of what was to be stopped, an upload may have begun for the record alone.
            let sent = random.sends.lock().expect("one thread").get(name).copied().unwrap_or(0);
            let begun = package.uploads();
            prop_assert!(begun == sent || (stopped && begun == sent + 1), "{}: {} {}", name, begun, sent);
            *counts.entry(state.name()).or_default() += 1;
        }
        prop_assert_eq!(run.challenges_answered(), machine.challenges_answered());
        let count = |word: &str| counts.get(word).copied().unwrap_or(0);
        let end = |live| Fact::RunEnded { live, failed: count("failed"), held: count("held"), parked: count("parked") };
        let mut run = run;
        prop_assert!(run.apply(&end(count("live") + 1)).is_err());
        prop_assert!(run.apply(&end(count("live"))).is_ok());
    }
}
