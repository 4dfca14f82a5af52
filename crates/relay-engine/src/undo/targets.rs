//! Which versions are meant: those that are named; else those of the last release, by the release record of the remote, by
//! the journal of this clone, or by the manifests.

use std::collections::{BTreeMap, BTreeSet};

use relay_values::DistTag;
use relay_workspace::{PackageName, Version};

use super::UndoError;
use super::plan::UndoneVersion;
use crate::git_calls::GitCalls;
use crate::journal::PastUploads;
use crate::project::Project;
use crate::release::record::{RecordedVersion, ReleaseRecord, VersionKey};
use crate::session::Session;

/// What is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// These versions.
    Versions(Vec<(PackageName, Version)>),
    /// The release with this plan, by its id or its beginning.
    Plan(String),
    /// The last release.
    Last,
}

/// Where the versions are known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// They were named.
    Named,
    /// The release record of the remote.
    Record,
    /// The journal of this clone.
    Journal,
    /// The commit that is checked out: it gave these versions.
    Head,
    /// The manifests as they are checked out: whether they are one release, nothing tells.
    Manifests,
}

/// Finds the versions that are meant, whether they are out or not.
///
/// # Errors
/// [`UndoError`] where what was named is unknown.
pub fn find(
    project: &Project,
    session: &Session,
    journal: &PastUploads,
    record: Option<&ReleaseRecord>,
    wanted: &Wanted,
) -> Result<(Vec<UndoneVersion>, Source), UndoError> {
    match wanted {
        Wanted::Versions(named) => {
            let versions: Result<BTreeSet<_>, UndoError> =
                named.iter().map(|(name, version)| key(project, session, name, version)).collect();
            Ok((undone(versions?), Source::Named))
        }
        Wanted::Plan(plan) => of_record(record, Some(plan))
            .or_else(|| of_journal(journal, Some(plan)))
            .ok_or_else(|| UndoError::NoSuchPlan(plan.clone())),
        Wanted::Last => match of_record(record, None).or_else(|| of_journal(journal, None)) {
            Some(found) => Ok(found),
            None => of_manifests(project, session),
        },
    }
}

/// What dist-tags named before they were moved to a version, as far as the release record or the journal tells.
pub type NamedBefore = BTreeMap<(VersionKey, DistTag), Version>;

/// What dist-tags named before: told where they moved last, when all was out.
pub fn named_before(journal: &PastUploads, record: Option<&ReleaseRecord>) -> NamedBefore {
    let of_record = record.map(|record| record.versions.as_slice()).unwrap_or_default();
    let of_record = of_record.iter().filter_map(|one| Some((one.key(), one.promotion.as_ref()?)));
    let of_journal = journal.all_promotions().map(|(key, promotion)| (key.clone(), promotion));
    // The record is that of all clones, so that its word counts.
    of_journal
        .chain(of_record)
        .filter_map(|(key, promotion)| Some(((key, promotion.tag.clone()), promotion.from.clone()?)))
        .collect()
}

fn of_record(record: Option<&ReleaseRecord>, plan: Option<&str>) -> Option<(Vec<UndoneVersion>, Source)> {
    let record = record.filter(|record| plan.is_none_or(|plan| record.plan.starts_with(plan)))?;
    let versions = record.versions.iter().filter(|one| !one.earlier).map(RecordedVersion::key).collect();
    Some((undone(versions), Source::Record))
}

fn of_journal(journal: &PastUploads, plan: Option<&str>) -> Option<(Vec<UndoneVersion>, Source)> {
    let (_, versions) = journal.taken(plan)?;
    Some((undone(versions.clone()), Source::Journal))
}

/// The versions that the commit at HEAD gave; where it gave none, those of all packages as they are checked out.
fn of_manifests(project: &Project, session: &Session) -> Result<(Vec<UndoneVersion>, Source), UndoError> {
    let head = project.git().and_then(|git| Some((git, git.head().ok()?.commit?)));
    let (mut versions, mut given) = (BTreeSet::new(), BTreeSet::new());
    for package in &project.workspace.packages {
        let Some(version) = package.version.as_ref().filter(|_| project.is_published(package)) else { continue };
        let key = key(project, session, &package.name, version)?;
        let manifest = project.in_repository(&package.path.join("package.json"));
        let gave =
            |(git, head): &(&dyn GitCalls, String)| git.gave_version(head, manifest.as_str(), &version.to_string());
        if head.as_ref().is_some_and(|head| matches!(gave(head), Ok(true))) {
            given.insert(key.clone());
        }
        versions.insert(key);
    }
    Ok(if given.is_empty() { (undone(versions), Source::Manifests) } else { (undone(given), Source::Head) })
}

fn key(project: &Project, session: &Session, name: &PackageName, version: &Version) -> Result<VersionKey, UndoError> {
    let package = project.workspace.package(name).filter(|package| project.is_published(package));
    let package = package.ok_or_else(|| UndoError::NoSuchPackage(name.clone()))?;
    let choice = session.npm.registry_for(name, package.manifest.fields().get("publishConfig"))?;
    Ok((choice.url, name.clone(), version.clone()))
}

fn undone(versions: BTreeSet<VersionKey>) -> Vec<UndoneVersion> {
    versions.into_iter().map(|(registry, name, version)| UndoneVersion { name, version, registry }).collect()
}
