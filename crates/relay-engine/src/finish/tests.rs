//! Tags for what is live and nothing else, and what the remote shows of them.

use relay_config::RouteKind;
use relay_values::DistTag;
use relay_workspace::Version;

use super::*;
use crate::fixture::{Repo, TWO, Told, name, registry};
use crate::state::{How, Parked};

const ALL: FinishOptions = FinishOptions { tags: true, push: true, branch: true };

fn live() -> Outcome {
    Outcome::Live { how: How::Published }
}

fn parked() -> Outcome {
    Outcome::Parked(Parked::Interrupted { in_flight: false, accepted: true })
}

fn report(packages: &[(&str, Outcome)]) -> RunReport {
    let package = |(package, outcome): &(&str, Outcome)| PackageReport {
        name: name(package),
        path: format!("packages/{package}"),
        version: Version::new(1, 0, 0),
        registry: registry(),
        route: RouteKind::Token,
        reason: String::new(),
        uploads: 1,
        tag: DistTag::latest(),
        outcome: outcome.clone(),
    };
    RunReport { packages: packages.iter().map(package).collect(), ..RunReport::new() }
}

/// Carries the end of a run out, at the present head.
fn finished(repo: &Repo, report: RunReport, owed_work: &OwedWork, remote: Option<&str>) -> (RunReport, Vec<Fact>) {
    let project = repo.project();
    let head = project.git().unwrap().head().unwrap();
    let (events, told) = Told::stream();
    let mut report = report;
    let end = Finish { options: ALL, head, ready: &Ready::default(), owed_work, remote, unpromoted: &BTreeSet::new() };
    finish(&project, &mut report, &end, &events).unwrap();
    (report, told.facts())
}

#[test]
fn what_is_live_is_tagged_and_nothing_else() {
    let fixed = [TWO.as_slice(), &[("relay.toml", "[release]\nmode = \"fixed\"\n")]].concat();
    let without = FinishOptions { tags: false, ..ALL };
    for (files, packages, options, tags) in [
        (TWO.as_slice(), [("a", live()), ("b", live())], ALL, vec!["a@1.0.0", "b@1.0.0"]),
        (TWO.as_slice(), [("a", live()), ("b", parked())], ALL, vec!["a@1.0.0"]),
        (TWO.as_slice(), [("a", live()), ("b", live())], without, vec![]),
        // One tag says that the whole release is out.
        (&fixed, [("a", live()), ("b", live())], ALL, vec!["v1.0.0"]),
        (&fixed, [("a", live()), ("b", parked())], ALL, vec![]),
    ] {
        let repo = Repo::committed(files);
        let project = repo.project();
        let head = project.git().unwrap().head().unwrap();
        let (ready, owed_work) = (Ready::default(), OwedWork::default());
        let end =
            Finish { options, head, ready: &ready, owed_work: &owed_work, remote: None, unpromoted: &BTreeSet::new() };
        let wanted = wanted_tags(&project, &report(&packages), &end);
        assert_eq!(wanted.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), tags);
    }
}

#[test]
fn tags_are_made_pushed_and_told_and_the_second_time_there_is_nothing_to_do() {
    let repo = Repo::committed(&TWO);
    repo.with_remote();
    let none = OwedWork::default();
    let (ended, facts) = finished(&repo, report(&[("a", live()), ("b", parked())]), &none, Some("origin"));
    assert_eq!(
        (ended.tags.as_slice(), ended.pushed_to.as_deref()),
        (["a@1.0.0".to_owned()].as_slice(), Some("origin"))
    );
    assert_eq!(ended.problems, Vec::<String>::new());
    let tagged = Fact::Tagged { package: Some(name("a")), tag: "a@1.0.0".to_owned() };
    let pushed = Fact::Pushed { remote: "origin".to_owned(), refs: vec!["refs/tags/a@1.0.0".to_owned()] };
    assert_eq!(facts, [tagged, pushed]);
    assert!(repo.git(&["ls-remote", "--tags", "origin"]).contains("refs/tags/a@1.0.0"));

    let (ended, facts) = finished(&repo, report(&[("a", live())]), &none, Some("origin"));
    assert_eq!(ended.problems, Vec::<String>::new());
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Tagged { .. })), "{facts:?}");
}

#[test]
fn a_tag_on_another_commit_counts_where_the_packages_files_are_the_same() {
    let repo = Repo::committed(&TWO);
    for tag in ["a@1.0.0", "b@1.0.0"] {
        repo.git(&["tag", tag]);
    }
    repo.write("packages/b/index.js", "1\n").commit("feat: b changes");
    let both = report(&[("a", live()), ("b", live())]);
    let (ended, _) = finished(&repo, both, &OwedWork::default(), None);
    assert_eq!(ended.tags, ["a@1.0.0"]);
    let [problem] = ended.problems.as_slice() else { panic!("{:?}", ended.problems) };
    assert!(problem.contains("b@1.0.0"), "{problem}");
}

#[test]
fn an_owed_tag_goes_on_its_own_commit_and_one_whose_commit_is_gone_is_told() {
    let repo = Repo::committed(&TWO);
    let first = repo.git(&["rev-parse", "HEAD"]);
    repo.commit("feat: later");
    let owed =
        |name: &str, commit: &str| OwedTag { name: name.to_owned(), commit: commit.to_owned(), waits_for: Vec::new() };
    let work =
        OwedWork { to_make: vec![owed("a@0.9.0", &first), owed("b@0.9.0", &"1".repeat(40))], ..OwedWork::default() };
    let (ended, _) = finished(&repo, report(&[]), &work, None);
    assert_eq!(ended.made_up, ["a@0.9.0"]);
    assert_eq!(repo.git(&["rev-parse", "a@0.9.0^{commit}"]), first);
    let [note] = ended.notes.as_slice() else { panic!("{:?}", ended.notes) };
    assert!(note.contains("`b@0.9.0`") && note.contains("any more"), "{note}");
}

#[test]
fn a_remote_that_is_gone_is_a_problem_and_hides_nothing() {
    let repo = Repo::committed(&TWO);
    let remote = repo.with_remote();
    std::fs::remove_dir_all(remote).unwrap();
    let (ended, _) = finished(&repo, report(&[("a", live())]), &OwedWork::default(), Some("origin"));
    assert_eq!(ended.tags, ["a@1.0.0"], "it is made here");
    assert_eq!(ended.pushed_to, None);
    assert_eq!(ended.problems.len(), 1, "{:?}", ended.problems);
}
