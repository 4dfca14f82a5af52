//! Staged publishing: stage, list, look at, approve, reject. `npm-registry.md`, section 7.

use serde_json::{Value, json};

use super::browser::{form_value, refuse_foreign_form};
use super::publish::{check_rate, commit};
use crate::access::{Action, Proof};
use crate::accounts::{CodeState, SecondFactor};
use crate::answer::Answer;
use crate::authorise::{Granted, Intent, authorise};
use crate::credentials::{Identity, Presented, present};
use crate::document::{ReadAccess, read_upload};
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::options::SandboxRules;
use crate::pages;
use crate::records::CommittedUpload;
use crate::refusals::Refusal;
use crate::stages::{Stage, is_uuid};
use crate::state::{Shared, State};

const DEFAULT_PAGE: usize = 10;
const MAX_PAGE: usize = 100;
/// Staged versions kept at once, of all packages.
const MAX_STAGES: usize = 10_000;

/// `POST /-/stage/package/NAME`: never challenged, whatever the credential.
pub(super) fn stage(shared: &Shared, request: &Incoming, package: &str) -> Answer {
    // Decoding and hashing take their time and need nothing that is locked.
    let upload = read_upload(package, &request.body);
    shared
        .with(|state| {
            offered(state)?;
            let version = upload.as_ref().ok().map(|upload| upload.version.to_string());
            let intent =
                Intent { action: Action::Stage, words: "stage", package: Some(package), version: version.as_deref() };
            let granted = authorise(state, request, intent)?;
            let upload = upload.map_err(|error| Refusal::Malformed(format!("Bad Request - {error}")))?;
            check_rate(state, &granted)?;
            let known = state.packages.get(package);
            let taken = known.is_some_and(|known| {
                known.version(&upload.version).is_some() || known.burnt.contains_key(&upload.version)
            });
            if taken || state.staged_version(package, &upload.version).is_some() {
                return Err(Refusal::VersionTakenForStage(upload.version.to_string()).into());
            }
            if state.stages.len() >= MAX_STAGES {
                return Err(Refusal::RateLimited { retry_after: None }.into());
            }
            let Identity { account: actor, used, .. } = granted.identity;
            let stage = Stage { id: state.ids.uuid(), upload, actor, used, created: state.clock.now() };
            let id = stage.id.clone();
            state.staged_log.push(stage.shown());
            state.tell(SandboxEvent::Staged(stage.shown()));
            state.stages.push(stage);
            Ok(Answer::json(201, &json!({ "message": "Package version staged successfully.", "stageId": id })))
        })
        .unwrap_or_else(|refusal| refusal)
}

/// `GET /-/stage`: what the account may see, newest first.
pub(super) fn list(state: &State, request: &Incoming) -> Result<Answer, Answer> {
    offered(state)?;
    let identity = reader(state, request)?;
    let number = |name: &str| request.parameter(name).and_then(|value| value.parse::<usize>().ok());
    let page = number("page").unwrap_or_default();
    let size = number("perPage").unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE);
    let package = request.parameter("package");
    let wanted = |stage: &&Stage| {
        visible(state, stage, &identity) && package.as_ref().is_none_or(|package| stage.upload.name == *package)
    };
    // Stages are kept in the order in which they came.
    let all: Vec<&Stage> = state.stages.iter().rev().filter(wanted).collect();
    let total = all.len();
    let items: Vec<Value> = all.into_iter().skip(page.saturating_mul(size)).take(size).map(item).collect();
    Ok(Answer::json(200, &json!({ "items": items, "page": page, "perPage": size, "total": total })))
}

/// `GET /-/stage/ID`.
pub(super) fn view(state: &State, request: &Incoming, id: &str) -> Result<Answer, Answer> {
    Ok(Answer::json(200, &item(found(state, request, id)?)))
}

/// `GET /-/stage/ID/tarball`.
pub(super) fn tarball(state: &State, request: &Incoming, id: &str) -> Result<Answer, Answer> {
    let stage = found(state, request, id)?;
    Ok(Answer::bytes(200, "application/octet-stream", stage.upload.tarball.clone()))
}

/// `POST /-/stage/ID/approve`: the record goes, the version is published.
pub(super) fn approve(state: &mut State, request: &Incoming, id: &str) -> Result<Answer, Answer> {
    let granted = reviewer(state, request, id, "approve the staged version of")?;
    publish(state, id, &granted)?;
    Ok(Answer::json(201, &json!({ "message": "Package version approved and published successfully." })))
}

/// `DELETE /-/stage/ID`: record and tarball go, the number is free again.
pub(super) fn reject(state: &mut State, request: &Incoming, id: &str) -> Result<Answer, Answer> {
    reviewer(state, request, id, "reject the staged version of")?;
    remove(state, id);
    Ok(Answer::empty(204))
}

/// `GET /settings/NAME/staged`: whoever opens the page is taken for the account's owner.
pub(super) fn page(state: &State, account: &str) -> Answer {
    shown_page(state, account, 200, None)
}

/// `POST /settings/NAME/staged`: the page's buttons.
pub(super) fn review(state: &mut State, request: &Incoming, account: &str) -> Answer {
    if let Some(answer) = refuse_foreign_form(request) {
        return answer;
    }
    let id = form_value(request, "stage").unwrap_or_default();
    let Some(known) = state.accounts.get_mut(account) else { return Answer::page(404, pages::gone()) };
    let (now, limit, policy) = (state.clock.now(), state.options.wrong_otp_limit, state.options.web_otp);
    let owned = state.stages.iter().find(|stage| stage.id == id);
    let owned = owned.filter(|stage| {
        state.packages.get(&stage.upload.name).is_some_and(|package| package.maintainers.contains(account))
    });
    if owned.is_none() {
        return shown_page(state, account, 404, Some("This staged version is not here any more."));
    }
    match &known.second_factor {
        SecondFactor::None => {
            return shown_page(state, account, 403, Some("Turn on two-factor authentication first."));
        }
        SecondFactor::Web => {}
        SecondFactor::Totp { .. } => {
            let typed = form_value(request, "otp").unwrap_or_default();
            let code: String = typed.split_whitespace().collect();
            match known.judge_code(Some(&code), now, limit) {
                CodeState::Valid => known.spend_code(&code, policy),
                CodeState::Locked => {
                    return shown_page(state, account, 429, Some("Too many wrong codes. Wait some minutes."));
                }
                CodeState::Invalid | CodeState::Absent => {
                    known.count_wrong_code(now);
                    return shown_page(state, account, 401, Some("This code was not accepted."));
                }
            }
        }
    }
    let identity = Identity { account: account.to_owned(), used: crate::CredentialUsed::Session, grant: None };
    match form_value(request, "decision").as_deref() {
        Some("approve") => match publish(state, &id, &Granted { identity, proof: Proof::Code }) {
            Ok(()) => shown_page(state, account, 200, None),
            Err(_) => shown_page(state, account, 409, Some("This version has been published meanwhile.")),
        },
        Some("reject") => {
            remove(state, &id);
            shown_page(state, account, 200, None)
        }
        _ => Answer::page(400, pages::message("That was no answer", "The form came without a decision.")),
    }
}

fn shown_page(state: &State, account: &str, status: u16, wrong: Option<&str>) -> Answer {
    let Some(known) = state.accounts.get(account) else { return Answer::page(404, pages::gone()) };
    let identity = Identity { account: account.to_owned(), used: crate::CredentialUsed::Session, grant: None };
    let mine = state.stages.iter().rev().filter(|stage| visible(state, stage, &identity));
    let codes = matches!(known.second_factor, SecondFactor::Totp { .. });
    Answer::page(status, pages::staged(account, &mine.map(Stage::shown).collect::<Vec<_>>(), codes, wrong))
}

/// Only npm's rules know staging.
fn offered(state: &State) -> Result<(), Answer> {
    if state.options.rules == SandboxRules::Plain { Err(Refusal::NotFound.into()) } else { Ok(()) }
}

/// Who asks, for reads that are about several packages.
fn reader(state: &State, request: &Incoming) -> Result<Identity, Answer> {
    match present(state, request.authorization()) {
        // A trusted publisher's token may stage and no more (npm-registry.md, 4.7).
        Presented::Known(Identity { grant: Some(grant), .. }) if grant.trusted.is_some() => {
            Err(Refusal::CredentialNotEnough.into())
        }
        Presented::Known(identity) => Ok(identity),
        Presented::WrongNetwork => Err(Refusal::WrongNetwork.into()),
        Presented::Nothing => Err(Refusal::Unauthorized.into()),
        Presented::Dead => Err(Refusal::DeadCredential.into()),
    }
}

/// Whether somebody may see a stage: a maintainer, by a credential that covers the package.
fn visible(state: &State, stage: &Stage, identity: &Identity) -> bool {
    state.writable_by(&stage.upload.name, &identity.account)
        && identity.grant.as_ref().is_none_or(|grant| grant.covers(&stage.upload.name))
}

fn found<'a>(state: &'a State, request: &Incoming, id: &str) -> Result<&'a Stage, Answer> {
    offered(state)?;
    let identity = reader(state, request)?;
    if !is_uuid(id) {
        return Err(Refusal::Malformed("Bad Request - Invalid stage id".into()).into());
    }
    let stage = state.stages.iter().find(|stage| stage.id == id);
    stage.filter(|stage| visible(state, stage, &identity)).ok_or_else(|| Refusal::NotFound.into())
}

/// Who may approve or reject: a person with a second factor, each time.
fn reviewer(state: &mut State, request: &Incoming, id: &str, words: &str) -> Result<Granted, Answer> {
    let stage = found(state, request, id)?;
    let (package, version) = (stage.upload.name.clone(), stage.upload.version.to_string());
    authorise(
        state,
        request,
        Intent { action: Action::Review, words, package: Some(&package), version: Some(&version) },
    )
}

/// Publishes a stage. What took its number meanwhile is left alone, and so is the stage.
fn publish(state: &mut State, id: &str, granted: &Granted) -> Result<(), Answer> {
    let Some(index) = state.stages.iter().position(|stage| stage.id == id) else {
        return Err(Refusal::NotFound.into());
    };
    let taken = state.stages.get(index).and_then(|Stage { upload, .. }| {
        let package = state.packages.get(&upload.name)?;
        let taken = package.version(&upload.version).is_some() || package.burnt.contains_key(&upload.version);
        taken.then(|| upload.version.to_string())
    });
    if let Some(version) = taken {
        return Err(Refusal::StagePublishedMeanwhile(version).into());
    }
    let Stage { upload, actor, used, .. } = state.stages.remove(index);
    let record = CommittedUpload {
        sequence: u64::try_from(state.commits.len()).unwrap_or(u64::MAX).saturating_add(1),
        package: upload.name.clone(),
        version: upload.version.to_string(),
        integrity: upload.integrity.clone(),
        credential: used,
        account: actor.clone(),
        approver: Some(granted.identity.account.clone()),
        otp: granted.proof == Proof::Code,
        window: granted.proof == Proof::Window,
        tag: upload.tag.clone(),
        at: state.clock.now(),
    };
    state.commits.push(record.clone());
    state.tell(SandboxEvent::Published(record));
    let package = upload.name.clone();
    commit(state, upload, &actor, false);
    let stored = state.packages.get_mut(&package).and_then(|package| package.versions.last_mut());
    if let Some(stored) = stored {
        stored.evidence.approver = Some(granted.identity.account.clone());
    }
    Ok(())
}

fn remove(state: &mut State, id: &str) {
    if let Some(index) = state.stages.iter().position(|stage| stage.id == id) {
        let stage = state.stages.remove(index);
        state.tell(SandboxEvent::StageRejected(stage.shown()));
    }
}

/// A stage as npm's endpoints show it (7.1).
fn item(stage: &Stage) -> Value {
    let Stage { id, upload, actor, created, .. } = stage;
    let access = if upload.access == Some(ReadAccess::Restricted) { "private" } else { "public" };
    json!({
        "id": id,
        "packageName": upload.name,
        "version": upload.version.to_string(),
        "tag": upload.tag,
        "createdAt": created.to_string(),
        "actor": actor,
        "actorType": if stage.used == crate::CredentialUsed::Trusted { "trusted automation" } else { "user" },
        "access": access,
        "shasum": upload.shasum,
    })
}
