//! A registry's base address, the addresses below it, and how an address is shown to people.
//!
//! Facts: `npm-registry.md`, 0.2 (paths and escaping), 12.3 (which address a credential belongs to).

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::printable::{Printable, is_hidden};

/// The longest registry address that is taken, in bytes.
pub const REGISTRY_URL_BYTES_MAX: usize = 2_048;

/// A registry's base address: http or https, always ending in `/`, without userinfo, query or fragment.
///
/// ```
/// # use relay_values::RegistryUrl;
/// let registry = RegistryUrl::parse("https://registry.example/npm")?;
/// assert_eq!(registry.as_str(), "https://registry.example/npm/");
/// # Ok::<(), relay_values::InvalidRegistryUrl>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistryUrl(Url);

/// A text that is no registry address. The text itself is shown without userinfo and query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not a registry address: {rule}")]
pub struct InvalidRegistryUrl {
    /// The text, cut and without anything secret.
    pub shown: String,
    /// The broken rule, as half a sentence.
    pub rule: &'static str,
}

/// It is asked for once a package and more.
static DEFAULT_REGISTRY: LazyLock<RegistryUrl> = LazyLock::new(|| {
    RegistryUrl::parse(deno_npmrc::NPM_DEFAULT_REGISTRY).expect("the constant is a valid https address")
});

/// npm's public registry, which is used where nothing else is configured.
pub fn default_registry() -> RegistryUrl {
    DEFAULT_REGISTRY.clone()
}

impl RegistryUrl {
    /// Parses an address; a missing final `/` is added.
    ///
    /// # Errors
    /// [`InvalidRegistryUrl`] names the broken rule and never repeats userinfo or a query.
    pub fn parse(text: &str) -> Result<Self, InvalidRegistryUrl> {
        let text = text.trim();
        let wrong = |rule| InvalidRegistryUrl { shown: shown_address(text), rule };
        if text.len() > REGISTRY_URL_BYTES_MAX {
            return Err(wrong("it is longer than 2048 bytes"));
        }
        // The reader of addresses drops line breaks and reads `https:///x` as `https://x`; nobody who writes that means it.
        let no_host = text.split_once("://").is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with(['/', '\\']));
        if no_host {
            return Err(wrong("it has no host"));
        }
        if text.chars().any(|c| c.is_whitespace() || is_hidden(c)) {
            return Err(wrong("it has characters that no address has"));
        }
        let mut url = Url::parse(text).map_err(|_| wrong("it must be a whole address, such as `https://host/`"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("only http and https are spoken"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it has no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("user and password belong into `.npmrc` as `//host/:_auth`, not into the address"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it must have no query and no fragment"));
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address as a parsed URL.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The host without its port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Scheme, host and port: `https://registry.example`, `http://127.0.0.1:4873`.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Says whether this is npm's public registry.
    pub fn is_default(&self) -> bool {
        *self == *DEFAULT_REGISTRY
    }

    /// The key under which npm's configuration keeps credentials of this registry: `//host[:port]/path/`.
    pub fn config_key(&self) -> String {
        format!("//{}{}", host_and_port(&self.0), self.0.path())
    }

    /// Says whether an address lies at or below this one: same scheme, host and port, and this path in front.
    pub fn covers(&self, url: &Url) -> bool {
        self.0.scheme() == url.scheme()
            && self.0.host_str() == url.host_str()
            && self.0.port_or_known_default() == url.port_or_known_default()
            && (url.path().starts_with(self.0.path()) || format!("{}/", url.path()) == self.0.path())
    }

    /// An address below this one. `path` is appended as it stands, without a `/` in front.
    pub fn below(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let path = format!("{}{path}", self.0.path());
        url.set_path(&path);
        url
    }

    /// The same scheme, host and port with another path.
    #[must_use]
    pub fn with_path(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        let path = if path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
        url.set_path(&path);
        Self(url)
    }
}

/// Host with port, where the port is not the scheme's own.
pub fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// An address as people may see it: without userinfo, query and fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct DisplayUrl(String);

impl DisplayUrl {
    /// Strips an address of all that could be secret.
    pub fn new(url: &Url) -> Self {
        Self(format!("{}://{}{}", url.scheme(), host_and_port(url), url.path()))
    }
}

impl fmt::Display for DisplayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DisplayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that may be no address at all, cut and without what stands before an `@` or after a `?`.
fn shown_address(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 120;
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit('@').next().unwrap_or_default();
    let shown = if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") };
    Printable::cut(&shown, SHOWN_CHARS_MAX).into()
}

impl fmt::Display for RegistryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for RegistryUrl {
    type Error = InvalidRegistryUrl;
    fn try_from(text: String) -> Result<Self, InvalidRegistryUrl> {
        Self::parse(&text)
    }
}

impl From<RegistryUrl> for String {
    fn from(registry: RegistryUrl) -> Self {
        registry.0.into()
    }
}

impl std::str::FromStr for RegistryUrl {
    type Err = InvalidRegistryUrl;
    fn from_str(text: &str) -> Result<Self, InvalidRegistryUrl> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(text: &str) -> RegistryUrl {
        RegistryUrl::parse(text).unwrap()
    }

    #[track_caller]
    fn refused(text: &str, rule: &str) {
        let error = RegistryUrl::parse(text).expect_err("must be refused").to_string();
        assert!(error.contains(rule), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }

    #[test]
    fn ends_in_a_slash_and_keeps_its_path() {
        assert_eq!(registry(" https://registry.example ").as_str(), "https://registry.example/");
        assert_eq!(registry("http://127.0.0.1:4873/a/b").as_str(), "http://127.0.0.1:4873/a/b/");
        assert_eq!(registry("http://127.0.0.1:4873/a/b").config_key(), "//127.0.0.1:4873/a/b/");
        assert_eq!(registry("https://registry.example:443/").config_key(), "//registry.example/");
        assert_eq!(registry("https://registry.example/a").origin(), "https://registry.example");
    }

    #[test]
    fn refuses_what_is_no_registry_and_repeats_no_secret() {
        refused("registry.example", "whole address");
        refused("ftp://registry.example/", "only http and https");
        refused("https://user:canary@registry.example/", "belong into `.npmrc`");
        refused("https://canary@registry.example/", "belong into `.npmrc`");
        refused("https://registry.example/?token=canary", "no query");
        refused("canary:canary@registry.example", "only http and https");
        refused("", "whole address");
        refused("https://", "no host");
        refused("https:///registry.example/", "no host");
        refused("https://registry\n.example/", "no address has");
        refused("https://registry.example/a b", "no address has");
        refused("https://registry\u{202e}.example/", "no address has");
        refused(&format!("https://registry.example/{}", "a".repeat(3_000)), "longer");
    }

    #[test]
    fn covers_only_what_lies_below_on_the_same_origin() {
        let base = registry("https://registry.example/npm/");
        let covers = |text: &str| base.covers(&Url::parse(text).unwrap());
        assert!(covers("https://registry.example/npm/@s%2fdemo"));
        assert!(covers("https://registry.example:443/npm/"));
        assert!(covers("https://registry.example/npm"));
        assert!(!covers("https://registry.example/npm-evil/x"));
        assert!(!covers("https://registry.example/npm/../other"));
        assert!(!covers("https://registry.example/"));
        assert!(!covers("http://registry.example/npm/x"));
        assert!(!covers("https://registry.example:8443/npm/x"));
        assert!(!covers("https://registry.example.evil.example/npm/x"));
        assert!(!covers("https://evil.example/npm/x"));
    }

    #[test]
    fn is_shown_without_userinfo_and_query() {
        let url = Url::parse("https://u:canary@h.example:1/p?token=canary#canary").unwrap();
        assert_eq!(DisplayUrl::new(&url).to_string(), "https://h.example:1/p");
    }

    #[test]
    fn the_default_is_https() {
        assert!(default_registry().as_str().starts_with("https://"));
        assert!(default_registry().is_default());
    }
}
