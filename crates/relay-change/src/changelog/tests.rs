//! The form of a section, and where it goes.

use std::collections::BTreeMap;

use relay_workspace::PackageName;
use semver::Version;

use super::{changelog_section, changelog_section_with_commits, insert_into_changelog};
use crate::bump::Bump;
use crate::change_file::ChangeFile;
use crate::commits::CommitNote;
use crate::plan::{BumpPlan, PlannedBump, ReleaseCause, ReleaseNotes};

fn name(text: &str) -> PackageName {
    PackageName::parse(text).unwrap()
}

fn file(id: &str, bump: Bump, summary: &str) -> ChangeFile {
    ChangeFile { id: id.to_owned(), releases: vec![("a".to_owned(), bump)], summary: summary.to_owned() }
}

fn commit(bump: Bump, entries: &[&str], breaking: &[&str]) -> CommitNote {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let (entries, breaking) = (texts(entries), texts(breaking));
    CommitNote { id: "0123456789".into(), subject: "fix(core): a leak".into(), bump, entries, breaking }
}

fn plan(consumed: &[&str], notes: ReleaseNotes) -> BumpPlan {
    BumpPlan {
        bumps: vec![PlannedBump {
            name: name("a"),
            current: Version::new(1, 2, 0),
            next: Version::new(1, 3, 0),
            bump: Bump::Minor,
            causes: vec![ReleaseCause::Unpublished],
        }],
        consumed: consumed.iter().map(|id| (*id).to_owned()).collect(),
        notes: BTreeMap::from([(name("a"), notes)]),
        ..BumpPlan::default()
    }
}

#[test]
fn groups_entries_by_bump() {
    let notes = ReleaseNotes {
        commits: vec![
            commit(Bump::Patch, &["a leak"], &[]),
            commit(Bump::Minor, &["x", "y"], &["one\ntwo", "- three"]),
        ],
        updated: vec![(name("b"), Version::new(2, 0, 0)), (name("c"), Version::new(1, 0, 1))],
    };
    let files = [
        file("y", Bump::Patch, "Second"),
        file("x", Bump::Minor, "First line\n\n- rest\n  more"),
        file("x-y", Bump::Minor, "Before x, as the file names sort"),
        file("unused", Bump::Minor, "Not consumed"),
    ];
    insta::assert_snapshot!(changelog_section(&plan(&["x", "y", "x-y"], notes), &name("a"), &files), @r"
    ## 1.3.0

    ### Minor Changes

    - Before x, as the file names sort
    - First line

      - rest
        more
    - 0123456: x
    - 0123456: y
      - BREAKING CHANGE: one
        two
      - BREAKING CHANGE:
        - three

    ### Patch Changes

    - Second
    - 0123456: a leak
    - Updated dependencies
      - b@2.0.0
      - c@1.0.1
    ");
}

#[test]
fn names_the_commits_of_change_files() {
    let notes = ReleaseNotes { updated: vec![(name("a"), Version::new(1, 3, 0))], ..ReleaseNotes::default() };
    let mut plan = plan(&["x"], notes);
    plan.bumps[0].causes = vec![ReleaseCause::ChangeFile { id: "x".into(), text: "Text".into() }];
    let commits = BTreeMap::from([("x".to_owned(), "abcdef0123".to_owned())]);
    let section = changelog_section_with_commits(&plan, &name("a"), &[file("x", Bump::Minor, "Text")], &commits);
    insta::assert_snapshot!(section, @r"
    ## 1.3.0

    ### Minor Changes

    - abcdef0: Text

    ### Patch Changes

    - Updated dependencies [abcdef0]
      - a@1.3.0
    ");
}

#[test]
fn a_release_without_entries_says_so() {
    let section = changelog_section(&plan(&[], ReleaseNotes::default()), &name("a"), &[]);
    assert_eq!(section, "## 1.3.0\n\nNo changes in this release.");
    assert_eq!(changelog_section(&BumpPlan::default(), &name("a"), &[]), "");
}

#[track_caller]
fn inserts(existing: Option<&str>, expected: &str) {
    assert_eq!(insert_into_changelog(existing, &name("a"), "## 2.0.0\n\n- new"), expected);
}

#[test]
fn begins_a_changelog() {
    inserts(None, "# a\n\n## 2.0.0\n\n- new\n");
    inserts(Some(""), "# a\n\n## 2.0.0\n\n- new\n");
}

#[test]
fn goes_above_the_last_version() {
    inserts(Some("# a\n\n## 1.0.0\n\n- old\n"), "# a\n\n## 2.0.0\n\n- new\n\n## 1.0.0\n\n- old\n");
    inserts(
        Some("# Change Log\n\nSee the guide.\n\n## [1.0.0](x) (today)\n"),
        "# Change Log\n\nSee the guide.\n\n## 2.0.0\n\n- new\n\n## [1.0.0](x) (today)\n",
    );
    inserts(Some("## 1.0.0\n"), "## 2.0.0\n\n- new\n\n## 1.0.0\n");
}

#[test]
fn goes_below_the_title_where_no_version_is_yet() {
    inserts(Some("# a\n"), "# a\n\n## 2.0.0\n\n- new\n");
    inserts(Some("# a"), "# a\n\n## 2.0.0\n\n- new\n");
    inserts(Some("# a\n\nolder text"), "# a\n\n## 2.0.0\n\n- new\n\nolder text");
    inserts(Some("no title"), "# a\n\n## 2.0.0\n\n- new\n\nno title");
}

#[test]
fn windows_line_ends_stay() {
    inserts(Some("\u{feff}# a\r\n\r\n## 1.0.0\r\n"), "\u{feff}# a\r\n\r\n## 2.0.0\r\n\r\n- new\r\n\r\n## 1.0.0\r\n");
    inserts(Some("# a\r\n\r\ntext"), "# a\r\n\r\n## 2.0.0\r\n\r\n- new\r\n\r\ntext");
}
