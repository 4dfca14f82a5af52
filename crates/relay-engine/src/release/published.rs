//! The eighth step: the uploads.

use std::collections::BTreeMap;

use relay_config::RouteKind;
use relay_plan::ReleasePlan;
use relay_values::DistTag;
use relay_workspace::PackageName;
use tokio::sync::mpsc;

use super::pushed::PushedTo;
use super::{Course, ForeignVersion, Promoted, Pushed, ReleaseError, Versioned};
use crate::driver::{DriverContext, Person};
use crate::event::{Emitter, Fact, Phase};
use crate::prepared_upload::PreparedUpload;
use crate::project::Project;
use crate::publish::{Lessons, jobs, publish, requests_max};
use crate::registry_calls::RegistryCalls;
use crate::report::{Outcome, PackageReport, RunReport};
use crate::second_factor::SecondFactorSession;
use crate::session::Session;
use crate::state::Failure;

/// A release whose uploads have come to their end, whatever that is for each.
pub struct Published<'a> {
    pub(super) of: Versioned<'a>,
    pub(super) head: relay_git::Head,
    pub(super) report: RunReport,
    forgotten: Option<String>,
    pub(super) at: PushedTo,
    pub(super) session: Session,
    pub(super) uploads: BTreeMap<PackageName, PreparedUpload>,
    pub(super) second_factor: SecondFactorSession,
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
        let mut second_factor = SecondFactorSession::begin(session.person, session.otp.clone());
        if of.course != Course::Publish {
            let report = RunReport::new();
            return Ok(Self { of, head, report, forgotten: None, at, session, uploads, second_factor });
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
            requests_max: requests_max(project.config.publish.concurrency),
            lock: of.remote_lock.as_ref(),
            read_at: run.read_at,
        };
        let lessons = Lessons { learnt: &mut run.learnt, today: session.today() };
        let mut report =
            publish(plan, jobs, &context, &project.config, lessons, &mut second_factor, interrupts).await?;
        report.packages.extend(of.foreign.iter().map(|foreign| foreign_report(project, foreign)));
        let forgotten = run.place.keep_learnt(&run.learnt).err().map(|error| error.to_string());
        Ok(Self { of, head, report, forgotten, at, session, uploads, second_factor })
    }

    /// Why what this run learnt can't be kept, if it can't.
    pub fn forgotten(&self) -> Option<&str> {
        self.forgotten.as_deref()
    }

    /// Moves the dist-tags of what went out under a side tag, where all of the set can be installed; with it what earlier runs left.
    /// What goes wrong here is in the report.
    ///
    /// # Errors
    /// [`ReleaseError`] where an event can't be recorded, or the lock of the remote is lost.
    pub async fn promote<P: Person>(
        self,
        person: &P,
        events: &Emitter,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<Promoted<'a>, ReleaseError> {
        let client = self.session.client.clone();
        Promoted::make(self, &client, person, events, interrupts).await
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
