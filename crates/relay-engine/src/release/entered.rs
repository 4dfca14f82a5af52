//! The first step: no other run is at work in this clone, what an earlier run left half-written is finished, and what is
//! remembered of earlier runs is read.

use std::rc::Rc;

use camino::Utf8Path;

use super::remote::{Look, RemoteError, RemoteState};
use super::sent::SentBefore;
use super::workplace::{OnDisk, Workplace};
use super::{Observed, ProjectReader, ReleaseError, Request, Run, git_writes};
use crate::journal::{self, IllegalJournal, PastUploads, Replayed};
use crate::learnt::Learnt;
use crate::project::Project;
use crate::session::Session;
use crate::state_folder::RunLock;
use crate::versioning::commit_versions;
use crate::versioning::write_set::{Progress, WriteSet, WriteSetError};

/// A run that has begun.
pub struct Entered<'a> {
    pub(super) run: Box<Run<'a>>,
    pub(super) lock: Option<RunLock>,
    interrupted: Option<InterruptedStep>,
    illegal_journal: Option<IllegalJournal>,
}

/// A version step that an earlier run did not bring to its end.
#[derive(Debug)]
pub enum InterruptedStep {
    /// It was finished now, with its commit where that was still to be made.
    Finished {
        /// The commit that was made now.
        commit: Option<String>,
    },
    /// It was left as it is, since this run only reads.
    Left(Result<Progress, WriteSetError>),
}

impl<'a> Entered<'a> {
    /// Begins a run.
    ///
    /// # Errors
    /// [`ReleaseError`]: the project can't be read, another run is at work in this clone, or a version step of an earlier run
    /// can't be finished.
    pub async fn enter(request: Request, read_project: ProjectReader<'a>) -> Result<Self, ReleaseError> {
        let mut project = read_project()?;
        let mut lock = None;
        let mut interrupted = interrupted_step(&project, &request.state)?.map(InterruptedStep::Left);
        if !request.dry_run {
            // A run that writes just now must not be taken for one that was interrupted, nor its files for somebody's changes.
            RunLock::refuse_if_busy(&request.state)?;
            if interrupted.is_some() || git_writes::is_there(&request.state) {
                lock = Some(RunLock::take(&request.state, &request.holder)?);
                git_writes::clear(&project, &request.state, &request.holder, &request.clock).await?;
                interrupted = finish_interrupted_step(&project, &request.state)?;
                project = read_project()?;
            }
        }
        let place = Rc::new(OnDisk { state: request.state.clone() });
        let Replayed { past_uploads, illegal: illegal_journal } = read_journal(&request, &mut lock)?;
        let learnt = Learnt::read(&request.state);
        let run = Run::begin(request, (place, read_project), project, (past_uploads, learnt));
        Ok(Self { run: Box::new(run), lock, interrupted, illegal_journal })
    }

    /// Goes on where nothing of an earlier run stands half-written.
    #[cfg(test)]
    pub(super) fn with(run: Run<'a>) -> Self {
        Self { run: Box::new(run), lock: None, interrupted: None, illegal_journal: None }
    }

    /// The project as it is now.
    pub fn project(&self) -> &Project {
        &self.run.project
    }

    /// What was found of an earlier run's version step, if anything.
    pub fn interrupted(&self) -> Option<&InterruptedStep> {
        self.interrupted.as_ref()
    }

    /// The journal of earlier runs, where it is not believed.
    pub fn illegal_journal(&self) -> Option<&IllegalJournal> {
        self.illegal_journal.as_ref()
    }

    /// Reads everything and makes the plan.
    ///
    /// # Errors
    /// [`ReleaseError`]: something can't be read, or the world has drifted from the saved plan.
    pub async fn observe(mut self, session: Session) -> Result<Observed<'a>, ReleaseError> {
        let unseen = self.run.see_remote()?;
        Observed::read(self.run, (self.lock, unseen), session).await
    }
}

impl<'a> Run<'a> {
    /// A run of which nothing was observed yet.
    pub(super) fn begin(
        request: Request,
        (place, read_project): (Rc<dyn Workplace>, ProjectReader<'a>),
        project: Project,
        (past_uploads, learnt): (PastUploads, Learnt),
    ) -> Self {
        let sent = SentBefore::of(&past_uploads, None);
        Self { request, place, read_project, project, past_uploads, learnt, remote: None, sent, read_at: None }
    }

    /// Looks at the remote, where something may be pushed to one. Gives why it can't be seen: that is no error where nothing is
    /// to be done.
    fn see_remote(&mut self) -> Result<Option<RemoteError>, ReleaseError> {
        let Some(repository) = self.project.git() else { return Ok(None) };
        let head = repository.head()?;
        let Some(name) = repository.remote_name().filter(|_| self.request.finish.push && head.commit.is_some()) else {
            return Ok(None);
        };
        let look = Look { own_refs: self.keeps_remote_refs(), lock: false, reads_only: self.request.dry_run };
        match RemoteState::read(&self.project, repository, name, look) {
            Ok(remote) => {
                self.sent = SentBefore::of(&self.past_uploads, remote.record.as_ref().map(|(_, record)| record));
                self.remote = Some(remote);
                Ok(None)
            }
            Err(error) => Ok(Some(error)),
        }
    }
}

/// What the journal tells. One that is full, or not believed, makes room for a new one, where this run may write.
fn read_journal(request: &Request, lock: &mut Option<RunLock>) -> Result<Replayed, ReleaseError> {
    let state = &request.state;
    let replayed = journal::replay(state);
    if request.dry_run || (replayed.illegal.is_none() && !journal::is_full(state)) {
        return Ok(replayed);
    }
    if lock.is_none() {
        *lock = Some(RunLock::take(state, &request.holder)?);
    }
    // Nobody writes to it any more.
    let mut replayed = journal::replay(state);
    if let Some(illegal) = &mut replayed.illegal {
        journal::set_aside(illegal)?;
    } else if journal::is_full(state) {
        journal::put_away(state)?;
        return Ok(Replayed::default());
    }
    Ok(replayed)
}

/// Looks for a version step that was interrupted, and how far it had come; touches nothing.
///
/// # Errors
/// [`WriteSetError`] where its record can't be read.
pub fn interrupted_step(
    project: &Project,
    state: &Utf8Path,
) -> Result<Option<Result<Progress, WriteSetError>>, WriteSetError> {
    Ok(WriteSet::find(project, state)?.map(|set| set.progress(project, state)))
}

/// Finishes a version step that was interrupted, with its commit if it was to have one. The lock must be held. The project is
/// to be read again where there was one.
///
/// # Errors
/// [`ReleaseError`] where it can't be finished.
pub fn finish_interrupted_step(project: &Project, state: &Utf8Path) -> Result<Option<InterruptedStep>, ReleaseError> {
    let Some(set) = WriteSet::find(project, state)? else { return Ok(None) };
    let progress = set.finish(project, state)?;
    let message = if progress == Progress::Untouched { None } else { owed_message(project, &set)? };
    let commit = commit_versions(project, state, set.paths(), message)?;
    Ok((progress != Progress::Untouched).then_some(InterruptedStep::Finished { commit }))
}

/// The message of the step's commit, unless that was made before the interruption.
fn owed_message<'a>(project: &Project, set: &'a WriteSet) -> Result<Option<&'a str>, ReleaseError> {
    let (Some(repository), Some(message)) = (project.git(), &set.commit) else { return Ok(None) };
    let changed = repository.uncommitted()?;
    let owed = set.paths().any(|path| changed.iter().any(|changed| changed == project.in_repository(path).as_str()));
    Ok(owed.then_some(message))
}
