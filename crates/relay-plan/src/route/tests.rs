//! The table of routes, and what holds for every line of it.

use std::sync::LazyLock;

use jiff::civil::date;
use relay_config::CredentialKind as K;
use relay_config::RouteKind as R;

use super::*;

const KINDS: [K; 5] = [K::GranularBypass, K::Granular, K::GranularStage, K::Session, K::Unknown];
static REGISTRY: LazyLock<RegistryUrl> =
    LazyLock::new(|| RegistryUrl::parse("https://registry.example/").expect("an address"));
const TODAY: Date = date(2026, 11, 24);

fn credential(kind: K) -> CredentialFact {
    CredentialFact {
        id: CredentialId::of_variable(REGISTRY.clone(), "NPM_TOKEN"),
        kind,
        expires: None,
        challenged_on: None,
    }
}

/// The same in a variable of its own.
fn numbered(CredentialFact { kind, expires, challenged_on, .. }: CredentialFact, number: usize) -> CredentialFact {
    let id = CredentialId::of_variable(REGISTRY.clone(), format!("NPM_TOKEN_{number}"));
    CredentialFact { id, kind, expires, challenged_on }
}

fn name() -> PackageName {
    PackageName::parse("@acme/core").unwrap()
}

/// A question on a registry with npm's rules, with one credential of a kind, and nobody there.
pub(super) fn question<'a>(name: &'a PackageName, credentials: &'a [CredentialFact]) -> RouteQuestion<'a> {
    RouteQuestion {
        rules: RegistryRules::Npm,
        publishing_access: PublishingAccess::Automation,
        source: AccessSource::Default,
        lesson: None,
        allowed: None,
        credentials,
        credential_problems: &[],
        trusted: &TrustedFact::NotAsked,
        terminal: false,
        otp_given: false,
        package_exists: Some(true),
        ever_staged: false,
        today: TODAY,
        registry: &REGISTRY,
        name,
    }
}

/// What decides: the regime in short.
const REGIMES: [(&str, RegistryRules, PublishingAccess); 4] = [
    ("plain registry", RegistryRules::Plain, PublishingAccess::Publish),
    ("none", RegistryRules::Npm, PublishingAccess::None),
    ("automation", RegistryRules::Npm, PublishingAccess::Automation),
    ("publish", RegistryRules::Npm, PublishingAccess::Publish),
];

#[test]
fn one_credential_and_no_policy() {
    let name = name();
    let mut lines = vec![format!("{:15}{:17}{:13}somebody there", "regime", "credential", "nobody there")];
    for (regime, rules, publishing_access) in REGIMES {
        for kind in KINDS.into_iter().map(Some).chain([None]) {
            let credentials: Vec<_> = kind.map(credential).into_iter().collect();
            let nobody = RouteQuestion { rules, publishing_access, ..question(&name, &credentials) };
            let terminal = route(&RouteQuestion { terminal: true, ..nobody }).kind;
            let code = route(&RouteQuestion { otp_given: true, ..nobody }).kind;
            assert_eq!(terminal, code, "a person at a terminal and a code given in advance are the same");
            let kind = kind.map_or("no credential".to_owned(), |kind| format!("{kind:?}"));
            lines.push(format!("{regime:15}{kind:17}{:13}{terminal}", route(&nobody).kind.as_str()));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    regime         credential       nobody there somebody there
    plain registry GranularBypass   plain        plain
    plain registry Granular         plain        plain
    plain registry GranularStage    plain        plain
    plain registry Session          plain        plain
    plain registry Unknown          plain        plain
    plain registry no credential    blocked      blocked
    none           GranularBypass   plain        plain
    none           Granular         plain        plain
    none           GranularStage    blocked      blocked
    none           Session          plain        plain
    none           Unknown          plain        plain
    none           no credential    blocked      blocked
    automation     GranularBypass   token        token
    automation     Granular         interactive  interactive
    automation     GranularStage    blocked      blocked
    automation     Session          interactive  interactive
    automation     Unknown          token        interactive
    automation     no credential    blocked      blocked
    publish        GranularBypass   blocked      blocked
    publish        Granular         blocked      blocked
    publish        GranularStage    blocked      blocked
    publish        Session          interactive  interactive
    publish        Unknown          interactive  interactive
    publish        no credential    blocked      blocked
    ");
}

/// Whether a closed list is kept to, by kinds of credentials at hand in this order.
#[track_caller]
fn check_policy(access: PublishingAccess, kinds: &[K], terminal: bool, allowed: &[R], expected: R) {
    let name = name();
    let credentials: Vec<_> = kinds.iter().map(|kind| credential(*kind)).collect();
    let question =
        RouteQuestion { publishing_access: access, allowed: Some(allowed), terminal, ..question(&name, &credentials) };
    let route = route(&question);
    assert_eq!(route.kind, expected, "{}", route.reason);
}

#[test]
fn a_policy_is_a_closed_list_in_order_of_preference() {
    use PublishingAccess::{Automation, None, Publish};
    // The first that is possible, not the one that relay would choose.
    check_policy(Automation, &[K::GranularBypass, K::Session], true, &[R::Interactive, R::Token], R::Interactive);
    check_policy(Automation, &[K::Session, K::GranularBypass], false, &[R::Token, R::Interactive], R::Token);
    // What can't be carried out is passed over.
    check_policy(Publish, &[K::Session], true, &[R::Trusted, R::Staged, R::Interactive], R::Staged);
    check_policy(Automation, &[K::GranularBypass], true, &[R::Trusted, R::Staged, R::Token], R::Staged);
    // Never another one.
    check_policy(Publish, &[K::Session], true, &[R::Trusted], R::Blocked);
    check_policy(Publish, &[K::GranularBypass], true, &[R::Token], R::Blocked);
    check_policy(Publish, &[K::Session], true, &[R::Token], R::Blocked);
    check_policy(Automation, &[K::Session], true, &[R::Token], R::Blocked);
    check_policy(Automation, &[K::GranularBypass], true, &[R::Interactive], R::Blocked);
    check_policy(Automation, &[K::GranularBypass], true, &[R::Plain], R::Blocked);
    check_policy(None, &[K::Session], true, &[R::Interactive, R::Token], R::Blocked);
    check_policy(None, &[K::Session], true, &[R::Interactive, R::Plain], R::Plain);
    check_policy(Automation, &[K::Session], true, &[], R::Blocked);
    // The list's preference decides what a credential of undeclared kind is tried as.
    check_policy(Automation, &[K::Unknown], true, &[R::Token, R::Interactive], R::Token);
    check_policy(Automation, &[K::Unknown], false, &[R::Interactive, R::Token], R::Interactive);
}

#[test]
fn the_credential_is_the_first_that_fits() {
    let name = name();
    let credentials: Vec<_> = KINDS.into_iter().map(|kind| numbered(credential(kind), kind as usize)).collect();
    let chosen = |access| {
        let id = route(&RouteQuestion { publishing_access: access, ..question(&name, &credentials) }).authorisation;
        credentials.iter().find(|credential| Some(&credential.id) == id.credential()).unwrap().kind
    };
    assert_eq!(chosen(PublishingAccess::None), K::GranularBypass);
    assert_eq!(chosen(PublishingAccess::Automation), K::GranularBypass);
    assert_eq!(chosen(PublishingAccess::Publish), K::Session);
}

#[test]
fn a_credential_counts_up_to_its_last_day() {
    let name = name();
    let on = |expires: Date| {
        let credentials = [CredentialFact { expires: Some(expires), ..credential(K::GranularBypass) }];
        let route = route(&question(&name, &credentials));
        let about_credential = route.warnings.iter().find(|warning| warning.text.contains("expire"));
        (route.kind, about_credential.map(|warning| warning.text.clone()))
    };
    let day = |days: i64| TODAY.checked_add(days.days()).unwrap();
    let (kind, warning) = on(day(-1));
    assert_eq!(kind, R::Blocked);
    assert_eq!(
        warning.as_deref(),
        Some(
            "the credential from the environment variable `NPM_TOKEN` (for `registry.example`) expired on 2026-11-23 and is not used"
        )
    );
    let (kind, warning) = on(TODAY);
    assert_eq!(kind, R::Token);
    assert!(warning.is_some());
    assert!(on(day(EXPIRY_WARNING_DAYS)).1.is_some_and(|text| text.contains("no more than 14 days away")));
    assert_eq!(on(day(EXPIRY_WARNING_DAYS + 1)), (R::Token, None));
    assert_eq!(on(Date::MAX), (R::Token, None));
    assert_eq!(on(Date::MIN).0, R::Blocked);
}

#[test]
fn only_a_declared_bypass_token_is_warned_about() {
    let name = name();
    let warned = |kind| {
        let credentials = [credential(kind)];
        let route = route(&question(&name, &credentials));
        route.warnings.iter().any(|warning| warning.text.contains("January 2027"))
    };
    assert_eq!(KINDS.map(warned), [true, false, false, false, false]);
}

/// Every combination of what a question can say, with up to two credentials and up to two allowed routes.
fn for_each_question(mut look: impl FnMut(&RouteQuestion<'_>, &Route)) {
    let name = name();
    let expired = CredentialFact { expires: Some(date(2026, 1, 1)), ..credential(K::GranularBypass) };
    let one: Vec<CredentialFact> = KINDS.into_iter().map(credential).chain([expired]).collect();
    let mut hands: Vec<Vec<CredentialFact>> = vec![vec![]];
    hands.extend(one.iter().map(|first| vec![first.clone()]));
    hands
        .extend(one.iter().flat_map(|first| one.iter().map(|second| vec![first.clone(), numbered(second.clone(), 2)])));
    let kinds = [R::Trusted, R::Staged, R::Token, R::Interactive, R::Plain];
    let mut lists: Vec<Option<Vec<R>>> = vec![None, Some(vec![])];
    lists.extend(kinds.iter().map(|first| Some(vec![*first])));
    lists.extend(kinds.iter().flat_map(|first| kinds.iter().map(|second| Some(vec![*first, *second]))));
    let problems = ["`${NPM_TOKEN}` in `.npmrc` is not set".to_owned()];
    for rules in [RegistryRules::Npm, RegistryRules::Plain] {
        for publishing_access in [PublishingAccess::None, PublishingAccess::Automation, PublishingAccess::Publish] {
            for source in [AccessSource::Declared, AccessSource::Learnt, AccessSource::Default] {
                for credentials in &hands {
                    for allowed in &lists {
                        for bits in 0..8_u8 {
                            let question = RouteQuestion {
                                rules,
                                publishing_access,
                                source,
                                allowed: allowed.as_deref(),
                                credential_problems: if bits & 4 == 0 { &[] } else { &problems },
                                terminal: bits & 1 != 0,
                                otp_given: bits & 2 != 0,
                                package_exists: Some(bits & 4 == 0),
                                ..question(&name, credentials)
                            };
                            look(&question, &route(&question));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn no_question_weakens_a_route() {
    for_each_question(|question, route| {
        let credential =
            question.credentials.iter().find(|credential| Some(&credential.id) == route.authorisation.credential());
        assert_eq!(credential.is_none(), route.kind == R::Blocked);
        assert_eq!(route.authorisation == Authorisation::Nobody, route.kind == R::Blocked);
        assert!(credential.is_none_or(|credential| credential.expires.is_none_or(|last| last >= question.today)));
        if let Some(allowed) = question.allowed {
            assert!(route.kind == R::Blocked || allowed.contains(&route.kind), "{allowed:?}: {route:?}");
        }
        let kind = credential.map(|credential| credential.kind);
        match route.kind {
            R::Blocked => {}
            R::Plain => assert_eq!(question.regime(), Regime::AnyCredential),
            R::Token => {
                assert_eq!(question.regime(), Regime::Automation);
                assert!(matches!(kind, Some(K::GranularBypass | K::Unknown)));
            }
            R::Interactive => {
                assert_ne!(question.regime(), Regime::AnyCredential);
                assert!(!matches!(kind, Some(K::GranularBypass | K::GranularStage)));
                assert!(question.regime() != Regime::Publish || kind != Some(K::Granular));
            }
            R::Staged => {
                assert!(question.rules == RegistryRules::Npm && question.package_exists != Some(false));
            }
            R::Trusted => panic!("relay can't carry out {}", route.kind),
        }
    });
}

#[test]
fn no_question_is_blocked_while_an_allowed_route_is_possible() {
    for_each_question(|question, route| {
        let allowed = question.allowed.unwrap_or(&[R::Token, R::Interactive, R::Plain]);
        let possible: Vec<R> = allowed.iter().copied().filter(|kind| possibility(question, *kind).is_ok()).collect();
        assert_eq!(route.kind == R::Blocked, possible.is_empty(), "{route:?}");
        if question.allowed.is_some() {
            assert_eq!(Some(route.kind).filter(|kind| *kind != R::Blocked), possible.first().copied());
        }
    });
}

#[test]
fn every_answer_is_one_sentence_and_every_block_has_a_fix() {
    for_each_question(|question, route| {
        let reason = &route.reason;
        assert!(!reason.is_empty() && !reason.ends_with('.') && !reason.contains('\n'), "{reason}");
        assert!(!reason.contains("@acme/core"), "packages with the same reason are shown together: {reason}");
        assert!(reason.starts_with(|c: char| c.is_lowercase() || c == '`'), "{reason}");
        assert_eq!(reason.matches('`').count() % 2, 0, "{reason}");
        assert!(route.kind != R::Blocked || route.fix.as_ref().is_some_and(|fix| !fix.is_empty()), "{reason}");
        let waits = route.kind == R::Interactive && !question.somebody_can_answer();
        assert_eq!(reason.contains("nobody is there to do so"), waits, "{reason}");
        let npm_decides = question.rules == RegistryRules::Npm && route.kind != R::Blocked;
        let words = format!("publishing access `{}`", question.publishing_access);
        let taught = format!("publishing access is `{}`", question.publishing_access);
        assert!(!npm_decides || reason.contains(&words) || reason.contains(&taught), "{reason}");
        for credential in question.expired().map(|(credential, _)| credential.id.to_string()) {
            let blocked_by_list = question.allowed.is_some_and(<[_]>::is_empty);
            assert!(blocked_by_list || reason.contains(&credential) && reason.contains("expired on"), "{reason}");
        }
    });
}

#[test]
fn the_sentences() {
    let name = name();
    let mut sentences = Vec::new();
    let mut say = |question: RouteQuestion<'_>| {
        let route = route(&question);
        let fix = route.fix.as_ref().map(|fix| format!("\n  fix: {fix}")).unwrap_or_default();
        sentences.push(format!("{}: {}{fix}", route.kind, route.reason));
        sentences.dedup();
    };
    for (_, rules, publishing_access) in REGIMES {
        for kind in KINDS {
            say(RouteQuestion { rules, publishing_access, terminal: true, ..question(&name, &[credential(kind)]) });
        }
    }
    let nobody = [[credential(K::Session)], [credential(K::Unknown)]];
    say(question(&name, &nobody[0]));
    say(question(&name, &nobody[1]));
    say(RouteQuestion { otp_given: true, ..question(&name, &nobody[0]) });
    say(RouteQuestion { package_exists: Some(false), terminal: true, ..question(&name, &nobody[0]) });
    let expired = CredentialFact { expires: Some(date(2026, 1, 1)), ..credential(K::GranularBypass) };
    let problems = ["`${NPM_TOKEN}` in `.npmrc` is not set".to_owned()];
    say(question(&name, &[]));
    say(RouteQuestion { credential_problems: &problems, ..question(&name, &[]) });
    say(question(&name, std::slice::from_ref(&expired)));
    say(RouteQuestion { terminal: true, ..question(&name, &[expired.clone(), credential(K::Session)]) });
    let closed = [R::Trusted, R::Token];
    for kind in [K::Session, K::GranularBypass] {
        say(RouteQuestion { allowed: Some(&closed), terminal: true, ..question(&name, &[credential(kind)]) });
    }
    say(RouteQuestion { allowed: Some(&closed), ..question(&name, &[expired]) });
    let publish = RouteQuestion { publishing_access: PublishingAccess::Publish, ..question(&name, &nobody[0]) };
    say(RouteQuestion { allowed: Some(&closed), ..publish });
    say(RouteQuestion { allowed: Some(&[]), ..publish });
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn the_same_access_from_three_sources() {
    let name = name();
    let credentials = [credential(K::Session)];
    let reasons = [AccessSource::Declared, AccessSource::Learnt, AccessSource::Default].map(|source| {
        let publishing_access = PublishingAccess::Publish;
        route(&RouteQuestion { source, publishing_access, terminal: true, ..question(&name, &credentials) }).reason
    });
    insta::assert_snapshot!(reasons.join("\n"), @r"
    `relay.toml` declares the publishing access `publish` (require two-factor authentication and disallow tokens), so a person answers a 2FA challenge in the session from the environment variable `NPM_TOKEN` (for `registry.example`)
    an earlier refusal taught that the publishing access is `publish` (require two-factor authentication and disallow tokens), so a person answers a 2FA challenge in the session from the environment variable `NPM_TOKEN` (for `registry.example`)
    the publishing access `publish` is assumed (require two-factor authentication and disallow tokens), so a person answers a 2FA challenge in the session from the environment variable `NPM_TOKEN` (for `registry.example`)
    ");
}

#[test]
fn what_was_learnt_says_when_and_from_which_credential() {
    let name = name();
    let credentials = [credential(K::Session)];
    let lesson = Lesson { on: date(2026, 11, 20), credential: "environment variable `NPM_TOKEN`".to_owned() };
    let learnt = RouteQuestion {
        source: AccessSource::Learnt,
        lesson: Some(&lesson),
        publishing_access: PublishingAccess::Publish,
        terminal: true,
        ..question(&name, &credentials)
    };
    let reason = route(&learnt).reason;
    let expected =
        "was learnt on 2026-11-20 from a refusal of the credential from environment variable `NPM_TOKEN`, so";
    assert!(reason.contains(expected), "{reason}");
}

#[test]
fn whoever_is_to_renew_a_credential_is_told_the_command() {
    let name = name();
    let told = |kind: K, expires: Date| {
        let credentials = [CredentialFact { expires: Some(expires), ..credential(kind) }];
        let answer = route(&question(&name, &credentials));
        let help = answer.warnings.iter().find(|warning| warning.help.contains("renew")).map(|one| one.help.clone());
        (help.unwrap_or_default(), answer.fix.unwrap_or_default())
    };
    let (past, soon) = (date(2026, 1, 1), date(2026, 11, 28));
    let create = "renew it: `npm token create --name=relay --packages=<package>";
    let login = "`npm login --registry=https://registry.example/`";
    for (kind, command) in [(K::GranularBypass, create), (K::Granular, create), (K::Session, login)] {
        let (help, fix) = told(kind, past);
        assert!(help.contains(command) && fix.contains(login), "{kind:?}: {help} | {fix}");
        let help = told(kind, soon).0;
        assert!(help.starts_with("renew it in time: `npm "), "{kind:?}: {help}");
    }
    assert!(told(K::GranularBypass, past).0.contains("--bypass-2fa"));
    assert!(!told(K::Granular, past).0.contains("--bypass-2fa"));
    assert!(told(K::GranularStage, past).0.contains("on the website"));
}

#[test]
fn a_login_command_can_be_pasted() {
    let name = name();
    let registry = &RegistryUrl::parse("https://registry.example/$(reboot)'/").unwrap();
    let route = route(&RouteQuestion { registry, ..question(&name, &[]) });
    let fix = route.fix.unwrap();
    assert!(fix.starts_with("log in with `npm login --registry='https://registry.example/$(reboot)%27/'`"), "{fix}");
}

#[test]
fn a_job_that_is_trusted_goes_before_any_token_and_one_that_is_not_is_told() {
    let name = name();
    let credentials = [credential(CredentialKind::GranularBypass)];
    let ask = |trusted: &TrustedFact, allowed: Option<&[RouteKind]>| {
        let route = route(&RouteQuestion { allowed, trusted, ..question(&name, &credentials) });
        (route.kind, route.authorisation == Authorisation::Minted, route.reason, route.fix)
    };
    let fails = TrustedFact::Fails { why: "it trusts another job".to_owned(), help: "compare them".to_owned() };
    let (kind, minted, reason, _) = ask(&TrustedFact::Matches, None);
    assert!(kind == RouteKind::Trusted && minted, "{reason}");
    assert_eq!(ask(&TrustedFact::Matches, Some(&[RouteKind::Token])).0, RouteKind::Token, "a policy is a closed list");
    let (kind, _, reason, _) = ask(&fails, None);
    assert_eq!(kind, RouteKind::Token);
    assert!(reason.contains("passed over: `trusted` (it trusts another job)"), "{reason}");
    let (kind, _, reason, fix) = ask(&fails, Some(&[RouteKind::Trusted]));
    assert_eq!((kind, fix.as_deref()), (RouteKind::Blocked, Some("compare them")));
    assert!(reason.contains("it trusts another job"), "{reason}");
    assert_eq!(ask(&TrustedFact::NotAsked, None).0, RouteKind::Token);
}
