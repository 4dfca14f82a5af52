//! A version step that an earlier run did not bring to its end: finished by the next command that writes, told by those
//! that only read.

use camino::Utf8Path;
use relay_engine::project::Project;
use relay_engine::state_folder::StateFolder;
use relay_engine::versioning::commit_versions;
use relay_engine::versioning::write_set::{Progress, WriteSet};

use crate::error::CliError;
use crate::error::engine as explain;
use crate::ui::Ui;

/// Finishes the step, with its commit if it was to have one. Says whether the project has to be read again.
pub(crate) fn finish(ui: &Ui, project: &Project, state: &Utf8Path) -> Result<bool, CliError> {
    if find(project, state)?.is_none() {
        return Ok(false);
    }
    let mut folder = StateFolder::open(state).map_err(explain::state_folder)?;
    let _lock = folder.lock().map_err(explain::state_folder)?;
    // Until the lock was held, the run that wrote the record may have been at work.
    let Some(set) = find(project, state)? else { return Ok(true) };
    let progress = set.finish(project, state).map_err(explain::write_set)?;
    let message = if progress == Progress::Untouched {
        None
    } else {
        ui.status("Finished the version step of an earlier run, which had been interrupted");
        owed_message(project, &set)?
    };
    if let Some(commit) = commit_versions(project, state, set.paths(), message).map_err(explain::commit_versions)? {
        ui.status(format!("Committed {}", commit.get(..10).unwrap_or(&commit)));
    }
    Ok(true)
}

/// The message of the step's commit, unless that was made before the interruption.
fn owed_message<'a>(project: &Project, set: &'a WriteSet) -> Result<Option<&'a str>, CliError> {
    let (Some(repository), Some(message)) = (&project.repository, &set.commit) else { return Ok(None) };
    let changed = repository.uncommitted().map_err(explain::git)?;
    let owed = set.paths().any(|path| changed.iter().any(|changed| changed == project.in_repository(path).as_str()));
    Ok(owed.then_some(message))
}

/// Tells of the step without touching anything.
pub(crate) fn warn(ui: &Ui, project: &Project, state: &Utf8Path) -> Result<(), CliError> {
    let Some(set) = find(project, state)? else { return Ok(()) };
    match set.progress(project, state) {
        Ok(Progress::Untouched) => {}
        Ok(Progress::Partial) => ui.warning(
            "an earlier version step was interrupted, and only some of its files are written; `relay release` or \
             `relay version` finishes it first",
        ),
        Ok(Progress::Complete) => ui.warning(
            "an earlier version step was interrupted when its files were written and not committed yet; `relay release` \
             or `relay version` commits them first",
        ),
        Err(error) => ui.warning(error.to_string()),
    }
    Ok(())
}

fn find(project: &Project, state: &Utf8Path) -> Result<Option<WriteSet>, CliError> {
    WriteSet::find(project, state).map_err(explain::write_set)
}
