//! What is foreseen of a tarball is what is made of it afterwards.

use relay_config::RouteKind;

use super::*;
use crate::event::Emitter;
use crate::fixture::{Repo, TWO, Told, name, plan, session};
use crate::freeze::{FreezeOptions, freeze};
use crate::learnt::Learnt;
use crate::observe::{Intent, Observed, RecordedVersions, observe};
use crate::versioning::{commit_versions, write_versions};

async fn observed(repo: &Repo) -> Observed {
    let (project, session) = (repo.project(), session("registry=http://registry.example/\n"));
    observe(&project, &session, &Learnt::default(), &RecordedVersions::default(), Intent::Release).await.unwrap()
}

#[tokio::test]
async fn the_tarballs_of_versions_that_are_still_to_be_made_are_known_to_the_byte() {
    let settings = ("relay.toml", "[release]\nchanges = [\"changesets\"]\n");
    let repo = Repo::committed(&[
        TWO[0],
        TWO[1],
        (
            "packages/b/package.json",
            "{\n\t\"name\": \"b\",\n\t\"version\": \"1.0.0\",\n\t\"dependencies\": { \"a\": \"workspace:^\" }\n}\n",
        ),
        ("packages/b/index.js", "1\n"),
        (".changeset/one.md", "---\na: major\nb: minor\n---\n\nMore.\n"),
        settings,
    ]);
    let found = observed(&repo).await;
    let project = repo.project();
    let foreseen = known_tarballs(&project, &found.plan, &found.bumps, true, &BTreeMap::new()).unwrap();
    assert_eq!((foreseen.facts.len(), foreseen.failed.len()), (2, 0), "{:?}", foreseen.failed);
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "nothing was written");

    let state = repo.root.join(".git/relay");
    std::fs::create_dir_all(&state).unwrap();
    write_versions(&project, &found.bumps, &state, None).unwrap();
    commit_versions(&project, &state, [], None).unwrap();
    let (events, _): (Emitter, _) = Told::stream();
    let options = FreezeOptions { ignore_scripts: true, ..FreezeOptions::default() };
    let made = freeze(&repo.project(), &found.plan, &options, &events).unwrap();
    for (name, tarball) in made {
        assert_eq!(foreseen.facts[&name], tarball_fact(&tarball), "{name}");
    }
}

#[test]
fn what_may_still_change_before_packing_is_not_foreseen() {
    let manifest = |more: &str| format!("{{\"name\":\"a\",\"version\":\"1.0.0\"{more}}}");
    let bundled = manifest(",\"bundleDependencies\":[\"x\"]");
    let scripted = manifest(",\"scripts\":{\"prepack\":\"make\"}");
    let after = manifest(",\"scripts\":{\"postpublish\":\"make\"}");
    let built = ("relay.toml", "[release]\nbuild = \"make\"\n");
    let bump = relay_change::PlannedBump {
        name: name("a"),
        current: "1.0.0".parse().unwrap(),
        next: "1.1.0".parse().unwrap(),
        bump: relay_change::Bump::Minor,
        causes: Vec::new(),
    };
    let bumped = BumpPlan { bumps: vec![bump], ..BumpPlan::default() };
    for (why, manifest, more, bumps, ignored, expected) in [
        ("nothing runs", manifest(""), None, &bumped, false, None),
        ("a script", scripted.clone(), None, &bumped, false, Some(Unsettled::Script("prepack"))),
        ("a script that is left out", scripted, None, &bumped, true, None),
        ("a script that runs later", after, None, &bumped, false, None),
        ("a build", manifest(""), Some(built), &bumped, false, Some(Unsettled::Build)),
        ("a build that is left out", manifest(""), Some(built), &bumped, true, None),
        ("bundled, and versions change", bundled.clone(), None, &bumped, false, Some(Unsettled::Bundled)),
        ("bundled, and none does", bundled, None, &BumpPlan::default(), false, None),
    ] {
        let files: Vec<_> = [TWO[0], ("packages/a/package.json", manifest.as_str())].into_iter().chain(more).collect();
        let project = Repo::of(&files).project();
        let package = project.workspace.package(&name("a")).unwrap();
        assert_eq!(unsettled(&project, package, bumps, ignored), expected, "{why}");
    }
}

#[test]
fn a_package_that_cannot_be_packed_does_not_hide_the_others() {
    let broken = r#"{"name":"a","version":"1.0.0","dependencies":{"gone":"workspace:^"}}"#;
    let repo = Repo::of(&[
        TWO[0],
        ("packages/a/package.json", broken),
        ("packages/b/package.json", r#"{"name":"b","version":"1.0.0"}"#),
    ]);
    let plan = plan(&[("a", "1.0.0", RouteKind::Token), ("b", "1.0.0", RouteKind::Token)]);
    let known = known_tarballs(&repo.project(), &plan, &BumpPlan::default(), false, &BTreeMap::new()).unwrap();
    assert_eq!(
        (known.facts.keys().collect::<Vec<_>>(), known.failed.keys().collect::<Vec<_>>()),
        (vec![&name("b")], vec![&name("a")])
    );
}
