//! An account's own settings in the browser: its second factor. Whoever opens the page is taken for the account's owner.

use super::browser::{form_value, refuse_foreign_form};
use crate::accounts::SecondFactor;
use crate::answer::Answer;
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::pages;
use crate::state::State;

/// `GET /settings/NAME/tfa`.
pub(super) fn page(state: &State, account: &str) -> Answer {
    let Some(known) = state.accounts.get(account) else { return Answer::page(404, pages::gone()) };
    let words = match known.second_factor {
        SecondFactor::None => "off: nothing can be published so",
        SecondFactor::Totp { .. } => "on, by the codes of an authenticator app",
        SecondFactor::Web => "on, by a security key",
    };
    Answer::page(200, pages::second_factor(account, words, known.has_second_factor()))
}

/// `POST /settings/NAME/tfa`: the page's button. A new security key is one press of it.
pub(super) fn change(state: &mut State, request: &Incoming, account: &str) -> Answer {
    if let Some(answer) = refuse_foreign_form(request) {
        return answer;
    }
    let second_factor = match form_value(request, "set").as_deref() {
        Some("key") => SecondFactor::Web,
        Some("off") => SecondFactor::None,
        _ => return Answer::page(400, pages::message("That was no answer", "The form came without a choice.")),
    };
    if !set_second_factor(state, account, second_factor) {
        return Answer::page(404, pages::gone());
    }
    page(state, account)
}

/// Changes an account's second factor. `false`: there is no such account.
pub(crate) fn set_second_factor(state: &mut State, account: &str, second_factor: SecondFactor) -> bool {
    let Some(known) = state.accounts.get_mut(account) else { return false };
    known.second_factor = second_factor;
    let on = known.has_second_factor();
    state.tell(SandboxEvent::SecondFactorChanged { account: account.to_owned(), on });
    true
}
