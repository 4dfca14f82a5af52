//! The fewest sittings: how often a person must come back because something that needs nobody lies in between.

use std::collections::BTreeMap;

use relay_workspace::PackageName;

/// One package for the count: whether it needs a person, and what it waits for.
#[derive(Debug, Clone)]
pub struct SittingItem {
    /// The package.
    pub name: PackageName,
    /// Whether a person must answer for it.
    pub person: bool,
    /// What must be out before it. Items come dependencies first.
    pub depends_on: Vec<PackageName>,
}

/// The sitting of each package: for one that needs a person, the sitting it belongs to (from 1); for the others, the last
/// sitting that must be over before they can go (0: none).
///
/// A package that needs a person shares a sitting with those below it that do too; what needs nobody in between must go out
/// first, which takes another sitting. The longest such alternation is a lower bound, and this reaches it.
pub fn sittings(items: &[SittingItem]) -> BTreeMap<PackageName, u32> {
    let mut found: BTreeMap<PackageName, (bool, u32)> = BTreeMap::new();
    for item in items {
        let below = item.depends_on.iter().filter_map(|name| found.get(name));
        let sitting = if item.person {
            below.map(|(person, sitting)| if *person { *sitting } else { sitting + 1 }).max().unwrap_or(1).max(1)
        } else {
            below.map(|(_, sitting)| *sitting).max().unwrap_or(0)
        };
        found.insert(item.name.clone(), (item.person, sitting));
    }
    found.into_iter().map(|(name, (_, sitting))| (name, sitting)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(at: usize) -> PackageName {
        PackageName::parse(&format!("p{at}")).expect("a name")
    }

    /// The fewest sittings by trying every schedule: alternately send all that needs nobody (sending more never hurts), then
    /// any set of packages that need a person and whose dependencies are out or in the same sitting.
    fn brute_force(items: &[SittingItem], done: u32) -> u32 {
        let ready = |done: u32, at: usize| {
            items[at].depends_on.iter().all(|below| {
                items.iter().position(|item| item.name == *below).is_none_or(|below| done & (1 << below) != 0)
            })
        };
        let mut done = done;
        loop {
            let before = done;
            for (at, item) in items.iter().enumerate() {
                if !item.person && ready(done, at) {
                    done |= 1 << at;
                }
            }
            if done == before {
                break;
            }
        }
        if done.count_ones() as usize == items.len() {
            return 0;
        }
        let mut best = u32::MAX;
        for set in 1_u32..(1 << items.len()) {
            if set & done != 0 || !(0..items.len()).all(|at| set & (1 << at) == 0 || items[at].person) {
                continue;
            }
            let after = done | set;
            if (0..items.len()).all(|at| set & (1 << at) == 0 || ready(after, at)) {
                best = best.min(brute_force(items, after).saturating_add(1));
            }
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_schedule_needs_fewer_sittings(
            packages in proptest::collection::vec(
                (any::<bool>(), proptest::collection::vec(any::<prop::sample::Index>(), 0..3)), 1..7)
        ) {
            let items: Vec<SittingItem> = packages.iter().enumerate().map(|(at, (person, below))| SittingItem {
                name: name(at),
                person: *person,
                depends_on: if at == 0 { Vec::new() } else { below.iter().map(|index| name(index.index(at))).collect() },
            }).collect();
            let counted = sittings(&items);
            let needed = items.iter().filter(|item| item.person).map(|item| counted[&item.name]).max().unwrap_or(0);
            prop_assert_eq!(needed, brute_force(&items, 0));
        }
    }

    #[test]
    fn something_that_needs_nobody_in_between_takes_a_second_sitting() {
        let items = [
            SittingItem { name: name(0), person: true, depends_on: vec![] },
            SittingItem { name: name(1), person: true, depends_on: vec![name(0)] },
            SittingItem { name: name(2), person: false, depends_on: vec![name(1)] },
            SittingItem { name: name(3), person: true, depends_on: vec![name(2)] },
        ];
        let found = sittings(&items);
        assert_eq!([found[&name(0)], found[&name(1)], found[&name(2)], found[&name(3)]], [1, 1, 1, 2]);
    }
}
