//! A package whose maintainers are others than the one whose token is at hand.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

#[test]
fn a_token_of_somebody_who_may_not_publish_is_told_by_the_plan() {
    let registry = CountingRegistry::start();
    registry.account("contributor");
    let world = npm_workspaces(&[("a", "\"version\":\"1.0.1\""), ("b", "\"version\":\"1.0.1\"")]);
    at_home_in(&world, &registry);
    world.commit("init");
    for (name, maintainers) in
        [("a", serde_json::json!([{ "name": "maintainer" }])), ("b", serde_json::json!(["contributor <b@x.example>"]))]
    {
        registry.has(name, &["1.0.0"]);
        registry.change(name, |packument| packument["maintainers"] = maintainers);
    }
    let ran = world.relay(&["plan", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    let findings: Vec<_> = plan["findings"].as_array().expect("findings").iter().collect();
    let about: Vec<_> = findings
        .iter()
        .filter(|finding| finding["text"].as_str().is_some_and(|text| text.contains("belongs to `contributor`")))
        .collect();
    assert_eq!(about.len(), 1, "{findings:?}");
    assert_eq!((&about[0]["package"], &about[0]["severity"]), (&"a".into(), &"warning".into()));
    assert!(about[0]["text"].as_str().is_some_and(|text| text.contains("`maintainer`")), "{about:?}");
    // One question a package and one for the account, as ever.
    assert_eq!(registry.asked().len(), 3, "{:?}", registry.asked());
}

/// Seven packages in the registry, of which `contributor` may write and read some, and what the plan says of each; with the number of
/// requests.
fn of_many(listing: Option<&str>) -> (Vec<(String, String)>, usize) {
    let registry = CountingRegistry::start();
    registry.account("contributor");
    let names: Vec<String> = (1..=7).map(|number| format!("@acme/p{number}")).collect();
    let packages: Vec<_> = names.iter().map(|name| (name.as_str(), "\"version\":\"1.0.1\"")).collect();
    let world = npm_workspaces(&packages);
    at_home_in(&world, &registry);
    world.commit("init");
    for name in names.iter().take(6) {
        registry.has(name, &["1.0.0"]);
    }
    match listing {
        Some(listing) => registry.tells("GET", "-/user/contributor/package", 200, listing),
        None => registry.tells("GET", "-/user/contributor/package", 403, "{}"),
    }
    let ran = world.relay(&["plan", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let findings = plan["findings"].as_array().expect("findings");
    let told = findings.iter().map(|finding| (text(&finding["package"]), text(&finding["text"])));
    (told.filter(|(_, text)| text.contains("belongs to `contributor`")).collect(), registry.asked().len())
}

#[test]
fn of_many_packages_the_account_is_asked_once_for_all() {
    let listing = "{\"@acme/p1\":\"write\",\"@acme/p2\":\"read-write\",\"@acme/p3\":\"write\",\"@acme/p4\":\"write\",\
                   \"@acme/p5\":\"read\"}";
    let (told, asked) = of_many(Some(listing));
    let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["@acme/p5", "@acme/p6"], "p7 is new: {told:?}");
    assert!(told[0].1.contains("who may only read it"), "{told:?}");
    assert!(told[1].1.contains("not among the packages that the registry lists for that account"), "{told:?}");
    assert_eq!(asked, 7 + 2, "each package, the account, and its packages");
}

#[test]
fn a_registry_that_does_not_list_packages_is_believed_nothing() {
    for listing in [None, Some("{}"), Some("{\"ok\":true}"), Some("[]"), Some("no JSON")] {
        assert_eq!(of_many(listing), (Vec::new(), 9), "{listing:?}");
    }
}
