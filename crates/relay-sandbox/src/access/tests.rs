//! The decision as a table: credential × publishing access × one-time password.

use super::*;
use crate::trusted::IdentityProvider;

const SESSION: Who = Who::Person;

#[derive(Clone, Copy)]
enum Who {
    Nobody,
    Dead,
    Elsewhere,
    Person,
    Bypass,
    Granular,
    StageOnly,
    ReadOnly,
    OtherPackages,
    Trusted { direct: bool },
}

struct Case {
    who: Who,
    action: Action,
    access: SandboxAccess,
    exists: bool,
    writable: bool,
    second_factor: bool,
    code: CodeState,
    window: bool,
    rules: SandboxRules,
    strict: bool,
}

fn publish(who: Who, access: SandboxAccess) -> Case {
    Case {
        who,
        action: Action::Publish,
        access,
        exists: true,
        writable: true,
        second_factor: true,
        code: CodeState::Absent,
        window: false,
        rules: SandboxRules::Npm,
        strict: false,
    }
}

#[track_caller]
fn check(case: &Case, expected: &Decision) {
    let grant = match case.who {
        Who::Bypass => Grant { bypass: true, ..Grant::default() },
        Who::Trusted { direct } => {
            let (provider, config) = (IdentityProvider::GitHub, String::new());
            let trusted = Some(TrustedGrant { provider, config, direct, staged: true });
            Grant { packages: Some(vec!["@a/x".into()]), trusted, ..Grant::default() }
        }
        Who::StageOnly => Grant { stage_only: true, bypass: true, ..Grant::default() },
        Who::ReadOnly => Grant { read_only: true, ..Grant::default() },
        Who::OtherPackages => Grant { bypass: true, packages: Some(vec!["other".into()]), ..Grant::default() },
        _ => Grant::default(),
    };
    let holder = match case.who {
        Who::Nobody => Holder::Nothing,
        Who::Dead => Holder::Dead,
        Who::Elsewhere => Holder::WrongNetwork,
        Who::Person => Holder::Person,
        _ => Holder::Token(&grant),
    };
    let own = matches!(case.action, Action::Administer | Action::ReadOwn);
    let facts = PackageFacts { name: "@a/x", exists: case.exists, access: case.access, writable: case.writable };
    let question = Question {
        rules: case.rules,
        strict_disallow_tokens: case.strict,
        trusted_may_tag: false,
        action: case.action,
        holder,
        package: (!own).then_some(facts),
        second_factor: case.second_factor,
        code: case.code,
        window: case.window,
    };
    assert_eq!(decide(&question), *expected);
}

const ALLOW: Decision = Decision::Allow(Proof::Credential);
const BY_CODE: Decision = Decision::Allow(Proof::Code);
const BY_WINDOW: Decision = Decision::Allow(Proof::Window);
const CHALLENGE: Decision = Decision::Challenge;

fn refuse(refusal: Refusal) -> Decision {
    Decision::Refuse(refusal)
}

#[test]
fn publishing_access_decides_whether_a_bypass_token_is_enough() {
    use SandboxAccess::{Automation, None, Publish};
    check(&publish(Who::Bypass, None), &ALLOW);
    check(&publish(Who::Bypass, Automation), &ALLOW);
    check(&publish(Who::Bypass, Publish), &CHALLENGE);
    check(&publish(Who::Granular, None), &CHALLENGE);
    check(&publish(Who::Granular, Automation), &CHALLENGE);
    check(&publish(Who::Granular, Publish), &CHALLENGE);
    check(&publish(SESSION, None), &CHALLENGE);
    check(&publish(SESSION, Automation), &CHALLENGE);
    check(&publish(SESSION, Publish), &CHALLENGE);
}

#[test]
fn a_valid_code_opens_what_a_challenge_closed() {
    for who in [Who::Bypass, Who::Granular, SESSION] {
        check(&Case { code: CodeState::Valid, ..publish(who, SandboxAccess::Publish) }, &BY_CODE);
    }
    // A bypass token does not spend a code it does not need.
    check(&Case { code: CodeState::Valid, ..publish(Who::Bypass, SandboxAccess::Automation) }, &ALLOW);
    check(&Case { code: CodeState::Invalid, ..publish(Who::Bypass, SandboxAccess::Automation) }, &ALLOW);
}

#[test]
fn strictly_disallowed_tokens_are_refused_even_with_a_code() {
    let strict = |who, code| Case { strict: true, code, ..publish(who, SandboxAccess::Publish) };
    check(&strict(Who::Bypass, CodeState::Absent), &CHALLENGE);
    check(&strict(Who::Bypass, CodeState::Valid), &refuse(Refusal::CredentialNotEnough));
    check(&strict(Who::Granular, CodeState::Valid), &refuse(Refusal::CredentialNotEnough));
    check(&strict(SESSION, CodeState::Valid), &BY_CODE);
}

#[test]
fn wrong_codes_are_refused_and_then_locked() {
    let with = |code| Case { code, ..publish(SESSION, SandboxAccess::Automation) };
    check(&with(CodeState::Invalid), &refuse(Refusal::InvalidOtp));
    check(&with(CodeState::Locked), &refuse(Refusal::TooManyWrongCodes));
}

#[test]
fn the_window_covers_packages_but_neither_access_nor_tokens() {
    let open = |action| Case { action, window: true, ..publish(SESSION, SandboxAccess::Publish) };
    check(&open(Action::Publish), &BY_WINDOW);
    check(&open(Action::Tag), &BY_WINDOW);
    check(&open(Action::Revise), &BY_WINDOW);
    check(&open(Action::SetAccess), &CHALLENGE);
    check(&open(Action::Administer), &CHALLENGE);
}

#[test]
fn an_account_without_second_factor_needs_a_bypass_token() {
    let bare = |who, action| Case { action, second_factor: false, ..publish(who, SandboxAccess::Automation) };
    check(&bare(SESSION, Action::Publish), &refuse(Refusal::SecondFactorOrBypassRequired));
    check(&bare(Who::Granular, Action::Publish), &refuse(Refusal::SecondFactorOrBypassRequired));
    check(&bare(Who::Bypass, Action::Publish), &ALLOW);
    check(&bare(SESSION, Action::SetAccess), &refuse(Refusal::EnableSecondFactor));
    check(&bare(SESSION, Action::Administer), &ALLOW);
    let publish_only = Case { second_factor: false, ..publish(Who::Bypass, SandboxAccess::Publish) };
    check(&publish_only, &refuse(Refusal::SecondFactorOrBypassRequired));
}

#[test]
fn tokens_are_held_to_their_grant() {
    use SandboxAccess::Automation;
    check(&publish(Who::ReadOnly, Automation), &refuse(Refusal::CredentialNotEnough));
    check(&publish(Who::OtherPackages, Automation), &refuse(Refusal::CredentialNotEnough));
    check(&publish(Who::StageOnly, Automation), &refuse(Refusal::StageRequired));
    let tag = Case { action: Action::Tag, ..publish(Who::StageOnly, Automation) };
    check(&tag, &refuse(Refusal::CredentialNotEnough));
    for who in [Who::Granular, Who::Bypass] {
        for action in [Action::SetAccess, Action::Administer, Action::ReadOwn] {
            check(&Case { action, ..publish(who, Automation) }, &refuse(Refusal::TokensCannotAdminister));
        }
    }
}

#[test]
fn strangers_are_not_told_what_exists() {
    use SandboxAccess::Automation;
    let stranger = |exists| Case { writable: false, exists, ..publish(SESSION, Automation) };
    check(&stranger(true), &refuse(Refusal::Masked));
    check(&stranger(false), &refuse(Refusal::ScopeNotFound));
    check(&publish(Who::Nobody, Automation), &refuse(Refusal::Unauthorized));
    check(&publish(Who::Dead, Automation), &refuse(Refusal::DeadCredentialMasked));
    check(&publish(Who::Elsewhere, Automation), &refuse(Refusal::WrongNetwork));
    check(&Case { action: Action::ReadOwn, ..publish(Who::Dead, Automation) }, &refuse(Refusal::DeadCredential));
}

#[test]
fn other_registries_challenge_nobody() {
    use SandboxAccess::Publish;
    let plain = |who| Case { rules: SandboxRules::Plain, second_factor: false, ..publish(who, Publish) };
    for who in [SESSION, Who::Granular, Who::Bypass] {
        check(&plain(who), &ALLOW);
    }
    check(&plain(Who::ReadOnly), &refuse(Refusal::CredentialNotEnough));
    check(&plain(Who::Dead), &refuse(Refusal::DeadCredential));
    check(
        &plain(Who::Nobody),
        &refuse(Refusal::PlainUnauthorized("authorization required to publish package @a/x".into())),
    );
}

#[test]
fn a_trusted_publisher_needs_no_person_and_does_what_its_connection_permits() {
    let direct = Who::Trusted { direct: true };
    for access in [SandboxAccess::Automation, SandboxAccess::Publish] {
        check(&publish(direct, access), &ALLOW);
        check(&publish(Who::Trusted { direct: false }, access), &refuse(Refusal::OidcDenied));
    }
    let nothing_else = refuse(Refusal::CredentialNotEnough);
    check(&Case { exists: false, ..publish(direct, SandboxAccess::Automation) }, &nothing_else);
    for action in [Action::Tag, Action::Revise, Action::SetAccess, Action::Trust, Action::Administer] {
        check(&Case { action, ..publish(direct, SandboxAccess::Automation) }, &nothing_else);
    }
}

#[test]
fn trusted_publishers_are_a_persons_to_change() {
    let trust = |who| Case { action: Action::Trust, ..publish(who, SandboxAccess::Automation) };
    check(&trust(SESSION), &CHALLENGE);
    check(&Case { code: CodeState::Valid, ..trust(SESSION) }, &BY_CODE);
    check(&Case { window: true, ..trust(SESSION) }, &BY_WINDOW);
    check(&trust(Who::Granular), &refuse(Refusal::CredentialNotEnough));
    check(&trust(Who::Bypass), &refuse(Refusal::TokensCannotAdminister));
    check(&Case { second_factor: false, ..trust(SESSION) }, &refuse(Refusal::EnableSecondFactor));
    check(&Case { exists: false, ..trust(SESSION) }, &refuse(Refusal::TrustPackageNotFound));
    check(&Case { writable: false, ..trust(SESSION) }, &refuse(Refusal::TrustForbidden));
    check(&Case { action: Action::ReadTrust, ..trust(SESSION) }, &ALLOW);
}
