//! An account as its owner's session sees it: who it is, and whether it has a second factor (`npm-registry.md`, 4.2).

use relay_values::Printable;
use serde_json::Value;

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
    fn a_name_is_cleaned() {
        let profile = Profile::read(&serde_json::json!({ "name": "a\u{1b}[31m" })).unwrap();
        assert!(!profile.name.contains('\u{1b}'), "{}", profile.name);
    }
}
