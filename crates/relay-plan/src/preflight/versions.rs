//! Versions and dist-tags: what npm's client refuses before it sends anything, and that `latest` never moves backward
//! nor to a prerelease, unless the command line says so (`npm-registry.md`, 2.2; invariant I8).

use relay_change::Bump;
use relay_values::{DistTag, InvalidDistTag};

use crate::finding::Finding;
use crate::observation::{PackageObservation, PublishedState};

const LATEST: &str = DistTag::LATEST;

/// The findings about one package.
pub(super) fn check(package: &PackageObservation) -> Vec<Finding> {
    [
        unusable_tag(package),
        prerelease_as_latest(package),
        latest_backward(package),
        already_there(package),
        all_unpublished(package),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What says a dist-tag and says none that can be published under and installed by.
fn unusable_tag(package: &PackageObservation) -> Option<Finding> {
    let InvalidDistTag { shown, rule } = package.refused_tag.as_ref()?;
    let help = "choose a tag that begins with a letter, such as `next`";
    Some(Finding::error(&package.name, format!("its dist-tag {shown}{rule}"), help))
}

fn prerelease_as_latest(package: &PackageObservation) -> Option<Finding> {
    if package.next.pre.is_empty() || package.tag.as_ref().is_some_and(|tag| !tag.is_latest()) {
        return None;
    }
    let next = &package.next;
    if package.tag_by_flag {
        return Some(Finding::warning(
            &package.name,
            format!("{next} is a prerelease and becomes `{LATEST}`, as `--tag {LATEST}` says"),
            "whoever installs it without naming a version gets the prerelease",
        ));
    }
    let text = match package.tag {
        None => format!("{next} is a prerelease and nothing says its dist-tag, so it would become `{LATEST}`"),
        Some(_) => format!("{next} is a prerelease and would become `{LATEST}`"),
    };
    let other = "pass `--tag next`, or set `publishConfig.tag` in its package.json";
    let help = match package.tag {
        None => other.to_owned(),
        Some(_) => format!("{other} to another one; `--tag {LATEST}` on the command line says that it is meant"),
    };
    Some(Finding::error(&package.name, text, help))
}

fn latest_backward(package: &PackageObservation) -> Option<Finding> {
    let PublishedState::Present { latest: Some(latest), .. } = &package.published else { return None };
    if package.tag.as_ref().is_some_and(|tag| !tag.is_latest()) || package.next >= *latest {
        return None;
    }
    let next = &package.next;
    Some(if package.tag_by_flag {
        Finding::warning(
            &package.name,
            format!("`{LATEST}` moves backward, from {latest} to {next}, as `--tag {LATEST}` says"),
            "whoever installs it without naming a version gets the older one",
        )
    } else {
        let line = format!("v{}", next.major);
        Finding::error(
            &package.name,
            format!("`{LATEST}` would move backward, from {latest} to {next}"),
            format!(
                "pass a dist-tag of its own, such as `--tag release-{line}`, or set `publishConfig.tag`; \
                 `--tag {LATEST}` on the command line says that it is meant"
            ),
        )
    })
}

fn already_there(package: &PackageObservation) -> Option<Finding> {
    let PublishedState::Present { next_is_there: true, .. } = &package.published else { return None };
    let next = &package.next;
    Some(if package.bump == Bump::None {
        Finding::warning(
            &package.name,
            format!("{next} is already published, so nothing is sent unless its bytes differ"),
            "no step is needed",
        )
    } else {
        Finding::error(
            &package.name,
            format!("{next} is already published, while its package.json is at {}", package.current),
            "bring the checkout up to date with the release that published it, or raise the version by hand",
        )
    })
}

/// Neither new nor with a version: its versions were taken back (`npm-registry.md`, 10.3, row 33).
fn all_unpublished(package: &PackageObservation) -> Option<Finding> {
    let PublishedState::Present { versions, .. } = &package.published else { return None };
    versions.is_empty().then(|| {
        Finding::warning(
            &package.name,
            "its registry knows the name and shows no version of it, as after all of them were unpublished",
            "npm refuses the name for 24 hours after that, and a version that was published once for ever; raise the version \
             if this one was",
        )
    })
}
