//! What preflight finds in the specifiers of runtime dependencies.

use relay_change::Bump;
use relay_graph::DependencyGraph;
use relay_plan::{Severity, SkipReason};
use relay_workspace::DependencyKind;
use relay_workspace::fixture::WorkspaceFixture;

use crate::world::{World, version};

/// A workspace in which `core` 1.2.3 depends on `base`, which has that version, by one specifier.
fn workspace(kind: DependencyKind, specifier: &str, base: &str) -> DependencyGraph {
    let workspace = WorkspaceFixture::new().package("base", base).package("core", "1.2.3");
    DependencyGraph::build(&workspace.dependency("core", kind, "base", specifier).build())
}

/// The findings about packages.
fn findings(world: &World, graph: &DependencyGraph) -> Vec<(Severity, String)> {
    let plan = world.plan_over(graph).unwrap_or_else(|error| panic!("{error}"));
    let about = plan.findings.into_iter().filter(|finding| finding.package.is_some());
    about.map(|finding| (finding.severity, finding.text)).collect()
}

fn alone() -> World {
    World::new().release("core").skip("base", SkipReason::NotChanged)
}

#[test]
fn a_workspace_range_must_accept_the_version_that_is_there() {
    let text = "its `dependencies` have `base` as `workspace:^2.0.0`, and the workspace's `base` is 1.0.0";
    let graph = workspace(DependencyKind::Prod, "workspace:^2.0.0", "1.0.0");
    assert_eq!(findings(&alone(), &graph), [(Severity::Error, text.to_owned())]);
    let stays = World::new().skip("core", SkipReason::NotChanged).skip("base", SkipReason::NotChanged);
    assert_eq!(findings(&stays, &graph), [(Severity::Warning, text.to_owned())]);
    for kind in [DependencyKind::Optional, DependencyKind::Peer] {
        let graph = workspace(kind, "workspace:base@^2.0.0", "1.0.0");
        assert_eq!(findings(&alone(), &graph).len(), 1, "{kind:?}");
    }
    for fine in ["workspace:^1.0.0", "workspace:^", "workspace:*", "workspace:>=", "workspace:latest", "^1.0.0"] {
        assert_eq!(findings(&alone(), &workspace(DependencyKind::Prod, fine, "1.0.0")), [], "{fine}");
    }
    assert_eq!(findings(&alone(), &workspace(DependencyKind::Dev, "workspace:^2.0.0", "1.0.0")), []);
}

#[test]
fn a_range_of_what_gets_another_version_follows_it() {
    let graph = workspace(DependencyKind::Prod, "workspace:^2.0.0", "1.2.3");
    assert_eq!(findings(&World::new().release("core").release("base"), &graph), []);
    let as_it_is = World::new().release("core").release_with("base", |base| {
        base.bump = Bump::None;
        base.next = version("1.2.3");
    });
    assert_eq!(findings(&as_it_is, &graph).len(), 1);
}

#[test]
fn a_prerelease_of_what_a_range_accepts_is_a_warning() {
    let graph = workspace(DependencyKind::Prod, "workspace:^1.1.0", "1.1.0-beta.1");
    let text = "its `dependencies` have `base` as `workspace:^1.1.0`, and the workspace's `base` is 1.1.0-beta.1";
    assert_eq!(findings(&alone(), &graph), [(Severity::Warning, text.to_owned())]);
}

#[test]
fn what_nobody_can_install_is_an_error_where_it_is_released_and_else_a_warning() {
    let seen = |specifier| findings(&alone(), &workspace(DependencyKind::Prod, specifier, "1.0.0"));
    let error = |text: &str| [(Severity::Error, format!("its `dependencies` have `base` as {text}"))];
    let path = "a path that leads out of the package, where whoever installs it has nothing";
    assert_eq!(seen("file:../base"), error(&format!("`file:../base`, {path}")));
    assert_eq!(seen("link:../../x"), error(&format!("`link:../../x`, {path}")));
    assert_eq!(seen("foo:bar"), error("`foo:bar`, and npm knows no protocol `foo:`, so that it installs nothing"));
    assert_eq!(
        seen("not a range"),
        error(
            "`not a range`, which is neither a range of versions nor a dist-tag nor an address, so that npm refuses it"
        )
    );
    let graph = workspace(DependencyKind::Prod, "file:../base", "1.0.0");
    let stays = |reason| World::new().skip("core", reason).skip("base", SkipReason::NotChanged);
    assert_eq!(findings(&stays(SkipReason::AlreadyPublished), &graph)[0].0, Severity::Warning);
    for reason in [SkipReason::Private, SkipReason::NoVersion, SkipReason::Ignored, SkipReason::NotSelected] {
        assert_eq!(findings(&stays(reason), &graph), [], "{reason:?}");
    }
}

#[test]
fn what_npm_installs_is_no_finding() {
    for specifier in ["user/repo", "git+https://h.example/x.git", "https://h.example/x.tgz", "npm:other@^1"] {
        assert_eq!(findings(&alone(), &workspace(DependencyKind::Prod, specifier, "1.0.0")), [], "{specifier}");
    }
    // A tag may lead anywhere, and here nobody has looked.
    let found = findings(&alone(), &workspace(DependencyKind::Prod, "next", "1.0.0"));
    assert!(found.len() == 1 && found[0].0 == Severity::Warning && found[0].1.contains("a dist-tag"), "{found:?}");
}
