//! The rule set of changesets: which packages depend on which, and which ranges follow a release.
//!
//! Read in `@changesets/get-dependents-graph` 3.0, `assemble-release-plan` 7.0 and `apply-release-plan` 8.1, and for
//! changesets 2 in those of `@changesets/cli` 2.31; the differential tests against the programs themselves are the judge.

use std::collections::BTreeMap;

use relay_workspace::{Dependency, DependencyKind, Range};
use semver::Version;

use crate::bump::Bump;
use crate::cascade::{Link, Links, PeerRule, Releases, part_of};
use crate::change_error::ChangeError;
use crate::changesets_config::{ChangesetsConfig, ChangesetsGeneration};
use crate::demand::Demand;
use crate::participants::Participants;
use crate::prerelease::Counting;
use crate::range_text::rewritten_by_changesets;

/// One package's dependencies, as the rules look at them.
struct Manifest<'a> {
    entries: Vec<(&'a Dependency, usize)>,
}

/// A range that follows a release.
pub(crate) struct Followed {
    pub(crate) kind: DependencyKind,
    pub(crate) dependency: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

pub(crate) struct ChangesetsRules<'a> {
    participants: &'a Participants<'a>,
    config: &'a ChangesetsConfig,
    /// By package place.
    dependencies: Vec<Vec<Dependency>>,
}

impl<'a> ChangesetsRules<'a> {
    pub(crate) fn new(participants: &'a Participants<'a>, config: &'a ChangesetsConfig) -> Self {
        let dependencies = participants.packages.iter().map(|package| package.manifest.dependencies()).collect();
        Self { participants, config, dependencies }
    }

    /// The dependencies of a package.
    pub(crate) fn dependencies(&self, place: usize) -> &[Dependency] {
        self.dependencies.get(place).map(Vec::as_slice).unwrap_or_default()
    }

    /// The links along which releases spread.
    pub(crate) fn links(&self) -> Links {
        let mut links: Links = vec![Vec::new(); self.participants.packages.len()];
        for (dependent, dependencies) in self.dependencies.iter().enumerate() {
            let manifest = self.manifest(dependencies);
            for place in manifest.edges(self, true) {
                let skipped = self.participants.is_skipped(dependent);
                for (dependency, _) in manifest.entries.iter().filter(|(_, target)| *target == place) {
                    let Some(demand) = self.demand(&dependency.text, place) else { continue };
                    // An empty range is an edge, but is never compared; it matters for dependents that don't move alone.
                    if (!dependency.text.is_empty() || skipped)
                        && let Some(links) = links.get_mut(place)
                    {
                        let text = dependency.text.clone();
                        links.push(Link { dependent, kind: dependency.kind, text, demand, kept_up: None });
                    }
                }
            }
        }
        links
    }

    /// How releases of peer dependencies spread.
    pub(crate) fn peer_rule(&self) -> PeerRule {
        match (self.config.generation, self.config.only_update_peer_dependents_when_out_of_range) {
            (ChangesetsGeneration::Three, _) => PeerRule::AsOthers,
            (ChangesetsGeneration::Two, false) => PeerRule::Major,
            (ChangesetsGeneration::Two, true) => PeerRule::MajorOutOfRange,
        }
    }

    /// Whether ranges of the root's manifest follow, where the root is no package.
    pub(crate) fn follows_in_root(&self) -> bool {
        self.config.generation == ChangesetsGeneration::Three
    }

    /// A package that moves must not depend on one that doesn't, unless it is private or the edge is a dev one. Version 2
    /// looks only where something is left out on purpose, and not for packages that have no version.
    pub(crate) fn check_tree(&self) -> Result<(), ChangeError> {
        let leaves_out = !self.config.ignore.is_empty() || !self.config.private_packages.version;
        if self.config.generation == ChangesetsGeneration::Two && !leaves_out {
            return Ok(());
        }
        for (dependent, dependencies) in self.dependencies.iter().enumerate() {
            let Some(package) = self.participants.package(dependent) else { continue };
            if package.private || self.participants.is_skipped(dependent) {
                continue;
            }
            for place in self.manifest(dependencies).edges(self, false) {
                if let Some(ignored) = self.participants.package(place)
                    && self.participants.is_skipped(place)
                {
                    return Err(ChangeError::DependsOnIgnored {
                        dependent: package.name.clone(),
                        ignored: ignored.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The ranges of one manifest that follow the releases.
    pub(crate) fn followed(
        &self,
        dependencies: &[Dependency],
        releases: &Releases,
        counting: &Counting,
    ) -> Vec<Followed> {
        let mut followed = Vec::new();
        for (dependency, place) in self.manifest(dependencies).entries {
            let text = dependency.text.as_str();
            let Some(release) = part_of(releases, place).filter(|release| self.counts(release.bump)) else { continue };
            let (Some(base), Some(next)) = (&release.base, counting.next(place, release)) else { continue };
            let workspace = text.starts_with("workspace:");
            if text.is_empty()
                || text.starts_with("file:")
                || text.starts_with("link:")
                || (!workspace && self.config.bump_versions_with_workspace_protocol_only)
                || !self.follows(dependency, place, base, &next, release.bump)
            {
                continue;
            }
            if let Some(to) = rewritten_by_changesets(text, &next, release.bump, self.config.generation) {
                let (kind, dependency) = (dependency.kind, dependency.name.to_string());
                followed.push(Followed { kind, dependency, from: text.to_owned(), to });
            }
        }
        followed
    }

    /// The released dependencies that a package's changelog lists.
    pub(crate) fn updated(&self, dependent: usize, releases: &Releases, counting: &Counting) -> Vec<(usize, Version)> {
        let mut updated: BTreeMap<usize, Option<Version>> = BTreeMap::new();
        for (dependency, place) in self.manifest(self.dependencies(dependent)).entries {
            let counted = matches!(dependency.kind, DependencyKind::Prod | DependencyKind::Peer);
            let Some(release) = part_of(releases, place).filter(|release| self.counts(release.bump)) else { continue };
            let (Some(base), Some(next)) = (&release.base, counting.next(place, release)) else { continue };
            // Where a name stands in both maps, the entry in `dependencies` comes first and alone decides.
            if !counted || dependency.text.is_empty() || updated.contains_key(&place) {
                continue;
            }
            let named = dependency.text.starts_with("workspace:") || is_range(&dependency.text);
            let listed = named && self.follows(dependency, place, base, &next, release.bump);
            updated.insert(place, listed.then_some(next));
        }
        updated.into_iter().filter_map(|(place, version)| Some((place, version?))).collect()
    }

    /// Says whether a part in the release is one to follow. In version 2 a package that gets no version can be followed too, back
    /// to the one that it has, and is listed as an updated dependency.
    fn counts(&self, bump: Bump) -> bool {
        bump > Bump::None || self.config.generation == ChangesetsGeneration::Two
    }

    /// Says whether a release is reason enough to rewrite the range (whether or not its text can change).
    fn follows(&self, dependency: &Dependency, place: usize, base: &Version, next: &Version, bump: Bump) -> bool {
        if dependency.text == "workspace:*" {
            return true;
        }
        let Some(demand) = self.demand(&dependency.text, place) else { return false };
        if demand == Demand::Present {
            return true;
        }
        demand.is_left_by(base, next)
            || if dependency.kind == DependencyKind::Peer {
                !self.config.only_update_peer_dependents_when_out_of_range
            } else {
                bump >= self.config.update_internal_dependencies
            }
    }

    /// What a specifier demands; `None` for a `workspace:` that names something else than the package.
    fn demand(&self, text: &str, place: usize) -> Option<Demand> {
        match text.strip_prefix("workspace:") {
            Some("*") => Some(Demand::Present),
            Some("^") => Some(Demand::CaretOfPresent),
            Some("~") => Some(Demand::TildeOfPresent),
            Some(range) if is_range(range) => Some(Demand::of_range(range)),
            Some(path) => self.is_path_of(path, place).then_some(Demand::Present),
            None if is_range(text) => Some(Demand::of_range(text)),
            None => Some(Demand::Never),
        }
    }

    fn is_path_of(&self, path: &str, place: usize) -> bool {
        self.participants.package(place).is_some_and(|package| normalized(path) == package.path.as_str())
    }

    fn manifest<'m>(&self, dependencies: &'m [Dependency]) -> Manifest<'m> {
        let entries = dependencies
            .iter()
            .filter_map(|dependency| Some((dependency, self.participants.place_of(dependency.name.as_str())?)))
            .collect();
        Manifest { entries }
    }

    /// Says whether a specifier makes an edge to the package.
    fn is_edge(&self, text: &str, place: usize) -> bool {
        let range = match text.strip_prefix("workspace:") {
            Some("*" | "^" | "~") => return true,
            Some(rest) if self.is_path_of(rest, place) => return true,
            Some(rest) => rest,
            None if self.config.bump_versions_with_workspace_protocol_only => return false,
            None => text,
        };
        is_range(range)
            && Range::parse(range).is_ok_and(|range| self.participants.version(place).is_some_and(|v| range.accepts(v)))
    }
}

impl Manifest<'_> {
    /// The packages depended on. Where a name stands in several maps the last map decides, in the order of changesets.
    fn edges(&self, rules: &ChangesetsRules<'_>, with_dev: bool) -> Vec<usize> {
        const MAPS: [DependencyKind; 4] =
            [DependencyKind::Prod, DependencyKind::Dev, DependencyKind::Peer, DependencyKind::Optional];
        let mut deciding: BTreeMap<usize, &str> = BTreeMap::new();
        for map in MAPS {
            for (dependency, place) in self.entries.iter().filter(|(dependency, _)| dependency.kind == map) {
                let text = dependency.text.as_str();
                let folder = text.starts_with("link:") || text.starts_with("file:");
                if map != DependencyKind::Dev || (with_dev && !folder) {
                    deciding.insert(*place, text);
                }
            }
        }
        deciding.into_iter().filter(|(place, text)| rules.is_edge(text, *place)).map(|(place, _)| place).collect()
    }
}

fn is_range(text: &str) -> bool {
    !text.contains(':') && Range::parse(text).is_ok()
}

/// Resolves `.` and `..` in a path with `/`.
fn normalized(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
