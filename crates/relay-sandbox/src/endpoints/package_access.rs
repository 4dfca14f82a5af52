//! Who may publish and who may read a package. `npm-registry.md`, section 5.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::account::known;
use super::packument::readable;
use crate::access::{Action, SandboxAccess};
use crate::answer::Answer;
use crate::authorise::{Intent, authorise};
use crate::document::ReadAccess;
use crate::exchange::Incoming;
use crate::options::SandboxRules;
use crate::refusals::Refusal;
use crate::state::State;

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    publish_requires_tfa: Option<bool>,
    #[serde(default)]
    automation_token_overrides_tfa: Option<bool>,
    #[serde(default)]
    access: Option<ReadAccess>,
}

/// `POST /-/package/NAME/access`.
pub(super) fn set(state: &mut State, request: &Incoming, package: &str) -> Answer {
    if state.options.rules == SandboxRules::Plain {
        return Refusal::NotFound.into();
    }
    let intent =
        Intent { action: Action::SetAccess, words: "change who may publish", package: Some(package), version: None };
    if let Err(answer) = authorise(state, request, intent) {
        return answer;
    }
    let change: Change = match request.json() {
        Ok(change) => change,
        Err(answer) => return answer,
    };
    let now = state.clock.now();
    let Some(package) = state.packages.get_mut(package).filter(|package| !package.versions.is_empty()) else {
        return Refusal::NotFound.into();
    };
    match (change.publish_requires_tfa, change.automation_token_overrides_tfa) {
        (Some(false), _) => package.access = SandboxAccess::None,
        (Some(true), Some(true)) => package.access = SandboxAccess::Automation,
        (Some(true), _) => package.access = SandboxAccess::Publish,
        (None, _) if change.access.is_none() => {
            return Refusal::Malformed("neither `publish_requires_tfa` nor `access` is set".into()).into();
        }
        (None, _) => {}
    }
    if let Some(read) = change.access {
        if !package.name.starts_with('@') {
            return Refusal::Malformed("only scoped packages can be restricted".into()).into();
        }
        package.restricted = read == ReadAccess::Restricted;
    }
    package.touch(now);
    Answer::json(200, &json!({}))
}

pub(super) fn visibility(state: &State, request: &Incoming, package: &str) -> Answer {
    readable(state, request, package).map_or_else(
        || Refusal::NotFound.into(),
        |package| Answer::json(200, &json!({ "public": !package.restricted })),
    )
}

pub(super) fn collaborators(state: &State, request: &Incoming, package: &str) -> Answer {
    if let Err(refusal) = known(state, request) {
        return refusal.into();
    }
    let Some(package) = readable(state, request, package) else { return Refusal::NotFound.into() };
    let everyone: Map<String, Value> = package.maintainers.iter().map(|name| (name.clone(), json!("write"))).collect();
    Answer::json(200, &Value::Object(everyone))
}

/// `GET /-/org/NAME/package` and `/-/user/NAME/package`; npm asks for the second when the first is not there.
pub(super) fn packages_of(state: &State, request: &Incoming, owner: &str, org: bool) -> Answer {
    if let Err(refusal) = known(state, request) {
        return refusal.into();
    }
    let scope = format!("@{owner}");
    let known = if org { state.scopes.contains_key(&scope) } else { state.accounts.contains_key(owner) };
    if !known {
        return Refusal::NotFound.into();
    }
    let live = state.packages.values().filter(|package| !package.versions.is_empty());
    let theirs = live.filter(|package| {
        if org { crate::packages::scope(&package.name) == Some(&scope) } else { package.maintainers.contains(owner) }
    });
    let theirs: Map<String, Value> = theirs.map(|package| (package.name.clone(), json!("write"))).collect();
    Answer::json(200, &Value::Object(theirs))
}
