//! relay's own rules, by example.

use relay_change::{BumpPlan, ChangesetsConfig, ZeroMajor};
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
fn below_one_a_setting_says_what_commits_move_and_change_files_say_it_themselves() {
    let next = |zero_major: ZeroMajor, message: &str| {
        let world = World::new().package("core", "0.2.0").commit("core", message);
        let plan = world.settings(|settings| settings.zero_major = zero_major).plan().unwrap();
        plan.bumps.first().map(|bump| bump.next.to_string()).unwrap_or_default()
    };
    let all = |zero_major| ["feat!: other", "feat: more", "fix: less"].map(|message| next(zero_major, message));
    assert_eq!(all(ZeroMajor::default()), ["0.3.0", "0.3.0", "0.2.1"]);
    assert_eq!(all(ZeroMajor::Shift), ["0.3.0", "0.2.1", "0.2.1"]);
    assert_eq!(all(ZeroMajor::Major), ["1.0.0", "0.3.0", "0.2.1"]);
    check(World::new().package("core", "0.2.0").change("core", "major"), &["core@1.0.0 (change-file)"], &[]);
    // The higher of the two wins after the commit was weighed.
    let both = World::new().package("core", "0.2.0").change("core", "patch").commit("core", "feat!: other");
    check(both, &["core@0.3.0 (commit, change-file)"], &[]);
}

#[test]
fn in_a_group_the_version_of_the_group_says_whether_it_is_below_one() {
    let group = |fixed: bool, highest: &str| {
        let world = World::new().package("a", "0.5.0").package("b", highest).commit("a", "feat!: other");
        world.settings(|settings| {
            let members = vec![vec![name("a"), name("b")]];
            *(if fixed { &mut settings.fixed } else { &mut settings.linked }) = members;
        })
    };
    check(group(true, "1.2.0"), &["a@2.0.0 (commit, group)", "b@2.0.0 (group)"], &[]);
    check(group(false, "1.2.0"), &["a@2.0.0 (commit, group)"], &[]);
    check(group(true, "0.9.0"), &["a@0.10.0 (commit, group)", "b@0.10.0 (group)"], &[]);
}

#[test]
fn a_prerelease_stays_one_until_it_is_told_to_graduate() {
    let world = |version: &str, message: &str| World::new().package("core", version).commit("core", message);
    let next = |world: World| world.plan().unwrap().bumps.first().map(|bump| bump.next.to_string());
    for (version, message, stays, graduates) in [
        ("2.0.0-rc.1", "fix: x", "2.0.0-rc.2", "2.0.0"),
        ("2.0.0-rc.1", "feat!: x", "2.0.0-rc.2", "2.0.0"),
        ("2.1.0-rc.1", "feat!: x", "3.0.0-rc.0", "3.0.0"),
        ("2.0.1-rc.1", "feat: x", "2.1.0-rc.0", "2.1.0"),
        ("0.2.0-rc.1", "feat!: x", "0.2.0-rc.2", "0.2.0"),
        ("1.0.0-beta", "fix: x", "1.0.0-beta.0", "1.0.0"),
    ] {
        assert_eq!(next(world(version, message)).as_deref(), Some(stays), "{version} {message}");
        let told = world(version, message).settings(|settings| settings.graduate = vec![name("core")]);
        assert_eq!(next(told).as_deref(), Some(graduates), "{version} {message}");
    }
    assert_eq!(next(World::new().package("core", "2.0.0-rc.1").change("core", "minor")).as_deref(), Some("2.0.0-rc.2"));
}

#[test]
fn what_did_not_change_can_graduate_and_a_group_does_so_as_one() {
    let told = |settings: &mut relay_change::ChangeSettings| settings.graduate = vec![name("core")];
    let world = World::new().package("core", "2.0.0-rc.1").package("ui", "1.0.0-rc.4");
    check(world.clone().settings(told), &["core@2.0.0 (graduation)"], &[]);
    let group = world.settings(|settings| settings.fixed = vec![vec![name("core"), name("ui")]]);
    check(group.clone().commit("ui", "fix: x"), &["core@2.0.0-rc.2 (group)", "ui@2.0.0-rc.2 (commit, group)"], &[]);
    check(group.settings(told), &["core@2.0.0 (graduation)", "ui@2.0.0 (graduation, group)"], &[]);
}

#[test]
fn dependents_of_a_prerelease_follow_it() {
    let world = World::new().package("core", "2.0.0-rc.1").package("ui", "1.0.0");
    let caret = world.clone().dependency("ui", DependencyKind::Prod, "core", "^2.0.0-rc.1").commit("core", "fix: x");
    check(caret, &["core@2.0.0-rc.2 (commit)"], &[]);
    let exact = world.dependency("ui", DependencyKind::Prod, "core", "2.0.0-rc.1").commit("core", "fix: x");
    check(exact, &["core@2.0.0-rc.2 (commit)", "ui@1.0.1 (dependency)"], &["ui: core 2.0.0-rc.1 -> 2.0.0-rc.2"]);
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
fn where_ranges_are_always_updated_who_has_one_is_released() {
    let always = |settings: &mut relay_change::ChangeSettings| settings.always_update_ranges = true;
    let world = core_and_ui(DependencyKind::Prod, "^1.0.0").package("docs", "1.0.0").settings(always);
    let world = world.dependency("docs", DependencyKind::Dev, "core", "^1.0.0").dependency(
        "docs",
        DependencyKind::Prod,
        "ui",
        "*",
    );
    check(
        world.clone().commit("core", "feat: more"),
        &["core@1.3.0 (commit)", "ui@3.0.1 (dependency)"],
        &["ui: core ^1.0.0 -> ^1.3.0"],
    );
    // A range that is not released stays as it was published, and one that has a reason of its own goes along.
    check(
        world.commit("core", "feat: more").commit("docs", "fix: x"),
        &["core@1.3.0 (commit)", "docs@1.0.1 (commit)", "ui@3.0.1 (dependency)"],
        &["docs: core ^1.0.0 -> ^1.3.0", "ui: core ^1.0.0 -> ^1.3.0"],
    );
    // Packing writes these, so that the version step doesn't.
    for protocol in ["workspace:^", "workspace:~"] {
        let world = core_and_ui(DependencyKind::Peer, protocol).settings(always).commit("core", "fix: x");
        check(world, &["core@1.2.1 (commit)", "ui@3.0.1 (dependency)"], &[]);
    }
    let mut catalog = core_and_ui(DependencyKind::Prod, "catalog:").settings(always).commit("core", "fix: x");
    catalog.catalogs.entry(None).or_default().insert("core".to_owned(), "^1.1.0".to_owned());
    check(catalog, &["core@1.2.1 (commit)", "ui@3.0.1 (dependency)"], &["catalog: core ^1.1.0 -> ^1.2.1"]);
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
