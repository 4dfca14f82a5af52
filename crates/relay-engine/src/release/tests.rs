//! The steps of a release on the disk, with a remote beside it, as far as the uploads: what each has done when it is over, what
//! it has not done yet, and what stops it.

use std::sync::Arc;

use super::*;
use crate::event::{Emitter, Phase};
use crate::fixture::{Repo, TWO, Told, name, session, until_free};
use crate::freeze::FreezeOptions;
use crate::session::Session;
use crate::state_folder::{RunLock, StateFolderError};

mod agreeing;
mod going_on;
mod scripts;
mod to_the_end;
mod versions;

/// Settings with a token for the registry of the fixtures.
const NPMRC: &str = "registry=http://registry.example/\n//registry.example/:_authToken=secret-of-the-test\n";

fn holder(pid: u32) -> Holder {
    let since = jiff::Timestamp::UNIX_EPOCH;
    Holder { command: "release".to_owned(), pid, host: "here".to_owned(), since }
}

fn state_of(repo: &Repo) -> Utf8PathBuf {
    repo.root.join(".git/relay")
}

/// What a run is asked for that works in a repository.
fn request(repo: &Repo, intent: Intent) -> Request {
    let releases = intent == Intent::Release;
    let command = if releases { "release" } else { "publish" };
    Request {
        intent,
        command,
        rehearsal: false,
        dry_run: false,
        unasked: false,
        saved: None,
        saved_path: None,
        ignore_scripts: false,
        finish: FinishOptions { tags: true, push: true, branch: releases },
        state: state_of(repo),
        holder: holder(1),
        clock: Told::stream().0.clock(),
        remote_refs: true,
        options: RunOptions { releases, ..RunOptions::default() },
        accepted: Vec::new(),
    }
}

fn freeze_options() -> FreezeOptions {
    let environment = std::env::vars_os().filter(|(name, _)| name == "PATH").collect();
    FreezeOptions { environment, ..FreezeOptions::default() }
}

/// Two packages that have changed since their version, with a remote that has all of it.
fn repo_with_remote(more: &[(&str, &str)]) -> Repo {
    let repo = Repo::committed(&[TWO.as_slice(), more].concat());
    changed(&repo);
    repo.with_remote();
    repo
}

fn changed(repo: &Repo) {
    repo.write("packages/a/index.js", "1\n").write("packages/b/index.js", "1\n").commit("feat: more");
}

async fn observed(request: Request, read: ProjectReader<'_>) -> Result<Observed<'_>, ReleaseError> {
    Entered::enter(request, read).await?.observe(session(NPMRC)).await
}

fn text_of(error: &ReleaseError) -> String {
    error.to_string()
}

#[tokio::test]
async fn nothing_but_the_lock_is_on_the_remote_before_all_is_packed_and_all_of_it_before_an_upload() {
    let repo = repo_with_remote(&[]);
    let before = repo.git(&["rev-parse", "HEAD"]);
    let read = || Project::open(&repo.root);
    let refs = || {
        let listed = repo.git(&["ls-remote", "origin", "refs/*"]);
        listed.lines().map(|line| line.split('\t').next_back().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let remote_head = || repo.git(&["ls-remote", "origin", "refs/heads/main"]).split('\t').next().unwrap().to_owned();
    let (events, told) = Told::stream();

    let agreed = observed(request(&repo, Intent::Release), &read).await.unwrap().agree().unwrap();
    assert_eq!(agreed.course(), Course::Publish);
    assert_eq!((repo.git(&["status", "--porcelain"]), refs()), (String::new(), vec!["refs/heads/main".to_owned()]));

    let held = agreed.hold(false, &|_| {}).await.unwrap();
    assert_eq!(refs(), ["refs/heads/main", "refs/relay/lock"]);
    assert!(matches!(RunLock::take(&state_of(&repo), &holder(2)), Err(StateFolderError::Busy { .. })));

    let versioned = held.version(&events).unwrap();
    let commit = versioned.step().commit.clone().expect("a commit");
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), commit);
    assert!(repo.git(&["log", "-1", "--format=%B"]).contains("- a@1.1.0\n- b@1.1.0"));
    assert_eq!((remote_head(), repo.git(&["status", "--porcelain"])), (before.clone(), String::new()));

    let packed = versioned.pack(freeze_options(), &events).await.unwrap();
    let versions: Vec<_> = packed.tarballs().values().map(|tarball| tarball.version.as_str()).collect();
    assert_eq!(versions, ["1.1.0", "1.1.0"]);
    assert_eq!(packed.project().workspace.package(&name("a")).unwrap().version, Some(Version::new(1, 1, 0)));
    assert_eq!((remote_head(), refs().len()), (before, 2));

    let integrity = packed.tarballs()[&name("a")].integrity.clone();
    let pushed = packed.push(|_| Err::<Session, ReleaseError>(ReleaseError::Meanwhile), &events).unwrap();
    assert_eq!(pushed.at(), &PushedTo { branch: Some("main".to_owned()), waits: false });
    assert_eq!(
        (remote_head(), refs()),
        (commit.clone(), ["refs/heads/main", "refs/relay/lock", "refs/relay/release"].map(str::to_owned).to_vec())
    );
    let facts = told.facts();
    let Some(Fact::UploadsPrepared { head, versions }) = facts.last() else { panic!("{facts:?}") };
    assert_eq!(head.as_ref(), Some(&commit));
    assert_eq!((&versions[0].package, &versions[0].integrity), (&name("a"), &integrity));
    let at = |test: &dyn Fn(&Fact) -> bool| facts.iter().position(test).expect("it was told");
    let order = [
        at(&|fact| matches!(fact, Fact::RunStarted { .. })),
        at(&|fact| matches!(fact, Fact::PhaseStarted { phase: Phase::Version })),
        at(&|fact| matches!(fact, Fact::Committed { .. })),
        at(&|fact| matches!(fact, Fact::PhaseStarted { phase: Phase::Pack })),
        at(&|fact| matches!(fact, Fact::Pushed { .. })),
        at(&|fact| matches!(fact, Fact::UploadsPrepared { .. })),
    ];
    assert!(order.is_sorted(), "{facts:?}");

    drop(pushed);
    assert_eq!(refs(), ["refs/heads/main", "refs/relay/release"], "the lock goes with the run, the record stays");
}
