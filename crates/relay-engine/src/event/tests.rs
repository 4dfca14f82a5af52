//! The stream hands everything to everybody, in order; and what is written of an event is read back as it was told.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use relay_config::RouteKind;
use relay_workspace::{Integrity, PackageName, Version};

use super::*;
use crate::fixture::{Told, name, registry};
use crate::promotion::RecordedPromotion;
use crate::registry_change::RegistryChange;
use crate::registry_writes::{WriteFailure, WriteOutcome};
use crate::run_options::RunOptions;
use crate::state::{Evidence, Failure, How, Parked};

/// How many kinds of facts [`fact`] makes: all.
const KINDS: usize = 30;

/// What a fact may tell, at random.
#[derive(Debug, Clone)]
struct Words {
    text: String,
    number: u64,
    flag: bool,
}

impl Words {
    fn package(&self) -> PackageName {
        name(if self.flag { "@acme/core" } else { "a" })
    }

    fn version(&self) -> Version {
        Version::parse(if self.flag { "1.2.3-rc.1" } else { "10.0.0" }).unwrap()
    }

    fn text(&self) -> String {
        self.text.clone()
    }

    fn optional(&self) -> Option<String> {
        self.flag.then(|| self.text())
    }

    fn count(&self) -> usize {
        usize::from(u16::try_from(self.number % 1000).unwrap())
    }

    fn tag(&self) -> relay_values::DistTag {
        if self.flag { "next" } else { "latest" }.parse().unwrap()
    }

    fn change(&self) -> RegistryChange {
        let (version, tag) = (self.version(), self.tag());
        match self.number % 4 {
            0 => RegistryChange::SetTag { tag, version },
            1 => RegistryChange::RemoveTag { tag },
            2 => RegistryChange::Deprecate { versions: vec![version], message: self.text() },
            _ => RegistryChange::Unpublish { version },
        }
    }

    fn parked(&self) -> Parked {
        let evidence = match self.number % 3 {
            0 => Evidence::Answer,
            1 => Evidence::Refusal { text: self.text() },
            _ => Evidence::Document,
        };
        match self.number % 4 {
            0 => Parked::Person { why: self.text() },
            1 => Parked::Visibility { waited_seconds: self.number, evidence },
            2 => Parked::Registry { why: self.text(), retry_after_seconds: self.flag.then_some(self.number) },
            _ => Parked::Interrupted { in_flight: self.flag, accepted: !self.flag },
        }
    }

    fn failure(&self) -> Failure {
        match self.number % 4 {
            0 => Failure::OtherBytes { there: self.text(), ours: self.text() },
            1 => Failure::TokensDisallowed { credential: self.text(), declared: self.flag },
            2 => Failure::Burnt { text: self.text() },
            _ => Failure::Unreachable { cause: self.text() },
        }
    }

    fn outcome(&self) -> WriteOutcome {
        match self.number % 5 {
            0 => WriteOutcome::Done,
            1 => WriteOutcome::AlreadySo,
            2 => WriteOutcome::Parked(self.parked()),
            3 => WriteOutcome::Held { by: self.text() },
            _ => WriteOutcome::Failed(WriteFailure::Impossible { why: self.text() }),
        }
    }

    fn options(&self) -> RunOptions {
        RunOptions { releases: self.flag, filter: vec![self.text()], no_push: self.flag, ..RunOptions::default() }
    }

    fn prepared(&self) -> PreparedVersion {
        let promotion = RecordedPromotion {
            tag: self.tag(),
            side_tag: "side".parse().unwrap(),
            from: self.flag.then(|| self.version()),
            done: self.flag,
        };
        PreparedVersion {
            package: self.package(),
            version: self.version(),
            registry: registry(),
            integrity: Integrity::parse("sha512-abc=").unwrap(),
            promotion: self.flag.then_some(promotion),
        }
    }
}

/// One fact of each kind.
fn fact(kind: usize, words: &Words) -> Fact {
    let (package, version, integrity, registry) =
        (words.package(), words.version(), Integrity::parse("sha512-abc=").unwrap(), registry());
    let (why, millis, route) =
        (words.text(), words.number, if words.flag { RouteKind::Token } else { RouteKind::Plain });
    let change = words.flag.then(|| words.change());
    match kind {
        0 => Fact::RunStarted {
            command: words.text(),
            plan: words.text(),
            packages: vec![package],
            push: words.flag,
            options: words.flag.then(|| words.options()),
        },
        1 => Fact::PhaseStarted { phase: if words.flag { Phase::Pack } else { Phase::Promote } },
        2 => Fact::VersionsWritten { packages: words.count(), files: words.count() },
        3 => Fact::Committed { commit: words.text() },
        4 => Fact::BuildStarted { command: words.text() },
        5 => Fact::Built { millis },
        6 => Fact::ScriptRan { package, script: words.text(), millis },
        7 => Fact::Packed { package, version, integrity, size: words.number, files: words.count() },
        8 => Fact::UploadsPrepared { head: words.optional(), versions: vec![words.prepared()] },
        9 => {
            let (attempt, size, head) = (1, words.number, words.optional());
            Fact::UploadStarted { package, version, registry, integrity, route, attempt, size, head }
        }
        10 => Fact::Accepted { package, version, registry, integrity },
        11 => Fact::PublishedAccepted { package, version, registry, integrity, commit: words.text() },
        12 => Fact::Settling { package, why },
        13 => Fact::ChallengeOpened { package, change, url: words.optional(), remaining: words.count() },
        14 => Fact::ChallengeAnswered { package, change },
        15 => Fact::WriteStarted { package, registry, change: words.change(), attempt: 2 },
        16 => Fact::WriteWaiting { package, change: words.change(), why, millis },
        17 => Fact::WriteSettling { package, change: words.change(), why },
        18 => Fact::WriteEnded { package, registry, change: words.change(), outcome: words.outcome() },
        19 => Fact::RouteChanged { package, route, why },
        20 => Fact::Waiting { package, why, millis },
        21 => {
            let how = if words.flag { How::Published } else { How::AlreadyThere };
            Fact::Live { package, version, registry, how }
        }
        22 => Fact::Parked { package, version, parked: words.parked() },
        23 => Fact::Held { package: package.clone(), by: package },
        24 => Fact::Failed { package, version, failure: words.failure() },
        25 => Fact::TagLeft { package, version: version.clone(), registry, tag: words.tag(), there: version },
        26 => Fact::Promoted { package, version, registry },
        27 => Fact::Tagged { package: words.flag.then_some(package), tag: words.text() },
        28 => Fact::Pushed { remote: words.text(), refs: vec![words.text()] },
        _ => Fact::RunEnded { live: words.count(), failed: 0, held: words.count(), parked: 1 },
    }
}

proptest! {
    #[test]
    fn what_is_written_of_an_event_is_one_line_and_is_read_back_as_it_was_told(
        kind in 0..KINDS,
        text in any::<String>(),
        number in any::<u64>(),
        flag in any::<bool>(),
    ) {
        let event = Event { at: "2026-11-24T09:00:00.123Z".parse().unwrap(), fact: fact(kind, &Words { text, number, flag }) };
        let line = event.to_line().unwrap();
        prop_assert_eq!(line.find('\n'), Some(line.len() - 1), "{}", line);
        prop_assert_eq!(&serde_json::from_str::<Event>(&line).unwrap(), &event);
        let written: serde_json::Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&written["event"], event.fact.name());
        let package = event.fact.package().map(PackageName::as_str);
        prop_assert_eq!(written["package"].as_str(), package, "{}", line);
    }
}

#[test]
fn a_secret_that_is_known_is_in_no_line() {
    let secret = "npm_secretOfTheStreamsOwnTest0001";
    relay_registry::struck_out::know(&secret.to_owned().into());
    let fact = Fact::Settling { package: name("a"), why: format!("the answer was {secret}") };
    let line = Event { at: Timestamp::UNIX_EPOCH, fact }.to_line().unwrap();
    assert!(!line.contains(secret) && line.contains("the answer was"), "{line}");
}

/// A reader that can't record anything, or can't keep what it recorded.
#[derive(Default)]
struct Full {
    heard: Mutex<usize>,
    cannot_record: bool,
}

impl Subscriber for Full {
    fn event(&self, _: &Event) -> Result<(), String> {
        *self.heard.lock().unwrap() += 1;
        if self.cannot_record { Err("no space left".to_owned()) } else { Ok(()) }
    }

    fn make_durable(&self) -> Result<(), String> {
        Err("the disk is gone".to_owned())
    }
}

#[test]
fn a_reader_that_cannot_record_stops_the_run_and_the_others_hear_of_it_all_the_same() {
    let (told_first, told_last) = (Arc::new(Told::default()), Arc::new(Told::default()));
    let full = Arc::new(Full { cannot_record: true, ..Full::default() });
    let mut events = Emitter::new(Told::stream().0.clock());
    for reader in [Arc::clone(&told_first) as Arc<dyn Subscriber>, Arc::clone(&full) as _, Arc::clone(&told_last) as _]
    {
        events.subscribe(reader);
    }
    let fact = Fact::Committed { commit: "1".to_owned() };
    assert_eq!(events.emit(fact.clone()), Err(NotRecorded("no space left".to_owned())));
    assert_eq!(
        (told_first.facts(), *full.heard.lock().unwrap(), told_last.facts()),
        (vec![fact.clone()], 1, vec![fact])
    );
}

#[test]
fn what_must_outlive_a_power_cut_is_promised_by_every_reader_or_by_none() {
    let (mut events, _) = Told::stream();
    assert_eq!(events.make_durable(), Ok(()), "who keeps nothing promises nothing");
    events.subscribe(Arc::new(Full::default()));
    assert_eq!(events.make_durable(), Err(NotRecorded("the disk is gone".to_owned())));
}

#[test]
fn the_stream_knows_what_the_run_has_come_to() {
    let (events, _) = Told::stream();
    let words = Words { text: "p".to_owned(), number: 0, flag: false };
    events.emit(fact(0, &words)).unwrap();
    events.emit(fact(9, &words)).unwrap();
    assert!(!events.run().package(&name("a")).unwrap().is_pending());
    assert!(events.run().package(&name("other")).is_none());
}
