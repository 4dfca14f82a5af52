//! Which tokens a configuration trusts.

use std::time::Duration;

use super::*;

const WORKFLOW: &str = "acme/repo/.github/workflows/publish.yml@refs/heads/main";

fn config(value: Value) -> Option<TrustConfig> {
    serde_json::from_value::<NewTrustConfig>(value).ok()?.checked("id".into())
}

fn token(provider: IdentityProvider, claims: Value) -> IdToken {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    let expires = Moment::from_unix_millis(0).plus(Duration::from_mins(5));
    IdToken { provider, audience: "npm:127.0.0.1".into(), claims, expires }
}

#[test]
fn github_is_compared_by_repository_file_and_environment() {
    let with = |claims: Value| {
        config(json!({ "type": "github", "claims": claims, "permissions": ["createPackage"] })).unwrap()
    };
    let file = with(json!({ "repository": "acme/repo", "workflow_ref": { "file": "publish.yml" } }));
    let exact = with(json!({ "repository": "acme/repo", "workflow_ref": WORKFLOW }));
    let environment = with(json!({
        "repository": "acme/repo", "workflow_ref": { "file": "publish.yml" }, "environment": "release",
    }));
    let job = |repository: &str, workflow: &str, environment: Option<&str>| {
        let mut claims = json!({ "repository": repository, "workflow_ref": workflow });
        if let Some(environment) = environment {
            claims["environment"] = json!(environment);
        }
        token(IdentityProvider::GitHub, claims)
    };
    let here = job("acme/repo", WORKFLOW, None);
    assert!(file.matches(&here) && exact.matches(&here) && !environment.matches(&here));
    assert!(environment.matches(&job("acme/repo", WORKFLOW, Some("release"))));
    assert!(file.matches(&job("acme/repo", WORKFLOW, Some("release"))), "no environment named: any");
    let other_file = "acme/repo/.github/workflows/publish.yaml@refs/heads/main";
    for (repository, workflow) in [("Acme/repo", WORKFLOW), ("acme/repo", other_file), ("acme/repo", "publish.yml")] {
        let elsewhere = job(repository, workflow, None);
        assert!(!file.matches(&elsewhere) && !exact.matches(&elsewhere), "{repository} {workflow}");
    }
    let mut other_provider = here;
    other_provider.provider = IdentityProvider::GitLab;
    assert!(!file.matches(&other_provider));
}

#[test]
fn gitlab_and_circleci_are_compared_by_theirs() {
    let gitlab = config(json!({
        "type": "gitlab", "permissions": ["createPackage"],
        "claims": { "project_path": "g/s/p", "ci_config_ref_uri": { "file": ".gitlab-ci.yml" } },
    }));
    let reference = "gitlab.example/g/s/p//.gitlab-ci.yml@refs/heads/main";
    let job = token(IdentityProvider::GitLab, json!({ "project_path": "g/s/p", "ci_config_ref_uri": reference }));
    assert!(gitlab.unwrap().matches(&job));
    let claims = |contexts: Value| {
        json!({
            "oidc.circleci.com/org-id": "o", "oidc.circleci.com/project-id": "p",
            "oidc.circleci.com/pipeline-definition-id": "d", "oidc.circleci.com/vcs-origin": "github.com/o/r",
            "oidc.circleci.com/context-ids": contexts,
        })
    };
    let circle =
        config(json!({ "type": "circleci", "permissions": ["createPackage"], "claims": claims(json!(["a"])) }))
            .unwrap();
    assert!(circle.matches(&token(IdentityProvider::CircleCi, claims(json!(["b", "a"])))));
    assert!(!circle.matches(&token(IdentityProvider::CircleCi, claims(json!(["b"])))));
}

#[test]
fn what_is_incomplete_is_no_configuration() {
    let github = |claims: Value, permissions: Value| {
        config(json!({ "type": "github", "claims": claims, "permissions": permissions })).is_some()
    };
    let direct = || json!(["createPackage"]);
    assert!(github(json!({ "repository": "o/r", "workflow_ref": { "file": "p.yml" } }), direct()));
    assert!(!github(json!({ "repository": "o/r", "workflow_ref": { "file": "p.txt" } }), direct()));
    assert!(!github(json!({ "workflow_ref": { "file": "p.yml" } }), direct()));
    assert!(!github(json!({ "repository": "o/r", "workflow_ref": { "file": "p.yml" }, "actor": "x" }), direct()));
    assert!(!github(json!({ "repository": "o/r", "workflow_ref": { "file": "p.yml" } }), json!([])));
    assert!(!github(json!({ "repository": "o/r", "workflow_ref": { "file": "p.yml" } }), json!(["delete"])));
    assert!(config(json!({ "type": "jenkins", "claims": {}, "permissions": ["createPackage"] })).is_none());
    let silent =
        config(json!({ "type": "github", "claims": { "repository": "o/r", "workflow_ref": { "file": "p.yml" } } }));
    let grant = silent.unwrap().grant();
    assert!(grant.staged && !grant.direct, "stage only is npm's default");
}

#[test]
fn a_token_has_three_parts() {
    let payload = json!({ "aud": "npm:127.0.0.1" });
    let whole = write_token(payload.as_object().unwrap(), "signature");
    assert!(has_token_form(&whole));
    for broken in ["", "npm_abc", "a.b.c", whole.rsplit_once('.').unwrap().0, &format!("{whole}.more")] {
        assert!(!has_token_form(broken), "{broken}");
    }
}
