//! Plain HTTP: what is answered to requests npm does not send, and what is recorded.

use std::time::Duration;

use relay_sandbox::{SandboxOptions, TokenKind};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};

use crate::world::{MAINTAINER, fill_in, http, sandbox, sandbox_with, seeded};

const ABBREVIATED: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

#[tokio::test]
async fn packuments_come_in_two_forms_with_their_own_etags() {
    let sandbox = sandbox().await;
    let mut seed = seeded("@relay-test/one", "1.0.0", MAINTAINER);
    seed.manifest["scripts"] = json!({ "postinstall": "true", "test": "true" });
    seed.manifest["readme"] = json!("text");
    sandbox.seed_package(seed);
    let url = format!("{}@relay-test%2fone", sandbox.url());
    let get = async |accept: &str, etag: Option<&str>| {
        let mut request = http().get(&url).header(ACCEPT, accept);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        request.send().await.expect("an answer")
    };

    let short = get(ABBREVIATED, None).await;
    assert_eq!(short.headers()["content-type"], "application/vnd.npm.install-v1+json");
    assert_eq!(short.headers()["cache-control"], "public, max-age=300");
    let etag = short.headers()[ETAG].to_str().expect("text").to_owned();
    let document: Value = short.json().await.expect("JSON");
    let version = &document["versions"]["1.0.0"];
    assert_eq!(version["hasInstallScript"], true);
    assert!(version.get("scripts").is_none() && document.get("_rev").is_none() && document.get("time").is_none());

    let same = get(ABBREVIATED, Some(&etag)).await;
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(same.bytes().await.expect("nothing").len(), 0);

    let full = get("application/json", Some(&etag)).await;
    assert_eq!(full.status(), StatusCode::OK, "the other form has another tag");
    let document: Value = full.json().await.expect("JSON");
    assert!(document["_rev"].is_string() && document["time"]["created"].is_string());
    assert_eq!(document["readme"], "text");
    assert!(document["versions"]["1.0.0"].get("readme").is_none());

    sandbox.seed_package(seeded("@relay-test/one", "1.1.0", MAINTAINER));
    assert_eq!(get(ABBREVIATED, Some(&etag)).await.status(), StatusCode::OK, "a new version changes the tag");
}

#[tokio::test]
async fn urls_follow_the_name_the_client_uses() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let url = sandbox.url().replace("127.0.0.1", "localhost");
    let document: Value =
        http().get(format!("{url}one/latest")).send().await.expect("an answer").json().await.expect("JSON");
    let tarball = document["dist"]["tarball"].as_str().expect("an address");
    assert_eq!(tarball, format!("{url}one/-/one-1.0.0.tgz"));
    let head = http().head(tarball).send().await.expect("an answer");
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().expect("text")), (200, "9"));
}

#[tokio::test]
async fn other_host_names_are_refused() {
    let sandbox = sandbox().await;
    for host in ["rebound.example", "127.0.0.1.rebound.example:80", ""] {
        let answer =
            http().get(format!("{}-/ping", sandbox.url())).header("host", host).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "`{host}`");
    }
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn what_is_no_document_is_answered_as_npm_expects() {
    let sandbox = sandbox().await;
    let token = sandbox.create_token(MAINTAINER, TokenKind::bypass());
    let put = async |body: &'static str| {
        let request = http().put(format!("{}one", sandbox.url())).bearer_auth(&token).body(body);
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        (status, body["error"].as_str().expect("an error").to_owned())
    };
    assert_eq!(put("{").await.0, 400);
    assert_eq!(put("[]").await.0, 400);
    assert_eq!(put("{}").await.0, 400);
    let (status, text) = put(r#"{"name":"two","_attachments":{"x":{}}}"#).await;
    assert!(status == 400 && text.contains("`two`"), "{status} {text}");
    let deep: &'static str = Box::leak("[".repeat(100_000).into_boxed_str());
    assert_eq!(put(deep).await.0, 400);
    assert!(sandbox.commits().is_empty());

    let unknown = http().post(format!("{}-/nothing", sandbox.url())).send().await.expect("an answer");
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(unknown.json::<Value>().await.expect("JSON"), json!({ "error": "Not found" }));
}

#[tokio::test]
async fn requests_are_recorded_without_their_secrets() {
    let sandbox = sandbox().await;
    let token = sandbox.create_token(MAINTAINER, TokenKind::Session);
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    let url = format!("{}@relay-test%2Fone?write=true", sandbox.url());
    let request = http().get(&url).bearer_auth(&token).header("npm-otp", &otp);
    request.send().await.expect("an answer");
    let url = format!("{}-/user/token/{token}", sandbox.url());
    http().delete(&url).bearer_auth(&token).send().await.expect("an answer");
    http().get(format!("{}-/whoami", sandbox.url())).bearer_auth(&token).send().await.expect("an answer");

    let requests = sandbox.requests();
    let shown: Vec<_> = requests
        .iter()
        .map(|it| (it.method.as_str(), it.path.as_str(), it.header("authorization"), it.status))
        .collect();
    let session = Some("Bearer <session token of maintainer>");
    assert_eq!(
        shown,
        [
            ("GET", "/@relay-test%2Fone?write=true", session, Some(404)),
            ("DELETE", "/-/user/token/<session token of maintainer>", session, Some(200)),
            ("GET", "/-/whoami", Some("Bearer <dead>"), Some(401)),
        ]
    );
    assert_eq!(requests[0].header("npm-otp"), Some("<otp>"));
    let everything = format!("{requests:?}");
    assert!(!everything.contains(&token) && !everything.contains(&otp));
    sandbox.forget_requests();
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_dead_token_does_not_spoil_reads() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let get = async |name: &str| {
        http().get(format!("{}{name}", sandbox.url())).bearer_auth("npm_x").send().await.expect("an answer")
    };
    assert_eq!(get("one").await.status(), StatusCode::OK);
    let missing = get("two").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(missing.headers()["npm-notice"].to_str().expect("text").contains("expired or revoked"));
}

#[tokio::test]
async fn a_missing_packument_can_stay_missing_at_the_edge() {
    let options =
        SandboxOptions { negative_cache: Duration::from_mins(2), clock_runs: false, ..SandboxOptions::default() };
    let sandbox = sandbox_with(options).await;
    let status = async |path: &str| {
        http().get(format!("{}{path}", sandbox.url())).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(status("one").await, 404);
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    assert_eq!((status("one").await, status("one?now=1").await, status("one/1.0.0").await), (404, 200, 200));
    sandbox.advance(Duration::from_mins(2));
    assert_eq!(status("one").await, 200);
}

#[tokio::test]
async fn a_registry_can_live_below_a_path_and_its_tarballs_elsewhere() {
    let elsewhere = sandbox().await;
    let options = SandboxOptions {
        path_prefix: Some("npm/all".into()),
        tarball_base: Some(elsewhere.url().to_owned()),
        ..SandboxOptions::default()
    };
    let sandbox = sandbox_with(options).await;
    assert!(sandbox.url().ends_with("/npm/all/"), "{}", sandbox.url());
    for world in [&sandbox, &elsewhere] {
        world.seed_package(seeded("one", "1.0.0", MAINTAINER));
    }
    let document: Value =
        http().get(format!("{}one/latest", sandbox.url())).send().await.expect("an answer").json().await.expect("JSON");
    let tarball = document["dist"]["tarball"].as_str().expect("an address");
    assert_eq!(tarball, format!("{}one/-/one-1.0.0.tgz", elsewhere.url()));
    assert_eq!(http().get(tarball).send().await.expect("an answer").status(), StatusCode::OK);
    let above = sandbox.url().replace("npm/all/", "one");
    assert_eq!(http().get(above).send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
    let login: Value = http()
        .post(format!("{}-/v1/login", sandbox.url()))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let page = login["loginUrl"].as_str().expect("an address");
    assert!(page.starts_with(sandbox.url()), "{page}");
    assert_eq!(fill_in(page, "account=maintainer").await.0, 200);
}

#[tokio::test]
async fn connections_are_bounded_and_counted() {
    let sandbox = sandbox_with(SandboxOptions { max_connections: Some(2), ..SandboxOptions::default() }).await;
    let url = format!("{}-/ping", sandbox.url());
    let pings = (0..12).map(|_| {
        let (client, url) = (http(), url.clone());
        // A client of its own for each, so that none takes another's connection.
        tokio::spawn(async move { client.get(url).send().await.expect("an answer").status() })
    });
    for ping in pings.collect::<Vec<_>>() {
        assert_eq!(ping.await.expect("no panic"), StatusCode::OK);
    }
    let counts = sandbox.connections();
    assert!(counts.peak <= 2 && counts.total == 12, "{counts:?}");
}

#[tokio::test]
async fn a_stopped_sandbox_answers_nobody() {
    let sandbox = sandbox().await;
    let url = format!("{}-/ping", sandbox.url());
    assert!(http().get(&url).send().await.is_ok());
    sandbox.stop().await;
    assert!(http().get(&url).send().await.is_err());
}
