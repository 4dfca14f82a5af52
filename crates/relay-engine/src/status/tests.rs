//! What a look at a repository tells, and that it leaves no trace.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::event::{Event, Fact, Subscriber};
use crate::fixture::loopback::{self, LoopbackRegistry};
use crate::fixture::{Repo, TWO, name, session, until_free};
use crate::journal::Journal;

fn state_of(repo: &Repo) -> camino::Utf8PathBuf {
    repo.root.join(".git/relay")
}

/// A journal of this clone with these records.
fn remembers(repo: &Repo, facts: Vec<Fact>) {
    std::fs::create_dir_all(state_of(repo)).unwrap();
    let journal = Arc::new(Journal::open(&state_of(repo)).unwrap());
    let started = Fact::RunStarted {
        command: "release".to_owned(),
        plan: "p".to_owned(),
        packages: vec![name("a"), name("b")],
        push: true,
        options: None,
    };
    for fact in [started].into_iter().chain(facts) {
        journal.event(&Event { at: "2026-11-24T09:00:00Z".parse().unwrap(), fact }).unwrap();
    }
}

fn sent(registry: &RegistryUrl, package: &str, integrity: &str) -> Fact {
    Fact::UploadStarted {
        package: name(package),
        version: Version::new(1, 0, 0),
        registry: registry.clone(),
        integrity: Integrity::parse(integrity).unwrap(),
        route: RouteKind::Token,
        attempt: 1,
        size: 3,
        head: None,
    }
}

async fn looked(repo: &Repo, registry: Option<&LoopbackRegistry>) -> Status {
    let npmrc = registry.map_or_else(String::new, LoopbackRegistry::npmrc_with_token);
    let session = Session { offline: registry.is_none(), ..session(&npmrc) };
    look(&repo.project(), &session, &state_of(repo)).await.unwrap().status
}

/// A registry that has these packages in version 1.0.0 with these bytes.
async fn registry_of(packages: &[(&str, &str)]) -> LoopbackRegistry {
    let document = |(name, integrity): &(&str, &str)| {
        let version = json!({ "name": name, "version": "1.0.0", "dist": { "integrity": integrity } });
        loopback::json(&format!("/{name}"), 200, json!({ "name": name, "versions": { "1.0.0": version } }))
    };
    LoopbackRegistry::answering(packages.iter().map(document)).await
}

#[tokio::test]
async fn a_clone_of_which_all_is_out_is_quiet_and_a_look_leaves_no_trace() {
    let repo = Repo::committed(&TWO);
    repo.with_remote();
    let registry = registry_of(&[("a", "sha512-a"), ("b", "sha512-b")]).await;
    let refs = repo.git(&["for-each-ref"]);
    let status = looked(&repo, Some(&registry)).await;
    assert!(status.is_quiet() && !status.offline, "{status:?}");
    assert_eq!((status.remote.as_deref(), status.remote_problem), (Some("origin"), None));
    assert!(!state_of(&repo).exists());
    assert_eq!(repo.git(&["for-each-ref"]), refs);
}

#[tokio::test]
async fn what_waits_to_be_published_is_told_apart_from_what_a_release_would_make() {
    let repo = Repo::committed(&TWO);
    repo.write("packages/b/index.js", "1\n").commit("feat: more");
    let status = looked(&repo, Some(&registry_of(&[]).await)).await;
    let to_publish: Vec<_> = status.to_publish.iter().map(|one| (one.name.as_str(), one.version.to_string())).collect();
    assert_eq!(to_publish, [("a", "1.0.0".to_owned())]);
    let [release] = status.to_release.as_slice() else { panic!("{:?}", status.to_release) };
    assert_eq!((release.name.as_str(), release.next.to_string()), ("b", "1.1.0".to_owned()));
    assert!(!status.is_quiet() && !status.is_unfinished(), "nothing was begun");
}

#[tokio::test]
async fn what_was_sent_and_is_not_shown_is_parked_and_not_to_be_published_again() {
    let repo = Repo::committed(&TWO);
    let registry = registry_of(&[]).await;
    let taken = Fact::Accepted {
        package: name("a"),
        version: Version::new(1, 0, 0),
        registry: registry.url.clone(),
        integrity: Integrity::parse("sha512-a").unwrap(),
    };
    remembers(&repo, vec![sent(&registry.url, "a", "sha512-a"), taken, sent(&registry.url, "b", "sha512-b")]);
    let status = looked(&repo, Some(&registry)).await;
    let parked: Vec<_> = status.parked.iter().map(|one| (one.name.as_str(), one.accepted)).collect();
    assert_eq!(parked, [("a", true), ("b", false)], "of the second no answer came");
    assert!(status.to_publish.is_empty() && status.is_unfinished());
    let run = status.unfinished_run.expect("it did not end");
    assert_eq!((run.command.as_str(), run.releases), ("release", true));

    let shown = registry_of(&[("a", "sha512-a"), ("b", "sha512-b")]).await;
    remembers(&repo, vec![sent(&shown.url, "a", "sha512-a"), sent(&shown.url, "b", "sha512-b")]);
    let status = looked(&repo, Some(&shown)).await;
    assert!(status.parked.iter().all(|one| one.registry == registry.url), "{:?}", status.parked);
}

#[tokio::test]
async fn others_bytes_and_owed_tags_are_told_of_what_relay_sent() {
    let repo = Repo::committed(&TWO);
    repo.with_remote();
    let registry = registry_of(&[("a", "sha512-theirs"), ("b", "sha512-b")]).await;
    let head = repo.git(&["rev-parse", "HEAD"]);
    let from_head = |fact| match fact {
        Fact::UploadStarted { package, version, registry, integrity, route, attempt, size, .. } => {
            let head = Some(head.clone());
            Fact::UploadStarted { package, version, registry, integrity, route, attempt, size, head }
        }
        other => other,
    };
    let facts = [sent(&registry.url, "a", "sha512-ours"), sent(&registry.url, "b", "sha512-b")];
    remembers(&repo, facts.map(from_head).into());
    let status = looked(&repo, Some(&registry)).await;
    let [foreign] = status.foreign.as_slice() else { panic!("{:?}", status.foreign) };
    assert_eq!(
        (foreign.name.as_str(), foreign.there.as_str(), foreign.ours.as_str()),
        ("a", "sha512-theirs", "sha512-ours")
    );
    assert_eq!(status.owed_tags, [OwedTag { name: "b@1.0.0".to_owned(), commit: Some(head) }]);
    repo.git(&["tag", "b@1.0.0"]);
    let status = looked(&repo, Some(&registry)).await;
    assert_eq!(status.owed_tags, [OwedTag { name: "b@1.0.0".to_owned(), commit: None }], "it is only to be pushed");
}

#[tokio::test]
async fn a_run_that_is_at_work_has_left_nothing_yet() {
    let repo = Repo::committed(&TWO);
    remembers(&repo, vec![]);
    let holder =
        Holder { command: "release".to_owned(), pid: 7, host: "here".to_owned(), since: Timestamp::UNIX_EPOCH };
    let lock = RunLock::take(&state_of(&repo), &holder).unwrap();
    let status = looked(&repo, None).await;
    assert_eq!(status.clone_lock, Some(CloneLock { holder: Some(holder) }));
    assert_eq!(status.unfinished_run, None);
    drop(lock);
    until_free(&state_of(&repo));
    let status = looked(&repo, None).await;
    assert!(status.clone_lock.is_none() && status.unfinished_run.is_some());
}

#[tokio::test]
async fn a_remote_that_cannot_be_read_is_told_and_hides_nothing_else() {
    let repo = Repo::committed(&TWO);
    repo.git(&["remote", "add", "origin", "gone.git"]);
    let registry = registry_of(&[]).await;
    let status = looked(&repo, Some(&registry)).await;
    assert!(status.remote.is_none() && status.remote_problem.is_some());
    assert_eq!(status.to_publish.len(), 2);
    let status = looked(&repo, None).await;
    assert!(status.remote_problem.is_none(), "offline it is not asked: {status:?}");
}

#[tokio::test]
async fn who_holds_the_remotes_lock_is_told_and_nothing_of_it_is_brought_here() {
    let repo = Repo::committed(&TWO);
    repo.with_remote();
    let clone = repo.fresh_clone();
    let lock = repo.commit("somebody's lock");
    repo.git(&["push", "-q", "origin", &format!("{lock}:refs/relay/lock")]);
    let registry = registry_of(&[("a", "sha512-a"), ("b", "sha512-b")]).await;
    let status = looked(&clone, Some(&registry)).await;
    assert_eq!(status.remote_lock.map(|lock| lock.id).as_ref(), Some(&lock));
    assert!(!clone.project().git().unwrap().has_commit(&lock), "a look brings nothing");
}

/// What makes a status another one.
type Change<'a> = &'a dyn Fn(&mut Status);

#[tokio::test]
async fn whatever_an_earlier_run_left_makes_a_status_unfinished_and_what_waits_only_makes_it_not_quiet() {
    let repo = Repo::committed(&TWO);
    let quiet = looked(&repo, Some(&registry_of(&[("a", "sha512-a"), ("b", "sha512-b")]).await)).await;
    assert!(quiet.is_quiet() && !quiet.is_unfinished());
    let (name, version, registry) = (name("a"), Version::new(1, 0, 0), crate::fixture::registry());
    let digest = || Integrity::parse("sha512-a").unwrap();
    let branch = ReleaseBranch { branch: "relay/release/p".to_owned(), commit: "1".to_owned(), is_here: true };
    let changes: [(&str, bool, Change<'_>); 11] = [
        ("owed tags", true, &|status| status.owed_tags.push(OwedTag { name: "a@1".to_owned(), commit: None })),
        ("dist-tags", true, &|status| {
            let (name, version, registry) = (name.clone(), version.clone(), registry.clone());
            let (tag, side_tag) = (DistTag::latest(), "side".parse().unwrap());
            status.to_promote.push(ToPromote { name, version, registry, tag, side_tag, moved: false });
        }),
        ("the branch", true, &|status| status.owed_branch = true),
        ("others' bytes", true, &|status| {
            let (name, version, registry) = (name.clone(), version.clone(), registry.clone());
            status.foreign.push(Foreign { name, version, registry, there: digest(), ours: digest() });
        }),
        ("parked", true, &|status| {
            let (name, version, registry) = (name.clone(), version.clone(), registry.clone());
            let since = Timestamp::UNIX_EPOCH;
            status.parked.push(ParkedVersion { name, version, registry, since, accepted: true });
        }),
        ("a run", true, &|status| {
            let since = Timestamp::UNIX_EPOCH;
            status.unfinished_run = Some(UnfinishedRun { command: "publish".to_owned(), since, releases: false });
        }),
        ("a lock here", true, &|status| status.clone_lock = Some(CloneLock { holder: None })),
        ("a lock there", true, &|status| status.remote_lock = Some(HeldLock { id: "1".to_owned(), document: None })),
        ("a branch that waits", true, &|status| status.release_branches.push(branch.clone())),
        ("to publish", false, &|status| {
            let (name, version, registry) = (name.clone(), version.clone(), registry.clone());
            status.to_publish.push(ToPublish { name, version, registry, route: RouteKind::Token });
        }),
        ("to release", false, &|status| {
            let (name, next) = (name.clone(), Version::new(1, 0, 1));
            status.to_release.push(ToRelease { name, current: version.clone(), next, bump: Bump::Patch });
        }),
    ];
    for (what, unfinished, change) in changes {
        let mut status = quiet.clone();
        change(&mut status);
        assert_eq!((status.is_unfinished(), status.is_quiet()), (unfinished, false), "{what}");
    }
}

#[test]
fn what_a_promotion_has_done_already_is_not_told_as_waiting() {
    let promotion =
        RecordedPromotion { tag: DistTag::latest(), side_tag: "side".parse().unwrap(), from: None, done: false };
    let (registry, version) = (crate::fixture::registry(), Version::new(1, 0, 0));
    let waits = |tags: &[&str], at: &RegistryUrl| {
        let live = LiveVersion {
            name: name("a"),
            version: version.clone(),
            is_present: true,
            registry: at.clone(),
            integrity: None,
            named_by: tags.iter().map(|tag| tag.parse().unwrap()).collect(),
        };
        let (name, version, promotion) = (name("a"), version.clone(), promotion.clone());
        let candidate = Candidate { registry: registry.clone(), name, version, promotion, sent_now: false };
        to_promote(&candidate, &[live]).map(|one| one.moved)
    };
    let elsewhere = "http://other.example/".parse().unwrap();
    for (tags, at, moved) in [
        (&["side"][..], &registry, Some(false)),
        (&["latest", "side"], &registry, Some(true)),
        (&["latest"], &registry, None),
        (&[], &registry, Some(false)),
        (&["latest"], &elsewhere, Some(false)),
    ] {
        assert_eq!(waits(tags, at), moved, "{tags:?} at {at}");
    }
}
