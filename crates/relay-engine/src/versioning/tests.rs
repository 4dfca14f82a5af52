//! What the version step writes, and that it writes all of it, what is needed and nothing else.

use super::*;
use crate::fixture::{Repo, TWO, name, session};
use crate::learnt::Learnt;
use crate::observe::{Intent, RecordedVersions, observe};

const CHANGES: (&str, &str) = (".changeset/one.md", "---\na: major\n---\n\nA new way.\n");

async fn bumps(repo: &Repo) -> BumpPlan {
    let (project, session) = (repo.project(), session("registry=http://registry.example/\n"));
    let (learnt, recorded) = (Learnt::default(), RecordedVersions::default());
    observe(&project, &session, &learnt, &recorded, Intent::Release).await.unwrap().bumps
}

async fn contents(repo: &Repo) -> NewContents {
    new_contents(&repo.project(), &bumps(repo).await).unwrap()
}

fn text<'a>(contents: &'a NewContents, path: &str) -> Option<&'a str> {
    contents.files.iter().find(|(written, _)| written == path).and_then(|(_, text)| text.as_deref())
}

/// Change files alone decide.
fn with(more: &[(&str, &str)]) -> Repo {
    let settings = ("relay.toml", "[release]\nchanges = [\"changesets\"]\n");
    Repo::committed(&[&[TWO[0], TWO[1], TWO[2], CHANGES, settings], more].concat())
}

#[tokio::test]
async fn versions_ranges_and_changelogs_are_written_and_the_change_file_goes() {
    let repo = with(&[]);
    let contents = contents(&repo).await;
    let paths: Vec<_> = contents.files.iter().map(|(path, text)| (path.as_str(), text.is_some())).collect();
    let expected = [
        ("packages/a/package.json", true),
        ("packages/b/package.json", true),
        ("packages/a/CHANGELOG.md", true),
        ("packages/b/CHANGELOG.md", true),
        (".changeset/one.md", false),
    ];
    assert_eq!(paths, expected);
    assert!(text(&contents, "packages/a/CHANGELOG.md").unwrap().contains("A new way."));
    assert!(text(&contents, "packages/b/package.json").unwrap().contains("\"a\":\"^2.0.0\""));
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "making them writes nothing");
}

#[tokio::test]
async fn what_is_written_asks_for_no_further_version() {
    let repo = with(&[]);
    let state = repo.root.join(".git/relay");
    std::fs::create_dir_all(&state).unwrap();
    let (project, bumps_then) = (repo.project(), bumps(&repo).await);
    let written = write_versions(&project, &bumps_then, &state, Some("release".to_owned())).unwrap();
    assert_eq!(written.packages, 2);
    assert!(WriteSet::find(&project, &state).unwrap().is_some(), "the step is on record until its commit");
    let files = written.files.iter().map(Utf8PathBuf::as_path);
    let commit = commit_versions(&repo.project(), &state, files, Some("release")).unwrap();
    assert_eq!(commit, Some(repo.git(&["rev-parse", "HEAD"])));
    assert!(WriteSet::find(&project, &state).unwrap().is_none());
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "all that was written is committed");
    assert!(bumps(&repo).await.bumps.is_empty());
}

#[tokio::test]
async fn ranges_of_a_root_that_is_no_package_move_and_its_lock_file_with_them() {
    let root = r#"{"name":"root","private":true,"workspaces":["packages/*"],"devDependencies":{"a":"^1.0.0"}}"#;
    let lock = r#"{"name":"root","lockfileVersion":3,"packages":{"":{"name":"root","workspaces":["packages/*"],"devDependencies":{"a":"^1.0.0"}},
        "packages/a":{"name":"a","version":"1.0.0"},"packages/b":{"name":"b","version":"1.0.0","dependencies":{"a":"^1.0.0"}},
        "node_modules/a":{"resolved":"packages/a","link":true},"node_modules/b":{"resolved":"packages/b","link":true}}}"#;
    let repo = with(&[("package.json", root), ("package-lock.json", lock)]);
    let contents = contents(&repo).await;
    assert!(text(&contents, "package.json").unwrap().contains("\"a\":\"^2.0.0\""), "{contents:?}");
    let lock: serde_json::Value = serde_json::from_str(text(&contents, "package-lock.json").unwrap()).unwrap();
    assert_eq!(lock["packages"][""]["devDependencies"]["a"], "^2.0.0");
    assert_eq!(lock["packages"]["packages/a"]["version"], "2.0.0");
    assert_eq!(lock["packages"]["packages/b"]["dependencies"]["a"], "^2.0.0");
    assert_eq!(contents.notes, Vec::<String>::new());
}

#[tokio::test]
async fn a_lock_file_that_cannot_be_edited_with_certainty_is_left_and_told() {
    let contents = contents(&with(&[("package-lock.json", "{ this is no lock file")])).await;
    assert_eq!(text(&contents, "package-lock.json"), None);
    let [note] = contents.notes.as_slice() else { panic!("{:?}", contents.notes) };
    assert!(note.starts_with("package-lock.json was left as it is: "), "{note}");
}

#[tokio::test]
async fn no_changelog_is_written_where_settings_forbid_it_and_a_module_that_is_not_run_is_told() {
    let off = "[release]\nchanges = [\"changesets\"]\nchangelog = false\n";
    let contents_off = contents(&with(&[("relay.toml", off)])).await;
    assert_eq!(text(&contents_off, "packages/a/CHANGELOG.md"), None);
    let module = r#"{"changelog":["@acme/changelog",{}],"access":"public"}"#;
    let contents = contents(&with(&[(".changeset/config.json", module)])).await;
    assert!(text(&contents, "packages/a/CHANGELOG.md").is_some());
    assert!(contents.notes.iter().any(|note| note.contains("`@acme/changelog`")), "{:?}", contents.notes);
}

#[test]
fn a_manifest_that_cannot_be_edited_is_named() {
    let repo =
        Repo::of(&[TWO[0], TWO[1], ("packages/b/package.json", r#"{"name":"b","dependencies":{"a":"^1.0.0"}}"#)]);
    let bump = relay_change::PlannedBump {
        name: name("b"),
        current: "1.0.0".parse().unwrap(),
        next: "1.0.1".parse().unwrap(),
        bump: relay_change::Bump::Patch,
        causes: Vec::new(),
    };
    let bumps = BumpPlan { bumps: vec![bump], ..BumpPlan::default() };
    match new_contents(&repo.project(), &bumps) {
        Err(VersionError::Edit { path, .. }) => assert_eq!(path, "packages/b/package.json"),
        other => panic!("{other:?}"),
    }
}
