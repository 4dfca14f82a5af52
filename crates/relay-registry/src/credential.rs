//! Secrets that authorise a request: credentials and one-time passwords.
//!
//! A credential knows the address it belongs to; `Credential::authorization_for` is the one place where its secret is
//! read, and it gives nothing for any other address.

use std::fmt;

use base64::Engine as _;
use relay_values::CredentialId;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::struck_out;
use crate::url::RegistryUrl;

/// The shortest one-time password that is taken, in characters (TOTP has 6).
const OTP_CHARS_MIN: usize = 4;
/// The longest one-time password that is taken, in characters (a web challenge yields 16, a recovery code 64).
const OTP_CHARS_MAX: usize = 256;

/// How a credential presents itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthScheme {
    /// `authorization: Bearer <token>`.
    Bearer,
    /// `authorization: Basic <base64 of user:password>`.
    Basic,
    /// Not at all: it is withheld from this run.
    Withheld,
}

/// A credential with the registry it belongs to and where it came from. It shows its secret to nobody.
#[derive(Clone)]
pub struct Credential {
    secret: SecretString,
    scheme: AuthScheme,
    id: CredentialId,
    scope: RegistryUrl,
}

/// A credential that can't stand in a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the credential from {place} has characters that no header can carry; copy the token anew")]
pub struct UnusableCredential {
    /// Where the credential came from.
    pub place: String,
}

impl Credential {
    /// Makes a credential of a token. White space around the token (a newline of a CI secret) is dropped.
    pub fn new_bearer(token: SecretString, id: CredentialId) -> Self {
        struck_out::know(&token);
        Self { secret: trimmed(token), scheme: AuthScheme::Bearer, scope: id.registry.clone(), id }
    }

    /// Makes a credential of a user and a password.
    pub fn new_basic(user: &str, password: &SecretString, id: CredentialId) -> Self {
        struck_out::know_pair(user, password);
        let pair = SecretString::from(format!("{user}:{}", password.expose_secret()));
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose_secret());
        Self::new_encoded_basic(encoded.into(), id)
    }

    /// Makes a credential of a base64 text of `user:password`.
    pub fn new_encoded_basic(encoded: SecretString, id: CredentialId) -> Self {
        Self { scheme: AuthScheme::Basic, ..Self::new_bearer(encoded, id) }
    }

    /// Stands for a credential that may not be used in this run: it is known of and authorises nothing.
    pub fn withheld(id: CredentialId) -> Self {
        Self { secret: SecretString::default(), scheme: AuthScheme::Withheld, scope: id.registry.clone(), id }
    }

    /// Says whether it authorises nothing.
    pub fn is_withheld(&self) -> bool {
        self.scheme == AuthScheme::Withheld
    }

    /// Says whether another has the same secret.
    pub fn is_same(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.secret.expose_secret() == other.secret.expose_secret()
    }

    /// What tells this secret from others, by a salt, without telling the secret.
    pub fn fingerprint(&self, salt: &str) -> String {
        use sha2::{Digest as _, Sha256};
        let mut hash = Sha256::new();
        hash.update(salt.as_bytes());
        hash.update([0]);
        hash.update(self.secret.expose_secret().as_bytes());
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(hash.finalize())
    }

    /// Which one it is; displayed, it says where the credential came from.
    pub fn id(&self) -> &CredentialId {
        &self.id
    }

    /// The registry that it was looked up for.
    pub fn registry(&self) -> &RegistryUrl {
        &self.id.registry
    }

    /// Says whether it looks like a classic token, all of which npm has revoked in December 2025: the older ones are UUIDs
    /// (`npm-registry.md`, 0.1).
    pub fn has_form_of_classic_token(&self) -> bool {
        let text = self.secret.expose_secret();
        let groups: Vec<&str> = text.split('-').collect();
        self.scheme == AuthScheme::Bearer
            && groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
            && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// The token itself, for the requests whose path names it: the end of a session (`npm-registry.md`, 3.6). `None`: it is
    /// none.
    pub(crate) fn token(&self) -> Option<&SecretString> {
        (self.scheme == AuthScheme::Bearer).then_some(&self.secret)
    }

    /// The address at and below which it may be sent. It covers [`Credential::registry`].
    pub fn scope(&self) -> &RegistryUrl {
        &self.scope
    }

    /// How it presents itself.
    pub fn scheme(&self) -> AuthScheme {
        self.scheme
    }

    pub(crate) fn with_scope(mut self, scope: RegistryUrl) -> Self {
        debug_assert!(scope.covers(self.id.registry.as_url()), "a credential is valid for its own registry");
        self.scope = scope;
        self
    }

    /// The `authorization` header for one request, or nothing where the address is not this credential's.
    ///
    /// # Errors
    /// [`UnusableCredential`] when the secret has characters that no header can carry.
    pub(crate) fn authorization_for(&self, url: &Url) -> Result<Option<HeaderValue>, UnusableCredential> {
        if !self.scope.covers(url) {
            return Ok(None);
        }
        let word = match self.scheme {
            AuthScheme::Bearer => "Bearer",
            AuthScheme::Basic => "Basic",
            AuthScheme::Withheld => return Ok(None),
        };
        let text = SecretString::from(format!("{word} {}", self.secret.expose_secret()));
        let mut value = HeaderValue::from_str(text.expose_secret())
            .map_err(|_| UnusableCredential { place: self.id.to_string() })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential(from {})", self.id)
    }
}

/// A salt for [`Credential::fingerprint`] that nobody used before.
pub fn fresh_salt() -> String {
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(rand::random::<[u8; 16]>())
}

/// A one-time password of a 2FA challenge. It is wiped from memory when dropped and shows itself to nobody.
#[derive(Clone)]
pub struct Otp(SecretString);

/// A text that is no one-time password. The text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a one-time password: {rule}")]
pub struct InvalidOtp {
    /// The broken rule, as half a sentence.
    pub rule: &'static str,
}

impl Otp {
    /// Takes a code as a person types it; spaces are dropped.
    ///
    /// # Errors
    /// [`InvalidOtp`] says what is wrong and doesn't repeat the text.
    pub fn parse(text: &str) -> Result<Self, InvalidOtp> {
        let code: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let code = SecretString::from(code);
        let shown = code.expose_secret();
        if shown.is_empty() {
            return Err(InvalidOtp { rule: "it is empty" });
        }
        if !shown.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidOtp { rule: "it has characters that no code has" });
        }
        if !(OTP_CHARS_MIN..=OTP_CHARS_MAX).contains(&shown.len()) {
            return Err(InvalidOtp { rule: "a code has 6 digits (authenticator), 8 (e-mail) or 16 (browser)" });
        }
        struck_out::know(&code);
        Ok(Self(code))
    }

    /// The `npm-otp` header.
    pub(crate) fn header(&self) -> HeaderValue {
        let mut value =
            HeaderValue::from_str(self.0.expose_secret()).expect("only printable ASCII passes `Otp::parse`");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Otp(hidden)")
    }
}

fn trimmed(secret: SecretString) -> SecretString {
    let shown = secret.expose_secret();
    if shown.trim() == shown { secret } else { SecretString::from(shown.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(url: &str, words: &str) -> CredentialId {
        CredentialId::made(RegistryUrl::parse(url).unwrap(), words)
    }

    fn header(credential: &Credential, url: &str) -> Option<String> {
        let value = credential.authorization_for(&Url::parse(url).unwrap()).unwrap();
        value.map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_older_classic_tokens_are_known_by_their_form() {
        for (text, expected) in [
            ("0a1b2c3d-1111-2222-3333-444455556666", true),
            ("npm_0a1b2c3d11112222333344445555666677778888", false),
            ("0a1b2c3d-1111-2222-3333-44445555666x", false),
            ("XXXXX-XXXXX-XXXXX-XXXXX", false),
        ] {
            let token = Credential::new_bearer(text.into(), id("https://registry.example/", "a test"));
            assert_eq!(token.has_form_of_classic_token(), expected, "{text}");
        }
    }

    #[test]
    fn goes_to_its_own_registry_alone() {
        let token = Credential::new_bearer(" tok\n".into(), id("https://registry.example/npm", "a test"));
        assert_eq!(header(&token, "https://registry.example/npm/x").as_deref(), Some("Bearer tok"));
        assert_eq!(header(&token, "https://registry.example/other"), None);
        assert_eq!(header(&token, "http://registry.example/npm/x"), None);
        assert_eq!(header(&token, "https://evil.example/npm/x"), None);
    }

    #[test]
    fn a_user_and_a_password_become_basic() {
        let basic = Credential::new_basic("u", &"p:w".into(), id("https://registry.example", "a test"));
        assert_eq!(header(&basic, "https://registry.example/x").as_deref(), Some("Basic dTpwOnc="));
    }

    #[test]
    fn a_token_with_a_line_break_inside_is_refused_without_being_shown() {
        let token = Credential::new_bearer("can\nary".into(), id("https://registry.example", "`X`"));
        let error = token.authorization_for(&Url::parse("https://registry.example/x").unwrap()).unwrap_err();
        assert!(error.to_string().contains("`X`") && !error.to_string().contains("ary;"));
    }

    #[test]
    fn a_fingerprint_is_of_this_secret_and_this_salt() {
        let token = |text: &str| Credential::new_bearer(text.into(), id("https://registry.example", "x"));
        let salt = fresh_salt();
        assert_eq!(token("npm_one").fingerprint(&salt), token("npm_one").fingerprint(&salt));
        assert_ne!(token("npm_one").fingerprint(&salt), token("npm_two").fingerprint(&salt));
        assert_ne!(token("npm_one").fingerprint(&salt), token("npm_one").fingerprint(&fresh_salt()));
    }

    #[test]
    fn nothing_is_shown() {
        let token = Credential::new_bearer("canary".into(), id("https://registry.example", "`X`"));
        assert_eq!(format!("{token:?}"), "Credential(from `X`)");
        let otp = Otp::parse("123 456").unwrap();
        assert!(!format!("{otp:?}").contains("123"));
        let value = token.authorization_for(&Url::parse("https://registry.example/x").unwrap()).unwrap().unwrap();
        assert_eq!(format!("{value:?}"), "Sensitive");
    }

    #[test]
    fn codes_are_checked_without_being_repeated() {
        assert_eq!(Otp::parse(" 12 34 56 ").unwrap().header().to_str().unwrap(), "123456");
        for wrong in ["", "   ", "12", "12345ü", &"1".repeat(300)] {
            assert!(Otp::parse(wrong).is_err(), "{wrong}");
        }
    }
}
