//! The last steps: the uploads, and then tags and pushes.

use relay_plan::ReleasePlan;
use tokio::sync::mpsc;

use super::{Course, Pushed, ReleaseError, Versioned};
use crate::driver::{DriverContext, Person};
use crate::event::{Emitter, Fact, Phase};
use crate::finish::{Finish, FinishOptions, finish};
use crate::publish::{emit_end, jobs, publish, reads_max};
use crate::report::RunReport;

/// A release whose uploads have come to their end, whatever that is for each.
pub struct Published<'a> {
    of: Versioned<'a>,
    head: relay_git::Head,
    report: RunReport,
    forgotten: Option<String>,
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
}

impl<'a> Published<'a> {
    pub(super) async fn send<P: Person>(
        pushed: Pushed<'a>,
        person: &P,
        events: &Emitter,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<Self, ReleaseError> {
        let Pushed { mut of, session, head, uploads } = pushed;
        if of.plan.is_empty() {
            return Ok(Self { of, head, report: RunReport::new(), forgotten: None });
        }
        let run = &mut of.run;
        let (project, plan) = (&run.project, &of.plan);
        let members = plan.packages.iter().map(|planned| planned.name.clone()).collect();
        let jobs = jobs(plan, &project.graph.chain_lengths(&members), &uploads, &project.config, &run.past_uploads);
        events.emit(Fact::PhaseStarted { phase: Phase::Publish })?;
        let context = DriverContext {
            prepared_uploads: &uploads,
            registry: &session.client,
            person,
            events,
            reads_max: reads_max(project.config.publish.concurrency),
            otp: session.otp.clone(),
        };
        let report = publish(plan, jobs, &context, &session, &project.config, &mut run.learnt, interrupts).await?;
        let forgotten = run.learnt.write(&run.request.state).err().map(|error| error.to_string());
        Ok(Self { of, head, report, forgotten })
    }

    /// Why what this run learnt can't be kept, if it can't.
    pub fn forgotten(&self) -> Option<&str> {
        self.forgotten.as_deref()
    }

    /// Makes the tags of what is live and pushes them, with what earlier runs owe. What goes wrong here is in the report.
    ///
    /// # Errors
    /// [`ReleaseError::NotRecorded`] where an event can't be recorded.
    pub fn finish(self, events: &Emitter) -> Result<Finished, ReleaseError> {
        let Self { of, head, mut report, .. } = self;
        let Versioned { run, course, plan, ready, mut owed, .. } = of;
        events.emit(Fact::PhaseStarted { phase: Phase::Finish })?;
        let wanted = run.request.finish;
        // What earlier runs owe is no reason to make tags of a release that has nothing to tag.
        let publishes = course != Course::Owed;
        let options = FinishOptions { tags: wanted.tags && publishes, branch: wanted.branch && publishes, ..wanted };
        match course {
            // The branch has a commit that the remote lacks, which nothing that was published would take along.
            Course::VersionsOnly => owed.branch |= wanted.branch,
            Course::Owed | Course::Publish => {}
        }
        let end = Finish { options, head, ready: &ready, owed_work: &owed };
        finish(&run.project, &mut report, &end, events)?;
        emit_end(&report, events).map_err(crate::publish::PublishRunError::from)?;
        let change_files_left = !run.project.change_files.is_empty();
        Ok(Finished { plan, report, course, change_files_left })
    }
}
