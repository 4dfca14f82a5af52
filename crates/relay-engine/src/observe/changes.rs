//! What a person asks of the versions on the command line, and is told of the commits that they are made from.

use std::collections::{BTreeMap, BTreeSet};

use relay_change::{
    Bump, BumpPlan, ChangeError, ChangeSettings, CommitRemark, CommitRemarkKind, PackageCommit, commit_remarks,
};
use relay_config::NamePatterns;
use relay_plan::{Finding, PackageObservation, Reason, Severity, VersionedPackage};
use relay_workspace::PackageName;

use crate::project::Project;

/// How many commits of one kind are named.
const COMMITS_NAMED_MAX: usize = 50;
/// As many digits of a commit's id as git prints.
const COMMIT_ID_DIGITS: usize = 7;

/// The packages whose prereleases are to be finished.
pub(super) fn graduates(
    project: &Project,
    settings: &ChangeSettings,
    asked: &NamePatterns,
) -> Result<Vec<PackageName>, ChangeError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    if settings.changesets.is_some() {
        return Err(ChangeError::GraduatesByChangesets);
    }
    let prereleases = project.workspace.packages.iter().filter(|package| {
        let prerelease = package.version.as_ref().is_some_and(|version| !version.pre.is_empty());
        prerelease && (!package.private || settings.version_private) && !settings.ignore.contains(&package.name)
    });
    let names: Vec<PackageName> =
        prereleases.map(|package| &package.name).filter(|name| asked.matches(name)).cloned().collect();
    if names.is_empty() { Err(ChangeError::NothingGraduates) } else { Ok(names) }
}

/// The packages that get a version and are not to be published.
pub(super) fn versioned(
    project: &Project,
    bumps: &BumpPlan,
    published: &[PackageObservation],
) -> Vec<VersionedPackage> {
    let published: BTreeSet<&PackageName> = published.iter().map(|package| &package.name).collect();
    let alone = bumps.bumps.iter().filter(|bump| !published.contains(&bump.name));
    alone
        .map(|bump| VersionedPackage {
            name: bump.name.clone(),
            path: project.workspace.package(&bump.name).map(|package| package.path.to_string()).unwrap_or_default(),
            current: bump.current.clone(),
            next: bump.next.clone(),
            bump: bump.bump,
            reasons: bump.causes.iter().map(Reason::from).collect(),
        })
        .collect()
}

/// The commits that may ask for more than is counted: a finding for each commit and package, those that would ask for most
/// first, and one for all that are too many to be named.
pub(super) fn uncounted_commits(
    project: &Project,
    commits: &BTreeMap<PackageName, Vec<PackageCommit>>,
    settings: &ChangeSettings,
) -> Vec<Finding> {
    let remarks = commit_remarks(commits, settings.squash_bodies);
    let (unread, mut squashed): (Vec<&CommitRemark>, Vec<&CommitRemark>) =
        remarks.iter().partition(|remark| remark.kind == CommitRemarkKind::NotUnderstood);
    squashed.sort_by_key(|remark| std::cmp::Reverse(remark.kind.highest()));
    let mut findings = Vec::new();
    for (kind, help) in [
        (squashed, "to count such lines, set `squash-bodies = true` under `[release]` in relay.toml"),
        (unread, "where it should be released, write a change file (`.changeset/NAME.md`)"),
    ] {
        let named = kind.iter().take(COMMITS_NAMED_MAX);
        findings.extend(named.flat_map(|remark| {
            remark.packages.iter().map(|package| {
                let version = project.workspace.package(package).and_then(|package| package.version.as_ref());
                let text = in_words(remark, settings, version.map_or(0, |version| version.major));
                finding(Some(package), text, help)
            })
        }));
        if let Some(more @ 1..) = kind.len().checked_sub(COMMITS_NAMED_MAX) {
            let from = kind.get(COMMITS_NAMED_MAX).map(|remark| short(&remark.id)).unwrap_or_default();
            let text = format!("{more} more commits like these are not named here; the first of them is {from}");
            findings.push(finding(None, text, help));
        }
    }
    findings
}

fn finding(package: Option<&PackageName>, text: String, help: &str) -> Finding {
    Finding { severity: Severity::Warning, package: package.cloned(), text, help: Some(help.to_owned()) }
}

/// What is said of a commit at a package of this major version.
fn in_words(remark: &CommitRemark, settings: &ChangeSettings, major: u64) -> String {
    let commit = format!("{} \"{}\"", short(&remark.id), remark.subject);
    match &remark.kind {
        CommitRemarkKind::NotUnderstood => {
            format!("the commit {commit} is not in the form `type: subject`, and so asks for no version")
        }
        CommitRemarkKind::Squashed { lines } => {
            let line =
                |(line, bump): &(String, Bump)| format!("`{line}` ({})", settings.zero_major.apply(*bump, major));
            let lines: Vec<String> = lines.iter().map(line).collect();
            format!("the commit {commit} has lines in its body that are not counted: {}", lines.join(", "))
        }
    }
}

fn short(id: &str) -> String {
    id.chars().take(COMMIT_ID_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Repo, TWO, name};

    fn patterns(text: &str) -> NamePatterns {
        let toml = format!("[release]\nignore = [{text}]\n");
        relay_config::Config::parse("relay.toml", &toml).unwrap().release.ignore
    }

    #[test]
    fn only_prereleases_graduate_and_asking_for_nothing_of_that_kind_is_refused() {
        let files = [
            TWO[0],
            ("packages/a/package.json", r#"{"name":"a","version":"1.0.0-rc.1"}"#),
            ("packages/b/package.json", r#"{"name":"b","version":"2.0.0"}"#),
            ("packages/c/package.json", r#"{"name":"c","version":"1.0.0-rc.1","private":true}"#),
            ("packages/d/package.json", r#"{"name":"d","version":"1.0.0-rc.1"}"#),
        ];
        let ignoring = [files.as_slice(), &[("relay.toml", "[release]\nignore = [\"d\"]\n")]].concat();
        let private = [files.as_slice(), &[("relay.toml", "[release]\nversion-private = true\n")]].concat();
        let changesets = [files.as_slice(), &[(".changeset/config.json", "{}")]].concat();
        for (files, asked, expected) in [
            (files.as_slice(), "", Ok(vec![])),
            (&files, "\"*\"", Ok(vec!["a", "d"])),
            (&files, "\"b\"", Err(ChangeError::NothingGraduates)),
            (&ignoring, "\"*\"", Ok(vec!["a"])),
            (&private, "\"*\"", Ok(vec!["a", "c", "d"])),
            (&changesets, "\"a\"", Err(ChangeError::GraduatesByChangesets)),
        ] {
            let project = Repo::of(files).project();
            let found = graduates(&project, &project.change_settings(), &patterns(asked));
            let found = found.map_err(|error| error.to_string());
            let expected = expected.map_err(|error: ChangeError| error.to_string());
            let expected = expected.map(|names| names.into_iter().map(name).collect::<Vec<_>>());
            assert_eq!(found, expected, "{asked}");
        }
    }

    fn commit(id: usize, message: &str) -> PackageCommit {
        PackageCommit { id: format!("{id:040}"), message: message.to_owned() }
    }

    #[test]
    fn commits_that_ask_for_nothing_readable_are_named_up_to_a_number() {
        let project = Repo::of(&TWO).project();
        let settings = project.change_settings();
        let many = (0..=COMMITS_NAMED_MAX).map(|id| commit(id, "just words")).collect();
        let commits = BTreeMap::from([(name("a"), many)]);
        let findings = uncounted_commits(&project, &commits, &settings);
        assert_eq!(findings.len(), COMMITS_NAMED_MAX + 1);
        assert!(findings[0].text.contains("is not in the form `type: subject`"), "{}", findings[0].text);
        assert_eq!(findings[0].package, Some(name("a")));
        let last = &findings[COMMITS_NAMED_MAX];
        assert!(last.text.starts_with("1 more commits like these"), "{}", last.text);
        assert_eq!(last.package, None);
        let read = BTreeMap::from([(name("a"), vec![commit(0, "fix: shine")])]);
        assert_eq!(uncounted_commits(&project, &read, &settings), []);
    }

    #[test]
    fn lines_of_a_squashed_commit_that_would_ask_for_most_come_first() {
        let project = Repo::of(&TWO).project();
        let settings = project.change_settings();
        let commits = BTreeMap::from([(
            name("a"),
            vec![commit(1, "chore: a (#1)\n\n* fix: one\n"), commit(2, "chore: b (#2)\n\n* feat: two\n")],
        )]);
        let findings = uncounted_commits(&project, &commits, &settings);
        let texts: Vec<&str> = findings.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("feat: two") && texts[0].contains("(minor)"), "{texts:?}");
        assert!(texts[1].contains("fix: one") && texts[1].contains("(patch)"), "{texts:?}");
    }
}
