//! Logging in and out: the web login with its polling, and the older one by name and password. `npm-registry.md`, 3.5, 3.6.

use serde::Deserialize;
use serde_json::json;

use crate::access::Action;
use crate::accounts::{CodeState, NewAccount, SecondFactor};
use crate::answer::Answer;
use crate::authorise::{Intent, challenge, wrong_code};
use crate::challenges::{Login, Outcome};
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::options::SandboxRules;
use crate::refusals::Refusal;
use crate::state::State;
use crate::tokens::TokenKind;

/// `POST /-/v1/login`.
pub(super) fn open(state: &mut State, request: &Incoming) -> Answer {
    if state.options.rules == SandboxRules::Plain {
        return Refusal::NotFound.into();
    }
    let now = state.clock.now();
    let id = state.ids.uuid();
    let expires = now.plus(state.options.challenge_lifetime);
    let login = Login { id: id.clone(), client: request.client(), expires, outcome: Outcome::Pending };
    state.waiting.open_login(login, now);
    let login_url = format!("{}login/cli/{id}", request.base);
    let answer = json!({ "loginUrl": login_url, "doneUrl": format!("{}-/v1/done?sessionId={id}", request.base) });
    state.tell(SandboxEvent::LoginOpened { id, login_url });
    Answer::json(200, &answer)
}

/// `GET /-/v1/done`: polled until the page was answered.
pub(super) fn done(state: &mut State, request: &Incoming) -> Answer {
    let now = state.clock.now();
    let outcome = if let Some(id) = request.parameter("authId") {
        state.waiting.challenge(&id, now).map(|challenge| challenge.outcome.clone())
    } else {
        let id = request.parameter("sessionId").unwrap_or_default();
        state.waiting.login(&id, now).map(|login| login.outcome.clone())
    };
    match outcome {
        Some(Outcome::Approved(token)) => Answer::json(200, &json!({ "token": token })),
        Some(Outcome::Denied) => Answer::json(410, &json!({ "error": "The request was denied" })),
        Some(Outcome::Pending) => {
            let answer = Answer::json(202, &json!({}));
            let seconds = state.options.poll_retry_after;
            seconds.map_or_else(|| answer.clone(), |seconds| answer.clone().with("retry-after", &seconds.to_string()))
        }
        None => Refusal::NotFound.into(),
    }
}

#[derive(Deserialize)]
struct CouchUser {
    name: String,
    password: String,
    #[serde(default)]
    email: Option<String>,
}

/// `PUT /-/user/org.couchdb.user:NAME`: a login, or a new account.
pub(super) fn couch(state: &mut State, request: &Incoming, name: &str) -> Answer {
    let user: CouchUser = match request.json() {
        Ok(user) => user,
        Err(answer) => return answer,
    };
    if user.name != name {
        return Refusal::Malformed("the body is about another user".into()).into();
    }
    let now = state.clock.now();
    let limit = state.options.wrong_otp_limit;
    let plain = state.options.rules == SandboxRules::Plain;
    match state.accounts.get(name) {
        Some(account) if account.password != user.password => return Refusal::Unauthorized.into(),
        Some(account) if account.has_second_factor() && !plain => {
            let intent = Intent { action: Action::Administer, words: "log in", package: None, version: None };
            match account.judge_code(request.otp(), now, limit) {
                CodeState::Valid => {}
                CodeState::Locked => return Refusal::TooManyWrongCodes.into(),
                CodeState::Invalid => return wrong_code(state, request, name, intent),
                CodeState::Absent => return challenge(state, request, name, intent),
            }
        }
        Some(_) => {}
        // `npm login` sends no address, `npm adduser` does; other registries add whoever logs in first.
        None if user.email.is_none() && !plain => {
            return Refusal::Malformed(format!("There is no user with the username \"{name}\".")).into();
        }
        None => {
            let (name, password) = (name.to_owned(), user.password.clone());
            state.add_account(NewAccount { name, password, second_factor: SecondFactor::None });
        }
    }
    let policy = state.options.web_otp;
    if let (Some(account), Some(otp)) = (state.accounts.get_mut(name), request.otp()) {
        account.spend_code(otp, policy);
    }
    let token = state.create_token(name, TokenKind::Session);
    state.tell(SandboxEvent::LoggedIn { account: name.to_owned() });
    let id = format!("org.couchdb.user:{name}");
    Answer::json(201, &json!({ "ok": true, "id": id, "rev": "1-0", "token": token }))
}

/// `DELETE /-/user/token/TOKEN`.
pub(super) fn logout(state: &mut State, request: &Incoming, token: &str) -> Answer {
    let bearer = request.authorization().and_then(|it| it.split_once(' ')).map(|(_, value)| value.trim());
    if bearer != Some(token) {
        return Refusal::Unauthorized.into();
    }
    let Some(token) = state.tokens.get_mut(token).filter(|token| !token.revoked) else {
        return Refusal::NotFound.into();
    };
    token.revoked = true;
    Answer::json(200, &json!({ "ok": true }))
}
