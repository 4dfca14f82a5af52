//! Scripts of the repository between the version step and the push, and after the uploads: what they may not change, and that
//! no credential is there while they run.
#![cfg(unix)]

use relay_config::RouteKind;
use relay_values::DistTag;
use relay_workspace::Integrity;

use super::*;
use crate::report::{Outcome, PackageReport, RunReport};
use crate::state::How;

fn with_script(event: &str, command: &str) -> Repo {
    let manifest = format!("{{\"name\":\"a\",\"version\":\"1.0.0\",\"scripts\":{{\"{event}\":\"{command}\"}}}}");
    let repo = Repo::committed(&[TWO[0], ("packages/a/package.json", &manifest), TWO[2]]);
    changed(&repo);
    repo.with_remote();
    repo
}

async fn packed<'a>(repo: &Repo, read: ProjectReader<'a>, events: &Emitter) -> Result<Packed<'a>, ReleaseError> {
    let agreed = observed(request(repo, Intent::Release), read).await?.agree()?;
    agreed.hold(false, &|_| {}).await?.version(events)?.pack(freeze_options(), events).await
}

#[tokio::test]
async fn a_script_that_has_git_run_something_else_stops_the_run_before_git_pushes() {
    let repo = with_script("prepack", "git config core.hooksPath hooks");
    let read = || Project::open(&repo.root);
    let error = packed(&repo, &read, &Told::stream().0).await.map(drop).unwrap_err();
    let ReleaseError::GitSetupChanged(differences) = &error else { panic!("{error:?}") };
    assert!(differences.join("; ").contains("hookspath"), "{differences:?}");
    let left = repo.git(&["ls-remote", "origin", "refs/relay/*"]);
    assert!(left.ends_with("refs/relay/lock"), "git is not even run to give the lock back, which expires: {left}");
}

#[tokio::test]
async fn settings_are_read_anew_after_scripts_and_must_be_those_that_were_agreed_on() {
    let repo = with_script("prepack", "true");
    let (events, _) = Told::stream();
    let read = || Project::open(&repo.root);
    let moved = NPMRC.replace("registry.example", "other.example");
    let packed_first = packed(&repo, &read, &events).await.unwrap();
    let error = packed_first.push(|_| Ok::<_, ReleaseError>(session(&moved)), &events).map(drop).unwrap_err();
    let ReleaseError::SettingsChanged(differences) = &error else { panic!("{error:?}") };
    assert!(differences.join("; ").contains("http://other.example/"), "{differences:?}");
    assert_eq!(repo.git(&["ls-remote", "origin", "refs/relay/release"]), "", "nothing was pushed");
}

#[tokio::test]
async fn no_credential_is_kept_while_scripts_run_and_the_same_one_is_there_again_after_them() {
    let repo = with_script("prepack", "true");
    let (events, _) = Told::stream();
    let read = || Project::open(&repo.root);
    let agreed = observed(request(&repo, Intent::Release), &read).await.unwrap().agree().unwrap();
    let versioned = agreed.hold(false, &|_| {}).await.unwrap().version(&events).unwrap();
    assert!(versioned.session.is_none());
    let packed = versioned.pack(freeze_options(), &events).await.unwrap();
    let mut asked = 0;
    let pushed = packed.push(
        |_| {
            asked += 1;
            Ok::<_, ReleaseError>(session(NPMRC))
        },
        &events,
    );
    let pushed = pushed.unwrap();
    assert_eq!((asked, pushed.uploads.len()), (1, 2));
}

#[tokio::test]
async fn a_script_that_fails_leaves_the_remote_as_it_was() {
    let repo = with_script("prepack", "exit 3");
    let before = repo.git(&["ls-remote", "origin", "refs/*"]);
    let read = || Project::open(&repo.root);
    let error = packed(&repo, &read, &Told::stream().0).await.map(drop).unwrap_err();
    assert!(matches!(error, ReleaseError::Freeze(_)), "{error:?}");
    assert_eq!(repo.git(&["ls-remote", "origin", "refs/*"]), before);
}

/// A report of `a` and `b`, as far as they are live.
fn report(packages: &[(&str, How)]) -> RunReport {
    let package = |(package, how): &(&str, How)| PackageReport {
        name: name(package),
        path: format!("packages/{package}"),
        version: Version::new(1, 0, 0),
        registry: crate::fixture::registry(),
        route: RouteKind::Token,
        reason: String::new(),
        uploads: 1,
        tag: DistTag::latest(),
        outcome: Outcome::Live { how: *how },
    };
    RunReport { packages: packages.iter().map(package).collect(), ..RunReport::new() }
}

/// Runs the scripts after the uploads; gives the problems, and the names of the scripts that ended well.
fn after(repo: &Repo, packages: &[(&str, How)], options: &FreezeOptions) -> (Vec<String>, Vec<String>) {
    let (events, told) = Told::stream();
    let mut report = report(packages);
    after_upload::run(&repo.project(), &mut report, options, &events).unwrap();
    let ran = told.facts().into_iter().filter_map(|fact| match fact {
        Fact::ScriptRan { script, .. } => Some(script),
        _ => None,
    });
    (report.problems, ran.collect())
}

fn with_scripts(publish: &str, postpublish: &str) -> Repo {
    let scripts = format!("\"publish\":\"{publish}\",\"postpublish\":\"{postpublish}\"");
    let manifest = format!("{{\"name\":\"a\",\"version\":\"1.0.0\",\"scripts\":{{{scripts}}}}}");
    Repo::of(&[TWO[0], ("packages/a/package.json", &manifest), TWO[2]])
}

#[test]
fn scripts_after_the_upload_run_for_what_this_run_published_and_their_failure_takes_nothing_back() {
    let both = [("a", How::Published), ("b", How::Published)];
    let (problems, ran) = after(&with_scripts("true", "true"), &both, &freeze_options());
    assert_eq!(
        (problems.as_slice(), ran.as_slice()),
        ([].as_slice(), ["publish", "postpublish"].map(str::to_owned).as_slice())
    );
    let (problems, ran) = after(&with_scripts("true", "true"), &[("a", How::AlreadyThere)], &freeze_options());
    assert_eq!((problems, ran), (vec![], vec![]), "an earlier run's scripts are not run again");
    let (problems, ran) = after(&with_scripts("exit 3", "true"), &both, &freeze_options());
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert!(problem.starts_with("`a@1.0.0` is published, but "), "{problem}");
    assert_eq!(ran, Vec::<String>::new(), "as with npm, the second is not run");
}

#[test]
fn whoever_asks_to_stop_is_told_which_scripts_did_not_run() {
    let options = freeze_options();
    options.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let (problems, ran) = after(&with_scripts("true", "true"), &[("a", How::Published)], &options);
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert!(problem.contains("of `a` did not run"), "{problem}");
    assert_eq!(ran, Vec::<String>::new());
}

#[tokio::test]
async fn a_tarball_that_is_not_the_saved_plans_stops_the_run_before_the_push() {
    let repo = with_script("prepack", "date +%N > now.txt");
    let (events, _) = Told::stream();
    let read = || Project::open(&repo.root);
    let plan = observed(request(&repo, Intent::Release), &read).await.unwrap().plan().clone();
    let fact = relay_plan::TarballFact {
        integrity: Integrity::parse("sha512-other").unwrap(),
        shasum: relay_workspace::Shasum::parse(&"ab".repeat(20)).unwrap(),
        size: 1,
        unpacked: 1,
        files: 1,
    };
    let saved = plan.with_tarballs(&[(name("a"), fact)].into());
    let request = Request { saved: Some(saved), ..request(&repo, Intent::Release) };
    let agreed = observed(request, &read).await.unwrap().agree().unwrap();
    let versioned = agreed.hold(false, &|_| {}).await.unwrap().version(&events).unwrap();
    let error = versioned.pack(freeze_options(), &events).await.map(drop).unwrap_err();
    assert!(matches!(error, ReleaseError::OtherTarballs(_)), "{error:?}");
}
