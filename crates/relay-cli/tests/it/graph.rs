//! `relay graph` on small workspaces, and what is wrong with a workspace.

use serde_json::Value;

use crate::world::Repo;

/// `app → ui → core`, `ui ⇢ tools` (dev), a private package and one that nobody needs.
fn repo() -> Repo {
    Repo::pnpm()
        .package("@acme/app", "0.1.0", r#""private":true,"dependencies":{"@acme/ui":"workspace:^"}"#)
        .package(
            "@acme/ui",
            "2.0.0",
            r#""peerDependencies":{"@acme/core":"^1.0.0"},"devDependencies":{"@acme/tools":"workspace:*"}"#,
        )
        .package("@acme/core", "1.2.0", r#""dependencies":{"left-pad":"^1.0.0"}"#)
        .package("@acme/tools", "1.0.0", "")
        .package("@acme/alone", "1.0.0", "")
}

/// `a → b → c → a` at runtime.
fn circle() -> Repo {
    Repo::pnpm()
        .package("a", "1.0.0", r#""dependencies":{"b":"workspace:*"}"#)
        .package("b", "1.0.0", r#""dependencies":{"c":"workspace:*"}"#)
        .package("c", "1.0.0", r#""dependencies":{"a":"workspace:*"}"#)
        .package("d", "1.0.0", r#""dependencies":{"a":"workspace:*"}"#)
}

#[test]
fn draws_a_workspace_in_four_formats() {
    for format in ["text", "json", "dot", "mermaid"] {
        let run = repo().relay(&format!("graph --format {format}"));
        insta::assert_snapshot!(format!("graph_as_{format}"), run.session());
    }
}

#[test]
fn json_is_the_same_by_either_flag_and_has_the_schema_s_fields() {
    let repo = repo();
    let run = repo.relay("graph --json");
    assert_eq!(run.stdout, repo.relay("graph --format json").stdout);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema"], "relay.graph/1");
    let order: Vec<&str> = document["order"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let place = |name: &str| order.iter().position(|known| *known == name).unwrap();
    assert!(place("@acme/core") < place("@acme/ui") && place("@acme/ui") < place("@acme/app"), "{order:?}");
    let edges = document["edges"].as_array().unwrap();
    let dev = edges.iter().find(|edge| edge["kind"] == "dev").unwrap();
    assert_eq!((&dev["from"], &dev["orders"]), (&Value::from("@acme/ui"), &Value::from(false)));
}

#[test]
fn a_filter_draws_a_part() {
    insta::assert_snapshot!(repo().relay("graph --filter ui...").session());
}

#[test]
fn works_from_any_folder_of_the_workspace() {
    let repo = repo();
    let whole = repo.relay("graph");
    assert_eq!(repo.relay_in("packages/core", "graph").stdout, whole.stdout);
    assert_eq!(repo.relay("graph --cwd packages").stdout, whole.stdout);
}

#[test]
fn a_circle_at_runtime_is_a_warning_and_not_in_the_way() {
    insta::assert_snapshot!(circle().relay("graph").session());
}

#[test]
fn a_circle_through_a_dev_dependency_is_ordinary() {
    let repo = Repo::pnpm().package("a", "1.0.0", r#""dependencies":{"b":"workspace:*"}"#).package(
        "b",
        "1.0.0",
        r#""devDependencies":{"a":"workspace:*"}"#,
    );
    insta::assert_snapshot!(repo.relay("graph").session());
}

#[test]
fn a_workspace_dependency_that_is_missing_is_a_warning() {
    let repo = Repo::pnpm().package("a", "1.0.0", r#""dependencies":{"gone":"workspace:^"}"#);
    insta::assert_snapshot!(repo.relay("graph").session());
}

#[test]
fn what_can_t_be_installed_is_a_warning() {
    let repo = Repo::pnpm().package("a", "1.0.0", r#""dependencies":{"b":"workspace:^","react":"catalog:"}"#).package(
        "b",
        "1.0.0",
        r#""private":true"#,
    );
    insta::assert_snapshot!(repo.relay("graph").stderr);
}

#[test]
fn a_filter_that_matches_nothing_is_an_error() {
    insta::assert_snapshot!(repo().relay("graph --filter coer").session());
    insta::assert_snapshot!(repo().relay("graph --filter [main]").session());
}
