//! From inputs to a plan: direct bumps, their spread, the causes, and the ranges that follow.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use relay_workspace::PackageName;
use semver::Version;

use crate::bump::Bump;
use crate::cascade::{Cascade, Links, PeerRule, Releases, part_of};
use crate::change_error::ChangeError;
use crate::changesets_config::PreMode;
use crate::changesets_rules::{ChangesetsRules, Followed};
use crate::direct::{Direct, collect};
use crate::own_rules::{Follow, OwnRules};
use crate::participants::{Group, Participants};
use crate::plan::{BumpPlan, PlannedBump, RangeRewrite, ReleaseCause, ReleaseNotes, RootRangeRewrite};
use crate::prerelease::Counting;
use crate::settings::ChangeInputs;

/// The rule set in force.
enum Rules<'a> {
    Changesets(ChangesetsRules<'a>),
    Own(OwnRules<'a>),
}

/// Everything that is known once the releases have spread.
struct Outcome<'a> {
    inputs: &'a ChangeInputs<'a>,
    participants: &'a Participants<'a>,
    rules: &'a Rules<'a>,
    links: &'a Links,
    counting: &'a Counting,
    direct: &'a Direct,
    releases: &'a Releases,
    /// Every release counts as leaving the ranges of its dependents.
    always: bool,
    peer_rule: PeerRule,
}

/// Plans which packages move to which versions. A pure function: the same inputs, in any order, give the same plan.
///
/// # Errors
/// [`ChangeError`] when a change file or a setting contradicts the workspace.
pub fn plan_bumps(inputs: &ChangeInputs<'_>) -> Result<BumpPlan, ChangeError> {
    let participants = Participants::new(inputs)?;
    let config = inputs.settings.changesets.as_ref();
    let rules = match config {
        Some(config) => {
            let rules = ChangesetsRules::new(&participants, config);
            rules.check_tree()?;
            Rules::Changesets(rules)
        }
        None => Rules::Own(OwnRules::new(&participants, inputs)),
    };
    let links = match &rules {
        Rules::Changesets(rules) => rules.links(),
        Rules::Own(rules) => rules.links(),
    };
    let always = config.is_some_and(|config| config.always_update_internal_dependents);
    let counting = match config {
        Some(config) => Counting::changesets(&participants, config.pre.as_ref())?,
        None => Counting::own(&participants, &inputs.settings.graduate),
    };
    let mut direct = collect(inputs, &participants)?;
    for place in counting.graduates(&participants) {
        direct.graduate(place);
    }
    let peer_rule = match &rules {
        Rules::Changesets(rules) => rules.peer_rule(),
        Rules::Own(_) => PeerRule::AsOthers,
    };
    let cascade = Cascade { participants: &participants, links: &links, counting: &counting, always, peer_rule };
    let mut releases = cascade.spread(&direct.bumps);
    for place in counting.finish(&participants, &mut releases) {
        let cause = ReleaseCause::ChangeFile { id: "pre.json".to_owned(), text: "the prerelease mode ends".to_owned() };
        direct.causes.entry(place).or_default().push(cause);
    }
    let outcome = Outcome {
        inputs,
        participants: &participants,
        rules: &rules,
        links: &links,
        counting: &counting,
        direct: &direct,
        releases: &releases,
        always,
        peer_rule,
    };
    outcome.plan()
}

impl Outcome<'_> {
    fn plan(&self) -> Result<BumpPlan, ChangeError> {
        let pre = self.inputs.settings.changesets.as_ref().and_then(|config| config.pre.as_ref());
        let mut plan = BumpPlan {
            consumed: self.direct.consumed.clone(),
            ends_prerelease_mode: pre.is_some_and(|pre| pre.mode == PreMode::Exit),
            ..BumpPlan::default()
        };
        let dependency_causes = self.dependency_causes();
        let leaders = self.group_leaders(&dependency_causes);
        for (place, package) in self.participants.packages.iter().enumerate() {
            let (Some(current), Some((bump, next))) = (&package.version, self.moves(place)) else { continue };
            if next.cmp_precedence(current).is_le() {
                return Err(ChangeError::VersionCannotGrow { package: package.name.clone(), version: current.clone() });
            }
            let mut causes = self.direct.causes.get(&place).cloned().unwrap_or_default();
            causes.extend(dependency_causes.get(&place).into_iter().flatten().cloned());
            causes.extend(self.group_cause(place, &dependency_causes, &leaders));
            plan.bumps.push(PlannedBump { name: package.name.clone(), current: current.clone(), next, bump, causes });
            let notes = ReleaseNotes {
                commits: self.direct.commits.get(&place).cloned().unwrap_or_default(),
                updated: self.updated(place),
            };
            plan.notes.insert(package.name.clone(), notes);
        }
        match self.rules {
            Rules::Changesets(rules) => self.follow_by_changesets(rules, &mut plan),
            Rules::Own(rules) => self.follow_by_relay(rules, &mut plan),
        }
        sort_and_dedup(&mut plan.ranges);
        sort_and_dedup(&mut plan.root_ranges);
        sort_and_dedup(&mut plan.catalogs);
        Ok(plan)
    }

    /// The bump and the new version of a package that moves.
    fn moves(&self, place: usize) -> Option<(Bump, Version)> {
        let release = part_of(self.releases, place).filter(|release| release.bump > Bump::None)?;
        Some((release.bump, self.counting.next(place, release)?))
    }

    /// For each package the dependencies that leave its ranges.
    fn dependency_causes(&self) -> BTreeMap<usize, Vec<ReleaseCause>> {
        let mut causes: BTreeMap<usize, Vec<ReleaseCause>> = BTreeMap::new();
        for (place, links) in self.links.iter().enumerate() {
            let Some((_, to)) = self.moves(place) else { continue };
            let Some(base) = part_of(self.releases, place).and_then(|release| release.base.as_ref()) else { continue };
            let mut seen = BTreeSet::new();
            let bump = part_of(self.releases, place).map(|release| release.bump).unwrap_or_default();
            for link in links.iter().filter(|link| link.kind.is_runtime()) {
                let raised = self.peer_rule.makes_major(link, base, &to, bump);
                let moved = raised || link.is_moved_by(base, &to, bump, self.always);
                if moved && self.moves(link.dependent).is_some() && seen.insert(link.dependent) {
                    causes.entry(link.dependent).or_default().extend(self.dependency_cause(place, &link.text, raised));
                }
            }
        }
        // A first, smaller bump may have pulled in a package whose range accepts the final version again.
        for place in 0..self.releases.len() {
            let pull = part_of(self.releases, place).and_then(|release| release.pulled_by.as_ref());
            if let Some(pull) = pull
                && self.moves(place).is_some()
                && self.direct_bump(place) == Bump::None
                && !causes.contains_key(&place)
            {
                causes.entry(place).or_default().extend(self.dependency_cause(pull.dependency, &pull.text, false));
            }
        }
        causes
    }

    fn dependency_cause(&self, place: usize, range: &str, raises: bool) -> Option<ReleaseCause> {
        let package = self.participants.package(place)?;
        let (name, from, to) = (package.name.clone(), package.version.clone()?, self.moves(place)?.1);
        let range = range.to_owned();
        Some(if raises {
            ReleaseCause::PeerDependency { name, from, to, range }
        } else {
            ReleaseCause::Dependency { name, from, to, range }
        })
    }

    /// For each group the two members with the highest bumps of their own, the highest first.
    fn group_leaders(&self, causes: &BTreeMap<usize, Vec<ReleaseCause>>) -> Vec<Vec<usize>> {
        let leaders = |group: &Group| {
            let mut members = group.members.clone();
            members.sort_by_key(|member| (Reverse(self.own_bump(*member, causes)), *member));
            members.truncate(2);
            members
        };
        self.participants.groups.iter().map(leaders).collect()
    }

    /// The member of the package's group that explains what its own causes don't.
    fn group_cause(
        &self,
        place: usize,
        causes: &BTreeMap<usize, Vec<ReleaseCause>>,
        leaders: &[Vec<usize>],
    ) -> Option<ReleaseCause> {
        let group_place = self.participants.group_of(place)?;
        let release = part_of(self.releases, place)?;
        let with = if release.bump > self.own_bump(place, causes) {
            leaders.get(group_place)?.iter().copied().find(|member| *member != place)
        } else if release.base.as_ref() != self.participants.version(place) {
            self.participants.groups.get(group_place)?.holder
        } else {
            None
        };
        Some(ReleaseCause::Group { with: self.participants.package(with?)?.name.clone() })
    }

    /// The bump that a package would get without its group.
    fn own_bump(&self, place: usize, causes: &BTreeMap<usize, Vec<ReleaseCause>>) -> Bump {
        let raises = |cause: &ReleaseCause| matches!(cause, ReleaseCause::PeerDependency { .. });
        let pulled = match causes.get(&place) {
            Some(causes) if causes.iter().any(raises) => Bump::Major,
            Some(_) => Bump::Patch,
            None => Bump::None,
        };
        self.direct_bump(place).max(pulled)
    }

    fn direct_bump(&self, place: usize) -> Bump {
        self.direct.bumps.get(place).copied().flatten().unwrap_or_default()
    }

    fn updated(&self, place: usize) -> Vec<(PackageName, Version)> {
        let updated = match self.rules {
            Rules::Changesets(rules) => rules.updated(place, self.releases, self.counting),
            Rules::Own(rules) => rules.updated(place, self.releases, self.counting),
        };
        let mut named: Vec<(PackageName, Version)> = updated
            .into_iter()
            .filter_map(|(place, version)| Some((self.participants.package(place)?.name.clone(), version)))
            .collect();
        named.sort();
        named
    }

    /// changesets rewrites ranges in the packages that have a part in the release, and in the root.
    fn follow_by_changesets(&self, rules: &ChangesetsRules<'_>, plan: &mut BumpPlan) {
        for (place, package) in self.participants.packages.iter().enumerate() {
            let is_root = package.path.as_str().is_empty();
            if is_root || part_of(self.releases, place).is_some() {
                for followed in rules.followed(rules.dependencies(place), self.releases, self.counting) {
                    let Followed { kind, dependency, from, to } = followed;
                    plan.ranges.push(RangeRewrite { package: package.name.clone(), kind, dependency, from, to });
                }
            }
        }
        if !self.root_is_a_package() && rules.follows_in_root() {
            let dependencies = self.inputs.workspace.root_manifest.dependencies();
            for followed in rules.followed(&dependencies, self.releases, self.counting) {
                let Followed { kind, dependency, from, to } = followed;
                plan.root_ranges.push(RootRangeRewrite { kind, dependency, from, to });
            }
        }
    }

    /// relay rewrites ranges wherever the workspace would otherwise come apart.
    fn follow_by_relay(&self, rules: &OwnRules<'_>, plan: &mut BumpPlan) {
        for (place, package) in self.participants.packages.iter().enumerate() {
            // A published package that is not released must not differ from what the registry has, so "always" stops there.
            let always = rules.always && (self.moves(place).is_some() || self.participants.is_skipped(place));
            for bond in rules.bonds(place) {
                let Some(follow) = bond.followed(self.releases, self.counting, always) else { continue };
                match follow {
                    Follow::Text(to) => plan.ranges.push(RangeRewrite {
                        package: package.name.clone(),
                        kind: bond.kind,
                        dependency: bond.key.clone(),
                        from: bond.text.clone(),
                        to,
                    }),
                    Follow::Catalog(entry) => plan.catalogs.push(entry),
                }
            }
        }
        if self.root_is_a_package() {
            return;
        }
        for bond in rules.bonds_of_root(&self.inputs.workspace.root_manifest.dependencies()) {
            match bond.followed(self.releases, self.counting, rules.always) {
                Some(Follow::Text(to)) => {
                    plan.root_ranges.push(RootRangeRewrite {
                        kind: bond.kind,
                        dependency: bond.key,
                        from: bond.text,
                        to,
                    });
                }
                Some(Follow::Catalog(entry)) => plan.catalogs.push(entry),
                None => {}
            }
        }
    }

    fn root_is_a_package(&self) -> bool {
        self.participants.packages.iter().any(|package| package.path.as_str().is_empty())
    }
}

fn sort_and_dedup<T: Ord>(list: &mut Vec<T>) {
    list.sort();
    list.dedup();
}
