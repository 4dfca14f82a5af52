//! How often a person has to sit down, and in which sitting each package goes out.
//!
//! Everything that needs nobody goes out as early as its dependencies allow; everything that needs a person is put off
//! to the earliest sitting in which all that it waits for is there. Inside one sitting packages that need a person may
//! follow each other, so only a package that needs nobody, and that itself waits for a sitting, opens another one. This
//! greedy choice is the least for every package at once, and therefore needs the fewest sittings.

use std::collections::BTreeMap;

/// A package as far as sittings go.
#[derive(Debug, Clone)]
pub(crate) struct SittingMember<N> {
    /// Its name.
    pub(crate) name: N,
    /// Whether somebody has to answer a challenge for it.
    pub(crate) needs_person: bool,
    /// What it waits for.
    pub(crate) waits_for: Vec<N>,
}

/// For each package its sitting, from 1, where it needs a person; else the sitting after which it can go out, with 0
/// for those that wait for no sitting.
///
/// The stations come in publish order. What a station waits for and is not before it (members of an allowed cycle) does
/// not hold it back.
pub(crate) fn sittings<N: Ord + Clone>(stations: &[SittingMember<N>]) -> BTreeMap<N, usize> {
    let mut placed: BTreeMap<N, (usize, bool)> = BTreeMap::new();
    for station in stations {
        let below = station.waits_for.iter().filter_map(|name| placed.get(name));
        let sitting = if station.needs_person {
            below.map(|(sitting, person)| if *person { *sitting } else { sitting + 1 }).max().unwrap_or(1).max(1)
        } else {
            below.map(|(sitting, _)| *sitting).max().unwrap_or(0)
        };
        placed.insert(station.name.clone(), (sitting, station.needs_person));
    }
    placed.into_iter().map(|(name, (sitting, _))| (name, sitting)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Packages for the brute force: 8 of them have 40,320 orders.
    const PACKAGES_MAX: usize = 8;

    fn station(name: usize, needs_person: bool, waits_for: Vec<usize>) -> SittingMember<usize> {
        SittingMember { name, needs_person, waits_for }
    }

    #[track_caller]
    fn check(stations: &[SittingMember<usize>], expected: &[usize]) {
        let seen: Vec<usize> = sittings(stations).into_values().collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn whoever_needs_nobody_waits_for_no_sitting() {
        check(&[station(0, false, vec![]), station(1, false, vec![0])], &[0, 0]);
    }

    #[test]
    fn all_that_need_a_person_share_a_sitting() {
        check(
            &[
                station(0, true, vec![]),
                station(1, true, vec![0]),
                station(2, false, vec![]),
                station(3, true, vec![2]),
            ],
            &[1, 1, 0, 1],
        );
    }

    #[test]
    fn a_package_between_two_people_opens_a_second_sitting() {
        check(&[station(0, true, vec![]), station(1, false, vec![0]), station(2, true, vec![1])], &[1, 1, 2]);
    }

    #[test]
    fn members_of_a_cycle_hold_nobody_back() {
        check(&[station(0, true, vec![1]), station(1, true, vec![0])], &[1, 1]);
    }

    /// The fewest stretches of people among all orders in which the packages can go out one by one.
    fn fewest_stretches(stations: &[SittingMember<usize>], done: &mut BTreeSet<usize>, person_is_there: bool) -> usize {
        let ready: Vec<&SittingMember<usize>> = stations
            .iter()
            .filter(|station| !done.contains(&station.name))
            .filter(|station| station.waits_for.iter().all(|below| done.contains(below)))
            .collect();
        let mut fewest = if ready.is_empty() { 0 } else { usize::MAX };
        for station in ready {
            done.insert(station.name);
            let begins = usize::from(station.needs_person && !person_is_there);
            fewest = fewest.min(begins + fewest_stretches(stations, done, station.needs_person));
            done.remove(&station.name);
        }
        fewest
    }

    fn stations() -> impl Strategy<Value = Vec<SittingMember<usize>>> {
        let package = (any::<bool>(), proptest::collection::vec(any::<bool>(), PACKAGES_MAX));
        proptest::collection::vec(package, 1..=PACKAGES_MAX).prop_map(|packages| {
            let waits_for = |name: usize, links: &[bool]| (0..name).filter(|below| links[*below]).collect();
            let numbered = packages.into_iter().enumerate();
            numbered.map(|(name, (person, links))| station(name, person, waits_for(name, &links))).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_order_of_the_packages_needs_fewer_sittings(stations in stations()) {
            let placed = sittings(&stations);
            let people = stations.iter().filter(|station| station.needs_person);
            let most = people.map(|station| placed[&station.name]).max().unwrap_or(0);
            prop_assert_eq!(most, fewest_stretches(&stations, &mut BTreeSet::new(), false));
        }

        #[test]
        fn nobody_goes_out_before_what_it_waits_for(stations in stations()) {
            let placed = sittings(&stations);
            for station in &stations {
                for below in &station.waits_for {
                    let waits = station.needs_person && !stations[*below].needs_person;
                    prop_assert!(placed[&station.name] >= placed[below] + usize::from(waits));
                }
            }
        }
    }
}
