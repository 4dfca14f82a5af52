//! An account as its owner's session sees it: who it is, and whether it has a second factor (`npm-registry.md`, 4.2).

use relay_values::Printable;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::struck_out;

/// The most of a name or an address that is shown, in characters.
const NAME_CHARS_MAX: usize = 200;

/// The account of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name, cleaned.
    pub name: String,
    /// Its second factor.
    pub two_factor: TwoFactor,
}

/// What is known of an account's second factor. Whether it is a security key or an app, a registry does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TwoFactor {
    /// There is none. Nothing is published so at npm's registry.
    Off,
    /// It was begun and never confirmed, which counts as none.
    Pending,
    /// It is asked for at logins, and by npm's registry at publishing as well.
    LoginOnly,
    /// It is asked for at logins and writes.
    LoginAndWrites,
}

/// The longest address of an app's set-up that is taken, in bytes.
const APP_ADDRESS_BYTES_MAX: usize = 2048;
/// The most recovery codes that are taken.
const RECOVERY_CODES_MAX: usize = 64;

/// The set-up of an authenticator app that waits for its first code (`npm-registry.md`, 4.2). It shows its secret to nobody.
#[derive(Debug, Clone)]
pub struct AppSetup {
    /// The address that an app reads from a QR code: `otpauth://totp/…`.
    pub address: SecretString,
    /// The shared secret in it, to be typed where nothing can be scanned.
    pub secret: SecretString,
}

impl AppSetup {
    /// Reads the answer to the question for a set-up. `None`: it is none, since the registry offers no app.
    pub(crate) fn read(body: &Value) -> Option<Self> {
        let text = body.get("tfa")?.as_str().filter(|text| text.len() <= APP_ADDRESS_BYTES_MAX)?;
        let url = Url::parse(text).ok().filter(|url| url.scheme() == "otpauth")?;
        let secret = url.query_pairs().find(|(name, _)| name == "secret").map(|(_, secret)| secret.into_owned())?;
        let base32 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'=';
        if secret.is_empty() || !secret.bytes().all(base32) {
            return None;
        }
        Some(Self { address: text.into(), secret: secret.into() })
    }

    /// The recovery codes of a set-up that was confirmed.
    pub(crate) fn recovery_codes(body: &Value) -> Vec<SecretString> {
        let codes = body.get("tfa").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let plain = |code: &&str| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_graphic());
        let codes = codes.iter().filter_map(Value::as_str).filter(plain).take(RECOVERY_CODES_MAX);
        codes.map(SecretString::from).collect()
    }

    /// What was shown once is struck out of all that is said from now on.
    pub fn forget(&self) {
        for secret in [&self.address, &self.secret] {
            if !secret.expose_secret().is_empty() {
                struck_out::know(secret);
            }
        }
    }
}

impl TwoFactor {
    /// Says whether the account has one.
    pub fn is_on(self) -> bool {
        matches!(self, Self::LoginOnly | Self::LoginAndWrites)
    }
}

impl Profile {
    /// Reads the body of a profile. `None`: it is none.
    pub(crate) fn read(body: &Value) -> Option<Self> {
        let name = body.get("name")?.as_str()?;
        let name = String::from(Printable::words(name, NAME_CHARS_MAX));
        if name.is_empty() {
            return None;
        }
        Some(Self { name, two_factor: two_factor(body.get("tfa")) })
    }
}

/// `false`, `null` and nothing are off; an object says which kind, unless it is pending.
fn two_factor(tfa: Option<&Value>) -> TwoFactor {
    let Some(Value::Object(tfa)) = tfa else { return TwoFactor::Off };
    if tfa.get("pending") == Some(&Value::Bool(true)) {
        return TwoFactor::Pending;
    }
    match tfa.get("mode").and_then(Value::as_str) {
        Some("auth-only") => TwoFactor::LoginOnly,
        Some("auth-and-writes") => TwoFactor::LoginAndWrites,
        _ => TwoFactor::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Option<TwoFactor>) {
        let profile = Profile::read(&serde_json::from_str(body).unwrap());
        assert_eq!(profile.map(|profile| profile.two_factor), expected, "{body}");
    }

    #[test]
    fn a_second_factor_is_on_only_where_the_registry_names_its_mode() {
        check(r#"{"name":"a","tfa":{"pending":false,"mode":"auth-and-writes"}}"#, Some(TwoFactor::LoginAndWrites));
        check(r#"{"name":"a","tfa":{"mode":"auth-only"}}"#, Some(TwoFactor::LoginOnly));
        check(r#"{"name":"a","tfa":{"pending":true,"mode":"auth-and-writes"}}"#, Some(TwoFactor::Pending));
        for off in
            [r#"{"name":"a","tfa":false}"#, r#"{"name":"a","tfa":null}"#, r#"{"name":"a"}"#, r#"{"name":"a","tfa":{}}"#]
        {
            check(off, Some(TwoFactor::Off));
        }
        for none in ["{}", r#"{"name":""}"#, r#"{"name":7}"#, "[]"] {
            check(none, None);
        }
    }

    #[test]
    fn an_apps_set_up_is_an_address_with_a_secret_and_nothing_else() {
        let read = |tfa: Value| AppSetup::read(&serde_json::json!({ "tfa": tfa }));
        let setup = read("otpauth://totp/npm:a?secret=JBSWY3DPEHPK3PXP&issuer=npm".into()).unwrap();
        assert_eq!(setup.secret.expose_secret(), "JBSWY3DPEHPK3PXP");
        assert!(!format!("{setup:?}").contains("JBSWY"), "{setup:?}");
        for none in [
            serde_json::json!({ "mode": "auth-and-writes" }),
            "https://web.example/?secret=A".into(),
            "otpauth://totp/a".into(),
            "otpauth://totp/a?secret=%1b".into(),
            Value::Null,
        ] {
            assert!(read(none.clone()).is_none(), "{none}");
        }
        let codes = AppSetup::recovery_codes(&serde_json::json!({ "tfa": ["one", 7, "", "t\u{1b}wo", "three"] }));
        assert!(codes.iter().map(secrecy::ExposeSecret::expose_secret).eq(["one", "three"]));
    }

    #[test]
    fn a_name_is_cleaned() {
        let profile = Profile::read(&serde_json::json!({ "name": "a\u{1b}[31m" })).unwrap();
        assert!(!profile.name.contains('\u{1b}'), "{}", profile.name);
    }
}
