//! The rules of other registries, which challenge nobody and know no web login.

use relay_sandbox::{CredentialUsed, SandboxAccess, SandboxOptions, SandboxRules, TokenKind};

use crate::npm::Npm;
use crate::world::{MAINTAINER, PASSWORD, http, manifest, sandbox_with};

fn plain() -> SandboxOptions {
    SandboxOptions { rules: SandboxRules::Plain, ..SandboxOptions::default() }
}

#[tokio::test]
async fn any_valid_token_publishes_and_a_duplicate_conflicts() {
    let sandbox = sandbox_with(plain()).await;
    sandbox.set_publishing_access("one", SandboxAccess::Publish);
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::granular()));
    let folder = npm.package(&manifest("one", "1.0.0"));
    npm.run(&folder, &["publish"]).await.succeeded();
    assert_eq!(sandbox.requests().iter().find(|it| it.method == "PUT").and_then(|it| it.status), Some(201));
    npm.run(&folder, &["publish", "--force"]).await.failed_with(&["code E409", "this package is already present"]);
    assert_eq!(sandbox.commits().len(), 1);
}

#[tokio::test]
async fn npm_falls_back_to_the_old_login() {
    let sandbox = sandbox_with(plain()).await;
    let npm = Npm::new(sandbox.url());
    let mut terminal = npm.in_terminal(&npm.folder(), &["login"]);
    terminal.wait_for("Username:").await;
    terminal.type_line(MAINTAINER).await;
    terminal.wait_for("Password:").await;
    terminal.type_line(PASSWORD).await;
    terminal.end().await.succeeded();
    npm.npm(&["whoami"]).await.succeeded().printed(MAINTAINER);
    npm.run(&npm.package(&manifest("one", "1.0.0")), &["publish"]).await.succeeded();
    assert_eq!(sandbox.commits()[0].credential, CredentialUsed::Session);
}

#[tokio::test]
async fn without_a_token_it_says_what_is_missing() {
    let sandbox = sandbox_with(plain()).await;
    let request = http().put(format!("{}one", sandbox.url())).body("{}");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 401);
    assert!(answer.text().await.expect("text").contains("authorization required to publish package one"));
    let npm = Npm::new(sandbox.url());
    npm.use_token("npm_000000000000000000000000000000000000");
    npm.run(&npm.package(&manifest("one", "1.0.0")), &["publish"]).await.failed_with(&["code E401"]);
    for path in ["-/npm/v1/user", "-/npm/v1/tokens"] {
        let answer = http().get(format!("{}{path}", sandbox.url())).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 404, "{path}");
    }
}
