//! Uploads by the real npm, and what the commit log says about them.

use relay_sandbox::{CredentialUsed, SandboxAccess, TokenKind};

use crate::npm::Npm;
use crate::world::{CONTRIBUTOR, MAINTAINER, fill_in, http, manifest, sandbox};

#[tokio::test]
async fn a_bypass_token_publishes_without_a_second_factor() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    let folder = npm.package(&manifest("@relay-test/one", "1.0.0"));

    npm.run(&folder, &["publish", "--access=public"]).await.succeeded().printed("+ @relay-test/one@1.0.0");

    let commits = sandbox.commits();
    let [commit] = commits.as_slice() else { panic!("one commit: {commits:?}") };
    assert_eq!((commit.package.as_str(), commit.version.as_str()), ("@relay-test/one", "1.0.0"));
    assert_eq!((commit.credential, commit.otp, commit.window), (CredentialUsed::Bypass, false, false));
    assert_eq!((commit.account.as_str(), commit.tag.as_str()), (MAINTAINER, "latest"));
    assert!(commit.integrity.starts_with("sha512-"));
}

#[tokio::test]
async fn a_session_publishes_with_a_code_of_the_app() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    let folder = npm.package(&manifest("one", "1.0.0"));
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");

    npm.run(&folder, &["publish", "--otp", &otp, "--tag", "next"]).await.succeeded();

    let commits = sandbox.commits();
    assert_eq!(commits.len(), 1);
    assert_eq!((commits[0].credential, commits[0].otp), (CredentialUsed::Session, true));
    let tags = sandbox.dist_tags("one");
    assert_eq!(tags.get("next").map(String::as_str), Some("1.0.0"));
    assert_eq!(tags.get("latest").map(String::as_str), Some("1.0.0"), "the first version is `latest` whatever its tag");
}

#[tokio::test]
async fn without_a_terminal_npm_prints_where_to_approve_and_where_to_poll() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(CONTRIBUTOR, TokenKind::Session));
    let folder = npm.package(&manifest("@relay-test/one", "1.0.0"));

    let run = npm.run(&folder, &["publish", "--access=public"]).await;
    run.failed_with(&[
        "code EOTP",
        "This operation requires a one-time password.",
        "Open this URL in your browser to authenticate:",
        "After authenticating, your token can be retrieved from:",
    ]);
    assert!(sandbox.commits().is_empty());
    // npm blots out UUIDs in what it prints; only its JSON has the addresses whole.
    let run = npm.run(&folder, &["publish", "--access=public", "--json"]).await;
    let error: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON on stdout");
    let address = |field: &str| error["error"][field].as_str().expect("an address").to_owned();
    let (page, done) = (address("authUrl"), address("doneUrl"));
    let http = http();
    let pending = http.get(&done).send().await.expect("an answer");
    assert_eq!(pending.status(), 202);
    assert_eq!(pending.headers()["retry-after"], "1");

    let text = http.get(&page).send().await.expect("a page").text().await.expect("text");
    for shown in ["@relay-test/one", "1.0.0", CONTRIBUTOR, "npm/", "Approve", "Deny", "relay's sandbox"] {
        assert!(text.contains(shown), "no `{shown}` in {text}");
    }
    assert_eq!(fill_in(&page, "decision=approve").await.0, 200);

    let body: serde_json::Value = http.get(&done).send().await.expect("an answer").json().await.expect("JSON");
    let otp = body["token"].as_str().expect("a one-time password");
    assert_eq!(otp.len(), 16);
    npm.run(&folder, &["publish", "--access=public", "--otp", otp]).await.succeeded();
    assert!(sandbox.commits()[0].otp);

    let other = npm.package(&manifest("@relay-test/other", "1.0.0"));
    npm.run(&other, &["publish", "--access=public", "--otp", otp]).await.failed_with(&["code EOTP"]);
}

#[tokio::test]
async fn in_a_terminal_npm_waits_for_the_page_and_goes_on() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(CONTRIBUTOR, TokenKind::Session));
    let folder = npm.package(&manifest("one", "1.0.0"));

    let mut terminal = npm.in_terminal(&folder, &["publish"]);
    terminal.wait_for("Authenticate your account at:").await;
    terminal.rest_of_line().await;
    let page = terminal.rest_of_line().await;
    let challenge = sandbox.next_challenge().await;
    assert_eq!(page, challenge.auth_url);
    assert_eq!(
        (challenge.action.as_str(), challenge.packages.as_slice()),
        ("publish", ["one@1.0.0".to_owned()].as_slice())
    );
    assert_eq!(fill_in(&page, "decision=approve").await.0, 200);
    terminal.end().await.succeeded().printed("+ one@1.0.0");

    assert!(sandbox.commits()[0].otp);
    assert!(sandbox.pending_challenges().is_empty());
}

#[tokio::test]
async fn a_package_that_disallows_tokens_challenges_a_bypass_token() {
    let sandbox = sandbox().await;
    sandbox.set_publishing_access("one", SandboxAccess::Publish);
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    let folder = npm.package(&manifest("one", "1.0.0"));

    npm.run(&folder, &["publish"]).await.failed_with(&["code EOTP", "Open this URL in your browser"]);
    npm.run(&folder, &["publish", "--auth-type=legacy"])
        .await
        .failed_with(&["code EOTP", "requires a one-time password from your authenticator"]);
    assert!(sandbox.commits().is_empty());
}

#[tokio::test]
async fn the_window_of_five_minutes_covers_the_next_packages() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(CONTRIBUTOR, TokenKind::Session));
    let one = npm.package(&manifest("one", "1.0.0"));
    let two = npm.package(&manifest("two", "1.0.0"));

    npm.run(&one, &["publish"]).await.failed_with(&["code EOTP"]);
    let challenge = sandbox.pending_challenges().pop().expect("a challenge");
    fill_in(&challenge.auth_url, "decision=approve&skip=on").await;

    npm.run(&one, &["publish"]).await.succeeded();
    npm.run(&two, &["publish"]).await.succeeded();
    let proofs: Vec<(bool, bool)> = sandbox.commits().iter().map(|commit| (commit.otp, commit.window)).collect();
    assert_eq!(proofs, [(false, true), (false, true)]);

    sandbox.advance(std::time::Duration::from_mins(5));
    npm.write("two/package.json", &manifest("two", "1.0.1").to_string());
    npm.run(&two, &["publish"]).await.failed_with(&["code EOTP"]);
}
