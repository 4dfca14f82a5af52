//! Identity tokens and their exchange: the part of trusted publishing that a job in CI sees. `npm-registry.md`, 6.2 and 6.3.

use std::time::Duration;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::exchange::Incoming;
use crate::options::SandboxRules;
use crate::refusals::Refusal;
use crate::state::State;
use crate::tokens::{Grant, NewToken};
use crate::trusted::has_token_form;

/// Life of an exchanged token.
const EXCHANGED_LIFETIME: Duration = Duration::from_hours(1);

/// `GET /-/identity/token?…&audience=…`: what a job of GitHub Actions finds at `ACTIONS_ID_TOKEN_REQUEST_URL`.
pub(super) fn issue(state: &mut State, request: &Incoming) -> Answer {
    let bearer = bearer(request).unwrap_or_default().to_owned();
    let Some(job) = state.jobs.get(&bearer).cloned() else {
        return Answer::json(401, &json!({ "message": "this job may not ask for identity tokens" }));
    };
    let Some(audience) = request.parameter("audience") else {
        return Answer::json(400, &json!({ "message": "no audience" }));
    };
    let value = state.id_token(job.provider, &audience, job.claims);
    Answer::json(200, &json!({ "count": value.len(), "value": value }))
}

/// `POST /-/npm/v1/oidc/token/exchange/package/NAME`.
pub(super) fn exchange(state: &mut State, request: &Incoming, package: &str) -> Answer {
    if state.options.rules == SandboxRules::Plain {
        return Refusal::NotFound.into();
    }
    let refuse = |status: u16, words: &str| {
        Answer::json(status, &json!({ "message": format!("OIDC token exchange error - {words}") }))
    };
    let Some(value) = bearer(request) else { return refuse(401, "unauthorized") };
    if !has_token_form(value) {
        return refuse(400, "bad request");
    }
    let now = state.clock.now();
    let Some(token) = state.id_tokens.get(value).filter(|token| now < token.expires) else {
        return refuse(401, "unauthorized");
    };
    if token.audience != format!("npm:{}", request.host_name()) {
        return refuse(400, "bad request");
    }
    let trusted = state.trust.get(package).into_iter().flatten().find(|config| config.matches(token));
    let Some(trusted) =
        trusted.filter(|_| state.live_package(package).is_some()).map(crate::trusted::TrustConfig::grant)
    else {
        return refuse(404, "package not found");
    };
    let account = trusted.provider.publisher().to_owned();
    let grant = Grant { packages: Some(vec![package.to_owned()]), trusted: Some(trusted), ..Grant::default() };
    let token = state.insert_token(NewToken { account, grant: Some(grant), lifetime: Some(EXCHANGED_LIFETIME) });
    let (created, expires) = (now.to_string(), now.plus(EXCHANGED_LIFETIME).to_string());
    let body: Value = json!({ "token_type": "oidc", "token": token, "created": created, "expires": expires });
    Answer::json(201, &body)
}

fn bearer(request: &Incoming) -> Option<&str> {
    let (scheme, value) = request.authorization()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| value.trim())
}
