//! relay's own rules, by example.

use relay_change::{BelowOne, BumpPlan, ChangesetsConfig};
use relay_workspace::DependencyKind;
use serde_json::json;

use crate::world::{World, name};

/// `name@next (kinds of causes)` for each bump, `package: dependency from -> to` for each range.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "worlds are built in the call")]
fn check(world: World, bumps: &[&str], ranges: &[&str]) {
    let plan = world.plan().expect("a plan");
    assert_eq!(
        (bumps_of(&plan).as_slice(), ranges_of(&plan).as_slice()),
        (&to_strings(bumps)[..], &to_strings(ranges)[..])
    );
}

fn bumps_of(plan: &BumpPlan) -> Vec<String> {
    let causes = |bump: &relay_change::PlannedBump| {
        bump.causes.iter().map(|cause| cause.kind().to_owned()).collect::<Vec<_>>().join(", ")
    };
    plan.bumps.iter().map(|bump| format!("{}@{} ({})", bump.name, bump.next, causes(bump))).collect()
}

fn ranges_of(plan: &BumpPlan) -> Vec<String> {
    let packages = plan.ranges.iter().map(|r| format!("{}: {} {} -> {}", r.package, r.dependency, r.from, r.to));
    let root = plan.root_ranges.iter().map(|r| format!("root: {} {} -> {}", r.dependency, r.from, r.to));
    let catalogs = plan.catalogs.iter().map(|c| format!("catalog: {} {} -> {}", c.dependency, c.from, c.to));
    packages.chain(root).chain(catalogs).collect()
}

fn to_strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn core_and_ui(kind: DependencyKind, specifier: &str) -> World {
    World::new().package("core", "1.2.0").package("ui", "3.0.0").dependency("ui", kind, "core", specifier)
}

#[test]
fn a_range_that_still_accepts_holds() {
    check(core_and_ui(DependencyKind::Prod, "^1.0.0").commit("core", "feat: more"), &["core@1.3.0 (commit)"], &[]);
    check(core_and_ui(DependencyKind::Prod, "workspace:^").commit("core", "fix: less"), &["core@1.2.1 (commit)"], &[]);
}

#[test]
fn a_range_that_is_left_releases_the_dependent() {
    for kind in [DependencyKind::Prod, DependencyKind::Peer, DependencyKind::Optional] {
        check(
            core_and_ui(kind, "^1.0.0").commit("core", "feat!: other"),
            &["core@2.0.0 (commit)", "ui@3.0.1 (dependency)"],
            &["ui: core ^1.0.0 -> ^2.0.0"],
        );
    }
}

#[test]
fn a_dev_range_follows_without_a_release() {
    check(
        core_and_ui(DependencyKind::Dev, "^1.0.0").commit("core", "feat!: other"),
        &["core@2.0.0 (commit)"],
        &["ui: core ^1.0.0 -> ^2.0.0"],
    );
}

#[test]
fn a_protocol_that_pins_releases_the_dependent_each_time() {
    check(
        core_and_ui(DependencyKind::Prod, "workspace:*").commit("core", "fix: less"),
        &["core@1.2.1 (commit)", "ui@3.0.1 (dependency)"],
        &[],
    );
    check(
        core_and_ui(DependencyKind::Prod, "workspace:~").commit("core", "feat: more"),
        &["core@1.3.0 (commit)", "ui@3.0.1 (dependency)"],
        &[],
    );
}

#[test]
fn it_goes_on_along_the_chain() {
    let world = core_and_ui(DependencyKind::Prod, "workspace:*").package("app", "0.1.0").dependency(
        "app",
        DependencyKind::Prod,
        "ui",
        "3.0.0",
    );
    check(
        world.change("core", "minor"),
        &["app@0.1.1 (dependency)", "core@1.3.0 (change-file)", "ui@3.0.1 (dependency)"],
        &["app: ui 3.0.0 -> 3.0.1"],
    );
}

#[test]
fn the_highest_of_files_and_commits_wins() {
    let world = World::new().package("core", "1.2.0").change("core", "patch").commit("core", "feat: more");
    check(world, &["core@1.3.0 (commit, change-file)"], &[]);
}

#[test]
fn below_one_commits_are_shifted_and_change_files_are_not() {
    let world = World::new().package("core", "0.2.0");
    check(world.clone().commit("core", "feat: more"), &["core@0.2.1 (commit)"], &[]);
    check(world.clone().commit("core", "feat!: other"), &["core@0.3.0 (commit)"], &[]);
    check(world.clone().change("core", "major"), &["core@1.0.0 (change-file)"], &[]);
    let literal = world.settings(|settings| settings.below_one = BelowOne::AsWritten);
    check(literal.commit("core", "feat!: other"), &["core@1.0.0 (commit)"], &[]);
}

#[test]
fn private_packages_follow_but_get_no_version() {
    let world = core_and_ui(DependencyKind::Prod, "^1.0.0").field("ui", "private", json!(true));
    let world = world.change("core", "major").change("ui", "minor");
    check(world.clone(), &["core@2.0.0 (change-file)"], &["ui: core ^1.0.0 -> ^2.0.0"]);
    check(
        world.settings(|settings| settings.version_private = true),
        &["core@2.0.0 (change-file)", "ui@3.1.0 (change-file, dependency)"],
        &["ui: core ^1.0.0 -> ^2.0.0"],
    );
}

#[test]
fn packages_without_a_version_are_left_out() {
    let mut world = core_and_ui(DependencyKind::Prod, "^1.0.0").commit("core", "feat!: other").commit("ui", "fix: x");
    world.manifests.get_mut("packages/ui").unwrap().remove("version");
    check(world, &["core@2.0.0 (commit)"], &["ui: core ^1.0.0 -> ^2.0.0"]);
}

#[test]
fn ignored_packages_take_no_part() {
    let world = core_and_ui(DependencyKind::Prod, "^1.0.0").settings(|settings| settings.ignore = vec![name("core")]);
    check(world.clone().commit("core", "feat!: other"), &[], &[]);
    let plan = world.clone().change("core", "major").plan().unwrap();
    assert!(plan.consumed.is_empty(), "the change file waits");
    let mixed = world.change_file("mixed", "---\ncore: patch\nui: patch\n---\n\nx").plan().unwrap_err().to_string();
    assert_eq!(
        mixed,
        ".changeset/mixed.md names ignored packages (`core`) together with others (`ui`); write two change files"
    );
}

#[test]
fn unknown_names_are_refused_with_near_ones() {
    let error = World::new().package("@acme/core", "1.0.0").change("@acme/cors", "patch").plan().unwrap_err();
    assert_eq!(
        error.to_string(),
        ".changeset/change-0.md names `@acme/cors`, which is no package of this workspace; did you mean `@acme/core`?"
    );
}

#[test]
fn fixed_groups_move_as_one_from_the_highest_version() {
    let world = core_and_ui(DependencyKind::Prod, "^1.0.0")
        .package("docs", "1.0.0")
        .settings(|settings| settings.fixed = vec![vec![name("core"), name("ui")]]);
    check(
        world.change("core", "minor"),
        &["core@3.1.0 (change-file, group)", "ui@3.1.0 (dependency, group)"],
        &["ui: core ^1.0.0 -> ^3.1.0"],
    );
}

#[test]
fn linked_groups_share_a_version_among_the_released() {
    let world = World::new()
        .package("a", "1.0.0")
        .package("b", "2.0.0")
        .package("c", "2.5.0")
        .settings(|settings| settings.linked = vec![vec![name("a"), name("b"), name("c")]]);
    check(
        world.change("a", "minor").change("b", "patch"),
        &["a@2.6.0 (change-file, group)", "b@2.6.0 (change-file, group)"],
        &[],
    );
}

#[test]
fn fixed_mode_has_one_version_for_all() {
    let world = core_and_ui(DependencyKind::Prod, "^1.0.0")
        .package("app", "1.0.0")
        .field("app", "private", json!(true))
        .settings(|settings| settings.mode_fixed = true);
    check(world.clone(), &[], &[]);
    check(
        world.commit("core", "fix: less"),
        &["core@3.0.1 (commit, group)", "ui@3.0.1 (dependency)"],
        &["ui: core ^1.0.0 -> ^3.0.1"],
    );
}

#[test]
fn ranges_can_always_be_updated() {
    let world = core_and_ui(DependencyKind::Prod, "^1.0.0").package("docs", "1.0.0");
    let world = world.dependency("docs", DependencyKind::Prod, "core", "^1.0.0");
    let world = world.settings(|settings| settings.always_update_ranges = true);
    check(
        world.commit("core", "feat: more").commit("ui", "fix: x"),
        &["core@1.3.0 (commit)", "ui@3.0.1 (commit)"],
        &["ui: core ^1.0.0 -> ^1.3.0"],
    );
}

#[test]
fn the_root_and_catalogs_follow() {
    let mut world = core_and_ui(DependencyKind::Prod, "catalog:").root_dependency(DependencyKind::Dev, "ui", "3.0.0");
    world.catalogs.entry(None).or_default().insert("core".to_owned(), "^1.1.0".to_owned());
    check(
        world.change("core", "major"),
        &["core@2.0.0 (change-file)", "ui@3.0.1 (dependency)"],
        &["root: ui 3.0.0 -> 3.0.1", "catalog: core ^1.1.0 -> ^2.0.0"],
    );
}

#[test]
fn an_alias_keeps_its_name() {
    check(
        core_and_ui(DependencyKind::Dev, "1.2.0")
            .dependency("ui", DependencyKind::Prod, "kernel", "npm:core@^1.0.0")
            .change("core", "major"),
        &["core@2.0.0 (change-file)", "ui@3.0.1 (dependency)"],
        &["ui: kernel npm:core@^1.0.0 -> npm:core@^2.0.0", "ui: core 1.2.0 -> 2.0.0"],
    );
}

#[test]
fn a_prerelease_is_finished() {
    check(World::new().package("core", "1.0.0-beta.1").commit("core", "fix: x"), &["core@1.0.0 (commit)"], &[]);
}

#[test]
fn change_files_that_release_nothing_are_used_up() {
    let plan = World::new().package("core", "1.0.0").change_file("empty", "---\n---\n").change("core", "none").plan();
    let plan = plan.unwrap();
    assert_eq!((plan.bumps.len(), plan.consumed), (0, vec!["change-1".to_owned(), "empty".to_owned()]));
}

#[test]
fn commits_count_beside_the_rules_of_changesets_where_they_are_asked_for() {
    let next = |use_commits: bool| {
        let world = World::new().package("core", "1.0.0").commit("core", "feat: learn a trick").settings(|settings| {
            settings.use_commits = use_commits;
            settings.changesets = Some(ChangesetsConfig::parse("{}").unwrap());
        });
        world.plan().unwrap().bumps.first().map(|bump| bump.next.to_string())
    };
    assert_eq!(next(true).as_deref(), Some("1.1.0"));
    assert_eq!(next(false), None);
}
