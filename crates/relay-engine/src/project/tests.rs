//! What a repository says of itself: where changes come from, which are whole, what tags mean.

use relay_config::ChangeSource;

use super::*;
use crate::fixture::{Repo, TWO, name};

fn repo(files: &[(&str, &str)]) -> Repo {
    Repo::of(&[TWO.as_slice(), files].concat())
}

const CHANGE: &str = "---\n\"a\": minor\n---\n\nShine\n";

#[test]
fn where_changes_come_from_is_what_the_repositorys_own_tool_does_unless_a_setting_says_so() {
    let both = [ChangeSource::Changesets, ChangeSource::ConventionalCommits];
    let config = (".changeset/config.json", "{}");
    let ledger = (PNPM_LEDGER_FILE, "\"a@1.0.0\": []\n");
    let settings = ("relay.toml", "[release]\nchanges = [\"conventional-commits\"]\n");
    for (files, sources, alone) in [
        (vec![], both.as_slice(), None),
        (vec![config], &both[..1], Some(".changeset/config.json")),
        (vec![ledger], &both[..1], Some(PNPM_LEDGER_FILE)),
        (vec![config, settings], &both[1..], Some(".changeset/config.json")),
    ] {
        let project = repo(&files).project();
        assert_eq!(project.change_sources(), sources, "{files:?}");
        assert_eq!(project.change_files_alone(), alone, "{files:?}");
    }
}

#[test]
fn only_change_files_are_read_and_a_broken_one_is_kept_apart() {
    let repo = repo(&[
        (".changeset/quick-fox.md", CHANGE),
        (".changeset/README.md", "how to"),
        (".changeset/.hidden.md", "no"),
        (".changeset/notes.txt", "no"),
        (".changeset/broken.md", "---\na: huge\n---\n"),
        (".changeset/folder.md/x", "no"),
    ]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", repo.root.join(".changeset/lost.md")).unwrap();
        std::os::unix::fs::symlink("../../outside", repo.root.join(".changeset/out.md")).unwrap();
        std::fs::write(repo.root.join("../outside"), CHANGE).unwrap();
        std::os::unix::fs::symlink("quick-fox.md", repo.root.join(".changeset/same.md")).unwrap();
    }
    let project = repo.project();
    let ids: Vec<&str> = project.change_files.iter().map(|file| file.id.as_str()).collect();
    assert_eq!(ids, if cfg!(unix) { vec!["quick-fox", "same"] } else { vec!["quick-fox"] });
    let broken: Vec<String> = project.broken_change_files.iter().map(ToString::to_string).collect();
    let mut problems = vec!["`huge` is no bump for `a`", "is a folder"];
    if cfg!(unix) {
        problems.extend(["is a link that leads nowhere", "is a link that leads out of the workspace"]);
    }
    assert_eq!(broken.len(), problems.len(), "{broken:?}");
    for problem in problems {
        assert!(broken.iter().any(|text| text.contains(problem)), "{problem}: {broken:?}");
    }
}

#[test]
fn what_pnpm_has_used_up_is_gone_for_the_packages_that_it_was_applied_to() {
    let both = "---\n\"a\": minor\n\"b\": patch\n---\n\nShine\n";
    let ledger = "\"a@1.1.0\":\n  dir: packages/a\n  intents: [quick-fox]\n";
    let project = repo(&[(".changeset/quick-fox.md", both), (PNPM_LEDGER_FILE, ledger)]).project();
    let [file] = project.change_files.as_slice() else { panic!("{:?}", project.change_files) };
    assert_eq!(file.releases.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["b"]);
    let broken = repo(&[(PNPM_LEDGER_FILE, "- nothing\n")]);
    assert!(
        matches!(Project::open(&broken.root), Err(ProjectError::Unreadable { path, .. }) if path == PNPM_LEDGER_FILE)
    );
}

#[test]
fn a_tag_is_named_after_what_it_stands_for() {
    let version = Version::new(1, 2, 3);
    let alone = [("package.json", r#"{"name":"@acme/a","version":"1.0.0"}"#)];
    let fixed = [TWO.as_slice(), &[("relay.toml", "[release]\nmode = \"fixed\"\n")]].concat();
    for (files, name, tag, changesets) in [
        (TWO.as_slice(), "a", "a@1.2.3", "a@1.2.3"),
        (&alone, "@acme/a", "v1.2.3", "v1.2.3"),
        (&fixed, "a", "v1.2.3", "a@1.2.3"),
    ] {
        let project = Repo::of(files).project();
        let package = self::name(name);
        assert_eq!(project.tag_name(&package, &version), tag, "{name}");
        assert_eq!(project.changesets_tags().name(&package, &version), changesets, "{name}");
        assert_eq!(project.has_one_tag(), tag == "v1.2.3", "{name}");
    }
}

#[test]
fn tags_of_other_tools_are_read_where_they_can_mean_one_thing_only() {
    let two = Repo::of(&TWO).project();
    let one = Repo::of(&[
        ("package.json", r#"{"name":"root","private":true,"workspaces":["packages/*"]}"#),
        ("packages/a/package.json", r#"{"name":"@acme/a","version":"1.0.0+build.7"}"#),
    ])
    .project();
    let version = Version::new(1, 0, 0);
    for (project, tag, is_read) in [
        (&two, "a@1.0.0", true),
        (&two, "a-v1.0.0", true),
        (&two, "v1.0.0", false),
        (&two, "c@1.0.0", false),
        (&two, "a@1.0.1", false),
        (&one, "@acme/a@1.0.0", true),
        (&one, "a-v1.0.0", true),
        (&one, "v1.0.0", true),
        (&one, "v1.0.0+build.7", true),
        (&one, "1.0.0", false),
    ] {
        assert_eq!(project.reads_tag(tag, &version), is_read, "{tag}");
    }
}

#[test]
fn a_workspace_below_the_repositorys_root_is_named_from_there() {
    let repo = Repo::committed(&[("app/package.json", r#"{"name":"a","version":"1.0.0"}"#)]);
    let project = Project::open(&repo.root.join("app")).unwrap();
    assert_eq!(project.in_repository(Utf8Path::new("package.json")), "app/package.json");
    let [query] = <[HistoryQuery; 1]>::try_from(project.history_queries()).map_err(|all| all.len()).unwrap();
    assert_eq!((query.name.as_str(), query.version.as_deref()), ("a", Some("1.0.0")));
    assert!(query.path.starts_with("app"), "{}", query.path);
}

#[test]
fn what_the_project_can_t_be_read_from_is_named() {
    let toml = repo(&[("relay.toml", "[relase]\n")]);
    assert!(matches!(Project::open(&toml.root), Err(ProjectError::Config(_))));
    let config = repo(&[(".changeset/config.json", "{")]);
    assert!(matches!(Project::open(&config.root), Err(ProjectError::ChangesetsConfig(_))));
    let folder = repo(&[("relay.toml/x", "")]);
    let error = Project::open(&folder.root).map(drop).unwrap_err();
    assert!(error.to_string().contains("relay.toml"), "{error}");
}
