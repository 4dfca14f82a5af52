//! Uploads. `npm-registry.md`, section 2.

use serde_json::{Value, json};

use super::revise;
use crate::access::{Action, Proof};
use crate::answer::Answer;
use crate::authorise::{Granted, Intent, authorise};
use crate::document::{DocumentError, ReadAccess, Upload, read_upload};
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::options::SandboxRules;
use crate::packages::{Package, StoredVersion, VersionEvidence, View};
use crate::records::CommittedUpload;
use crate::refusals::{PROCESSING_NOTICE, Refusal};
use crate::state::{Shared, State};

/// How long a name is closed after its last version was taken back.
const REPUBLISH_WAIT: std::time::Duration = std::time::Duration::from_hours(24);

/// `PUT /NAME`: an upload when it carries attachments, else a change of the packument.
pub(super) fn put(shared: &Shared, request: &Incoming, package: &str) -> Answer {
    let body: Value = match request.json() {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let attached = body.get("_attachments").and_then(Value::as_object).is_some_and(|it| !it.is_empty());
    if !attached && body.get("_rev").is_some() {
        return shared.with(|state| revise::change(state, request, package, &body, None));
    }
    drop(body);
    // Decoding and hashing take their time and need nothing that is locked.
    let upload = read_upload(package, &request.body);
    shared.with(|state| publish(state, request, package, upload).unwrap_or_else(|refusal| refusal))
}

fn publish(
    state: &mut State,
    request: &Incoming,
    package: &str,
    upload: Result<Upload, DocumentError>,
) -> Result<Answer, Answer> {
    let version = upload.as_ref().ok().map(|upload| upload.version.to_string());
    let intent =
        Intent { action: Action::Publish, words: "publish", package: Some(package), version: version.as_deref() };
    let granted = authorise(state, request, intent)?;
    let upload = upload.map_err(|error| Refusal::Malformed(error.to_string()))?;
    check_terms(state, &upload, &granted)?;
    check_version(state, &upload)?;
    let delayed =
        state.options.visibility != crate::options::VisibilityDelay::default() || state.held.contains(package);
    record(state, &upload, &granted);
    let name = upload.name.clone();
    commit(state, upload, &granted.identity.account, false);
    let trusted = granted.identity.grant.and_then(|grant| grant.trusted);
    if let Some(stored) = state.packages.get_mut(&name).and_then(|package| package.versions.last_mut()) {
        stored.evidence.trusted_publisher = trusted.map(|trusted| trusted.provider.word().to_owned());
    }
    let answer = match state.options.rules {
        SandboxRules::Npm => Answer::json(200, &json!({ "success": true })),
        SandboxRules::Plain => Answer::json(201, &json!({ "ok": "created new package", "success": true })),
    };
    Ok(if delayed { answer.with("npm-notice", PROCESSING_NOTICE) } else { answer })
}

/// What the account's plan and pace allow.
fn check_terms(state: &mut State, upload: &Upload, granted: &Granted) -> Result<(), Refusal> {
    let now = state.clock.now();
    let known = state.packages.get(&upload.name);
    let new = known.is_none_or(|package| package.versions.is_empty());
    if let Some(removed) = known.and_then(|package| package.removed)
        && new
        && now.since(removed) < REPUBLISH_WAIT
    {
        return Err(Refusal::RepublishTooEarly(upload.name.clone()));
    }
    let public = upload.access == Some(ReadAccess::Public);
    if state.options.paid_private_packages && new && upload.name.starts_with('@') && !public {
        return Err(Refusal::PaymentRequired);
    }
    check_rate(state, granted)
}

/// Whether the account may publish or stage once more by now.
pub(super) fn check_rate(state: &mut State, granted: &Granted) -> Result<(), Refusal> {
    let now = state.clock.now();
    if let Some(rate) = state.options.publish_rate {
        let publishes = state.publishes.entry(granted.identity.account.clone()).or_default();
        publishes.retain(|at| now.since(*at) < rate.per);
        if u32::try_from(publishes.len()).unwrap_or(u32::MAX) >= rate.publishes {
            return Err(Refusal::RateLimited { retry_after: rate.retry_after });
        }
        publishes.push(now);
    }
    Ok(())
}

/// Whether the version number is free.
fn check_version(state: &State, upload: &Upload) -> Result<(), Refusal> {
    if state.staged_version(&upload.name, &upload.version).is_some() {
        return Err(Refusal::VersionStaged(upload.version.to_string()));
    }
    let Some(package) = state.packages.get(&upload.name) else { return Ok(()) };
    let text = upload.version.to_string();
    let taken = package.version(&upload.version);
    match (state.options.rules, taken) {
        (SandboxRules::Plain, Some(_)) => Err(Refusal::PlainConflict),
        (SandboxRules::Npm, Some(stored)) if !stored.visible(View::Packument, state.viewpoint()) => {
            Err(Refusal::VersionStaged(text))
        }
        (SandboxRules::Npm, Some(_)) => Err(Refusal::VersionPublished(text)),
        (SandboxRules::Npm, None) if package.burnt.contains_key(&upload.version) => Err(Refusal::VersionBurnt(text)),
        (_, None) => Ok(()),
    }
}

fn record(state: &mut State, upload: &Upload, granted: &Granted) {
    let upload = CommittedUpload {
        sequence: u64::try_from(state.commits.len()).unwrap_or(u64::MAX).saturating_add(1),
        package: upload.name.clone(),
        version: upload.version.to_string(),
        integrity: upload.integrity.clone(),
        credential: granted.identity.used,
        account: granted.identity.account.clone(),
        approver: None,
        otp: granted.proof == Proof::Code,
        window: granted.proof == Proof::Window,
        tag: upload.tag.clone(),
        at: state.clock.now(),
    };
    state.commits.push(upload.clone());
    state.tell(SandboxEvent::Published(upload));
}

/// Stores a version. A seeded one was always there: it is visible at once and no commit.
pub(crate) fn commit(state: &mut State, upload: Upload, owner: &str, seeded: bool) {
    let now = state.clock.now();
    let access = state.access_of(&upload.name);
    let held = state.held.contains(&upload.name);
    let Upload { name, version, tag, access: read, manifest, tarball, integrity, shasum } = upload;
    let package = state
        .packages
        .entry(name.clone())
        .and_modify(|package| revive(package, owner))
        .or_insert_with(|| Package::new(&name, owner, access, now));
    let first = package.versions.is_empty();
    if first {
        package.restricted = read == Some(ReadAccess::Restricted);
        package.access = access;
    }
    package.versions.push(StoredVersion {
        version: version.clone(),
        manifest,
        tarball,
        integrity,
        shasum,
        accepted: now,
        held: held && !seeded,
        seeded,
        deprecated: None,
        publisher: owner.to_owned(),
        evidence: VersionEvidence::default(),
    });
    // The first version of a package gets `latest` whatever its tag (npm-registry.md, 1.1).
    if first && tag != "latest" {
        package.set_tag("latest", version.clone());
    }
    package.set_tag(&tag, version);
    package.touch(now);
}

/// A name whose versions were all taken back belongs to whoever publishes it again.
fn revive(package: &mut Package, owner: &str) {
    if package.versions.is_empty() {
        package.maintainers = std::iter::once(owner.to_owned()).collect();
        package.removed = None;
    }
}
