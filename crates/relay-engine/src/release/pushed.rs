//! The seventh step: the commit and the release record are on the remote, so that any clone can finish what begins now; and
//! what is sent is joined with the credentials that it is sent with.

use std::collections::{BTreeMap, BTreeSet};

use relay_git::{BranchPush, Document, Head, Hooks, PushCause, RecordPush, RefPushed, ReleasePush, ReleasePushed};
use relay_plan::ReleasePlan;
use relay_workspace::PackageName;
use tokio::sync::mpsc;

use super::record::{About, RECORD_FILE, RECORD_REF, RecordedBytes, RecordedVersion, ReleaseRecord, VersionKey};
use super::remote::{RELEASE_BRANCHES, RemoteState};
use super::taken_up::{TakenUp, take_up};
use super::{Course, Packed, Published, ReleaseError, Request, Run, Versioned};
use crate::authority::Mint;
use crate::driver::Person;
use crate::event::{Emitter, Fact, NotRecorded, PreparedVersion};
use crate::git_calls::GitCalls;
use crate::observe;
use crate::prepared_upload::PreparedUpload;
use crate::project::Project;
use crate::publish::prepared_uploads;
use crate::registry_calls::RegistryCalls;
use crate::session::Session;

/// A release of which nothing is missing but the uploads.
pub struct Pushed<'a> {
    pub(super) of: Versioned<'a>,
    pub(super) session: Session,
    pub(super) head: Head,
    pub(super) uploads: BTreeMap<PackageName, PreparedUpload>,
    pub(super) at: PushedTo,
}

/// What the remote took before the uploads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushedTo {
    /// The branch that has the release's commit, by its short name, where one was pushed now.
    pub branch: Option<String>,
    /// Whether that is a branch of its own, since the one that was checked out may not be pushed to: it waits to be merged.
    pub waits: bool,
}

impl<'a> Pushed<'a> {
    pub(super) fn make(packed: Packed<'a>, session: Session, events: &Emitter) -> Result<Self, ReleaseError> {
        let Packed { mut of, tarballs, .. } = packed;
        let project = &of.run.project;
        let mut head = match project.git() {
            Some(repository) => repository.head()?,
            None => Head { commit: None, branch: None },
        };
        let taken_up = take_up(&of, &head)?;
        if let Some(taken_up) = &taken_up {
            head.commit = Some(taken_up.commit.clone());
        }
        let observed = with_credentials(project, &session, &of);
        let uploads = prepared_uploads(&observed, &tarballs, head.commit.as_deref())?;
        let (at, record) = push(&of, &head, taken_up.as_ref(), &uploads, events)?;
        if let Some(remote) = of.run.remote.as_mut().filter(|_| record.is_some()) {
            remote.record = record;
        }
        record_prepared(&head, &uploads, events)?;
        Ok(Self { of, session, head, uploads, at })
    }

    /// What the remote took.
    pub fn at(&self) -> &PushedTo {
        &self.at
    }

    /// The plan.
    pub fn plan(&self) -> &ReleasePlan {
        &self.of.plan
    }

    /// Uploads what the plan says, and waits until it can be installed.
    ///
    /// # Errors
    /// [`ReleaseError`] where an event can't be recorded; what becomes of a package is in the report.
    pub async fn publish<P: Person>(
        self,
        person: &P,
        events: &Emitter,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<Published<'a>, ReleaseError> {
        let client = self.session.client.clone();
        self.publish_to(&client, person, events, interrupts).await
    }

    /// The same, to whatever stands for the registries.
    pub(super) async fn publish_to<U: RegistryCalls, P: Person>(
        self,
        registry: &U,
        person: &P,
        events: &Emitter,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<Published<'a>, ReleaseError> {
        Published::send(self, registry, person, events, interrupts).await
    }
}

/// Puts on the disk what is about to be uploaded: it must outlive a power cut, and one sync serves all uploads.
fn record_prepared(
    head: &Head,
    uploads: &BTreeMap<PackageName, PreparedUpload>,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    if uploads.is_empty() {
        return Ok(());
    }
    let versions = uploads.values().map(|upload| PreparedVersion {
        package: upload.name.clone(),
        version: upload.version.clone(),
        registry: upload.registry.clone(),
        integrity: upload.integrity.clone(),
        promotion: upload.promotion.clone(),
    });
    events.emit(Fact::UploadsPrepared { head: head.commit.clone(), versions: versions.collect() })?;
    events.make_durable()
}

/// Pushes what any clone needs to finish the release: the commit, and the record of what is about to be uploaded. What the
/// remote shows afterwards counts.
fn push(
    of: &Versioned<'_>,
    head: &Head,
    taken_up: Option<&TakenUp>,
    uploads: &BTreeMap<PackageName, PreparedUpload>,
    events: &Emitter,
) -> Result<(PushedTo, Option<(String, ReleaseRecord)>), ReleaseError> {
    let Versioned { run, course, owed, .. } = of;
    let (Some(remote), Some(repository)) = (&run.remote, run.project.git()) else {
        return Ok((PushedTo::default(), None));
    };
    let Some(commit) = head.commit.as_deref() else { return Ok((PushedTo::default(), None)) };
    let wanted = owed.branch || (run.request.finish.branch && *course != Course::Owed);
    let branch = head.branch.as_ref().filter(|_| wanted);
    let branch = if branch.is_some() && remote.lacks_head(repository, head)? { branch } else { None };
    let record = if run.keeps_remote_refs() { record(of, remote, commit, uploads, events) } else { None };
    let written = record.as_ref().map(|record| write_record(repository, record, commit)).transpose()?;
    if branch.is_none() && written.is_none() {
        refuse_another_record(run, remote, repository, uploads)?;
        return Ok((PushedTo::default(), None));
    }
    let push = |full_ref: Option<&str>| {
        let branch = full_ref.map(|full_ref| BranchPush { commit, full_ref });
        let record = written.as_deref().map(|new| RecordPush {
            full_ref: RECORD_REF,
            expected: remote.record.as_ref().map(|(id, _)| id.as_str()),
            new,
        });
        repository.push_release(&remote.name, &ReleasePush { branch, record, hooks: run.project.push_hooks() })
    };
    let full_ref = branch.map(|branch| format!("refs/heads/{branch}"));
    let mut pushed = push(full_ref.as_deref())?;
    let mut at = PushedTo { branch: branch.cloned(), waits: false };
    if let (Some(RefPushed::Refused { cause: PushCause::Protected | PushCause::RemoteHook, .. }), Course::Publish) =
        (&pushed.branch, course)
    {
        let waiting = taken_up.map_or_else(
            || format!("{RELEASE_BRANCHES}{}", plan_id(run, &of.plan)),
            |taken_up| format!("refs/heads/{}", taken_up.branch),
        );
        pushed = push(Some(&waiting))?;
        at = PushedTo { branch: waiting.strip_prefix("refs/heads/").map(str::to_owned), waits: true };
    }
    refuse_unpushed(remote, &pushed, at.branch.as_deref())?;
    if written.is_none() {
        refuse_another_record(run, remote, repository, uploads)?;
    }
    let mut refs: Vec<String> = at.branch.iter().map(|branch| format!("{commit}:refs/heads/{branch}")).collect();
    refs.extend(written.iter().map(|id| format!("{id}:{RECORD_REF}")));
    events.emit(Fact::Pushed { remote: remote.name.clone(), refs })?;
    Ok((at, written.zip(record)))
}

/// Where the record that was read tells all already, none is pushed, and so no push tells whether it still stands there: another
/// run may have had the lock since, and put another one in its place. The ref is asked.
fn refuse_another_record(
    run: &Run<'_>,
    remote: &RemoteState,
    repository: &dyn GitCalls,
    uploads: &BTreeMap<PackageName, PreparedUpload>,
) -> Result<(), ReleaseError> {
    let Some((known, _)) = remote.record.as_ref().filter(|_| run.keeps_remote_refs() && !uploads.is_empty()) else {
        return Ok(());
    };
    let now = repository.remote_ref(&remote.name, RECORD_REF)?;
    if now.is_some_and(|now| now.object == *known) {
        return Ok(());
    }
    Err(ReleaseError::RecordMoved { remote: remote.name.clone() })
}

/// Brings the record on the remote up to date: these versions are promoted. Nothing is done where there is none, or where it says
/// so already.
pub(super) fn mark_promoted(run: &Run<'_>, done: &BTreeSet<VersionKey>) -> Result<(), ReleaseError> {
    let (Some(remote), Some(repository)) = (&run.remote, run.project.git()) else { return Ok(()) };
    let Some((id, record)) = remote.record.as_ref().filter(|_| run.request.remote_refs) else { return Ok(()) };
    let Some(record) = record.with_promoted(done) else { return Ok(()) };
    // It comes after the record before, so that all commits that are still named go along.
    let new = write_record(repository, &record, id)?;
    let record = Some(RecordPush { full_ref: RECORD_REF, expected: Some(id), new: &new });
    let pushed = repository.push_release(&remote.name, &ReleasePush { branch: None, record, hooks: Hooks::Skip })?;
    refuse_unpushed(remote, &pushed, None)
}

fn refuse_unpushed(remote: &RemoteState, pushed: &ReleasePushed, branch: Option<&str>) -> Result<(), ReleaseError> {
    let branch = branch.map(|branch| format!("refs/heads/{branch}")).unwrap_or_default();
    let both = [(&pushed.branch, branch.as_str()), (&pushed.record, RECORD_REF)];
    let not_pushed = |full_ref: &str, cause, text: &str| ReleaseError::NotPushed {
        remote: remote.name.clone(),
        full_ref: full_ref.to_owned(),
        cause,
        text: text.to_owned(),
    };
    // The one that was only refused because of the other tells nothing.
    let is_told = |pushed: &Option<RefPushed>| {
        !matches!(pushed, None | Some(RefPushed::There | RefPushed::Refused { cause: PushCause::OtherRef, .. }))
    };
    let first = both
        .iter()
        .find(|(pushed, _)| is_told(pushed))
        .or_else(|| both.iter().find(|(pushed, _)| !matches!(pushed, None | Some(RefPushed::There))));
    match first {
        None => Ok(()),
        Some((Some(RefPushed::Elsewhere { .. }), RECORD_REF)) => {
            Err(ReleaseError::RecordMoved { remote: remote.name.clone() })
        }
        Some((Some(RefPushed::Refused { cause, text, .. }), full_ref)) => Err(not_pushed(full_ref, *cause, text)),
        Some((_, full_ref)) => Err(not_pushed(full_ref, PushCause::Behind, "the remote shows another commit there")),
    }
}

/// The record of this release; nothing where the remote's says it all already.
fn record(
    of: &Versioned<'_>,
    remote: &RemoteState,
    commit: &str,
    uploads: &BTreeMap<PackageName, PreparedUpload>,
    events: &Emitter,
) -> Option<ReleaseRecord> {
    let Versioned { run, plan, accepted, .. } = of;
    let git_tag = |name: &PackageName, version| run.request.finish.tags.then(|| run.project.tag_name(name, version));
    let mut versions: Vec<RecordedVersion> = uploads
        .values()
        .map(|upload| RecordedVersion {
            name: upload.name.clone(),
            version: upload.version.clone(),
            registry: upload.registry.clone(),
            git_tag: git_tag(&upload.name, &upload.version),
            earlier: false,
            promotion: upload.promotion.clone(),
            bytes: vec![RecordedBytes {
                integrity: upload.integrity.clone(),
                commit: commit.to_owned(),
                accepted: false,
            }],
        })
        .collect();
    versions.extend(accepted.iter().map(|one| RecordedVersion {
        name: one.live.name.clone(),
        version: one.live.version.clone(),
        registry: one.live.registry.clone(),
        git_tag: git_tag(&one.live.name, &one.live.version),
        earlier: false,
        promotion: run.sent.pending().get(&one.live.key()).cloned(),
        bytes: run.sent.bytes_of(&one.live.key()).to_vec(),
    }));
    let before = remote.record.as_ref().map(|(_, record)| record);
    if versions.is_empty() || before.is_some_and(|record| record.tells(&versions)) {
        return None;
    }
    let is_tagged = |one: &RecordedVersion| one.git_tag.as_ref().is_none_or(|tag| remote.tags.contains_key(tag));
    let is_finished = |one: &RecordedVersion| is_tagged(one) && !one.waits_for_promotion();
    let Request { command, options, .. } = &run.request;
    let about = About { plan: plan_id(run, plan), command, begun: events.now(), options };
    Some(ReleaseRecord::following(before, about, versions, is_finished))
}

fn plan_id<'p>(run: &'p Run<'_>, plan: &'p ReleasePlan) -> &'p str {
    run.request.saved.as_ref().map_or(&plan.id, |saved| &saved.id)
}

/// Writes the record as an object; it comes after the released commit, so that it takes that one along.
fn write_record(repository: &dyn GitCalls, record: &ReleaseRecord, commit: &str) -> Result<String, ReleaseError> {
    let text = record.to_json();
    let message = format!("relay {}: plan {}", record.command, record.plan);
    let id = repository.write_document(&Document {
        file_name: RECORD_FILE,
        contents: text.as_bytes(),
        parents: &[commit],
        message: &message,
        author: "relay",
        email: "relay@localhost",
        seconds: record.begun.as_second(),
    })?;
    Ok(id)
}

/// The plan stays what it is; only credentials and destinations are looked up again, after the scripts.
fn with_credentials(project: &Project, session: &Session, of: &Versioned<'_>) -> observe::Observed {
    let mut credentials = BTreeMap::new();
    let mut destinations = BTreeMap::new();
    for planned in &of.plan.packages {
        let registry = &planned.registry;
        credentials.insert(planned.name.clone(), session.credentials(&planned.name, registry, &project.config));
        destinations.insert(planned.name.clone(), session.destination(registry, &project.config));
    }
    observe::Observed {
        mint: Mint::of(session),
        plan: of.plan.clone(),
        authorisations: of.authorisations.clone(),
        bumps: of.bumps.clone(),
        change_findings: Vec::new(),
        credentials,
        destinations,
        live: Vec::new(),
        before: BTreeMap::new(),
        evidence: Vec::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
        requests: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(cause: PushCause) -> RefPushed {
        RefPushed::Refused { cause, now: None, text: "no".to_owned() }
    }

    /// What is said of a push of `main` and the record: the ref and the cause, or that it was moved by others.
    fn told(branch: Option<RefPushed>, record: Option<RefPushed>) -> Option<(String, Option<PushCause>)> {
        let remote = RemoteState { name: "origin".to_owned(), ..RemoteState::default() };
        match refuse_unpushed(&remote, &ReleasePushed { branch, record }, Some("main")) {
            Ok(()) => None,
            Err(ReleaseError::NotPushed { full_ref, cause, .. }) => Some((full_ref, Some(cause))),
            Err(ReleaseError::RecordMoved { remote }) => Some((remote, None)),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_push_counts_where_the_remote_shows_all_of_it_and_else_the_one_that_is_at_fault_is_told() {
        let there = || Some(RefPushed::There);
        let elsewhere = || Some(RefPushed::Elsewhere { now: None });
        let other = || Some(refused(PushCause::OtherRef));
        let branch = |cause| Some(("refs/heads/main".to_owned(), Some(cause)));
        let record = |cause| Some((RECORD_REF.to_owned(), Some(cause)));
        for (why, pushed, expected) in [
            ("both are there", (there(), there()), None),
            ("nothing was to be pushed", (None, None), None),
            ("only the record was", (None, there()), None),
            ("the branch is protected", (Some(refused(PushCause::Protected)), other()), branch(PushCause::Protected)),
            ("the record is refused", (other(), Some(refused(PushCause::RemoteHook))), record(PushCause::RemoteHook)),
            ("somebody moved the record", (other(), elsewhere()), Some(("origin".to_owned(), None))),
            ("somebody moved the branch", (elsewhere(), there()), branch(PushCause::Behind)),
            ("each because of the other", (other(), other()), branch(PushCause::OtherRef)),
        ] {
            assert_eq!(told(pushed.0, pushed.1), expected, "{why}");
        }
    }
}
