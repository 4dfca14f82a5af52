//! Every fault that the sandbox knows, at every kind of request that a release makes: the registry's own log of what it committed
//! says how it ended, never relay's account. No version is committed twice (I1), none is lost once the command runs again (L1),
//! exit code 0 means that the registry agrees (L5). That no secret comes out in whatever form (S1, S7) is looked after by the world
//! of each test.
//!
//! - `dist_tags`: the writes beside uploads

mod dist_tags;

use std::process::Child;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use relay_sandbox::{
    EventSink, Fault, FaultKind, FaultMatch, SandboxAccess, SandboxEvent, SandboxOptions, SecondFactor, SeedPackage,
};

use crate::sandbox::{ACCOUNT, Registry};
use crate::terminal::{in_terminal, read_until};
use crate::unfinished::{PATIENCE, pearls, write_pearls};
use crate::world::{Ran, World};

/// So many scenarios are played at once: they mostly wait.
const AT_ONCE: usize = 6;

/// One kind of request.
struct Request {
    /// What the upload before it meets, for reads that come only then.
    after: Option<FaultKind>,
    when: FaultMatch,
    /// How many of them are hit.
    times: u32,
}

fn says(code: u16, body: &str, headers: &[(&str, &str)]) -> FaultKind {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    FaultKind::Status { code, body: body.to_owned(), headers }
}

/// All that may happen to a request, by name.
fn faults() -> Vec<(&'static str, FaultKind)> {
    let after_commit = |code| FaultKind::StatusAfterCommit { code, body: "{}".to_owned(), headers: Vec::new() };
    let over = "You cannot publish over the previously published versions: 1.0.0.";
    let escapes = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}no";
    vec![
        ("500", says(500, "{}", &[])),
        ("503", says(503, "{}", &[])),
        ("408", says(408, "{}", &[])),
        ("500 after the commit", after_commit(500)),
        ("504 after the commit", after_commit(504)),
        ("502 with a page", FaultKind::Html { code: 502 }),
        ("200 with a page", FaultKind::Html { code: 200 }),
        ("429", says(429, "{}", &[("retry-after", "1")])),
        (UNASKED, says(429, "{}", &[])),
        ("401", FaultKind::error(401, "no")),
        ("403", FaultKind::error(403, "no")),
        ("404", FaultKind::error(404, "no")),
        ("409", FaultKind::error(409, "conflict")),
        ("403 that it is there", FaultKind::error(403, over)),
        ("400 with escapes", FaultKind::error(400, escapes)),
        ("200 of nothing", says(200, "", &[])),
        ("cut during the request", FaultKind::DropDuringUpload { after_bytes: 10 }),
        ("cut before the commit", FaultKind::DropBeforeCommit),
        ("cut after the commit", FaultKind::DropAfterCommit),
        ("answer cut off", FaultKind::Truncate { after_bytes: 5 }),
        ("answer without end", FaultKind::Oversized { bytes: 65 * 1024 * 1024 }),
        ("answer deep in itself", FaultKind::Nested { depth: 100_000 }),
        ("answer that is no UTF-8", FaultKind::NotUtf8 { code: 200 }),
        ("redirect to itself", FaultKind::RedirectToItself),
        ("the credential repeated", FaultKind::Echo { code: 403 }),
        ("the credential repeated in passing", FaultKind::Echo { code: 500 }),
        ("late", FaultKind::Delay(Duration::from_millis(20))),
        ("byte by byte", FaultKind::Trickle { pause: Duration::from_micros(50) }),
    ]
}

/// A pause whose length relay has to choose: for a write it is too long for a test.
const UNASKED: &str = "429 that names no time";

/// The exit code of a run that was interrupted.
const INTERRUPTED: i32 = 130;

/// What is watched in one world.
struct Scenario<'a> {
    registry: Registry,
    world: World,
    name: &'a str,
    /// Whether the packages are in a git repository, and get tags.
    tagged: bool,
}

/// A second chance for what the registry takes and never shows comes only when this is over.
const SOON: &str = "[publish]\nvisibility-timeout = \"1s\"\n";

/// `pearl`, of which an older version is live, and `necklace`, which needs it. In no git repository: that would be most of the
/// time that a scenario takes.
fn untagged_pearls(registry: &Registry, settings: &str) -> World {
    let mut world = World::empty();
    write_pearls(&world, settings);
    registry.adopt(&mut world);
    registry.sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({ "name": "pearl", "version": "0.9.0" }),
        tarball: b"a tarball".to_vec(),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });
    world
}

impl Scenario<'_> {
    /// Runs a command. One that is expected to be interrupted is so as soon as it tells of a pause that it has chosen.
    fn run(&self, arguments: &[&str], expected: i32) -> Ran {
        let log = self.world.beside("log").join("events.ndjson");
        let more = ["--verbose", "--log-file", log.to_str().expect("UTF-8")];
        let all = [arguments, &more].concat();
        let ran = if expected == INTERRUPTED {
            let mut child = self.world.start(&all);
            let said = read_until(child.stderr.as_mut().expect("its words"), "asked for a pause; next try in ");
            self.world.look_through(&said, "stderr");
            self.world.interrupt(child)
        } else {
            self.world.relay(&all)
        };
        assert_eq!(ran.code, expected, "{}: {}", self.name, ran.stderr);
        ran
    }

    fn publish(&self, more: &[&str], expected: i32) -> Ran {
        self.run(&[&["publish", "--yes", "--no-push", "--json"], more].concat(), expected)
    }

    /// Judges what has come about by the registry's log; `code` is what the run that just ended says of it.
    fn judge(&self, code: i32, told: &str) {
        let name = self.name;
        let committed = self.registry.committed();
        let all = ["pearl@1.0.0", "necklace@1.0.0"];
        assert!(all.starts_with(&committed.iter().map(String::as_str).collect::<Vec<_>>()), "{name}: {committed:?}");
        assert_eq!(code == 0, committed.len() == all.len(), "{name}: exit code {code}, {committed:?}: {told}");
        self.judge_words(told);
        if self.tagged {
            let tags = self.world.git(&["tag"]);
            let of_live = |tag: &str| committed.iter().any(|live| live == tag);
            assert!(tags.lines().all(of_live), "{name}: {tags:?} are not all live: {told}");
            assert!(code != 0 || tags.lines().count() == all.len(), "{name}: {tags:?}: {told}");
        }
    }

    /// No word of a registry reaches the terminal as a command to it.
    fn judge_words(&self, told: &str) {
        let controls = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!told.contains(controls), "{}: {told:?}", self.name);
    }
}

/// How often a fault is met: a redirect to itself is followed until somebody gives up.
fn times(what: &FaultKind) -> u32 {
    if *what == FaultKind::RedirectToItself { 6 } else { 1 }
}

fn play(request: &Request, (name, what): (&str, &FaultKind), expected: i32) {
    let registry = Registry::with_codes();
    let tagged = request.when.method.as_deref() == Some("PUT");
    let world = if tagged { pearls(&registry, SOON) } else { untagged_pearls(&registry, "") };
    let scenario = Scenario { registry, world, name, tagged };
    let faults = &scenario.registry.sandbox;
    if let Some(before) = &request.after {
        faults.add_fault(Fault { when: FaultMatch::publish_of("pearl"), what: before.clone(), times: 1 });
    }
    let times = request.times * times(what);
    faults.add_fault(Fault { when: request.when.clone(), what: what.clone(), times });
    let first = scenario.publish(&[], expected);
    scenario.judge(first.code, &first.stderr);
    faults.clear_faults();
    let second = scenario.publish(&[], 0);
    scenario.judge(0, &second.stderr);
}

/// Plays something with each fault, several at once; `exceptions` end with another exit code than 0.
fn each_fault(exceptions: &[(&str, i32)], play: impl Fn((&str, &FaultKind), i32) + Sync) {
    let waiting = Mutex::new(faults());
    let names: Vec<&str> = faults().iter().map(|(name, _)| *name).collect();
    assert!(exceptions.iter().all(|(name, _)| names.contains(name)), "{exceptions:?}");
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, what)) = { waiting.lock().expect("no panic").pop() } {
                    let expected = exceptions.iter().find(|(other, _)| *other == name).map_or(0, |(_, code)| *code);
                    play((name, &what), expected);
                }
            });
        }
    });
}

fn each_fault_at(request: &Request, exceptions: &[(&str, i32)]) {
    each_fault(exceptions, |fault, expected| play(request, fault, expected));
}

fn of(when: FaultMatch) -> Request {
    Request { after: None, when, times: 1 }
}

fn read(path: &str) -> Request {
    of(FaultMatch::path("GET", path))
}

/// Faults in which what is asked for can't be read.
const UNREADABLE: [&str; 12] = [
    "200 with a page",
    "200 of nothing",
    "400 with escapes",
    "401",
    "403",
    "403 that it is there",
    "409",
    "answer without end",
    "answer deep in itself",
    "answer that is no UTF-8",
    "redirect to itself",
    "the credential repeated",
];

#[test]
fn at_the_read_for_the_plan() {
    each_fault_at(&read("/pearl"), &UNREADABLE.map(|name| (name, 1)));
}

#[test]
fn at_the_question_whose_a_credential_is() {
    // Both are asked about, at once. One whom the registry doesn't know is not used.
    each_fault_at(&Request { times: 2, ..read("/-/whoami") }, &[("401", 1)]);
}

#[test]
fn at_the_tarball_of_the_version_before() {
    each_fault_at(&read("*pearl-0.9.0.tgz"), &[]);
}

/// What ends an upload at once.
const REFUSED_UPLOADS: [(&str, i32); 7] = [
    ("400 with escapes", 1),
    ("401", 1),
    ("403", 1),
    ("404", 1),
    ("redirect to itself", 1),
    ("the credential repeated", 1),
    (UNASKED, INTERRUPTED),
];

#[test]
fn at_the_upload() {
    each_fault_at(&of(FaultMatch::publish_of("pearl")), &REFUSED_UPLOADS);
}

#[test]
fn at_the_read_that_settles_a_lost_answer() {
    for after in [FaultKind::DropAfterCommit, FaultKind::DropBeforeCommit] {
        each_fault_at(&Request { after: Some(after), ..read("/pearl/1.0.0") }, &[]);
    }
}

#[test]
fn at_the_look_whether_it_can_be_installed() {
    each_fault_at(&of(FaultMatch { skip: 1, ..FaultMatch::path("GET", "/pearl") }), &[]);
}

#[test]
fn at_the_look_at_the_tarball() {
    each_fault_at(&read("*pearl-1.0.0.tgz"), &[]);
}

/// Packages that disallow tokens, so that each upload needs a second factor.
const NEEDS_A_PERSON: &str = "\n[[policy]]\npackages = [\"*\"]\npublishing-access = \"publish\"\n";

#[test]
fn at_the_upload_with_a_one_time_password() {
    each_fault(&REFUSED_UPLOADS, |(name, what), expected| {
        let registry = Registry::with_codes();
        for package in ["pearl", "necklace"] {
            registry.access(package, SandboxAccess::Publish);
        }
        let mut world = untagged_pearls(&registry, &format!("{SOON}{NEEDS_A_PERSON}"));
        // What goes over the wire is traced, and never what is secret of it.
        world.set("RELAY_LOG", "trace");
        let mut scenario = Scenario { registry, world, name, tagged: false };
        let next_code = |scenario: &mut Scenario<'_>| {
            let code = scenario.registry.sandbox.current_otp(ACCOUNT).expect("a code");
            scenario.world.guard(&code);
            code
        };
        let fault = Fault { when: FaultMatch::publish_of("pearl"), what: what.clone(), times: times(what) };
        scenario.registry.sandbox.add_fault(fault);
        let code = next_code(&mut scenario);
        let first = scenario.publish(&["--otp", &code], expected);
        scenario.judge(first.code, &first.stderr);
        scenario.registry.sandbox.clear_faults();
        // A code serves once; the next one is there later, in the sandbox's own time.
        scenario.registry.sandbox.advance(Duration::from_secs(30));
        let code = next_code(&mut scenario);
        let second = scenario.publish(&["--otp", &code], 0);
        scenario.judge(0, &second.stderr);
    });
}

/// A registry with pages for the second factor, and whatever fault it plays comes out at the other end.
fn registry_with_pages() -> (Registry, mpsc::Receiver<()>) {
    let (sender, played) = mpsc::channel();
    let sink = EventSink::new(move |event| {
        if let SandboxEvent::FaultPlayed { .. } = event {
            let _ = sender.send(());
        }
    });
    let options = SandboxOptions { events: Some(sink), ..SandboxOptions::default() };
    (Registry::start(options, SecondFactor::Web), played)
}

/// Approves every challenge until a run has ended.
fn approve_until_it_ends(registry: &Registry, child: &mut Child) {
    let look_again = Duration::from_millis(50);
    while child.try_wait().expect("a child").is_none() {
        let next = async { tokio::time::timeout(look_again, registry.sandbox.next_challenge()).await };
        if let Ok(challenge) = registry.runtime.block_on(next) {
            assert!(registry.sandbox.approve_challenge(&challenge.id));
        }
    }
}

#[test]
fn at_the_poll_of_a_challenge() {
    // A challenge that is not there any more was denied or has expired, and waits for the person.
    each_fault(&[("404", 4)], |(name, what), expected| {
        let (registry, played) = registry_with_pages();
        for package in ["pearl", "necklace"] {
            registry.access(package, SandboxAccess::Publish);
        }
        let world = untagged_pearls(&registry, NEEDS_A_PERSON);
        let scenario = Scenario { registry, world, name, tagged: false };
        let when = FaultMatch::path("GET", "/-/v1/done");
        scenario.registry.sandbox.add_fault(Fault { when, what: what.clone(), times: times(what) });
        let log = scenario.world.beside("log").join("events.ndjson");
        let line = format!("publish --yes --no-browser --no-push --log-file {}", log.display());
        let first = in_terminal(&scenario.world, &line);
        // The person is still on the way when it happens.
        played.recv_timeout(PATIENCE).expect("a poll");
        let ended = |mut child, expected| {
            approve_until_it_ends(&scenario.registry, &mut child);
            let ran = scenario.world.ended(child);
            assert_eq!(ran.code, expected, "{name}: {}", ran.stdout);
            scenario.judge(ran.code, "");
        };
        ended(first, expected);
        scenario.registry.sandbox.clear_faults();
        ended(in_terminal(&scenario.world, &line), 0);
        assert!(scenario.registry.commits().iter().all(|commit| commit.otp), "{name}");
    });
}

#[test]
fn where_nobody_listens_nothing_is_sent() {
    let registry = Registry::with_codes();
    let world = untagged_pearls(&registry, "");
    let scenario = Scenario { registry, world, name: "refused", tagged: false };
    let gone = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address");
    let first = scenario.publish(&["--registry", &format!("http://{gone}/")], 1);
    assert!(first.stderr.contains("could not read the packument"), "{}", first.stderr);
    scenario.judge(1, &first.stderr);
    let plan = scenario.world.beside("log").join("plan.json");
    scenario.world.relay(&["plan", "--out", plan.to_str().expect("UTF-8")]).ended_with(0);
    let second = scenario.publish(&[], 0);
    scenario.judge(0, &second.stderr);
}
