//! From a plan to jobs, and what a run teaches.

use relay_plan::CredentialFact;
use relay_registry::{Refusal, RefusalCode};
use relay_workspace::{Integrity, Version};

use super::*;
use crate::driver::tests::prepared_upload;
use crate::event::Event;
use crate::fixture::{TWO, name, plan, registry};
use crate::observe::LiveVersion;

fn credential(origin: &str, secret: &str) -> Credential {
    Credential::new_bearer(secret.into(), relay_values::CredentialId::made(registry(), origin))
}

fn refused(code: RefusalCode) -> Outcome {
    Outcome::Failed(Failure::Refused(Refusal { code, status: 403, text: "no".to_owned(), package: None }))
}

#[test]
fn what_a_run_teaches_is_a_table() {
    let live = Outcome::Live { how: How::Published };
    let disallowed = || Outcome::Failed(Failure::TokensDisallowed { credential: "t".to_owned(), declared: true });
    let (token, plain, interactive) = (RouteKind::Token, RouteKind::Plain, RouteKind::Interactive);
    for (why, planned, taken, outcome, bypasses, access, challenged) in [
        (
            "a token that bypasses was challenged",
            token,
            token,
            disallowed(),
            true,
            Some(PublishingAccess::Publish),
            false,
        ),
        ("and a person published it", token, interactive, live.clone(), true, Some(PublishingAccess::Publish), false),
        ("another token was challenged", token, token, disallowed(), false, None, true),
        (
            "a challenge where none was thought to be",
            plain,
            interactive,
            live.clone(),
            false,
            Some(PublishingAccess::Automation),
            false,
        ),
        ("with a token that bypasses", plain, interactive, live.clone(), true, Some(PublishingAccess::Publish), false),
        ("nothing happened", token, token, live, false, None, false),
        (
            "a refusal that wants a second factor",
            token,
            token,
            refused(RefusalCode::TwoFactorOrBypass),
            true,
            Some(PublishingAccess::Automation),
            false,
        ),
        (
            "a refusal that wants no tokens",
            token,
            token,
            refused(RefusalCode::TokensDisallowed),
            true,
            Some(PublishingAccess::Publish),
            false,
        ),
        ("a refusal that tells nothing", token, token, refused(RefusalCode::Outage), true, None, false),
    ] {
        let plan = plan(&[("a", "1.0.0", planned)]);
        let mut learnt = Learnt::default();
        let credential = credential("t", "secret");
        let tried = TriedToken { credential: Some(&credential), bypasses };
        let today = "2026-11-24".parse().unwrap();
        teach(&mut learnt, &plan.packages[0], &outcome, Some(taken), tried, today);
        assert_eq!(learnt.access(&registry(), &name("a")).map(|(access, _)| access), access, "{why}");
        assert_eq!(learnt.challenged_on(&registry(), &name("a"), &credential).is_some(), challenged, "{why}");
    }
}

#[test]
fn a_token_that_was_challenged_and_publishes_now_is_forgiven() {
    let plan = plan(&[("a", "1.0.0", RouteKind::Token)]);
    let (mut learnt, token) = (Learnt::default(), credential("t", "secret"));
    let today = "2026-11-24".parse().unwrap();
    let tried = TriedToken { credential: Some(&token), bypasses: false };
    let challenged = Outcome::Failed(Failure::TokensDisallowed { credential: "t".to_owned(), declared: false });
    teach(&mut learnt, &plan.packages[0], &challenged, Some(RouteKind::Token), tried, today);
    assert!(learnt.challenged_on(&registry(), &name("a"), &token).is_some());
    let live = Outcome::Live { how: How::Published };
    teach(&mut learnt, &plan.packages[0], &live, Some(RouteKind::Token), tried, today);
    assert!(learnt.challenged_on(&registry(), &name("a"), &token).is_none());
}

/// A run of `a` and `b`, in which `a` went out by its token.
fn run_of_two() -> RunState {
    let mut run = RunState::default();
    let version = Version::new(1, 0, 0);
    let integrity = Integrity::parse("sha512-abc=").unwrap();
    let started = Fact::RunStarted {
        command: "publish".to_owned(),
        plan: "p".to_owned(),
        packages: vec![name("a"), name("b")],
        push: false,
        options: None,
    };
    let sent = Fact::UploadStarted {
        package: name("a"),
        version: version.clone(),
        registry: registry(),
        integrity: integrity.clone(),
        route: RouteKind::Token,
        attempt: 1,
        size: 3,
        head: None,
    };
    let accepted = Fact::Accepted { package: name("a"), version: version.clone(), registry: registry(), integrity };
    let live = Fact::Live { package: name("a"), version, registry: registry(), how: How::Published };
    for fact in [started, sent, accepted, live] {
        run.apply(&fact).unwrap();
    }
    run
}

#[test]
fn a_token_has_shown_that_it_bypasses_where_it_published_another_package() {
    let run = run_of_two();
    let same = BTreeMap::from([(name("a"), credential("t", "one")), (name("b"), credential("u", "one"))]);
    assert!(has_published(&run, &same, &name("b")));
    assert!(!has_published(&run, &same, &name("a")), "its own success tells nothing of others");
    let other = BTreeMap::from([(name("a"), credential("t", "one")), (name("b"), credential("t", "two"))]);
    assert!(!has_published(&run, &other, &name("b")));
    assert!(!has_published(&run, &BTreeMap::new(), &name("b")));
}

#[test]
fn a_job_waits_for_what_comes_in_earlier_waves_and_for_what_it_stands_on() {
    let project = crate::fixture::Repo::of(&TWO).project();
    let mut plan = plan(&[("a", "1.0.0", RouteKind::Token), ("b", "1.0.0", RouteKind::Token)]);
    let uploads: BTreeMap<PackageName, PreparedUpload> =
        ["a", "b"].into_iter().map(|package| (name(package), prepared_upload(package, RouteKind::Token))).collect();
    let chains = BTreeMap::from([(name("a"), 2)]);
    let waits = |plan: &ReleasePlan, uploads: &BTreeMap<_, _>, past: &PastUploads, foreign: &[ForeignVersion]| {
        let jobs = jobs(plan, (&project.graph, &chains), uploads, &project.config, past, foreign);
        let of = |job: &Job| (job.name.to_string(), job.depends_on.clone(), job.accepted_before, job.failed.is_some());
        jobs.iter().map(of).collect::<Vec<_>>()
    };
    let nothing = PastUploads::default();
    let row = |package: &str, below: &[&str], accepted, failed| {
        (package.to_owned(), below.iter().map(|one| name(one)).collect::<Vec<_>>(), accepted, failed)
    };
    assert_eq!(waits(&plan, &uploads, &nothing, &[]), [row("a", &[], false, false), row("b", &["a"], false, false)]);
    // What has no upload has no job, and nobody waits in an allowed cycle.
    plan.packages[1].wave = 1;
    let only_b = BTreeMap::from([(name("b"), uploads[&name("b")].clone())]);
    assert_eq!(waits(&plan, &only_b, &nothing, &[]), [row("b", &[], false, false)]);
    // Somebody else's bytes under `a` hold what stands on it.
    let there = Integrity::parse("sha512-xyz=").unwrap();
    let live = LiveVersion {
        name: name("a"),
        version: Version::new(1, 0, 0),
        is_present: true,
        registry: registry(),
        integrity: Some(there.clone()),
        named_by: std::collections::BTreeSet::new(),
    };
    let foreign = ForeignVersion { live, there, ours: Integrity::parse("sha512-abc=").unwrap() };
    assert_eq!(
        waits(&plan, &only_b, &nothing, &[foreign]),
        [row("b", &["a"], false, false), row("a", &[], false, true)]
    );
    // What an earlier run had accepted, with these bytes, is only looked for.
    let mut past = PastUploads::default();
    let upload = &uploads[&name("b")];
    for fact in [
        Fact::RunStarted {
            command: "publish".to_owned(),
            plan: "p".to_owned(),
            packages: vec![name("b")],
            push: false,
            options: None,
        },
        Fact::UploadStarted {
            package: name("b"),
            version: upload.version.clone(),
            registry: upload.registry.clone(),
            integrity: upload.integrity.clone(),
            route: RouteKind::Token,
            attempt: 1,
            size: 3,
            head: None,
        },
        Fact::Accepted {
            package: name("b"),
            version: upload.version.clone(),
            registry: upload.registry.clone(),
            integrity: upload.integrity.clone(),
        },
    ] {
        past.apply(&Event { at: jiff::Timestamp::UNIX_EPOCH, fact }).unwrap();
    }
    assert_eq!(waits(&plan, &only_b, &past, &[]), [row("b", &[], true, false)]);
}

#[test]
fn who_answers_a_challenge_is_the_planned_credential_or_a_session() {
    let known = |origin: &str, kind| {
        let credential = credential(origin, origin);
        let fact = CredentialFact { id: credential.id().clone(), kind, expires: None, challenged_on: None };
        KnownCredential { fact, credential }
    };
    let all = [known("token", CredentialKind::GranularBypass), known("session", CredentialKind::Session)];
    for (route, with) in [
        (RouteKind::Token, Some(&all[1])),
        (RouteKind::Interactive, Some(&all[0])),
        (RouteKind::Plain, Some(&all[0])),
        // What a trusted publisher was to send goes out by nobody else.
        (RouteKind::Trusted, None),
    ] {
        let plan = plan(&[("a", "1.0.0", route)]);
        let answers = answering(&plan.packages[0], Some(&all[0]), &all);
        assert_eq!(answers.map(|one| &one.fact.id), with.map(|one| &one.fact.id), "{route:?}");
    }
    let plan = plan(&[("a", "1.0.0", RouteKind::Token)]);
    assert!(answering(&plan.packages[0], Some(&all[0]), &all[..1]).is_none());
}

#[test]
fn eight_uploads_and_their_looks_take_sixteen_connections() {
    for (uploads, requests) in
        [(0, 16), (1, 16), (8, 16), (16, 32), (1_000, 2_000), (usize::MAX, Semaphore::MAX_PERMITS)]
    {
        assert_eq!(requests_max(uploads), requests, "{uploads}");
    }
}
