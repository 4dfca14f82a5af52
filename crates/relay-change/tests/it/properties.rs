//! What holds for every plan, on random worlds and by both rule sets.

use std::collections::BTreeSet;

use proptest::prelude::*;
use relay_change::{Bump, BumpPlan, ChangeFile, ChangeSettings, ReleaseCause};
use relay_workspace::{DependencyKind, Range, Specifier};
use semver::Version;

use crate::generator::case;
use crate::world::{World, name};

/// A generated world under relay's own rules: the same packages, no configuration of changesets.
fn own_world(seed: u64, mode_fixed: bool, always: bool) -> World {
    let mut world = case(seed).world;
    world.settings = ChangeSettings {
        mode_fixed,
        use_change_files: true,
        use_commits: true,
        always_update_ranges: always,
        squash_bodies: always,
        ..ChangeSettings::default()
    };
    let messages = ["feat: more", "fix: less", "feat!: other", "chore: tidy", "Merge branch 'x'"];
    let packages: Vec<String> = world.workspace().packages.iter().map(|package| package.name.to_string()).collect();
    for (at, package) in packages.iter().enumerate() {
        let pick = usize::try_from(seed).unwrap_or(0).wrapping_add(at * 7);
        if pick.is_multiple_of(3) {
            world = world.commit(package, messages.get(pick % messages.len()).copied().unwrap_or_default());
        }
    }
    world
}

/// Checks a world under both rule sets. Worlds that can't be planned (unknown names, mixed files) are passed over.
fn each_plan(seed: u64, mode_fixed: bool, always: bool, check: impl Fn(&World, &BumpPlan)) {
    for world in [case(seed).world, own_world(seed, mode_fixed, always)] {
        if let Ok(plan) = world.plan() {
            check(&world, &plan);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_inputs_does_not_matter(
        seed: u64, order in any::<proptest::sample::Index>(), mode_fixed: bool, always: bool,
    ) {
        each_plan(seed, mode_fixed, always, |world, plan| {
            let mut files: Vec<ChangeFile> = world.parsed_change_files();
            let turn = order.index(files.len());
            files.rotate_left(turn);
            assert_eq!(&world.plan_with(&files).expect("a plan"), plan);
            files.reverse();
            assert_eq!(&world.plan_with(&files).expect("a plan"), plan);
        });
    }

    #[test]
    fn versions_only_go_up(seed: u64, mode_fixed: bool, always: bool) {
        each_plan(seed, mode_fixed, always, |_, plan| {
            for bump in &plan.bumps {
                assert!(bump.next.cmp_precedence(&bump.current).is_gt() && bump.bump > Bump::None, "{bump:?}");
            }
        });
    }

    #[test]
    fn nothing_is_bumped_without_a_cause(seed: u64, mode_fixed: bool, always: bool) {
        each_plan(seed, mode_fixed, always, |_, plan| {
            let released: BTreeSet<_> = plan.bumps.iter().map(|bump| &bump.name).collect();
            for bump in &plan.bumps {
                assert!(!bump.causes.is_empty(), "{bump:?}");
                for cause in &bump.causes {
                    if let ReleaseCause::Dependency { name, to, .. } = cause {
                        assert!(released.contains(name) && plan.bump_of(name).is_some_and(|b| &b.next == to), "{bump:?}");
                    }
                }
            }
        });
    }

    #[test]
    fn without_changes_there_is_no_plan(seed: u64, mode_fixed: bool, always: bool) {
        for mut world in [case(seed).world, own_world(seed, mode_fixed, always)] {
            if let Some(config) = &mut world.settings.changesets {
                config.pre = None;
            }
            world.change_files.clear();
            world.commits.clear();
            if let Ok(plan) = world.plan() {
                assert!(plan.is_empty(), "{plan:?}");
            }
        }
    }

    #[test]
    fn every_dependent_whose_range_is_left_is_released(seed: u64, mode_fixed: bool, always: bool) {
        let world = own_world(seed, mode_fixed, always);
        let Ok(plan) = world.plan() else { return Ok(()) };
        for package in world.workspace().packages.iter().filter(|package| package.is_publishable()) {
            for dependency in package.manifest.dependencies() {
                let Some(bump) = plan.bump_of(&dependency.name) else { continue };
                if dependency.kind != DependencyKind::Dev && leaves(&dependency.specifier, &bump.current, &bump.next) {
                    prop_assert!(plan.bump_of(&package.name).is_some(), "{} on {}", package.name, dependency.text);
                }
            }
        }
    }

    #[test]
    fn a_published_range_that_is_written_is_released(seed: u64, mode_fixed: bool, always: bool) {
        let world = own_world(seed, mode_fixed, always);
        let Ok(plan) = world.plan() else { return Ok(()) };
        let workspace = world.workspace();
        let of = |range: &relay_change::RangeRewrite| workspace.package(&range.package).expect("a package");
        for range in plan.ranges.iter().filter(|range| range.kind.is_runtime() && of(range).is_publishable()) {
            prop_assert!(plan.bump_of(&range.package).is_some(), "{range:?}");
        }
    }

    #[test]
    fn a_prerelease_leads_on_to_a_prerelease(seed: u64, mode_fixed: bool) {
        let Ok(plan) = own_world(seed, mode_fixed, false).plan() else { return Ok(()) };
        for bump in plan.bumps.iter().filter(|bump| !mode_fixed && !bump.current.pre.is_empty()) {
            prop_assert!(!bump.next.pre.is_empty(), "{bump:?}");
        }
    }

    #[test]
    fn ranges_that_relay_writes_accept_the_new_version(seed: u64, mode_fixed: bool, always: bool) {
        let Ok(plan) = own_world(seed, mode_fixed, always).plan() else { return Ok(()) };
        for range in &plan.ranges {
            let text = range.to.trim_start_matches("workspace:");
            let next = &plan.bump_of(&name(&range.dependency)).expect("a rewritten range has a reason").next;
            prop_assert!(Range::parse(text).is_ok_and(|range| range.accepts(next)), "{range:?} for {next}");
        }
    }
}

/// Independent of the crate's own reading: does the published range stop accepting the dependency?
fn leaves(specifier: &Specifier, current: &Version, next: &Version) -> bool {
    match specifier {
        Specifier::Range(range) => range.accepts(current) && !range.accepts(next),
        Specifier::Workspace(relay_workspace::WorkspaceSpecifier::Exact) => true,
        _ => false,
    }
}
