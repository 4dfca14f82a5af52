//! A release in a job that packages trust: nobody is asked, no token is kept, and nothing weaker stands in for it unsaid.

use relay_sandbox::{CredentialUsed, IdentityProvider, SandboxAccess, SeedPackage};
use serde_json::json;

use crate::sandbox::{ACCOUNT, Registry};
use crate::world::World;

/// Two packages whose version before is live and that disallow tokens.
fn reef(registry: &Registry, settings: &str) -> World {
    let world = registry.reef(SandboxAccess::Publish);
    world.append("relay.toml", settings);
    for package in ["coral", "pearl"] {
        let manifest = json!({ "name": package, "version": "0.9.0" });
        registry.sandbox.seed_package(SeedPackage { manifest, tarball: vec![1], owner: ACCOUNT.into(), tag: None });
    }
    world
}

/// Makes all programs of the world run in a job of the workflow `publish.yml` in `acme/reef`, with a token left in the settings.
fn in_github(world: &mut World, registry: &Registry) {
    let claims = json!({
        "repository": "acme/reef", "workflow_ref": "acme/reef/.github/workflows/publish.yml@refs/heads/main",
        "sub": "canary-subject", "repository_visibility": "private",
    });
    let job = registry.sandbox.start_job(IdentityProvider::GitHub, claims.as_object().expect("claims").clone());
    world.guard(&job.request_token);
    world.guard("canary-subject");
    world.set("GITHUB_ACTIONS", "true");
    world.set("CI", "true");
    world.set("ACTIONS_ID_TOKEN_REQUEST_URL", &job.request_url);
    world.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &job.request_token);
    world.commit("feat: a reef");
}

fn trusts(registry: &Registry, package: &str, file: &str, permissions: &[&str]) {
    let claims = json!({ "repository": "acme/reef", "workflow_ref": { "file": file } });
    assert!(
        registry.sandbox.trust(package, json!([{ "type": "github", "claims": claims, "permissions": permissions }]))
    );
}

fn requests(registry: &Registry, part: &str) -> usize {
    registry.sandbox.requests().iter().filter(|request| request.path.contains(part)).count()
}

#[test]
fn a_job_that_packages_trust_publishes_them_with_nobody_there_and_keeps_its_right_from_scripts() {
    let registry = Registry::with_codes();
    let mut world = reef(&registry, "");
    for package in ["coral", "pearl"] {
        trusts(&registry, package, "publish.yml", &["createPackage"]);
    }
    let manifest = r#"{"name":"pearl","version":"1.0.0","license":"MIT","scripts":{"prepack":"env > seen.txt"}}"#;
    world.write("packages/pearl/package.json", manifest);
    in_github(&mut world, &registry);
    let ran = world.relay(&["publish", "--yes"]).ended_with(0);
    let commits = registry.commits();
    assert_eq!(commits.len(), 2, "{}", ran.stderr);
    assert!(commits.iter().all(|commit| commit.credential == CredentialUsed::Trusted && !commit.otp));
    assert_eq!(registry.puts(), 2, "no token was tried first");
    assert_eq!(requests(&registry, "/oidc/token/exchange/"), 4, "one a package to see, one a package at its turn");
    assert_eq!(requests(&registry, "/-/identity/token"), 3, "one to see, and a fresh one for each upload");
    assert!(world.read("packages/pearl/seen.txt").contains("GITHUB_ACTIONS=true"), "the script ran");
    assert!(!world.read("packages/pearl/seen.txt").contains("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
    // Again: all is there, and no package is exchanged for.
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!((registry.puts(), requests(&registry, "/oidc/token/exchange/")), (2, 4));
}

#[test]
fn a_package_that_trusts_another_workflow_stops_all_before_the_first_byte_and_shows_what_was_compared() {
    let registry = Registry::with_codes();
    let mut world = reef(&registry, "\n[[policy]]\npackages = [\"*\"]\nroutes = [\"trusted\"]\n");
    trusts(&registry, "coral", "publish.yml", &["createPackage"]);
    trusts(&registry, "pearl", "publish.yaml", &["createPackage"]);
    in_github(&mut world, &registry);
    let ran = world.relay(&["plan", "--check"]);
    assert_ne!(ran.code, 0);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(told.contains("workflow_ref: acme/reef/.github/workflows/publish.yml@refs/heads/main"), "{told}");
    assert!(told.contains("npm trust list <package>"), "{told}");
    world.relay(&["publish", "--yes"]);
    assert!(!registry.committed().contains(&"pearl@1.0.0".to_owned()));
    assert!(registry.commits().iter().all(|commit| commit.credential == CredentialUsed::Trusted));
}

#[test]
fn what_is_published_in_another_way_by_a_job_with_an_identity_says_so() {
    let registry = Registry::with_codes();
    let mut world = reef(&registry, "");
    trusts(&registry, "coral", "publish.yml", &["createPackage"]);
    in_github(&mut world, &registry);
    let ran = world.relay(&["plan", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a plan");
    let route = |name: &str| {
        let package = plan["packages"].as_array().and_then(|all| all.iter().find(|one| one["name"] == name));
        package.map(|package| package["route"].clone()).unwrap_or_default()
    };
    assert_eq!(route("coral")["kind"], "trusted", "{}", ran.stdout);
    assert_eq!(route("pearl")["kind"], "interactive");
    let reason = route("pearl")["reason"].as_str().unwrap_or_default().to_owned();
    assert!(reason.contains("passed over: `trusted` (it trusts no job with the claims of this one"), "{reason}");
    assert_eq!(registry.puts(), 0);
}

#[test]
fn a_connection_that_may_only_stage_is_met_once_and_no_other_package_is_sent() {
    let registry = Registry::with_codes();
    let mut world = reef(&registry, "\n[publish]\nconcurrency = 1\n");
    for package in ["coral", "pearl"] {
        trusts(&registry, package, "publish.yml", &["createStagedPackage"]);
    }
    in_github(&mut world, &registry);
    let ran = world.relay(&["publish", "--yes"]);
    assert_ne!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing was sent for this one"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("OIDC permission denied for this action"), "{}", ran.stderr);
    assert!(registry.committed().is_empty());
}

#[test]
fn a_new_name_can_not_be_trusted_yet() {
    let registry = Registry::with_codes();
    let mut world = registry.reef(SandboxAccess::Publish);
    world.append("relay.toml", "\n[[policy]]\npackages = [\"*\"]\nroutes = [\"trusted\"]\n");
    in_github(&mut world, &registry);
    let ran = world.relay(&["plan", "--check"]);
    assert_ne!(ran.code, 0);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(told.contains("the package is new and so trusts nobody yet"), "{told}");
    assert_eq!(registry.puts(), 0);
}

#[test]
fn a_job_without_an_identity_says_what_its_settings_lack() {
    let registry = Registry::with_codes();
    let mut world = reef(&registry, "\n[[policy]]\npackages = [\"*\"]\nroutes = [\"trusted\"]\n");
    world.set("GITHUB_ACTIONS", "true");
    world.commit("feat: a reef");
    let ran = world.relay(&["plan", "--check"]);
    assert_ne!(ran.code, 0);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(told.contains("id-token: write"), "{told}");
    assert_eq!(requests(&registry, "/oidc/"), 0);
}
