//! The ninth step: where everything went out under a side tag and all of it can be installed, dist-tags have moved. Afterwards
//! no credential is needed any more: scripts, git tags and pushes end the release.

use std::collections::{BTreeMap, BTreeSet};

use relay_git::Head;
use relay_workspace::{PackageName, Version};
use tokio::sync::mpsc;

use super::promoting::{TagCalls, TagReads, TagWrite, TagWritten, all_wait, in_waves, promote, unpromoted};
use super::pushed::{PushedTo, mark_promoted};
use super::record::VersionKey;
use super::tag_authority::{TagAuthority, tag_authorities};
use super::{Course, Finished, Published, ReleaseError, Versioned, after_upload};
use crate::driver::Person;
use crate::event::{Emitter, Fact, Phase};
use crate::finish::{Finish, FinishOptions, finish, wanted_tags};
use crate::freeze::FreezeOptions;
use crate::prepared_upload::PreparedUpload;
use crate::promotion::{Candidate, DistTags};
use crate::publish::emit_end;
use crate::registry_writes::{
    PlannedWrite, RegistryWrites, WriteContext, WriteFailure, WriteOutcome, carry_out_at_once,
};
use crate::report::{Outcome, PromotionReport, RunReport};
use crate::second_factor::SecondFactorSession;
use crate::state::{How, Parked};

/// A release whose dist-tags are where they belong, as far as that could be done.
pub struct Promoted<'a> {
    of: Versioned<'a>,
    head: Head,
    report: RunReport,
    at: PushedTo,
    /// What scripts changed of what git runs here: git is not started any more then.
    setup_changed: Vec<String>,
}

impl<'a> Promoted<'a> {
    pub(super) async fn make<R: RegistryWrites + TagReads, P: Person>(
        published: Published<'a>,
        registry: &R,
        person: &P,
        events: &Emitter,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<Self, ReleaseError> {
        let Published { of, head, mut report, at, session, uploads, mut second_factor, .. } = published;
        let candidates = candidates(&of, &uploads, &report);
        if !candidates.is_empty() && is_whole(&of, &report) {
            events.emit(Fact::PhaseStarted { phase: Phase::Promote })?;
            let context = WriteContext { registry, person, events, lock: of.remote_lock.as_ref() };
            let authorities = tag_authorities(&of, &candidates, &uploads, &session, &report);
            let project = &of.run.project;
            let at_once = project.config.publish.concurrency;
            let waves = project.graph.waves_of(&candidates.iter().map(|one| one.name.clone()).collect());
            let mut calls = Calls { authorities, context, second_factor: &mut second_factor, interrupts, at_once };
            report.promotion = promote(&mut calls, &in_waves(&candidates, &waves), events).await?;
            report.challenges_answered = second_factor.state.answered_count();
            let done = report.promotion.iter().filter(|one| one.is_done()).map(key).collect();
            if let Err(error) = mark_promoted(&of.run, &done) {
                report.notes.push(format!(
                    "the release record could not be brought up to date, so that the next run looks at the dist-tags again: \
                     {error}"
                ));
            }
        } else {
            report.promotion = all_wait(&candidates);
        }
        Ok(Self { of, head, report, at, setup_changed: Vec::new() })
    }

    /// Runs the scripts that belong after an upload, of what this run published. What goes wrong with them is in the report.
    ///
    /// # Errors
    /// [`ReleaseError`] where an event can't be recorded or git's settings can't be read.
    pub fn run_scripts(mut self, options: FreezeOptions, events: &Emitter) -> Result<Self, ReleaseError> {
        let run = &self.of.run;
        if !run.request.ignore_scripts {
            let options = FreezeOptions { secret_variables: run.project.config.declared_variables(), ..options };
            let before = run.git_setup()?;
            after_upload::run(&run.project, &mut self.report, &options, events)?;
            self.setup_changed = before.differences(&run.git_setup()?);
        }
        Ok(self)
    }

    /// Makes the tags of what is live and promoted, and pushes them, with what earlier runs owe. What goes wrong here is in the
    /// report.
    ///
    /// # Errors
    /// [`ReleaseError::NotRecorded`] where an event can't be recorded.
    pub fn finish(self, events: &Emitter) -> Result<Finished, ReleaseError> {
        let Self { of, head, mut report, at, setup_changed } = self;
        let Versioned { run, remote_lock, course, plan, ready, owed, .. } = of;
        events.emit(Fact::PhaseStarted { phase: Phase::Finish })?;
        let remote = run.remote.as_ref().map(|remote| remote.name.as_str());
        if at.branch.is_some() {
            report.pushed_to = remote.map(str::to_owned);
        }
        if setup_changed.is_empty() {
            let wanted = run.request.finish;
            // What earlier runs owe is no reason to make tags of a release that has nothing to tag.
            let options = FinishOptions { tags: wanted.tags && course != Course::Owed, ..wanted };
            let unpromoted = unpromoted(&report.promotion);
            let end = Finish { options, head, ready: &ready, owed_work: &owed, remote, unpromoted: &unpromoted };
            let refs =
                wanted_tags(&run.project, &report, &end).iter().map(|tag| format!("refs/tags/{}", tag.name)).collect();
            run.writing(refs, || finish(&run.project, &mut report, &end, events).map_err(ReleaseError::from))?;
        } else {
            report.problems.push(format!(
                "scripts of the repository changed what git runs in this clone ({}), so that relay made no tags and pushed \
                 none; look at it, then run the same command again",
                setup_changed.join("; ")
            ));
        }
        let lock_left = remote_lock.and_then(|lock| lock.give_back().err()).map(|error| error.to_string());
        emit_end(&report, events).map_err(crate::publish::PublishRunError::from)?;
        let change_files_left = !run.project.change_files.is_empty();
        Ok(Finished { plan, report, course, change_files_left, lock_left })
    }
}

/// The versions whose dist-tags are to move, dependencies first: what this run brought out, and what earlier ones left.
fn candidates(
    of: &Versioned<'_>,
    uploads: &BTreeMap<PackageName, PreparedUpload>,
    report: &RunReport,
) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = report
        .packages
        .iter()
        .filter_map(|package| {
            let upload = uploads.get(&package.name)?;
            let Outcome::Live { how } = package.outcome else { return None };
            Some(Candidate {
                registry: upload.registry.clone(),
                name: upload.name.clone(),
                version: upload.version.clone(),
                promotion: upload.promotion.clone()?,
                sent_now: how == How::Published,
            })
        })
        .collect();
    let known: BTreeSet<VersionKey> = candidates.iter().map(Candidate::key).collect();
    candidates.extend(of.owed.promotions.iter().filter(|one| !known.contains(&one.key())).cloned());
    let places: BTreeMap<PackageName, usize> = of.run.project.graph.order().into_iter().zip(0..).collect();
    candidates.sort_by_key(|one| places.get(&one.name).copied());
    candidates
}

/// Whether all of the set can be installed: what this run was to bring out, and what earlier ones were to.
fn is_whole(of: &Versioned<'_>, report: &RunReport) -> bool {
    let live: BTreeSet<(PackageName, Version)> = report
        .packages
        .iter()
        .filter(|package| matches!(package.outcome, Outcome::Live { .. }))
        .map(|package| (package.name.clone(), package.version.clone()))
        .collect();
    live.len() == report.packages.len() && of.owed.absent.is_subset(&live)
}

fn key(report: &PromotionReport) -> VersionKey {
    (report.registry.clone(), report.name.clone(), report.version.clone())
}

/// The real registry's side.
struct Calls<'a, 'c, R, P> {
    authorities: BTreeMap<PackageName, Result<TagAuthority, String>>,
    context: WriteContext<'c, R, P>,
    second_factor: &'a mut SecondFactorSession,
    interrupts: &'a mut mpsc::Receiver<()>,
    at_once: usize,
}

impl<R: RegistryWrites + TagReads, P: Person> TagCalls for Calls<'_, '_, R, P> {
    type Stop = ReleaseError;

    async fn dist_tags(&self, of: &Candidate) -> Result<DistTags, String> {
        let credential = match self.authorities.get(&of.name) {
            Some(Ok(of)) => of.authority.reading_credential().await,
            _ => None,
        };
        let tags = self.context.registry.dist_tags_of(&of.registry, &of.name, credential.as_ref()).await;
        tags.map_err(|error| error.to_string())
    }

    async fn write(&mut self, all: Vec<TagWrite<'_>>) -> Result<Vec<TagWritten>, ReleaseError> {
        let planned: Vec<Result<PlannedWrite, String>> = all.into_iter().map(|write| self.planned(write)).collect();
        let writes: Vec<PlannedWrite> = planned.iter().filter_map(|write| write.as_ref().ok().cloned()).collect();
        let reports = carry_out_at_once(&writes, self.at_once, &self.context, self.second_factor, self.interrupts)
            .await
            .map_err(crate::publish::PublishRunError::from)?;
        let mut outcomes = reports.into_iter().map(|report| report.outcome);
        let became = |planned| match planned {
            Ok(_) => outcomes.next().map_or(TagWritten::Interrupted, written),
            Err(why) => TagWritten::Failed { why },
        };
        Ok(planned.into_iter().map(became).collect())
    }

    fn at_once(&self) -> usize {
        self.at_once
    }
}

impl<R, P> Calls<'_, '_, R, P> {
    /// The write with its authority; why there is none, where there is none.
    fn planned(&self, write: TagWrite<'_>) -> Result<PlannedWrite, String> {
        let TagWrite { of, change, seen } = write;
        let known = self.authorities.get(&of.name).cloned();
        let TagAuthority { authority, needs_person } =
            known.unwrap_or_else(|| Err("there is no credential for it".to_owned()))?;
        Ok(PlannedWrite {
            package: of.name.clone(),
            registry: of.registry.clone(),
            change,
            authority,
            needs_person,
            expects: seen,
            after: Vec::new(),
        })
    }
}

fn written(outcome: WriteOutcome) -> TagWritten {
    match outcome {
        WriteOutcome::Done | WriteOutcome::AlreadySo => TagWritten::Done,
        WriteOutcome::Parked(Parked::Interrupted { .. }) => TagWritten::Interrupted,
        WriteOutcome::Parked(Parked::Person { why } | Parked::Registry { why, .. }) => TagWritten::Parked { why },
        // Of writes beside uploads none is either.
        WriteOutcome::Parked(Parked::Visibility { .. } | Parked::Approval { .. }) => {
            TagWritten::Parked { why: "the registry does not show it yet".to_owned() }
        }
        WriteOutcome::Held { by } => TagWritten::Failed { why: format!("it waits for {by}") },
        WriteOutcome::Failed(failure) => TagWritten::Failed { why: words(failure) },
    }
}

fn words(failure: WriteFailure) -> String {
    match failure {
        WriteFailure::Refused(refusal) => refusal.to_string(),
        WriteFailure::TokensDisallowed { credential } => {
            format!(
                "the registry asks for a second factor, and the credential ({credential}) is none with which one is answered"
            )
        }
        WriteFailure::Impossible { why } | WriteFailure::NotAuthorised { why } => why,
        WriteFailure::Unreachable { cause } => cause,
    }
}
