//! Changes of what is there: deprecation, owners, unpublishing. `npm-registry.md`, section 9.

use semver::Version;
use serde_json::{Map, Value, json};

use crate::access::Action;
use crate::answer::Answer;
use crate::authorise::{Intent, authorise};
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::packages::View;
use crate::refusals::Refusal;
use crate::state::State;

/// `PUT /NAME/-rev/REV`: owners, or the packument without the versions that are to go.
pub(super) fn put(state: &mut State, request: &Incoming, package: &str, revision: &str) -> Answer {
    match request.json::<Value>() {
        Ok(body) => change(state, request, package, &body, Some(revision)),
        Err(answer) => answer,
    }
}

/// A changed packument that came back. With a `revision` in the path, versions it lacks are taken back.
pub(super) fn change(
    state: &mut State,
    request: &Incoming,
    package: &str,
    body: &Value,
    revision: Option<&str>,
) -> Answer {
    let words = match body.get("versions") {
        Some(_) if revision.is_some() => "unpublish",
        Some(_) => "deprecate",
        None => "change the owners of",
    };
    let intent = Intent { action: Action::Revise, words, package: Some(package), version: None };
    if let Err(answer) = authorise(state, request, intent) {
        return answer;
    }
    let stated = revision.or_else(|| body.get("_rev").and_then(Value::as_str)).unwrap_or_default();
    let result = check_revision(state, package, stated).and_then(|()| match body.get("versions") {
        Some(Value::Object(versions)) => {
            let tags = body.get("dist-tags").and_then(Value::as_object);
            if revision.is_some() {
                take_back(state, package, versions, tags)
            } else {
                deprecate(state, package, versions);
                Ok(())
            }
        }
        Some(_) => Err(Refusal::Malformed("`versions` is not an object".into())),
        None => change_owners(state, package, body.get("maintainers")),
    });
    result.map_or_else(Answer::from, |()| Answer::json(200, &json!({ "ok": true, "success": true })))
}

/// `DELETE /NAME/-rev/REV`: the whole package.
pub(super) fn delete(state: &mut State, request: &Incoming, package: &str, revision: &str) -> Answer {
    let intent = Intent { action: Action::Revise, words: "unpublish", package: Some(package), version: None };
    if let Err(answer) = authorise(state, request, intent) {
        return answer;
    }
    let result = check_revision(state, package, revision).and_then(|()| take_back(state, package, &Map::new(), None));
    result.map_or_else(Answer::from, |()| Answer::json(200, &json!({ "ok": true })))
}

/// `DELETE …tgz/-rev/REV`: the last step of npm's unpublish, after the version is gone; the tarball went with it.
pub(super) fn delete_tarball(state: &mut State, request: &Incoming, package: &str, file: &str) -> Answer {
    let presented = crate::credentials::present(state, request.authorization());
    let Some(package) = state.packages.get(package) else { return Refusal::NotFound.into() };
    let maintainer = presented.identity().is_some_and(|identity| package.maintainers.contains(&identity.account));
    if !maintainer {
        return Refusal::Unauthorized.into();
    }
    if package.versions.iter().any(|stored| stored.tarball_file(&package.name) == file) {
        return Refusal::Malformed("the tarball's version is still published".into()).into();
    }
    Answer::json(200, &json!({ "ok": true }))
}

fn check_revision(state: &State, package: &str, stated: &str) -> Result<(), Refusal> {
    let package = state.live_package(package).ok_or(Refusal::NotFound)?;
    if package.revision() == stated { Ok(()) } else { Err(Refusal::Conflict) }
}

fn deprecate(state: &mut State, package: &str, versions: &Map<String, Value>) {
    let (at, now) = (state.viewpoint(), state.clock.now());
    let Some(package) = state.packages.get_mut(package) else { return };
    let mut changed = Vec::new();
    for stored in package.versions.iter_mut().filter(|stored| stored.visible(View::Packument, at)) {
        let text = versions.get(&stored.version.to_string()).and_then(|version| version.get("deprecated"));
        let text = text.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        if stored.deprecated != text {
            changed.push(stored.version.to_string());
            stored.deprecated = text;
        }
    }
    package.touch(now);
    let what = format!("changed the deprecation of {}", changed.join(", "));
    let package = package.name.clone();
    state.tell(SandboxEvent::Revised { package, what });
}

fn change_owners(state: &mut State, package: &str, maintainers: Option<&Value>) -> Result<(), Refusal> {
    let now = state.clock.now();
    let names = maintainers.and_then(Value::as_array).map(|maintainers| {
        maintainers.iter().filter_map(|it| it.get("name")?.as_str().map(str::to_owned)).collect::<Vec<_>>()
    });
    let names = names.filter(|names| !names.is_empty());
    let names = names.ok_or_else(|| Refusal::Malformed("a package needs at least one maintainer".into()))?;
    if let Some(stranger) = names.iter().find(|name| !state.accounts.contains_key(*name)) {
        return Err(Refusal::Malformed(format!("there is no user `{stranger}`")));
    }
    let package = state.packages.get_mut(package).ok_or(Refusal::NotFound)?;
    let what = format!("set the owners to {}", names.join(", "));
    package.maintainers = names.into_iter().collect();
    package.touch(now);
    let package = package.name.clone();
    state.tell(SandboxEvent::Revised { package, what });
    Ok(())
}

/// Takes back the visible versions that `kept` lacks.
fn take_back(
    state: &mut State,
    name: &str,
    kept: &Map<String, Value>,
    tags: Option<&Map<String, Value>>,
) -> Result<(), Refusal> {
    let at = state.viewpoint();
    let dependents = has_dependents(state, name);
    let package = state.packages.get_mut(name).ok_or(Refusal::NotFound)?;
    let gone: Vec<Version> = package
        .seen(View::Packument, at)
        .filter(|stored| !kept.contains_key(&stored.version.to_string()))
        .map(|stored| stored.version.clone())
        .collect();
    if !gone.is_empty() && dependents {
        return Err(Refusal::CannotUnpublish);
    }
    package.take_back(&gone, at.now);
    if let Some(tags) = tags {
        let dropped: Vec<String> = package.tags().into_keys().filter(|tag| !tags.contains_key(tag)).collect();
        for tag in dropped.iter().filter(|tag| *tag != "latest") {
            package.remove_tag(tag);
        }
    }
    let stated = tags.into_iter().flatten().filter_map(|(tag, version)| {
        Some((tag.clone(), version.as_str().and_then(|version| Version::parse(version).ok())?))
    });
    for (tag, version) in stated {
        let moved = package.tags().get(&tag).is_none_or(|current| *current != version.to_string());
        if moved && package.version(&version).is_some() {
            package.set_tag(&tag, version);
        }
    }
    let gone: Vec<String> = gone.iter().map(ToString::to_string).collect();
    let what = format!("took back {}", gone.join(", "));
    state.tell(SandboxEvent::Revised { package: name.to_owned(), what });
    Ok(())
}

/// Whether another package's manifest names this one as something it needs.
fn has_dependents(state: &State, name: &str) -> bool {
    let needs = |manifest: &Map<String, Value>| {
        let field = |field: &str| manifest.get(field).and_then(|it| it.get(name)).is_some();
        field("dependencies") || field("optionalDependencies")
    };
    let others = state.packages.values().filter(|package| package.name != name);
    others.flat_map(|package| &package.versions).any(|stored| needs(&stored.manifest))
}
