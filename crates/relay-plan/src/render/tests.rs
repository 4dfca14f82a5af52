//! Plans as people see them.

use std::collections::{BTreeMap, BTreeSet};

use relay_change::{Bump, ReleaseCause};
use relay_config::{AccessSource, CredentialKind, PublishingAccess, RegistryRules};
use relay_graph::DependencyGraph;
use relay_workspace::fixture::WorkspaceFixture;
use relay_workspace::{DependencyKind, PackageName, Version};

use super::{TextStyle, render_markdown, render_text};
use crate::{
    CredentialFact, Observations, PackageObservation, PublishedState, ReleasePlan, SkipReason, SkippedObservation, plan,
};

const PLAIN: TextStyle = TextStyle { width: 100, colour: false };

fn name(text: &str) -> PackageName {
    PackageName::parse(text).expect("a name")
}

fn observed(package: &str, from: [u64; 3], to: [u64; 3], credentials: &[CredentialKind]) -> PackageObservation {
    let version = |v: [u64; 3]| Version::new(v[0], v[1], v[2]);
    let access = if package == "@acme/core" { PublishingAccess::Publish } else { PublishingAccess::Automation };
    PackageObservation {
        name: name(package),
        path: format!("packages/{}", name(package).unscoped()),
        current: version(from),
        next: version(to),
        bump: Bump::Minor,
        causes: vec![ReleaseCause::Commit {
            id: "3f9c".to_owned(),
            text: "feat: lines | carry <b>levels</b>".to_owned(),
        }],
        registry: "https://registry.example/".to_owned(),
        rules: RegistryRules::Npm,
        tag: None,
        access: None,
        published: PublishedState::Present {
            versions: BTreeSet::from([version(from)]),
            latest: Some(version(from)),
            next_is_there: false,
        },
        publishing_access: Some((access, AccessSource::Declared)),
        allowed_routes: None,
        credentials: credentials
            .iter()
            .map(|kind| CredentialFact {
                kind: *kind,
                source: if *kind == CredentialKind::Session { "`.npmrc`" } else { "environment variable `NPM_TOKEN`" }
                    .to_owned(),
                expires: None,
            })
            .collect(),
        credential_problems: Vec::new(),
        tarball: None,
    }
}

fn example(credentials: &[CredentialKind]) -> ReleasePlan {
    let workspace = WorkspaceFixture::new()
        .package("@acme/log", "1.0.0")
        .package("@acme/core", "1.2.3")
        .package("@acme/ui", "0.4.0")
        .private("@acme/site")
        .dependency("@acme/core", DependencyKind::Prod, "@acme/log", "workspace:^")
        .dependency("@acme/ui", DependencyKind::Peer, "@acme/core", "workspace:^")
        .build();
    let graph = DependencyGraph::build(&workspace);
    plan(&Observations {
        created: "2026-11-24T09:00:00Z".parse().expect("a time"),
        head: Some("0123456789".to_owned()),
        offline: false,
        terminal: true,
        otp_given: false,
        graph: &graph,
        packages: vec![
            observed("@acme/ui", [0, 4, 0], [0, 5, 0], credentials),
            observed("@acme/log", [1, 0, 0], [1, 1, 0], credentials),
            observed("@acme/core", [1, 2, 3], [1, 3, 0], credentials),
        ],
        skipped: vec![SkippedObservation { name: name("@acme/site"), reason: SkipReason::Private }],
        inputs: BTreeMap::new(),
        allow_cycles: false,
    })
    .expect("a plan")
}

#[test]
fn a_plan_at_a_terminal() {
    let plan = example(&[CredentialKind::GranularBypass, CredentialKind::Session]);
    insta::assert_snapshot!(render_text(&plan, PLAIN));
}

#[test]
fn a_plan_that_is_blocked() {
    insta::assert_snapshot!(render_text(&example(&[]), PLAIN));
}

#[test]
fn a_plan_in_a_pull_request() {
    let plan = example(&[CredentialKind::GranularBypass, CredentialKind::Session]);
    insta::assert_snapshot!(render_markdown(&plan));
}

#[test]
fn a_plan_file_is_read_back_as_it_was_and_other_files_are_refused() {
    let plan = example(&[CredentialKind::Session]);
    assert_eq!(ReleasePlan::from_json(&plan.to_json()).expect("a plan"), plan);
    let error = ReleasePlan::from_json("{\"schema\":\"relay.plan/9\"}").unwrap_err();
    assert_eq!(error.to_string(), "the plan file has the schema `relay.plan/9`; this relay reads `relay.plan/1`");
}

#[test]
fn a_plan_file_has_the_documented_shape() {
    let json: serde_json::Value = serde_json::from_str(&example(&[CredentialKind::Session]).to_json()).expect("JSON");
    let keys =
        |value: &serde_json::Value| -> Vec<String> { value.as_object().expect("an object").keys().cloned().collect() };
    assert_eq!(
        keys(&json),
        ["schema", "id", "created", "fingerprint", "humans", "packages", "waves", "skipped", "findings"]
    );
    assert_eq!(
        keys(&json["packages"][0]),
        [
            "name",
            "path",
            "current",
            "next",
            "bump",
            "reasons",
            "registry",
            "tag",
            "access",
            "publishing_access",
            "publishing_access_source",
            "route",
            "depends_on",
            "wave",
            "sitting",
            "tarball"
        ]
    );
    assert_eq!(keys(&json["packages"][0]["route"]), ["kind", "reason", "fix", "credential"]);
    assert_eq!(json["packages"][0]["route"]["kind"], "interactive");
    assert_eq!(json["humans"]["challenges"], 3);
}

#[test]
fn the_order_of_what_was_observed_does_not_matter() {
    let plan = example(&[CredentialKind::Session]);
    let names: Vec<&str> = plan.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["@acme/log", "@acme/core", "@acme/ui"]);
    assert_eq!(crate::drift(&plan, &plan), []);
}
