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
