//! What a person does in a browser: answers a challenge, chooses an account to log in with.

use url::form_urlencoded;

use crate::accounts::{Account, CodeState, SecondFactor};
use crate::answer::Answer;
use crate::challenges::Outcome;
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::options::SKIP_WINDOW;
use crate::pages::{self, Proof};
use crate::state::State;
use crate::tokens::TokenKind;

/// Digits of a one-time password from the page.
const WEB_CODE_DIGITS: usize = 16;

pub(super) fn home(state: &State, request: &Incoming) -> Answer {
    let now = state.clock.now();
    let packages: Vec<(&str, usize)> = state
        .packages
        .values()
        .filter(|package| !package.versions.is_empty())
        .map(|package| (package.name.as_str(), package.versions.len()))
        .collect();
    let (challenges, logins) = (state.waiting.pending(now), state.waiting.pending_logins(now));
    Answer::page(200, pages::home(&request.base, &challenges, &logins, &packages))
}

pub(super) fn challenge_page(state: &mut State, id: &str) -> Answer {
    let now = state.clock.now();
    let offer_window = state.options.offer_skip_window;
    let proof = if asks_for_code(state, id) { Proof::Code } else { Proof::Key };
    match state.waiting.challenge(id, now) {
        Some(challenge) if challenge.outcome == Outcome::Pending => {
            Answer::page(200, pages::challenge(&challenge.shown, offer_window, proof))
        }
        Some(challenge) => Answer::page(200, pages::challenge_answered(challenge, false)),
        None => Answer::page(404, pages::gone()),
    }
}

pub(super) fn answer_challenge(state: &mut State, request: &Incoming, id: &str) -> Answer {
    if let Some(answer) = refuse_foreign_form(request) {
        return answer;
    }
    let skip = form_value(request, "skip").is_some();
    match form_value(request, "decision").as_deref() {
        Some("approve") => match refuse_code(state, id, form_value(request, "otp").as_deref()) {
            Some(again) => return again,
            None => approve_challenge(state, id, skip),
        },
        Some("deny") => deny_challenge(state, id),
        _ => return Answer::page(400, pages::message("That was no answer", "The form came without a decision.")),
    };
    let now = state.clock.now();
    match state.waiting.challenge(id, now) {
        Some(challenge) => Answer::page(200, pages::challenge_answered(challenge, skip)),
        None => Answer::page(404, pages::gone()),
    }
}

/// The account of a challenge that waits.
fn asked_account<'a>(state: &'a mut State, id: &str) -> Option<&'a mut Account> {
    let now = state.clock.now();
    let waiting = state.waiting.challenge(id, now).filter(|challenge| challenge.outcome == Outcome::Pending);
    let name = waiting.map(|challenge| challenge.shown.account.clone())?;
    state.accounts.get_mut(&name)
}

fn asks_for_code(state: &mut State, id: &str) -> bool {
    asked_account(state, id).is_some_and(|account| matches!(account.second_factor, SecondFactor::Totp { .. }))
}

/// The page once more, where the account has an authenticator app and this is not its code. Wrong ones are counted as those
/// that come with a request are.
fn refuse_code(state: &mut State, id: &str, typed: Option<&str>) -> Option<Answer> {
    if !asks_for_code(state, id) {
        return None;
    }
    let (now, limit, offer_window) =
        (state.clock.now(), state.options.wrong_otp_limit, state.options.offer_skip_window);
    let code: String = typed.unwrap_or_default().split_whitespace().collect();
    let account = asked_account(state, id)?;
    let (status, proof) = match account.judge_code(Some(&code), now, limit) {
        CodeState::Valid => return None,
        CodeState::Locked => (429, Proof::Locked),
        CodeState::Invalid | CodeState::Absent => {
            account.count_wrong_code(now);
            (401, Proof::WrongCode)
        }
    };
    let challenge = state.waiting.challenge(id, now)?;
    Some(Answer::page(status, pages::challenge(&challenge.shown, offer_window, proof)))
}

pub(super) fn login_page(state: &mut State, id: &str) -> Answer {
    let now = state.clock.now();
    let accounts: Vec<String> = state.accounts.keys().cloned().collect();
    match state.waiting.login(id, now) {
        Some(login) if login.outcome == Outcome::Pending => Answer::page(200, pages::login(login, &accounts)),
        Some(login) => Answer::page(200, pages::login_answered(login)),
        None => Answer::page(404, pages::gone()),
    }
}

pub(super) fn answer_login(state: &mut State, request: &Incoming, id: &str) -> Answer {
    if let Some(answer) = refuse_foreign_form(request) {
        return answer;
    }
    if form_value(request, "decision").as_deref() == Some("deny") {
        deny_login(state, id);
    } else {
        let account = form_value(request, "account").unwrap_or_default();
        if !state.accounts.contains_key(&account) {
            return Answer::page(400, pages::message("No such account", "Go back and choose one of the list."));
        }
        approve_login(state, id, &account);
    }
    let now = state.clock.now();
    match state.waiting.login(id, now) {
        Some(login) => Answer::page(200, pages::login_answered(login)),
        None => Answer::page(404, pages::gone()),
    }
}

/// What the page's "Approve" does. `false` when there is no such challenge that still waits.
pub(crate) fn approve_challenge(state: &mut State, id: &str, skip: bool) -> bool {
    let now = state.clock.now();
    let code = state.ids.digits(WEB_CODE_DIGITS);
    let skip = skip && state.options.offer_skip_window;
    let waiting = state.waiting.challenge(id, now).filter(|challenge| challenge.outcome == Outcome::Pending);
    let Some(challenge) = waiting else { return false };
    challenge.outcome = Outcome::Approved(code.clone());
    let account = challenge.shown.account.clone();
    if let Some(account) = state.accounts.get_mut(&account) {
        account.grant_code(code, now);
        if skip {
            account.open_window(now, SKIP_WINDOW);
        }
    }
    state.tell(SandboxEvent::ChallengeApproved { id: id.to_owned(), account, skip_window: skip });
    true
}

/// What the login page's button does. `false` when there is no such login that still waits, or no such account.
pub(crate) fn approve_login(state: &mut State, id: &str, account: &str) -> bool {
    let now = state.clock.now();
    let waits = state.waiting.login(id, now).is_some_and(|login| login.outcome == Outcome::Pending);
    if !waits || !state.accounts.contains_key(account) {
        return false;
    }
    let token = state.create_token(account, TokenKind::Session);
    if let Some(login) = state.waiting.login(id, now) {
        login.outcome = Outcome::Approved(token);
    }
    state.tell(SandboxEvent::LoggedIn { account: account.to_owned() });
    true
}

/// What the login page's "Cancel" does. `false` when there is no such login that still waits.
pub(crate) fn deny_login(state: &mut State, id: &str) -> bool {
    let now = state.clock.now();
    let waiting = state.waiting.login(id, now).filter(|login| login.outcome == Outcome::Pending);
    let Some(login) = waiting else { return false };
    login.outcome = Outcome::Denied;
    true
}

/// What the page's "Deny" does. `false` when there is no such challenge that still waits.
pub(crate) fn deny_challenge(state: &mut State, id: &str) -> bool {
    let now = state.clock.now();
    let waiting = state.waiting.challenge(id, now).filter(|challenge| challenge.outcome == Outcome::Pending);
    let Some(challenge) = waiting else { return false };
    challenge.outcome = Outcome::Denied;
    let account = challenge.shown.account.clone();
    state.tell(SandboxEvent::ChallengeDenied { id: id.to_owned(), account });
    true
}

/// A form that another site made the browser send. What carries neither header is no browser.
pub(super) fn refuse_foreign_form(request: &Incoming) -> Option<Answer> {
    let foreign = match (request.header("origin"), request.header("sec-fetch-site")) {
        (Some(origin), _) => origin != request.origin,
        (None, Some(site)) => site != "same-origin",
        (None, None) => false,
    };
    foreign.then(|| Answer::page(403, pages::message("Refused", "This answer came from another site.")))
}

pub(super) fn form_value(request: &Incoming, name: &str) -> Option<String> {
    form_urlencoded::parse(&request.body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
