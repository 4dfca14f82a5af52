//! What a person asks of the versions on the command line, and is told of the commits that they are made from.

use std::collections::BTreeMap;

use relay_change::{Bump, ChangeError, ChangeSettings, CommitRemark, CommitRemarkKind, PackageCommit, commit_remarks};
use relay_config::NamePatterns;
use relay_workspace::PackageName;

use crate::project::Project;

/// How many commits one warning names.
const COMMITS_NAMED_MAX: usize = 3;
/// How many packages are named beside a commit.
const PACKAGES_NAMED_MAX: usize = 3;
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

/// The commits that may ask for more than is counted, a warning for each kind.
pub(super) fn uncounted_commits(
    commits: &BTreeMap<PackageName, Vec<PackageCommit>>,
    settings: &ChangeSettings,
) -> Vec<String> {
    let remarks = commit_remarks(commits, settings.squash_bodies);
    let (unread, squashed): (Vec<&CommitRemark>, Vec<&CommitRemark>) =
        remarks.iter().partition(|remark| remark.kind == CommitRemarkKind::NotUnderstood);
    let mut warnings = Vec::new();
    if !squashed.is_empty() {
        let which = named(&squashed, |remark| match &remark.kind {
            CommitRemarkKind::Squashed { line, bump } => format!(", whose body has `{line}` ({bump})"),
            CommitRemarkKind::NotUnderstood => String::new(),
        });
        let highest = squashed.iter().filter_map(|remark| match remark.kind {
            CommitRemarkKind::Squashed { bump, .. } => Some(bump),
            CommitRemarkKind::NotUnderstood => None,
        });
        warnings.push(format!(
            "{} of a squashed branch would ask for more than is counted, up to {}: {which}; to count them, set \
             `squash-bodies = true` under `[release]` in relay.toml",
            if squashed.len() == 1 { "the commit" } else { "commits" },
            highest.max().unwrap_or(Bump::None),
        ));
    }
    if !unread.is_empty() {
        let (subject, verb) = if unread.len() == 1 { ("a commit", "is") } else { ("some commits", "are") };
        warnings.push(format!(
            "{subject} since the last release {verb} not in the form `type: subject`, and so {} for no version: {}; where \
             one should be released, write a change file (`.changeset/NAME.md`)",
            if unread.len() == 1 { "asks" } else { "ask" },
            named(&unread, |_| String::new()),
        ));
    }
    warnings
}

/// Some commits with the packages that they touch, and how many more there are.
fn named(remarks: &[&CommitRemark], what: impl Fn(&CommitRemark) -> String) -> String {
    let one = |remark: &&CommitRemark| {
        let id: String = remark.id.chars().take(COMMIT_ID_DIGITS).collect();
        let mut packages: Vec<String> =
            remark.packages.iter().take(PACKAGES_NAMED_MAX).map(|name| format!("`{name}`")).collect();
        if remark.packages.len() > PACKAGES_NAMED_MAX {
            packages.push(format!("{} more", remark.packages.len() - PACKAGES_NAMED_MAX));
        }
        format!("{id} \"{}\" ({}){}", remark.subject, packages.join(", "), what(remark))
    };
    let mut texts: Vec<String> = remarks.iter().take(COMMITS_NAMED_MAX).map(one).collect();
    if remarks.len() > COMMITS_NAMED_MAX {
        texts.push(format!("and {} more", remarks.len() - COMMITS_NAMED_MAX));
    }
    texts.join("; ")
}
