//! Accounts: who may log in, and by which second factor.

use std::time::Duration;

use crate::clock::Moment;
use crate::options::{SKIP_WINDOW, WRONG_OTP_SPAN, WebOtpUse};
use crate::totp;

/// One-time passwords of web challenges kept for an account; older ones are forgotten first.
const MAX_WEB_CODES: usize = 64;

/// An account to add to the sandbox.
#[derive(Clone)]
pub struct NewAccount {
    /// Its user name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// How it proves itself a second time.
    pub second_factor: SecondFactor,
}

/// How an account proves itself a second time.
#[derive(Clone, PartialEq, Eq)]
pub enum SecondFactor {
    /// Not at all.
    None,
    /// By the codes of an authenticator app.
    Totp {
        /// The shared secret: base32 as apps show it; any other text stands for its own bytes.
        secret: String,
    },
    /// By a security key in the browser.
    Web,
}

/// An account as the sandbox knows it.
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) second_factor: SecondFactor,
    pub(crate) created: Moment,
    window_until: Option<Moment>,
    wrong_codes: Vec<Moment>,
    web_codes: Vec<WebCode>,
}

struct WebCode {
    code: String,
    expires: Moment,
}

/// What a one-time password is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeState {
    Absent,
    Valid,
    Invalid,
    /// Too many wrong ones came before.
    Locked,
}

impl Account {
    pub(crate) fn new(account: NewAccount, created: Moment) -> Self {
        let NewAccount { name, password, second_factor } = account;
        Self {
            name,
            password,
            second_factor,
            created,
            window_until: None,
            wrong_codes: Vec::new(),
            web_codes: Vec::new(),
        }
    }

    /// An address nobody can write to, since a real registry shows one.
    pub(crate) fn email(&self) -> String {
        format!("{}@relay.invalid", self.name)
    }

    pub(crate) fn has_second_factor(&self) -> bool {
        self.second_factor != SecondFactor::None
    }

    /// Judges a one-time password without spending it.
    pub(crate) fn judge_code(&self, code: Option<&str>, now: Moment, wrong_limit: u32) -> CodeState {
        let Some(code) = code else { return CodeState::Absent };
        let wrong = self.wrong_codes.iter().filter(|at| now.since(**at) < WRONG_OTP_SPAN).count();
        if u32::try_from(wrong).unwrap_or(u32::MAX) >= wrong_limit {
            return CodeState::Locked;
        }
        let from_app = matches!(&self.second_factor, SecondFactor::Totp { secret } if totp::accepts(secret, code, now.unix_seconds()));
        let from_page = self.web_codes.iter().any(|known| known.code == code && now < known.expires);
        if from_app || from_page { CodeState::Valid } else { CodeState::Invalid }
    }

    /// Spends a one-time password that was judged valid; codes of an app stay valid for their time.
    pub(crate) fn spend_code(&mut self, code: &str, policy: WebOtpUse) {
        if policy == WebOtpUse::Once {
            self.web_codes.retain(|known| known.code != code);
        }
    }

    pub(crate) fn count_wrong_code(&mut self, now: Moment) {
        self.wrong_codes.retain(|at| now.since(*at) < WRONG_OTP_SPAN);
        self.wrong_codes.push(now);
    }

    pub(crate) fn grant_code(&mut self, code: String, now: Moment) {
        self.web_codes.retain(|known| now < known.expires);
        if self.web_codes.len() >= MAX_WEB_CODES {
            self.web_codes.remove(0);
        }
        self.web_codes.push(WebCode { code, expires: now.plus(SKIP_WINDOW) });
    }

    pub(crate) fn open_window(&mut self, now: Moment, span: Duration) {
        self.window_until = Some(now.plus(span));
    }

    pub(crate) fn window_open(&self, now: Moment) -> bool {
        self.window_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_unix_millis(1_700_000_000_000);

    fn account(second_factor: SecondFactor) -> Account {
        Account::new(NewAccount { name: "maintainer".into(), password: "secret".into(), second_factor }, NOW)
    }

    #[test]
    fn a_code_of_the_page_works_once_and_not_after_five_minutes() {
        let mut account = account(SecondFactor::Web);
        account.grant_code("1234567890123456".into(), NOW);
        let judge = |account: &Account, at: Moment| account.judge_code(Some("1234567890123456"), at, 5);
        assert_eq!(judge(&account, NOW), CodeState::Valid);
        assert_eq!(judge(&account, NOW.plus(SKIP_WINDOW)), CodeState::Invalid);
        account.spend_code("1234567890123456", WebOtpUse::FiveMinutes);
        assert_eq!(judge(&account, NOW), CodeState::Valid);
        account.spend_code("1234567890123456", WebOtpUse::Once);
        assert_eq!(judge(&account, NOW), CodeState::Invalid);
    }

    #[test]
    fn too_many_wrong_codes_lock_the_account_for_five_minutes() {
        let secret = "JBSWY3DPEHPK3PXP".to_owned();
        let right = totp::current_code(&secret, NOW.unix_seconds());
        let mut account = account(SecondFactor::Totp { secret });
        account.count_wrong_code(NOW);
        assert_eq!(account.judge_code(Some(&right), NOW, 2), CodeState::Valid);
        account.count_wrong_code(NOW);
        assert_eq!(account.judge_code(Some(&right), NOW, 2), CodeState::Locked);
        assert_eq!(account.judge_code(Some("000000"), NOW.plus(WRONG_OTP_SPAN), 2), CodeState::Invalid);
    }
}
