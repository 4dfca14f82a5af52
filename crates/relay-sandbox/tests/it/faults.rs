//! Faults on the wire, and that the commit log knows what really happened.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relay_sandbox::{Fault, FaultKind, FaultMatch, Sandbox, SandboxOptions, TokenKind};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha512};

use crate::world::{MAINTAINER, http, manifest, sandbox, sandbox_with, seeded};

/// Uploads `one`@`version` the way npm would.
async fn upload(sandbox: &Sandbox, token: &str, version: &str) -> Result<u16, reqwest::Error> {
    let tarball = format!("bytes of {version}").repeat(1_000);
    let mut document = manifest("one", version);
    let digest: [u8; 20] = Sha1::digest(&tarball).into();
    let shasum = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(&tarball)));
    document["dist"] = json!({ "integrity": integrity, "shasum": shasum });
    let attachment = json!({ "data": STANDARD.encode(&tarball), "length": tarball.len() });
    let body = json!({
        "name": "one",
        "dist-tags": { "latest": version },
        "versions": { version: document },
        "_attachments": { format!("one-{version}.tgz"): attachment },
    });
    let request = http().put(format!("{}one", sandbox.url())).bearer_auth(token).json(&body);
    Ok(request.send().await?.status().as_u16())
}

async fn world(what: FaultKind) -> (Sandbox, String) {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault { when: FaultMatch::publish_of("one"), what, times: 1 });
    let token = sandbox.create_token(MAINTAINER, TokenKind::bypass());
    (sandbox, token)
}

#[track_caller]
fn committed(sandbox: &Sandbox, expected: &[&str]) {
    let commits: Vec<String> = sandbox.commits().into_iter().map(|commit| commit.version).collect();
    assert_eq!(commits, expected);
}

#[tokio::test]
async fn a_connection_cut_before_the_commit_commits_nothing() {
    for what in [FaultKind::DropBeforeCommit, FaultKind::DropDuringUpload { after_bytes: 100 }] {
        let (sandbox, token) = world(what).await;
        assert!(upload(&sandbox, &token, "1.0.0").await.is_err());
        committed(&sandbox, &[]);
        assert_eq!(upload(&sandbox, &token, "1.0.0").await.expect("an answer"), 200);
        committed(&sandbox, &["1.0.0"]);
        let statuses: Vec<Option<u16>> = sandbox.requests().iter().map(|request| request.status).collect();
        assert_eq!(statuses, [None, Some(200)]);
    }
}

#[tokio::test]
async fn a_connection_cut_after_the_commit_hides_a_success() {
    let (sandbox, token) = world(FaultKind::DropAfterCommit).await;
    assert!(upload(&sandbox, &token, "1.0.0").await.is_err());
    committed(&sandbox, &["1.0.0"]);
    assert_eq!(upload(&sandbox, &token, "1.0.0").await.expect("an answer"), 403);
    committed(&sandbox, &["1.0.0"]);
}

#[tokio::test]
async fn a_status_can_lie_either_way() {
    let lie = |code| FaultKind::StatusAfterCommit { code, body: "{}".into(), headers: Vec::new() };
    let (sandbox, token) = world(lie(500)).await;
    assert_eq!(upload(&sandbox, &token, "1.0.0").await.expect("an answer"), 500);
    committed(&sandbox, &["1.0.0"]);
    sandbox.add_fault(Fault { when: FaultMatch::publish_of("one"), what: FaultKind::error(503, "not now"), times: 2 });
    for expected in [503, 503, 200] {
        assert_eq!(upload(&sandbox, &token, "1.1.0").await.expect("an answer"), expected);
    }
    committed(&sandbox, &["1.0.0", "1.1.0"]);
}

#[tokio::test]
async fn answers_can_be_cut_off_blown_up_and_replaced() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let url = format!("{}one", sandbox.url());
    let get = async |what: FaultKind| {
        sandbox.add_fault(Fault { when: FaultMatch::of("GET", "one"), what, times: 1 });
        http().get(&url).send().await.expect("a head")
    };
    let cut = get(FaultKind::Truncate { after_bytes: 20 }).await;
    assert!(cut.bytes().await.is_err());
    let blown = get(FaultKind::Oversized { bytes: 3_000_001 }).await;
    assert_eq!(blown.bytes().await.expect("a body").len(), 3_000_001);
    let page = get(FaultKind::Html { code: 502 }).await;
    assert_eq!((page.status().as_u16(), page.headers()["content-type"].to_str().expect("text")), (502, "text/html"));
    let headers = vec![("retry-after".to_owned(), "1934".to_owned())];
    let slow = get(FaultKind::Status { code: 429, body: "<html>".into(), headers }).await;
    assert_eq!(slow.headers()["retry-after"], "1934");
    let document: Value = http().get(&url).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(document["name"], "one", "the faults are used up");
}

#[tokio::test]
async fn answers_can_be_deep_garbled_circular_and_indiscreet() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let token = sandbox.create_token(MAINTAINER, TokenKind::bypass());
    let url = format!("{}one", sandbox.url());
    let get = async |what: FaultKind| {
        sandbox.add_fault(Fault { when: FaultMatch::of("GET", "one"), what, times: 1 });
        http().get(&url).bearer_auth(&token).header("npm-otp", "123456").send().await.expect("a head")
    };
    let deep = get(FaultKind::Nested { depth: 5 }).await;
    assert_eq!((deep.status().as_u16(), deep.text().await.expect("a text").as_str()), (200, "[[[[[]]]]]"));
    let garbled = get(FaultKind::NotUtf8 { code: 200 }).await;
    assert!(std::str::from_utf8(&garbled.bytes().await.expect("a body")).is_err());
    // The client of these tests follows it, and finds the fault used up.
    let led_back = get(FaultKind::RedirectToItself).await;
    assert_eq!((led_back.status().as_u16(), led_back.url().as_str()), (200, url.as_str()));
    let indiscreet = get(FaultKind::Echo { code: 403 }).await;
    assert_eq!(indiscreet.status().as_u16(), 403);
    let said = indiscreet.text().await.expect("a text");
    assert!(said.contains(&token) && said.contains("123456"), "{said}");
}

#[tokio::test]
async fn faults_pick_their_requests() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let fault = |when| Fault { when, what: FaultKind::error(500, "no"), times: 1 };
    sandbox.add_fault(fault(FaultMatch::path("GET", "*.tgz")));
    sandbox.add_fault(fault(FaultMatch { skip: 1, ..FaultMatch::of("GET", "one") }));
    let status = async |path: &str| {
        http().get(format!("{}{path}", sandbox.url())).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(status("one").await, 200);
    assert_eq!(status("one/-/one-1.0.0.tgz").await, 500);
    assert_eq!(status("one").await, 500);
    assert_eq!(status("one").await, 200);
    sandbox.add_fault(fault(FaultMatch::default()));
    sandbox.clear_faults();
    assert_eq!(status("one").await, 200);
}

#[tokio::test(start_paused = true)]
async fn latency_and_delay_follow_tokios_clock() {
    let latency = Duration::from_hours(1);
    let sandbox = sandbox_with(SandboxOptions { latency, ..SandboxOptions::default() }).await;
    sandbox.add_fault(Fault { when: FaultMatch::default(), what: FaultKind::Delay(latency), times: 1 });
    let start = sandbox.now();
    let answer = http().get(format!("{}-/ping", sandbox.url())).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(sandbox.now().since(start), 2 * latency);
}

#[tokio::test(start_paused = true)]
async fn an_answer_can_come_byte_by_byte() {
    let sandbox = sandbox().await;
    sandbox.add_fault(Fault {
        when: FaultMatch::default(),
        what: FaultKind::Trickle { pause: Duration::from_mins(1) },
        times: 1,
    });
    let start = sandbox.now();
    let answer = http().get(format!("{}-/ping", sandbox.url())).send().await.expect("an answer");
    assert_eq!(answer.text().await.expect("text"), "{}");
    assert_eq!(sandbox.now().since(start), Duration::from_mins(2));
}
