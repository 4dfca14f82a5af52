//! The last steps: the uploads, and then tags and pushes.

use relay_config::RouteKind;
use relay_plan::ReleasePlan;
use relay_values::DistTag;
use tokio::sync::mpsc;

use super::after_upload;
use super::pushed::PushedTo;
use super::{Course, ForeignVersion, Pushed, ReleaseError, Versioned};
use crate::driver::{DriverContext, Person};
use crate::event::{Emitter, Fact, Phase};
use crate::finish::{Finish, FinishOptions, finish, wanted_tags};
use crate::freeze::FreezeOptions;
use crate::project::Project;
use crate::publish::{Lessons, emit_end, jobs, publish, reads_max};
use crate::registry_calls::RegistryCalls;
use crate::report::{Outcome, PackageReport, RunReport};
use crate::second_factor::SecondFactorSession;
use crate::state::Failure;

/// A release whose uploads have come to their end, whatever that is for each.
pub struct Published<'a> {
    of: Versioned<'a>,
    head: relay_git::Head,
    report: RunReport,
    forgotten: Option<String>,
    at: PushedTo,
    /// What scripts changed of what git runs here: git is not started any more then.
    setup_changed: Vec<String>,
}

/// A release that has come to its end.
#[derive(Debug)]
pub struct Finished {
    /// The plan that was carried out.
    pub plan: ReleasePlan,
    /// What became of it.
    pub report: RunReport,
    /// What there was to do.
    pub course: Course,
    /// Whether change files are left that no release has used.
    pub change_files_left: bool,
    /// Why the lock of the remote could not be given back, if it couldn't: others wait until it expires.
    pub lock_left: Option<String>,
}

impl<'a> Published<'a> {
    pub(super) async fn send<U: RegistryCalls, P: Person>(
        pushed: Pushed<'a>,
        registry: &U,
        person: &P,
        events: &Emitter,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<Self, ReleaseError> {
        let Pushed { mut of, session, head, uploads, at } = pushed;
        if of.course != Course::Publish {
            return Ok(Self { of, head, report: RunReport::new(), forgotten: None, at, setup_changed: Vec::new() });
        }
        let run = &mut of.run;
        let (project, plan) = (&run.project, &of.plan);
        let members = plan.packages.iter().map(|planned| planned.name.clone()).collect();
        let chain_lengths = project.graph.chain_lengths(&members);
        let of_graph = (&project.graph, &chain_lengths);
        let jobs = jobs(plan, of_graph, &uploads, &project.config, &run.past_uploads, &of.foreign);
        events.emit(Fact::PhaseStarted { phase: Phase::Publish })?;
        let context = DriverContext {
            prepared_uploads: &uploads,
            registry,
            person,
            events,
            reads_max: reads_max(project.config.publish.concurrency),
            lock: of.remote_lock.as_ref(),
            read_at: run.read_at,
        };
        let mut second_factor = SecondFactorSession::begin(session.person, session.otp.clone());
        let lessons = Lessons { learnt: &mut run.learnt, today: session.today() };
        let mut report =
            publish(plan, jobs, &context, &project.config, lessons, &mut second_factor, interrupts).await?;
        report.packages.extend(of.foreign.iter().map(|foreign| foreign_report(project, foreign)));
        let forgotten = run.place.keep_learnt(&run.learnt).err().map(|error| error.to_string());
        Ok(Self { of, head, report, forgotten, at, setup_changed: Vec::new() })
    }

    /// Why what this run learnt can't be kept, if it can't.
    pub fn forgotten(&self) -> Option<&str> {
        self.forgotten.as_deref()
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

    /// Makes the tags of what is live and pushes them, with what earlier runs owe. What goes wrong here is in the report.
    ///
    /// # Errors
    /// [`ReleaseError::NotRecorded`] where an event can't be recorded.
    pub fn finish(self, events: &Emitter) -> Result<Finished, ReleaseError> {
        let Self { of, head, mut report, at, setup_changed, .. } = self;
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
            let end = Finish { options, head, ready: &ready, owed_work: &owed, remote };
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

/// A package that this run left alone, since others' bytes stand under its version.
fn foreign_report(project: &Project, foreign: &ForeignVersion) -> PackageReport {
    let ForeignVersion { live, there, ours } = foreign;
    let path = project.workspace.package(&live.name).map(|package| package.path.to_string()).unwrap_or_default();
    PackageReport {
        name: live.name.clone(),
        path,
        version: live.version.clone(),
        registry: live.registry.clone(),
        route: RouteKind::Blocked,
        reason: "somebody else published this version".to_owned(),
        uploads: 0,
        tag: DistTag::latest(),
        outcome: Outcome::Failed(Failure::OtherBytes { there: there.to_string(), ours: ours.to_string() }),
    }
}
