//! Names and access, of new packages above all.

use relay_config::{Access, RegistryRules};

use crate::finding::Finding;
use crate::observation::{PackageObservation, PublishedState};

/// The findings about one package.
pub(super) fn check(package: &PackageObservation) -> Vec<Finding> {
    [refused_name(package), restricted_without_scope(package), new_without_access(package)]
        .into_iter()
        .flatten()
        .collect()
}

/// The registry refuses some names only where they are new.
fn refused_name(package: &PackageObservation) -> Option<Finding> {
    let refusal = package.name.refusal_for_new_package()?;
    if package.published != PublishedState::Absent {
        return None;
    }
    let text = format!("its registry does not know this name, and would refuse it: {refusal}");
    let help = "rename it in its package.json, and wherever it is depended on";
    Some(match package.rules {
        RegistryRules::Npm => Finding::error(&package.name, text, help),
        RegistryRules::Plain => Finding::warning(&package.name, text.replace("would", "may"), help),
    })
}

/// `EUNSCOPED` (`npm-registry.md`, 10.3, row 57).
fn restricted_without_scope(package: &PackageObservation) -> Option<Finding> {
    let restricted = package.access == Some(Access::Restricted) && package.name.scope().is_none();
    restricted.then(|| {
        Finding::error(
            &package.name,
            "its access is `restricted`, which only a package with a scope can have",
            "remove `access` from its `publishConfig`, or give the package a scope",
        )
    })
}

/// `E402` (`npm-registry.md`, 10.3, row 32).
fn new_without_access(package: &PackageObservation) -> Option<Finding> {
    let new = package.rules == RegistryRules::Npm && package.published == PublishedState::Absent;
    (new && package.name.scope().is_some() && package.access.is_none()).then(|| {
        Finding::warning(
            &package.name,
            "it is new, has a scope and says no access, so npm takes it for `restricted` and refuses it (402) without a \
             paid plan",
            "set `publishConfig.access` to `public` in its package.json, or pass `--access public`",
        )
    })
}
