//! Reading: headers, caching, redirects, limits, and answers that are none.

use std::io::Write as _;

use relay_registry::{PackumentAnswer, PackumentForm, ReadError, RefusalCode, Url};
use relay_workspace::{PackageName, Version};

use crate::recorder::{CANARY, Recorder, Reply, client, reply};

const PACKUMENT: &str = r#"{"name":"@s/demo","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{}}}"#;

fn name() -> PackageName {
    PackageName::parse("@s/demo").unwrap()
}

async fn packument(recorder: &Recorder) -> Result<PackumentAnswer, ReadError> {
    let credential = recorder.credential();
    client().packument(&recorder.registry, &name(), Some(&credential), PackumentForm::Abbreviated).await
}

#[tokio::test]
async fn a_packument_is_asked_for_as_npm_asks() {
    let recorder = Recorder::saying(reply(200, PACKUMENT)).await;
    let PackumentAnswer::Found { packument } = packument(&recorder).await.unwrap() else {
        panic!("must be found");
    };
    assert_eq!(packument.versions.len(), 1);
    let asked = recorder.only();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("GET", "/@s%2fdemo"));
    assert_eq!(
        asked.header("accept"),
        Some("application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*")
    );
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    assert_eq!(asked.header("npm-auth-type"), Some("web"));
    assert_eq!(asked.header("npm-command"), Some("publish"));
    assert_eq!(asked.header("user-agent"), Some("relay/test"));
    assert_eq!(asked.header("if-none-match"), None);
    assert_eq!(asked.header("cookie"), None);
}

#[tokio::test]
async fn a_packument_can_be_read_past_caches_and_in_full() {
    let recorder = Recorder::saying(reply(200, PACKUMENT)).await;
    let form = PackumentForm::Full;
    assert!(client().packument_past_caches(&recorder.registry, &name(), None, form).await.is_ok());
    assert_eq!(recorder.only().header("cache-control"), Some("no-cache"));
    assert_eq!(recorder.only().header("accept"), Some("application/json"));
    assert_eq!(recorder.only().header("authorization"), None);
}

#[tokio::test]
async fn an_answer_without_the_document_is_an_error_and_never_a_new_package() {
    for (status, body) in [(304, ""), (204, ""), (206, PACKUMENT)] {
        let recorder = Recorder::saying(reply(status, body)).await;
        let answer = packument(&recorder).await;
        assert!(answer.is_err(), "{status}: {answer:?}");
        assert_eq!(recorder.only().header("if-none-match"), None, "nothing is asked that 304 could answer");
    }
}

#[tokio::test]
async fn an_unknown_package_is_no_error_and_keeps_the_notice() {
    let notice = "Access token expired or revoked. Please try logging in again.";
    let recorder = Recorder::saying(reply(404, r#"{"error":"Not found"}"#).with("npm-notice", notice)).await;
    let expected = PackumentAnswer::NotFound { notice: Some(notice.into()), without_credential: false };
    assert_eq!(packument(&recorder).await.unwrap(), expected);
    assert_eq!(recorder.asked().len(), 1, "a 404 is read once: each read feeds the edge's cache");
}

#[tokio::test]
async fn a_document_of_another_package_is_an_error_whoever_asks() {
    let recorder = Recorder::saying(reply(200, r#"{"name":"other","versions":{"1.0.0":{}}}"#)).await;
    let text = packument(&recorder).await.unwrap_err().to_string();
    assert!(text.contains("` answered with the packument of `other`; check the registry's address"), "{text}");
    let waiting = client().packument_past_caches(&recorder.registry, &name(), None, PackumentForm::Abbreviated).await;
    assert!(matches!(waiting, Err(ReadError::Unexpected { .. })), "{waiting:?}");
    let recorder = Recorder::saying(reply(200, r#"{"name":"other","version":"1.0.0"}"#)).await;
    let version = Version::new(1, 0, 0);
    let document = client().version_document(&recorder.registry, &name(), &version, None).await;
    assert!(matches!(document, Err(ReadError::Unexpected { .. })), "{document:?}");
}

#[tokio::test]
async fn a_login_page_is_named_instead_of_parsed() {
    let page = "<!DOCTYPE html><html><head><title>Sign in to Proxy</title>";
    let recorder = Recorder::saying(reply(200, page)).await;
    let text = packument(&recorder).await.unwrap_err().to_string();
    let (start, rest) = text.split_once("127.0.0.1:").unwrap();
    assert_eq!(start, "could not read the packument of `@s/demo`: `");
    assert_eq!(
        rest.trim_start_matches(|c: char| c.is_ascii_digit()),
        "` answered HTML instead of JSON (status 200, first words: `Sign in to Proxy`); check the registry's address and \
         whether a proxy or login page stands before it"
    );
}

#[tokio::test]
async fn passing_trouble_is_tried_again_and_lasting_trouble_is_told() {
    let recorder = Recorder::start(|_, before| if before < 2 { reply(503, "") } else { reply(200, PACKUMENT) }).await;
    assert!(packument(&recorder).await.is_ok());
    assert_eq!(recorder.asked().len(), 3);
    let recorder = Recorder::saying(reply(502, "<html>Bad Gateway")).await;
    assert!(matches!(packument(&recorder).await, Err(ReadError::Outage { status: 502, .. })));
    assert_eq!(recorder.asked().len(), 3);
}

#[tokio::test]
async fn a_short_wait_is_obeyed_and_a_long_one_handed_up() {
    let recorder = Recorder::start(|_, before| match before {
        0 => reply(429, "").with("retry-after", "0"),
        _ => reply(429, "").with("retry-after", "1934"),
    })
    .await;
    let Err(ReadError::RateLimited { retry_after, .. }) = packument(&recorder).await else {
        panic!("must be limited");
    };
    assert_eq!(retry_after.unwrap().as_secs(), 1934);
    assert_eq!(recorder.asked().len(), 2);
}

#[tokio::test]
async fn a_refused_read_is_classified() {
    let recorder =
        Recorder::saying(reply(403, r#"{"error":"Insufficient permissions to access this resource"}"#)).await;
    let Err(ReadError::Refused { refusal, .. }) = packument(&recorder).await else { panic!("must be refused") };
    assert_eq!(refusal.code, RefusalCode::InsufficientPermissions);
}

#[tokio::test]
async fn a_redirect_is_followed_without_the_credential() {
    let target = Recorder::saying(reply(200, PACKUMENT)).await;
    let location = format!("{}moved", target.registry);
    let recorder = Recorder::start(move |_, _| reply(302, "").with("location", location.clone())).await;
    assert!(packument(&recorder).await.is_ok());
    assert!(recorder.only().header("authorization").is_some());
    let asked = target.only();
    assert_eq!(asked.path, "/moved");
    assert!(!format!("{asked:?}").contains(CANARY), "{asked:?}");
}

#[tokio::test]
async fn not_even_a_redirect_to_itself_carries_the_credential() {
    let recorder = Recorder::start(|asked, _| match asked.path.as_str() {
        "/@s%2fdemo" => reply(301, "").with("location", "/elsewhere"),
        _ => reply(200, PACKUMENT),
    })
    .await;
    assert!(packument(&recorder).await.is_ok());
    assert_eq!(recorder.asked()[1].header("authorization"), None);
}

#[tokio::test]
async fn redirects_without_end_end() {
    let recorder = Recorder::saying(reply(302, "").with("location", "/again")).await;
    let error = packument(&recorder).await.unwrap_err().to_string();
    assert!(error.contains("more than 5 redirects"), "{error}");
    assert_eq!(recorder.asked().len(), 6);
    let recorder = Recorder::saying(reply(302, "").with("location", "file:///etc/passwd")).await;
    assert!(matches!(packument(&recorder).await, Err(ReadError::Redirect { .. })));
}

#[tokio::test]
async fn a_version_is_asked_for_past_caches_and_each_time_anew() {
    let recorder = Recorder::start(|_, before| match before {
        0 => reply(404, r#""not_found""#),
        1 => reply(200, r#"{"version":"1.0.0","dist":{"integrity":"sha512-x"}}"#),
        _ => reply(200, r#"{"version":"9.9.9"}"#),
    })
    .await;
    let ask = async |version: &str| {
        let version = Version::parse(version).unwrap();
        client().version_document(&recorder.registry, &name(), &version, None).await
    };
    assert_eq!(ask("1.0.0").await.unwrap(), None);
    assert_eq!(ask("1.0.0+build").await.unwrap().unwrap().integrity.unwrap().as_str(), "sha512-x");
    assert!(ask("1.0.0").await.unwrap_err().to_string().contains("answered with version `9.9.9`"));
    let asked = recorder.asked();
    assert!(asked[0].path.starts_with("/@s%2fdemo/1.0.0?relay="));
    assert_ne!(asked[0].path, asked[2].path);
    assert!(asked.iter().all(|asked| asked.header("cache-control") == Some("no-cache")));
}

async fn available(registry: &Recorder, tarball: &Recorder) -> Result<bool, ReadError> {
    let url: Url = format!("{}@s/demo/-/demo-1.0.0.tgz", tarball.registry).parse().unwrap();
    client().tarball_available(&registry.registry, &url, Some(&registry.credential())).await
}

#[tokio::test]
async fn a_tarball_is_there_when_bytes_come() {
    let full = Recorder::saying(reply(200, vec![7; 8 * 1024 * 1024])).await;
    assert!(available(&full, &full).await.unwrap());
    assert!(full.only().header("authorization").is_some());
    for answer in [reply(404, ""), reply(410, ""), reply(200, ""), reply(200, "<!doctype html>soon")] {
        let recorder = Recorder::saying(answer).await;
        assert!(!available(&recorder, &recorder).await.unwrap());
    }
}

#[tokio::test]
async fn a_tarball_on_another_host_is_asked_for_without_the_credential() {
    let (registry, other) = (Recorder::saying(reply(200, "x")).await, Recorder::saying(reply(200, "x")).await);
    assert!(available(&registry, &other).await.unwrap());
    assert!(!format!("{:?}", other.only()).contains(CANARY));
}

#[tokio::test]
async fn a_published_tarball_is_fetched_once_up_to_its_limit_and_elsewhere_without_the_credential() {
    let fetch = async |registry: &Recorder, tarball: &Recorder| {
        let url: Url = format!("{}@s/demo/-/demo-1.0.0.tgz", tarball.registry).parse().unwrap();
        client().tarball(&name(), &url, Some(&registry.credential()), 1024).await
    };
    let full = Recorder::saying(reply(200, vec![7; 1024])).await;
    assert_eq!(fetch(&full, &full).await.unwrap().map(|bytes| bytes.len()), Some(1024));
    assert!(full.only().header("authorization").is_some());
    let large = Recorder::saying(reply(200, vec![7; 1025])).await;
    assert!(matches!(fetch(&large, &large).await, Err(ReadError::TooLarge { limit_bytes: 1024, .. })));
    let (gone, broken) = (Recorder::saying(reply(404, "")).await, Recorder::saying(reply(503, "")).await);
    assert_eq!(fetch(&gone, &gone).await.unwrap(), None);
    assert!(fetch(&broken, &broken).await.is_err());
    assert_eq!(broken.asked().len(), 1, "nothing depends on it");
    let other = Recorder::saying(reply(200, "x")).await;
    assert!(fetch(&full, &other).await.unwrap().is_some());
    assert!(!format!("{:?}", other.only()).contains(CANARY));
}

#[tokio::test]
async fn what_is_answered_where_a_redirect_leads_says_nothing_about_the_credential() {
    let elsewhere = async |status| Recorder::saying(reply(status, "{}")).await;
    let leading_to = async |target: &Recorder| {
        Recorder::saying(reply(307, "").with("location", format!("{}there", target.registry))).await
    };
    for status in [401, 403] {
        let target = elsewhere(status).await;
        let recorder = leading_to(&target).await;
        let asked = client().whoami(&recorder.registry, &recorder.credential()).await;
        assert!(matches!(asked, Err(ReadError::Redirect { .. })), "{status}: {asked:?}");
        assert!(!format!("{:?}", target.only()).contains(CANARY));
        let read = packument(&recorder).await.unwrap_err().to_string();
        assert!(read.contains("where the credential is not sent along"), "{read}");
    }
    // Nobody knows whether it is new or only not for everybody.
    let hidden = leading_to(&elsewhere(404).await).await;
    let answer = packument(&hidden).await.unwrap();
    assert!(matches!(answer, PackumentAnswer::NotFound { without_credential: true, .. }), "{answer:?}");
    let absent = elsewhere(404).await;
    let answer = packument(&absent).await.unwrap();
    assert!(matches!(answer, PackumentAnswer::NotFound { without_credential: false, .. }), "{answer:?}");
}

#[tokio::test]
async fn the_account_is_told_or_unknown() {
    let ask = async |answer: Reply| {
        let recorder = Recorder::saying(answer).await;
        let name = client().whoami(&recorder.registry, &recorder.credential()).await;
        assert_eq!(recorder.only().path, "/-/whoami");
        name
    };
    assert_eq!(ask(reply(200, r#"{"username":"maintainer\u001b[31m"}"#)).await.unwrap().as_deref(), Some("maintainer"));
    assert_eq!(ask(reply(401, "{}")).await.unwrap(), None);
    assert!(ask(reply(200, "{}")).await.is_err(), "some registries answer so to everybody");
    assert!(ask(reply(404, "{}")).await.is_err());
    let dead = reply(403, "{}").with("npm-notice", "Access token expired or revoked.");
    assert_eq!(ask(dead).await.unwrap(), None);
}

fn gzipped_zeros(bytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let block = vec![b' '; 1024 * 1024];
    for _ in 0..bytes / block.len() {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn answers_have_a_limit_also_when_they_are_packed() {
    let recorder = Recorder::saying(reply(200, vec![b' '; 2 * 1024 * 1024])).await;
    let answer = client().whoami(&recorder.registry, &recorder.credential()).await;
    assert!(matches!(answer, Err(ReadError::TooLarge { limit_bytes: 1_048_576, .. })), "{answer:?}");
    let bomb = reply(200, gzipped_zeros(80 * 1024 * 1024)).with("content-encoding", "gzip");
    let recorder = Recorder::saying(bomb).await;
    assert!(matches!(packument(&recorder).await, Err(ReadError::TooLarge { .. })));
    assert_eq!(recorder.asked().len(), 1, "what is too large once is too large again");
}
