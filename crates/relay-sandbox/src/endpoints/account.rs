//! Who one is: `whoami`, the profile, a user's public document. `npm-registry.md`, 4.1 and 4.2.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::credentials::{CredentialUsed, Identity, Presented, present};
use crate::exchange::Incoming;
use crate::options::SandboxRules;
use crate::refusals::Refusal;
use crate::state::State;

pub(super) fn whoami(state: &State, request: &Incoming) -> Answer {
    match known(state, request) {
        // A trusted publisher's token is nobody's (npm-registry.md, 6.6).
        Ok(identity) if identity.used == CredentialUsed::Trusted => Refusal::Unauthorized.into(),
        Ok(identity) => Answer::json(200, &json!({ "username": identity.account })),
        Err(refusal) => refusal.into(),
    }
}

pub(super) fn profile(state: &State, request: &Incoming) -> Answer {
    if state.options.rules == SandboxRules::Plain {
        return Refusal::NotFound.into();
    }
    let identity = match known(state, request) {
        Ok(identity) if identity.grant.is_some() => return Refusal::CredentialNotEnough.into(),
        Ok(identity) => identity,
        Err(refusal) => return refusal.into(),
    };
    let Some(account) = state.accounts.get(&identity.account) else { return Refusal::Unauthorized.into() };
    let tfa = if account.has_second_factor() {
        json!({ "pending": false, "mode": "auth-and-writes" })
    } else {
        Value::Bool(false)
    };
    let profile = json!({
        "tfa": tfa,
        "name": account.name,
        "email": account.email(),
        "email_verified": true,
        "created": account.created.to_string(),
        "updated": account.created.to_string(),
        "cidr_whitelist": null,
        "fullname": "",
        "homepage": "",
        "github": "",
        "twitter": "",
    });
    Answer::json(200, &profile)
}

pub(super) fn user(state: &State, name: &str) -> Answer {
    let Some(account) = state.accounts.get(name) else { return Refusal::NotFound.into() };
    let document = json!({
        "_id": format!("org.couchdb.user:{name}"),
        "_rev": "1-0",
        "name": name,
        "email": account.email(),
        "type": "user",
        "roles": [],
    });
    Answer::json(200, &document)
}

/// Who sends a request, whatever the credential may do.
pub(super) fn known(state: &State, request: &Incoming) -> Result<Identity, Refusal> {
    match present(state, request.authorization()) {
        Presented::Known(identity) => Ok(identity),
        Presented::Nothing => Err(Refusal::Unauthorized),
        Presented::Dead => Err(Refusal::DeadCredential),
        Presented::WrongNetwork => Err(Refusal::WrongNetwork),
    }
}
