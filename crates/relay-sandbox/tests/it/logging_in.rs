//! `npm login`, `whoami`, `logout`.

use relay_sandbox::{SandboxOptions, TokenKind};

use crate::npm::Npm;
use crate::world::{CONTRIBUTOR, MAINTAINER, NEWCOMER, PASSWORD, fill_in, http, sandbox, sandbox_with};

#[tokio::test]
async fn web_login_waits_for_the_page_and_yields_a_session_of_two_hours() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    let mut terminal = npm.in_terminal(&npm.folder(), &["login"]);
    terminal.wait_for("Login at:").await;
    terminal.rest_of_line().await;
    let page = terminal.rest_of_line().await;

    let text = http().get(&page).send().await.expect("a page").text().await.expect("text");
    assert!(text.contains("value=\"contributor\"") && text.contains("Log in as"), "{text}");
    assert_eq!(fill_in(&page, "account=contributor").await.0, 200);
    terminal.end().await.succeeded().printed("Logged in on");

    npm.npm(&["whoami"]).await.succeeded().printed(CONTRIBUTOR);
    sandbox.advance(std::time::Duration::from_hours(2));
    npm.npm(&["whoami"]).await.failed_with(&["code E401"]).printed("Access token expired or revoked");
}

#[tokio::test]
async fn legacy_login_asks_for_name_password_and_code() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    let mut terminal = npm.in_terminal(&npm.folder(), &["login", "--auth-type=legacy"]);
    terminal.wait_for("Username:").await;
    terminal.type_line(MAINTAINER).await;
    terminal.wait_for("Password:").await;
    terminal.type_line(PASSWORD).await;
    terminal.wait_for("Enter OTP:").await;
    terminal.type_line(&sandbox.current_otp(MAINTAINER).expect("an app")).await;
    terminal.end().await.succeeded().printed("Logged in on");
    npm.npm(&["whoami"]).await.succeeded().printed(MAINTAINER);

    let token = npm.token().expect("a token");
    npm.npm(&["logout"]).await.succeeded();
    assert_eq!(npm.token(), None);
    npm.use_token(&token);
    npm.npm(&["whoami"]).await.failed_with(&["code E401"]);
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    let mut terminal = npm.in_terminal(&npm.folder(), &["login", "--auth-type=legacy"]);
    terminal.wait_for("Username:").await;
    terminal.type_line(NEWCOMER).await;
    terminal.wait_for("Password:").await;
    terminal.type_line("guess").await;
    terminal.end().await.failed_with(&["code E401", "Unauthorized"]);
}

#[tokio::test]
async fn whoami_works_with_every_live_token_and_with_no_other() {
    let sandbox = sandbox_with(SandboxOptions::default()).await;
    let npm = Npm::new(sandbox.url());
    npm.npm(&["whoami"]).await.failed_with(&["code ENEEDAUTH"]);
    for kind in [TokenKind::Session, TokenKind::bypass(), TokenKind::granular()] {
        npm.use_token(&sandbox.create_token(MAINTAINER, kind));
        npm.npm(&["whoami"]).await.succeeded().printed(MAINTAINER);
    }
    npm.use_token("npm_000000000000000000000000000000000000");
    npm.npm(&["whoami"]).await.failed_with(&["code E401"]);
}

#[tokio::test]
async fn an_account_turns_its_second_factor_on_and_off_by_its_settings_page() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(NEWCOMER, TokenKind::Session));
    npm.npm(&["profile", "get"]).await.succeeded().printed("two-factor auth: disabled");
    let page = format!("{}settings/{NEWCOMER}/tfa", sandbox.url());
    let text = http().get(&page).send().await.expect("a page").text().await.expect("text");
    assert!(text.contains("off: nothing can be published so") && text.contains("Add a security key"), "{text}");
    assert_eq!(fill_in(&page, "nothing=here").await.0, 400);
    let (status, text) = fill_in(&page, "set=key").await;
    assert_eq!(status, 200);
    assert!(text.contains("on, by a security key"), "{text}");
    npm.npm(&["profile", "get"]).await.succeeded().printed("two-factor auth: auth-and-writes");
    assert_eq!(fill_in(&page, "set=off").await.0, 200);
    npm.npm(&["profile", "get"]).await.succeeded().printed("two-factor auth: disabled");
    assert_eq!(http().get(format!("{}settings/nobody/tfa", sandbox.url())).send().await.expect("a page").status(), 404);
}
