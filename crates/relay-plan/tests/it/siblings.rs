//! Packages of the same workspace, their ranges and what is live of them.

use std::collections::BTreeSet;

use relay_graph::DependencyGraph;
use relay_plan::{PublishedState, SkipReason};
use relay_workspace::DependencyKind;
use relay_workspace::fixture::WorkspaceFixture;

use crate::world::{World, name, version};

/// All these versions, the last one `latest`.
fn live(versions: &[&str]) -> PublishedState {
    let latest = versions.last().map(|text| version(text));
    let versions: BTreeSet<_> = versions.iter().map(|text| version(text)).collect();
    PublishedState::Present { versions, deprecated: BTreeSet::new(), latest, tags: [].into(), next_is_there: false }
}

/// As [`live`], the first version deprecated.
fn live_but_the_first(versions: &[&str]) -> PublishedState {
    let mut state = live(versions);
    if let (PublishedState::Present { deprecated, .. }, Some(first)) = (&mut state, versions.first()) {
        deprecated.insert(version(first));
    }
    state
}

/// What is found about `core` 1.2.3, which goes to 1.3.0 and depends on `base`.
#[derive(Clone)]
struct Case {
    base: &'static str,
    specifier: &'static str,
    kind: DependencyKind,
    published: PublishedState,
    core_published: PublishedState,
}

fn case(base: &'static str, specifier: &'static str, published: PublishedState) -> Case {
    Case { base, specifier, kind: DependencyKind::Prod, published, core_published: live(&["1.2.3"]) }
}

impl Case {
    fn graph(&self) -> DependencyGraph {
        let workspace = WorkspaceFixture::new().package("core", "1.2.3").package("base", self.base).dependency(
            "core",
            self.kind,
            "base",
            self.specifier,
        );
        DependencyGraph::build(&workspace.build())
    }

    fn found(self, world: World) -> Vec<String> {
        let core_published = self.core_published.clone();
        let mut world = world.release_with("core", |core| core.published = core_published);
        world.left_out.insert(name("base"), self.published.clone());
        let plan = world.plan_over(&self.graph()).expect("a plan");
        let of_core = plan.findings.iter().filter(|finding| finding.package == Some(name("core")));
        of_core.map(|finding| format!("{} {}", finding.severity.as_str(), finding.text)).collect()
    }

    /// `base` is left out, since its version is live.
    #[track_caller]
    fn check(self, expected: &[&str]) {
        let text = format!("{} {} {:?}", self.base, self.specifier, self.published);
        assert_eq!(self.found(World::new().skip("base", SkipReason::NotChanged)), expected, "{text}");
    }
}

#[test]
fn a_range_must_have_a_version_that_is_live() {
    let nor = |specifier: &str, highest: &str| {
        format!(
            "error its `dependencies` have `base` as `{specifier}`, which the workspace's 1.2.3 is not in, nor is any \
             version on its registry, up to {highest}, so it can't be installed"
        )
    };
    case("1.2.3", "^9.0.0", live(&["1.2.3", "1.3.0"])).check(&[&nor("^9.0.0", "1.3.0")]);
    case("1.2.3", "^9.0.0", live(&["9.1.0", "1.2.3"])).check(&[]);
    case("1.2.3", "npm:base@^9", live(&["1.2.3"])).check(&[&nor("npm:base@^9", "1.2.3")]);
    case("1.2.3", "^2.0.0", live(&["1.2.3", "2.1.0-rc.1"])).check(&[&nor("^2.0.0", "2.1.0-rc.1")]);
    case("1.2.3", "^2.0.0-rc.0", live(&["2.0.0-rc.1", "1.2.3"])).check(&[]);
    case("1.2.3", "^9.0.0", PublishedState::Absent).check(&[
        "error its `dependencies` have `base` as `^9.0.0`, which the workspace's 1.2.3 is not in, and its registry does \
         not know it, so it can't be installed",
    ]);
}

#[test]
fn optional_and_peer_dependencies_count_and_dev_ones_don_t() {
    for (kind, expected) in [(DependencyKind::Optional, 1), (DependencyKind::Peer, 1), (DependencyKind::Dev, 0)] {
        let found = Case { kind, ..case("1.2.3", "^9.0.0", live(&["1.2.3"])) }
            .found(World::new().skip("base", SkipReason::NotChanged));
        assert_eq!(found.len(), expected, "{kind:?}: {found:?}");
    }
}

#[test]
fn the_version_that_is_about_to_be_published_is_one() {
    let released = |specifier: &'static str| {
        case("1.9.0", specifier, live(&["1.9.0"])).found(World::new().release_with("base", |base| {
            base.current = version("1.9.0");
            base.next = version("2.0.0");
            base.published = live(&["1.9.0"]);
        }))
    };
    assert_eq!(released("^2.0.0"), [""; 0]);
    assert_eq!(released("^3.0.0").len(), 1);
}

#[test]
fn what_nobody_could_find_out_is_a_warning_that_says_so() {
    let unknown = case("1.2.3", "^9.0.0", PublishedState::Unknown);
    let mut world = World::new().skip("base", SkipReason::NotChanged);
    assert_eq!(
        unknown.clone().found(world.clone()),
        [
            "warning its `dependencies` have `base` as `^9.0.0`, which the workspace's 1.2.3 is not in; whether its registry \
          has a version in that range could not be found out"
        ]
    );
    world.offline = true;
    let found = unknown.found(world);
    assert!(found[0].starts_with("warning") && found[0].ends_with("was not asked"), "{found:?}");
}

#[test]
fn a_manifest_behind_its_own_line_is_an_error() {
    let behind = |specifier: &str, here: &str, there: &str| {
        format!(
            "error its `dependencies` have `base` as `{specifier}`, and the workspace's `base` is at {here}, behind {there} \
             on its registry"
        )
    };
    let all = || live(&["0.1.0", "0.15.0", "1.0.0", "1.5.0", "2.0.0"]);
    case("0.1.0", "workspace:*", all()).check(&[&behind("workspace:*", "0.1.0", "0.15.0")]);
    case("1.0.0", "workspace:^", all()).check(&[&behind("workspace:^", "1.0.0", "1.5.0")]);
    case("1.0.0", "~1.0.0", all()).check(&[&behind("~1.0.0", "1.0.0", "1.5.0")]);
    case("2.0.0-rc.1", "workspace:*", all()).check(&[&behind("workspace:*", "2.0.0-rc.1", "2.0.0")]);
    case("2.0.0", "workspace:*", all()).check(&[]);
    case("2.1.0", "workspace:*", all()).check(&[]);
    // Somebody published it by mistake, and said so.
    case("1.5.0", "workspace:*", live_but_the_first(&["1.6.0", "1.5.0"])).check(&[]);
    case("1.5.0", "^1.6.0", live_but_the_first(&["1.6.0", "1.5.0"])).check(&[]);
    case("1.5.0", "workspace:*", live(&["1.6.0-rc.1", "1.5.0"])).check(&[]);
}

#[test]
fn a_range_that_reaches_the_newer_version_or_a_newer_line_is_a_warning() {
    case("1.0.0", "^1.0.0", live(&["1.0.0", "1.5.0"])).check(&[
        "warning its `dependencies` have `base` as `^1.0.0`, and the workspace's `base` is at 1.0.0, behind 1.5.0 on its \
         registry",
    ]);
    case("1.5.0", "workspace:*", live(&["1.5.0", "2.0.0"])).check(&[
        "warning its `dependencies` have `base` as `workspace:*`, and the workspace's `base` is at 1.5.0, while `latest` on \
         its registry is 2.0.0",
    ]);
}

#[test]
fn a_maintenance_branch_is_compared_within_its_line() {
    let of_major = live(&["1.2.3", "2.0.0"]);
    let of_minor = live(&["1.2.3", "1.5.0", "2.0.0"]);
    let check = |core_published: &PublishedState, base, published, count: usize| {
        let case = Case { core_published: core_published.clone(), ..case(base, "workspace:*", published) };
        let found = case.found(World::new().skip("base", SkipReason::NotChanged));
        let found: Vec<_> = found.iter().filter(|text| text.contains("have `base`")).collect();
        assert_eq!(found.len(), count, "{base}: {found:?}");
    };
    check(&of_major, "1.5.0", live(&["1.5.0", "2.0.0"]), 0);
    check(&of_major, "1.4.0", live(&["1.4.0", "1.5.0", "2.0.0"]), 1);
    check(&of_minor, "1.4.0", live(&["1.4.0", "1.5.0", "2.0.0"]), 0);
    check(&of_minor, "1.4.0", live(&["1.4.0", "1.4.1", "2.0.0"]), 1);
}

#[test]
fn what_is_released_too_is_judged_by_itself() {
    let found = case("1.0.0", "workspace:*", live(&["1.5.0"])).found(World::new().release_with("base", |base| {
        base.current = version("1.0.0");
        base.next = version("1.0.0");
        base.published = live(&["1.5.0"]);
    }));
    assert_eq!(found, [""; 0]);
}
