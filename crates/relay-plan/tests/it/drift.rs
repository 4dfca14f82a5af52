//! What differs between two plans: one mutation each (invariant I15).

use relay_config::{Access, AccessSource, CredentialKind, PublishingAccess};
use relay_plan::{PackageObservation, PlanDiff, diff, drift};
use relay_values::CredentialOrigin;

use crate::world::{World, acme, credential, registry, tag, tarball, version};

fn core(world: &mut World) -> &mut PackageObservation {
    world.released.iter_mut().find(|package| package.name.as_str() == "@acme/core").expect("acme has a core")
}

/// The drift after a change to the world.
#[track_caller]
fn check(change: impl FnOnce(&mut World), expected: &[&str]) {
    let saved = acme().plan();
    let mut world = acme();
    change(&mut world);
    let seen: Vec<String> = drift(&saved, &world.plan()).iter().map(ToString::to_string).collect();
    assert_eq!(seen, expected);
}

#[test]
fn the_same_observations_have_not_drifted() {
    check(|_| {}, &[]);
}

#[test]
fn the_moment_and_the_words_are_no_drift() {
    let saved = acme().plan();
    let mut now = saved.clone();
    now.created = "2027-01-01T00:00:00Z".parse().unwrap();
    now.packages[0].reasons.clear();
    now.packages[0].route.reason = "because".to_owned();
    now.findings.clear();
    assert_eq!(drift(&saved, &now), []);
}

#[test]
fn another_commit_is_drift() {
    check(
        |world| world.head = Some("f".repeat(40)),
        &["the plan was made at `3f9c0de3f9c0`, and `ffffffffffff` is checked out"],
    );
    check(|world| world.head = None, &["the plan was made at `3f9c0de3f9c0`, and no commit is checked out"]);
}

#[test]
fn another_build_is_drift_and_another_plan() {
    let built = |command: &str| World { build: Some(command.to_owned()), ..acme() };
    check(
        |world| world.build = Some("pnpm -r build".to_owned()),
        &["the repository would be built by `pnpm -r build`; the plan has no command"],
    );
    let saved = built("make").plan();
    let now = built("curl | sh").plan();
    let seen: Vec<String> = drift(&saved, &now).iter().map(ToString::to_string).collect();
    assert_eq!(seen, ["the repository would be built by `curl | sh`; the plan has `make`"]);
    assert_ne!(saved.id, now.id);
    assert_ne!(saved.id, acme().plan().id);
    // What is there in a file is read again, and a file of an earlier relay has none.
    assert_eq!(relay_plan::ReleasePlan::from_json(&saved.to_json()).unwrap(), saved);
}

#[test]
fn the_version_of_a_package_that_is_not_published_is_agreed_on_too() {
    check(
        |world| world.versioned[0].next = version("1.3.0"),
        &["`@acme/docs`, which is not published, would get the version 1.3.0; the plan has 1.2.4"],
    );
    check(
        |world| world.versioned.clear(),
        &["`@acme/docs`, which is not published, would get the version none; the plan has 1.2.4"],
    );
    let (saved, mut world) = (acme().plan(), acme());
    world.versioned[0].next = version("1.3.0");
    let difference = diff(&saved, &world.plan());
    assert_eq!(difference.to_text(), "~ @acme/docs: version, not published: 1.2.4 → 1.3.0\n");
}

#[test]
fn each_input_that_differs_is_named() {
    check(
        |world| {
            world.inputs.insert("manifest of @acme/core".to_owned(), "sha256-9".to_owned());
            world.inputs.remove("relay.toml");
            world.inputs.insert("change file brave-cats".to_owned(), "sha256-3".to_owned());
        },
        &["the change file brave-cats is new", "the manifest of @acme/core has changed", "the relay.toml is gone"],
    );
}

#[test]
fn inputs_that_a_plan_does_not_name_still_drift() {
    let mut saved = acme().plan();
    saved.fingerprint.parts.clear();
    saved.fingerprint.inputs = "sha256-0".to_owned();
    let seen: Vec<String> = drift(&saved, &acme().plan()).iter().map(ToString::to_string).collect();
    assert_eq!(seen, ["a manifest, a change file or the configuration has changed"]);
}

#[test]
fn packages_that_come_and_go_are_drift() {
    check(
        |world| {
            world.released.retain(|package| package.name.as_str() != "@acme/new");
            *world = world.clone().release("@acme/extra");
        },
        &[
            "`@acme/extra` 1.3.0 is to be published and not in the plan",
            "`@acme/new` 1.2.3 is in the plan and not to be published",
        ],
    );
}

#[test]
fn each_fact_about_an_upload_is_drift() {
    check(
        |world| core(world).next = version("1.4.0"),
        &["`@acme/core` would get the version 1.4.0; the plan has 1.3.0"],
    );
    check(
        |world| core(world).registry = registry("https://other.example/"),
        &["`@acme/core` would go to `https://other.example/`; the plan has `https://registry.example/`"],
    );
    check(
        |world| core(world).tag = Some(tag("next")),
        &["`@acme/core` would get the dist-tag `next`; the plan has `latest`"],
    );
    check(
        |world| core(world).access = Some(Access::Restricted),
        &["the access of `@acme/core` is restricted; the plan has none said"],
    );
    check(
        |world| {
            core(world).publishing_access = Some((PublishingAccess::Automation, AccessSource::Declared));
            core(world).credentials = vec![credential(CredentialKind::GranularBypass)];
        },
        &[
            "the publishing access of `@acme/core` is `automation`; the plan has `publish`",
            "the route of `@acme/core` is `token`; the plan has `interactive`",
        ],
    );
    check(
        |world| core(world).credentials[0].id.origin = CredentialOrigin::Variable("OTHER".to_owned()),
        &["the credential for `@acme/core` is environment variable `OTHER`; the plan has `.npmrc` of the home folder"],
    );
    check(
        |world| *world = world.clone().needs("@acme/core", "@acme/new"),
        &["`@acme/core` waits for other packages than in the plan"],
    );
}

#[test]
fn other_bytes_are_drift_and_bytes_not_made_yet_are_none() {
    let bytes = |world: &mut World, content: Option<char>| {
        let new = world.released.iter_mut().find(|package| package.tarball.is_some()).unwrap();
        new.tarball = content.map(tarball);
    };
    let sentence = format!(
        "the tarball of `@acme/new` has the integrity `sha512-{}==`; the plan has `sha512-{}==`",
        "b".repeat(86),
        "a".repeat(86)
    );
    check(|world| bytes(world, Some('b')), &[&sentence]);
    check(|world| bytes(world, None), &[]);
}

fn changed() -> PlanDiff {
    let mut world = acme();
    core(&mut world).next = version("2.0.0");
    core(&mut world).publishing_access = None;
    core(&mut world).tag = Some(tag("next"));
    world.released.retain(|package| package.name.as_str() != "@acme/new");
    diff(&acme().plan(), &world.release("@acme/extra").plan())
}

#[test]
fn a_difference_is_read_at_a_terminal() {
    insta::assert_snapshot!(changed().to_text());
    assert_eq!(diff(&acme().plan(), &acme().plan()).to_text(), "the plans are the same\n");
}

#[test]
fn a_difference_is_read_in_a_pull_request() {
    insta::assert_snapshot!(changed().to_markdown());
}

#[test]
fn a_difference_is_read_by_a_program() {
    let difference = changed();
    let json: serde_json::Value = serde_json::from_str(&difference.to_json()).unwrap();
    assert_eq!(json["schema"], "relay.plan-diff/1");
    assert_eq!(json["added"][0]["name"], "@acme/extra");
    assert_eq!(serde_json::from_value::<PlanDiff>(json).unwrap(), difference);
}
