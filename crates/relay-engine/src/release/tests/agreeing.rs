//! What stops a release before anything is written, and what another run may do meanwhile.

use super::*;

/// Changes what a run is asked for.
type Change = fn(&mut Request);
/// Says whether an error is the one that is expected.
type Test = fn(&ReleaseError) -> bool;

async fn agreed_in(repo: &Repo, intent: Intent, change: Change) -> Result<Course, ReleaseError> {
    let read = || Project::open(&repo.root);
    let mut request = request(repo, intent);
    change(&mut request);
    Ok(observed(request, &read).await?.agree()?.course())
}

#[tokio::test]
async fn whatever_would_stop_a_release_later_stops_it_before_it_writes() {
    let main = ("relay.toml", "[release]\nbranch = \"main\"\n");
    let nothing: Change = |_| {};
    for (why, prepare, change, test) in [
        (
            "a change that is not committed",
            (|repo| _ = repo.write("x", "1")) as fn(&Repo),
            nothing,
            (|error| matches!(error, ReleaseError::Dirty { .. })) as Test,
        ),
        (
            "no branch",
            |repo| drop(repo.git(&["switch", "-q", "--detach"])),
            nothing,
            |error| matches!(error, ReleaseError::Detached),
        ),
        (
            "another branch",
            |repo| drop(repo.git(&["switch", "-q", "-c", "topic"])),
            nothing,
            |error| matches!(error, ReleaseError::OtherBranch { .. }),
        ),
        (
            "nobody to commit",
            |repo| drop(repo.git(&["config", "user.name", ""])),
            nothing,
            |error| matches!(error, ReleaseError::CannotCommit(_)),
        ),
        (
            "a tag of another commit",
            |repo| drop(repo.git(&["tag", "b@1.1.0"])),
            nothing,
            |error| matches!(error, ReleaseError::Finish(_)),
        ),
        (
            "a remote that is gone",
            |repo| drop(repo.git(&["remote", "set-url", "origin", "gone.git"])),
            nothing,
            |error| matches!(error, ReleaseError::Remote(_)),
        ),
    ] {
        let repo = repo_with_remote(&[main]);
        prepare(&repo);
        let before = (repo.git(&["status", "--porcelain"]), repo.git(&["rev-parse", "HEAD"]));
        let error = agreed_in(&repo, Intent::Release, change).await.unwrap_err();
        assert!(test(&error), "{why}: {error:?}");
        assert_eq!((repo.git(&["status", "--porcelain"]), repo.git(&["rev-parse", "HEAD"])), before, "{why}");
    }
}

#[tokio::test]
async fn a_trial_may_stand_on_any_branch_and_what_is_published_needs_neither_a_branch_nor_a_clean_tree() {
    let repo = repo_with_remote(&[("relay.toml", "[release]\nbranch = \"main\"\n")]);
    repo.git(&["switch", "-q", "-c", "topic"]);
    assert_eq!(agreed_in(&repo, Intent::Release, |request| request.rehearsal = true).await.unwrap(), Course::Publish);
    repo.git(&["switch", "-q", "--detach", "main"]);
    repo.write("packages/a/dist.js", "1\n");
    let read = || Project::open(&repo.root);
    let agreed = observed(request(&repo, Intent::Publish), &read).await.unwrap().agree().unwrap();
    assert_eq!(
        (agreed.course(), agreed.uncommitted()),
        (Course::Publish, ["packages/a/dist.js".to_owned()].as_slice())
    );
}

#[tokio::test]
async fn a_plan_with_errors_is_handed_back_with_what_is_wrong() {
    let repo = repo_with_remote(&[]);
    let read = || Project::open(&repo.root);
    repo.write("relay.toml", "[[policy]]\npackages = [\"a\"]\nroutes = [\"trusted\"]\n").commit("policy");
    let error = observed(request(&repo, Intent::Release), &read).await.unwrap().agree().map(drop).unwrap_err();
    let ReleaseError::Findings(plan) = error else { panic!("{error:?}") };
    assert!(plan.has_errors());
}

#[tokio::test]
async fn without_a_repository_there_is_no_release_and_a_publish_all_the_same() {
    let repo = Repo::of(&TWO);
    let of_state: Change = |request| request.finish.tags = false;
    std::fs::create_dir_all(state_of(&repo)).unwrap();
    std::fs::remove_dir_all(repo.root.join(".git")).unwrap();
    repo.write(".changeset/one.md", "---\na: minor\n---\n\nMore.\n");
    let error = agreed_in(&repo, Intent::Release, of_state).await.unwrap_err();
    assert!(matches!(error, ReleaseError::NoRepository), "{error:?}");
    assert_eq!(agreed_in(&repo, Intent::Publish, of_state).await.unwrap(), Course::Publish);
}

#[tokio::test]
async fn what_there_is_to_do_is_told_by_what_would_go_out() {
    let private = |name: &str| format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\",\"private\":true}}");
    let (a, b) = (private("a"), private("b"));
    let versioned = ("relay.toml", "[release]\nversion-private = true\n");
    let repo = Repo::committed(&[TWO[0], ("packages/a/package.json", &a), ("packages/b/package.json", &b), versioned]);
    changed(&repo);
    let read = || Project::open(&repo.root);
    for (intent, course) in [(Intent::Release, Course::VersionsOnly), (Intent::Publish, Course::Owed)] {
        let agreed = observed(request(&repo, intent), &read).await.unwrap().agree().unwrap();
        assert_eq!(agreed.course(), course);
        assert_eq!(agreed.has_nothing_to_do(), course == Course::Owed);
        assert!(agreed.has_no_remote());
    }
}

#[tokio::test]
async fn a_second_run_in_the_clone_is_turned_away_with_the_first_ones_name() {
    let repo = repo_with_remote(&[]);
    let first = RunLock::take(&state_of(&repo), &holder(7)).unwrap();
    let error = agreed_in(&repo, Intent::Release, |_| {}).await.unwrap_err();
    let ReleaseError::StateFolder(StateFolderError::Busy { holder: other, .. }) = error else { panic!("{error:?}") };
    assert_eq!(other, Some(holder(7)));
    assert!(
        agreed_in(&repo, Intent::Release, |request| request.dry_run = true).await.is_ok(),
        "who only looks may look"
    );
    drop(first);
    until_free(&state_of(&repo));
    assert!(agreed_in(&repo, Intent::Release, |_| {}).await.is_ok());
}

#[tokio::test]
async fn a_run_that_came_to_its_end_meanwhile_makes_what_was_agreed_void() {
    let repo = repo_with_remote(&[]);
    let read = || Project::open(&repo.root);
    let agreed = observed(request(&repo, Intent::Release), &read).await.unwrap().agree().unwrap();
    let (mut events, _) = Told::stream();
    std::fs::create_dir_all(state_of(&repo)).unwrap();
    events.subscribe(Arc::new(crate::journal::Journal::open(&state_of(&repo)).unwrap()));
    let started = Fact::RunStarted {
        command: "publish".to_owned(),
        plan: "other".to_owned(),
        packages: Vec::new(),
        push: false,
        options: None,
    };
    events.emit(started).unwrap();
    let error = agreed.hold(false, &|_| {}).await.map(drop).unwrap_err();
    assert!(matches!(error, ReleaseError::Meanwhile), "{error:?}");
    assert_eq!(repo.git(&["ls-remote", "origin", "refs/relay/lock"]), "", "no lock is left");
}

#[tokio::test]
async fn after_a_question_the_plan_must_be_what_was_said_yes_to() {
    let repo = repo_with_remote(&[]);
    let read = || Project::open(&repo.root);
    let agreed = || async {
        until_free(&state_of(&repo));
        observed(request(&repo, Intent::Release), &read).await.unwrap().agree().unwrap()
    };
    assert!(agreed().await.hold(true, &|_| {}).await.is_ok());
    let asked = agreed().await;
    repo.write("packages/b/index.js", "2\n").commit("feat!: other");
    until_free(&state_of(&repo));
    let error = asked.hold(true, &|_| {}).await.map(drop).unwrap_err();
    let ReleaseError::Changed(differences) = &error else { panic!("{error:?}") };
    assert!(differences.iter().any(|one| one.contains("`b`")), "{differences:?}");
    let unasked = agreed().await;
    assert!(unasked.hold(false, &|_| {}).await.is_ok());
}

#[tokio::test]
async fn a_saved_plan_that_holds_no_longer_stops_the_run_with_what_has_changed() {
    let repo = repo_with_remote(&[]);
    let read = || Project::open(&repo.root);
    let plan = observed(request(&repo, Intent::Release), &read).await.unwrap().plan().clone();
    let by_plan = || Request { saved: Some(plan.clone()), ..request(&repo, Intent::Release) };
    assert!(!observed(by_plan(), &read).await.unwrap().goes_on());
    repo.write("packages/b/index.js", "2\n").commit("fix: other");
    let Err(error) = observed(by_plan(), &read).await else { panic!("it holds") };
    assert!(matches!(error, ReleaseError::Drifted(_)), "{error:?}");
    assert!(text_of(&error).contains("drifted from the saved plan"), "{error}");
}
