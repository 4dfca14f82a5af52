//! Two-factor challenges: what the registry asks for, and the answer to a poll (`npm-registry.md`, 3.1 and 3.2).

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::answer::Answer;
use crate::credential::Otp;
use crate::url::DisplayUrl;

/// The longest address of a challenge that is followed, in bytes.
const CHALLENGE_URL_BYTES_MAX: usize = 4_096;

/// The registry's demand for a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A person confirms in the browser; the code is fetched by polling.
    Web(WebChallenge),
    /// A person types a code.
    Otp {
        /// What the registry said, cleaned.
        message: String,
        /// The header `npm-notice`, cleaned: it may name a page for security keys.
        notice: Option<String>,
    },
}

/// A challenge that is answered in the browser. Both addresses are http or https.
///
/// `done_url` yields the one-time password to whoever asks with the credential: it is polled, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WebChallenge {
    /// The page for the person.
    pub auth_url: Url,
    /// The address to poll.
    pub done_url: Url,
}

/// What one poll of a web challenge brought.
#[derive(Debug, Clone)]
pub enum PollAnswer {
    /// Nobody confirmed yet, or the registry had a passing trouble.
    Pending {
        /// How long the registry wants us to wait; never less than the caller's own interval.
        retry_after: Option<Duration>,
    },
    /// Confirmed: the one-time password for the repeated request.
    Done(Otp),
    /// The challenge is over without an answer: a new one is needed.
    Gone,
}

impl fmt::Debug for WebChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebChallenge")
            .field("auth_url", &DisplayUrl::new(&self.auth_url))
            .field("done_url", &DisplayUrl::new(&self.done_url))
            .finish()
    }
}

/// What a 401 asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Demand {
    /// A second factor.
    SecondFactor(Challenge),
    /// A second factor by way of an address that must not be opened.
    Unreadable,
    /// Another address to come from.
    OtherAddress,
    /// Nothing that an answer could help with.
    Nothing,
}

/// Reads a 401 as npm does: the header first, then the body's words. A body with both addresses is a challenge even
/// without the header.
pub(crate) fn read_unauthorized(answer: &Answer) -> Demand {
    let schemes: Vec<String> = answer
        .header("www-authenticate")
        .unwrap_or_default()
        .split(',')
        .map(|part| part.trim().to_lowercase())
        .collect();
    if schemes.iter().any(|scheme| scheme == "ipaddress") {
        return Demand::OtherAddress;
    }
    let body = answer.json();
    let address = |field: &str| body.as_ref().and_then(|body| body.get(field)).and_then(Value::as_str);
    if let (Some(auth), Some(done)) = (address("authUrl"), address("doneUrl")) {
        return match (web_url(auth), web_url(done)) {
            (Some(auth_url), Some(done_url)) => {
                Demand::SecondFactor(Challenge::Web(WebChallenge { auth_url, done_url }))
            }
            _ => Demand::Unreadable,
        };
    }
    let asked = schemes.iter().any(|scheme| scheme == "otp")
        || String::from_utf8_lossy(&answer.body).to_lowercase().contains("one-time pass");
    if asked {
        Demand::SecondFactor(Challenge::Otp { message: answer.text(), notice: answer.notice() })
    } else {
        Demand::Nothing
    }
}

/// Reads the answer to one poll. `None`: a success that carries no token, which is no protocol (the caller counts).
pub(crate) fn read_poll(answer: &Answer) -> Option<PollAnswer> {
    match answer.status {
        200 => {
            let body = answer.json()?;
            let token = body.get("token").and_then(Value::as_str)?;
            Otp::parse(token).ok().map(PollAnswer::Done)
        }
        202 | 400..=403 | 405..=409 | 411.. => Some(PollAnswer::Pending { retry_after: answer.retry_after() }),
        404 | 410 => Some(PollAnswer::Gone),
        _ => None,
    }
}

/// An address that a browser may open or that may be polled: http or https, with a host and no password.
pub(crate) fn web_url(text: &str) -> Option<Url> {
    checked_web_url(text).ok()
}

/// As [`web_url`], and says what is wrong with one that is not used.
pub(crate) fn checked_web_url(text: &str) -> Result<Url, &'static str> {
    if text.len() > CHALLENGE_URL_BYTES_MAX {
        return Err("it is too long for one");
    }
    let url = Url::parse(text).map_err(|_| "it is no address")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("it is not http or https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a user name or a password in it, which hides where it leads");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::answer;

    const WEB: &str =
        r#"{"authUrl":"https://web.example/auth/cli/1","doneUrl":"https://registry.example/-/v1/done?authId=canary"}"#;

    #[test]
    fn a_body_with_both_addresses_is_a_web_challenge() {
        for headers in [&[("www-authenticate", "OTP")][..], &[]] {
            let Demand::SecondFactor(Challenge::Web(web)) = read_unauthorized(&answer(401, headers, WEB)) else {
                panic!("must be a web challenge");
            };
            assert_eq!(web.auth_url.as_str(), "https://web.example/auth/cli/1");
            assert!(!format!("{web:?}").contains("canary"), "the done address is not shown whole");
        }
    }

    #[test]
    fn addresses_that_are_not_http_are_never_followed() {
        for auth in ["javascript:alert(1)", "file:///etc/passwd", "web.example", "https://u:p@web.example/"] {
            let body = WEB.replace("https://web.example/auth/cli/1", auth);
            assert_eq!(read_unauthorized(&answer(401, &[("www-authenticate", "OTP")], &body)), Demand::Unreadable);
        }
    }

    #[test]
    fn the_typed_challenge_is_known_by_its_header_or_its_words() {
        let expected = |message: &str, notice: Option<&str>| {
            Demand::SecondFactor(Challenge::Otp { message: message.into(), notice: notice.map(str::to_owned) })
        };
        let headers = [("www-authenticate", "Bearer, OTP"), ("npm-notice", "Open the page")];
        let read = read_unauthorized(&answer(401, &headers, r#"{"error":"invalid OTP"}"#));
        assert_eq!(read, expected("invalid OTP", Some("Open the page")));
        let words = "You must provide a one-time pass. Upgrade your client to npm@latest in order to use 2FA.";
        let read = read_unauthorized(&answer(401, &[], &format!(r#"{{"error":"{words}"}}"#)));
        assert_eq!(read, expected(words, None));
    }

    #[test]
    fn other_unauthorized_answers_ask_for_nothing() {
        assert_eq!(read_unauthorized(&answer(401, &[("www-authenticate", "ipaddress")], "")), Demand::OtherAddress);
        assert_eq!(read_unauthorized(&answer(401, &[("www-authenticate", "Basic realm=\"x\"")], "")), Demand::Nothing);
        assert_eq!(read_unauthorized(&answer(401, &[], r#"{"error":"Unauthorized"}"#)), Demand::Nothing);
        assert_eq!(read_unauthorized(&answer(401, &[], "<html>")), Demand::Nothing);
    }

    #[track_caller]
    fn polled(status: u16, headers: &[(&'static str, &str)], body: &str, expected: &str) {
        assert_eq!(format!("{:?}", read_poll(&answer(status, headers, body))), expected);
    }

    #[test]
    fn polls_are_read_as_the_table_says() {
        polled(202, &[("retry-after", "5")], "{}", "Some(Pending { retry_after: Some(5s) })");
        polled(202, &[], "{}", "Some(Pending { retry_after: None })");
        polled(200, &[], r#"{"token":"1234567890123456"}"#, "Some(Done(Otp(hidden)))");
        polled(200, &[], "{}", "None");
        polled(200, &[], r#"{"token":"x\ny z"}"#, "None");
        polled(200, &[], "<html>", "None");
        polled(204, &[], "", "None");
        polled(302, &[], "", "None");
        polled(404, &[], "", "Some(Gone)");
        polled(410, &[], "", "Some(Gone)");
        polled(429, &[("retry-after", "7")], "", "Some(Pending { retry_after: Some(7s) })");
        polled(503, &[], "", "Some(Pending { retry_after: None })");
    }
}
