//! What messages ask for, and which commits cancel each other.

use std::collections::BTreeMap;

use relay_workspace::PackageName;

use super::{CommitRemarkKind, PackageCommit, bump_of, commit_remarks, release_notes};
use crate::bump::Bump;

#[track_caller]
fn asks(message: &str, bump: Bump) {
    assert_eq!(bump_of(message), bump, "{message}");
}

fn commits(list: &[(&str, &str)]) -> Vec<PackageCommit> {
    list.iter().map(|(id, message)| PackageCommit { id: (*id).to_owned(), message: (*message).to_owned() }).collect()
}

#[track_caller]
fn stands(list: &[(&str, &str)], expected: &[&str]) {
    let mut commits = commits(list);
    let ids = |commits: &[PackageCommit]| {
        let mut ids: Vec<String> = release_notes(commits, false).into_iter().map(|note| note.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&commits), expected);
    commits.reverse();
    assert_eq!(ids(&commits), expected, "in the other order");
}

#[test]
fn the_type_decides() {
    asks("feat: a button", Bump::Minor);
    asks("Feat(ui): a button", Bump::Minor);
    asks("fix(core): a leak", Bump::Patch);
    asks("perf: less", Bump::Patch);
    asks("chore: tidy", Bump::None);
    asks("docs(changeset): a text", Bump::None);
    asks("anything else", Bump::None);
    asks("", Bump::None);
}

#[test]
fn a_breaking_change_of_any_type_is_major() {
    asks("feat!: other names", Bump::Major);
    asks("chore(deps)!: drop node 18", Bump::Major);
    asks("fix: a\n\ntext\n\nBREAKING CHANGE: b", Bump::Major);
    asks("fix: a\n\nBREAKING-CHANGE: b", Bump::Major);
    asks("fix: a\nno blank line\nBREAKING CHANGE: b", Bump::Major);
    asks("fix: a\n\nnot a BREAKING CHANGE at all", Bump::Patch);
}

#[test]
fn merges_and_release_commits_ask_for_nothing() {
    asks("Merge branch 'feat: x'", Bump::None);
    asks("Merge pull request #1 from a/b\n\nfeat: x", Bump::None);
    asks("chore(release): 2.0.0\n\nBREAKING CHANGE: quoted", Bump::None);
    asks("chore: release v2\n\nBREAKING CHANGE: quoted", Bump::None);
    asks("release: v2.0.0", Bump::None);
    asks("RELEASING: Releasing 2 package(s)", Bump::None);
    asks("Publish\n\n - a@1.0.0", Bump::None);
    asks("Version Packages (#3)", Bump::None);
    asks("v1.2.3", Bump::None);
    asks("fixup! feat: x", Bump::None);
}

#[test]
fn a_reverted_commit_and_its_revert_cancel() {
    stands(&[("2222222222", "Revert \"feat: x\"\n\nThis reverts commit 1111111111."), ("1111111111", "feat: x")], &[]);
    stands(&[("2222222222", "revert: feat: x\n\nThis reverts commit 1111111."), ("1111111111", "feat: x")], &[]);
    stands(
        &[("2222222222", "Revert \"feat: add x option (#7)\" (#8)"), ("1111111111", "feat: add `x` option (#7)")],
        &[],
    );
    stands(&[("2222222222", "revert: the button\n\nRefs: 1111111, 3333333"), ("1111111111", "feat: x")], &[]);
}

#[test]
fn without_an_id_the_subject_tells() {
    stands(&[("2222222222", "Revert \"feat: x (#12)\" (#13)"), ("1111111111", "feat: x (#12)")], &[]);
    stands(&[("2222222222", "revert: feat: x"), ("1111111111", "feat: x"), ("3333333333", "fix: y")], &["3333333333"]);
}

#[test]
fn a_revert_of_a_revert_brings_the_commit_back() {
    stands(
        &[
            ("3333333333", "Revert \"Revert \"feat: x\"\"\n\nThis reverts commit 2222222222."),
            ("2222222222", "Revert \"feat: x\"\n\nThis reverts commit 1111111111."),
            ("1111111111", "feat: x"),
        ],
        &["1111111111"],
    );
}

#[test]
fn taking_back_what_was_released_is_a_fix() {
    let set = commits(&[("2222222222", "Revert \"feat: x\"\n\nThis reverts commit 1111111111.")]);
    assert_eq!(release_notes(&set, false).first().map(|note| note.bump), Some(Bump::Patch));
    let set = commits(&[("2222222222", "revert: feat: x\n\nThis reverts commit 1111111111.")]);
    assert_eq!(release_notes(&set, false).first().map(|note| note.bump), Some(Bump::Patch));
}

#[test]
fn invented_circles_end() {
    stands(
        &[
            ("2222222222", "Revert \"b\"\n\nThis reverts commit 1111111111."),
            ("1111111111", "Revert \"a\"\n\nThis reverts commit 2222222222."),
        ],
        &[],
    );
}

#[test]
fn the_header_is_read_however_it_is_spaced() {
    for feature in [
        "feat(): a",
        "feat (scope) : a",
        "feat( scope ): a",
        "FEAT: a",
        "feature: a",
        "feat:a",
        "  feat : a",
        "feat：a",
        "feat(a(b)): a",
        "feat-: a",
    ] {
        let expected = if feature == "feat-: a" { Bump::None } else { Bump::Minor };
        asks(feature, expected);
    }
    for breaking in ["feat!(): a", "feat()!: a", "feat ! : a", "feat(a) !: a", "refactor!: a", "anything!: a"] {
        asks(breaking, Bump::Major);
    }
    asks("Feature branch: a", Bump::None);
    asks("feat", Bump::None);
    asks("feat a", Bump::None);
    asks("(feat): a", Bump::None);
}

#[test]
fn a_breaking_change_is_noted_on_any_line() {
    for note in [
        "body\nBREAKING CHANGE: b",
        "body\n\nBREAKING CHANGE: b\n\nmore text",
        "- one\n- two\nBREAKING CHANGE: b",
        "* BREAKING CHANGE: b",
        "- BREAKING-CHANGE: b",
        "1. Breaking change: b",
        "  breaking change: b",
        "breaking-change: b",
        "BREAKING CHANGES: b",
        "**BREAKING CHANGE**: b",
        "**BREAKING CHANGE:** b",
        "BREAKING CHANGE(api): b",
        "BREAKING CHANGE :b",
        "BREAKING CHANGE b",
        "BREAKING CHANGE:\n\n- b",
        "### \u{26a0} BREAKING CHANGES\n\n* b",
        "Signed-off-by: x <x@registry.example>\nBREAKING CHANGE: b",
    ] {
        asks(&format!("fix: a\n\n{note}"), Bump::Major);
        asks(&format!("docs: a\r\n\r\n{}", note.replace('\n', "\r\n")), Bump::Major);
        asks(&format!("Some prose\n\n{note}"), Bump::Major);
    }
}

#[test]
fn what_only_speaks_of_a_breaking_change_is_none() {
    for text in [
        "this is not a BREAKING CHANGE: really",
        "BREAKING CHANGELOG: x",
        "BREAKINGCHANGE: x",
        "a\nbreaking change in the api was avoided",
        "breaking: x",
        "BREAKING CHANGE: none",
        "Breaking changes: N/A.",
        "BREAKING CHANGE:\n\nNone\n\nmore",
    ] {
        asks(&format!("fix: a\n\n{text}"), Bump::Patch);
    }
}

#[test]
fn release_commits_are_told_from_others_that_speak_of_releases() {
    let quoted = "\n\n### BREAKING CHANGES\n\n* quoted";
    for release in
        ["chore(main): release core 1.2.0", "chore: release main", "ci: publish packages", "chore: release (#12)"]
    {
        asks(&format!("{release}{quoted}"), Bump::None);
    }
    asks("build: release as ESM only\n\nBREAKING CHANGE: no CommonJS", Bump::Major);
    asks("chore!: release as ESM only", Bump::Major);
    asks("fix: release the lock", Bump::Patch);
}

#[test]
fn what_was_taken_back_and_reapplied_counts() {
    stands(
        &[
            ("3333333333", "Reapply \"feat: x\"\n\nThis reverts commit 2222222222."),
            ("2222222222", "Revert \"feat: x\"\n\nThis reverts commit 1111111111."),
            ("1111111111", "feat: x"),
        ],
        &["1111111111"],
    );
    // Squashed by a forge: no ids, and a number on every level.
    stands(
        &[
            ("3333333333", "Reapply \"feat: x (#12)\" (#14)"),
            ("2222222222", "Revert \"feat: x (#12)\" (#13)"),
            ("1111111111", "feat: x (#12)"),
        ],
        &["1111111111"],
    );
    stands(
        &[
            ("4444444444", "Revert \"Reapply \"feat: x (#12)\" (#14)\" (#15)"),
            ("3333333333", "Reapply \"feat: x (#12)\" (#14)"),
            ("2222222222", "Revert \"feat: x (#12)\" (#13)"),
            ("1111111111", "feat: x (#12)"),
        ],
        &[],
    );
    stands(
        &[("3333333333", "revert: revert: feat: x"), ("2222222222", "revert: feat: x"), ("1111111111", "feat: x")],
        &["1111111111"],
    );
}

#[test]
fn bringing_back_what_a_release_lacked_asks_for_what_it_asked_for() {
    for feature in ["Reapply \"feat: x\"", "Revert \"Revert \"feat: x\"\"", "revert: revert: feat: x"] {
        asks(&format!("{feature}\n\nThis reverts commit 2222222222."), Bump::Minor);
        asks(&format!("{feature} (#14)"), Bump::Minor);
    }
    asks("Reapply \"feat!: x (#12)\" (#14)", Bump::Major);
    asks("Revert \"Reapply \"feat: x\"\"", Bump::Patch);
    asks("Reapply \"docs: x\"", Bump::Patch);
    asks("Revert \"feat: x\"\n\nBREAKING CHANGE: x is gone", Bump::Major);
}

#[test]
fn a_changelog_says_what_is_new_and_what_breaks() {
    let set = commits(&[
        ("1", "feat(ui): a button (#3)\n\nBREAKING CHANGE: the old\nbutton is gone\n\nCloses #2"),
        ("2", "fix!: waits less"),
        ("3", "revert: feat: y"),
        ("4", "Rewrite\n\nBREAKING CHANGE:\n- one\n- two\nSigned-off-by: x"),
    ]);
    let said: Vec<(Vec<String>, Vec<String>)> =
        release_notes(&set, false).into_iter().map(|note| (note.entries, note.breaking)).collect();
    let strings = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        said,
        [
            (strings(&["a button (#3)"]), strings(&["the old\nbutton is gone"])),
            (strings(&["waits less"]), strings(&[])),
            (strings(&["revert: feat: y"]), strings(&[])),
            (strings(&["Rewrite"]), strings(&["- one\n- two"])),
        ]
    );
}

const SQUASHED: &str = "Add buttons (#3)\n\n* feat(ui): a button\n\n* fix: its colour\n\n* chore: tidy\n\n---------\n\n\
                        Co-authored-by: x <x@registry.example>";

#[test]
fn the_lines_of_a_squashed_branch_count_where_that_is_set() {
    let set = commits(&[("1", SQUASHED), ("2", "fix: a\n\n- feat!: b")]);
    let counted: Vec<(Bump, String)> =
        release_notes(&set, true).into_iter().map(|note| (note.bump, note.entries.join("; "))).collect();
    assert_eq!(counted, [(Bump::Minor, "a button; its colour".to_owned()), (Bump::Major, "a; b".to_owned())]);
    let uncounted: Vec<Bump> = release_notes(&set, false).into_iter().map(|note| note.bump).collect();
    assert_eq!(uncounted, [Bump::Patch]);
}

#[test]
fn commits_that_may_ask_for_more_are_named_once() {
    let core = commits(&[("1", SQUASHED), ("2", "Update stuff"), ("3", "feat: x"), ("4", "Merge branch 'x'")]);
    let ui = commits(&[("1", SQUASHED), ("5", "bugfix: y"), ("6", "v1.2.0"), ("7", "chore: z"), ("8", "")]);
    let name = |text: &str| PackageName::parse(text).unwrap();
    let all = BTreeMap::from([(name("core"), core), (name("ui"), ui)]);
    let said = |squash_bodies: bool| -> Vec<String> {
        commit_remarks(&all, squash_bodies)
            .into_iter()
            .map(|remark| {
                let packages: Vec<&str> = remark.packages.iter().map(PackageName::as_str).collect();
                let why = match remark.kind {
                    CommitRemarkKind::NotUnderstood => "?".to_owned(),
                    CommitRemarkKind::Squashed { lines } => {
                        lines.iter().map(|(line, bump)| format!("{bump} by `{line}`")).collect::<Vec<_>>().join(", ")
                    }
                };
                format!("{} {}: {why}", remark.id, packages.join(" "))
            })
            .collect()
    };
    let squashed = "1 core ui: minor by `feat(ui): a button`, patch by `fix: its colour`";
    assert_eq!(said(false), [squashed, "2 core: ?", "5 ui: ?", "8 ui: ?"]);
    assert_eq!(said(true), ["2 core: ?", "5 ui: ?", "8 ui: ?"]);
}
