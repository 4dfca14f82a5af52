//! A request as the endpoints see it: decoded as far as HTTP goes, not judged.

use axum::http::{HeaderMap, Uri};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::answer::Answer;
use crate::refusals::Refusal;
use crate::route::{Route, decode};

/// Characters of a client's `user-agent` that are kept.
const MAX_CLIENT_CHARACTERS: usize = 200;

/// One request.
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) route: Route,
    pub(crate) headers: HeaderMap,
    /// `http://HOST/` and the path prefix, as the client addressed the sandbox; the URLs it is handed start with it.
    pub(crate) base: String,
    /// The same without a path.
    pub(crate) origin: String,
    pub(crate) body: Bytes,
}

impl Incoming {
    /// Takes the parts of an HTTP request, its body still to come. `prefix` begins and ends with a slash.
    pub(crate) fn new(method: &str, uri: &Uri, headers: HeaderMap, host: &str, prefix: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            route: Route::below(prefix, uri.path()),
            headers,
            base: format!("http://{host}{prefix}"),
            origin: format!("http://{host}"),
            body: Bytes::new(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        // A header that is no text is still one: it must not pass for "no credential".
        self.headers.get("authorization").map(|value| value.to_str().unwrap_or("?"))
    }

    pub(crate) fn otp(&self) -> Option<&str> {
        self.header("npm-otp").filter(|otp| !otp.is_empty())
    }

    /// The first value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).and_then(|(_, value)| decode(&value.replace('+', " ")))
    }

    /// Whether the client can do web challenges: npm's registry wants both headers (npm-registry.md, 0.3).
    pub(crate) fn can_do_web_challenges(&self) -> bool {
        self.header("npm-auth-type") == Some("web") && self.header("npm-command").is_some_and(|it| !it.is_empty())
    }

    /// The name by which the client addressed the sandbox, without a port.
    pub(crate) fn host_name(&self) -> &str {
        let host = self.origin.strip_prefix("http://").unwrap_or(&self.origin);
        host.rsplit_once(':').map_or(host, |(name, _)| name)
    }

    /// The client's `user-agent`, bounded.
    pub(crate) fn client(&self) -> String {
        self.header("user-agent").unwrap_or("unknown client").chars().take(MAX_CLIENT_CHARACTERS).collect()
    }

    /// The body as JSON of a shape.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Answer> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::Malformed(format!("the body is not the JSON that belongs here: {error}")).into())
    }
}
