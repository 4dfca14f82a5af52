//! What a request shows to prove who sends it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::state::State;
use crate::tokens::Grant;

/// The kind of credential behind a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredentialUsed {
    /// A session token from a login.
    Session,
    /// A granular token that bypasses two-factor authentication.
    Bypass,
    /// A granular token that does not.
    Granular,
    /// A granular token that may only stage.
    StageOnly,
    /// A token that was exchanged for an identity token.
    Trusted,
    /// User name and password.
    Basic,
}

impl fmt::Display for CredentialUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session => "session token",
            Self::Bypass => "bypass token",
            Self::Granular => "granular token",
            Self::StageOnly => "stage-only token",
            Self::Trusted => "exchanged token",
            Self::Basic => "password",
        })
    }
}

/// What a request shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    Nothing,
    /// A token that is unknown, expired or revoked, or a wrong password.
    Dead,
    /// A live token, from an address its list does not contain.
    WrongNetwork,
    Known(Identity),
}

/// Who sends a request, and by which credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) account: String,
    pub(crate) used: CredentialUsed,
    /// `None` for a session or a password.
    pub(crate) grant: Option<Grant>,
}

impl Presented {
    pub(crate) fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Known(identity) => Some(identity),
            _ => None,
        }
    }
}

/// Reads an `authorization` header against what the sandbox knows.
pub(crate) fn present(state: &State, authorization: Option<&str>) -> Presented {
    let Some((scheme, value)) = authorization.and_then(|header| header.trim().split_once(' ')) else {
        return if authorization.is_some() { Presented::Dead } else { Presented::Nothing };
    };
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        let now = state.clock.now();
        return match state.tokens.get(value).filter(|token| token.alive(now)) {
            None => Presented::Dead,
            Some(token) if !token.allows_loopback() => Presented::WrongNetwork,
            Some(token) => Presented::Known(Identity {
                account: token.account.clone(),
                used: token.used_as(),
                grant: token.grant.clone(),
            }),
        };
    }
    if scheme.eq_ignore_ascii_case("basic")
        && let Some((name, password)) = basic(value)
        && state.accounts.get(&name).is_some_and(|account| account.password == password)
    {
        return Presented::Known(Identity { account: name, used: CredentialUsed::Basic, grant: None });
    }
    Presented::Dead
}

/// What a recorded `authorization` header shows in place of the secret.
pub(crate) fn describe(state: &State, authorization: &str) -> String {
    let scheme = authorization.split(' ').next().filter(|scheme| matches!(*scheme, "Bearer" | "Basic"));
    let scheme = scheme.unwrap_or("?");
    match present(state, Some(authorization)) {
        Presented::Known(identity) => format!("{scheme} <{} of {}>", identity.used, identity.account),
        Presented::WrongNetwork => format!("{scheme} <token for other networks>"),
        _ if state.knows_identity(authorization) => format!("{scheme} <identity of a job>"),
        _ => format!("{scheme} <dead>"),
    }
}

fn basic(value: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}
