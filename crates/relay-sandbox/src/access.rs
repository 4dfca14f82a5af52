//! The decision: may this credential do this to that package, and is a second factor due?
//!
//! A pure function of facts, tested by a table. Sources: `npm-registry.md`, sections 3, 4.7, 5 and table 10.3.

use crate::accounts::CodeState;
use crate::options::SandboxRules;
use crate::refusals::Refusal;
use crate::tokens::Grant;
use crate::trusted::TrustedGrant;

/// Who may publish a package: npm's "publishing access".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SandboxAccess {
    /// No longer offered by npm, which demands a second factor or a bypass token anyway; so it is like `Automation`.
    None,
    /// A second factor, or a granular token that bypasses it. npm's default.
    #[default]
    Automation,
    /// A second factor, always: no token takes its place.
    Publish,
}

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Publish,
    /// Uploads a version that a person approves later.
    Stage,
    /// Approves or rejects a staged version.
    Review,
    /// Moves or removes a dist-tag.
    Tag,
    /// Deprecates, unpublishes, or changes owners.
    Revise,
    /// Changes publishing access or who may read.
    SetAccess,
    /// Adds or removes trusted publishers of a package, or lists them.
    Trust,
    /// Lists them, where that takes no second factor.
    ReadTrust,
    /// Creates or revokes tokens, or changes the profile.
    Administer,
    /// Reads what belongs to the account: its tokens, its profile.
    ReadOwn,
}

/// What a request shows, as far as the decision goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder<'a> {
    Nothing,
    Dead,
    WrongNetwork,
    /// A session token, or user name and password.
    Person,
    Token(&'a Grant),
}

/// The facts of the package a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackageFacts<'a> {
    pub(crate) name: &'a str,
    pub(crate) exists: bool,
    pub(crate) access: SandboxAccess,
    /// Whether the account is a maintainer, or may create packages of this scope.
    pub(crate) writable: bool,
}

/// All the facts the decision is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) rules: SandboxRules,
    pub(crate) strict_disallow_tokens: bool,
    /// Whether a trusted publisher may move dist-tags.
    pub(crate) trusted_may_tag: bool,
    pub(crate) action: Action,
    pub(crate) holder: Holder<'a>,
    /// `None` for what is about the account itself.
    pub(crate) package: Option<PackageFacts<'a>>,
    pub(crate) second_factor: bool,
    pub(crate) code: CodeState,
    /// Whether the account's "skip for five minutes" window is open.
    pub(crate) window: bool,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Go ahead.
    Allow(Proof),
    /// A second factor is due.
    Challenge,
    Refuse(Refusal),
}

/// What the permission rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The credential alone.
    Credential,
    /// A one-time password, which is spent by this.
    Code,
    /// The open window.
    Window,
}

/// Decides.
pub(crate) fn decide(question: &Question<'_>) -> Decision {
    match check_credential(question) {
        Err(refusal) => Decision::Refuse(refusal),
        Ok(())
            if question.rules == SandboxRules::Plain
                || matches!(question.action, Action::ReadOwn | Action::ReadTrust | Action::Stage)
                || question.is_trusted() =>
        {
            Decision::Allow(Proof::Credential)
        }
        Ok(()) => check_second_factor(question),
    }
}

/// Whether the credential reaches at all, before any second factor.
fn check_credential(question: &Question<'_>) -> Result<(), Refusal> {
    let own = matches!(question.action, Action::Administer | Action::ReadOwn);
    let grant = match question.holder {
        Holder::Nothing => return Err(no_credential(question)),
        Holder::Dead if own || question.rules == SandboxRules::Plain => return Err(Refusal::DeadCredential),
        Holder::Dead => return Err(Refusal::DeadCredentialMasked),
        Holder::WrongNetwork => return Err(Refusal::WrongNetwork),
        Holder::Person => None,
        Holder::Token(grant) => Some(grant),
    };
    let trust = matches!(question.action, Action::Trust | Action::ReadTrust);
    if let Some(grant) = grant {
        if let Some(trusted) = &grant.trusted {
            return check_trusted(question, grant, trusted);
        }
        if trust && !grant.bypass {
            return Err(Refusal::CredentialNotEnough);
        }
        if question.rules == SandboxRules::Npm && (own || trust || question.action == Action::SetAccess) {
            return Err(Refusal::TokensCannotAdminister);
        }
        if grant.stage_only && question.action == Action::Publish {
            return Err(Refusal::StageRequired);
        }
        if question.action == Action::Review {
            // Only a person's own login will do, whatever the token may otherwise (npm-registry.md, 7.2).
            return Err(Refusal::CredentialNotEnough);
        }
        let covered = question.package.is_none_or(|package| grant.covers(package.name));
        if grant.read_only || (grant.stage_only && question.action != Action::Stage) || !covered {
            return Err(Refusal::CredentialNotEnough);
        }
    }
    match question.package {
        Some(package) if trust && !package.exists => Err(Refusal::TrustPackageNotFound),
        Some(package) if trust && !package.writable => Err(Refusal::TrustForbidden),
        Some(package) if !package.exists && question.action == Action::Stage => Err(Refusal::NothingToStageFor),
        Some(package) if !package.writable && package.exists => Err(Refusal::Masked),
        Some(package) if !package.writable => Err(Refusal::ScopeNotFound),
        _ => Ok(()),
    }
}

/// What the token of a trusted publisher may do with its one package (`npm-registry.md`, 6.6).
fn check_trusted(question: &Question<'_>, grant: &Grant, trusted: &TrustedGrant) -> Result<(), Refusal> {
    let existing = question.package.is_some_and(|package| package.exists && grant.covers(package.name));
    match question.action {
        _ if !existing => Err(Refusal::CredentialNotEnough),
        Action::Publish if trusted.direct => Ok(()),
        Action::Publish => Err(Refusal::OidcDenied),
        // Always since September 2026, whatever the connection allows beside.
        Action::Stage => Ok(()),
        Action::Tag if question.trusted_may_tag => Ok(()),
        _ => Err(Refusal::CredentialNotEnough),
    }
}

impl Question<'_> {
    fn is_trusted(&self) -> bool {
        matches!(self.holder, Holder::Token(Grant { trusted: Some(_), .. }))
    }
}

fn no_credential(question: &Question<'_>) -> Refusal {
    match (question.rules, question.package) {
        (SandboxRules::Plain, Some(package)) => {
            Refusal::PlainUnauthorized(format!("authorization required to publish package {}", package.name))
        }
        _ => Refusal::Unauthorized,
    }
}

/// Whether the second factor is there, or something stands in for it.
fn check_second_factor(question: &Question<'_>) -> Decision {
    let access = question.package.map_or(SandboxAccess::Automation, |package| package.access);
    if let Holder::Token(grant) = question.holder {
        if access == SandboxAccess::Publish && question.strict_disallow_tokens && question.code == CodeState::Valid {
            return Decision::Refuse(Refusal::CredentialNotEnough);
        }
        if grant.bypass && access != SandboxAccess::Publish {
            return Decision::Allow(Proof::Credential);
        }
    }
    match question.code {
        CodeState::Locked => return Decision::Refuse(Refusal::TooManyWrongCodes),
        CodeState::Invalid if question.second_factor => return Decision::Refuse(Refusal::InvalidOtp),
        CodeState::Valid => return Decision::Allow(Proof::Code),
        CodeState::Absent | CodeState::Invalid => {}
    }
    if !question.second_factor {
        return match question.action {
            Action::Publish | Action::Tag | Action::Revise => Decision::Refuse(Refusal::SecondFactorOrBypassRequired),
            Action::SetAccess | Action::Trust | Action::Review => Decision::Refuse(Refusal::EnableSecondFactor),
            // npm mails a code to such an account; the sandbox has no mail and lets it administer itself.
            Action::Administer | Action::ReadOwn | Action::ReadTrust | Action::Stage => {
                Decision::Allow(Proof::Credential)
            }
        };
    }
    // The window is documented for bulk work on packages and their trusted publishers; changing publishing access and tokens is challenged each time
    // (npm-registry.md, 3.4).
    if question.window && matches!(question.action, Action::Publish | Action::Tag | Action::Revise | Action::Trust) {
        return Decision::Allow(Proof::Window);
    }
    Decision::Challenge
}

#[cfg(test)]
mod tests;
