//! Refusals that are about the second factor.

use relay_config::PublishingAccess;

use crate::refusal::Explanation;
use crate::refusal::code::{RefusalClass, RefusalCode};

use super::Row;
use super::advice::{
    ALLOW_TOKENS_AGAIN, MAKE_A_BYPASS_TOKEN, PUBLISH_AS_A_PERSON, TRUST_THE_WORKFLOW, TURN_ON_TWO_FACTOR,
};

pub(super) const ROWS: &[Row] = &[
    Row {
        code: RefusalCode::OtpRequired,
        class: RefusalClass::Human,
        teaches: None,
        npm_codes: &["EOTP"],
        statuses: &[401],
        patterns: &[
            &["requires a one-time password from your authenticator"],
            &["provide a one-time password by passing --otp"],
            &["one-time password", "typoed it"],
        ],
        explanation: Explanation {
            code: "otp-required",
            title: "the registry wants a one-time password",
            causes: &[
                "the account has 2FA for writes, and no code was given",
                "the code was wrong or too old",
                "a token that bypasses 2FA was used on a package whose access is `publish`, which disallows tokens",
            ],
            fixes: &[
                "run it at a terminal and type the code, or pass it: `relay publish --otp <code>`",
                "declare what the package has: `publishing-access = \"publish\"` in `relay.toml`, so that the plan knows",
                "in CI, a trusted publisher: `npm trust github <package> --file=<workflow.yml> --repo=<owner/repo> --allow-publish`; or staging: `npm stage publish`",
            ],
            says: &[
                "This operation requires a one-time password from your authenticator. You can provide a one-time password by passing --otp=<code> to the command you ran.",
            ],
        },
    },
    Row {
        code: RefusalCode::WebChallenge,
        class: RefusalClass::Human,
        teaches: None,
        npm_codes: &["EOTP", "ERR_PNPM_OTP_NON_INTERACTIVE"],
        statuses: &[401],
        patterns: &[
            &["open this url in your browser to authenticate"],
            &["authenticate your account at"],
            &["your token can be retrieved from"],
            &["registry requires additional authentication"],
        ],
        explanation: Explanation {
            code: "web-challenge",
            title: "the registry wants a person to confirm in the browser",
            causes: &["2FA is asked for, and there was no terminal to show the address at"],
            fixes: &[
                "run it at a terminal, which shows the address: `relay publish`",
                MAKE_A_BYPASS_TOKEN,
                "in CI, a trusted publisher: `npm trust github <package> --file=<workflow.yml> --repo=<owner/repo> --allow-publish`; or staging: `npm stage publish`",
            ],
            says: &[
                "This operation requires a one-time password. Open this URL in your browser to authenticate: https://web.example/auth/cli/1",
                "The registry requires additional authentication, but pnpm is not running in an interactive terminal",
            ],
        },
    },
    Row {
        code: RefusalCode::OldClient,
        class: RefusalClass::Human,
        teaches: None,
        npm_codes: &["EOTP", "E401"],
        statuses: &[401],
        patterns: &[&["upgrade your client to npm@latest"], &["you must provide a one-time pass"]],
        explanation: Explanation {
            code: "old-client",
            title: "the registry wants a one-time password and takes the client for an old one",
            causes: &["the headers that announce a client with browser 2FA were missing"],
            fixes: &[
                "answer with a code: `relay publish --otp <code>`",
                "with another client: use its latest version: `npm install --global npm@latest`",
            ],
            says: &["You must provide a one-time pass. Upgrade your client to npm@latest in order to use 2FA."],
        },
    },
    Row {
        code: RefusalCode::EmailOtp,
        class: RefusalClass::Human,
        teaches: None,
        npm_codes: &["EOTP", "E401"],
        statuses: &[401],
        patterns: &[&["one time password (otp) by email is required"]],
        explanation: Explanation {
            code: "email-otp",
            title: "the registry sent a code by e-mail",
            causes: &["the account has no 2FA, so an 8-digit code was mailed instead"],
            fixes: &["type the code from the e-mail, or pass it: `relay publish --otp <code>`", TURN_ON_TWO_FACTOR],
            says: &["A One Time Password (OTP) by email is required."],
        },
    },
    Row {
        code: RefusalCode::WrongOtp,
        class: RefusalClass::Human,
        teaches: None,
        npm_codes: &["EOTP", "E401"],
        statuses: &[401],
        patterns: &[&["invalid otp"]],
        explanation: Explanation {
            code: "wrong-otp",
            title: "the one-time password was not accepted",
            causes: &[
                "a typing error",
                "the code expired before the upload was through",
                "the code had been used already",
            ],
            fixes: &[
                "wait for a fresh code and give it once: `relay publish --otp <code>`; many wrong ones lock the account for a while",
            ],
            says: &["invalid OTP"],
        },
    },
    Row {
        code: RefusalCode::TwoFactorOrBypass,
        class: RefusalClass::Credential,
        teaches: Some(PublishingAccess::Automation),
        npm_codes: &["E403"],
        statuses: &[401, 403],
        patterns: &[
            &["two-factor authentication or granular access token with bypass 2fa enabled is required"],
            &["bypass 2fa enabled is required to publish"],
        ],
        explanation: Explanation {
            code: "two-factor-or-bypass",
            title: "the package wants a person with 2FA or a token that bypasses 2FA, and got neither",
            causes: &[
                "the token does not bypass 2FA, and the account has no 2FA that could be asked",
                "new accounts met this even with a bypass token (npm/cli#9268, open)",
            ],
            fixes: &[
                TURN_ON_TWO_FACTOR,
                "then publish as a person: `npm login --registry=<url>`, and `relay publish` at a terminal",
                MAKE_A_BYPASS_TOKEN,
                TRUST_THE_WORKFLOW,
            ],
            says: &[
                "Two-factor authentication or granular access token with bypass 2fa enabled is required to publish packages.",
            ],
        },
    },
    Row {
        code: RefusalCode::TokensDisallowed,
        class: RefusalClass::Credential,
        teaches: Some(PublishingAccess::Publish),
        npm_codes: &["E403"],
        statuses: &[401, 403],
        patterns: &[
            &["two-factor authentication is required to publish this package but an automation token was specified"],
            &["two-factor authentication is required", "token was specified"],
        ],
        explanation: Explanation {
            code: "tokens-disallowed",
            title: "the package disallows tokens, and one was used",
            causes: &["its publishing access is \"require two-factor authentication and disallow tokens\" (`publish`)"],
            fixes: &[
                PUBLISH_AS_A_PERSON,
                ALLOW_TOKENS_AGAIN,
                "declare it in `relay.toml`: a `[[policy]]` with `publishing-access = \"publish\"`, so that the plan knows",
                TRUST_THE_WORKFLOW,
            ],
            says: &[
                "Two-factor authentication is required to publish this package but an automation token was specified",
            ],
        },
    },
    Row {
        code: RefusalCode::EnableTwoFactor,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[401, 403],
        patterns: &[&["enable 2fa for your account"], &["must have 2fa enabled"]],
        explanation: Explanation {
            code: "enable-two-factor",
            title: "the account must have 2FA for this",
            causes: &["trusted publishers and staged versions can be managed with 2FA only"],
            fixes: &[TURN_ON_TWO_FACTOR],
            says: &["Please enable 2fa for your account"],
        },
    },
];
