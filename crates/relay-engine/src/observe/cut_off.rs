//! Packages whose last release lies before the start of this clone's history.

use std::collections::BTreeSet;

use relay_git::{History, Repository};
use relay_workspace::PackageName;

use super::ObserveError;
use crate::project::Project;

/// How many packages a message names.
const NAMES_SHOWN_MAX: usize = 5;

/// A bump is never guessed from a history that is cut off (invariant I20).
pub(super) fn refuse_cut_off(
    project: &Project,
    repository: &Repository,
    history: &History,
) -> Result<(), ObserveError> {
    let cut: BTreeSet<&str> =
        history.packages.iter().filter(|package| package.cut_off).map(|package| package.name.as_str()).collect();
    let packages = project.workspace.packages.iter().filter(|package| {
        // What has no version, or is ignored, gets none from its commits.
        cut.contains(package.name.as_str())
            && package.version.is_some()
            && !project.config.release.ignore.matches(&package.name)
    });
    let packages: Vec<PackageName> = packages.map(|package| package.name.clone()).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let command = repository.is_shallow().then(|| repository.unshallow_command());
    Err(ObserveError::CutOff { packages, command })
}

/// Some names in words.
pub(super) fn named(packages: &[PackageName]) -> String {
    let shown: Vec<String> = packages.iter().take(NAMES_SHOWN_MAX).map(|name| format!("`{name}`")).collect();
    match packages.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_some_packages_and_counts_the_rest() {
        for (count, words) in [
            (1, "`p0`"),
            (2, "`p0`, `p1`"),
            (5, "`p0`, `p1`, `p2`, `p3`, `p4`"),
            (6, "`p0`, `p1`, `p2`, `p3`, `p4` and 1 more"),
            (400, "`p0`, `p1`, `p2`, `p3`, `p4` and 395 more"),
        ] {
            let names: Vec<_> = (0..count).map(|at| crate::fixture::name(&format!("p{at}"))).collect();
            assert_eq!(named(&names), words);
        }
    }
}
