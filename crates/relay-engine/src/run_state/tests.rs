//! What can follow on what, and what a run comes to.

use super::*;
use crate::state::{Evidence, Failure, How};

fn name(text: &str) -> PackageName {
    PackageName::parse(text).unwrap()
}

fn started(packages: &[&str]) -> Fact {
    Fact::RunStarted {
        command: "release".to_owned(),
        plan: "p".to_owned(),
        packages: packages.iter().map(|one| name(one)).collect(),
        push: true,
        options: None,
    }
}

/// The facts that these words stand for, all of one package.
fn fact(word: &str, package: &str) -> Fact {
    let package = name(package);
    let version = Version::new(1, 0, 0);
    let registry: RegistryUrl = "http://registry.example/".parse().unwrap();
    let integrity = Integrity::parse("sha512-abc=").unwrap();
    let why = "why".to_owned();
    let parked = |parked| Fact::Parked { package: package.clone(), version: version.clone(), parked };
    match word {
        "packed" => Fact::Packed { package, version, integrity, size: 3, files: 1 },
        "sent" => Fact::UploadStarted {
            package,
            version,
            registry,
            integrity,
            route: RouteKind::Plain,
            attempt: 1,
            size: 3,
            head: None,
        },
        "accepted" => Fact::Accepted { package, version, registry, integrity },
        "settling" => Fact::Settling { package, why },
        "waiting" => Fact::Waiting { package, why, millis: 1 },
        "asked" => Fact::ChallengeOpened { package, change: None, url: None, remaining: 0 },
        "answered" => Fact::ChallengeAnswered { package, change: None },
        "interactive" => Fact::RouteChanged { package, route: RouteKind::Interactive, why },
        "live" => Fact::Live { package, version, registry, how: How::Published },
        "invisible" => parked(Parked::Visibility { waited_seconds: 1, evidence: Evidence::Answer }),
        "unanswered" => parked(Parked::Person { why }),
        "interrupted" => parked(Parked::Interrupted { in_flight: false, accepted: true }),
        "held" => Fact::Held { by: package.clone(), package },
        "failed" => Fact::Failed { package, version, failure: Failure::Unreachable { cause: why } },
        "ended" => Fact::RunEnded { live: 0, failed: 0, held: 0, parked: 0 },
        "pushed" => Fact::Pushed { remote: "origin".to_owned(), refs: Vec::new() },
        "tagged" => Fact::Tagged { package: None, tag: "v1".to_owned() },
        other => panic!("{other}"),
    }
}

#[test]
fn what_may_follow_on_what_is_a_table() {
    const WAYS: [&str; 11] = [
        "packed sent accepted live",
        "sent settling accepted live",
        "sent waiting sent sent accepted invisible",
        "sent asked answered sent accepted live",
        "sent interactive asked unanswered",
        "settling settling sent accepted settling sent settling accepted live",
        "accepted settling failed",
        "sent accepted interrupted live",
        "sent accepted interrupted failed",
        "held",
        "interrupted answered",
    ];
    for way in WAYS {
        let mut run = RunState::default();
        run.apply(&started(&["a"])).unwrap();
        for word in way.split(' ') {
            run.apply(&fact(word, "a")).unwrap_or_else(|error| panic!("{way}: {error}"));
        }
    }
    for (way, last) in [
        ("", "live"),
        ("", "failed"),
        ("", "waiting"),
        ("", "asked"),
        ("", "invisible"),
        ("sent", "live"),
        ("sent", "invisible"),
        ("sent", "packed"),
        ("sent accepted", "sent"),
        ("sent accepted", "waiting"),
        ("sent accepted", "held"),
        ("sent accepted", "unanswered"),
        ("sent accepted live", "sent"),
        ("sent accepted live", "settling"),
        ("sent accepted live", "failed"),
        ("sent accepted live", "interrupted"),
        ("sent failed", "sent"),
        ("sent failed", "held"),
        ("held", "sent"),
        ("interrupted", "live"),
        ("ended", "ended"),
        ("ended", "tagged"),
    ] {
        let mut run = RunState::default();
        run.apply(&started(&["a"])).unwrap();
        for word in way.split_terminator(' ') {
            run.apply(&fact(word, "a")).unwrap_or_else(|error| panic!("{way}: {error}"));
        }
        let before = run.clone();
        assert!(run.apply(&fact(last, "a")).is_err(), "{last} after `{way}`");
        assert_eq!(run, before, "what is refused changes nothing: {last} after `{way}`");
    }
}

#[test]
fn a_run_may_begin_where_another_was_killed_and_knows_nothing_of_it() {
    let mut run = RunState::default();
    assert_eq!(run.apply(&fact("pushed", "a")), Err(IllegalEvent::NoRun { event: "pushed" }));
    run.apply(&started(&["a", "b"])).unwrap();
    run.apply(&fact("sent", "a")).unwrap();
    run.apply(&started(&["b"])).unwrap();
    assert!(run.package(&name("a")).is_none());
    assert_eq!(
        run.apply(&fact("sent", "a")),
        Err(IllegalEvent::NoSuchPackage { event: "upload-started", package: name("a") })
    );
    run.apply(&fact("sent", "b")).unwrap();
}

#[test]
fn what_a_run_comes_to_is_told_by_its_events() {
    let mut run = RunState::default();
    run.apply(&started(&["a", "b", "c"])).unwrap();
    for word in ["sent", "interactive", "asked", "answered", "sent", "accepted", "live"] {
        run.apply(&fact(word, "a")).unwrap();
    }
    run.apply(&fact("sent", "b")).unwrap();
    let package = |run: &RunState, text: &str| run.package(&name(text)).unwrap().clone();
    let a = package(&run, "a");
    assert_eq!((a.uploads(), a.route()), (2, Some(RouteKind::Interactive)));
    assert_eq!(a.outcome(), Outcome::Live { how: How::Published });
    assert_eq!(run.challenges_answered(), 1);
    let interrupted = |in_flight, accepted| Outcome::Parked(Parked::Interrupted { in_flight, accepted });
    assert_eq!(package(&run, "b").outcome(), interrupted(true, false));
    assert_eq!(package(&run, "c").outcome(), interrupted(false, false));
    run.apply(&fact("accepted", "b")).unwrap();
    assert_eq!(package(&run, "b").outcome(), interrupted(false, true));
    // Others' bytes fail packages that the run is not about.
    let end = |live, failed| Fact::RunEnded { live, failed, held: 0, parked: 0 };
    let miscounted = IllegalEvent::Miscounted { what: "live", counted: 0, told: 1 };
    assert_eq!(run.apply(&end(0, 0)), Err(miscounted));
    run.apply(&end(1, 1)).unwrap();
}

#[test]
fn a_commit_has_the_digits_of_one() {
    for (commit, is_one) in [
        ("1".repeat(40), true),
        ("aF".repeat(32), true),
        (String::new(), false),
        ("HEAD".to_owned(), false),
        ("1".repeat(39), false),
        ("g".repeat(40), false),
    ] {
        let mut run = RunState::default();
        run.apply(&started(&[])).unwrap();
        let ended = run.apply(&Fact::Committed { commit: commit.clone() });
        assert_eq!(ended.is_ok(), is_one, "{commit}");
    }
    let long = "x".repeat(10_000);
    let mut run = RunState::default();
    run.apply(&started(&[])).unwrap();
    assert!(run.apply(&Fact::Committed { commit: long }).unwrap_err().to_string().len() < 200);
}
