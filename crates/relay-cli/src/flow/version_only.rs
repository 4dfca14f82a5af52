//! A release of which nothing is published: private packages get versions, or change files that ask for none are used up.

use std::sync::Arc;

use relay_engine::event::Fact;
use relay_engine::finish::{Finish, finish};
use relay_engine::observe::Observed;
use relay_engine::owed::OwedWork;
use relay_engine::project::Project;
use relay_engine::report::RunReport;
use relay_engine::state_folder::StateFolder;

use super::{Flow, FlowOptions, checks, events, write_and_commit};
use crate::display::Display;
use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::preflight;
use crate::ui::{Ui, plural};
use crate::wall_clock::WallClock;

/// Writes the versions, commits, tags and pushes.
pub(super) fn run(ui: &Ui, project: &Project, observed: Observed, options: &FlowOptions) -> Result<Flow, CliError> {
    let bumps = &observed.bumps;
    let versions = bumps.bumps.iter().map(|bump| format!("`{}` {} → {}", bump.name, bump.current, bump.next));
    let versions: Vec<String> = versions.collect();
    ui.status(match versions.as_slice() {
        [] if bumps.consumed.is_empty() => "Nothing to publish; the prerelease mode of changesets ends".to_owned(),
        [] => format!("Nothing to publish; {} used up", plural(bumps.consumed.len(), "change file")),
        _ => format!("Nothing to publish; these get versions: {}", versions.join(", ")),
    });
    checks::check_tree(project, options)?;
    preflight::check_manifests(project, bumps.bumps.iter().map(|bump| &bump.name))?;
    preflight::check_commit(project)?;
    if options.finish.push {
        preflight::warn_of_no_remote(ui, project);
    }
    let ready = checks::check_finish(ui, project, &observed, options)?;
    let mut folder = StateFolder::open(&options.state).map_err(explain::state_folder)?;
    let _lock = folder.lock().map_err(explain::state_folder)?;
    if !options.yes && !ui.confirm("Write and commit them?")? {
        return Err(CliError::new(ErrorKind::Interrupted, "nothing was done").hint("the plan was not confirmed"));
    }
    let display = Arc::new(Display::new(ui.clone(), Arc::new(WallClock), project.config.publish.visibility_timeout.0));
    let events = events(options, &display)?;
    let told = |fact: Fact| events.emit(fact).map_err(|error| CliError::of(ErrorKind::User, &error));
    told(options.started(&observed.plan, Vec::new()))?;
    write_and_commit(ui, project, &observed.plan, bumps, &options.state, &told)?;
    let project = super::open(&project.workspace.root, options.concurrency)?;
    let mut report = RunReport::new();
    if let Some(repository) = &project.repository {
        let head = repository.head().map_err(explain::git)?;
        // The branch has a commit that the remote lacks, which nothing that was published would take along.
        let owed_work = OwedWork { branch: options.finish.branch, ..OwedWork::default() };
        let end = Finish { options: options.finish, head, ready: &ready, owed_work: &owed_work };
        finish(&project, &mut report, &end, &events).map_err(|error| CliError::of(ErrorKind::User, &error))?;
    }
    display.clear();
    if !report.problems.is_empty() {
        let error = CliError::user("the new versions are committed, and their end in git did not go through")
            .hint("put it right, and push: `git push --follow-tags`")
            .code("relay::git::finish");
        return Err(report.problems.into_iter().fold(error, CliError::cause));
    }
    Ok(Flow { plan: observed.plan, report: None, change_files_left: !project.change_files.is_empty() })
}
