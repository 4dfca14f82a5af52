//! How one package's upload is authorised: a pure function of rules, publishing access, credentials and presence.
//!
//! relay never falls from a stronger route to a weaker one: what a policy's closed list or the publishing access excludes is
//! blocked, with the reason and the fix, not replaced. Which credential may do what: `npm-registry.md`, 4.7.

use jiff::civil::Date;
use relay_config::{AccessSource, CredentialKind, PublishingAccess, RegistryRules, RouteKind};
use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

use crate::observation::CredentialFact;

/// What decides a route.
#[derive(Debug, Clone, Copy)]
pub struct RouteQuestion<'a> {
    /// The package.
    pub name: &'a PackageName,
    /// Its registry, for messages.
    pub registry: &'a str,
    /// Whose rules the registry follows.
    pub rules: RegistryRules,
    /// The package's publishing access.
    pub publishing_access: PublishingAccess,
    /// Where that is known from.
    pub source: AccessSource,
    /// The closed list of routes, best first; `None`: any.
    pub allowed: Option<&'a [RouteKind]>,
    /// The credentials that cover the package, best first.
    pub credentials: &'a [CredentialFact],
    /// What stands in the way of further credentials.
    pub credential_problems: &'a [String],
    /// Whether a person can answer challenges now.
    pub terminal: bool,
    /// Whether a one-time password was given.
    pub otp_given: bool,
    /// Today; credentials that ended before don't count.
    pub today: Date,
}

/// The way that one package takes, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Which way.
    pub kind: RouteKind,
    /// Why, in one sentence.
    pub reason: String,
    /// What would change it, where it is blocked or needs a person.
    pub fix: Option<String>,
    /// Where the credential comes from.
    #[serde(default)]
    pub credential: Option<String>,
}

/// Decides the route.
pub fn route(question: &RouteQuestion<'_>) -> Route {
    let alive: Vec<&CredentialFact> = question
        .credentials
        .iter()
        .filter(|credential| credential.expires.is_none_or(|last| last >= question.today))
        .collect();
    if alive.is_empty() {
        return without_credential(question);
    }
    let possible = possible_routes(question, &alive);
    let Some(allowed) = question.allowed else {
        return possible.into_iter().next().unwrap_or_else(|| no_route(question, &alive));
    };
    match allowed.iter().find_map(|kind| possible.iter().find(|route| route.kind == *kind)) {
        Some(route) => route.clone(),
        None => outside_the_list(question, allowed, possible.first()),
    }
}

/// All ways that access and credentials leave open, best first.
fn possible_routes(question: &RouteQuestion<'_>, alive: &[&CredentialFact]) -> Vec<Route> {
    let of = |kinds: &[CredentialKind]| alive.iter().find(|credential| kinds.contains(&credential.kind)).copied();
    if question.publishing_access == PublishingAccess::None {
        let usable = alive.iter().find(|credential| credential.kind != CredentialKind::GranularStage);
        return usable.map(|credential| plain(question, credential)).into_iter().collect();
    }
    let mut routes = Vec::new();
    if question.publishing_access == PublishingAccess::Automation {
        if let Some(credential) = of(&[CredentialKind::GranularBypass]) {
            routes.push(token(question, credential));
        }
        let answering = of(&[CredentialKind::Session, CredentialKind::Granular]);
        match (answering, of(&[CredentialKind::Unknown])) {
            (Some(credential), _) => routes.push(interactive(question, credential)),
            (None, Some(credential)) if question.terminal || question.otp_given => {
                routes.push(interactive(question, credential));
                routes.push(token_of_unknown_kind(question, credential));
            }
            (None, Some(credential)) => {
                routes.push(token_of_unknown_kind(question, credential));
                routes.push(interactive(question, credential));
            }
            (None, None) => {}
        }
    } else if let Some(credential) = of(&[CredentialKind::Session]).or_else(|| of(&[CredentialKind::Unknown])) {
        routes.push(interactive(question, credential));
    }
    routes
}

fn plain(question: &RouteQuestion<'_>, credential: &CredentialFact) -> Route {
    let reason = match question.rules {
        RegistryRules::Plain => {
            format!("{} asks for no second factor, so {} suffices", question.registry, credential.source)
        }
        RegistryRules::Npm => {
            format!("its publishing access asks for no second factor, so {} suffices", credential.source)
        }
    };
    Route { kind: RouteKind::Plain, reason, fix: None, credential: Some(credential.source.clone()) }
}

fn token(question: &RouteQuestion<'_>, credential: &CredentialFact) -> Route {
    Route {
        kind: RouteKind::Token,
        reason: format!("{}, and {} bypasses 2FA", access_in_words(question), credential.source),
        fix: None,
        credential: Some(credential.source.clone()),
    }
}

fn token_of_unknown_kind(question: &RouteQuestion<'_>, credential: &CredentialFact) -> Route {
    Route {
        kind: RouteKind::Token,
        reason: format!(
            "{}, nobody is here to answer a challenge, and {} is of undeclared kind, so it is tried as one that bypasses 2FA",
            access_in_words(question),
            credential.source
        ),
        fix: Some("declare its kind in relay.toml: `[[credential]]` with `kind = \"granular-bypass\"`".to_owned()),
        credential: Some(credential.source.clone()),
    }
}

fn interactive(question: &RouteQuestion<'_>, credential: &CredentialFact) -> Route {
    let access = access_in_words(question);
    let (reason, fix) = if question.otp_given {
        (format!("{access}, and the one-time password that was given answers it ({})", credential.source), None)
    } else if question.terminal {
        (format!("{access}, so a person answers a second factor ({})", credential.source), None)
    } else {
        (
            format!("{access}, so a person must answer a second factor, and nobody is here to do so"),
            Some("run relay in a terminal, or give a code with `--otp`".to_owned()),
        )
    };
    Route { kind: RouteKind::Interactive, reason, fix, credential: Some(credential.source.clone()) }
}

fn without_credential(question: &RouteQuestion<'_>) -> Route {
    let problem = question.credential_problems.first();
    let (reason, fix) = match (question.credentials.first(), problem) {
        (Some(dead), _) => (
            format!("{} has expired", dead.source),
            "make a new token and put the new day into `expires` of its `[[credential]]`".to_owned(),
        ),
        (None, Some(problem)) => (
            format!("there is no credential for {}: {problem}", question.registry),
            "set it, or log in with `npm login`".to_owned(),
        ),
        (None, None) => (
            format!("there is no credential for {}", question.registry),
            "log in with `npm login`, or put a token into `.npmrc` or an environment variable that `[[credential]]` names"
                .to_owned(),
        ),
    };
    blocked(reason, fix)
}

/// There are credentials, and none of them can publish the package.
fn no_route(question: &RouteQuestion<'_>, alive: &[&CredentialFact]) -> Route {
    let sources: Vec<&str> = alive.iter().map(|credential| credential.source.as_str()).collect();
    let sources = sources.join(" and ");
    if alive.iter().all(|credential| credential.kind == CredentialKind::GranularStage) {
        return blocked(
            format!("{sources} may only stage versions, and this relay can't stage yet"),
            "use a token that may publish, or log in with `npm login`".to_owned(),
        );
    }
    blocked(
        format!("{}, and the only credential is a token ({sources})", access_in_words(question)),
        "log in as a person with `npm login`: a session can answer the second factor".to_owned(),
    )
}

fn outside_the_list(question: &RouteQuestion<'_>, allowed: &[RouteKind], best: Option<&Route>) -> Route {
    let list: Vec<&str> = allowed.iter().map(|kind| kind.as_str()).collect();
    let list = list.join(", ");
    let later = allowed.iter().any(|kind| matches!(kind, RouteKind::Trusted | RouteKind::Staged));
    let note = if later { " (trusted and staged publishing can't be carried out by this relay yet)" } else { "" };
    let reason = match best {
        Some(route) => {
            format!("relay.toml allows only the routes {list} for it, and the one that is open is {}{note}", route.kind)
        }
        None => format!(
            "relay.toml allows only the routes {list} for it, and {}{note}",
            match question.credentials.first() {
                Some(credential) => format!("{} opens none", credential.source),
                None => "no credential opens one".to_owned(),
            }
        ),
    };
    blocked(reason, "bring a credential for one of these routes, or change `routes` of its `[[policy]]`".to_owned())
}

fn blocked(reason: String, fix: String) -> Route {
    Route { kind: RouteKind::Blocked, reason, fix: Some(fix), credential: None }
}

/// The publishing access by npm's own words, and where it is known from.
fn access_in_words(question: &RouteQuestion<'_>) -> String {
    let words = match question.publishing_access {
        PublishingAccess::None => "it requires no second factor",
        PublishingAccess::Automation => "it takes 2FA or a token that bypasses it",
        PublishingAccess::Publish => "it requires 2FA and disallows tokens",
    };
    let source = match question.source {
        AccessSource::Declared => "declared in relay.toml",
        AccessSource::Learnt => "learnt from a refusal",
        AccessSource::Default => "npm's default",
    };
    format!("{words} ({source})")
}

#[cfg(test)]
mod tests;
