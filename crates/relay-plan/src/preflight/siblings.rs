//! Packages of the same workspace that a package needs: whether a version that they have, or get with this release, is in the
//! range that is published (invariant I18), and whether what stands in the workspace is behind what is live.

use std::collections::BTreeMap;

use relay_graph::{DependencyGraph, Edge, OutOfRangeDependency, TaggedDependency};
use relay_values::DistTag;
use relay_workspace::{PackageName, Range, Specifier, Version};

use crate::finding::{Finding, Severity};
use crate::observation::{Observations, PackageObservation, PublishedState};
use crate::render::quoted;

/// What is known of a package's versions outside of the workspace.
struct Known<'a> {
    published: &'a PublishedState,
    /// The version that this release publishes, and its dist-tag; `None` for the tag: `latest`.
    next: Option<(&'a Version, Option<&'a DistTag>)>,
}

/// All packages of the workspace, as those that depend on them see them.
pub(super) struct Siblings<'a> {
    graph: &'a DependencyGraph,
    offline: bool,
    known: BTreeMap<&'a PackageName, Known<'a>>,
    out_of_range: BTreeMap<&'a PackageName, Vec<&'a OutOfRangeDependency>>,
    tagged: BTreeMap<&'a PackageName, Vec<&'a TaggedDependency>>,
}

impl<'a> Siblings<'a> {
    pub(super) fn of(observations: &'a Observations<'_>) -> Self {
        let left_out = observations.left_out.iter().map(|(name, published)| (name, Known { published, next: None }));
        let planned = observations.packages.iter().map(|package| {
            (&package.name, Known { published: &package.published, next: Some((&package.next, package.tag.as_ref())) })
        });
        let mut out_of_range: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for dependency in observations.graph.out_of_range() {
            out_of_range.entry(&dependency.package).or_default().push(dependency);
        }
        let mut tagged: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for dependency in observations.graph.tagged() {
            tagged.entry(&dependency.package).or_default().push(dependency);
        }
        Self {
            graph: observations.graph,
            offline: observations.offline,
            known: left_out.chain(planned).collect(),
            out_of_range,
            tagged,
        }
    }

    /// The ranges of one package that no version satisfies, and the dist-tags that lead nowhere or elsewhere.
    pub(super) fn unsatisfied(&self, package: &PackageName) -> impl Iterator<Item = Finding> {
        let ranges = self.out_of_range.get(package).into_iter().flatten();
        let tags = self.tagged.get(package).into_iter().flatten();
        ranges
            .filter_map(|dependency| self.unsatisfied_range(dependency))
            .chain(tags.filter_map(|dependency| self.unsatisfied_tag(dependency)))
    }

    /// A package of the workspace by a dist-tag goes out as it is written, and is whatever the tag leads to when somebody
    /// installs it. Where this release sets that very tag, it leads to what is released.
    fn unsatisfied_tag(&self, dependency: &TaggedDependency) -> Option<Finding> {
        let (name, kind, tag) = (&dependency.sibling, dependency.kind.manifest_key(), &dependency.tag);
        let known = self.known.get(name);
        let next = known.and_then(|known| known.next);
        if next.is_some_and(|(_, of_release)| of_release.unwrap_or(&DistTag::latest()).as_str() == tag) {
            return None;
        }
        let here = next.map(|(next, _)| next).or(self.graph.package(name)?.version.as_ref());
        let text = format!("its `{kind}` have `{name}` as {}, a dist-tag", quoted(&dependency.specifier));
        let there = match known.map(|known| known.published) {
            None | Some(PublishedState::Unknown) => {
                let why = if self.offline { "was not asked" } else { "could not be found out" };
                return Some(Finding::warning(
                    &dependency.package,
                    format!("{text}; whether a registry has that tag, and where it leads, {why}"),
                    "make sure that it leads to the version that is meant, or write a range",
                ));
            }
            Some(PublishedState::Absent) => format!("and its registry does not know `{name}`"),
            Some(PublishedState::Present { tags, .. }) => {
                match tags.iter().find(|(known, _)| known.as_str() == tag).map(|(_, version)| version) {
                    Some(version) if Some(version) == here => return None,
                    Some(version) => {
                        let meant = here.map_or("another one".to_owned(), |here| format!("the workspace's {here}"));
                        return Some(Finding::warning(
                            &dependency.package,
                            format!("{text} that leads to {version} on its registry and not to {meant}"),
                            format!("make sure that {version} is meant; if not, write a range, or `workspace:^`"),
                        ));
                    }
                    None => "that its registry has not".to_owned(),
                }
            }
        };
        let help = match here {
            Some(here) => format!(
                "write a range, such as `^{here}`; or set the tag first: `npm dist-tag add {name}@VERSION {}`",
                quoted(tag).trim_matches('`')
            ),
            None => "write a range of versions that are there".to_owned(),
        };
        Some(if dependency.dispensable {
            Finding::warning(&dependency.package, format!("{text} {there}, so the optional peer can't be had"), help)
        } else {
            Finding::error(&dependency.package, format!("{text} {there}, so it can't be installed"), help)
        })
    }

    fn unsatisfied_range(&self, dependency: &OutOfRangeDependency) -> Option<Finding> {
        let known = self.known.get(&dependency.sibling);
        if known.and_then(|known| known.next).is_some_and(|(next, _)| dependency.range.accepts(next)) {
            return None;
        }
        let (name, kind) = (&dependency.sibling, dependency.kind.manifest_key());
        let sibling = self.graph.package(name)?;
        let here = sibling.version.as_ref();
        let has = match here {
            Some(version) => format!("which the workspace's {version} is not in"),
            None => format!("and the workspace's `{name}` has no version"),
        };
        let text = format!("its `{kind}` have `{name}` as {}, {has}", quoted(&dependency.specifier));
        let there = match known.map(|known| known.published) {
            None | Some(PublishedState::Unknown) if self.offline => {
                return Some(Finding::warning(
                    &dependency.package,
                    format!("{text}; whether a registry has a version in that range was not asked"),
                    "plan again without `--offline`, which looks it up",
                ));
            }
            None | Some(PublishedState::Unknown) => {
                return Some(Finding::warning(
                    &dependency.package,
                    format!("{text}; whether its registry has a version in that range could not be found out"),
                    "make sure that the registry has one, or write a range that accepts what it has",
                ));
            }
            Some(PublishedState::Absent) => "and its registry does not know it".to_owned(),
            Some(PublishedState::Present { versions, .. }) => {
                if any_accepted(&dependency.range, versions.iter()) {
                    return None;
                }
                match versions.iter().next_back() {
                    Some(highest) => format!("nor is any version on its registry, up to {highest}"),
                    None => "and its registry has no version of it".to_owned(),
                }
            }
        };
        let help = match here {
            _ if sibling.private => {
                format!("let `{name}` be published in a version in that range, bundle it, or take the dependency out")
            }
            Some(version) => format!(
                "write a range that accepts {version}, such as `^{version}`, or release a version of `{name}` that is in {} \
                 first",
                quoted(dependency.range.as_str())
            ),
            None => format!(
                "give `{name}` a version in that range, so that it is published too, or take the dependency out"
            ),
        };
        Some(if dependency.dispensable {
            Finding::warning(&dependency.package, format!("{text}, {there}, so the optional peer can't be had"), help)
        } else {
            Finding::error(&dependency.package, format!("{text}, {there}, so it can't be installed"), help)
        })
    }

    /// What stands in the workspace for a dependency that is not part of the release, while its registry has a newer version:
    /// a stale manifest, from which `workspace:` ranges are made.
    ///
    /// Versions are compared within their line: the major version, or all below 1.0.0. Who releases below what is live of the
    /// dependent itself works on a maintenance branch: there the line is the minor version, and what is live above it is as it
    /// should be. A version that is deprecated is nothing to catch up with.
    pub(super) fn behind(&self, package: &PackageObservation, edge: &Edge) -> Option<Finding> {
        let known = self.known.get(&edge.to).filter(|known| known.next.is_none())?;
        let PublishedState::Present { versions, deprecated, latest, .. } = known.published else { return None };
        let here = self.graph.package(&edge.to)?.version.as_ref()?;
        let maintenance = Maintenance::of(package);
        let in_line = |version: &&Version| {
            !deprecated.contains(version)
                && version.major == here.major
                && (maintenance != Maintenance::OfMinor || version.minor == here.minor)
        };
        let (name, kind) = (&edge.to, edge.kind.manifest_key());
        let highest = highest_stable(versions.iter().filter(in_line), here);
        if let Some(highest) = highest {
            let text = format!(
                "its `{kind}` have `{name}` as {}, and the workspace's `{name}` is at {here}, behind {highest} on its registry",
                quoted(&edge.range)
            );
            let help = format!(
                "bring the version in `{}` up to date (`git pull`, or write {highest} into it), or release `{name}` too; if \
                 {highest} was published by mistake, `npm deprecate {name}@{highest} REASON`",
                self.manifest_of(name)
            );
            // A range that is written out reaches the newer version whatever the manifest says.
            let reaches = written_range(&edge.range).is_some_and(|range| range.accepts(highest));
            let severity = if reaches { Severity::Warning } else { Severity::Error };
            return Some(Finding { severity, ..Finding::error(&package.name, text, help) });
        }
        let latest = latest
            .as_ref()
            .filter(|latest| *latest > here && !deprecated.contains(latest) && maintenance == Maintenance::No)?;
        Some(Finding::warning(
            &package.name,
            format!(
                "its `{kind}` have `{name}` as {}, and the workspace's `{name}` is at {here}, while `latest` on its registry \
                 is {latest}",
                quoted(&edge.range)
            ),
            format!("make sure that {here} is meant; if not, bring `{}` up to date first", self.manifest_of(name)),
        ))
    }

    fn manifest_of(&self, name: &PackageName) -> String {
        match self.graph.package(name).map(|package| package.path.as_str()) {
            Some("") | None => "package.json".to_owned(),
            Some(path) => format!("{path}/package.json"),
        }
    }
}

/// Whether a package is released below what its registry has of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Maintenance {
    No,
    /// A newer major version is live.
    OfMajor,
    /// A newer minor version of the same major version is live.
    OfMinor,
}

impl Maintenance {
    fn of(package: &PackageObservation) -> Self {
        let PublishedState::Present { versions, .. } = &package.published else { return Self::No };
        let next = &package.next;
        match highest_stable(versions.iter(), next) {
            None => Self::No,
            Some(_) => match highest_stable(versions.iter().filter(|version| version.major == next.major), next) {
                Some(highest) if highest.minor > next.minor => Self::OfMinor,
                _ => Self::OfMajor,
            },
        }
    }
}

/// The highest version that is no prerelease, where it is above `than`.
fn highest_stable<'a>(versions: impl Iterator<Item = &'a Version>, than: &Version) -> Option<&'a Version> {
    versions.filter(|version| version.pre.is_empty()).max().filter(|highest| *highest > than)
}

/// What npm would install: for `*` also a prerelease, where there is nothing else (seen with npm 11.19 and 12.2).
fn any_accepted<'a>(range: &Range, mut versions: impl Iterator<Item = &'a Version>) -> bool {
    let any = matches!(range.as_str().trim(), "" | "*");
    versions.any(|version| any || range.accepts(version))
}

/// The range of a specifier that is published as it is written.
fn written_range(specifier: &str) -> Option<Range> {
    match Specifier::parse(specifier) {
        Specifier::Range(range) => Some(range),
        Specifier::Alias { range, .. } => Range::parse(&range).ok(),
        Specifier::Workspace(specifier) => Range::parse(specifier.innermost_range()?).ok(),
        _ => None,
    }
}
