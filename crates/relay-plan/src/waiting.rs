//! What it costs to wait for the registries, for each way in which a release can wait: minutes, and challenges for people.
//!
//! npm takes a version minutes before anybody can install it (`npm-registry.md`, 1.7). Whether that is waited for at each level
//! of the dependencies, or once, is the difference between an hour and some minutes. Minutes of people are not counted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use relay_values::RegistryUrl;
use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

use crate::promotion::CHALLENGES_PER_MOVE;

/// How long npm's registry takes to show a version, where relay has not seen it yet: its malware scan typically takes about five
/// minutes (`npm-registry.md`, 0.1 and 1.7).
pub const VISIBILITY_DELAY_USUAL: Duration = Duration::from_mins(5);

/// How long a registry took to show versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenDelay {
    /// The usual time.
    pub usual: Duration,
    /// In how many releases it was seen; at least one.
    pub releases: usize,
}

/// A way in which a release waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// At each level: a dependent is sent when its dependencies can be installed (`wait-for = "visible"`).
    Visible,
    /// Once, at the end: a dependent is sent when its dependencies are accepted (`wait-for = "accepted"`).
    Accepted,
    /// Once, at the end, and only then dist-tags move (`promote-last`).
    PromoteLast,
}

/// What waiting costs in this release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// How many levels of packages wait for each other: the plan's waves.
    pub levels: usize,
    /// How long each registry takes to show a version, by address; those that take no time are left out.
    pub delays: Vec<RegistryDelay>,
    /// The ways, each with its costs.
    pub ways: Vec<WayCost>,
}

/// How long a registry takes to show a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryDelay {
    /// The registry.
    pub registry: RegistryUrl,
    /// The time, in seconds.
    pub seconds: u64,
    /// In how many earlier releases it was seen so; 0: never, it is npm's usual one and a guess.
    pub seen_in: usize,
}

/// What one way costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayCost {
    /// The way.
    pub way: Way,
    /// How long the registries are waited for, in seconds, along the longest chain. What uploads take comes on top.
    pub seconds: u64,
    /// How many challenges people answer at most.
    pub challenges: usize,
    /// Whether this plan goes this way.
    pub planned: bool,
}

/// A package as far as waiting goes.
#[derive(Debug, Clone)]
pub(crate) struct WaitingMember<'a> {
    pub(crate) name: &'a PackageName,
    pub(crate) registry: &'a RegistryUrl,
    /// Whether its registry follows npm's rules, so that it scans what it takes.
    pub(crate) scans: bool,
    /// Whether somebody answers a challenge for its upload.
    pub(crate) needs_person: bool,
    /// Whether its dist-tag would be moved at the end.
    pub(crate) moves: bool,
    pub(crate) depends_on: &'a [PackageName],
}

/// The costs of each way; `None` where nothing is waited for more than once. The members come in publish order: what one of them
/// depends on and is not before it (an allowed cycle) is not waited for.
pub(crate) fn waiting(
    levels: usize,
    members: &[WaitingMember<'_>],
    seen: &BTreeMap<RegistryUrl, SeenDelay>,
    planned: Way,
) -> Option<Waiting> {
    let delay = |member: &WaitingMember<'_>| match seen.get(member.registry) {
        Some(seen) => seen.usual,
        None if member.scans => VISIBILITY_DELAY_USUAL,
        None => Duration::ZERO,
    };
    let mut shown_at: BTreeMap<&PackageName, Duration> = BTreeMap::new();
    for member in members {
        let below = member.depends_on.iter().filter_map(|name| shown_at.get(name)).max().copied().unwrap_or_default();
        shown_at.insert(member.name, below + delay(member));
    }
    let level_by_level = shown_at.values().max().copied().unwrap_or_default();
    if levels < 2 || level_by_level.is_zero() {
        return None;
    }
    let once = members.iter().map(delay).max().unwrap_or_default();
    let challenges = members.iter().filter(|member| member.needs_person).count();
    let moves = members.iter().filter(|member| member.needs_person && member.moves).count();
    let cost = |way: Way, span: Duration, challenges: usize| WayCost {
        way,
        seconds: span.as_secs(),
        challenges,
        planned: way == planned,
    };
    let mut listed = BTreeSet::new();
    let mut delays: Vec<RegistryDelay> = members
        .iter()
        .filter(|member| !delay(member).is_zero() && listed.insert(member.registry))
        .map(|member| RegistryDelay {
            registry: member.registry.clone(),
            seconds: delay(member).as_secs(),
            seen_in: seen.get(member.registry).map_or(0, |seen| seen.releases),
        })
        .collect();
    delays.sort_by(|a, b| a.registry.as_str().cmp(b.registry.as_str()));
    let ways = vec![
        cost(Way::Visible, level_by_level, challenges),
        cost(Way::Accepted, once, challenges),
        cost(Way::PromoteLast, once, challenges + moves * CHALLENGES_PER_MOVE),
    ];
    Some(Waiting { levels, delays, ways })
}

impl Waiting {
    /// What a way costs.
    pub fn cost(&self, way: Way) -> Option<&WayCost> {
        self.ways.iter().find(|cost| cost.way == way)
    }

    /// Whether a person who reads the plan should see the costs: another way would spare a minute or more.
    pub(crate) fn matters(&self) -> bool {
        let seconds = |way| self.cost(way).map_or(0, |cost| cost.seconds);
        seconds(Way::Visible).saturating_sub(seconds(Way::Accepted)) >= 60
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(host: &str) -> RegistryUrl {
        RegistryUrl::parse(&format!("http://{host}.example/")).unwrap()
    }

    fn name(text: &str) -> PackageName {
        PackageName::parse(text).unwrap()
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    /// A chain of packages, the registry of each, and whether it scans; levels are packages.
    fn costs(chain: &[(&str, bool, bool)], seen: &[(&str, u64)]) -> Option<Vec<(Way, u64, usize)>> {
        let names: Vec<PackageName> = (0..chain.len()).map(|number| name(&format!("p{number}"))).collect();
        let registries: Vec<RegistryUrl> = chain.iter().map(|(host, ..)| registry(host)).collect();
        let below: Vec<Vec<PackageName>> = (0..chain.len())
            .map(|at| at.checked_sub(1).map(|below| names[below].clone()).into_iter().collect())
            .collect();
        let members: Vec<WaitingMember<'_>> = chain
            .iter()
            .enumerate()
            .map(|(at, (_, scans, needs_person))| WaitingMember {
                name: &names[at],
                registry: &registries[at],
                scans: *scans,
                needs_person: *needs_person,
                moves: true,
                depends_on: &below[at],
            })
            .collect();
        let seen = seen
            .iter()
            .map(|(host, count)| (registry(host), SeenDelay { usual: minutes(*count), releases: 3 }))
            .collect();
        let waiting = waiting(chain.len(), &members, &seen, Way::Visible)?;
        Some(waiting.ways.iter().map(|cost| (cost.way, cost.seconds / 60, cost.challenges)).collect())
    }

    #[test]
    fn a_chain_waits_at_each_level_or_once() {
        let chain: Vec<(&str, bool, bool)> = (0..10).map(|at| ("npm", true, at < 2)).collect();
        let expected = vec![(Way::Visible, 50, 2), (Way::Accepted, 5, 2), (Way::PromoteLast, 5, 6)];
        assert_eq!(costs(&chain, &[]), Some(expected), "npm's usual delay");
        let expected = vec![(Way::Visible, 120, 2), (Way::Accepted, 12, 2), (Way::PromoteLast, 12, 6)];
        assert_eq!(costs(&chain, &[("npm", 12)]), Some(expected), "what was seen counts before it");
    }

    #[test]
    fn each_registry_has_its_own_delay() {
        let chain = [("npm", true, false), ("own", false, false), ("npm", true, false)];
        let of = |level_by_level, once| {
            Some(vec![(Way::Visible, level_by_level, 0), (Way::Accepted, once, 0), (Way::PromoteLast, once, 0)])
        };
        assert_eq!(costs(&chain, &[]), of(10, 5));
        assert_eq!(costs(&chain, &[("own", 7)]), of(17, 7));
    }

    #[test]
    fn where_nothing_waits_twice_there_are_no_costs() {
        assert_eq!(costs(&[], &[]), None);
        assert_eq!(costs(&[("npm", true, true)], &[]), None, "one level");
        let plain = [("own", false, false), ("own", false, false)];
        assert_eq!(costs(&plain, &[]), None, "a registry without a scan");
        assert_eq!(costs(&[("npm", true, false), ("npm", true, false)], &[("npm", 0)]), None, "one that shows at once");
    }

    #[test]
    fn members_of_a_cycle_wait_for_nobody_behind_them() {
        let (a, b, url) = (name("a"), name("b"), registry("npm"));
        let (on_a, on_b) = ([a.clone()], [b.clone()]);
        let member = |name, depends_on| WaitingMember {
            name,
            registry: &url,
            scans: true,
            needs_person: false,
            moves: true,
            depends_on,
        };
        let members = [member(&a, on_b.as_slice()), member(&b, on_a.as_slice())];
        let waiting = waiting(2, &members, &BTreeMap::new(), Way::Accepted).unwrap();
        assert_eq!(waiting.cost(Way::Visible).unwrap().seconds, 600);
        assert!(waiting.cost(Way::Accepted).unwrap().planned && !waiting.cost(Way::Visible).unwrap().planned);
    }
}
