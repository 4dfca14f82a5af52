//! One answer of a registry as a value: status, the few headers that matter, and a bounded body.

use std::time::Duration;

use bytes::Bytes;
use relay_values::Printable;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::retry_after;

/// The longest text of a registry that is kept, in characters.
pub(crate) const TEXT_CHARS_MAX: usize = 600;

/// How many characters of an answer that is no JSON are shown.
const FIRST_WORDS_CHARS_MAX: usize = 80;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the request that it answers had no credential with it.
    pub(crate) without_credential: bool,
}

impl Answer {
    /// A header's text, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The header `npm-notice`, cleaned. Bytes that are no UTF-8 are replaced.
    pub(crate) fn notice(&self) -> Option<String> {
        let bytes = self.headers.get("npm-notice")?.as_bytes();
        let notice = String::from(Printable::words(&String::from_utf8_lossy(bytes), TEXT_CHARS_MAX));
        (!notice.is_empty()).then_some(notice)
    }

    /// How long the registry wants us to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        retry_after::of(&self.headers)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What the registry says in words: `error`, else `message`, else `reason`, else the body's text. Cleaned and cut.
    /// HTML is left out: its words are those of a proxy's page.
    pub(crate) fn text(&self) -> String {
        let said = match self.json() {
            Some(Value::String(text)) => text,
            Some(Value::Object(fields)) => ["error", "message", "reason", "success", "ok"]
                .iter()
                .find_map(|field| fields.get(*field).and_then(Value::as_str))
                .map_or_else(|| Value::Object(fields.clone()).to_string(), str::to_owned),
            Some(value) => value.to_string(),
            None if self.is_html() => String::new(),
            None => String::from_utf8_lossy(&self.body).into_owned(),
        };
        String::from(Printable::words(&said, TEXT_CHARS_MAX))
    }

    /// Says whether the body is an HTML page.
    pub(crate) fn is_html(&self) -> bool {
        let start = self.body.iter().skip_while(|byte| byte.is_ascii_whitespace()).take(15);
        let start: Vec<u8> = start.map(u8::to_ascii_lowercase).collect();
        start.starts_with(b"<!doctype") || start.starts_with(b"<html") || start.starts_with(b"<head")
    }

    /// What the body is where a document should be: `HTML instead of JSON`, `JSON that is no packument`.
    pub(crate) fn instead_of(&self, document: &str) -> String {
        let start = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        match start {
            None => "an empty body instead of JSON".to_owned(),
            _ if self.is_html() => "HTML instead of JSON".to_owned(),
            _ if serde_json::from_slice::<serde::de::IgnoredAny>(&self.body).is_ok() => {
                format!("JSON that is no {document}")
            }
            Some(b'{' | b'[' | b'"') => "JSON that is broken".to_owned(),
            _ => "text instead of JSON".to_owned(),
        }
    }

    /// The first words of the body, without tags.
    pub(crate) fn first_words(&self) -> String {
        let start = self.body.get(..self.body.len().min(4_096)).unwrap_or_default();
        let text = String::from_utf8_lossy(start);
        let text = if self.is_html() { without_tags(&text) } else { text.into_owned() };
        String::from(Printable::words(&text, FIRST_WORDS_CHARS_MAX))
    }
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Builds an answer for tests.
    pub(crate) fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), reqwest::header::HeaderValue::from_str(value).unwrap())
        });
        let body = Bytes::copy_from_slice(body.as_bytes());
        Answer { status, headers: headers.collect(), body, without_credential: false }
    }

    #[track_caller]
    fn says(body: &str, expected: &str) {
        assert_eq!(answer(400, &[], body).text(), expected);
    }

    #[test]
    fn finds_the_words_wherever_registries_put_them() {
        says(r#"{"error":"Not found"}"#, "Not found");
        says(r#"{"message":"bad"}"#, "bad");
        says(r#"{"error":{"code":1},"message":"bad"}"#, "bad");
        says(r#"{"success":false,"error":"Error verifying"}"#, "Error verifying");
        says(r#""not_found""#, "not_found");
        says("plain \u{1b}[31mtext", "plain text");
        says("<!DOCTYPE html><p>502", "");
        says("", "");
        says(r#"{"x":1}"#, r#"{"x":1}"#);
    }

    #[test]
    fn names_what_is_no_json() {
        let html = answer(502, &[], "\n<HTML><head><title>502 Bad Gateway</title></head>");
        assert!(html.is_html());
        assert_eq!(html.first_words(), "502 Bad Gateway");
    }

    #[test]
    fn a_notice_is_cleaned() {
        let notice = answer(200, &[("npm-notice", "a  b")], "").notice();
        assert_eq!(notice.as_deref(), Some("a b"));
        assert_eq!(answer(200, &[], "").notice(), None);
    }
}
