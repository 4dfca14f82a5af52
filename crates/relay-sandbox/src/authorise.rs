//! Carries the decision of [`crate::access`] out: gathers its facts, spends one-time passwords, opens challenges.

use serde_json::json;

use crate::access::{Action, Decision, Holder, PackageFacts, Proof, Question, decide};
use crate::accounts::{CodeState, SecondFactor};
use crate::answer::Answer;
use crate::challenges::{Challenge, Outcome};
use crate::credentials::{Identity, Presented, present};
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::options::InvalidOtpAnswer;
use crate::records::PendingChallenge;
use crate::refusals::{LEGACY_CHALLENGE, Refusal};
use crate::state::State;

/// What a request is about to do, as the challenge's page tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intent<'a> {
    pub(crate) action: Action,
    /// In words, such as `publish`.
    pub(crate) words: &'a str,
    pub(crate) package: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
}

/// Permission to go ahead.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) identity: Identity,
    pub(crate) proof: Proof,
}

/// Lets a request go ahead, or answers why not.
pub(crate) fn authorise(state: &mut State, request: &Incoming, intent: Intent<'_>) -> Result<Granted, Answer> {
    let now = state.clock.now();
    let presented = present(state, request.authorization());
    let account = presented.identity().and_then(|identity| state.accounts.get(&identity.account));
    let name = account.map(|account| account.name.as_str()).unwrap_or_default();
    let limit = state.options.wrong_otp_limit;
    let package = intent.package.map(|package| PackageFacts {
        name: package,
        exists: state.live_package(package).is_some(),
        access: state.access_of(package),
        writable: state.writable_by(package, name),
    });
    let question = Question {
        rules: state.options.rules,
        strict_disallow_tokens: state.options.strict_disallow_tokens,
        trusted_may_tag: state.options.trusted_may_tag,
        action: intent.action,
        holder: holder(&presented),
        package,
        second_factor: account.is_some_and(crate::accounts::Account::has_second_factor),
        code: account.map_or(CodeState::Absent, |account| account.judge_code(request.otp(), now, limit)),
        window: account.is_some_and(|account| account.window_open(now)),
    };
    let decision = decide(&question);
    match (decision, presented) {
        (Decision::Allow(proof), Presented::Known(identity)) => {
            if proof == Proof::Code {
                let policy = state.options.web_otp;
                if let (Some(account), Some(otp)) = (state.accounts.get_mut(&identity.account), request.otp()) {
                    account.spend_code(otp, policy);
                }
            }
            Ok(Granted { identity, proof })
        }
        (Decision::Challenge, Presented::Known(identity)) => Err(challenge(state, request, &identity.account, intent)),
        (Decision::Refuse(Refusal::InvalidOtp), Presented::Known(identity)) => {
            Err(wrong_code(state, request, &identity.account, intent))
        }
        (Decision::Refuse(refusal), _) => Err(refusal.into()),
        // Only a known holder is ever allowed or challenged.
        (_, _) => Err(Refusal::Unauthorized.into()),
    }
}

/// Counts a wrong one-time password and answers it.
pub(crate) fn wrong_code(state: &mut State, request: &Incoming, account: &str, intent: Intent<'_>) -> Answer {
    let now = state.clock.now();
    if let Some(account) = state.accounts.get_mut(account) {
        account.count_wrong_code(now);
    }
    if state.options.invalid_otp == InvalidOtpAnswer::NewChallenge && request.can_do_web_challenges() {
        return challenge(state, request, account, intent);
    }
    Refusal::InvalidOtp.into()
}

/// Opens a challenge and answers with it: the web form when the client says it can, else the typed one.
pub(crate) fn challenge(state: &mut State, request: &Incoming, account: &str, intent: Intent<'_>) -> Answer {
    let web = request.can_do_web_challenges();
    let opened = state.clock.now();
    let id = state.ids.uuid();
    let packages = intent.package.map(|package| match intent.version {
        Some(version) => format!("{package}@{version}"),
        None => package.to_owned(),
    });
    let shown = PendingChallenge {
        auth_url: format!("{}auth/cli/{id}", request.base),
        id: id.clone(),
        account: account.to_owned(),
        action: intent.words.to_owned(),
        packages: packages.into_iter().collect(),
        client: request.client(),
        opened,
        expires: opened.plus(state.options.challenge_lifetime),
    };
    // Someone with an authenticator app reads the code from it; only a security key needs the page.
    let keyed = state.accounts.get(account).is_some_and(|account| account.second_factor == SecondFactor::Web);
    if web || keyed {
        state.waiting.open(Challenge { shown: shown.clone(), typed: !web, outcome: Outcome::Pending });
        state.tell(SandboxEvent::ChallengeOpened(shown.clone()));
    }
    let answer = if web {
        let done = format!("{}-/v1/done?authId={id}", request.base);
        Answer::json(401, &json!({ "authUrl": shown.auth_url, "doneUrl": done }))
    } else {
        Answer::json(401, &json!({ "error": LEGACY_CHALLENGE }))
    };
    let answer = answer.with("www-authenticate", "OTP");
    if !web && keyed {
        let notice = format!("Open {} to use your security key for authentication", shown.auth_url);
        return answer.with("npm-notice", &notice);
    }
    answer
}

fn holder(presented: &Presented) -> Holder<'_> {
    match presented {
        Presented::Nothing => Holder::Nothing,
        Presented::Dead => Holder::Dead,
        Presented::WrongNetwork => Holder::WrongNetwork,
        Presented::Known(Identity { grant: Some(grant), .. }) => Holder::Token(grant),
        Presented::Known(_) => Holder::Person,
    }
}
