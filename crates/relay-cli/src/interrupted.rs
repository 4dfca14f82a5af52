//! The words for a version step that an earlier run did not bring to its end.

use camino::Utf8Path;
use relay_engine::project::Project;
use relay_engine::release::{InterruptedStep, interrupted_step};
use relay_engine::versioning::write_set::Progress;

use crate::error::CliError;
use crate::error::engine as explain;
use crate::ui::Ui;

/// Tells what was found and done.
pub(crate) fn tell(ui: &Ui, step: Option<&InterruptedStep>) {
    match step {
        None | Some(InterruptedStep::Left(Ok(Progress::Untouched))) => {}
        Some(InterruptedStep::Finished { commit }) => {
            ui.status("Finished the version step of an earlier run, which had been interrupted");
            if let Some(commit) = commit {
                ui.status(format!("Committed {}", commit.get(..10).unwrap_or(commit)));
            }
        }
        Some(InterruptedStep::Left(Ok(Progress::Partial))) => ui.warning(
            "an earlier version step was interrupted, and only some of its files are written; `relay release` or \
             `relay version` finishes it first",
        ),
        Some(InterruptedStep::Left(Ok(Progress::Complete))) => ui.warning(
            "an earlier version step was interrupted when its files were written and not committed yet; `relay release` \
             or `relay version` commits them first",
        ),
        Some(InterruptedStep::Left(Err(error))) => ui.warning(error.to_string()),
    }
}

/// Tells of such a step without touching anything.
pub(crate) fn warn(ui: &Ui, project: &Project, state: &Utf8Path) -> Result<(), CliError> {
    let step = interrupted_step(project, state).map_err(explain::write_set)?;
    tell(ui, step.map(InterruptedStep::Left).as_ref());
    Ok(())
}
