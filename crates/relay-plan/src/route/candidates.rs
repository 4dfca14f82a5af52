//! Which routes are possible: for each kind either the credential that it takes, or what is in its way.

use relay_config::{CredentialKind, RegistryRules, RouteKind};

use super::{Regime, RouteQuestion};
use crate::observation::CredentialFact;

/// Why a route can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Nothing can be staged for a name that is new (`npm-registry.md`, 7.2).
    NewName,
    /// The registry is taken to know no staging.
    NoStaging,
    /// This version of relay can't carry it out.
    NotCarriedOut,
    /// The registry gave the job no token for the package.
    NotTrusted,
    /// This is no job that a registry could trust.
    NoJob,
    /// The registry asks for no second factor, so that the route has no meaning there.
    NoSecondFactorAsked,
    /// The registry demands a second factor or a token that bypasses it.
    SecondFactorDemanded,
    /// The package disallows tokens.
    TokensDisallowed,
    /// There is no credential that has not expired.
    NoCredential,
    /// There is no token that bypasses 2FA.
    NoBypassToken,
    /// All tokens may only stage.
    OnlyStageTokens,
    /// All credentials are tokens, and the package disallows these.
    OnlyTokens,
    /// All credentials are tokens that are never challenged, so that nobody could answer.
    NeverChallenged,
}

impl Obstacle {
    /// Says whether another credential would help.
    pub(super) fn is_about_credentials(self) -> bool {
        matches!(
            self,
            Self::NoCredential | Self::NoBypassToken | Self::OnlyStageTokens | Self::OnlyTokens | Self::NeverChallenged
        )
    }
}

/// The credential that a route would use, or what is in its way.
pub(super) fn possibility<'a>(question: &RouteQuestion<'a>, kind: RouteKind) -> Result<&'a CredentialFact, Obstacle> {
    use CredentialKind as K;
    match (kind, question.regime()) {
        (RouteKind::Staged, _) if question.rules == RegistryRules::Plain => Err(Obstacle::NoStaging),
        (RouteKind::Staged, _) if question.package_exists == Some(false) => Err(Obstacle::NewName),
        // Any credential stages (`npm-registry.md`, 4.7): the one that may do least does it.
        (RouteKind::Staged, _) => first_of(question, |kind| kind == K::GranularStage)
            .or_else(|| question.usable().next())
            .ok_or(Obstacle::NoCredential),
        (RouteKind::Trusted | RouteKind::Blocked, _) => Err(Obstacle::NotCarriedOut),
        (RouteKind::Token | RouteKind::Interactive, Regime::AnyCredential) => Err(Obstacle::NoSecondFactorAsked),
        (RouteKind::Plain, Regime::Automation | Regime::Publish) => Err(Obstacle::SecondFactorDemanded),
        (RouteKind::Token, Regime::Publish) => Err(Obstacle::TokensDisallowed),
        (RouteKind::Plain, Regime::AnyCredential) => first_of(question, |kind| {
            // Only npm has tokens that may do nothing but stage.
            question.rules == RegistryRules::Plain || kind != K::GranularStage
        })
        .ok_or_else(|| shortage(question, Obstacle::OnlyStageTokens)),
        (RouteKind::Token, Regime::Automation) => first_of(question, |kind| kind == K::GranularBypass)
            .or_else(|| question.usable().find(|credential| credential.may_be_a_bypass_token()))
            .ok_or_else(|| shortage(question, Obstacle::NoBypassToken)),
        (RouteKind::Interactive, Regime::Automation) => {
            first_of(question, |kind| matches!(kind, K::Session | K::Granular | K::Unknown))
                .ok_or_else(|| shortage(question, Obstacle::NeverChallenged))
        }
        (RouteKind::Interactive, Regime::Publish) => first_of(question, |kind| matches!(kind, K::Session | K::Unknown))
            .ok_or_else(|| shortage(question, Obstacle::OnlyTokens)),
    }
}

fn first_of<'a>(question: &RouteQuestion<'a>, wanted: impl Fn(CredentialKind) -> bool) -> Option<&'a CredentialFact> {
    question.usable().find(|credential| wanted(credential.kind))
}

/// The obstacle where no credential fits: that there is none at all, that all may only stage, or `otherwise`.
fn shortage(question: &RouteQuestion<'_>, otherwise: Obstacle) -> Obstacle {
    let mut kinds = question.usable().map(|credential| credential.kind);
    if kinds.clone().next().is_none() {
        Obstacle::NoCredential
    } else if kinds.all(|kind| kind == CredentialKind::GranularStage) {
        Obstacle::OnlyStageTokens
    } else {
        otherwise
    }
}
