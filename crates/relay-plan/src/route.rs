//! How one package's upload is authorised, and why: a pure function from what is known to one route.
//!
//! Three regimes decide. On a registry without npm's rules, and with the publishing access `none`, any credential
//! publishes. With `automation` a token that bypasses 2FA publishes, and anything else is challenged. With `publish`
//! tokens are refused and a person answers a challenge (`npm-registry.md`, 4.7, 5 and 14).
//!
//! A policy's `routes` are a closed list in order of preference: what is not in it is never taken, and a route that is
//! passed over is named in the reason. Without such a list a package that ever had a staged version is staged again, since less
//! would lock out who installs by evidence (`news-2026.md`, F1).
//!
//! - `candidates`: which routes the regime and the credentials at hand make possible
//! - `sentences`: the words

use jiff::ToSpan;
use jiff::civil::Date;
use relay_config::{AccessSource, CredentialKind, PublishingAccess, RegistryRules, RouteKind};
use relay_values::{CredentialId, RegistryUrl};
use relay_workspace::PackageName;

use crate::observation::{CredentialFact, Lesson, TrustedFact};

mod candidates;
#[cfg(test)]
mod decision_table;
mod sentences;
#[cfg(test)]
mod tests;

use candidates::{Obstacle, possibility};

/// From this many days before a credential expires, the plan warns.
pub const EXPIRY_WARNING_DAYS: i64 = 14;

/// Everything that decides about a route.
#[derive(Debug, Clone, Copy)]
pub struct RouteQuestion<'a> {
    /// Whose rules the registry follows.
    pub rules: RegistryRules,
    /// Who may publish the package.
    pub publishing_access: PublishingAccess,
    /// Where that is known from.
    pub source: AccessSource,
    /// What taught it, where it was learnt and that is remembered.
    pub lesson: Option<&'a Lesson>,
    /// The routes that a policy allows, best first; `None`: any.
    pub allowed: Option<&'a [RouteKind]>,
    /// The credentials that cover the package on its registry, best first.
    pub credentials: &'a [CredentialFact],
    /// What kept credentials from being found, each as half a sentence.
    pub credential_problems: &'a [String],
    /// Whether the registry trusts the job that this is.
    pub trusted: &'a TrustedFact,
    /// A person can answer a challenge at this terminal.
    pub terminal: bool,
    /// A one-time code was given in advance.
    pub otp_given: bool,
    /// Whether the registry knows the package; `None`: nobody asked.
    pub package_exists: Option<bool>,
    /// Whether a version of it was ever staged, as far as its evidence is known.
    pub ever_staged: bool,
    /// The day on which it is asked.
    pub today: Date,
    /// The registry.
    pub registry: &'a RegistryUrl,
    /// The package.
    pub name: &'a PackageName,
}

/// The answer: one route and one sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// How the upload is authorised.
    pub kind: RouteKind,
    /// Why: one sentence without a final period. It names no package, so that packages can share it.
    pub reason: String,
    /// What would change it, where it is blocked, needs a person or rests on a guess.
    pub fix: Option<String>,
    /// By whose right the upload is sent.
    pub authorisation: Authorisation,
    /// What is not in the way today. No text names the package.
    pub warnings: Vec<RouteWarning>,
}

/// By whose right an upload is sent. The credential itself is found when the upload begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorisation {
    /// A credential that is at hand: one of [`RouteQuestion::credentials`].
    Credential(CredentialId),
    /// A token that is minted for the package when its upload begins, as trusted publishing has it (`npm-registry.md`, 6).
    Minted,
    /// Nobody's: the package can't be sent.
    Nobody,
}

impl Authorisation {
    /// The credential that is used, where it is known beforehand.
    pub fn credential(&self) -> Option<&CredentialId> {
        match self {
            Self::Credential(id) => Some(id),
            Self::Minted | Self::Nobody => None,
        }
    }
}

/// Something about a route that will be in the way some day, or may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteWarning {
    /// What it is.
    pub text: String,
    /// What to do about it.
    pub help: String,
}

/// Chooses the route of one package.
pub fn route(question: &RouteQuestion<'_>) -> Route {
    let mut passed_over = Vec::new();
    for kind in preferences(question) {
        if kind == RouteKind::Trusted {
            match question.trusted {
                TrustedFact::Matches => return by_trust(question, &passed_over),
                TrustedFact::Fails { .. } => passed_over.push((kind, Obstacle::NotTrusted)),
                TrustedFact::NotAsked => passed_over.push((kind, Obstacle::NoJob)),
            }
            continue;
        }
        match possibility(question, kind) {
            Ok(credential) => return taken(question, kind, credential, &passed_over),
            Err(obstacle) => passed_over.push((kind, obstacle)),
        }
    }
    Route {
        kind: RouteKind::Blocked,
        reason: sentences::blocked(question, &passed_over),
        fix: Some(sentences::blocked_fix(question, &passed_over)),
        authorisation: Authorisation::Nobody,
        warnings: expiry_warnings(question, None),
    }
}

/// The route of a package that trusts the job that this is. It needs no credential that is at hand, and no person.
fn by_trust(question: &RouteQuestion<'_>, passed_over: &[(RouteKind, Obstacle)]) -> Route {
    Route {
        kind: RouteKind::Trusted,
        reason: sentences::trusted(question, passed_over),
        fix: None,
        authorisation: Authorisation::Minted,
        warnings: expiry_warnings(question, None),
    }
}

/// A route that can be taken, with what there is to say about it.
fn taken(
    question: &RouteQuestion<'_>,
    kind: RouteKind,
    credential: &CredentialFact,
    passed_over: &[(RouteKind, Obstacle)],
) -> Route {
    let mut warnings = expiry_warnings(question, Some(credential));
    if kind == RouteKind::Token && credential.kind == CredentialKind::GranularBypass {
        warnings.push(sentences::end_of_bypass_tokens());
    }
    Route {
        kind,
        reason: sentences::taken(question, kind, credential, passed_over),
        fix: sentences::taken_fix(question, kind, credential),
        authorisation: Authorisation::Credential(credential.id.clone()),
        warnings,
    }
}

/// The routes to try, best first: those of the policy, else the one that the regime and the credentials call for.
fn preferences(question: &RouteQuestion<'_>) -> Vec<RouteKind> {
    if let Some(allowed) = question.allowed {
        let mut distinct = Vec::new();
        for kind in allowed {
            if *kind != RouteKind::Blocked && !distinct.contains(kind) {
                distinct.push(*kind);
            }
        }
        return distinct;
    }
    if question.ever_staged && question.rules == RegistryRules::Npm {
        return vec![RouteKind::Staged];
    }
    // A job that asked for a token says that trusted publishing is wanted: what comes of it goes before all that is weaker.
    let mut order = Vec::new();
    if *question.trusted != TrustedFact::NotAsked {
        order.push(RouteKind::Trusted);
    }
    order.push(match question.regime() {
        Regime::AnyCredential => RouteKind::Plain,
        Regime::Publish => RouteKind::Interactive,
        Regime::Automation => {
            let mut usable = question.usable().map(|credential| credential.kind);
            if usable.clone().any(|kind| kind == CredentialKind::GranularBypass) {
                RouteKind::Token
            } else {
                // A credential of undeclared kind is taken for a session where somebody can answer, for a token where
                // nobody can.
                let challenged = usable.find(|kind| *kind != CredentialKind::GranularStage);
                let undeclared = challenged == Some(CredentialKind::Unknown);
                // One that met a challenge here is not tried so again.
                let untried = question.usable().any(CredentialFact::may_be_a_bypass_token);
                if undeclared && untried && !question.somebody_can_answer() {
                    RouteKind::Token
                } else {
                    RouteKind::Interactive
                }
            }
        }
    });
    order
}

/// Warnings about credentials that have expired, and about the one that is used.
fn expiry_warnings(question: &RouteQuestion<'_>, used: Option<&CredentialFact>) -> Vec<RouteWarning> {
    let mut warnings: Vec<_> = question
        .expired()
        .map(|(credential, expired_on)| sentences::expired(question, credential, expired_on))
        .collect();
    if let Some(credential) = used
        && let Some(expires) = credential.expires
        && question.today.checked_add(EXPIRY_WARNING_DAYS.days()).is_ok_and(|limit| expires <= limit)
    {
        warnings.push(sentences::expires_soon(question, credential, expires));
    }
    warnings
}

/// What a registry demands of whoever publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Regime {
    /// Any valid credential.
    AnyCredential,
    /// A second factor, or a token that bypasses it.
    Automation,
    /// A second factor.
    Publish,
}

impl<'a> RouteQuestion<'a> {
    fn regime(&self) -> Regime {
        match (self.rules, self.publishing_access) {
            (RegistryRules::Plain, _) | (RegistryRules::Npm, PublishingAccess::None) => Regime::AnyCredential,
            (RegistryRules::Npm, PublishingAccess::Automation) => Regime::Automation,
            (RegistryRules::Npm, PublishingAccess::Publish) => Regime::Publish,
        }
    }

    /// Says whether the policy lets a route be taken.
    fn allows(&self, kind: RouteKind) -> bool {
        self.allowed.is_none_or(|allowed| allowed.contains(&kind))
    }

    fn somebody_can_answer(&self) -> bool {
        self.terminal || self.otp_given
    }

    /// The credentials that have not expired.
    fn usable(&self) -> impl Iterator<Item = &'a CredentialFact> + Clone {
        let today = self.today;
        self.credentials.iter().filter(move |credential| credential.expires.is_none_or(|last_day| last_day >= today))
    }

    /// The credentials that have expired, with their last day.
    fn expired(&self) -> impl Iterator<Item = (&'a CredentialFact, Date)> + Clone {
        let today = self.today;
        self.credentials
            .iter()
            .filter_map(|credential| Some((credential, credential.expires?)))
            .filter(move |(_, last_day)| *last_day < today)
    }
}
