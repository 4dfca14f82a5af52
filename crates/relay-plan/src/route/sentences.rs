//! What a route says about itself. npm's own words stand where they decide, so that a person can look them up.

use jiff::civil::Date;
use relay_config::{AccessSource, CredentialKind, PublishingAccess, RegistryRules, RouteKind};
use relay_values::CredentialOrigin;
use relay_values::registry_url::host_and_port;

use super::candidates::Obstacle;
use super::{EXPIRY_WARNING_DAYS, Regime, RouteQuestion, RouteWarning};
use crate::observation::{CredentialFact, TrustedFact};

/// How a token that needs nobody is made (`npm token create` of npm 12). The package is not named: the sentence stands for all
/// packages of which it is true.
const MAKE_BYPASS_TOKEN: &str = "`npm token create --name=relay --packages=<package> \
                                 --packages-and-scopes-permission=read-write --bypass-2fa --expires=90`";

/// The same for one that doesn't bypass it.
const MAKE_TOKEN: &str =
    "`npm token create --name=relay --packages=<package> --packages-and-scopes-permission=read-write --expires=90`";

/// How a token that needs nobody is declared.
const DECLARE_BYPASS_TOKEN: &str = "declare it in `relay.toml` as a `[[credential]]` with `kind = \"granular-bypass\"`";

/// Why a route was taken: one sentence.
pub(super) fn taken(
    question: &RouteQuestion<'_>,
    kind: RouteKind,
    credential: &CredentialFact,
    passed_over: &[(RouteKind, Obstacle)],
) -> String {
    let access = access_clause(question);
    let origin = origin(credential);
    let mut sentence = match kind {
        RouteKind::Plain => format!("{access}, so any valid credential publishes: the one from {origin} is used"),
        RouteKind::Staged => {
            let why = if question.allowed.is_none() {
                "earlier versions of the package were staged".to_owned()
            } else {
                "its `[[policy]]` lists `staged`".to_owned()
            };
            format!(
                "{access}; {why}, so it is uploaded with the credential from {origin}, and a person approves it later"
            )
        }
        RouteKind::Token if credential.kind == CredentialKind::GranularBypass => {
            format!("{access}, and the token from {origin} bypasses 2FA")
        }
        RouteKind::Token if question.somebody_can_answer() => format!(
            "{access}, and the credential from {origin} is tried as a token that bypasses 2FA, since nothing says what \
             kind it is"
        ),
        RouteKind::Token => format!(
            "{access}, and with nobody there to answer a challenge the credential from {origin} is tried as a token \
             that bypasses 2FA, since nothing says what kind it is"
        ),
        _ => interactive(question, credential, &access, &origin),
    };
    if !passed_over.is_empty() {
        sentence.push_str("; passed over: ");
        sentence.push_str(&obstacles(question, passed_over));
    }
    sentence.push_str(&expired_clause(question));
    sentence
}

/// Why a trusted publisher's right was taken.
pub(super) fn trusted(question: &RouteQuestion<'_>, passed_over: &[(RouteKind, Obstacle)]) -> String {
    let mut sentence =
        "the package trusts this job, whose identity the registry has exchanged for a token (thrown away, and made \
                        again at its turn), so nobody is needed"
            .to_owned();
    if !passed_over.is_empty() {
        sentence.push_str("; passed over: ");
        sentence.push_str(&obstacles(question, passed_over));
    }
    sentence.push_str(&expired_clause(question));
    sentence
}

fn interactive(question: &RouteQuestion<'_>, credential: &CredentialFact, access: &str, origin: &str) -> String {
    let answer = if question.otp_given {
        "the one-time code that was given answers the 2FA challenge"
    } else {
        "a person answers a 2FA challenge"
    };
    let mut sentence = match (question.publishing_access, credential.kind) {
        (PublishingAccess::Publish, CredentialKind::Session) => {
            format!("{access}, so {answer} in the session from {origin}")
        }
        (PublishingAccess::Publish, _) => {
            format!("{access}, so {answer} with the credential from {origin}, which has to be a session")
        }
        (_, CredentialKind::Session) => format!("{access}, and {origin} has a session, so {answer}"),
        (_, CredentialKind::Granular) => {
            format!("{access}, and the token from {origin} does not bypass 2FA, so {answer}")
        }
        _ => match credential.challenged_on {
            Some(day) => {
                format!("{access}, and the credential from {origin} met a 2FA challenge here on {day}, so {answer}")
            }
            None => format!("{access}, and nothing says what kind of credential {origin} has, so {answer}"),
        },
    };
    if !question.somebody_can_answer() {
        sentence.push_str(
            "; nobody is there to do so, and it waits until relay runs at a terminal or is given `--otp CODE`",
        );
    }
    sentence
}

/// What would make a taken route better.
pub(super) fn taken_fix(question: &RouteQuestion<'_>, kind: RouteKind, credential: &CredentialFact) -> Option<String> {
    let undeclared = credential.kind == CredentialKind::Unknown;
    if kind == RouteKind::Staged {
        return Some(
            "`relay approve` publishes what is staged: a person answers a second factor for each package".to_owned(),
        );
    }
    match (kind, question.regime()) {
        (RouteKind::Token | RouteKind::Interactive, Regime::Automation) if undeclared => Some(
            "say in `relay.toml` what kind it is: a `[[credential]]` with `kind = \"granular-bypass\"` for a token that \
             bypasses 2FA, `kind = \"session\"` for that of `npm login`"
                .to_owned(),
        ),
        (RouteKind::Interactive, Regime::Automation) if !question.allows(RouteKind::Token) => {
            Some("its `[[policy]]` does not allow `token`, which would need nobody".to_owned())
        }
        (RouteKind::Interactive, Regime::Automation) => Some(format!(
            "a granular access token with bypass 2FA would publish without a person: {MAKE_BYPASS_TOKEN}; \
             {DECLARE_BYPASS_TOKEN}"
        )),
        (RouteKind::Interactive, Regime::Publish) => Some(
            "a person is needed as long as tokens are disallowed, which npm recommends; after `npm access set \
             mfa=automation <package>` a token that bypasses 2FA would do"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Why there is no route: one sentence.
pub(super) fn blocked(question: &RouteQuestion<'_>, passed_over: &[(RouteKind, Obstacle)]) -> String {
    let without_credential = passed_over.iter().all(|(_, obstacle)| *obstacle == Obstacle::NoCredential);
    match (question.allowed, passed_over) {
        (Some(_), []) => "its `[[policy]]` in `relay.toml` allows no route at all".to_owned(),
        (_, _) if without_credential => no_credential(question),
        (Some(_), _) => {
            // That there is no credential says what has expired.
            let says_it = passed_over.iter().any(|(_, obstacle)| *obstacle == Obstacle::NoCredential);
            format!(
                "{}, and no route that its `[[policy]]` allows is possible: {}{}",
                access_clause(question),
                obstacles(question, passed_over),
                if says_it { String::new() } else { expired_clause(question) },
            )
        }
        (None, _) => {
            let obstacle = passed_over.iter().map(|(_, obstacle)| clause(question, *obstacle));
            let obstacle = obstacle.collect::<Vec<_>>().join(", ");
            format!("{}, and {obstacle}{}", access_clause(question), expired_clause(question))
        }
    }
}

/// What would open a way.
pub(super) fn blocked_fix(question: &RouteQuestion<'_>, passed_over: &[(RouteKind, Obstacle)]) -> String {
    let login = login_command(question);
    if let TrustedFact::Fails { help, .. } = question.trusted
        && passed_over.iter().any(|(kind, _)| *kind == RouteKind::Trusted)
    {
        return help.clone();
    }
    let new_name = passed_over.iter().any(|(_, obstacle)| *obstacle == Obstacle::NewName);
    if new_name && passed_over.iter().all(|(_, obstacle)| !obstacle.is_about_credentials()) {
        return "publish its first version directly: add `interactive` or `token` after `staged` in the `routes` of its \
                `[[policy]]`; from then on it is staged"
            .to_owned();
    }
    let fixable = passed_over.iter().map(|(_, obstacle)| *obstacle).find(|obstacle| obstacle.is_about_credentials());
    match fixable {
        Some(Obstacle::NoCredential)
            if question.regime() == Regime::Automation && !question.allows(RouteKind::Interactive) =>
        {
            format!("a granular access token with bypass 2FA is needed: {MAKE_BYPASS_TOKEN}; {DECLARE_BYPASS_TOKEN}")
        }
        Some(Obstacle::NoCredential) if question.expired().next().is_some() => {
            let expired = question.expired().next().map(|(credential, _)| credential);
            match expired.and_then(|credential| token_command(credential.kind)) {
                Some(make) => format!("renew it: {make}; or log in with `{login}`"),
                None => format!("renew it: `{login}`"),
            }
        }
        Some(Obstacle::NoCredential) if !question.credential_problems.is_empty() => {
            format!("put that right, or log in with `{login}`")
        }
        Some(Obstacle::NoCredential) => {
            let key = question.registry.config_key();
            format!("log in with `{login}`, or put a token into `.npmrc` as `{key}:_authToken=${{NPM_TOKEN}}`")
        }
        Some(Obstacle::NoBypassToken) => {
            format!("make a granular access token with bypass 2FA, {MAKE_BYPASS_TOKEN}, and {DECLARE_BYPASS_TOKEN}")
        }
        Some(Obstacle::OnlyStageTokens)
            if question.regime() != Regime::Publish && question.allows(RouteKind::Token) =>
        {
            format!(
                "`{login}` gives a session with which a person can publish; a granular access token with bypass 2FA needs \
                 nobody: {MAKE_BYPASS_TOKEN}; {DECLARE_BYPASS_TOKEN}"
            )
        }
        Some(_) => format!("`{login}` gives a session with which a person can publish"),
        None => {
            let routes = match question.regime() {
                Regime::AnyCredential if question.rules == RegistryRules::Plain => {
                    return "say what the registry does: `rules = \"npm\"` in a `[[registry]]` of `relay.toml` if it asks for \
                            a second factor as npm does; if it does not, add `plain` to the `routes` of its `[[policy]]`"
                        .to_owned();
                }
                Regime::AnyCredential => "`plain`",
                Regime::Automation => "`token` or `interactive`",
                Regime::Publish => "`interactive`",
            };
            format!("add {routes} to the `routes` of its `[[policy]]` in `relay.toml`")
        }
    }
}

/// The warning about a credential that does not count any more.
pub(super) fn expired(question: &RouteQuestion<'_>, credential: &CredentialFact, expired_on: Date) -> RouteWarning {
    RouteWarning {
        text: format!("the credential from {} expired on {expired_on} and is not used", origin(credential)),
        help: format!(
            "renew it: {}; or correct `expires` of its `[[credential]]` in `relay.toml`",
            renew_command(question, credential)
        ),
    }
}

/// The warning about a credential that does not count much longer. It says the same each day, so that a plan does not
/// change by being made a day later.
pub(super) fn expires_soon(question: &RouteQuestion<'_>, credential: &CredentialFact, expires: Date) -> RouteWarning {
    RouteWarning {
        text: format!(
            "the credential from {} expires on {expires}, which is no more than {EXPIRY_WARNING_DAYS} days away",
            origin(credential)
        ),
        help: format!(
            "renew it in time: {}; and then correct `expires` of its `[[credential]]` in `relay.toml`",
            renew_command(question, credential)
        ),
    }
}

/// The warning about the announced end (`npm-registry.md`, 0.1).
pub(super) fn end_of_bypass_tokens() -> RouteWarning {
    RouteWarning {
        text: "npm has announced January 2027 as the end of publishing directly with tokens that bypass 2FA".to_owned(),
        help: "prepare for trusted publishers or staged versions; until then nothing has to change".to_owned(),
    }
}

/// What decides, as a clause that others can follow.
fn access_clause(question: &RouteQuestion<'_>) -> String {
    if question.rules == RegistryRules::Plain {
        return "this registry is taken to ask for no second factor".to_owned();
    }
    let access = question.publishing_access;
    let words = match access {
        PublishingAccess::None => "no two-factor requirement",
        PublishingAccess::Automation => {
            "require two-factor authentication or a granular access token with bypass 2fa enabled"
        }
        PublishingAccess::Publish => "require two-factor authentication and disallow tokens",
    };
    match (question.source, access, question.package_exists) {
        (AccessSource::Declared, _, _) => format!("`relay.toml` declares the publishing access `{access}` ({words})"),
        (AccessSource::Learnt, _, _) => match question.lesson {
            Some(lesson) => format!(
                "the publishing access `{access}` ({words}) was learnt on {} from a refusal of the credential from {}",
                lesson.on, lesson.credential
            ),
            None => format!("an earlier refusal taught that the publishing access is `{access}` ({words})"),
        },
        (AccessSource::Default, PublishingAccess::Automation, Some(false)) => {
            format!("a new package begins with npm's default publishing access `{access}` ({words})")
        }
        (AccessSource::Default, PublishingAccess::Automation, _) => {
            format!("npm's default publishing access `{access}` is assumed ({words})")
        }
        (AccessSource::Default, _, _) => format!("the publishing access `{access}` is assumed ({words})"),
    }
}

/// What is in the way, as a clause that stands for itself.
fn clause(question: &RouteQuestion<'_>, obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::NewName => "the package is new, and only for one that exists a version can be staged".to_owned(),
        Obstacle::NoStaging => "the registry is taken to know no staging".to_owned(),
        Obstacle::NotCarriedOut => "this version of relay can't carry it out".to_owned(),
        Obstacle::NotTrusted => match question.trusted {
            TrustedFact::Fails { why, .. } => why.clone(),
            _ => "the registry does not trust this job".to_owned(),
        },
        Obstacle::NoJob => {
            "this is no job of GitHub Actions, GitLab CI/CD or CircleCI, which alone can be trusted".to_owned()
        }
        Obstacle::NoSecondFactorAsked => "the registry is taken to ask for no second factor".to_owned(),
        Obstacle::SecondFactorDemanded => "the registry demands a second factor".to_owned(),
        Obstacle::TokensDisallowed => "tokens are disallowed".to_owned(),
        Obstacle::NoCredential => no_credential(question),
        Obstacle::NoBypassToken => "no token that bypasses 2FA is at hand".to_owned(),
        Obstacle::OnlyStageTokens => {
            format!("publishing directly is refused to {}, which may only stage", tokens_at_hand(question))
        }
        Obstacle::OnlyTokens => format!("{} would be refused", tokens_at_hand(question)),
        Obstacle::NeverChallenged => format!("npm never challenges {}", tokens_at_hand(question)),
    }
}

/// The passed-over routes, each with what is in its way.
fn obstacles(question: &RouteQuestion<'_>, passed_over: &[(RouteKind, Obstacle)]) -> String {
    let each = passed_over.iter().map(|(kind, obstacle)| format!("`{kind}` ({})", clause(question, *obstacle)));
    each.collect::<Vec<_>>().join(", ")
}

fn no_credential(question: &RouteQuestion<'_>) -> String {
    let mut causes: Vec<String> = question.credential_problems.to_vec();
    causes.extend(question.expired().map(|(credential, day)| format!("{} expired on {day}", credential.id)));
    let mut sentence = format!("no credential for `{}` is at hand", question.registry);
    if !causes.is_empty() {
        sentence.push_str(": ");
        sentence.push_str(&causes.join("; "));
    }
    sentence
}

/// What else there is to say of credentials that have expired, where another one is used or missing.
fn expired_clause(question: &RouteQuestion<'_>) -> String {
    let clauses = question.expired();
    let clauses =
        clauses.map(|(credential, day)| format!("; the credential from {} expired on {day}", origin(credential)));
    clauses.collect::<Vec<_>>().concat()
}

fn tokens_at_hand(question: &RouteQuestion<'_>) -> String {
    let origins: Vec<String> = question.usable().map(origin).collect();
    let noun = if origins.len() == 1 { "token" } else { "tokens" };
    format!("the {noun} from {}", origins.join(" and "))
}

/// Where a credential comes from, with the article that the sentence needs.
fn origin(credential: &CredentialFact) -> String {
    match &credential.id.origin {
        // A setting's key says where its token goes; of a variable it is said here, unless it is npm's own registry.
        variable @ CredentialOrigin::Variable(_) if credential.id.registry.is_default() => format!("the {variable}"),
        variable @ CredentialOrigin::Variable(_) => {
            format!("the {variable} (for `{}`)", host_and_port(credential.id.registry.as_url()))
        }
        origin => origin.to_string(),
    }
}

/// The command that makes another token of a kind; `None` for sessions, which come from a login. npm's client makes no
/// token that may only stage, so that such a one is made on the website.
fn token_command(kind: CredentialKind) -> Option<&'static str> {
    match kind {
        CredentialKind::GranularBypass => Some(MAKE_BYPASS_TOKEN),
        CredentialKind::Granular | CredentialKind::Unknown => Some(MAKE_TOKEN),
        CredentialKind::GranularStage | CredentialKind::Session => None,
    }
}

/// The command that brings another credential of the same kind.
fn renew_command(question: &RouteQuestion<'_>, credential: &CredentialFact) -> String {
    match (token_command(credential.kind), credential.kind) {
        (Some(command), _) => command.to_owned(),
        (None, CredentialKind::GranularStage) => "make another on the website, under \"Access Tokens\"".to_owned(),
        (None, _) => format!("`{}`", login_command(question)),
    }
}

/// The command that brings a session for the registry, safe to be pasted into a shell.
fn login_command(question: &RouteQuestion<'_>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":/.-_~%[]@+".contains(c);
    if question.registry.as_str().chars().all(plain) {
        format!("npm login --registry={}", question.registry)
    } else {
        format!("npm login --registry='{}'", question.registry.as_str().replace('\'', "%27"))
    }
}
