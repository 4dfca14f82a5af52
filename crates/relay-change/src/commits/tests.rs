//! What messages ask for, and which commits cancel each other.

use super::{PackageCommit, bump_of, release_notes};
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
        let mut ids: Vec<String> = release_notes(commits).into_iter().map(|note| note.id).collect();
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
    assert_eq!(release_notes(&set).first().map(|note| note.bump), Some(Bump::Patch));
    let set = commits(&[("2222222222", "revert: feat: x\n\nThis reverts commit 1111111111.")]);
    assert_eq!(release_notes(&set).first().map(|note| note.bump), Some(Bump::Patch));
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
