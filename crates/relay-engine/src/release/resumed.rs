//! What there is to go on with: the last run of this clone that did not come to its end, else the release that the remote's
//! record tells of, whatever machine began it.

use camino::Utf8Path;
use jiff::Timestamp;

use super::remote::{Look, RemoteState};
use crate::journal::{PastUploads, replay};
use crate::project::Project;
use crate::run_options::RunOptions;

/// A run that is gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// When it began.
    pub begun: Timestamp,
    /// What it was asked for.
    pub options: RunOptions,
    /// The remote whose record tells of it; `None` where this clone's journal does.
    pub remote: Option<String>,
}

impl Resumed {
    /// Looks for one. Nothing is found where all is finished, or where the remote can't be read: the run itself will say so.
    pub fn find(project: &Project, state: &Utf8Path, with_remote: bool) -> Option<Self> {
        Self::among(&replay(state).past_uploads, project, with_remote)
    }

    /// The same with a journal that has been read.
    pub(super) fn among(journal: &PastUploads, project: &Project, with_remote: bool) -> Option<Self> {
        if let Some(run) = journal.unfinished_run() {
            return Some(Self { begun: run.at, options: run.options.clone(), remote: None });
        }
        let repository = project.git().filter(|_| with_remote)?;
        let name = repository.remote_name()?;
        let look = Look { own_refs: project.config.git.remote_lock, lock: false, reads_only: true };
        let remote = RemoteState::read(project, repository, name, look).ok()?;
        let (_, record) = remote.record?;
        record.is_unfinished(|tag| remote.tags.contains_key(tag)).then(|| Self {
            begun: record.begun,
            options: RunOptions { releases: record.options.releases || record.command == "release", ..record.options },
            remote: Some(remote.name),
        })
    }
}
