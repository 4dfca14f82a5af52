//! A package whose maintainers are others than the one whose token is at hand.

use super::{at_home_in, npm_workspaces};
use crate::counting_registry::CountingRegistry;

#[test]
fn a_token_of_somebody_who_may_not_publish_is_told_by_the_plan() {
    let registry = CountingRegistry::start();
    registry.account("bob");
    let world = npm_workspaces(&[("a", "\"version\":\"1.0.1\""), ("b", "\"version\":\"1.0.1\"")]);
    at_home_in(&world, &registry);
    world.commit("init");
    for (name, maintainers) in
        [("a", serde_json::json!([{ "name": "ann" }])), ("b", serde_json::json!(["bob <b@x.example>"]))]
    {
        registry.has(name, &["1.0.0"]);
        registry.change(name, |packument| packument["maintainers"] = maintainers);
    }
    let ran = world.relay(&["plan", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    let findings: Vec<_> = plan["findings"].as_array().expect("findings").iter().collect();
    let about: Vec<_> = findings
        .iter()
        .filter(|finding| finding["text"].as_str().is_some_and(|text| text.contains("belongs to `bob`")))
        .collect();
    assert_eq!(about.len(), 1, "{findings:?}");
    assert_eq!((&about[0]["package"], &about[0]["severity"]), (&"a".into(), &"warning".into()));
    assert!(about[0]["text"].as_str().is_some_and(|text| text.contains("`ann`")), "{about:?}");
    // One question a package and one for the account, as ever.
    assert_eq!(registry.asked().len(), 3, "{:?}", registry.asked());
}
