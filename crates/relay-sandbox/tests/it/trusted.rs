//! Trusted publishing: the real npm client sets it up, and publishes by it.

use std::time::Duration;

use relay_sandbox::{CredentialUsed, IdentityJob, IdentityProvider, Sandbox, SandboxAccess, SandboxOptions, TokenKind};
use serde_json::{Map, Value, json};

use crate::npm::{Npm, Run};
use crate::world::{CONTRIBUTOR, MAINTAINER, NEWCOMER, http, manifest, sandbox, sandbox_with, seeded};

const ORG: &str = "11111111-1111-4111-8111-111111111111";
const NAME: &str = "@relay-test/one";

fn npm_12() -> String {
    format!("{}/../../tests/tools/node_modules/npm/bin/npm-cli.js", env!("CARGO_MANIFEST_DIR"))
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

/// What GitHub says of a job of the workflow `publish.yml`.
fn github_claims() -> Map<String, Value> {
    object(&json!({
        "repository": "acme/repo",
        "workflow_ref": "acme/repo/.github/workflows/publish.yml@refs/heads/main",
        "repository_visibility": "private",
    }))
}

fn trusts_github(permissions: &[&str]) -> Value {
    json!([{
        "type": "github", "permissions": permissions,
        "claims": { "repository": "acme/repo", "workflow_ref": { "file": "publish.yml" } },
    }])
}

async fn publish_in_github(npm: &Npm, script: Option<&str>, version: &str, job: &IdentityJob) -> Run {
    let folder = npm.package(&manifest(NAME, version));
    let environment = [
        ("GITHUB_ACTIONS", "true"),
        ("CI", "true"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", job.request_url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", job.request_token.as_str()),
    ];
    npm.run_with(script, &folder, &["publish", "--loglevel=verbose"], &environment).await
}

fn statuses(sandbox: &Sandbox, part: &str) -> Vec<Option<u16>> {
    let wanted = sandbox.requests().into_iter().filter(|request| request.path.contains(part));
    wanted.map(|request| request.status).collect()
}

#[tokio::test]
async fn npm_11_and_12_publish_from_github_by_an_exchanged_token() {
    for prefix in [None, Some("/npm/".to_owned())] {
        let sandbox = sandbox_with(SandboxOptions { path_prefix: prefix, ..SandboxOptions::default() }).await;
        sandbox.seed_package(seeded(NAME, "1.0.0", MAINTAINER));
        sandbox.set_publishing_access(NAME, SandboxAccess::Publish);
        assert!(sandbox.trust(NAME, trusts_github(&["createPackage"])));
        let job = sandbox.start_job(IdentityProvider::GitHub, github_claims());
        let npm = Npm::new(sandbox.url());
        publish_in_github(&npm, None, "1.1.0", &job).await.succeeded();
        publish_in_github(&npm, Some(&npm_12()), "1.2.0", &job).await.succeeded();
        let commits = sandbox.commits();
        assert_eq!(commits.len(), 2);
        assert!(commits.iter().all(|commit| commit.credential == CredentialUsed::Trusted && !commit.otp));
        assert_eq!(statuses(&sandbox, "/oidc/token/exchange/"), [Some(201), Some(201)]);
        let shown = format!("{:?}", sandbox.requests());
        assert!(!shown.contains(&job.request_token) && !shown.contains("eyJ"), "secrets are replaced");

        let seen = npm.npm(&["view", &format!("{NAME}@1.2.0"), "_npmUser.trustedPublisher", "--json"]).await.json();
        assert_eq!(seen["id"], "github");
        let seeded = npm.npm(&["view", &format!("{NAME}@1.0.0"), "_npmUser.trustedPublisher", "--json"]).await;
        assert_eq!(seeded.succeeded().stdout.trim(), "", "what a person published has none");
    }
}

#[tokio::test]
async fn gitlab_and_circleci_jobs_have_their_token_at_hand() {
    let sandbox = sandbox().await;
    let gitlab = object(&json!({
        "project_path": "g/p", "ci_config_ref_uri": "gitlab.example/g/p//.gitlab-ci.yml@refs/heads/main",
    }));
    let circle = object(&json!({
        "oidc.circleci.com/org-id": ORG, "oidc.circleci.com/project-id": ORG,
        "oidc.circleci.com/pipeline-definition-id": ORG, "oidc.circleci.com/vcs-origin": "github.com/o/r",
    }));
    let trusted = json!([
        { "type": "gitlab", "permissions": ["createPackage"],
          "claims": { "project_path": "g/p", "ci_config_ref_uri": { "file": ".gitlab-ci.yml" } } },
        { "type": "circleci", "permissions": ["createPackage"], "claims": circle },
    ]);
    assert!(sandbox.trust(NAME, trusted));
    sandbox.seed_package(seeded(NAME, "1.0.0", MAINTAINER));
    let npm = Npm::new(sandbox.url());
    let jobs = [
        (IdentityProvider::GitLab, "GITLAB_CI", gitlab, "2.0.0"),
        (IdentityProvider::CircleCi, "CIRCLECI", circle, "2.0.1"),
    ];
    for (provider, variable, claims, version) in jobs {
        let token = sandbox.id_token(provider, "npm:127.0.0.1", claims);
        let folder = npm.package(&manifest(NAME, version));
        let environment = [(variable, "true"), ("NPM_ID_TOKEN", token.as_str())];
        npm.run_with(Some(&npm_12()), &folder, &["publish"], &environment).await.succeeded();
    }
    assert_eq!(sandbox.commits().len(), 2);
}

#[tokio::test]
async fn a_connection_that_may_only_stage_exchanges_and_is_refused_its_publish() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded(NAME, "1.0.0", MAINTAINER));
    assert!(sandbox.trust(NAME, trusts_github(&["createStagedPackage"])));
    let job = sandbox.start_job(IdentityProvider::GitHub, github_claims());
    let npm = Npm::new(sandbox.url());
    let run = publish_in_github(&npm, Some(&npm_12()), "1.1.0", &job).await;
    run.failed_with(&["code E403", "OIDC permission denied for this action"]);
    assert_eq!(statuses(&sandbox, "/oidc/token/exchange/"), [Some(201)]);
    assert!(sandbox.commits().is_empty());
}

#[tokio::test]
async fn an_exchange_says_what_was_wrong() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded(NAME, "1.0.0", MAINTAINER));
    assert!(sandbox.trust(NAME, trusts_github(&["createPackage"])));
    assert!(sandbox.trust("new", trusts_github(&["createPackage"])));
    let issue = |audience: &str, claims| sandbox.id_token(IdentityProvider::GitHub, audience, claims);
    let mut elsewhere = github_claims();
    elsewhere.insert("repository".into(), json!("acme/fork"));
    let good = issue("npm:127.0.0.1", github_claims());
    let exchange = async |package: &str, token: &str| {
        let url = format!("{}-/npm/v1/oidc/token/exchange/package/{package}", sandbox.url());
        let answer = http().post(url).bearer_auth(token).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let escaped = NAME.replace('/', "%2f");
    for (package, token, status, words) in [
        (escaped.as_str(), good.as_str(), 201, ""),
        ("new", &good, 404, "package not found"),
        (&escaped, &issue("npm:127.0.0.1", elsewhere), 404, "package not found"),
        (&escaped, &issue("npm:registry.example", github_claims()), 400, "bad request"),
        (&escaped, "npm_nothing", 400, "bad request"),
        (&escaped, &format!("{good}x"), 401, "unauthorized"),
    ] {
        let (got, body) = exchange(package, token).await;
        assert_eq!(got, status, "{package} {words}");
        assert!(body["message"].as_str().unwrap_or_default().ends_with(words), "{body}");
    }
    let (_, body) = exchange(&escaped, &good).await;
    let token = body["token"].as_str().expect("a token").to_owned();
    sandbox.advance(Duration::from_mins(6));
    assert_eq!(exchange(&escaped, &good).await.0, 401, "expired");
    let npm = Npm::new(sandbox.url());
    npm.use_token(&token);
    npm.npm(&["whoami"]).await.failed_with(&["code E401"]);
    npm.npm(&["dist-tag", "add", &format!("{NAME}@1.0.0"), "next"]).await.failed_with(&["code E403"]);
    npm.run(&npm.package(&manifest("other", "1.0.0")), &["publish"]).await.failed_with(&["code E403"]);
    npm.run(&npm.package(&manifest(NAME, "1.1.0")), &["publish"]).await.succeeded();
    sandbox.advance(Duration::from_mins(55));
    npm.run(&npm.package(&manifest(NAME, "1.2.0")), &["publish", "--prefer-online"]).await.failed_with(&["code E404"]);
}

#[tokio::test]
async fn npm_trust_adds_lists_and_revokes_with_a_second_factor() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded(NAME, "1.0.0", MAINTAINER));
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    let script = npm_12();
    let trust = async |words: &[&str]| {
        let otp = sandbox.current_otp(MAINTAINER).expect("an app");
        let words = [&["trust"], words].concat();
        npm.run_with(Some(&script), &npm.folder(), &words, &[("NPM_CONFIG_OTP", &otp)]).await
    };
    npm.run_with(Some(&script), &npm.folder(), &["trust", "list", NAME], &[]).await.failed_with(&["code EOTP"]);
    trust(&["list", NAME]).await.succeeded().printed("No trust configurations found");
    let github =
        ["github", NAME, "--file=publish.yml", "--repo=acme/repo", "--env=release", "--allow-publish", "--yes"];
    trust(&github).await.succeeded().printed("Trust configuration created successfully");
    trust(&github).await.failed_with(&["code E409", "Please delete and re-create"]);
    trust(&["gitlab", NAME, "--file=.gitlab-ci.yml", "--project=g/p", "--allow-stage-publish", "--yes"])
        .await
        .succeeded();
    let [org, project] = [format!("--org-id={ORG}"), format!("--project-id={ORG}")];
    let definition = format!("--pipeline-definition-id={ORG}");
    let circle =
        ["circleci", NAME, &org, &project, &definition, "--vcs-origin=github.com/o/r", "--allow-publish", "--yes"];
    trust(&circle).await.succeeded();
    let known = sandbox.trusted(NAME);
    assert_eq!(known.len(), 3);
    assert_eq!(known[0]["claims"]["environment"], "release");
    assert_eq!(known[1]["permissions"], json!(["createStagedPackage"]));
    let listed = trust(&["list", NAME]).await;
    listed.succeeded().printed("type: github").printed("type: gitlab").printed("type: circleci");
    let id = known[0]["id"].as_str().expect("an id");
    trust(&["revoke", NAME, &format!("--id={id}")]).await.succeeded().printed("Revoked trusted configuration");
    trust(&["revoke", NAME, &format!("--id={id}")]).await.failed_with(&["code E404"]);
    trust(&["revoke", NAME, "--id=no-uuid"]).await.failed_with(&["code E400", "Invalid trusted publisher config id"]);
    assert_eq!(sandbox.trusted(NAME).len(), 2);
    trust(&["list", "nothing"]).await.failed_with(&["code E404", "Package not found"]);

    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::granular()));
    trust(&["list", NAME]).await.failed_with(&["code E403", "You may not perform that action"]);
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    trust(&["list", NAME]).await.failed_with(&["code E401"]);
    npm.use_token(&sandbox.create_token(CONTRIBUTOR, TokenKind::Session));
    trust(&["list", NAME]).await.failed_with(&["code E403", "Insufficient permissions"]);
    npm.use_token(&sandbox.create_token(NEWCOMER, TokenKind::Session));
    sandbox.seed_package(seeded("theirs", "1.0.0", NEWCOMER));
    trust(&["list", "theirs"]).await.failed_with(&["code E403", "Please enable 2fa for your account"]);
}

#[tokio::test]
async fn an_older_registry_has_one_trusted_publisher_a_package_and_lists_without_asking() {
    let options =
        SandboxOptions { trusted_publishers_max: 1, trust_list_challenged: false, ..SandboxOptions::default() };
    let sandbox = sandbox_with(options).await;
    sandbox.seed_package(seeded(NAME, "1.0.0", MAINTAINER));
    assert!(sandbox.trust(NAME, trusts_github(&["createPackage"])));
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    let script = npm_12();
    let run =
        async |words: &[&str], more: &[(&str, &str)]| npm.run_with(Some(&script), &npm.folder(), words, more).await;
    run(&["trust", "list", NAME], &[]).await.succeeded().printed("repository: acme/repo");
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    let second = ["trust", "gitlab", NAME, "--file=.gitlab-ci.yml", "--project=g/p", "--allow-publish", "--yes"];
    run(&second, &[("NPM_CONFIG_OTP", &otp)]).await.failed_with(&["code E409", "already exists for the package"]);
}
