//! From an answer to a refusal: the row whose words fit best, else the row that stands for the status.

use super::code::RefusalCode;
use super::table::{Row, rows};

/// The words of the `npm-notice` header that tell a dead token, on any answer (`npm-registry.md`, 1.5).
pub const DEAD_CREDENTIAL_NOTICE: &str = "access token expired or revoked";

/// What an answer says.
#[derive(Debug, Clone, Copy)]
pub struct RefusalFacts<'a> {
    /// The status, 400 or above (or a redirect).
    pub status: u16,
    /// The body's `error` or `message`, or the body as text.
    pub text: &'a str,
    /// The header `npm-notice`.
    pub notice: Option<&'a str>,
}

/// Finds the refusal that an answer stands for. Every answer has one; at worst [`RefusalCode::Unrecognised`].
pub fn classify(facts: RefusalFacts<'_>) -> RefusalCode {
    if facts.notice.is_some_and(|notice| notice.to_lowercase().contains(DEAD_CREDENTIAL_NOTICE)) {
        return RefusalCode::DeadCredential;
    }
    let text = format!("{} {}", facts.text, facts.notice.unwrap_or_default()).to_lowercase();
    rows()
        .filter(|row| row.statuses.contains(&facts.status))
        .filter_map(|row| row.fit(&text).map(|fit| (fit, row)))
        .max_by_key(|(fit, _)| *fit)
        .map_or_else(|| by_status(facts.status), |(_, row)| row.code)
}

fn by_status(status: u16) -> RefusalCode {
    match status {
        300..=399 => RefusalCode::Redirected,
        400 => RefusalCode::BadRequest,
        401 => RefusalCode::Unauthorized,
        402 => RefusalCode::PaymentRequired,
        403 => RefusalCode::Forbidden,
        404 => RefusalCode::MaskedForbidden,
        405 | 501 => RefusalCode::NotOffered,
        409 => RefusalCode::Conflict,
        413 => RefusalCode::TooLarge,
        422 => RefusalCode::ProvenanceRefused,
        429 => RefusalCode::RateLimit,
        408 | 500.. => RefusalCode::Outage,
        _ => RefusalCode::Unrecognised,
    }
}

/// How well a text fits a row. A row that stands for a whole status yields to any row with words of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    specific: bool,
    length: usize,
}

impl Row {
    /// How well a lower-case text fits: by the longest pattern all of whose fragments are in it.
    pub(super) fn fit(&self, text: &str) -> Option<Fit> {
        let length = self
            .patterns
            .iter()
            .filter(|fragments| fragments.iter().all(|fragment| text.contains(fragment)))
            .map(|fragments| fragments.iter().map(|fragment| fragment.len()).sum())
            .max()?;
        Some(Fit { specific: !self.stands_for_a_status(), length })
    }

    /// Whether this is the row for answers of some status that say nothing more.
    pub(super) fn stands_for_a_status(&self) -> bool {
        self.statuses.iter().any(|status| by_status(*status) == self.code)
    }
}
