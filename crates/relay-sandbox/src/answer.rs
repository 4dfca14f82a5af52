//! An answer as a value, before it becomes an HTTP response.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::refusals::Refusal;

/// What is answered to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, content_type: None, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", Bytes::from(body.to_string()))
    }

    pub(crate) fn bytes(status: u16, content_type: &'static str, body: Bytes) -> Self {
        Self { status, content_type: Some(content_type), headers: Vec::new(), body }
    }

    /// A page for a person: never cached, never framed, with nothing from outside.
    pub(crate) fn page(status: u16, html: String) -> Self {
        Self::bytes(status, "text/html; charset=utf-8", Bytes::from(html))
            .with("cache-control", "no-store")
            .with(
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            )
            .with("x-frame-options", "DENY")
            .with("x-content-type-options", "nosniff")
            // `no-referrer` would make browsers send `Origin: null` with the form, which the origin check refuses.
            .with("referrer-policy", "same-origin")
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let mut answer = Self::json(refusal.status(), &json!({ "error": refusal.text() }));
        for (name, value) in refusal.headers() {
            answer = answer.with(name, &value);
        }
        answer
    }
}
