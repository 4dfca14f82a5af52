//! A release carried out to its end, with a registry that takes everything or refuses some of it.

use relay_registry::{Otp, Refusal, RefusalCode, WebChallenge};
use serde_json::json;
use tokio::sync::mpsc;

use super::*;
use crate::driver::{ChallengeNotice, Code, Person};
use crate::fixture::loopback::{self, LoopbackRegistry};
use crate::machine::{Found, UploadOutcome};
use crate::prepared_upload::PreparedUpload;
use crate::registry_calls::{Polled, RegistryCalls, Sent};
use crate::release::resumed::Resumed;
use crate::report::{Ending, Outcome};
use crate::state::{Failure, How};

/// Takes every upload but those of one package, and shows it at once.
struct Registry {
    refuses: &'static str,
}

impl RegistryCalls for Registry {
    async fn send(&self, upload: &PreparedUpload, _: Option<&Otp>, _: bool) -> Sent {
        Sent::Ended(if upload.name.as_str() == self.refuses {
            UploadOutcome::Refused(Refusal {
                code: RefusalCode::Forbidden,
                status: 403,
                text: "no".to_owned(),
                package: None,
            })
        } else {
            UploadOutcome::Accepted
        })
    }

    async fn find(&self, _: &PreparedUpload, _: bool) -> Found {
        Found::NotYet
    }

    async fn look(&self, _: &PreparedUpload) -> Found {
        Found::SameBytes
    }

    async fn poll(&self, _: &PreparedUpload, _: &WebChallenge) -> Polled {
        Polled::Gone
    }
}

struct Nobody;

impl Person for Nobody {
    fn show(&self, _: &ChallengeNotice) {}

    async fn ask_code(&self, _: &ChallengeNotice) -> Code {
        Code::Skipped
    }
}

/// Carries a run out to its end, with the journal as a reader of its events.
async fn ended(
    request: Request,
    read: ProjectReader<'_>,
    session: impl Fn() -> Session,
    registry: &Registry,
) -> (Finished, Vec<Fact>) {
    Box::pin(carried_out(request, read, session, registry)).await
}

async fn carried_out(
    request: Request,
    read: ProjectReader<'_>,
    session: impl Fn() -> Session,
    registry: &Registry,
) -> (Finished, Vec<Fact>) {
    let (mut events, told) = Told::stream();
    let state = request.state.clone();
    std::fs::create_dir_all(&state).unwrap();
    let agreed = Entered::enter(request, read).await.unwrap().observe(session()).await.unwrap().agree().unwrap();
    events.subscribe(Arc::new(crate::journal::Journal::open(&state).unwrap()));
    let held = agreed.hold(false, &|_| {}).await.unwrap();
    let packed = held.version(&events).unwrap().pack(freeze_options(), &events).await.unwrap();
    let pushed = packed.push(|_| Ok::<_, ReleaseError>(session()), &events).unwrap();
    let (_keep, mut interrupts) = mpsc::channel(1);
    let published = Box::pin(pushed.publish_to(registry, &Nobody, &events, &mut interrupts)).await.unwrap();
    let promoted = Box::pin(published.promote(&Nobody, &events, &mut interrupts)).await.unwrap();
    let finished = promoted.run_scripts(freeze_options(), &events).unwrap().finish(&events).unwrap();
    (finished, told.facts())
}

fn tags_of(repo: &Repo) -> Vec<String> {
    let listed = repo.git(&["ls-remote", "--refs", "origin", "refs/tags/*"]);
    listed.lines().filter_map(|line| Some(line.rsplit_once("refs/tags/")?.1.to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_release_that_goes_through_is_tagged_and_leaves_nothing_to_do() {
    let repo = repo_with_remote(&[(".changeset/README.md", "# changes\n")]);
    let read = || Project::open(&repo.root);
    let all = Registry { refuses: "" };
    let (finished, facts) = ended(request(&repo, Intent::Release), &read, || session(NPMRC), &all).await;
    assert_eq!((finished.report.ending(), finished.course), (Ending::Done, Course::Publish), "{:?}", finished.report);
    assert_eq!((finished.lock_left, finished.change_files_left), (None, false));
    assert_eq!(tags_of(&repo), ["a@1.1.0", "b@1.1.0"]);
    assert_eq!(finished.report.tags, tags_of(&repo));
    assert_eq!(repo.git(&["ls-remote", "origin", "refs/relay/lock"]), "");
    assert_eq!(repo.git(&["rev-parse", "a@1.1.0^{commit}"]), repo.git(&["rev-parse", "HEAD"]));
    let Some(Fact::RunEnded { live: 2, failed: 0, held: 0, parked: 0 }) =
        facts.iter().find(|fact| matches!(fact, Fact::RunEnded { .. }))
    else {
        panic!("{facts:?}")
    };
    assert_eq!(Resumed::find(&repo.project(), &state_of(&repo), true), None);
    let clone = repo.fresh_clone();
    assert_eq!(Resumed::find(&clone.project(), &state_of(&clone), true), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_holds_its_dependents_back_and_neither_is_tagged() {
    let repo = repo_with_remote(&[]);
    let read = || Project::open(&repo.root);
    let some = Registry { refuses: "a" };
    let (finished, _) = ended(request(&repo, Intent::Release), &read, || session(NPMRC), &some).await;
    let outcomes: Vec<_> = finished.report.packages.iter().map(|package| &package.outcome).collect();
    assert!(matches!(outcomes[..], [Outcome::Failed(Failure::Refused(_)), Outcome::Held { .. }]), "{outcomes:?}");
    assert_eq!((finished.report.ending(), tags_of(&repo)), (Ending::Failed, vec![]));
    assert!(Resumed::find(&repo.project(), &state_of(&repo), true).is_some(), "it is gone on with");
}

/// `a@1.0.0` is live with bytes that the journal of this clone does not know.
async fn somebody_elses(repo: &Repo) -> LoopbackRegistry {
    let dist = json!({ "integrity": "sha512-theirs" });
    let versions = json!({ "1.0.0": { "name": "a", "version": "1.0.0", "dist": dist } });
    let registry =
        LoopbackRegistry::answering([loopback::json("/a", 200, json!({ "name": "a", "versions": versions }))]).await;
    let (mut events, _) = Told::stream();
    std::fs::create_dir_all(state_of(repo)).unwrap();
    events.subscribe(Arc::new(crate::journal::Journal::open(&state_of(repo)).unwrap()));
    let started = Fact::RunStarted {
        command: "publish".to_owned(),
        plan: "earlier".to_owned(),
        packages: vec![name("a")],
        push: true,
        options: None,
    };
    let version = crate::event::PreparedVersion {
        package: name("a"),
        version: Version::new(1, 0, 0),
        registry: registry.url.clone(),
        integrity: relay_workspace::Integrity::parse("sha512-ours").unwrap(),
        promotion: None,
    };
    events.emit(started).unwrap();
    let head = Some(repo.git(&["rev-parse", "HEAD"]));
    events.emit(Fact::UploadsPrepared { head, versions: vec![version] }).unwrap();
    registry
}

#[tokio::test]
async fn others_bytes_under_a_version_stay_failed_and_hold_what_depends_on_them() {
    let repo = repo_with_remote(&[]);
    let registry = somebody_elses(&repo).await;
    let read = || Project::open(&repo.root);
    let asking = || Session { offline: false, ..session(&registry.npmrc_with_token()) };
    let (finished, _) = ended(request(&repo, Intent::Publish), &read, asking, &Registry { refuses: "" }).await;
    let outcomes: Vec<_> =
        finished.report.packages.iter().map(|package| (package.name.to_string(), &package.outcome)).collect();
    let [(b, Outcome::Held { by }), (a, Outcome::Failed(Failure::OtherBytes { there, ours }))] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert_eq!((b.as_str(), by, a.as_str()), ("b", &name("a"), "a"));
    assert_eq!((there.as_str(), ours.as_str()), ("sha512-theirs", "sha512-ours"));
    assert_eq!(tags_of(&repo), Vec::<String>::new(), "what is not ours gets no tag of ours");
}

#[tokio::test]
async fn others_bytes_that_a_person_takes_for_good_are_tagged_and_hold_nobody() {
    let repo = repo_with_remote(&[]);
    let registry = somebody_elses(&repo).await;
    let read = || Project::open(&repo.root);
    let asking = || Session { offline: false, ..session(&registry.npmrc_with_token()) };
    let accepting =
        || Request { accepted: vec![(name("a"), Version::new(1, 0, 0))], ..request(&repo, Intent::Publish) };
    let (finished, facts) = ended(accepting(), &read, asking, &Registry { refuses: "" }).await;
    let published: Vec<_> = finished.report.published().map(|package| package.name.to_string()).collect();
    assert_eq!((published, finished.report.ending()), (vec!["b".to_owned()], Ending::Done), "{:?}", finished.report);
    assert_eq!(tags_of(&repo), ["a@1.0.0", "b@1.0.0"]);
    assert!(facts.iter().any(|fact| matches!(fact, Fact::PublishedAccepted { package, .. } if *package == name("a"))));
    assert!(finished.report.packages.iter().all(|one| one.outcome == Outcome::Live { how: How::Published }));
}
