//! The driver against a simulated registry, with time moved by hand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relay_config::{CredentialKind, RegistryRules, RouteKind};
use relay_pack::Tarball;
use relay_plan::{Authorisation, CredentialFact};
use relay_registry::{Challenge, Credential, Otp, RegistryUrl, Url, WebChallenge};
use relay_values::CredentialId;
use relay_workspace::{Integrity, PackageName, Shasum, Version};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{ChallengeNotice, Code, DriverContext, DriverError, Person, carry_out};
use crate::authority::{KnownCredentials, PackageAuthority};
use crate::event::{Emitter, Event, Fact, Subscriber};
use crate::fixture::StoppedClock;
use crate::machine::tests::{job_of, terms};
use crate::machine::{Found, Job, Machine, UploadOutcome};
use crate::prepared_upload::PreparedUpload;
use crate::registry_calls::{Polled, RegistryCalls, Sent};
use crate::second_factor::SecondFactorSession;
use crate::session::KnownCredential;
use crate::state::{How, Parked, State};

mod bound;
mod stall;
mod told;

/// Keeps what the stream tells; may refuse to.
#[derive(Default)]
struct Record {
    facts: Mutex<Vec<Fact>>,
    full: bool,
    /// How often somebody waited for the disk.
    waits: Mutex<u32>,
}

impl Subscriber for Record {
    fn event(&self, event: &Event) -> Result<(), String> {
        if self.full && matches!(event.fact, Fact::UploadStarted { .. }) {
            return Err("no space left".to_owned());
        }
        self.facts.lock().expect("one thread").push(event.fact.clone());
        Ok(())
    }

    fn make_durable(&self) -> Result<(), String> {
        *self.waits.lock().expect("one thread") += 1;
        Ok(())
    }
}

/// A registry that takes each upload after 80 ms and shows it at the third look.
#[derive(Default)]
struct Simulated {
    sends: Mutex<Vec<(PackageName, bool)>>,
    looks: Mutex<BTreeMap<PackageName, u32>>,
    polls: Mutex<Vec<Instant>>,
    /// Answers to the first uploads; afterwards all are accepted.
    answers: Mutex<VecDeque<Sent>>,
    hangs: bool,
    never_shows: bool,
    /// What it was asked to find, by whether that was to be thorough.
    finds: Mutex<Vec<bool>>,
}

impl RegistryCalls for Simulated {
    async fn send(&self, prepared_upload: &PreparedUpload, otp: Option<&Otp>, _interactive: bool) -> Sent {
        self.sends.lock().expect("one thread").push((prepared_upload.name.clone(), otp.is_some()));
        if self.hangs {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(80)).await;
        let answer = self.answers.lock().expect("one thread").pop_front();
        answer.unwrap_or(Sent::Ended(UploadOutcome::Accepted))
    }

    async fn find(&self, _upload: &PreparedUpload, thorough: bool) -> Found {
        self.finds.lock().expect("one thread").push(thorough);
        Found::NotYet
    }

    async fn look(&self, prepared_upload: &PreparedUpload) -> Found {
        let mut looks = self.looks.lock().expect("one thread");
        let count = looks.entry(prepared_upload.name.clone()).or_default();
        *count += 1;
        if *count < 3 || self.never_shows { Found::NotYet } else { Found::SameBytes }
    }

    async fn poll(&self, _upload: &PreparedUpload, _challenge: &WebChallenge) -> Polled {
        let mut polls = self.polls.lock().expect("one thread");
        polls.push(Instant::now());
        match polls.len() {
            0..3 => Polled::Pending { retry_after: Some(Duration::from_millis(10)) },
            _ => Polled::Done(Otp::parse("1234567890123456").expect("a code")),
        }
    }
}

#[derive(Default)]
struct Watcher(Mutex<Vec<ChallengeNotice>>);

impl Person for Watcher {
    fn show(&self, notice: &ChallengeNotice) {
        self.0.lock().expect("one thread").push(notice.clone());
    }

    /// Presses Ctrl-C at the question.
    async fn ask_code(&self, _notice: &ChallengeNotice) -> Code {
        Code::Interrupted
    }
}

/// Before the simulated registry answers an upload.
const SOON: Duration = Duration::from_millis(40);

/// One request to stop, after some time.
fn stop_after(wait: Duration) -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        sender.send(()).await.expect("a listener");
    });
    receiver
}

fn name(text: &str) -> PackageName {
    PackageName::parse(text).expect("a name")
}

/// A package with one session.
pub(crate) fn authority(package: &str, registry: &RegistryUrl) -> PackageAuthority {
    let id = CredentialId::made(registry.clone(), "the test");
    let credential = Credential::new_bearer("secret".into(), id.clone());
    let fact = CredentialFact { id: id.clone(), kind: CredentialKind::Session, expires: None, challenged_on: None };
    let known = BTreeMap::from([(name(package), vec![KnownCredential { fact, credential }])]);
    let by = Authorisation::Credential(id.clone());
    let source = Arc::new(KnownCredentials::new(known));
    PackageAuthority { package: name(package), by, answered_with: Some(id), source }
}

pub(crate) fn prepared_upload(package: &str, route: RouteKind) -> PreparedUpload {
    let registry = RegistryUrl::parse("http://registry.example/").expect("an address");
    let integrity = Integrity::parse("sha512-abc=").expect("a digest");
    let shasum = Shasum::parse(&"ab".repeat(20)).expect("a digest");
    let authority = authority(package, &registry);
    PreparedUpload {
        name: name(package),
        version: Version::new(1, 0, 0),
        registry,
        rules: RegistryRules::Npm,
        route,
        authority,
        bypasses: true,
        tarball: Arc::new(Tarball {
            file_name: format!("{package}-1.0.0.tgz"),
            name: package.to_owned(),
            version: "1.0.0".to_owned(),
            bytes: vec![0; 10],
            integrity: integrity.clone(),
            shasum: shasum.clone(),
            unpacked: 10,
            files: Vec::new(),
            manifest: serde_json::Map::new(),
            readme: None,
        }),
        integrity,
        shasum,
        tag: "latest".parse().unwrap(),
        promotion: None,
        access: None,
        git_head: None,
    }
}

fn job(prepared_upload: &PreparedUpload, depends_on: Vec<PackageName>) -> Job {
    job_of(prepared_upload.name.clone(), prepared_upload.route, depends_on)
}

fn machine(prepared_uploads: &BTreeMap<PackageName, PreparedUpload>, person: bool) -> Machine {
    let mut below: Vec<PackageName> = Vec::new();
    let jobs = prepared_uploads
        .values()
        .map(|prepared_upload| job(prepared_upload, std::mem::replace(&mut below, vec![prepared_upload.name.clone()])))
        .collect();
    Machine::new(jobs, terms(person))
}

/// Runs a chain of packages, each on top of the one before.
async fn run(
    routes: &[(&str, RouteKind)],
    registry: &Simulated,
    record: Arc<Record>,
    stops: mpsc::Receiver<()>,
) -> (Machine, Watcher, Result<(), DriverError>) {
    let prepared_uploads: BTreeMap<PackageName, PreparedUpload> =
        routes.iter().map(|(package, route)| (name(package), prepared_upload(package, *route))).collect();
    let mut events = Emitter::new(Arc::new(StoppedClock));
    events.subscribe(record);
    let person = Watcher::default();
    let mut machine = machine(&prepared_uploads, true);
    let context = DriverContext {
        prepared_uploads: &prepared_uploads,
        registry,
        person: &person,
        events: &events,
        requests_max: 4,
        lock: None,
        read_at: None,
    };
    let mut stops = stops;
    let mut session = SecondFactorSession::new(true, None, Instant::now());
    let ended = carry_out(&mut machine, &context, &mut session, &mut stops).await;
    (machine, person, ended)
}

#[tokio::test(start_paused = true)]
async fn what_never_appears_is_asked_for_thoroughly_and_sent_once_more() {
    let registry = Simulated { never_shows: true, ..Simulated::default() };
    let record = Arc::new(Record::default());
    let begun = Instant::now();
    let (machine, _, ended) = run(&[("a", RouteKind::Token)], &registry, Arc::clone(&record), no_stops()).await;
    ended.expect("an end");
    assert!(matches!(machine.state(&name("a")), Some(State::Parked(Parked::Visibility { .. }))));
    assert_eq!(registry.sends.lock().expect("one thread").len(), 2);
    assert_eq!(*registry.finds.lock().expect("one thread"), [true]);
    assert!(begun.elapsed() >= Duration::from_mins(40), "the time for visibility, twice: {:?}", begun.elapsed());
    let facts = record.facts.lock().expect("one thread");
    let attempts: Vec<u32> = facts
        .iter()
        .filter_map(|fact| if let Fact::UploadStarted { attempt, .. } = fact { Some(*attempt) } else { None })
        .collect();
    assert_eq!(attempts, [1, 2], "both are on record before they are sent");
}

fn no_stops() -> mpsc::Receiver<()> {
    mpsc::channel(1).1
}

#[tokio::test(start_paused = true)]
async fn a_chain_goes_out_one_after_the_other_and_each_change_is_told_once() {
    let (registry, record) = (Simulated::default(), Arc::new(Record::default()));
    let (machine, _, ended) =
        run(&[("a", RouteKind::Token), ("b", RouteKind::Token)], &registry, Arc::clone(&record), no_stops()).await;
    ended.expect("an end");
    assert!(machine.states().all(|(_, state)| *state == State::Live(How::Published)));
    let told: Vec<String> = record
        .facts
        .lock()
        .expect("one thread")
        .iter()
        .map(|fact| match fact {
            Fact::UploadStarted { package, .. } => format!("upload {package}"),
            Fact::Accepted { package, .. } => format!("accepted {package}"),
            Fact::Live { package, .. } => format!("live {package}"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["upload a", "accepted a", "live a", "upload b", "accepted b", "live b"]);
    // It was shown at the third look.
    let looks = super::super::machine::VISIBILITY_POLL_FIRST * 3;
    assert_eq!(machine.shown_after(&name("b")), Some(looks));
}

#[tokio::test(start_paused = true)]
async fn a_web_challenge_is_polled_at_a_bearable_pace_and_answered_with_its_password() {
    let url = |path: &str| Url::parse(&format!("http://registry.example/{path}")).expect("an address");
    let web = Challenge::Web(WebChallenge { auth_url: url("auth"), done_url: url("done") });
    let registry = Simulated { answers: Mutex::new(VecDeque::from([Sent::Challenged(web)])), ..Simulated::default() };
    let record = Arc::new(Record::default());
    let (machine, person, ended) = run(&[("a", RouteKind::Interactive)], &registry, record, no_stops()).await;
    ended.expect("an end");
    assert_eq!(machine.state(&name("a")), Some(&State::Live(How::Published)));
    assert_eq!(person.0.lock().expect("one thread").len(), 1, "the person was shown one page");
    assert_eq!(*registry.sends.lock().expect("one thread"), [(name("a"), false), (name("a"), true)]);
    let polls = registry.polls.lock().expect("one thread");
    assert!(polls.windows(2).all(|pair| pair[1] - pair[0] >= super::CHALLENGE_POLL_MIN), "{polls:?}");
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_hangs_is_left_to_the_next_run_after_an_interruption() {
    let registry = Simulated { hangs: true, ..Simulated::default() };
    let begun = Instant::now();
    let record = Arc::new(Record::default());
    let packages = [("a", RouteKind::Token), ("b", RouteKind::Token)];
    let (machine, _, ended) = run(&packages, &registry, record, stop_after(SOON)).await;
    ended.expect("an end");
    assert_eq!(begun.elapsed(), super::SETTLE_AFTER_INTERRUPT + SOON);
    assert_eq!(
        machine.state(&name("a")),
        Some(&State::Parked(Parked::Interrupted { in_flight: true, accepted: false }))
    );
    assert_eq!(
        machine.state(&name("b")),
        Some(&State::Parked(Parked::Interrupted { in_flight: false, accepted: false }))
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_registry_takes_after_an_interruption_is_on_record() {
    let registry = Simulated::default();
    let record = Arc::new(Record::default());
    let (machine, _, ended) = run(&[("a", RouteKind::Token)], &registry, Arc::clone(&record), stop_after(SOON)).await;
    ended.expect("an end");
    assert_eq!(
        machine.state(&name("a")),
        Some(&State::Parked(Parked::Interrupted { in_flight: false, accepted: true }))
    );
    let facts = record.facts.lock().expect("one thread");
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Accepted { .. })), "{facts:?}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_to_stop_before_anything_is_sent_gets_nothing_sent() {
    let registry = Simulated::default();
    let (sender, receiver) = mpsc::channel(1);
    sender.send(()).await.expect("room");
    let record = Arc::new(Record::default());
    let (machine, _, ended) = run(&[("a", RouteKind::Token)], &registry, Arc::clone(&record), receiver).await;
    ended.expect("an end");
    assert!(registry.sends.lock().expect("one thread").is_empty());
    let interrupted = State::Parked(Parked::Interrupted { in_flight: false, accepted: false });
    assert_eq!(machine.state(&name("a")), Some(&interrupted));
}

#[tokio::test(start_paused = true)]
async fn an_interruption_at_the_question_stops_the_run_and_asks_for_nobody_else() {
    let asked = || Sent::Challenged(Challenge::Otp { message: "a code".to_owned(), notice: None });
    let registry = Simulated { answers: Mutex::new(VecDeque::from([asked(), asked()])), ..Simulated::default() };
    let record = Arc::new(Record::default());
    let routes = [("a", RouteKind::Interactive), ("b", RouteKind::Interactive)];
    let (machine, _, ended) = run(&routes, &registry, record, no_stops()).await;
    ended.expect("an end");
    assert_eq!(*registry.sends.lock().expect("one thread"), [(name("a"), false)]);
    let interrupted = State::Parked(Parked::Interrupted { in_flight: false, accepted: false });
    assert!(machine.states().all(|(_, state)| *state == interrupted));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_that_cannot_be_recorded_first() {
    let registry = Simulated::default();
    let record = Arc::new(Record { full: true, ..Record::default() });
    let (_, _, ended) = run(&[("a", RouteKind::Token)], &registry, record, no_stops()).await;
    assert!(matches!(ended, Err(DriverError::NotRecorded(_))));
    assert!(registry.sends.lock().expect("one thread").is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_upload_waits_for_the_disk() {
    let registry = Simulated::default();
    let record = Arc::new(Record::default());
    let packages = [("a", RouteKind::Token), ("b", RouteKind::Token), ("c", RouteKind::Interactive)];
    let (machine, _, ended) = run(&packages, &registry, Arc::clone(&record), no_stops()).await;
    assert!(ended.is_ok() && machine.is_finished());
    assert_eq!(registry.sends.lock().expect("one thread").len(), 3);
    assert_eq!(*record.waits.lock().expect("one thread"), 0);
}
