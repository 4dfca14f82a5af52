//! The trusted publishers of a package: listed, created, deleted. `npm-registry.md`, 6.5.

use serde_json::{Value, json};

use crate::access::Action;
use crate::answer::Answer;
use crate::authorise::{Intent, authorise};
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::options::SandboxRules;
use crate::refusals::Refusal;
use crate::state::State;
use crate::trusted::{NewTrustConfig, TrustConfig};

pub(super) fn list(state: &mut State, request: &Incoming, package: &str) -> Answer {
    let action = if state.options.trust_list_challenged { Action::Trust } else { Action::ReadTrust };
    if let Err(answer) = allowed(state, request, package, action, "list the trusted publishers of") {
        return answer;
    }
    let configs: Vec<Value> = state.trust.get(package).into_iter().flatten().map(TrustConfig::shown).collect();
    Answer::json(200, &json!(configs))
}

pub(super) fn create(state: &mut State, request: &Incoming, package: &str) -> Answer {
    if let Err(answer) = allowed(state, request, package, Action::Trust, "add a trusted publisher to") {
        return answer;
    }
    let wanted: Vec<NewTrustConfig> = match request.json() {
        Ok(wanted) => wanted,
        Err(_) => return Refusal::InvalidTrustConfig.into(),
    };
    let wanted: Option<Vec<_>> = wanted.into_iter().map(|config| config.checked(state.ids.uuid())).collect();
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else { return Refusal::InvalidTrustConfig.into() };
    let limit = state.options.trusted_publishers_max;
    let known = state.trust.entry(package.to_owned()).or_default();
    let same =
        wanted.iter().any(|new| known.iter().any(|old| old.provider == new.provider && old.claims == new.claims));
    if same || known.len().saturating_add(wanted.len()) > limit {
        return Refusal::TrustConfigExists.into();
    }
    let shown: Vec<Value> = wanted.iter().map(TrustConfig::shown).collect();
    known.extend(wanted);
    let count = known.len();
    state.tell(SandboxEvent::TrustChanged { package: package.to_owned(), count });
    Answer::json(200, &json!(shown))
}

pub(super) fn delete(state: &mut State, request: &Incoming, package: &str, id: &str) -> Answer {
    if let Err(answer) = allowed(state, request, package, Action::Trust, "remove a trusted publisher of") {
        return answer;
    }
    if !is_uuid(id) {
        return Refusal::TrustConfigId.into();
    }
    let known = state.trust.entry(package.to_owned()).or_default();
    let before = known.len();
    known.retain(|config| config.id != id);
    let count = known.len();
    if count == before {
        return Refusal::NoSuchTrustConfig.into();
    }
    state.tell(SandboxEvent::TrustChanged { package: package.to_owned(), count });
    Answer::empty(204)
}

fn allowed(
    state: &mut State,
    request: &Incoming,
    package: &str,
    action: Action,
    words: &'static str,
) -> Result<(), Answer> {
    if state.options.rules == SandboxRules::Plain {
        return Err(Refusal::NotFound.into());
    }
    authorise(state, request, Intent { action, words, package: Some(package), version: None })?;
    Ok(())
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}
