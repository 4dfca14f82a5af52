//! Versions and dist-tags: what npm's client refuses before it sends anything, and that `latest` never moves backward
//! nor to a prerelease, unless the command line says so (`npm-registry.md`, 2.2; invariant I8).

use relay_change::Bump;
use relay_workspace::Range;

use crate::finding::Finding;
use crate::observation::{PackageObservation, PublishedState};
use crate::planning::TAG_DEFAULT;
use crate::render::quoted;

/// The findings about one package.
pub(super) fn check(package: &PackageObservation) -> Vec<Finding> {
    [unusable_tag(package), prerelease_as_latest(package), latest_backward(package), already_there(package)]
        .into_iter()
        .flatten()
        .collect()
}

/// What npm's client refuses as a tag, and what it lets pass and can't install by (npm 11.19).
fn unusable_tag(package: &PackageObservation) -> Option<Finding> {
    let tag = package.tag.as_deref()?;
    let help = "choose a tag that begins with a letter, such as `next`";
    if tag.trim().is_empty() {
        return Some(Finding::error(&package.name, "its dist-tag is empty", help));
    }
    if Range::parse(tag).is_ok() {
        let text = format!("its dist-tag {} can also be read as a range of versions, so npm refuses it", quoted(tag));
        return Some(Finding::error(&package.name, text, help));
    }
    let tag = tag.trim();
    if tag.contains('/') || tag.starts_with('.') {
        let text = format!("its dist-tag {} looks like a path, so npm can't install by it", quoted(tag));
        return Some(Finding::warning(&package.name, text, help));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    (!tag.bytes().all(plain)).then(|| {
        let text = format!("its dist-tag {} has characters that an address can't have as they are", quoted(tag));
        Finding::error(&package.name, format!("{text}, so npm refuses it"), help)
    })
}

fn prerelease_as_latest(package: &PackageObservation) -> Option<Finding> {
    if package.next.pre.is_empty() || package.tag.as_deref().is_some_and(|tag| tag != TAG_DEFAULT) {
        return None;
    }
    let next = &package.next;
    if package.tag_by_flag {
        return Some(Finding::warning(
            &package.name,
            format!("{next} is a prerelease and becomes `{TAG_DEFAULT}`, as `--tag {TAG_DEFAULT}` says"),
            "whoever installs it without naming a version gets the prerelease",
        ));
    }
    let text = match package.tag {
        None => format!("{next} is a prerelease and nothing says its dist-tag, so it would become `{TAG_DEFAULT}`"),
        Some(_) => format!("{next} is a prerelease and would become `{TAG_DEFAULT}`"),
    };
    let other = "pass `--tag next`, or set `publishConfig.tag` in its package.json";
    let help = match package.tag {
        None => other.to_owned(),
        Some(_) => format!("{other} to another one; `--tag {TAG_DEFAULT}` on the command line says that it is meant"),
    };
    Some(Finding::error(&package.name, text, help))
}

fn latest_backward(package: &PackageObservation) -> Option<Finding> {
    let PublishedState::Present { latest: Some(latest), .. } = &package.published else { return None };
    let tag = package.tag.as_deref().unwrap_or(TAG_DEFAULT);
    if tag != TAG_DEFAULT || package.next >= *latest {
        return None;
    }
    let next = &package.next;
    Some(if package.tag_by_flag {
        Finding::warning(
            &package.name,
            format!("`{TAG_DEFAULT}` moves backward, from {latest} to {next}, as `--tag {TAG_DEFAULT}` says"),
            "whoever installs it without naming a version gets the older one",
        )
    } else {
        let line = format!("v{}", next.major);
        Finding::error(
            &package.name,
            format!("`{TAG_DEFAULT}` would move backward, from {latest} to {next}"),
            format!(
                "pass a dist-tag of its own, such as `--tag release-{line}`, or set `publishConfig.tag`; \
                 `--tag {TAG_DEFAULT}` on the command line says that it is meant"
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
