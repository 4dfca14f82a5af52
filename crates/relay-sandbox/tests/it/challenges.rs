//! The page, its form, and what becomes of a challenge.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use relay_sandbox::{EventSink, InvalidOtpAnswer, Sandbox, SandboxEvent, SandboxOptions, TokenKind, WebOtpUse};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::world::{CONTRIBUTOR, MAINTAINER, fill_in, http, sandbox, sandbox_with, seeded};

/// Moves a tag as a client that can do web challenges: the cheapest write there is.
async fn move_tag(sandbox: &Sandbox, token: &str, otp: Option<&str>) -> Response {
    let mut request = http()
        .put(format!("{}-/package/one/dist-tags/stable", sandbox.url()))
        .bearer_auth(token)
        .header("npm-auth-type", "web")
        .header("npm-command", "dist-tag")
        .json(&json!("1.0.0"));
    if let Some(otp) = otp {
        request = request.header("npm-otp", otp);
    }
    request.send().await.expect("an answer")
}

async fn world(options: SandboxOptions) -> (Sandbox, String) {
    let sandbox = sandbox_with(SandboxOptions { clock_runs: false, ..options }).await;
    sandbox.seed_package(seeded("one", "1.0.0", CONTRIBUTOR));
    let token = sandbox.create_token(CONTRIBUTOR, TokenKind::Session);
    (sandbox, token)
}

async fn open(sandbox: &Sandbox, token: &str) -> (String, String) {
    let answer = move_tag(sandbox, token, None).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers()["www-authenticate"], "OTP");
    let body: Value = answer.json().await.expect("JSON");
    let field = |name: &str| body[name].as_str().expect("an address").to_owned();
    (field("authUrl"), field("doneUrl"))
}

async fn poll(done: &str) -> (u16, Value) {
    let answer = http().get(done).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// Approves by the page and hands back the one-time password.
async fn approve(page: &str, done: &str) -> String {
    assert_eq!(fill_in(page, "decision=approve").await.0, 200);
    let (status, body) = poll(done).await;
    assert_eq!(status, 200);
    body["token"].as_str().expect("a one-time password").to_owned()
}

#[tokio::test]
async fn a_one_time_password_is_used_once() {
    let (sandbox, token) = world(SandboxOptions::default()).await;
    let (page, done) = open(&sandbox, &token).await;
    assert_eq!(poll(&done).await, (202, json!({})));
    let otp = approve(&page, &done).await;
    assert_eq!(move_tag(&sandbox, &token, Some(&otp)).await.status(), StatusCode::CREATED);
    let again = move_tag(&sandbox, &token, Some(&otp)).await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(again.json::<Value>().await.expect("JSON"), json!({ "error": "invalid OTP" }));
}

#[tokio::test]
async fn an_authenticator_app_has_to_prove_itself_on_the_page() {
    let sandbox =
        sandbox_with(SandboxOptions { clock_runs: false, wrong_otp_limit: 2, ..SandboxOptions::default() }).await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let token = sandbox.create_token(MAINTAINER, TokenKind::Session);
    let (page, done) = open(&sandbox, &token).await;
    let text = http().get(&page).send().await.expect("a page").text().await.expect("text");
    assert!(text.contains("Code of your authenticator app") && text.contains("name=\"otp\""), "{text}");

    for form in ["decision=approve", "decision=approve&otp=000000"] {
        let (status, text) = fill_in(&page, form).await;
        assert_eq!(status, 401, "{form}: {text}");
        assert!(text.contains("This code was not accepted") && text.contains("name=\"otp\""), "{text}");
        assert_eq!(poll(&done).await.0, 202);
    }
    let code = sandbox.current_otp(MAINTAINER).expect("an app");
    assert_eq!(fill_in(&page, &format!("decision=approve&otp={code}")).await.0, 429, "two wrong ones lock the account");

    sandbox.advance(Duration::from_secs(301));
    let (page, done) = open(&sandbox, &token).await;
    let code = sandbox.current_otp(MAINTAINER).expect("an app");
    let spaced = format!("{}+{}", &code[..3], &code[3..]);
    let (status, text) = fill_in(&page, &format!("decision=approve&otp={spaced}")).await;
    assert_eq!(status, 200, "{text}");
    let (status, body) = poll(&done).await;
    assert_eq!(status, 200);
    let otp = body["token"].as_str().expect("a one-time password");
    assert_eq!(move_tag(&sandbox, &token, Some(otp)).await.status(), StatusCode::CREATED);

    let (page, done) = open(&sandbox, &token).await;
    assert_eq!(fill_in(&page, "decision=deny").await.0, 200, "to say no needs no code");
    assert_ne!(poll(&done).await.0, 202);
}

#[tokio::test]
async fn a_one_time_password_belongs_to_its_account() {
    let (sandbox, token) = world(SandboxOptions::default()).await;
    sandbox.seed_package(seeded("two", "1.0.0", MAINTAINER));
    let (page, done) = open(&sandbox, &token).await;
    let otp = approve(&page, &done).await;
    let other = sandbox.create_token(MAINTAINER, TokenKind::Session);
    let answer = http().delete(format!("{}-/package/two/dist-tags/x", sandbox.url())).bearer_auth(&other);
    let answer = answer.header("npm-otp", &otp).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_reusable_one_time_password_lasts_five_minutes() {
    let (sandbox, token) = world(SandboxOptions { web_otp: WebOtpUse::FiveMinutes, ..SandboxOptions::default() }).await;
    let (page, done) = open(&sandbox, &token).await;
    let otp = approve(&page, &done).await;
    for _ in 0..3 {
        assert_eq!(move_tag(&sandbox, &token, Some(&otp)).await.status(), StatusCode::CREATED);
    }
    sandbox.advance(Duration::from_mins(5));
    assert_eq!(move_tag(&sandbox, &token, Some(&otp)).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_denied_challenge_is_over() {
    let (sandbox, token) = world(SandboxOptions::default()).await;
    let (page, done) = open(&sandbox, &token).await;
    let (status, text) = fill_in(&page, "decision=deny").await;
    assert_eq!(status, 200);
    assert!(text.contains("Denied"), "{text}");
    assert_eq!(poll(&done).await.0, 410);
    let (_, text) = fill_in(&page, "decision=approve").await;
    assert!(text.contains("Denied"), "an answer is final: {text}");
    assert_eq!(poll(&done).await.0, 410);
}

#[tokio::test]
async fn an_unanswered_challenge_expires() {
    let (sandbox, token) = world(SandboxOptions::default()).await;
    let (page, done) = open(&sandbox, &token).await;
    sandbox.advance(Duration::from_mins(5));
    assert_eq!(poll(&done).await.0, 404);
    assert_eq!(http().get(&page).send().await.expect("a page").status(), StatusCode::NOT_FOUND);
    assert_eq!(fill_in(&page, "decision=approve").await.0, 404);
    assert!(sandbox.pending_challenges().is_empty());
}

#[tokio::test]
async fn the_skip_box_counts_only_where_it_is_offered() {
    let (sandbox, token) = world(SandboxOptions { offer_skip_window: false, ..SandboxOptions::default() }).await;
    let (page, _) = open(&sandbox, &token).await;
    let text = http().get(&page).send().await.expect("a page").text().await.expect("text");
    assert!(!text.contains("name=\"skip\""), "{text}");
    fill_in(&page, "decision=approve&skip=on").await;
    assert_eq!(move_tag(&sandbox, &token, None).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let (sandbox, token) = world(SandboxOptions::default()).await;
    let (page, _) = open(&sandbox, &token).await;
    for (name, value) in [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let request = http().post(&page).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.header(name, value).body("decision=approve").send().await.expect("a page");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(sandbox.pending_challenges().len(), 1);
    assert_eq!(fill_in(&page, "").await.0, 400);
}

#[tokio::test]
async fn the_page_is_locked_down_and_shows_text_as_text() {
    let (sandbox, token) = world(SandboxOptions::default()).await;
    let request = http().put(format!("{}-/package/one/dist-tags/stable", sandbox.url())).bearer_auth(&token);
    let request = request.header("npm-auth-type", "web").header("npm-command", "dist-tag");
    let request = request.header("user-agent", "<script>alert(1)</script>").json(&json!("1.0.0\"><img src=x>"));
    let body: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let page = http().get(body["authUrl"].as_str().expect("an address")).send().await.expect("a page");
    let headers = page.headers().clone();
    let policy = headers["content-security-policy"].to_str().expect("text");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(headers["cache-control"], "no-store");
    let text = page.text().await.expect("text");
    assert!(text.contains("&lt;script&gt;") && !text.contains("<script") && !text.contains("<img"), "{text}");
}

#[tokio::test]
async fn a_client_that_cannot_do_web_challenges_gets_the_old_text() {
    let (sandbox, token) = world(SandboxOptions::default()).await;
    for header in ["npm-auth-type", "npm-command"] {
        let request = http().delete(format!("{}-/package/one/dist-tags/stable", sandbox.url())).bearer_auth(&token);
        let answer = request.header(header, "web").send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let text = answer.text().await.expect("text");
        assert!(text.contains("You must provide a one-time pass. Upgrade your client"), "only {header}: {text}");
    }
}

#[tokio::test]
async fn a_wrong_password_may_get_a_new_challenge() {
    let options = SandboxOptions { invalid_otp: InvalidOtpAnswer::NewChallenge, ..SandboxOptions::default() };
    let (sandbox, token) = world(options).await;
    let body: Value = move_tag(&sandbox, &token, Some("1")).await.json().await.expect("JSON");
    assert!(body["authUrl"].is_string() && body["doneUrl"].is_string(), "{body}");
}

#[tokio::test]
async fn the_poll_says_how_long_to_wait_or_nothing() {
    let (sandbox, token) = world(SandboxOptions { poll_retry_after: None, ..SandboxOptions::default() }).await;
    let (_, done) = open(&sandbox, &token).await;
    let answer = http().get(&done).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers().get("retry-after")), (202, None));
    assert_eq!(poll(&format!("{}-/v1/done?authId=no", sandbox.url())).await.0, 404);
    assert_eq!(poll(&format!("{}-/v1/done", sandbox.url())).await.0, 404);
}

#[tokio::test]
async fn events_tell_the_story_of_a_challenge() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = {
        let told = Arc::clone(&told);
        EventSink::new(move |event| told.lock().expect("no panic").push(event.clone()))
    };
    let (sandbox, token) = world(SandboxOptions { events: Some(sink), ..SandboxOptions::default() }).await;
    let (page, done) = open(&sandbox, &token).await;
    let otp = approve(&page, &done).await;
    move_tag(&sandbox, &token, Some(&otp)).await;
    let told = told.lock().expect("no panic");
    let story: Vec<&str> = told
        .iter()
        .filter_map(|event| match event {
            SandboxEvent::ChallengeOpened(challenge) if challenge.packages == ["one@1.0.0"] => Some("opened"),
            SandboxEvent::ChallengeApproved { skip_window: false, .. } => Some("approved"),
            SandboxEvent::TagChanged { version: Some(_), .. } => Some("tagged"),
            _ => None,
        })
        .collect();
    assert_eq!(story, ["opened", "approved", "tagged"]);
    let everything = format!("{told:?}");
    assert!(!everything.contains(&token) && !everything.contains(&otp), "a secret was told");
}

#[tokio::test]
async fn a_challenge_can_be_waited_for_and_answered_in_process() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("one", "1.0.0", CONTRIBUTOR));
    let token = sandbox.create_token(CONTRIBUTOR, TokenKind::Session);
    let (challenge, answer) = tokio::join!(sandbox.next_challenge(), move_tag(&sandbox, &token, None));
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(sandbox.approve_challenge(&challenge.id));
    assert!(!sandbox.approve_challenge(&challenge.id), "an answer is final");
    assert!(!sandbox.approve_challenge("no such"));
}
