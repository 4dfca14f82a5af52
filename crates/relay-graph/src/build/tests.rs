//! Which specifier makes an edge, and which edge orders.

use relay_workspace::fixture::WorkspaceFixture;
use relay_workspace::{DependencyKind, Obstacle};

use crate::{DependencyGraph, MissingTarget};

/// A workspace in which `app` depends on `lib` 1.2.0 (or another version) by one specifier.
fn workspace(kind: DependencyKind, specifier: &str) -> WorkspaceFixture {
    WorkspaceFixture::new()
        .package("app", "1.0.0")
        .package("lib", "1.2.0")
        .package("beta", "2.0.0-rc.1")
        .private("unversioned")
        .catalog(None, "lib", "^1.0.0")
        .catalog(Some("old"), "lib", "^0.9.0")
        .dependency("app", kind, "lib", specifier)
}

#[track_caller]
fn check(kind: DependencyKind, specifier: &str, expected: &[(&str, bool)]) {
    let graph = DependencyGraph::build(&workspace(kind, specifier).build());
    let seen: Vec<_> = graph.edges().iter().map(|edge| (edge.to.as_str(), edge.orders)).collect();
    assert_eq!(seen, expected, "{specifier}");
    assert!(graph.edges().iter().all(|edge| edge.range == specifier && edge.kind == kind));
}

#[test]
fn a_workspace_protocol_always_makes_an_edge() {
    for specifier in ["workspace:*", "workspace:", "workspace:^", "workspace:~", "workspace:^1.0.0", "workspace:^9.0.0"]
    {
        check(DependencyKind::Prod, specifier, &[("lib", true)]);
    }
    check(DependencyKind::Prod, "workspace:../lib", &[("lib", true)]);
    check(DependencyKind::Prod, "workspace:packages/lib", &[("lib", true)]);
    check(DependencyKind::Prod, "workspace:beta@^", &[("beta", true)]);
}

#[test]
fn a_range_makes_an_edge_when_it_accepts_the_version_of_the_workspace() {
    check(DependencyKind::Prod, "^1.0.0", &[("lib", true)]);
    check(DependencyKind::Prod, "^2.0.0", &[]);
    check(DependencyKind::Prod, "", &[("lib", true)]);
    check(DependencyKind::Prod, "latest", &[]);
    check(DependencyKind::Prod, "git+https://h.example/lib.git", &[]);
}

#[test]
fn a_catalog_entry_counts_as_its_range() {
    check(DependencyKind::Prod, "catalog:", &[("lib", true)]);
    check(DependencyKind::Prod, "catalog:default", &[("lib", true)]);
    check(DependencyKind::Prod, "catalog:old", &[]);
    check(DependencyKind::Prod, "catalog:none", &[]);
}

#[test]
fn an_alias_leads_to_the_package_it_names() {
    check(DependencyKind::Prod, "npm:beta@^2.0.0-rc.0", &[("beta", true)]);
    check(DependencyKind::Prod, "npm:beta@^1", &[]);
    check(DependencyKind::Prod, "npm:beta", &[("beta", true)]);
    check(DependencyKind::Prod, "npm:unversioned@*", &[("unversioned", true)]);
    check(DependencyKind::Prod, "npm:unversioned@^1", &[]);
    // Without a name, as yarn writes it.
    check(DependencyKind::Prod, "npm:^1.0.0", &[("lib", true)]);
    check(DependencyKind::Prod, "npm:^2.0.0", &[]);
}

#[test]
fn a_path_leads_to_the_package_in_that_folder() {
    check(DependencyKind::Prod, "file:../beta", &[("beta", true)]);
    check(DependencyKind::Prod, "link:./../lib/", &[("lib", true)]);
    check(DependencyKind::Prod, "../lib", &[("lib", true)]);
    check(DependencyKind::Prod, "file:../../../lib", &[]);
    check(DependencyKind::Prod, "file:../lib-1.0.0.tgz", &[]);
    check(DependencyKind::Prod, "file:/packages/lib", &[]);
}

#[test]
fn every_kind_but_dev_orders() {
    check(DependencyKind::Optional, "workspace:^", &[("lib", true)]);
    check(DependencyKind::Peer, "^1.2.0", &[("lib", true)]);
    check(DependencyKind::Dev, "workspace:^", &[("lib", false)]);
    check(DependencyKind::Dev, "^3.0.0", &[]);
}

#[test]
fn a_package_that_depends_on_itself_does_not_wait_for_itself() {
    let workspace =
        WorkspaceFixture::new().package("a", "1.0.0").dependency("a", DependencyKind::Prod, "a", "^1.0.0").build();
    let graph = DependencyGraph::build(&workspace);
    assert_eq!(graph.edges().len(), 1);
    assert!(!graph.edges()[0].orders);
    assert!(graph.cycles().is_empty());
}

#[test]
fn a_workspace_specifier_that_names_no_package_is_missing() {
    let workspace = WorkspaceFixture::new()
        .package("a", "1.0.0")
        .dependency("a", DependencyKind::Dev, "gone", "workspace:*")
        .dependency("a", DependencyKind::Prod, "alias", "workspace:away@^")
        .dependency("a", DependencyKind::Prod, "folder", "workspace:../nowhere")
        .dependency("a", DependencyKind::Prod, "outside", "^1.0.0")
        .build();
    let graph = DependencyGraph::build(&workspace);
    let seen: Vec<_> = graph.missing().iter().map(|m| (m.dependency.as_str(), m.range.as_str())).collect();
    assert_eq!(seen, [("away", "workspace:away@^"), ("folder", "workspace:../nowhere"), ("gone", "workspace:*")]);
    assert!(graph.edges().is_empty());
}

#[test]
fn a_catalog_specifier_without_an_entry_is_missing() {
    let workspace = WorkspaceFixture::new()
        .package("a", "1.0.0")
        .catalog(None, "there", "^1.0.0")
        .catalog(None, "around", "catalog:")
        .dependency("a", DependencyKind::Prod, "there", "catalog:")
        .dependency("a", DependencyKind::Prod, "around", "catalog:")
        .dependency("a", DependencyKind::Dev, "gone", "catalog:")
        .dependency("a", DependencyKind::Peer, "there", "catalog:other")
        .build();
    let graph = DependencyGraph::build(&workspace);
    let seen: Vec<_> = graph.missing().iter().map(|m| (m.dependency.as_str(), m.range.as_str(), m.target)).collect();
    let entry = MissingTarget::CatalogEntry;
    assert_eq!(seen, [("around", "catalog:", entry), ("gone", "catalog:", entry), ("there", "catalog:other", entry)]);
}

#[track_caller]
fn check_obstacle(kind: DependencyKind, specifier: &str, expected: Option<&Obstacle>) {
    let graph = DependencyGraph::build(&workspace(kind, specifier).build());
    let seen: Vec<_> = graph.uninstallable().iter().map(|found| (found.range.as_str(), &found.obstacle)).collect();
    let expected: Vec<_> = expected.into_iter().map(|obstacle| (specifier, obstacle)).collect();
    assert_eq!(seen, expected);
}

#[test]
fn what_nobody_can_install_is_listed() {
    for kind in [DependencyKind::Prod, DependencyKind::Optional, DependencyKind::Peer] {
        check_obstacle(kind, "file:../lib", Some(&Obstacle::Local));
        check_obstacle(kind, "link:../../x", Some(&Obstacle::Local));
        check_obstacle(kind, "foo:bar", Some(&Obstacle::Protocol("foo:".to_owned())));
        check_obstacle(kind, "not a range", Some(&Obstacle::Unreadable));
        check_obstacle(kind, "workspace:not a range", Some(&Obstacle::Unreadable));
        for fine in
            ["^1.0.0", "workspace:^9", "workspace:packages/lib", "workspace:latest", "catalog:", "user/repo", "next"]
        {
            check_obstacle(kind, fine, None);
        }
    }
    check_obstacle(DependencyKind::Dev, "file:../lib", None);
    check_obstacle(DependencyKind::Peer, "^1.0.0 || workspace:^", None);
}

#[test]
fn only_what_can_be_a_dist_tag_is_listed_as_one() {
    let tags = |specifier| {
        let graph = DependencyGraph::build(&workspace(DependencyKind::Prod, specifier).build());
        graph.tagged().iter().map(|one| one.tag.clone()).collect::<Vec<_>>()
    };
    assert_eq!(tags("next"), ["next"]);
    assert_eq!(tags("npm:lib@beta"), ["beta"]);
    for other in ["not a range", "lib-1.0.0.tgz", "git@github.com:a/b.git", "user/repo", "^1.0.0", "*", ""] {
        assert_eq!(tags(other), Vec::<String>::new(), "{other}");
    }
}

#[test]
fn an_obstacle_in_a_catalog_or_behind_a_bundle() {
    let of = |workspace: WorkspaceFixture| DependencyGraph::build(&workspace.build()).uninstallable().to_vec();
    let outside = WorkspaceFixture::new().package("app", "1.0.0").catalog(None, "other", "link:../other").dependency(
        "app",
        DependencyKind::Prod,
        "other",
        "catalog:",
    );
    let found = of(outside);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].range.as_str(), &found[0].obstacle), ("catalog:", &Obstacle::Local));
    let bundled = workspace(DependencyKind::Prod, "file:../lib");
    assert_eq!(of(bundled.field("app", "bundleDependencies", serde_json::json!(["lib"]))), []);
}

#[test]
fn a_range_that_leaves_the_workspace_s_version_out_is_listed_with_what_is_published() {
    let listed = |kind: DependencyKind, specifier: &str| -> Vec<(String, String)> {
        let graph = DependencyGraph::build(&workspace(kind, specifier).build());
        let all = graph.out_of_range().iter();
        all.map(|dependency| (dependency.sibling.to_string(), dependency.range.to_string())).collect()
    };
    let lib = |range: &str| vec![("lib".to_owned(), range.to_owned())];
    assert_eq!(listed(DependencyKind::Prod, "^2.0.0"), lib("^2.0.0"));
    assert_eq!(listed(DependencyKind::Optional, "catalog:old"), lib("^0.9.0"));
    assert_eq!(listed(DependencyKind::Peer, "npm:lib@^9"), lib("^9"));
    for within in ["^1.0.0", "workspace:^9.0.0", "latest", "catalog:", "catalog:none", "file:../lib", "npm:away@^9"] {
        assert_eq!(listed(DependencyKind::Prod, within), [], "{within}");
    }
    assert_eq!(listed(DependencyKind::Dev, "^2.0.0"), []);
}

#[test]
fn an_optional_peer_need_not_be_had() {
    let dispensable = |meta: serde_json::Value| {
        let workspace = workspace(DependencyKind::Peer, "^2.0.0").field("app", "peerDependenciesMeta", meta).build();
        DependencyGraph::build(&workspace).out_of_range()[0].dispensable
    };
    assert!(dispensable(serde_json::json!({ "lib": { "optional": true } })));
    assert!(!dispensable(serde_json::json!({ "lib": { "optional": false }, "other": { "optional": true } })));
}

#[test]
fn a_range_ahead_of_the_workspace_waits_for_the_version_to_come() {
    let graph = DependencyGraph::build(&workspace(DependencyKind::Prod, "^2.0.0").build());
    let anticipating = |text: &str| {
        let next = relay_workspace::Version::parse(text).unwrap();
        let graph = graph.anticipating(|name| (name.as_str() == "lib").then_some(&next))?;
        Some(
            graph
                .edges()
                .iter()
                .map(|edge| (edge.from.to_string(), edge.to.to_string(), edge.orders))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(anticipating("2.0.0"), Some(vec![("app".to_owned(), "lib".to_owned(), true)]));
    assert_eq!(anticipating("1.3.0"), None);
}
