//! Order, waves, sittings, people, errors.

use std::time::Duration;

use relay_config::{AccessSource, PublishingAccess, RegistryRules, RouteKind, WaitFor};
use relay_plan::{PLAN_SCHEMA, ReleasePlan, SeenDelay, Severity, Way};
use relay_workspace::{DependencyKind, PackageName};

use crate::world::{REGISTRY, World, acme, name, registry, tag};

fn names(packages: &[PackageName]) -> Vec<&str> {
    packages.iter().map(PackageName::as_str).collect()
}

fn order(plan: &ReleasePlan) -> Vec<String> {
    plan.packages.iter().map(|package| format!("{} {}", package.wave, package.name)).collect()
}

#[test]
fn packages_come_by_wave_then_by_chain_of_dependents_then_by_name() {
    let world = World::new()
        .release("z-base")
        .release("a-alone")
        .release("b-base")
        .release("middle")
        .release("top")
        .needs("middle", "z-base")
        .needs("top", "middle")
        .needs("top", "b-base");
    let plan = world.plan();
    assert_eq!(order(&plan), ["1 z-base", "1 b-base", "1 a-alone", "2 middle", "3 top"]);
    assert_eq!(names(&plan.waves[0]), ["z-base", "b-base", "a-alone"]);
    assert_eq!(names(&plan.package(&name("top")).unwrap().depends_on), ["b-base", "middle"]);
}

#[test]
fn only_what_is_released_and_needed_at_runtime_holds_a_package_back() {
    let world = World::new()
        .release("base")
        .package("unchanged")
        .release("top")
        .needs("top", "unchanged")
        .needs("unchanged", "base")
        .depends("base", "top", DependencyKind::Dev)
        .depends("top", "base", DependencyKind::Peer)
        .needs("top", "base");
    let plan = world.plan();
    assert_eq!(order(&plan), ["1 base", "2 top"]);
    assert_eq!(names(&plan.package(&name("top")).unwrap().depends_on), ["base"]);
}

#[test]
fn people_are_counted_by_package_and_by_sitting() {
    let plan = acme().plan();
    assert_eq!((plan.humans.sittings, plan.humans.challenges), (1, 2));
    assert_eq!(names(&plan.humans.packages), ["@acme/core", "@acme/ui"]);
    let sitting = |text| plan.package(&name(text)).unwrap().sitting;
    assert_eq!((sitting("@acme/core"), sitting("@acme/ui"), sitting("@acme/log")), (Some(1), Some(1), None));
}

#[test]
fn what_needs_nobody_between_two_that_need_a_person_takes_a_second_sitting() {
    let world = World::new()
        .release_by_person("base")
        .release("middle")
        .release_by_person("top")
        .needs("middle", "base")
        .needs("top", "middle");
    let plan = world.plan();
    let sittings: Vec<_> = plan.packages.iter().map(|package| package.sitting).collect();
    assert_eq!(sittings, [Some(1), None, Some(2)]);
    assert_eq!((plan.humans.sittings, plan.humans.challenges), (2, 2));
}

#[test]
fn publishing_access_is_what_is_said_or_npms_default() {
    let plan = acme().plan();
    let of = |text| {
        let package = plan.package(&name(text)).unwrap();
        (package.publishing_access, package.publishing_access_source, package.route.kind)
    };
    assert_eq!(of("@acme/log"), (PublishingAccess::Automation, AccessSource::Default, RouteKind::Token));
    assert_eq!(of("@acme/core"), (PublishingAccess::Publish, AccessSource::Declared, RouteKind::Interactive));
    assert_eq!(of("@acme/internal"), (PublishingAccess::None, AccessSource::Default, RouteKind::Plain));
}

#[test]
fn the_credential_is_named_by_its_source() {
    let plan = acme().plan();
    let source = |text| plan.package(&name(text)).unwrap().route.credential.clone();
    assert_eq!(source("@acme/log").as_deref(), Some("environment variable `NPM_TOKEN`"));
    assert_eq!(source("@acme/core").as_deref(), Some("`.npmrc` of the home folder"));
}

#[test]
fn a_runtime_cycle_is_refused_with_its_path_and_the_way_to_allow_it() {
    let mut world = World::new().release("a").release("b").release("c");
    world = world.needs("a", "b").needs("b", "a").needs("c", "a");
    insta::assert_snapshot!(world.try_plan().unwrap_err(), @"`a` → `b` (prod) → `a` (prod) is a cycle of runtime dependencies, so that no order publishes each package after what it needs; break the cycle, or allow it with `--allow-cycles` or `publish.allow-cycles = true` in `relay.toml`");
    world.allow_cycles = true;
    let plan = world.plan();
    assert_eq!(order(&plan), ["1 a", "1 b", "2 c"]);
    assert!(!plan.has_errors());
    assert!(plan.findings.iter().any(|finding| {
        finding.severity == Severity::Warning
            && finding.text.contains("`a` → `b` (prod) → `a` (prod)")
            && finding.package.is_none()
    }));
}

#[test]
fn a_cycle_that_a_peer_dependency_closes_is_in_nobodys_way() {
    let world = World::new().release("core").release("plugin");
    let world = world.needs("core", "plugin").depends("plugin", "core", DependencyKind::Peer);
    let plan = world.plan();
    assert_eq!(order(&plan), ["1 plugin", "2 core"]);
    assert!(plan.findings.iter().all(|finding| !finding.text.contains("cycle")), "{:?}", plan.findings);
    // With a second reason on the same way, the peer dependency is not what closes it.
    let also = world.depends("plugin", "core", DependencyKind::Optional);
    let text = also.try_plan().unwrap_err().to_string();
    assert!(text.starts_with("`core` → `plugin` (prod) → `core` (optional) is a cycle of runtime"), "{text}");
}

#[test]
fn a_cycle_through_dev_dependencies_or_through_what_stays_is_in_nobodys_way() {
    let dev = World::new().release("a").release("b").needs("a", "b").depends("b", "a", DependencyKind::Dev);
    assert_eq!(order(&dev.plan()), ["1 b", "2 a"]);
    let stays = World::new().release("a").package("b").needs("a", "b").needs("b", "a");
    assert_eq!(order(&stays.plan()), ["1 a"]);
    let among = World::new().release("a").release("b").package("c");
    let among = among.needs("a", "b").needs("b", "c").needs("c", "a");
    assert_eq!(order(&among.plan()), ["1 b", "2 a"]);
}

#[test]
fn observations_that_contradict_themselves_are_refused() {
    let mut world = World::new().release("a");
    let graph = world.graph();
    world.released.push(world.released[0].clone());
    insta::assert_snapshot!(world.try_plan().unwrap_err(), @"`a` was observed twice, so that there are two answers to each question about it");
    let strange = World::new().release("b");
    insta::assert_snapshot!(strange.plan_over(&graph).unwrap_err(), @"`b` is to be released and is not in the dependency graph");
}

#[test]
fn nothing_to_do_is_an_empty_plan() {
    let plan = World::new().plan();
    assert!(plan.is_empty() && !plan.has_errors() && plan.waves.is_empty() && plan.findings.is_empty());
    assert_eq!(plan.humans.sittings, 0);
}

#[test]
fn the_id_tells_plans_apart_and_time_does_not_count() {
    let plan = acme().plan();
    assert_eq!(plan.id, plan.content_id());
    let mut later = plan.clone();
    later.created = "2026-11-25T09:00:00Z".parse().unwrap();
    assert_eq!(later.content_id(), plan.id);
    later.packages[0].tag = tag("next");
    assert_ne!(later.content_id(), plan.id);
    assert_ne!(World { head: None, ..acme() }.plan().id, plan.id);
}

#[test]
fn a_plan_survives_its_file() {
    for world in [World::new(), acme(), World { head: None, offline: true, ..acme() }] {
        let plan = world.plan();
        let read = ReleasePlan::from_json(&plan.to_json()).unwrap();
        assert_eq!(read, plan);
        assert_eq!(read.content_id(), plan.id);
    }
}

#[test]
fn a_plan_of_a_later_relay_can_be_read() {
    let plan = acme().plan();
    let text = plan.to_json().replace("\"waves\":", "\"moon\": { \"phase\": 3 }, \"waves\":");
    let text = text.replace("\"bump\":", "\"quota\": [1], \"bump\":");
    assert_eq!(ReleasePlan::from_json(&text).unwrap(), plan);
}

#[track_caller]
fn check_refused(from: &str, to: &str, expected: &str) {
    let text = acme().plan().to_json();
    assert!(text.contains(from), "the plan has `{from}`");
    let error =
        ReleasePlan::from_json(&text.replacen(from, to, 1)).expect_err("a contradiction is refused").to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_plan_that_contradicts_itself_is_refused() {
    check_refused("\"name\": \"@acme/core\"", "\"name\": \"@acme/log\"", "`@acme/log` is in it twice");
    check_refused("\"wave\": 1", "\"wave\": 2", "is not in its wave 2");
    check_refused(
        "\"@acme/log\"\n      ],\n      \"wave\"",
        "\"@acme/gone\"\n      ],\n      \"wave\"",
        "`@acme/gone`, which is not in it",
    );
    check_refused("\"waves\": [\n    [", "\"waves\": [\n    [ \"zzz\",", "the waves have 7 packages, the plan has 6");
    check_refused("\"next\": \"1.3.0\"", "\"next\": \"one\"", "unexpected character 'o'");
    check_refused("\"name\": \"@acme/core\"", "\"name\": \"../core\"", "is not a package name npm accepts");
}

#[test]
fn the_schema_is_named() {
    assert_eq!(World::new().plan().schema, PLAN_SCHEMA);
    assert_eq!(RegistryRules::Npm, acme().released[0].rules);
}

#[test]
fn the_costs_of_waiting_are_no_part_of_what_is_agreed_on() {
    let mut world = acme();
    let plan = world.plan();
    let waiting = plan.waiting.as_ref().expect("three levels");
    assert_eq!(waiting.levels, 3);
    let costs: Vec<_> =
        waiting.ways.iter().map(|cost| (cost.way, cost.seconds, cost.challenges, cost.planned)).collect();
    let expected = [(Way::Visible, 900, 2, true), (Way::Accepted, 300, 2, false), (Way::PromoteLast, 300, 6, false)];
    assert_eq!(costs, expected);
    assert_eq!(waiting.delays.iter().map(|delay| delay.seen_in).collect::<Vec<_>>(), [0]);

    world.delays.insert(registry(REGISTRY), SeenDelay { usual: Duration::from_mins(9), releases: 4 });
    let later = world.plan();
    assert_eq!(later.waiting.as_ref().expect("costs").cost(Way::Visible).expect("a cost").seconds, 27 * 60);
    assert_eq!(later.id, plan.id);
    world.wait_for = WaitFor::Accepted;
    assert!(world.plan().waiting.expect("costs").cost(Way::Accepted).expect("a cost").planned);
}
