//! The errors of reading. Each says what was read, from which host, and what to do; none holds an address whole.

use std::time::Duration;

use relay_workspace::PackageName;

use crate::answer::Answer;
use crate::credential::UnusableCredential;
use crate::publish::refusal_of;
use crate::refusal::Refusal;

/// Something could not be read from a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The registry could not be reached, or the connection broke each time.
    #[error("could not read {what}: {cause}")]
    Transport {
        /// What was read, as a noun phrase.
        what: String,
        /// Why, with the host and the next step.
        cause: String,
    },
    /// The answer was not what the protocol says.
    #[error(
        "could not read {what}: the registry answered {kind} instead of JSON (status {status}, first words: `{words}`); \
         check the registry's address and whether a proxy or login page stands before it"
    )]
    NotJson {
        /// What was read.
        what: String,
        /// The answer's status.
        status: u16,
        /// What it was: `HTML`, `an empty body`, `something`.
        kind: &'static str,
        /// How it starts, cleaned.
        words: String,
    },
    /// The answer was JSON of another meaning.
    #[error("could not read {what}: {problem}")]
    Unexpected {
        /// What was read.
        what: String,
        /// What is wrong with the answer.
        problem: String,
    },
    /// The answer was larger than any real one.
    #[error("could not read {what}: the answer of `{host}` is larger than {limit_bytes} bytes")]
    TooLarge {
        /// What was read.
        what: String,
        /// Who answered.
        host: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// Too many requests.
    #[error("could not read {what}: {refusal}")]
    RateLimited {
        /// What was read.
        what: String,
        /// How long to wait, where the registry says so.
        retry_after: Option<Duration>,
        /// Which limit it was.
        refusal: Refusal,
    },
    /// The registry said no.
    #[error("could not read {what}: {refusal}")]
    Refused {
        /// What was read.
        what: String,
        /// The refusal.
        refusal: Refusal,
    },
    /// The registry kept failing.
    #[error("could not read {what}: `{host}` answered {status} each time; try again later")]
    Outage {
        /// What was read.
        what: String,
        /// Who answered.
        host: String,
        /// The last status.
        status: u16,
    },
    /// The registry redirects without end or to nowhere.
    #[error("could not read {what}: {problem}; set `registry` to the address it should be")]
    Redirect {
        /// What was read.
        what: String,
        /// What is wrong with the redirect.
        problem: String,
    },
    /// A poll ended well and brought no code.
    #[error("the registry answered the confirmed challenge without a one-time password (status {status})")]
    PollWithoutToken {
        /// The status.
        status: u16,
    },
    /// The credential can't be sent.
    #[error(transparent)]
    Credential(#[from] UnusableCredential),
}

impl ReadError {
    /// The error for an answer that is no success. `what` names the package; the refusal does not name it once more.
    pub(crate) fn of_status(what: &str, host: &str, package: Option<&PackageName>, answer: &Answer) -> Self {
        let what = what.to_owned();
        let refusal = || Refusal { package: None, ..refusal_of(package, answer) };
        match answer.status {
            408 | 500.. => Self::Outage { what, host: host.to_owned(), status: answer.status },
            429 => Self::RateLimited { what, retry_after: answer.retry_after(), refusal: refusal() },
            _ => Self::Refused { what, refusal: refusal() },
        }
    }

    /// The error for an answer that is no JSON.
    pub(crate) fn not_json(what: &str, answer: &Answer) -> Self {
        Self::NotJson { what: what.to_owned(), status: answer.status, kind: answer.kind(), words: answer.first_words() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::answer;

    #[test]
    fn an_html_page_is_named_with_its_first_words() {
        let page = answer(200, &[], "<!doctype html><title>Sign in</title>");
        let text = ReadError::not_json("the packument of `a`", &page).to_string();
        assert!(text.contains("answered HTML instead of JSON (status 200, first words: `Sign in`)"), "{text}");
    }

    #[test]
    fn statuses_become_typed_errors() {
        let read = |status| ReadError::of_status("x", "h", None, &answer(status, &[], ""));
        assert!(matches!(read(503), ReadError::Outage { status: 503, .. }));
        assert!(matches!(read(429), ReadError::RateLimited { .. }));
        assert!(matches!(read(403), ReadError::Refused { .. }));
    }
}
