//! What is looked at before the first file is written, so that a release does not stop half-way with versions written and no
//! commit, or a commit and no tarball.

use camino::Utf8Path;
use relay_pack::{ManifestRewriteError, published_manifest};
use relay_plan::ReleasePlan;
use relay_workspace::PackageName;

use super::ReleaseError;
use crate::freeze::{packing_obstacle, runs_build};
use crate::project::Project;

/// The manifests of these packages can be written as they are published: each `workspace:` and `catalog:` leads somewhere.
///
/// What a build may still bring, such as the folder of `publishConfig.directory`, is left to the packing, and ranges, which
/// the version step may still move, to the plan.
///
/// # Errors
/// [`ReleaseError::Manifest`] for the first that can't.
pub fn check_manifests<'a>(
    project: &Project,
    names: impl IntoIterator<Item = &'a PackageName>,
) -> Result<(), ReleaseError> {
    for name in names {
        let Some(package) = project.workspace.package(name).filter(|package| !package.private) else { continue };
        match published_manifest(package, &project.workspace) {
            Ok(_)
            | Err(
                ManifestRewriteError::Directory { .. }
                | ManifestRewriteError::Unreadable { .. }
                | ManifestRewriteError::OutOfRange { .. },
            ) => {}
            Err(error) => return Err(Box::new(error).into()),
        }
    }
    Ok(())
}

/// The folders of `publishConfig.directory` are there, with the version that is planned, where no script would make them.
pub(super) fn check_directories(
    project: &Project,
    plan: &ReleasePlan,
    ignore_scripts: bool,
) -> Result<(), ReleaseError> {
    let obstacle = |name: &PackageName, version| {
        let package = project.workspace.package(name)?;
        packing_obstacle(&project.workspace, package, version, (ignore_scripts, runs_build(project, ignore_scripts)))
    };
    let obstacles: Vec<_> = plan
        .packages
        .iter()
        .filter_map(|planned| Some((planned.name.clone(), obstacle(&planned.name, &planned.next)?)))
        .collect();
    if obstacles.is_empty() { Ok(()) } else { Err(ReleaseError::Obstacles(obstacles)) }
}

/// The branch is one that may be released from; where the release is committed, there must be a branch at all.
///
/// # Errors
/// [`ReleaseError::Detached`], [`ReleaseError::OtherBranch`], or what git says.
pub fn check_branch(project: &Project, commits: bool, any_branch: bool) -> Result<(), ReleaseError> {
    let Some(repository) = project.git() else { return Ok(()) };
    let head = repository.head()?;
    if commits && head.branch.is_none() {
        return Err(ReleaseError::Detached);
    }
    match (&project.config.release.branch, head.branch) {
        (Some(wanted), Some(branch)) if *wanted != branch && !any_branch => {
            Err(ReleaseError::OtherBranch { wanted: wanted.clone(), branch })
        }
        _ => Ok(()),
    }
}

/// Nothing differs from the head commit; a saved plan may lie in the tree that it was made from.
///
/// # Errors
/// [`ReleaseError::Dirty`] with the paths, or what git says.
pub fn check_clean(project: &Project, saved_plan: Option<&Utf8Path>) -> Result<(), ReleaseError> {
    let Some(repository) = project.git() else { return Ok(()) };
    let mut paths = repository.uncommitted()?;
    let plan = saved_plan.and_then(|path| path.canonicalize_utf8().ok()).and_then(|path| repository.relative(&path));
    paths.retain(|path| Some(path) != plan.as_ref());
    if paths.is_empty() { Ok(()) } else { Err(ReleaseError::Dirty { paths }) }
}

/// A commit can be made in the repository, if there is one.
///
/// # Errors
/// [`ReleaseError::CannotCommit`].
pub fn check_commit(project: &Project) -> Result<(), ReleaseError> {
    match project.git() {
        Some(repository) => repository.check_can_commit().map_err(ReleaseError::CannotCommit),
        None => Ok(()),
    }
}
