//! What a registry answers.

use bytes::Bytes;
use relay_registry::packument::WholePackument;
use relay_registry::refusal::{RefusalFacts, classify};
use relay_registry::write::read_answer;
use relay_registry::{Accepted, Challenge, Packument, PublishedVersion, Refusal, WriteError, explain};
use relay_workspace::{PackageName, Version};

use crate::invariants::is_printable;
use crate::text;

/// The longest text of a registry that is kept, in characters.
const KEPT_CHARS_MAX: usize = 1_000;

fn package() -> PackageName {
    PackageName::parse("@acme/core").expect("a name")
}

/// A packument in either form, a version's document, and a packument that is read to be changed.
pub fn packument(input: &[u8]) {
    let name = package();
    match Packument::parse(&name, input) {
        Ok(packument) => {
            assert_eq!(packument.name, name.as_str());
            let highest = packument.highest_stable();
            assert!(highest.is_none_or(|version| packument.versions.contains_key(version)));
            assert!(packument.versions.iter().all(|(version, document)| *version == document.version));
            assert!(packument.taken_back.iter().all(|version| !packument.versions.contains_key(version)));
        }
        Err(error) => drop(error.to_string()),
    }
    let _ = PublishedVersion::parse(&name, input);
    let Ok(whole) = WholePackument::parse(&name, input) else { return };
    let version = Version::new(1, 0, 0);
    let deprecated = whole.with_deprecation(std::slice::from_ref(&version), "broken");
    let again = WholePackument::parse(&name, &deprecated).expect("a deprecated packument is one");
    assert_eq!(again.has(&version), whole.has(&version));
    let back = again.with_deprecation(std::slice::from_ref(&version), whole.deprecation(&version).unwrap_or_default());
    let back = WholePackument::parse(&name, &back).expect("a packument");
    assert_eq!(back.deprecation(&version), whole.deprecation(&version));
    if let Ok(without) = whole.without(&version) {
        let without = WholePackument::parse(&name, &without).expect("a packument without a version is one");
        assert!(!without.has(&version));
    }
}

/// The answer to a write: the status on the first line, `npm-notice` on the second, `www-authenticate` on the third, below
/// them the body.
pub fn answer(input: &[u8]) {
    if let Some(text) = text(input) {
        for explanation in explain(text) {
            assert!(!explanation.code.is_empty());
        }
    }
    let mut lines = input.splitn(4, |byte| *byte == b'\n');
    let mut line = || lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let (Some(status), Some(notice), Some(challenge)) = (line(), line(), line()) else { return };
    let Ok(status @ 100..=599) = status.parse::<u16>() else { return };
    let body = Bytes::copy_from_slice(lines.next().unwrap_or_default());
    let headers = [("npm-notice", notice), ("www-authenticate", challenge), ("retry-after", notice)];
    let name = package();
    match read_answer(&name, "registry.example", (status, &headers), body) {
        Ok(Accepted { status, notice, without_words: _, stage: _ }) => {
            assert!((200..=299).contains(&status));
            is_short(notice.as_deref().unwrap_or_default());
        }
        Err(WriteError::Challenge(Challenge::Otp { message, notice })) => {
            is_short(&message);
            is_short(notice.as_deref().unwrap_or_default());
        }
        Err(WriteError::Challenge(Challenge::Web(web))) => {
            assert!(["http", "https"].contains(&web.auth_url.scheme()), "{}", web.auth_url);
            assert!(["http", "https"].contains(&web.done_url.scheme()), "{}", web.done_url);
        }
        Err(WriteError::Refused(refusal) | WriteError::RateLimited { refusal, .. }) => is_explained(&refusal),
        Err(error) => is_printable(&error),
    }
    let text = text(input).unwrap_or_default();
    let code = classify(RefusalFacts { status, text, notice: Some(notice) });
    assert!(!code.as_str().is_empty());
}

fn is_explained(refusal: &Refusal) {
    is_short(&refusal.text);
    is_printable(refusal);
    assert!(!refusal.code.explanation().fixes.is_empty() || !refusal.code.explanation().causes.is_empty());
}

fn is_short(text: &str) {
    is_printable(&text);
    assert!(text.chars().count() <= KEPT_CHARS_MAX, "{} characters are kept", text.chars().count());
}
