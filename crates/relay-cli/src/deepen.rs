//! `--unshallow`: the history that a shallow clone lacks is fetched before anything is read.

use relay_engine::project::Project;

use crate::cli::shared::HistoryFlags;
use crate::error::CliError;
use crate::error::engine as explain;
use crate::ui::Ui;

/// Fetches the rest of the history where the flag asks for it and something is lacking; says whether the project must be
/// opened anew.
pub(crate) fn unshallow(ui: &Ui, project: &Project, flags: &HistoryFlags) -> Result<bool, CliError> {
    let Some(repository) = project.repository.as_ref().filter(|_| flags.unshallow) else { return Ok(false) };
    if !repository.is_shallow() {
        return Ok(false);
    }
    ui.status("Fetching the rest of the history ...");
    repository.unshallow().map_err(|error| {
        explain::git(error)
            .context("the clone is shallow, and what it lacks can't be fetched")
            .hint(format!("try it by hand: `{}`", repository.unshallow_command()))
    })?;
    Ok(true)
}
