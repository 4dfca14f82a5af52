use super::*;
use crate::answer::tests::answer;

const PAGE: &str = "https://web.example/login/cli/1";

fn registry(text: &str) -> RegistryUrl {
    RegistryUrl::parse(text).unwrap()
}

fn started(at: &str, done: &str) -> Result<LoginStart, LoginError> {
    let body = format!(r#"{{"loginUrl":"{PAGE}","doneUrl":"{done}"}}"#);
    read_login_start(&registry(at), &answer(200, &[], &body))
}

#[track_caller]
fn polled_at(at: &str, done: &str, expected: &str) {
    let LoginStart::Web(login) = started(at, done).unwrap() else { panic!("must be a web login") };
    assert_eq!(login.done_url.as_str(), expected);
    assert_eq!((login.login_url.as_str(), login.website().as_str()), (PAGE, "https://web.example"));
    assert!(!format!("{login:?}").contains("canary"), "what yields the token is not shown");
}

#[test]
fn a_login_is_fetched_from_the_registry_alone() {
    let own = "https://registry.example/npm/-/v1/done?sessionId=canary";
    polled_at("https://registry.example/npm/", own, own);
    for foreign in
        ["https://evil.example/done?x=1", "http://registry.example/done", "https://registry.example:8443/done"]
    {
        let host = host_and_port(&Url::parse(foreign).unwrap());
        let error = started("https://registry.example/npm/", foreign).unwrap_err();
        assert_eq!(error, LoginError::ForeignDone { host: "registry.example".to_owned(), foreign: host });
    }
}

#[test]
fn what_names_npms_own_registry_behind_a_proxy_is_asked_at_the_proxy() {
    let canonical = default_registry().below("-/v1/done").to_string();
    polled_at(
        "https://proxy.example/npm/",
        &format!("{canonical}?sessionId=canary"),
        "https://proxy.example/npm/-/v1/done?sessionId=canary",
    );
}

#[test]
fn a_registry_without_a_web_login_is_known_by_its_no() {
    for status in [400, 401, 403, 404, 405, 500] {
        let start = read_login_start(&registry("https://registry.example"), &answer(status, &[], "{}"));
        assert_eq!(start, Ok(LoginStart::NotOffered), "{status}");
    }
    let start = |status, body| read_login_start(&registry("https://registry.example"), &answer(status, &[], body));
    assert!(matches!(start(429, "slow down"), Err(LoginError::Refused(_))));
    assert!(matches!(start(503, ""), Err(LoginError::Unreachable { .. })));
    assert!(matches!(start(200, "<html>Sign in"), Err(LoginError::Unexpected { .. })));
    assert!(matches!(start(200, "{}"), Err(LoginError::Unexpected { .. })));
    let wicked = r#"{"loginUrl":"javascript:alert(1)","doneUrl":"https://registry.example/done"}"#;
    assert!(matches!(start(200, wicked), Err(LoginError::UnusablePage { .. })));
}

#[test]
fn polls_go_on_until_there_is_a_token_or_the_login_is_over() {
    let at = registry("https://registry.example");
    let poll = |status, headers: &[(&'static str, &str)], body| read_login_poll(&at, &answer(status, headers, body));
    assert!(matches!(
        poll(202, &[("retry-after", "5")], "{}"),
        Ok(LoginPoll::Pending { retry_after: Some(wait) }) if wait == Duration::from_secs(5)
    ));
    assert!(matches!(poll(503, &[], ""), Ok(LoginPoll::Pending { retry_after: None })));
    for over in [404, 410] {
        assert!(matches!(poll(over, &[], ""), Ok(LoginPoll::Gone)));
    }
    let Ok(LoginPoll::Done(token)) = poll(200, &[], r#"{"token":"npm_abc"}"#) else { panic!("must be done") };
    assert_eq!(token.expose_secret(), "npm_abc");
    for no_token in ["{}", r#"{"token":""}"#, r#"{"token":"a b"}"#, r#"{"token":"a\n//x/:_auth=1"}"#, "<html>"] {
        assert!(matches!(poll(200, &[], no_token), Err(LoginError::Unexpected { .. })), "{no_token}");
    }
    assert!(matches!(poll(302, &[], ""), Err(LoginError::Unexpected { .. })));
}

/// A registry could name a variable of the person's, and be sent what it holds at the next command.
#[test]
fn a_token_that_a_settings_file_would_read_as_something_else_is_none() {
    let at = registry("https://registry.example");
    for other in ["${AWS_SECRET}", "a${B}", "a;b", "a#b", r#"\"a\""#, "'a'", r"a\\b"] {
        let body = format!(r#"{{"token":"{other}"}}"#);
        assert!(
            matches!(read_login_poll(&at, &answer(200, &[], &body)), Err(LoginError::Unexpected { .. })),
            "{other}"
        );
        assert!(
            matches!(read_name_login(&at, &answer(201, &[], &body)), Err(LoginError::Unexpected { .. })),
            "{other}"
        );
    }
}

#[test]
fn a_login_by_name_ends_in_a_token_a_challenge_or_a_no() {
    let at = registry("https://registry.example");
    let read = |status, headers: &[(&'static str, &str)], body| read_name_login(&at, &answer(status, headers, body));
    assert!(matches!(read(201, &[], r#"{"ok":true,"token":"t"}"#), Ok(NameLogin::Done(_))));
    assert!(matches!(read(201, &[], r#"{"ok":true}"#), Err(LoginError::Unexpected { .. })));
    assert!(matches!(read(401, &[("www-authenticate", "OTP")], "{}"), Ok(NameLogin::Challenged(_))));
    assert!(matches!(read(401, &[], "{}"), Err(LoginError::Refused(_))));
    assert!(matches!(
        read(400, &[], r#"{"error":"There is no user with the username \"x\""}"#),
        Err(LoginError::Refused(_))
    ));
    assert!(matches!(read(502, &[], ""), Err(LoginError::Unreachable { .. })));
}

#[test]
fn the_older_login_is_asked_as_npm_asks_it() {
    assert_eq!(name_login_path("a b@c"), "-/user/org.couchdb.user:a%20b%40c");
    let body = name_login_body("maintainer", &"p".into(), "2026-11-29T00:00:00Z");
    assert_eq!(
        body.to_string(),
        r#"{"_id":"org.couchdb.user:maintainer","name":"maintainer","password":"p","type":"user","roles":[],"date":"2026-11-29T00:00:00Z"}"#
    );
}

#[test]
fn a_no_is_told_in_the_registrys_words_and_a_redirect_as_one() {
    let at = registry("https://registry.example");
    let no = |status, body| read_name_login(&at, &answer(status, &[], body)).unwrap_err().to_string();
    let unknown = no(400, r#"{"error":"There is no user with the username \"stranger\"."}"#);
    assert_eq!(unknown, "the registry refused it with status 400: There is no user with the username \"stranger\".");
    assert_eq!(no(403, ""), "the registry refused it with status 403");
    assert!(no(302, "").contains("a redirect (302), which is not followed"), "{}", no(302, ""));
    let begun = read_login_start(&at, &answer(302, &[], "")).unwrap_err().to_string();
    assert!(begun.contains("a redirect (302), which is not followed"), "{begun}");
}

#[test]
fn an_address_with_a_name_in_it_is_told_as_that() {
    let error = started("https://registry.example", "https://registry.example@evil.example/done").unwrap_err();
    let error = error.to_string();
    assert!(error.contains("a user name or a password in it"), "{error}");
    assert!(!error.contains("not http"), "{error}");
}
