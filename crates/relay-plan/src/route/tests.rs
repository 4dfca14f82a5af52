//! The table of routes.

use super::*;
use CredentialKind::{Granular, GranularBypass, GranularStage, Session, Unknown};
use PublishingAccess::{Automation, None as NoFactor, Publish};
use RegistryRules::{Npm, Plain as Other};
use RouteKind::{Blocked, Interactive, Plain, Staged, Token, Trusted};

const HERE: bool = true;
const NOBODY: bool = false;

fn ask(
    rules: RegistryRules,
    access: PublishingAccess,
    kinds: &[CredentialKind],
    terminal: bool,
    allowed: Option<&[RouteKind]>,
) -> Route {
    let credentials: Vec<CredentialFact> = kinds
        .iter()
        .map(|kind| CredentialFact { kind: *kind, source: format!("the {kind:?} one"), expires: None })
        .collect();
    let name = PackageName::parse("@acme/core").expect("a name");
    route(&RouteQuestion {
        name: &name,
        registry: "http://registry.example/",
        rules,
        publishing_access: access,
        source: AccessSource::Declared,
        allowed,
        credentials: &credentials,
        credential_problems: &[],
        terminal,
        otp_given: false,
        today: jiff::civil::date(2026, 11, 24),
    })
}

#[test]
fn the_table() {
    // rules, access, credentials, somebody there, closed list, route, credential
    type Row = (
        RegistryRules,
        PublishingAccess,
        &'static [CredentialKind],
        bool,
        Option<&'static [RouteKind]>,
        RouteKind,
        Option<CredentialKind>,
    );
    let table: &[Row] = &[
        (Other, NoFactor, &[], HERE, None, Blocked, None),
        (Other, NoFactor, &[Unknown], NOBODY, None, Plain, Some(Unknown)),
        (Other, NoFactor, &[Session], NOBODY, None, Plain, Some(Session)),
        (Other, NoFactor, &[GranularBypass], HERE, None, Plain, Some(GranularBypass)),
        // A declared access counts on any registry.
        (Other, Automation, &[GranularBypass], HERE, None, Token, Some(GranularBypass)),
        (Other, Publish, &[Unknown], HERE, None, Interactive, Some(Unknown)),
        (Npm, NoFactor, &[Granular], NOBODY, None, Plain, Some(Granular)),
        (Npm, NoFactor, &[GranularStage], NOBODY, None, Blocked, None),
        (Npm, Automation, &[], HERE, None, Blocked, None),
        (Npm, Automation, &[GranularBypass], HERE, None, Token, Some(GranularBypass)),
        (Npm, Automation, &[GranularBypass], NOBODY, None, Token, Some(GranularBypass)),
        (Npm, Automation, &[Session, GranularBypass], HERE, None, Token, Some(GranularBypass)),
        (Npm, Automation, &[Session], HERE, None, Interactive, Some(Session)),
        (Npm, Automation, &[Session], NOBODY, None, Interactive, Some(Session)),
        (Npm, Automation, &[Granular], HERE, None, Interactive, Some(Granular)),
        (Npm, Automation, &[Unknown], HERE, None, Interactive, Some(Unknown)),
        (Npm, Automation, &[Unknown], NOBODY, None, Token, Some(Unknown)),
        (Npm, Automation, &[GranularStage], HERE, None, Blocked, None),
        (Npm, Publish, &[], HERE, None, Blocked, None),
        (Npm, Publish, &[Session], HERE, None, Interactive, Some(Session)),
        (Npm, Publish, &[Session], NOBODY, None, Interactive, Some(Session)),
        (Npm, Publish, &[GranularBypass, Session], HERE, None, Interactive, Some(Session)),
        (Npm, Publish, &[GranularBypass], HERE, None, Blocked, None),
        (Npm, Publish, &[Granular], HERE, None, Blocked, None),
        (Npm, Publish, &[Unknown], NOBODY, None, Interactive, Some(Unknown)),
        // Closed lists: the order of preference, and never another route.
        (Npm, Automation, &[Session, GranularBypass], HERE, Some(&[Interactive, Token]), Interactive, Some(Session)),
        (Npm, Automation, &[GranularBypass], HERE, Some(&[Interactive]), Blocked, None),
        (Npm, Automation, &[GranularBypass], HERE, Some(&[Trusted, Token]), Token, Some(GranularBypass)),
        (Npm, Publish, &[Session], HERE, Some(&[Token]), Blocked, None),
        (Npm, Publish, &[Session], HERE, Some(&[Trusted, Staged]), Blocked, None),
        (Npm, Publish, &[Session], HERE, Some(&[Trusted, Staged, Interactive]), Interactive, Some(Session)),
        (Other, NoFactor, &[Unknown], HERE, Some(&[Token]), Blocked, None),
    ];
    for (rules, access, kinds, terminal, allowed, expected, credential) in table {
        let route = ask(*rules, *access, kinds, *terminal, *allowed);
        let row = format!("{rules:?} {access:?} {kinds:?} terminal={terminal} {allowed:?}: {route:?}");
        assert_eq!(route.kind, *expected, "{row}");
        assert_eq!(route.credential, credential.map(|kind| format!("the {kind:?} one")), "{row}");
        assert!(!route.reason.is_empty() && !route.reason.contains('\n') && !route.reason.ends_with('.'), "{row}");
        assert_eq!(route.kind == Blocked, route.fix.is_some() && route.credential.is_none(), "{row}");
    }
}

#[test]
fn an_expired_credential_does_not_count() {
    let name = PackageName::parse("a").unwrap();
    let expired = CredentialFact {
        kind: GranularBypass,
        source: "environment variable `NPM_TOKEN`".to_owned(),
        expires: Some(jiff::civil::date(2026, 11, 23)),
    };
    let question = RouteQuestion {
        name: &name,
        registry: "http://registry.example/",
        rules: Npm,
        publishing_access: Automation,
        source: AccessSource::Default,
        allowed: None,
        credentials: std::slice::from_ref(&expired),
        credential_problems: &[],
        terminal: true,
        otp_given: false,
        today: jiff::civil::date(2026, 11, 24),
    };
    let answer = route(&question);
    assert_eq!(answer.kind, Blocked);
    assert_eq!(answer.reason, "environment variable `NPM_TOKEN` has expired");
    let question = RouteQuestion { today: jiff::civil::date(2026, 11, 23), ..question };
    assert_eq!(route(&question).kind, Token);
}

#[test]
fn a_given_password_answers_without_a_terminal() {
    let name = PackageName::parse("a").unwrap();
    let session = CredentialFact { kind: Session, source: "the login".to_owned(), expires: None };
    let question = RouteQuestion {
        name: &name,
        registry: "http://registry.example/",
        rules: Npm,
        publishing_access: Publish,
        source: AccessSource::Default,
        allowed: None,
        credentials: std::slice::from_ref(&session),
        credential_problems: &[],
        terminal: false,
        otp_given: true,
        today: jiff::civil::date(2026, 11, 24),
    };
    let answer = route(&question);
    assert_eq!((answer.kind, answer.fix), (Interactive, None));
}
