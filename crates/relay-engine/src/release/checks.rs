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

#[cfg(test)]
mod tests {
    use relay_config::RouteKind;

    use super::*;
    use crate::fixture::{Repo, TWO, name, plan};

    #[test]
    fn a_specifier_that_leads_nowhere_is_found_before_anything_is_written() {
        let manifest = |more: &str| format!("{{\"name\":\"b\",\"version\":\"1.0.0\"{more}}}");
        for (why, more, is_refused) in [
            ("nothing odd", "", false),
            ("a sibling", ",\"dependencies\":{\"a\":\"workspace:^\"}", false),
            ("no sibling", ",\"dependencies\":{\"gone\":\"workspace:^\"}", true),
            ("no catalog", ",\"dependencies\":{\"x\":\"catalog:\"}", true),
            // Left to others: to the build, to the plan, and to whoever publishes it, which is nobody.
            ("a folder to be built", ",\"publishConfig\":{\"directory\":\"dist\"}", false),
            ("a range to be moved", ",\"dependencies\":{\"a\":\"workspace:^2.0.0\"}", false),
            ("a private package", ",\"private\":true,\"dependencies\":{\"gone\":\"workspace:^\"}", false),
        ] {
            let manifest = manifest(more);
            let of_pnpm = ("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
            let repo = Repo::of(&[TWO[0], TWO[1], ("packages/b/package.json", &manifest), of_pnpm]);
            let checked = check_manifests(&repo.project(), &[name("a"), name("b"), name("not-here")]);
            assert_eq!(matches!(checked, Err(ReleaseError::Manifest(_))), is_refused, "{why}: {checked:?}");
            assert!(check_manifests(&repo.project(), &[name("a")]).is_ok(), "{why}: only those that are asked about");
        }
    }

    #[test]
    fn all_folders_that_are_not_as_planned_are_named_at_once_and_none_that_a_script_makes() {
        let manifest = |name: &str, more: &str| {
            format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\",\"publishConfig\":{{\"directory\":\"dist\"}}{more}}}")
        };
        let (a, b) = (manifest("a", ""), manifest("b", ",\"scripts\":{\"prepack\":\"make\"}"));
        let of_pnpm = ("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
        let repo = Repo::of(&[TWO[0], ("packages/a/package.json", &a), ("packages/b/package.json", &b), of_pnpm]);
        let plan = plan(&[("a", "1.0.0", RouteKind::Token), ("b", "1.0.0", RouteKind::Token)]);
        let obstacles = |ignore_scripts| match check_directories(&repo.project(), &plan, ignore_scripts) {
            Err(ReleaseError::Obstacles(found)) => found.into_iter().map(|(name, _)| name).collect(),
            _ => Vec::new(),
        };
        assert_eq!(obstacles(false), [name("a")]);
        assert_eq!(obstacles(true), [name("a"), name("b")]);
        for package in ["a", "b"] {
            repo.write(&format!("packages/{package}/dist/package.json"), &manifest(package, ""));
        }
        assert!(obstacles(true).is_empty());
    }

    #[test]
    fn what_is_committed_goes_on_the_branch_of_the_settings() {
        let settings = ("relay.toml", "[release]\nbranch = \"main\"\n");
        let repo = Repo::committed(&[TWO.as_slice(), &[settings]].concat());
        let checked = |commits, any| check_branch(&repo.project(), commits, any);
        assert!(checked(true, false).is_ok());
        repo.git(&["switch", "-q", "-c", "topic"]);
        for commits in [true, false] {
            let Err(ReleaseError::OtherBranch { wanted, branch }) = checked(commits, false) else {
                panic!("{commits}")
            };
            assert_eq!((wanted.as_str(), branch.as_str()), ("main", "topic"));
            assert!(checked(commits, true).is_ok(), "a trial stands anywhere");
        }
        repo.git(&["switch", "-q", "--detach"]);
        assert!(matches!(checked(true, true), Err(ReleaseError::Detached)), "the commit would belong to nobody");
        assert!(checked(false, false).is_ok(), "a tag's checkout is published from no branch");
        assert!(check_branch(&Repo::of(&TWO).project(), true, false).is_ok(), "no repository, no branch");
    }

    #[test]
    fn a_saved_plan_may_lie_in_the_tree_and_nothing_else() {
        let repo = Repo::committed(&TWO);
        let project = repo.project();
        assert!(check_clean(&project, None).is_ok());
        repo.write("plan.json", "{}");
        assert!(check_clean(&project, Some(&repo.root.join("packages/../plan.json"))).is_ok());
        let dirty = |saved: Option<&str>| match check_clean(&project, saved.map(|path| repo.root.join(path)).as_deref())
        {
            Err(ReleaseError::Dirty { paths }) => paths,
            _ => Vec::new(),
        };
        assert_eq!(dirty(None), ["plan.json"]);
        assert_eq!(dirty(Some("gone.json")), ["plan.json"]);
        repo.write("packages/a/package.json", "{}");
        assert_eq!(dirty(Some("plan.json")), ["packages/a/package.json"]);
    }

    #[test]
    fn who_has_no_name_in_git_hears_of_it_before_versions_are_written() {
        let repo = Repo::committed(&TWO);
        assert!(check_commit(&repo.project()).is_ok());
        repo.git(&["config", "user.name", ""]);
        assert!(matches!(check_commit(&repo.project()), Err(ReleaseError::CannotCommit(_))));
        assert!(check_commit(&Repo::of(&TWO).project()).is_ok());
    }
}
