//! The table against itself: each text leads to its own row, on the wire and when pasted.

use super::table::rows;
use super::*;

fn first(text: &str) -> &'static str {
    explain(text).first().unwrap_or_else(|| panic!("nothing explains {text:?}")).code
}

#[test]
fn every_code_has_one_row_and_every_row_teaches_something() {
    for code in RefusalCode::ALL {
        assert_eq!(rows().filter(|row| row.code == *code).count(), 1, "{code}");
        let explanation = code.explanation();
        assert_eq!(explanation.code, code.as_str());
        assert!(!explanation.title.is_empty() && !explanation.causes.is_empty() && !explanation.fixes.is_empty());
        assert!(*code == RefusalCode::Unrecognised || !explanation.says.is_empty(), "{code}");
    }
    assert_eq!(rows().count(), RefusalCode::ALL.len());
}

/// What is mended in a file or a form, not by a command.
const MENDED_BY_HAND: [RefusalCode; 2] = [RefusalCode::IdTokenPermission, RefusalCode::ProvenanceMissingRef];

#[test]
fn every_row_has_a_fix_that_can_be_carried_out_as_it_stands() {
    let is_command = |span: &str| {
        let words = span.split(' ').skip_while(|word| word.contains('=') && word.starts_with(char::is_uppercase));
        matches!(words.collect::<Vec<_>>().as_slice(), ["npm" | "relay", _, ..])
    };
    for row in rows() {
        let spans: Vec<&str> = row.explanation.fixes.iter().flat_map(|fix| fix.split('`').skip(1).step_by(2)).collect();
        assert!(!spans.is_empty(), "{}: no fix says what to write", row.code);
        assert!(spans.iter().all(|span| !span.is_empty() && span.trim() == *span), "{}: {spans:?}", row.code);
        let command = spans.iter().any(|span| is_command(span));
        assert_eq!(command, !MENDED_BY_HAND.contains(&row.code), "{}: {spans:?}", row.code);
        for fix in row.explanation.fixes {
            assert_eq!(fix.matches('`').count() % 2, 0, "{}: {fix}", row.code);
        }
    }
}

#[test]
fn what_older_guides_tell_is_put_right() {
    let says = |code: RefusalCode, words: &str| {
        let explanation = code.explanation();
        let texts = [explanation.causes, explanation.fixes].concat();
        assert!(texts.iter().any(|text| text.contains(words)), "{code} lacks {words:?}: {texts:?}");
    };
    for code in [RefusalCode::Unauthorized, RefusalCode::DeadCredential, RefusalCode::MaskedForbidden] {
        says(code, "December 2025");
    }
    for code in [RefusalCode::TwoFactorOrBypass, RefusalCode::EnableTwoFactor, RefusalCode::EmailOtp] {
        says(code, "`npm profile enable-2fa auth-and-writes`");
        says(code, "security key or passkey");
    }
    for code in [RefusalCode::TwoFactorOrBypass, RefusalCode::Unauthorized, RefusalCode::DeadCredential] {
        says(code, "npm token create ");
        says(code, "January 2027");
    }
    says(RefusalCode::TokensDisallowed, "`npm access set mfa=automation <package>`");
    says(RefusalCode::TokensDisallowed, "the path /package/<package>/access");
    says(RefusalCode::Unauthorized, "`npm token list`");
}

#[test]
fn fragments_are_lower_case_and_titles_read_as_half_sentences() {
    for row in rows() {
        for fragment in row.patterns.iter().copied().flatten() {
            assert_eq!(*fragment, fragment.to_lowercase(), "{}", row.code);
        }
        let sentences = [row.explanation.causes, row.explanation.fixes].concat();
        assert!(!row.explanation.title.ends_with('.'), "{}", row.code);
        assert!(sentences.iter().all(|text| !text.ends_with('.')), "{}", row.code);
    }
}

#[test]
fn each_text_as_users_see_it_is_explained_by_its_own_row() {
    for row in rows() {
        for text in row.explanation.says {
            assert_eq!(first(text), row.explanation.code, "{text}");
            let code = row.npm_codes.first().copied().unwrap_or("E400");
            let pasted = format!(
                "\u{1b}[31mnpm error\u{1b}[0m code {code}\r\nnpm error {text}\r\nnpm error A complete log of this run"
            );
            assert_eq!(first(&pasted), row.explanation.code, "{pasted}");
            let wrapped = format!("npm ERR! code {code}\nnpm ERR! {}\n", text.replacen(' ', "\nnpm ERR! ", 1));
            assert_eq!(first(&wrapped), row.explanation.code, "{wrapped}");
        }
    }
}

#[test]
fn each_text_on_the_wire_is_classified_to_its_own_row() {
    for row in rows() {
        for text in row.explanation.says {
            for status in row.statuses.iter().copied() {
                assert_eq!(classify(RefusalFacts { status, text, notice: None }), row.code, "{status} {text}");
            }
        }
    }
}

#[track_caller]
fn classified(status: u16, text: &str, notice: Option<&str>, expected: RefusalCode) {
    assert_eq!(classify(RefusalFacts { status, text, notice }), expected);
}

#[test]
fn an_answer_without_known_words_falls_to_its_status() {
    classified(404, "Not found", None, RefusalCode::MaskedForbidden);
    classified(403, "", None, RefusalCode::Forbidden);
    classified(403, "Forbidden", None, RefusalCode::Forbidden);
    classified(401, "Unauthorized", None, RefusalCode::Unauthorized);
    classified(409, "", None, RefusalCode::Conflict);
    classified(413, "<html>", None, RefusalCode::TooLarge);
    classified(418, "teapot", None, RefusalCode::Unrecognised);
    classified(503, "", None, RefusalCode::Outage);
    classified(599, "", None, RefusalCode::Outage);
    classified(301, "", None, RefusalCode::Redirected);
}

#[test]
fn the_notice_of_a_dead_token_decides_on_any_answer() {
    let notice = Some("Access token expired or revoked. Please try logging in again.");
    for status in [401, 403, 404, 500] {
        classified(status, "Not found", notice, RefusalCode::DeadCredential);
    }
}

#[test]
fn classes_say_what_can_help() {
    assert_eq!(RefusalCode::AlreadyPublished.class(), RefusalClass::Verify);
    assert_eq!(RefusalCode::Conflict.class(), RefusalClass::Verify);
    assert_eq!(RefusalCode::Outage.class(), RefusalClass::Verify);
    assert_eq!(RefusalCode::RateLimit.class(), RefusalClass::Transient);
    assert_eq!(RefusalCode::OtpRequired.class(), RefusalClass::Human);
    assert_eq!(RefusalCode::MaskedForbidden.class(), RefusalClass::Credential);
}

#[test]
fn two_refusals_give_the_publishing_access_away() {
    use relay_config::PublishingAccess;
    let teaching: Vec<_> =
        RefusalCode::ALL.iter().filter_map(|code| code.teaches().map(|what| (*code, what))).collect();
    assert_eq!(
        teaching,
        [
            (RefusalCode::TwoFactorOrBypass, PublishingAccess::Automation),
            (RefusalCode::TokensDisallowed, PublishingAccess::Publish)
        ]
    );
}

#[test]
fn a_refusal_that_says_why_is_not_one_that_gives_no_reason() {
    let text = "npm error 403 403 Forbidden - PUT https://registry.example/@acme%2fcore - Two-factor authentication or \
                granular access token with bypass 2fa enabled is required to publish packages.";
    let codes: Vec<_> = explain(text).iter().map(|explanation| explanation.code).collect();
    assert_eq!(codes, ["two-factor-or-bypass"]);
    let bare = "npm error 403 403 Forbidden - PUT https://registry.example/@acme%2fcore";
    assert_eq!(explain(bare).first().map(|explanation| explanation.code), Some("forbidden"));
}

#[test]
fn a_code_alone_is_enough() {
    assert_eq!(first("ENEEDAUTH"), "need-auth");
    assert_eq!(first("npm error code EOTP"), "otp-required");
    assert_eq!(first("E401"), "unauthorized");
    assert_eq!(first("E403"), "forbidden");
    assert_eq!(first("E404"), "masked-forbidden");
    assert_eq!(first("E409"), "conflict");
    assert_eq!(first("E429"), "rate-limit");
    assert!(explain("E403").iter().any(|explanation| explanation.code == "two-factor-or-bypass"));
    assert!(explain("e404").iter().any(|explanation| explanation.code == "masked-forbidden"));
    assert!(explain("403").iter().any(|explanation| explanation.code == "forbidden"));
    assert_eq!(first("masked-forbidden"), "masked-forbidden");
    assert_eq!(explain("the weather is fine"), Vec::<&Explanation>::new());
    assert_eq!(explain(" \r\n").len(), RefusalCode::ALL.len());
}

#[test]
fn a_real_paste_of_several_lines_finds_its_row() {
    let text = "npm notice Access token expired or revoked. Please try logging in again.\r\n\
        npm error code E404\r\n\
        npm error 404 Not Found - PUT https://registry.example/@acme%2fcore - Not found\r\n\
        npm error 404\r\n\
        npm error 404  '@acme/core@1.0.0' is not in this registry.\r\n";
    let codes: Vec<_> = explain(text).iter().map(|explanation| explanation.code).collect();
    assert_eq!(codes, ["dead-credential", "masked-forbidden"]);
}

/// What npm 11 and 12, pnpm 12, yarn 4 and bun print, as it stands in a terminal, in a CI's log or in npm's own.
#[test]
fn what_real_clients_print_finds_its_row() {
    let cases: [(&str, &[&str]); 14] = [
        (
            "\u{1b}[1mnpm\u{1b}[22m \u{1b}[96mnotice\u{1b}[39m Access token expired or revoked. Please try logging in again.\n\
             \u{1b}[1mnpm\u{1b}[22m \u{1b}[31merror\u{1b}[39m \u{1b}[94mcode\u{1b}[39m E404\n\
             \u{1b}[1mnpm\u{1b}[22m \u{1b}[31merror\u{1b}[39m \u{1b}[94m404\u{1b}[39m Not Found - PUT https://registry.example/one - \
             Not found\n",
            &["dead-credential", "masked-forbidden"],
        ),
        (
            "npm notice total files: 1\nnpm notice\nnpm error code ENEEDAUTH\n\
             npm error need auth This command requires you to be logged in to https://registry.example/\n\
             npm error need auth You need to authorize this machine using `npm login`\n",
            &["need-auth"],
        ),
        (
            "npm error code EOTP\nnpm error This operation requires a one-time password.\n\
             npm error Open this URL in your browser to authenticate:\nnpm error   https://registry.example/auth/cli/***\n",
            &["web-challenge"],
        ),
        (
            "npm error code EOTP\n\
             npm error This operation requires a one-time password from your authenticator.\n\
             npm error You can provide a one-time password by passing --otp=<code> to the command you ran.\n\
             npm error If you already provided a one-time password then it is likely that you either typoed it, or it \
             timed out. Please try again.\n",
            &["otp-required"],
        ),
        (
            "npm error code E403\n\
             npm error 403 403 Forbidden - PUT https://registry.example/@acme%2fcore - You may not perform that action with \
             these credentials.\n\
             npm error 403 In most cases, you or one of your dependencies are requesting\n\
             npm error 403 a package version that is forbidden by your security policy, or\n\
             npm error 403 on a server you do not have access to.\n",
            &["credential-lacks-right"],
        ),
        (
            "2026-11-29T08:50:49.1221234Z npm error code E403\r\n\
             2026-11-29T08:50:49.1221235Z npm error 403 403 Forbidden - PUT https://registry.example/one - Two-factor\r\n\
             2026-11-29T08:50:49.1221236Z npm error authentication is required to publish this package but an automation\r\n\
             2026-11-29T08:50:49.1221237Z npm error token was specified\r\n",
            &["tokens-disallowed"],
        ),
        (
            "31 verbose stack HttpErrorGeneral: 403 Forbidden - PUT https://registry.example/one\n\
             40 error code E403\n41 error 403 403 Forbidden - PUT https://registry.example/one - Package name too similar to\n\
             42 error existing package(s) won\n",
            &["name-too-similar"],
        ),
        (
            "Error: ERR_PNPM_FAILED_TO_PUBLISH\n\n  × Failed to publish package one@1.0.0 (status 404 Not Found): \
             {\"error\":\"Not\n  │ found\"}\n",
            &["masked-forbidden"],
        ),
        (
            "  × Failed to publish package one@1.0.0 (status 403 Forbidden): {\"error\":\"You\n  │ cannot publish over the \
             previously published versions: 1.0.0.\"}\n",
            &["already-published"],
        ),
        (
            "Error: ERR_PNPM_OTP_NON_INTERACTIVE\n\n  × The registry requires additional authentication, but pnpm is not \
             running\n  │ in an interactive terminal\n",
            &["web-challenge"],
        ),
        (
            "➤ YN0035: Not found\n➤ YN0035:   Response Code: 404 (Not Found)\n➤ YN0035:   Request Method: PUT\n",
            &["masked-forbidden"],
        ),
        ("➤ YN0033: No authentication configured for request\n", &["need-auth"]),
        ("error: missing authentication (run `bunx npm login`)\n", &["need-auth"]),
        (
            "404 Not Found: https://registry.example/one\n\n - 'one@1.0.0' does not exist in this registry\n",
            &["masked-forbidden"],
        ),
    ];
    for (text, expected) in cases {
        let codes: Vec<_> = explain(text).iter().map(|explanation| explanation.code).collect();
        assert_eq!(codes, expected, "{text}");
    }
}

#[test]
fn a_huge_paste_ends() {
    assert!(explain(&"ü".repeat(1_000_000)).is_empty());
}

#[test]
fn a_refusal_survives_a_journal_even_from_a_newer_relay() {
    let refusal = Refusal { code: RefusalCode::TooLarge, status: 413, text: "x".into(), package: None };
    let json = serde_json::to_string(&refusal).unwrap();
    assert!(json.contains("\"too-large\""));
    assert_eq!(serde_json::from_str::<Refusal>(&json).unwrap(), refusal);
    let newer = json.replace("too-large", "from-the-future");
    assert_eq!(serde_json::from_str::<Refusal>(&newer).unwrap().code, RefusalCode::Unrecognised);
}
