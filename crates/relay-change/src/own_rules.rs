//! relay's own rule set, for repos without a configuration of changesets.
//!
//! A dependent is released (patch) only if the new version leaves its range or a protocol pins the version; dev
//! dependencies never release anybody. Ranges that still accept the new version stay; where all are to be kept up to
//! date, every dependent whose published range changes is released. What is not released itself (private and ignored packages, the root) still follows a version that leaves its
//! ranges, so that the workspace goes on being linked.

use std::collections::BTreeSet;

use relay_graph::DependencyGraph;
use relay_workspace::{Catalogs, Dependency, DependencyKind, PackageName, Specifier, WorkspaceSpecifier};
use semver::Version;

use crate::bump::Bump;
use crate::cascade::{Link, Links, Releases, part_of};
use crate::demand::Demand;
use crate::participants::Participants;
use crate::plan::CatalogRewrite;
use crate::prerelease::Counting;
use crate::range_text::{rewritten_at_pack, rewritten_by_relay};
use crate::settings::ChangeInputs;

/// One dependency on a package of the workspace.
pub(crate) struct Bond {
    /// The package that is really meant.
    pub(crate) place: usize,
    pub(crate) kind: DependencyKind,
    /// The key in the manifest.
    pub(crate) key: String,
    /// The specifier as written.
    pub(crate) text: String,
    /// The catalog that the specifier points into, with the entry's text.
    catalog: Option<(Option<String>, String)>,
    demand: Demand,
}

pub(crate) struct OwnRules<'a> {
    participants: &'a Participants<'a>,
    catalogs: &'a Catalogs,
    pub(crate) always: bool,
    /// By package place.
    bonds: Vec<Vec<Bond>>,
}

impl<'a> OwnRules<'a> {
    pub(crate) fn new(participants: &'a Participants<'a>, inputs: &ChangeInputs<'a>) -> Self {
        let always = inputs.settings.always_update_ranges;
        let mut rules = Self { participants, catalogs: &inputs.workspace.catalogs, always, bonds: Vec::new() };
        rules.bonds = participants
            .packages
            .iter()
            .map(|package| {
                let edges = edges_from(inputs.graph, &package.name);
                let mut bonds = rules.bonds_of(&package.manifest.dependencies());
                bonds.retain(|bond| {
                    participants.package(bond.place).is_some_and(|target| edges.contains(&(&target.name, bond.kind)))
                });
                bonds
            })
            .collect();
        rules
    }

    /// The links along which releases spread.
    pub(crate) fn links(&self) -> Links {
        let mut links: Links = vec![Vec::new(); self.participants.packages.len()];
        for (dependent, bonds) in self.bonds.iter().enumerate() {
            for bond in bonds {
                if let Some(links) = links.get_mut(bond.place) {
                    let (kind, text, demand) = (bond.kind, bond.text.clone(), bond.demand.clone());
                    let kept_up = (self.always && kind.is_runtime()).then(|| bond.range().to_owned());
                    links.push(Link { dependent, kind, text, demand, kept_up });
                }
            }
        }
        links
    }

    pub(crate) fn bonds(&self, place: usize) -> &[Bond] {
        self.bonds.get(place).map(Vec::as_slice).unwrap_or_default()
    }

    /// The dependencies of a manifest that the graph doesn't hold (the root's) on packages of the workspace.
    pub(crate) fn bonds_of_root(&self, dependencies: &[Dependency]) -> Vec<Bond> {
        let mut bonds = self.bonds_of(dependencies);
        bonds.retain(|bond| {
            let linked = bond.text.starts_with("workspace:");
            linked
                || self
                    .participants
                    .version(bond.place)
                    .is_some_and(|version| !bond.demand.is_left_by(version, version))
        });
        bonds
    }

    /// The released dependencies that a package's changelog lists: those whose published range is another one.
    pub(crate) fn updated(&self, dependent: usize, releases: &Releases, counting: &Counting) -> Vec<(usize, Version)> {
        let mut updated: Vec<(usize, Version)> = Vec::new();
        for bond in self.bonds(dependent).iter().filter(|bond| bond.kind.is_runtime()) {
            let Some(release) = part_of(releases, bond.place).filter(|release| release.bump > Bump::None) else {
                continue;
            };
            let Some(next) = counting.next(bond.place, release) else { continue };
            let published_anew = rewritten_at_pack(&bond.text);
            let listed = updated.iter().any(|(place, _)| *place == bond.place);
            if !listed && (published_anew || bond.followed(releases, counting, self.always).is_some()) {
                updated.push((bond.place, next));
            }
        }
        updated
    }

    fn bonds_of(&self, dependencies: &[Dependency]) -> Vec<Bond> {
        let bond = |dependency: &Dependency| {
            let catalog = match &dependency.specifier {
                Specifier::Catalog(catalog) => {
                    let text = self.catalogs.get(catalog)?.get(dependency.name.as_str())?;
                    Some((catalog.clone(), text.clone()))
                }
                _ => None,
            };
            let behind = catalog.as_ref().map(|(_, text)| Specifier::parse(text));
            let target = target_of(behind.as_ref().unwrap_or(&dependency.specifier)).unwrap_or(&dependency.name);
            let demand = Demand::of(&dependency.specifier, catalog.as_ref().map(|(_, text)| text.as_str()));
            Some(Bond {
                place: self.participants.place_of(target.as_str())?,
                kind: dependency.kind,
                key: dependency.name.to_string(),
                text: dependency.text.clone(),
                catalog,
                demand,
            })
        };
        dependencies.iter().filter_map(bond).collect()
    }
}

impl Bond {
    /// The specifier, or the catalog's entry behind it.
    fn range(&self) -> &str {
        self.catalog.as_ref().map_or(&self.text, |(_, entry)| entry)
    }

    /// What follows a release of the bond's package; `None` where the range stays as it is.
    pub(crate) fn followed(&self, releases: &Releases, counting: &Counting, always: bool) -> Option<Follow> {
        let release = part_of(releases, self.place).filter(|release| release.bump > Bump::None)?;
        let (base, next) = (release.base.as_ref()?, counting.next(self.place, release)?);
        if !always && !self.demand.is_left_by(base, &next) {
            return None;
        }
        Some(match &self.catalog {
            None => Follow::Text(rewritten_by_relay(&self.text, &next, release.bump)?),
            Some((catalog, from)) => Follow::Catalog(CatalogRewrite {
                catalog: catalog.clone(),
                dependency: self.key.clone(),
                from: from.clone(),
                to: rewritten_by_relay(from, &next, release.bump)?,
            }),
        })
    }
}

/// What follows a release: the specifier itself, or the catalog's entry behind it.
pub(crate) enum Follow {
    Text(String),
    Catalog(CatalogRewrite),
}

fn edges_from<'a>(graph: &'a DependencyGraph, name: &'a PackageName) -> BTreeSet<(&'a PackageName, DependencyKind)> {
    graph.edges_from(name).map(|edge| (&edge.to, edge.kind)).collect()
}

fn target_of(specifier: &Specifier) -> Option<&PackageName> {
    match specifier {
        Specifier::Alias { name, .. } | Specifier::Workspace(WorkspaceSpecifier::Alias { name, .. }) => Some(name),
        _ => None,
    }
}
