//! Accounts and tokens that a fresh sandbox has, so that it can be tried at once.

use relay_sandbox::{NewAccount, Sandbox, SecondFactor, TokenKind};

/// The shared secret of the account with an authenticator app: base32, as an app's QR code would hold it.
const TOTP_SECRET: &str = "JBSWY3DPEHPK3PXP";

/// The account that proves itself in the browser.
const BROWSER_ACCOUNT: &str = "maintainer";

/// The account that proves itself by codes.
const CODE_ACCOUNT: &str = "contributor";

/// The account that has no second factor yet.
const NEW_ACCOUNT: &str = "newcomer";

/// What was put into the sandbox.
pub(super) struct Residents {
    pub(super) accounts: Vec<Resident>,
    pub(super) tokens: Vec<ReadyToken>,
}

/// An account.
pub(super) struct Resident {
    pub(super) name: &'static str,
    pub(super) password: String,
    pub(super) proof: Proof,
}

/// How an account proves itself a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Browser,
    Codes { secret: &'static str },
    Nothing,
}

impl Proof {
    /// As the JSON names it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "web",
            Self::Codes { .. } => "totp",
            Self::Nothing => "none",
        }
    }

    /// The shared secret of an authenticator app.
    pub(super) fn secret(self) -> Option<&'static str> {
        match self {
            Self::Codes { secret } => Some(secret),
            Self::Browser | Self::Nothing => None,
        }
    }

    fn second_factor(self) -> SecondFactor {
        match self {
            Self::Browser => SecondFactor::Web,
            Self::Codes { secret } => SecondFactor::Totp { secret: secret.to_owned() },
            Self::Nothing => SecondFactor::None,
        }
    }
}

/// A token.
pub(super) struct ReadyToken {
    pub(super) account: &'static str,
    pub(super) kind: ReadyKind,
    pub(super) value: String,
}

/// The kinds that are worth trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadyKind {
    Session,
    Bypass,
    Granular,
}

impl ReadyKind {
    /// The kind as `relay.toml` names it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Bypass => "granular-bypass",
            Self::Granular => "granular",
        }
    }

    fn token(self) -> TokenKind {
        match self {
            Self::Session => TokenKind::Session,
            Self::Bypass => TokenKind::bypass(),
            Self::Granular => TokenKind::granular(),
        }
    }
}

impl Residents {
    /// Puts accounts and tokens into the sandbox.
    pub(super) fn move_in(sandbox: &Sandbox) -> Self {
        let people = [
            (BROWSER_ACCOUNT, Proof::Browser),
            (CODE_ACCOUNT, Proof::Codes { secret: TOTP_SECRET }),
            (NEW_ACCOUNT, Proof::Nothing),
        ];
        let accounts: Vec<Resident> = people
            .into_iter()
            .map(|(name, proof)| Resident { name, password: format!("{name}-of-the-sandbox"), proof })
            .collect();
        for account in &accounts {
            let second_factor = account.proof.second_factor();
            let name = account.name.to_owned();
            sandbox.add_account(NewAccount { name, password: account.password.clone(), second_factor });
        }
        let kinds = [
            (BROWSER_ACCOUNT, ReadyKind::Session),
            (BROWSER_ACCOUNT, ReadyKind::Bypass),
            (BROWSER_ACCOUNT, ReadyKind::Granular),
            (CODE_ACCOUNT, ReadyKind::Session),
        ];
        let tokens = kinds
            .into_iter()
            .map(|(account, kind)| ReadyToken { account, kind, value: sandbox.create_token(account, kind.token()) })
            .collect();
        Self { accounts, tokens }
    }

    /// The token that the examples use: a session of the account that proves itself in the browser.
    pub(super) fn token(&self, kind: ReadyKind) -> &str {
        self.tokens.iter().find(|token| token.kind == kind).map_or("TOKEN", |token| &token.value)
    }
}
