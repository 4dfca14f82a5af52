//! `relay version`: versions in the manifests, and nothing of it anywhere else.

use super::*;

async fn written(repo: &Repo, commits: bool, asked: bool) -> Result<VersionStep, ReleaseError> {
    let read = || Project::open(&repo.root);
    let agreed = observed(request(repo, Intent::Release), &read).await?.agree_on_versions(commits)?;
    agreed.hold(asked).await?.write(&Told::stream().0)
}

fn version_of(repo: &Repo, package: &str) -> String {
    let project = repo.project();
    project.workspace.package(&name(package)).unwrap().version.clone().unwrap().to_string()
}

#[tokio::test]
async fn versions_are_committed_and_nothing_leaves_the_machine() {
    let repo = repo_with_remote(&[]);
    let refs = repo.git(&["ls-remote", "origin", "refs/*"]);
    let step = written(&repo, true, true).await.unwrap();
    assert_eq!(step.commit.as_deref(), Some(repo.git(&["rev-parse", "HEAD"]).as_str()));
    assert_eq!((version_of(&repo, "a").as_str(), repo.git(&["status", "--porcelain"]).as_str()), ("1.1.0", ""));
    assert_eq!(repo.git(&["ls-remote", "origin", "refs/*"]), refs);
}

#[tokio::test]
async fn what_is_not_committed_may_be_written_on_any_branch_and_over_any_change() {
    let repo = repo_with_remote(&[("relay.toml", "[release]\nbranch = \"main\"\n")]);
    repo.git(&["switch", "-q", "-c", "next"]);
    repo.write("packages/a/index.js", "2\n");
    for (prepare, is_it) in [
        (None, (|error| matches!(error, ReleaseError::OtherBranch { .. })) as fn(&ReleaseError) -> bool),
        (Some(["switch", "-q", "main"]), |error| matches!(error, ReleaseError::Dirty { .. })),
    ] {
        prepare.map(|arguments| repo.git(&arguments));
        let error = written(&repo, true, false).await.unwrap_err();
        assert!(is_it(&error), "{error:?}");
    }
    let head = repo.git(&["rev-parse", "HEAD"]);
    let step = written(&repo, false, false).await.unwrap();
    assert_eq!((step.written, step.commit), (true, None));
    assert_eq!((version_of(&repo, "b"), repo.git(&["rev-parse", "HEAD"])), ("1.1.0".to_owned(), head));
}

#[tokio::test]
async fn a_step_that_was_killed_before_its_commit_is_finished_by_the_next_run_that_writes_and_left_by_one_that_looks() {
    let repo = repo_with_remote(&[]);
    let state = state_of(&repo);
    std::fs::create_dir_all(&state).unwrap();
    let project = repo.project();
    let read = || Project::open(&repo.root);
    let bumps = observed(request(&repo, Intent::Release), &read).await.unwrap().bumps().clone();
    crate::versioning::write_versions(&project, &bumps, &state, Some("release: as planned".to_owned())).unwrap();
    let head = repo.git(&["rev-parse", "HEAD"]);

    let look = Request { dry_run: true, ..request(&repo, Intent::Release) };
    let entered = Entered::enter(look, &read).await.unwrap();
    assert!(matches!(entered.interrupted(), Some(InterruptedStep::Left(Ok(_)))), "{:?}", entered.interrupted());
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), head);

    let entered = Entered::enter(request(&repo, Intent::Release), &read).await.unwrap();
    let Some(InterruptedStep::Finished { commit: Some(commit) }) = entered.interrupted() else {
        panic!("{:?}", entered.interrupted())
    };
    assert_eq!(&repo.git(&["rev-parse", "HEAD"]), commit);
    assert_eq!(repo.git(&["log", "-1", "--format=%s"]), "release: as planned");
    assert_eq!(entered.project().workspace.package(&name("a")).unwrap().version, Some(Version::new(1, 1, 0)));
    drop(entered);
    until_free(&state);
    assert!(Entered::enter(request(&repo, Intent::Release), &read).await.unwrap().interrupted().is_none());
}
