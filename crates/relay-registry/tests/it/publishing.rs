//! Publishing: sent once, challenged, answered, refused, lost.

use std::time::Duration;

use relay_registry::{
    Accepted, Challenge, ClientOptions, NpmCommand, Otp, PackumentForm, PollAnswer, PublishRequest, ReadError,
    RefusalCode, RegistryClient, RegistryUrl, WebChallenge, WriteError,
};
use relay_workspace::PackageName;
use tokio::io::AsyncReadExt as _;

use crate::recorder::{CANARY, Recorder, client, reply};

async fn publish(recorder: &Recorder, otp: Option<&Otp>) -> Result<Accepted, WriteError> {
    publish_to(&recorder.registry, recorder, otp).await
}

async fn publish_to(registry: &RegistryUrl, owner: &Recorder, otp: Option<&Otp>) -> Result<Accepted, WriteError> {
    let name = PackageName::parse("@s/demo").unwrap();
    let document = bytes::Bytes::from_static(b"{\"name\":\"@s/demo\"}");
    let credential = owner.credential();
    let request = PublishRequest { registry, name: &name, document: &document, credential: Some(&credential), otp };
    client().publish(&request).await
}

#[tokio::test]
async fn an_upload_is_one_put_with_the_document() {
    let recorder = Recorder::saying(reply(200, r#"{"success":true}"#)).await;
    assert_eq!(publish(&recorder, None).await.unwrap().status, 200);
    let asked = recorder.only();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("PUT", "/@s%2fdemo"));
    assert_eq!(asked.body, "{\"name\":\"@s/demo\"}");
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("content-length"), Some("18"));
    assert_eq!(asked.header("npm-otp"), None);
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
}

#[tokio::test]
async fn whatever_the_answer_an_upload_is_sent_once() {
    for status in [400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504] {
        let recorder = Recorder::saying(reply(status, "{}")).await;
        assert!(publish(&recorder, None).await.is_err());
        assert_eq!(recorder.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_refusal_of_an_upload_without_a_credential_says_that_one_is_needed() {
    for status in [401, 403, 404] {
        let recorder = Recorder::saying(reply(status, "{}")).await;
        let name = PackageName::parse("demo").unwrap();
        let document = bytes::Bytes::from_static(b"{}");
        let registry = &recorder.registry;
        let request = PublishRequest { registry, name: &name, document: &document, credential: None, otp: None };
        let Err(WriteError::Refused(refusal)) = client().publish(&request).await else { panic!("must be refused") };
        assert_eq!(refusal.code, RefusalCode::NeedAuth);
    }
}

#[tokio::test]
async fn a_redirected_upload_goes_nowhere_else() {
    let target = Recorder::saying(reply(200, "{}")).await;
    let location = format!("{}@s%2fdemo", target.registry);
    for status in [301, 302, 303, 307, 308] {
        let location = location.clone();
        let recorder = Recorder::start(move |_, _| reply(status, "").with("location", location.clone())).await;
        let Err(WriteError::Refused(refusal)) = publish(&recorder, None).await else { panic!("must be refused") };
        assert_eq!(refusal.code, RefusalCode::Redirected);
    }
    assert!(target.asked().is_empty());
}

#[tokio::test]
async fn a_credential_of_another_registry_is_not_sent() {
    let (mine, other) = (Recorder::saying(reply(200, "{}")).await, Recorder::saying(reply(200, "{}")).await);
    let Err(WriteError::NotSent { cause }) = publish_to(&other.registry, &mine, None).await else {
        panic!("must not be sent");
    };
    assert!(cause.contains("the credential from a test belongs to") && !cause.contains(CANARY), "{cause}");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_web_challenge_is_polled_and_its_code_sent_with_the_same_upload() {
    let recorder = Recorder::start(|asked, before| {
        let host = asked.header("host").unwrap_or_default();
        match (asked.method.as_str(), asked.header("npm-otp"), before) {
            ("PUT", Some("1234567890123456"), _) => reply(201, r#"{"ok":"created"}"#),
            ("PUT", _, _) => {
                let body = format!(
                    r#"{{"authUrl":"http://web.example/auth/cli/1","doneUrl":"http://{host}/-/v1/done?authId=7"}}"#
                );
                reply(401, body).with("www-authenticate", "OTP")
            }
            (_, _, 1) => reply(202, "{}").with("retry-after", "3"),
            (_, _, 2) => reply(502, ""),
            _ => reply(200, r#"{"token":"1234567890123456"}"#),
        }
    })
    .await;
    let Err(WriteError::Challenge(Challenge::Web(web))) = publish(&recorder, None).await else {
        panic!("must be challenged");
    };
    let credential = recorder.credential();
    let poll = async || client().poll_done(&recorder.registry, &web, NpmCommand::Publish, &credential).await.unwrap();
    assert!(matches!(poll().await, PollAnswer::Pending { retry_after: Some(wait) } if wait.as_secs() == 3));
    assert!(matches!(poll().await, PollAnswer::Pending { retry_after: None }));
    let PollAnswer::Done(otp) = poll().await else { panic!("must be done") };
    assert_eq!(publish(&recorder, Some(&otp)).await.unwrap().status, 201);
    let asked = recorder.asked();
    assert_eq!(asked.len(), 5);
    assert_eq!(asked[1].path, "/-/v1/done?authId=7");
    assert!(asked[1].header("authorization").is_some());
    assert_eq!(asked[0].body, asked[4].body);
    assert_eq!(asked[4].header("npm-auth-type"), Some("web"));
}

#[tokio::test]
async fn a_foreign_done_address_is_polled_without_the_credential() {
    let (registry, other) = (Recorder::saying(reply(200, "{}")).await, Recorder::saying(reply(200, "{}")).await);
    let challenge = WebChallenge {
        auth_url: "http://web.example/".parse().unwrap(),
        done_url: format!("{}done", other.registry).parse().unwrap(),
    };
    let answer = client().poll_done(&registry.registry, &challenge, NpmCommand::Publish, &registry.credential()).await;
    assert!(matches!(answer, Err(ReadError::PollWithoutToken { status: 200 })), "{answer:?}");
    assert!(!format!("{:?}", other.only()).contains(CANARY));
}

#[tokio::test]
async fn an_expired_challenge_is_gone_and_a_huge_answer_an_error() {
    let poll = async |recorder: &Recorder| {
        let done_url: relay_registry::Url = format!("{}done", recorder.registry).parse().unwrap();
        let challenge = WebChallenge { auth_url: done_url.clone(), done_url };
        client().poll_done(&recorder.registry, &challenge, NpmCommand::Publish, &recorder.credential()).await
    };
    assert!(matches!(poll(&Recorder::saying(reply(404, "")).await).await, Ok(PollAnswer::Gone)));
    let huge = Recorder::saying(reply(200, vec![b' '; 100_000])).await;
    assert!(matches!(poll(&huge).await, Err(ReadError::TooLarge { limit_bytes: 65_536, .. })));
}

#[tokio::test]
async fn the_wait_of_a_rate_limit_counts_against_the_answers_own_date() {
    let recorder = Recorder::saying(
        reply(429, "<html>slow")
            .with("date", "Tue, 24 Nov 2026 09:00:00 GMT")
            .with("retry-after", "Tue, 24 Nov 2026 09:02:00 GMT"),
    )
    .await;
    let Err(WriteError::RateLimited { retry_after, .. }) = publish(&recorder, None).await else {
        panic!("must be limited");
    };
    assert_eq!(retry_after, Some(Duration::from_mins(2)));
}

#[tokio::test]
async fn a_closed_port_means_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let registry = RegistryUrl::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
    let name = PackageName::parse("demo").unwrap();
    let document = bytes::Bytes::new();
    let request = PublishRequest { registry: &registry, name: &name, document: &document, credential: None, otp: None };
    let Err(WriteError::NotSent { cause }) = client().publish(&request).await else { panic!("must not be sent") };
    assert!(
        cause.starts_with(&format!("could not connect to `127.0.0.1:{port}`: connection refused; check")),
        "{cause}"
    );
}

/// Takes connections, reads each request to its end, says `answer`, and hangs up.
async fn hangs_up_after(answer: &'static [u8]) -> RegistryUrl {
    use tokio::io::AsyncWriteExt as _;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // What is left unread would reset the connection before the answer is through.
            let (mut seen, mut some) = (Vec::new(), [0; 1024]);
            while let Ok(count @ 1..) = stream.read(&mut some).await {
                seen.extend_from_slice(&some[..count]);
                if seen.ends_with(b"{}") {
                    break;
                }
            }
            let _ = stream.write_all(answer).await;
        }
    });
    RegistryUrl::parse(&format!("http://127.0.0.1:{port}/")).unwrap()
}

async fn cut_off(answer: &'static [u8]) -> Result<Accepted, WriteError> {
    let registry = hangs_up_after(answer).await;
    let name = PackageName::parse("demo").unwrap();
    let document = bytes::Bytes::from_static(b"{}");
    let request = PublishRequest { registry: &registry, name: &name, document: &document, credential: None, otp: None };
    client().publish(&request).await
}

#[tokio::test]
async fn an_answer_that_never_came_leaves_the_outcome_unknown() {
    for answer in [&b""[..], b"HTTP/1.1 200", b"no http at all\r\n\r\n"] {
        let result = cut_off(answer).await;
        assert!(matches!(result, Err(WriteError::OutcomeUnknown { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn an_answer_whose_words_were_cut_off_is_a_no_by_its_status_and_never_a_yes() {
    let taken = cut_off(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{").await;
    let Err(WriteError::OutcomeUnknown { cause }) = taken else { panic!("must be unknown: {taken:?}") };
    assert!(cause.contains("answered 200 and its words can't be read"), "{cause}");
    let refused = cut_off(b"HTTP/1.1 404 Not Found\r\ncontent-length: 50\r\n\r\n{").await;
    assert!(matches!(refused, Err(WriteError::Refused(refusal)) if refusal.code == RefusalCode::NeedAuth));
    let failed = cut_off(b"HTTP/1.1 500 Oops\r\ncontent-length: 50\r\n\r\n{").await;
    assert!(matches!(failed, Err(WriteError::OutcomeUnknown { .. })), "{failed:?}");
}

#[tokio::test]
async fn a_registry_that_says_nothing_is_given_up_and_the_outcome_is_unknown() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let registry = RegistryUrl::parse(&format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port())).unwrap();
    let options = ClientOptions { request_timeout: Duration::from_millis(50), ..ClientOptions::default() };
    let name = PackageName::parse("demo").unwrap();
    let document = bytes::Bytes::from_static(b"{}");
    let request = PublishRequest { registry: &registry, name: &name, document: &document, credential: None, otp: None };
    let result = RegistryClient::new(options).unwrap().publish(&request).await;
    let Err(WriteError::OutcomeUnknown { cause }) = result else { panic!("must be unknown: {result:?}") };
    assert!(cause.ends_with("did not answer in time"), "{cause}");
}

#[tokio::test]
async fn without_tls_on_the_other_side_nothing_was_sent() {
    let recorder = Recorder::saying(reply(200, "{}")).await;
    let registry = RegistryUrl::parse(&recorder.registry.as_str().replace("http:", "https:")).unwrap();
    let name = PackageName::parse("demo").unwrap();
    let document = bytes::Bytes::from_static(b"{}");
    let request = PublishRequest { registry: &registry, name: &name, document: &document, credential: None, otp: None };
    let result = client().publish(&request).await;
    let Err(WriteError::NotSent { cause }) = result else { panic!("must not be sent: {result:?}") };
    assert!(cause.contains("TLS handshake failed") && cause.contains("should be `http`"), "{cause}");
    assert!(recorder.asked().is_empty());
}

#[tokio::test]
async fn a_pause_that_a_host_asked_for_is_kept_by_uploads_and_reads_alike() {
    let recorder = Recorder::saying(reply(429, "slow down").with("retry-after", "600")).await;
    let name = PackageName::parse("demo").unwrap();
    let document = bytes::Bytes::from_static(b"{}");
    let request =
        PublishRequest { registry: &recorder.registry, name: &name, document: &document, credential: None, otp: None };
    // Clones share what is known of pauses.
    let (first, second) = (client(), client());
    let other = first.clone();
    let refused = first.publish(&request).await;
    assert!(matches!(refused, Err(WriteError::RateLimited { .. })), "{refused:?}");
    assert_eq!(recorder.asked().len(), 1);

    let left = Duration::from_secs(590)..=Duration::from_mins(10);
    let upload = other.publish(&request).await;
    assert!(
        matches!(&upload, Err(WriteError::RateLimited { retry_after: Some(it), .. }) if left.contains(it)),
        "{upload:?}"
    );
    let read = other.packument(&recorder.registry, &name, None, PackumentForm::Full).await;
    assert!(
        matches!(&read, Err(ReadError::RateLimited { retry_after: Some(it), .. }) if left.contains(it)),
        "{read:?}"
    );
    assert_eq!(recorder.asked().len(), 1, "nothing was sent in the pause");
    drop(second.packument(&recorder.registry, &name, None, PackumentForm::Full).await);
    assert_eq!(recorder.asked().len(), 2, "another run knows nothing of it");
}
