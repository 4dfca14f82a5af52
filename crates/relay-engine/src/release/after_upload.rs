//! What runs once packages are out: their `publish` and `postpublish` scripts, as npm runs them after each upload. By then all
//! credentials are forgotten, so that no script runs while one can be read (invariant S3); and nothing that a script does can
//! take back what is out, so that a failure is told and stops nothing.

use std::sync::atomic::Ordering;

use relay_pack::lifecycle::{self, ScriptError};
use relay_workspace::PackageName;

use crate::event::{Emitter, NotRecorded};
use crate::freeze::{FreezeError, FreezeOptions, run_script};
use crate::project::Project;
use crate::report::RunReport;

/// Runs them for the packages that this run published, in publish order. What goes wrong is added to the report's problems.
///
/// # Errors
/// [`NotRecorded`] where an event can't be recorded.
pub(super) fn run(
    project: &Project,
    report: &mut RunReport,
    options: &FreezeOptions,
    events: &Emitter,
) -> Result<(), NotRecorded> {
    let published: Vec<_> = report.published().map(|package| (package.name.clone(), package.version.clone())).collect();
    let mut left_out: Vec<PackageName> = Vec::new();
    for (name, version) in published {
        let Some(package) = project.workspace.package(&name) else { continue };
        for event in lifecycle::after_upload() {
            if package.manifest.script(event).is_none() {
                continue;
            }
            if options.stop.load(Ordering::Relaxed) {
                left_out.push(name.clone());
                break;
            }
            match run_script(project, package, event, options, events) {
                Ok(_) => {}
                Err(FreezeError::Script(ScriptError::Interrupted { .. })) => {
                    left_out.push(name.clone());
                    break;
                }
                Err(FreezeError::NotRecorded(error)) => return Err(error),
                Err(error) => {
                    report.problems.push(format!("`{name}@{version}` is published, but {error}"));
                    // As with npm, the second is not run when the first has failed.
                    break;
                }
            }
        }
    }
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.iter().map(|name| format!("`{name}`")).collect();
        report.problems.push(format!(
            "relay was asked to stop, so that the scripts after the upload (`publish`, `postpublish`) of {} did not run to \
             their end; run them by hand where they are needed",
            names.join(", ")
        ));
    }
    Ok(())
}
