//! npm's refusals, as the real npm prints them.

use relay_sandbox::{Fault, FaultKind, FaultMatch, SandboxOptions, TokenKind, VisibilityDelay};
use std::time::Duration;

use crate::npm::Npm;
use crate::world::{CONTRIBUTOR, MAINTAINER, NEWCOMER, manifest, sandbox, sandbox_with, seeded};

/// Publishes `name`@`version` with a token and checks what npm says.
async fn check(options: SandboxOptions, account: &str, kind: TokenKind, name: &str, version: &str, says: &[&str]) {
    let sandbox = sandbox_with(options).await;
    sandbox.add_scope("@closed", &[CONTRIBUTOR]);
    sandbox.seed_package(seeded("@relay-test/live", "1.0.0", CONTRIBUTOR));
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(account, kind));
    let folder = npm.package(&manifest(name, version));
    npm.run(&folder, &["publish"]).await.failed_with(says);
    assert!(sandbox.commits().is_empty(), "a refused upload was committed");
}

fn limited(read_only: bool, stage_only: bool, packages: Option<&[&str]>) -> TokenKind {
    let packages = packages.map(|packages| packages.iter().map(|name| (*name).to_owned()).collect());
    TokenKind::Granular { bypass: true, stage_only, packages, read_only, expires_in: None }
}

#[tokio::test]
async fn an_account_without_second_factor() {
    let says = [
        "code E403",
        "Two-factor authentication or granular access token with bypass 2fa enabled is required to publish packages.",
    ];
    let options = SandboxOptions::default;
    check(options(), NEWCOMER, TokenKind::Session, "one", "1.0.0", &says).await;
    check(options(), NEWCOMER, TokenKind::granular(), "one", "1.0.0", &says).await;
}

#[tokio::test]
async fn a_token_whose_grant_does_not_reach() {
    let says = ["code E403", "You may not perform that action with these credentials."];
    let options = SandboxOptions::default;
    check(options(), MAINTAINER, limited(true, false, None), "one", "1.0.0", &says).await;
    check(options(), MAINTAINER, limited(false, false, Some(&["@relay-test/two"])), "one", "1.0.0", &says).await;
    let says = ["code E403", "E_STAGE_REQUIRED", "npm stage publish"];
    check(options(), MAINTAINER, limited(false, true, None), "one", "1.0.0", &says).await;
}

#[tokio::test]
async fn a_package_of_others_looks_missing() {
    let says = [
        "code E404",
        "404 Not Found - PUT",
        "Not found",
        "could not be found or you do not have permission to access it.",
    ];
    check(SandboxOptions::default(), MAINTAINER, TokenKind::bypass(), "@relay-test/live", "2.0.0", &says).await;
    let says = ["code E404", "Scope not found"];
    check(SandboxOptions::default(), MAINTAINER, TokenKind::bypass(), "@closed/new", "1.0.0", &says).await;
}

#[tokio::test]
async fn a_dead_token_looks_like_a_missing_package_and_is_noticed() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    let folder = npm.package(&manifest("one", "1.0.0"));
    let says = ["code E404", "npm notice Access token expired or revoked. Please try logging in again.", "Not found"];
    npm.use_token("npm_000000000000000000000000000000000000");
    npm.run(&folder, &["publish"]).await.failed_with(&says);

    let hour = Duration::from_hours(1);
    let kind = TokenKind::Granular {
        bypass: true,
        stage_only: false,
        packages: None,
        read_only: false,
        expires_in: Some(hour),
    };
    npm.use_token(&sandbox.create_token(MAINTAINER, kind));
    npm.run(&folder, &["publish"]).await.succeeded();
    sandbox.advance(hour);
    let folder = npm.package(&manifest("two", "1.0.0"));
    npm.run(&folder, &["publish"]).await.failed_with(&says);
    assert_eq!(sandbox.commits().len(), 1);
}

#[tokio::test]
async fn a_version_that_is_there() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    let folder = npm.package(&manifest("one", "1.0.0"));
    npm.run(&folder, &["publish"]).await.succeeded();
    // npm's own look at the packument, and the registry's answer when that is skipped.
    let text = "You cannot publish over the previously published versions: 1.0.0.";
    npm.run(&folder, &["publish"]).await.failed_with(&[text]);
    npm.run(&folder, &["publish", "--force"]).await.failed_with(&["code E403", "403 Forbidden - PUT", text]);
}

#[tokio::test]
async fn a_version_that_was_accepted_and_cannot_be_seen() {
    let visibility = VisibilityDelay::all(Duration::from_mins(5));
    let sandbox = sandbox_with(SandboxOptions { visibility, ..SandboxOptions::default() }).await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    let folder = npm.package(&manifest("one", "1.0.0"));
    npm.run(&folder, &["publish"])
        .await
        .succeeded()
        .printed("Your package is being processed and may take a few minutes");
    npm.run(&folder, &["publish"]).await.failed_with(&[
        "code E409",
        "409 Conflict - PUT",
        "Cannot publish over previously staged version \"1.0.0\".",
    ]);
    npm.npm(&["view", "one", "version"]).await.failed_with(&["code E404"]);
    sandbox.advance(Duration::from_mins(5));
    npm.npm(&["view", "one", "version"]).await.succeeded().printed("1.0.0");
    assert_eq!(sandbox.commits().len(), 1);
}

#[tokio::test]
async fn a_private_package_without_a_plan() {
    let options = || SandboxOptions { paid_private_packages: true, ..SandboxOptions::default() };
    let says = ["code E402", "402 Payment Required - PUT", "You must sign up for private packages"];
    check(options(), MAINTAINER, TokenKind::bypass(), "@relay-test/one", "1.0.0", &says).await;

    let sandbox = sandbox_with(options()).await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    let folder = npm.package(&manifest("@relay-test/one", "1.0.0"));
    npm.run(&folder, &["publish", "--access=public"]).await.succeeded();
}

#[tokio::test]
async fn a_wrong_code_and_too_many_of_them() {
    let sandbox = sandbox_with(SandboxOptions { wrong_otp_limit: 2, ..SandboxOptions::default() }).await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    let folder = npm.package(&manifest("one", "1.0.0"));
    for _ in 0..2 {
        npm.run(&folder, &["publish", "--otp=000000"])
            .await
            .failed_with(&["code EOTP", "it is likely that you either typoed it, or it timed out"]);
    }
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    npm.run(&folder, &["publish", "--otp", &otp]).await.failed_with(&["code E429", "Could not authenticate"]);
}

#[tokio::test]
async fn a_security_key_without_a_client_that_can_use_it() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(CONTRIBUTOR, TokenKind::Session));
    let folder = npm.package(&manifest("one", "1.0.0"));
    npm.run(&folder, &["publish", "--auth-type=legacy"]).await.failed_with(&[
        "code EOTP",
        "npm notice Open http://127.0.0.1",
        "to use your security key for authentication",
        "requires a one-time password from your authenticator",
    ]);
    let challenge = sandbox.pending_challenges().pop().expect("a challenge");
    let (_, page) = crate::world::fill_in(&challenge.auth_url, "decision=approve").await;
    let code = page.split("class=\"code\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a code to type");
    npm.run(&folder, &["publish", "--otp", code]).await.succeeded();
}

#[tokio::test]
async fn too_fast_for_the_registry() {
    let rate = relay_sandbox::PublishRate { publishes: 1, per: Duration::from_mins(1), retry_after: Some(60) };
    let sandbox = sandbox_with(SandboxOptions { publish_rate: Some(rate), ..SandboxOptions::default() }).await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    npm.run(&npm.package(&manifest("one", "1.0.0")), &["publish"]).await.succeeded();
    let two = npm.package(&manifest("two", "1.0.0"));
    npm.run(&two, &["publish"])
        .await
        .failed_with(&["code E429", "Could not publish, as user undefined: rate limited exceeded"]);
    sandbox.advance(Duration::from_mins(1));
    npm.run(&two, &["publish"]).await.succeeded();
}

#[tokio::test]
async fn a_body_that_is_too_large() {
    let sandbox = sandbox_with(SandboxOptions { max_body_bytes: 1024, ..SandboxOptions::default() }).await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    let folder = npm.package(&manifest("one", "1.0.0"));
    npm.write("one/README.md", &"far too long ".repeat(1000));
    npm.run(&folder, &["publish"]).await.failed_with(&["code E413", "Payload Too Large"]);
}

#[tokio::test]
async fn whatever_a_test_asks_for() {
    let sandbox = sandbox().await;
    let text = "Package name too similar to existing package(s) ones; try renaming your package to '@maintainer/one'";
    sandbox.add_fault(Fault { when: FaultMatch::publish_of("one"), what: FaultKind::error(403, text), times: 1 });
    sandbox.add_fault(Fault { when: FaultMatch::publish_of("one"), what: FaultKind::Html { code: 429 }, times: 1 });
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    let folder = npm.package(&manifest("one", "1.0.0"));
    npm.run(&folder, &["publish"]).await.failed_with(&["code E403", text]);
    npm.run(&folder, &["publish"]).await.failed_with(&["code E429", "429 Too Many Requests"]);
    npm.run(&folder, &["publish"]).await.succeeded();
}
