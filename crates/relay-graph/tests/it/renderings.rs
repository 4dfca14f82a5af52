//! The renderings of one workspace that has every kind of edge, both kinds of cycle, and hostile text.

use relay_graph::{DependencyGraph, document, to_dot, to_mermaid, to_text};
use relay_workspace::DependencyKind::{Dev, Optional, Peer, Prod};
use relay_workspace::fixture::WorkspaceFixture;

fn graph() -> DependencyGraph {
    let workspace = WorkspaceFixture::new()
        .package("@acme/log", "1.0.0")
        .package("@acme/core", "1.2.3")
        .package("@acme/ui", "2.0.0-rc.1")
        .package("@acme/testing", "0.1.0")
        .private("end")
        .package("a", "1.0.0")
        .package("b", "1.0.0")
        .dependency("@acme/core", Prod, "@acme/log", "workspace:^")
        .dependency("@acme/core", Dev, "@acme/testing", "workspace:*")
        .dependency("@acme/testing", Prod, "@acme/core", "workspace:^")
        .dependency("@acme/ui", Peer, "@acme/core", "1.x || >=\u{1b}[31m3")
        .dependency("@acme/ui", Optional, "@acme/log", "^1.0.0")
        .dependency("@acme/ui", Prod, "react", "^19.0.0")
        .dependency("@acme/ui", Prod, "@acme/gone", "workspace:*")
        .dependency("end", Prod, "@acme/core", "workspace:\"]; x -> <b>`\\")
        .dependency("end", Prod, "@acme/ui", "workspace:*")
        .dependency("a", Prod, "b", "workspace:~")
        .dependency("b", Optional, "a", "workspace:^")
        .build();
    DependencyGraph::build(&workspace)
}

#[test]
fn text_shows_waves_edges_cycles_and_what_is_missing() {
    insta::assert_snapshot!(to_text(&graph()));
}

#[test]
fn text_of_nothing_is_one_line() {
    let empty = DependencyGraph::from_parts(Vec::new(), Vec::new());
    assert_eq!(to_text(&empty), "0 packages, 0 dependencies inside the workspace, 0 waves in publish order\n");
}

#[test]
fn dot_quotes_every_name() {
    insta::assert_snapshot!(to_dot(&graph()));
}

#[test]
fn mermaid_escapes_every_label() {
    insta::assert_snapshot!(to_mermaid(&graph()));
}

#[test]
fn json_follows_its_schema() {
    let document = document(&graph());
    insta::assert_json_snapshot!(document);
    let text = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<relay_graph::GraphDocument>(&text).unwrap(), document);
}
