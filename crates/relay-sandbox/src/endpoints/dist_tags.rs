//! Dist-tags. `npm-registry.md`, section 9.

use semver::Version;
use serde_json::json;

use super::packument::readable;
use crate::access::Action;
use crate::answer::Answer;
use crate::authorise::{Intent, authorise};
use crate::document::valid_tag;
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::refusals::Refusal;
use crate::state::State;

/// The tags as written: they can be set while their version is still invisible (1.7).
pub(super) fn list(state: &State, request: &Incoming, package: &str) -> Answer {
    let tags = readable(state, request, package).map(crate::packages::Package::tags);
    tags.map_or_else(|| Refusal::NotFound.into(), |tags| Answer::json(200, &json!(tags)))
}

pub(super) fn set(state: &mut State, request: &Incoming, package: &str, tag: &str) -> Answer {
    let version: Option<String> = request.json().ok();
    let intent =
        Intent { action: Action::Tag, words: "set a tag of", package: Some(package), version: version.as_deref() };
    if let Err(answer) = authorise(state, request, intent) {
        return answer;
    }
    if !valid_tag(tag) {
        return Refusal::Malformed(format!("`{tag}` is not a valid dist-tag")).into();
    }
    let Some(version) = version.as_deref().and_then(|version| Version::parse(version).ok()) else {
        return Refusal::Malformed("the body is not a version in a JSON string".into()).into();
    };
    let now = state.clock.now();
    let Some(package) = state.packages.get_mut(package).filter(|it| it.version(&version).is_some()) else {
        return Refusal::NotFound.into();
    };
    let text = version.to_string();
    package.set_tag(tag, version);
    package.touch(now);
    let package = package.name.clone();
    state.tell(SandboxEvent::TagChanged { package, tag: tag.to_owned(), version: Some(text) });
    Answer::json(201, &json!({ "ok": true }))
}

pub(super) fn remove(state: &mut State, request: &Incoming, package: &str, tag: &str) -> Answer {
    let words = "remove a tag of";
    let intent = Intent { action: Action::Tag, words, package: Some(package), version: None };
    if let Err(answer) = authorise(state, request, intent) {
        return answer;
    }
    if tag == "latest" {
        return Refusal::Malformed("the tag `latest` cannot be removed".into()).into();
    }
    let now = state.clock.now();
    let Some(package) = state.packages.get_mut(package) else { return Refusal::NotFound.into() };
    if !package.remove_tag(tag) {
        return Refusal::NotFound.into();
    }
    package.touch(now);
    let package = package.name.clone();
    state.tell(SandboxEvent::TagChanged { package, tag: tag.to_owned(), version: None });
    Answer::empty(204)
}
