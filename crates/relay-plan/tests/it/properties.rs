//! What holds for every plan.

use std::collections::BTreeMap;

use proptest::prelude::*;
use relay_plan::{ReleasePlan, render_text};

use crate::world::World;

const PACKAGES_MAX: usize = 9;

/// A world of some packages, each released by a token, by a person or not at all, with dependencies on earlier ones.
fn world() -> impl Strategy<Value = World> {
    let package = (0..3_u8, proptest::collection::vec(any::<bool>(), PACKAGES_MAX));
    proptest::collection::vec(package, 1..=PACKAGES_MAX).prop_map(|packages| {
        let mut world = World::new();
        for (number, (kind, _)) in packages.iter().enumerate() {
            let name = format!("p{number}");
            world = match kind {
                0 => world.release(&name),
                1 => world.release_by_person(&name),
                _ => world.package(&name),
            };
        }
        for (number, (_, links)) in packages.iter().enumerate() {
            for below in (0..number).filter(|below| links[*below]) {
                world = world.needs(&format!("p{number}"), &format!("p{below}"));
            }
        }
        world
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_order_of_the_observations_does_not_matter(world in world(), seed in any::<prop::sample::Index>()) {
        let mut shuffled = world.clone();
        if !shuffled.released.is_empty() {
            let turn = seed.index(shuffled.released.len());
            shuffled.released.rotate_left(turn);
            shuffled.released.reverse();
        }
        prop_assert_eq!(world.plan(), shuffled.plan());
        prop_assert_eq!(world.plan().to_json(), shuffled.plan().to_json());
    }

    #[test]
    fn a_dependency_is_in_an_earlier_wave_and_no_later_sitting(world in world()) {
        let plan = world.plan();
        let by_name: BTreeMap<_, _> = plan.packages.iter().map(|package| (&package.name, package)).collect();
        let mut seen = std::collections::BTreeSet::new();
        for package in &plan.packages {
            for below in &package.depends_on {
                prop_assert!(seen.contains(below), "publish order");
                prop_assert!(by_name[below].wave < package.wave);
                if let (Some(lower), Some(upper)) = (by_name[below].sitting, package.sitting) {
                    prop_assert!(lower <= upper);
                }
            }
            seen.insert(package.name.clone());
        }
        prop_assert_eq!(plan.waves.concat(), plan.packages.iter().map(|package| package.name.clone()).collect::<Vec<_>>());
        let sittings: Vec<_> = plan.packages.iter().filter_map(|package| package.sitting).collect();
        prop_assert_eq!(plan.humans.challenges, sittings.len());
        // A challenge for each package that needs a person, and none for any other.
        let need_one: Vec<_> = plan.packages.iter().filter(|package| package.route.kind.needs_person()).collect();
        prop_assert_eq!(plan.humans.packages.iter().collect::<Vec<_>>(), need_one.iter().map(|package| &package.name).collect::<Vec<_>>());
        prop_assert_eq!(plan.humans.challenges, need_one.len());
        prop_assert!(plan.humans.sittings <= need_one.len());
        prop_assert_eq!(plan.humans.sittings, sittings.iter().copied().max().unwrap_or(0));
    }

    #[test]
    fn every_plan_survives_its_file_and_can_be_shown(world in world()) {
        let plan = world.plan();
        prop_assert_eq!(&ReleasePlan::from_json(&plan.to_json()).unwrap(), &plan);
        prop_assert!(render_text(&plan, relay_plan::TextStyle::default()).ends_with('\n'));
    }

    #[test]
    fn no_text_makes_reading_a_plan_fail_otherwise_than_by_an_error(text in ".{0,200}") {
        prop_assert!(ReleasePlan::from_json(&text).is_err());
    }
}
