//! What a clone knows of a release that another one began: from the remote's record, or from the registry alone.

use serde_json::json;

use super::*;
use crate::fixture::loopback::{self, LoopbackRegistry};
use crate::release::resumed::Resumed;

/// Carries a release as far as the uploads, and leaves it there.
async fn left_before_the_uploads(repo: &Repo) {
    let read = || Project::open(&repo.root);
    let (mut events, _) = Told::stream();
    std::fs::create_dir_all(state_of(repo)).unwrap();
    let agreed = observed(request(repo, Intent::Release), &read).await.unwrap().agree().unwrap();
    events.subscribe(Arc::new(crate::journal::Journal::open(&state_of(repo)).unwrap()));
    let packed = agreed.hold(false, &|_| {}).await.unwrap().version(&events).unwrap();
    let packed = packed.pack(freeze_options(), &events).await.unwrap();
    packed.push(|_| Ok::<_, ReleaseError>(session(NPMRC)), &events).unwrap();
}

#[tokio::test]
async fn an_unfinished_release_is_found_in_its_clone_by_the_journal_and_elsewhere_by_the_record() {
    let repo = repo_with_remote(&[]);
    assert_eq!(Resumed::find(&repo.project(), &state_of(&repo), true), None);
    left_before_the_uploads(&repo).await;
    let here = Resumed::find(&repo.project(), &state_of(&repo), true).expect("it is not finished");
    assert_eq!((here.remote, here.options.releases), (None, true));

    let clone = repo.fresh_clone();
    let project = clone.project();
    let there = Resumed::find(&project, &state_of(&clone), true).expect("the remote tells of it");
    assert_eq!((there.remote.as_deref(), there.options.releases), (Some("origin"), true));
    assert_eq!(Resumed::find(&project, &state_of(&clone), false), None, "the remote is not to be asked");
    for tag in ["a@1.1.0", "b@1.1.0"] {
        repo.git(&["tag", tag]);
        repo.git(&["push", "-q", "origin", tag]);
    }
    assert_eq!(Resumed::find(&project, &state_of(&clone), true), None, "what has its tags is finished");
}

#[tokio::test]
async fn a_fresh_clone_publishes_what_the_record_says_and_makes_no_further_version() {
    let repo = repo_with_remote(&[]);
    left_before_the_uploads(&repo).await;
    let clone = repo.fresh_clone();
    let read = || Project::open(&clone.root);
    let found = observed(request(&clone, Intent::Publish), &read).await.unwrap();
    let going_out: Vec<_> = found.plan().packages.iter().map(|planned| planned.next.to_string()).collect();
    assert_eq!(going_out, ["1.1.0", "1.1.0"]);
    assert_eq!(found.agree().unwrap().course(), Course::Publish);
}

/// A registry on which `a@1.0.0` is live, made from a commit as its publisher said.
async fn registry_with(git_head: &str) -> LoopbackRegistry {
    let dist = json!({ "integrity": "sha512-one" });
    let version = json!({ "name": "a", "version": "1.0.0", "dist": dist, "gitHead": git_head });
    let both = |name: &str| json!({ "name": name, "versions": { "1.0.0": { "name": name, "version": "1.0.0", "dist": dist } } });
    LoopbackRegistry::answering([
        loopback::json("/a", 200, both("a")),
        loopback::json("/b", 404, json!({})),
        loopback::json("/a/1.0.0", 200, version),
    ])
    .await
}

/// The tags that a publish owes, and whether the registry was asked where the version comes from.
async fn owed_tags(repo: &Repo, git_head: &str, change: fn(&mut Request)) -> (Vec<String>, bool) {
    let registry = registry_with(git_head).await;
    let read = || Project::open(&repo.root);
    let mut request = request(repo, Intent::Publish);
    change(&mut request);
    let session = Session { offline: false, ..session(&registry.npmrc_with_token()) };
    let observed = Entered::enter(request, &read).await.unwrap().observe(session).await.unwrap();
    let owed = observed.agree().unwrap().owed.to_make.iter().map(|tag| tag.name.clone()).collect();
    (owed, registry.paths().contains(&"/a/1.0.0".to_owned()))
}

#[tokio::test]
async fn a_live_version_that_nobody_remembers_is_this_repositorys_where_its_commit_gave_that_version() {
    let repo = repo_with_remote(&[]);
    let [gave_it, later] = ["HEAD~1", "HEAD"].map(|commit| repo.git(&["rev-parse", commit]));
    let tag = vec!["a@1.0.0".to_owned()];
    assert_eq!(owed_tags(&repo, &gave_it, |_| {}).await, (tag, true));
    assert_eq!(owed_tags(&repo, &later, |_| {}).await, (vec![], true), "it had that version already");
    assert_eq!(owed_tags(&repo, &"1".repeat(40), |_| {}).await, (vec![], true), "that is not ours");
    assert!(!owed_tags(&repo, &gave_it, |request| request.dry_run = true).await.1, "who only looks asks less");
    assert!(!owed_tags(&repo, &gave_it, |request| request.finish.tags = false).await.1);
    repo.git(&["tag", "a@1.0.0", &gave_it]);
    assert!(!owed_tags(&repo, &gave_it, |_| {}).await.1, "it has its tag");
}
