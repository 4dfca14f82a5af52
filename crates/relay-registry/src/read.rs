//! The errors of reading. Each says what was read, from which host, and what to do; none holds an address whole.

use std::time::Duration;

use relay_values::Printable;
use relay_workspace::PackageName;
use url::Url;

use crate::answer::Answer;
use crate::credential::{Credential, UnusableCredential};
use crate::packument::NotTheDocument;
use crate::refusal::Refusal;
use crate::url::{RegistryUrl, host_and_port};
use crate::write::refusal_of;

/// The most of a foreign name that is shown; npm's own limit is 214.
const NAME_CHARS_MAX: usize = 214;

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
    /// The answer was not what the protocol says: no JSON, or JSON of another kind.
    #[error(
        "could not read {what}: `{host}` answered {kind} (status {status}, first words: `{words}`); \
         check the registry's address and whether a proxy or login page stands before it"
    )]
    NotJson {
        /// What was read.
        what: String,
        /// Who answered.
        host: String,
        /// The answer's status.
        status: u16,
        /// What it was: `HTML instead of JSON`, `JSON that is broken`, `JSON that is no packument`.
        kind: String,
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
    /// The registry said no to a request that had no credential to send along.
    #[error(
        "could not read {what}: `{registry}` does not show it without a credential ({status}), and there was none \
         to send"
    )]
    NoCredential {
        /// What was read.
        what: String,
        /// Who answered.
        registry: RegistryUrl,
        /// 401 or 403.
        status: u16,
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
            // No registry speaks HTML: somebody before it does.
            status if answer.is_html() => Self::NotJson {
                what,
                host: host.to_owned(),
                status,
                kind: answer.instead_of("packument"),
                words: answer.first_words(),
            },
            _ => Self::Refused { what, refusal: refusal() },
        }
    }

    /// What the error comes down to when no credential went along: a refused one can't be what is wrong.
    pub(crate) fn unless_credential(self, credential: Option<&Credential>, registry: &RegistryUrl) -> Self {
        match (self, credential) {
            (Self::Refused { what, refusal }, None) if matches!(refusal.status, 401 | 403) => {
                Self::NoCredential { what, registry: registry.clone(), status: refusal.status }
            }
            (error, _) => error,
        }
    }

    /// The error for an answer that is not the document that was asked for.
    pub(crate) fn another(not: NotTheDocument, what: &str, url: &Url, document: &str, answer: &Answer) -> Self {
        let NotTheDocument::Another(name) = not else { return Self::unparsed(what, url, document, answer) };
        let problem = format!(
            "`{}` answered with the {document} of `{}`; check the registry's address and what stands before it",
            host_and_port(url),
            Printable::cut(&name, NAME_CHARS_MAX)
        );
        Self::Unexpected { what: what.to_owned(), problem }
    }

    /// The error for an answer that can't be parsed. `document` is what it should have been.
    pub(crate) fn unparsed(what: &str, url: &Url, document: &str, answer: &Answer) -> Self {
        Self::NotJson {
            what: what.to_owned(),
            host: host_and_port(url),
            status: answer.status,
            kind: answer.instead_of(document),
            words: answer.first_words(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::answer;

    #[track_caller]
    fn says(body: &str, expected: &str) {
        let url = Url::parse("https://registry.example/a").unwrap();
        let text = ReadError::unparsed("the packument of `a`", &url, "packument", &answer(200, &[], body)).to_string();
        let start = format!("could not read the packument of `a`: `registry.example` answered {expected}; check ");
        assert!(text.starts_with(&start), "{text}");
    }

    #[test]
    fn what_was_answered_instead_is_told_as_it_is() {
        says("<!doctype html><title>Sign in</title>", "HTML instead of JSON (status 200, first words: `Sign in`)");
        says(" \n", "an empty body instead of JSON (status 200, first words: ``)");
        says("hello", "text instead of JSON (status 200, first words: `hello`)");
        says("{\"name\":", "JSON that is broken (status 200, first words: `{\"name\":`)");
        says("[]", "JSON that is no packument (status 200, first words: `[]`)");
        says("null", "JSON that is no packument (status 200, first words: `null`)");
        says("\"x\"", "JSON that is no packument (status 200, first words: `\"x\"`)");
    }

    #[test]
    fn a_page_that_forbids_is_told_as_a_page() {
        let page = answer(403, &[], "<html><title>Blocked by the proxy</title></html>");
        let error = ReadError::of_status("`a`", "registry.example", None, &page);
        let text = error.unless_credential(None, &RegistryUrl::parse("https://registry.example/").unwrap()).to_string();
        assert!(text.contains("HTML instead of JSON (status 403, first words: `Blocked by the proxy`)"), "{text}");
    }

    #[test]
    fn a_credential_that_was_not_sent_is_not_blamed() {
        let registry = RegistryUrl::parse("https://registry.example/").unwrap();
        let error = |status| ReadError::of_status("`a`", "registry.example", None, &answer(status, &[], ""));
        let text = error(401).unless_credential(None, &registry).to_string();
        assert!(text.contains("without a credential (401), and there was none to send"), "{text}");
        assert!(matches!(error(400).unless_credential(None, &registry), ReadError::Refused { .. }));
    }

    #[test]
    fn statuses_become_typed_errors() {
        let read = |status| ReadError::of_status("x", "h", None, &answer(status, &[], ""));
        assert!(matches!(read(503), ReadError::Outage { status: 503, .. }));
        assert!(matches!(read(429), ReadError::RateLimited { .. }));
        assert!(matches!(read(403), ReadError::Refused { .. }));
    }
}
