//! A write to a registry as a value, and the answers to it: accepted, challenged, refused, or unknown
//! (`npm-registry.md`, 2.3 and 9).
//!
//! All writes go the same way (`RegistryClient::write`): what differs is the npm command that a request stands in for, its
//! method, its path and its body. npm's registry offers a second factor in the browser only to a request that names its
//! command (`npm-registry.md`, 0.3).

mod changes;

use std::time::Duration;

use bytes::Bytes;
use relay_values::Printable;
use relay_workspace::PackageName;
use reqwest::header::HeaderName;
use serde_json::Value;

use crate::answer::{Answer, TEXT_CHARS_MAX};
use crate::challenge::{Challenge, Demand, read_unauthorized};
use crate::credential::{Credential, Otp};
use crate::refusal::{Refusal, RefusalCode, RefusalFacts, classify};
use crate::stage::StageId;
use crate::url::RegistryUrl;

/// The npm command that a request stands in for: the header `npm-command`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NpmCommand {
    /// `npm publish`.
    #[default]
    Publish,
    /// `npm dist-tag`.
    DistTag,
    /// `npm deprecate`, which takes deprecations back too.
    Deprecate,
    /// `npm unpublish`.
    Unpublish,
    /// `npm stage`, whatever of it.
    Stage,
    /// `npm login`.
    Login,
    /// `npm logout`.
    Logout,
    /// `npm profile`.
    Profile,
    /// `npm whoami`.
    Whoami,
    /// `npm token`.
    Token,
}

impl NpmCommand {
    /// The command as npm writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::DistTag => "dist-tag",
            Self::Deprecate => "deprecate",
            Self::Unpublish => "unpublish",
            Self::Stage => "stage",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Profile => "profile",
            Self::Whoami => "whoami",
            Self::Token => "token",
        }
    }
}

/// How a write is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMethod {
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `DELETE`.
    Delete,
}

/// One write: what is sent where, and by whose right. It is sent once; whoever sends it again must know what came of it.
#[derive(Debug, Clone)]
pub struct WriteRequest<'a> {
    /// Where to.
    pub registry: &'a RegistryUrl,
    /// Which package it is about.
    pub package: &'a PackageName,
    /// Which npm command it stands in for.
    pub command: NpmCommand,
    /// How it is sent.
    pub method: WriteMethod,
    /// The path below the registry's address, escaped.
    pub path: String,
    /// The JSON document that goes along, if any. Cheap to clone, so that a challenged write can be sent again.
    pub body: Option<Bytes>,
    /// By whose right. `None` sends the write without one, which some registries take.
    pub credential: Option<&'a Credential>,
    /// The answer to a challenge, if one was met. A first try goes without.
    pub otp: Option<&'a Otp>,
}

/// The status by which a registry says that it was done and that there is nothing to say about it.
const NO_CONTENT: u16 = 204;

/// The registry took the write. An upload may not be visible for minutes (`npm-registry.md`, 1.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The status, 200 to 299.
    pub status: u16,
    /// What the registry said beside it (the header `npm-notice`, or the body's `message`), cleaned: that the version is
    /// still being processed, for one.
    pub notice: Option<String>,
    /// Whether there was no word of it, not even by the status, which can say so (204).
    pub without_words: bool,
    /// The id of what was staged, where the write was that.
    pub stage: Option<StageId>,
}

/// The registry did not simply take the write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A second factor is asked for. Nothing was written.
    #[error("the registry asks for a second factor")]
    Challenge(Challenge),
    /// The registry said no. Of class `Verify`, what was written may be there all the same.
    #[error("{0}")]
    Refused(Refusal),
    /// Too many requests. Nothing was written.
    #[error("{refusal}")]
    RateLimited {
        /// How long to wait, where the registry says so.
        retry_after: Option<Duration>,
        /// Which limit it was.
        refusal: Refusal,
    },
    /// The write began and its end is not known: look at the registry before sending again.
    #[error("the outcome is unknown: {cause}")]
    OutcomeUnknown {
        /// What happened, with the host and without anything secret.
        cause: String,
    },
    /// Nothing was sent.
    #[error("{cause}")]
    NotSent {
        /// Why, with the host and the next step, and without anything secret.
        cause: String,
    },
}

/// Reads an answer to a write from its parts, for those who judge the reading alone: the fuzzer. A header that can't be one is
/// left out.
///
/// # Errors
/// [`WriteError`], as of a write that was answered so.
#[doc(hidden)]
#[expect(clippy::result_large_err, reason = "one write, one error: its size costs nothing beside the request")]
pub fn read_answer(
    name: &PackageName,
    host: &str,
    (status, headers): (u16, &[(&'static str, &str)]),
    body: Bytes,
) -> Result<Accepted, WriteError> {
    let headers = headers.iter().filter_map(|(name, value)| Some((HeaderName::from_static(name), value.parse().ok()?)));
    read_write_answer(name, host, &Answer { status, headers: headers.collect(), body, without_credential: false })
}

/// Reads the answer of one host to a write about one package.
#[expect(clippy::result_large_err, reason = "one write, one error: its size costs nothing beside the request")]
pub(crate) fn read_write_answer(name: &PackageName, host: &str, answer: &Answer) -> Result<Accepted, WriteError> {
    if (200..=299).contains(&answer.status) && answer.is_html() {
        // No registry speaks HTML: whoever did may have sent nothing on.
        let (status, words) = (answer.status, answer.first_words());
        return Err(WriteError::OutcomeUnknown {
            cause: format!(
                "`{host}` answered {status} with HTML (first words: `{words}`), as a proxy or login page before a registry does"
            ),
        });
    }
    if (200..=299).contains(&answer.status)
        && let Some(problem) = no_success(answer)
    {
        return Err(WriteError::OutcomeUnknown {
            cause: format!("`{host}` answered {} with {problem}", answer.status),
        });
    }
    if (200..=299).contains(&answer.status) {
        let message =
            || answer.json()?.get("message")?.as_str().map(|text| String::from(Printable::words(text, TEXT_CHARS_MAX)));
        return Ok(Accepted {
            status: answer.status,
            notice: answer.notice().or_else(message),
            stage: answer.json().and_then(|body| StageId::parse(body.get("stageId")?.as_str()?).ok()),
            without_words: answer.status != NO_CONTENT && is_blank(answer),
        });
    }
    let refusal = refusal_of(Some(name), answer);
    if answer.status == 401 && refusal.code != RefusalCode::DeadCredential {
        match read_unauthorized(answer) {
            Demand::SecondFactor(challenge) => return Err(WriteError::Challenge(challenge)),
            Demand::Unreadable => {
                return Err(WriteError::Refused(Refusal { code: RefusalCode::UnreadableChallenge, ..refusal }));
            }
            Demand::OtherAddress | Demand::Nothing => {}
        }
    }
    match answer.status {
        429 => Err(WriteError::RateLimited { retry_after: answer.retry_after(), refusal }),
        408 | 500.. => Err(WriteError::OutcomeUnknown {
            cause: if refusal.text.is_empty() {
                format!("`{host}` answered {}", answer.status)
            } else {
                format!("`{host}` answered {}: {}", answer.status, refusal.text)
            },
        }),
        _ => Err(WriteError::Refused(refusal)),
    }
}

fn is_blank(answer: &Answer) -> bool {
    answer.body.iter().all(u8::is_ascii_whitespace)
}

/// Why an answer that claims success may be none, if it may. Registries say yes with an object, or with no body at all.
fn no_success(answer: &Answer) -> Option<String> {
    if is_blank(answer) {
        return None;
    }
    let words = || answer.first_words();
    match answer.json() {
        None => Some(format!("{} (first words: `{}`)", answer.instead_of("answer to a write"), words())),
        Some(Value::Object(fields)) => {
            let denies = |field: &str| fields.get(field) == Some(&Value::Bool(false));
            let complains =
                fields.get("error").is_some_and(|error| error.as_str().is_some_and(|text| !text.is_empty()));
            (denies("success") || denies("ok") || complains).then(|| format!("words of failure (`{}`)", words()))
        }
        Some(_) => None,
    }
}

/// The refusal that an answer of 300 or above stands for.
pub(crate) fn refusal_of(package: Option<&PackageName>, answer: &Answer) -> Refusal {
    let text = answer.text();
    let notice = answer.notice();
    let other_address = answer.status == 401 && read_unauthorized(answer) == Demand::OtherAddress;
    let scheme = answer.header("www-authenticate").filter(|_| answer.status == 401);
    let code = match classify(RefusalFacts { status: answer.status, text: &text, notice: notice.as_deref() }) {
        RefusalCode::Unauthorized if other_address => RefusalCode::AddressNotAllowed,
        RefusalCode::Unauthorized if scheme.is_some_and(wants_basic_alone) => RefusalCode::WrongAuthScheme,
        code => code,
    };
    Refusal { code, status: answer.status, text, package: package.cloned() }
}

/// Says whether a `www-authenticate` header offers Basic and not Bearer.
fn wants_basic_alone(header: &str) -> bool {
    let header = header.to_lowercase();
    header.contains("basic") && !header.contains("bearer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::answer;

    #[expect(clippy::result_large_err, reason = "the type under test")]
    fn read(status: u16, headers: &[(&'static str, &str)], body: &str) -> Result<Accepted, WriteError> {
        let name = PackageName::parse("@acme/core").unwrap();
        read_write_answer(&name, "registry.example", &answer(status, headers, body))
    }

    #[track_caller]
    fn refused(status: u16, headers: &[(&'static str, &str)], body: &str, code: RefusalCode) {
        let WriteError::Refused(refusal) = read(status, headers, body).unwrap_err() else {
            panic!("must be refused");
        };
        assert_eq!(refusal.code, code);
        assert_eq!(refusal.package.unwrap().as_str(), "@acme/core");
    }

    #[test]
    fn a_page_in_place_of_an_answer_leaves_it_open_whether_the_upload_arrived() {
        let error = read(200, &[], "<html><title>Sign in</title></html>").unwrap_err();
        assert!(matches!(&error, WriteError::OutcomeUnknown { cause } if cause.contains("Sign in")), "{error}");
    }

    #[test]
    fn a_success_that_says_otherwise_or_nothing_readable_leaves_it_open() {
        for (body, words) in [
            ("welcome", "text instead of JSON"),
            (r#"{"success":tr"#, "JSON that is broken"),
            (r#"{"success":false}"#, "words of failure"),
            (r#"{"ok":false}"#, "words of failure"),
            (r#"{"error":"disk full"}"#, "disk full"),
        ] {
            let error = read(200, &[], body).unwrap_err();
            assert!(matches!(&error, WriteError::OutcomeUnknown { cause } if cause.contains(words)), "{body}: {error}");
        }
        for body in [r#"{"error":null,"ok":true}"#, r#""created""#, "\n"] {
            assert!(read(201, &[], body).is_ok(), "{body}");
        }
    }

    #[test]
    fn any_success_is_accepted() {
        for (status, body) in [(200, r#"{"success":true}"#), (201, r#"{"ok":"created"}"#), (202, "")] {
            assert_eq!(read(status, &[], body).unwrap().status, status);
        }
        for (status, body, expected) in [(200, "", true), (201, "\n", true), (204, "", false), (200, "{}", false)] {
            assert_eq!(read(status, &[], body).unwrap().without_words, expected, "{status} {body:?}");
        }
        let notice = read(200, &[("npm-notice", "is being processed")], "").unwrap().notice;
        assert_eq!(notice.as_deref(), Some("is being processed"));
        let message = read(200, &[], r#"{"message":"is being\nprocessed"}"#).unwrap().notice;
        assert_eq!(message.as_deref(), Some("is being processed"));
    }

    #[test]
    fn refusals_are_told_apart() {
        refused(404, &[], r#"{"error":"Not found"}"#, RefusalCode::MaskedForbidden);
        refused(401, &[], r#"{"error":"Unauthorized"}"#, RefusalCode::Unauthorized);
        refused(401, &[("www-authenticate", "ipaddress")], "{}", RefusalCode::AddressNotAllowed);
        refused(401, &[("www-authenticate", "BASIC realm=\"x\"")], "{}", RefusalCode::WrongAuthScheme);
        refused(401, &[("www-authenticate", "Basic, Bearer")], "{}", RefusalCode::Unauthorized);
        refused(409, &[], "", RefusalCode::Conflict);
        refused(302, &[("location", "https://evil.example/")], "", RefusalCode::Redirected);
        let previously = r#"{"error":"Cannot publish over previously published version \"1.0.0\"."}"#;
        refused(403, &[], previously, RefusalCode::AlreadyPublished);
        refused(400, &[], previously, RefusalCode::AlreadyPublished);
    }

    #[test]
    fn a_dead_token_is_no_challenge() {
        let notice = ("npm-notice", "Access token expired or revoked. Please try logging in again.");
        refused(401, &[("www-authenticate", "OTP"), notice], "{}", RefusalCode::DeadCredential);
        refused(404, &[notice], r#"{"error":"Not found"}"#, RefusalCode::DeadCredential);
    }

    #[test]
    fn a_second_factor_is_a_challenge_and_a_wicked_one_a_refusal() {
        assert!(matches!(
            read(401, &[("www-authenticate", "OTP")], "{}"),
            Err(WriteError::Challenge(Challenge::Otp { .. }))
        ));
        let wicked = r#"{"authUrl":"javascript:1","doneUrl":"https://registry.example/done"}"#;
        refused(401, &[("www-authenticate", "OTP")], wicked, RefusalCode::UnreadableChallenge);
    }

    #[test]
    fn limits_carry_their_wait_and_outages_no_verdict() {
        let limited = read(429, &[("retry-after", "1934")], "<html>slow down").unwrap_err();
        let WriteError::RateLimited { retry_after, refusal } = limited else { panic!("must be limited") };
        assert_eq!((retry_after, refusal.code), (Some(Duration::from_secs(1934)), RefusalCode::RateLimit));
        for status in [408, 500, 502, 503, 504, 599] {
            let error = read(status, &[], r#"{"error":"boom"}"#).unwrap_err();
            assert!(error.to_string().contains(&format!("`registry.example` answered {status}: boom")), "{error}");
        }
    }
}
