//! The whole of what is read for a plan, of repositories on the disk and a registry on loopback.

use relay_config::RouteKind;
use relay_plan::SkipReason;
use serde_json::json;

use super::*;
use crate::fixture::loopback::{self, LoopbackRegistry};
use crate::fixture::{Repo, TWO, name, registry, session};

fn whoami(status: u16) -> loopback::Answer {
    loopback::json("/-/whoami", status, json!({ "username": "maintainer" }))
}

/// A package of which these versions are there.
fn document(name: &str, versions: &[&str]) -> loopback::Answer {
    let version = |version: &&str| ((*version).to_owned(), json!({ "name": name, "version": version }));
    let versions: serde_json::Map<_, _> = versions.iter().map(version).collect();
    let maintainers = json!([{ "name": "maintainer", "email": "maintainer@acme.example" }]);
    loopback::json(&format!("/{name}"), 200, json!({ "name": name, "versions": versions, "maintainers": maintainers }))
}

async fn observed(repo: &Repo, session: &Session, intent: Intent) -> Result<Observed, ObserveError> {
    observe(&repo.project(), session, &Learnt::default(), &RecordedVersions::default(), intent).await
}

fn going_out(observed: &Observed) -> Vec<String> {
    observed.plan.packages.iter().map(|planned| format!("{}@{}", planned.name, planned.next)).collect()
}

#[tokio::test]
async fn what_the_registry_lacks_goes_out_and_the_rest_is_told_with_its_reason() {
    let registry = LoopbackRegistry::answering([whoami(200), document("a", &["0.9.0", "1.0.0"])]).await;
    let session = Session { offline: false, person: true, ..session(&registry.npmrc_with_token()) };
    let found = observed(&Repo::of(&TWO), &session, Intent::Publish).await.unwrap();
    assert_eq!(going_out(&found), ["b@1.0.0"]);
    let [skipped] = found.plan.skipped.as_slice() else { panic!("{:?}", found.plan.skipped) };
    assert_eq!((&skipped.name, skipped.reason), (&name("a"), SkipReason::AlreadyPublished));
    let [live] = found.live.as_slice() else { panic!("{:?}", found.live) };
    assert_eq!((live.key(), live.is_present), ((registry.url.clone(), name("a"), Version::new(1, 0, 0)), true));
    assert_eq!(registry.paths(), ["/-/whoami", "/a", "/b"]);
    assert_eq!(found.requests, 3, "as many as were really made");
    assert_eq!(found.credentials.keys().collect::<Vec<_>>(), [&name("b")]);
}

#[tokio::test]
async fn a_release_makes_versions_of_what_changed_and_asks_for_those() {
    let registry =
        LoopbackRegistry::answering([whoami(200), document("a", &["1.0.0"]), document("b", &["1.0.0"])]).await;
    let session = Session { offline: false, person: true, ..session(&registry.npmrc_with_token()) };
    let repo = Repo::committed(&TWO);
    for tag in ["a@1.0.0", "b@1.0.0"] {
        repo.git(&["tag", tag]);
    }
    let found = observed(&repo, &session, Intent::Release).await.unwrap();
    assert_eq!(going_out(&found), Vec::<String>::new());
    assert!(found.plan.skipped.iter().all(|one| one.reason == SkipReason::NotChanged), "{:?}", found.plan.skipped);

    repo.write("packages/b/index.js", "1\n").commit("feat: more");
    let found = observed(&repo, &session, Intent::Release).await.unwrap();
    assert_eq!(going_out(&found), ["b@1.1.0"]);
    assert_eq!(found.before[&name("b")].version, Version::new(1, 0, 0));
    assert_eq!(found.plan.fingerprint.head.as_deref(), Some(repo.git(&["rev-parse", "HEAD"]).as_str()));
}

#[tokio::test]
async fn offline_nobody_is_asked_and_all_may_be_lacking() {
    let registry = LoopbackRegistry::answering([document("a", &["1.0.0"])]).await;
    let session = session(&registry.npmrc_with_token());
    let found = observed(&Repo::of(&TWO), &session, Intent::Publish).await.unwrap();
    assert_eq!(going_out(&found), ["a@1.0.0", "b@1.0.0"]);
    assert!(found.plan.offline && found.live.is_empty());
    assert_eq!((found.requests, registry.asked()), (0, vec![]));
}

#[tokio::test]
async fn a_package_whose_credential_has_ended_is_blocked_before_anything_is_written() {
    for (rules, expected) in [("npm", RouteKind::Blocked), ("plain", RouteKind::Plain)] {
        let registry = LoopbackRegistry::answering([whoami(401)]).await;
        let settings = format!("[[registry]]\nurl = \"{}\"\nrules = \"{rules}\"\n", registry.url);
        let repo = Repo::of(&[TWO.as_slice(), &[("relay.toml", settings.as_str())]].concat());
        let session = Session { offline: false, ..session(&registry.npmrc_with_token()) };
        let found = observed(&repo, &session, Intent::Publish).await.unwrap();
        let routes: Vec<_> = found.plan.packages.iter().map(|planned| planned.route.kind).collect();
        assert_eq!(routes, [expected; 2], "{rules}");
        assert_eq!(found.plan.has_errors(), expected == RouteKind::Blocked, "{rules}");
        let told = found.warnings.iter().filter(|warning| warning.contains("may have ended")).count();
        assert_eq!(told, usize::from(expected != RouteKind::Blocked), "{:?}", found.warnings);
    }
}

#[tokio::test]
async fn what_a_registry_shows_to_nobody_is_told_once_a_registry() {
    let registry = LoopbackRegistry::answering([]).await;
    let session = Session { offline: false, ..session(&registry.npmrc()) };
    let found = observed(&Repo::of(&TWO), &session, Intent::Publish).await.unwrap();
    let told: Vec<_> = found.warnings.iter().filter(|warning| warning.contains("does not show")).collect();
    assert!(told.len() == 1 && told[0].contains("`a`, `b`"), "{:?}", found.warnings);
}

#[tokio::test]
async fn a_sibling_that_takes_no_part_is_read_where_its_version_here_is_not_what_is_needed() {
    for (range, paths) in [("^0.9.0", vec!["/-/whoami", "/a", "/b"]), ("^1.0.0", vec!["/-/whoami", "/b"])] {
        let registry = LoopbackRegistry::answering([whoami(200), document("a", &["0.9.0"])]).await;
        let manifest = json!({ "name": "b", "version": "1.0.0", "dependencies": { "a": range } }).to_string();
        let repo = Repo::of(&[TWO[0], TWO[1], ("packages/b/package.json", &manifest)]);
        let selected = Some([name("b")].into());
        let session = Session { offline: false, selected, ..session(&registry.npmrc_with_token()) };
        let found = observed(&repo, &session, Intent::Publish).await.unwrap();
        assert_eq!(going_out(&found), ["b@1.0.0"]);
        assert_eq!(registry.paths(), paths, "{range}");
        assert_eq!(found.requests, paths.len(), "{range}");
        let offline = Session { offline: true, ..session };
        assert_eq!(observed(&repo, &offline, Intent::Publish).await.unwrap().requests, 0, "{range}");
        assert_eq!(registry.paths().len(), paths.len(), "{range}: offline nobody is asked");
    }
}

#[tokio::test]
async fn a_sparse_checkout_that_leaves_packages_out_is_no_base_for_a_plan() {
    let repo = Repo::committed(&TWO);
    repo.git(&["sparse-checkout", "set", "packages/a"]);
    let Err(error) = observed(&repo, &session(""), Intent::Release).await else { panic!("it was planned") };
    assert!(
        matches!(&error, ObserveError::LeftOut { left_out } if left_out.command() == "git sparse-checkout add packages/b")
    );
    assert!(error.to_string().contains("`packages/b`"), "{error}");
}

#[test]
fn a_side_tag_is_kept_as_long_as_a_version_of_its_promotion_is_out_or_about_to_go_out() {
    let key = |version: &str| (registry(), name("a"), version.parse::<Version>().unwrap());
    let promotion = |side_tag: &str| RecordedPromotion {
        tag: DistTag::latest(),
        side_tag: side_tag.parse().unwrap(),
        from: None,
        done: false,
    };
    let pending = [(key("1.0.0"), promotion("one")), (key("2.0.0"), promotion("two"))].into();
    let recorded = RecordedVersions { pending, ..RecordedVersions::default() };
    let live = |version: &str| LiveVersion {
        name: name("a"),
        version: version.parse().unwrap(),
        is_present: true,
        registry: registry(),
        integrity: None,
        named_by: BTreeSet::new(),
    };
    let side_tag = |live: &[LiveVersion]| recorded.side_tag(live, &[]).map(|tag| tag.to_string());
    assert_eq!(side_tag(&[]), None, "neither is anywhere to be seen");
    assert_eq!(side_tag(&[live("2.0.0")]).as_deref(), Some("two"));
    assert_eq!(side_tag(&[live("3.0.0")]), None);
    let elsewhere = LiveVersion { registry: "http://other.example/".parse().unwrap(), ..live("2.0.0") };
    assert_eq!(side_tag(&[elsewhere]), None, "the same number at another registry is another version");
}
