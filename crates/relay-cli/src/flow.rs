//! The way of a release, shared by `release`, `publish`, `resume` and `rehearse`: observe, show, ask, version, pack,
//! publish, finish, report.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use relay_change::BumpPlan;
use relay_engine::agreed_settings::AgreedSettings;
use relay_engine::driver::{DriverContext, Person};
use relay_engine::event::{Emitter, Fact, NotRecorded, Phase, Subscriber};
use relay_engine::finish::{Finish, FinishOptions, finish};
use relay_engine::freeze::{FreezeOptions, freeze};
use relay_engine::journal::{Journal, PastUploads};
use relay_engine::learnt::Learnt;
use relay_engine::observe::{Intent, Observed, observe};
use relay_engine::owed::{OwedWork, push};
use relay_engine::packing_ahead::{PackingAhead, has_scripts};
use relay_engine::project::Project;
use relay_engine::publish::{emit_end, jobs, prepared_uploads, publish, reads_max};
use relay_engine::report::RunReport;
use relay_engine::session::Session;
use relay_engine::state_folder::StateFolder;
use relay_engine::versioning::{commit_versions, write_versions};
use relay_git::Head;
use relay_pack::{concerns, unmatched_entries};
use relay_plan::{ReleasePlan, Severity};
use relay_registry::struck_out;
use relay_values::CredentialId;
use relay_workspace::PackageName;

use crate::ci_output;
use crate::display::Display;
use crate::dry_run;
use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::interrupted;
use crate::log_file::LogFile;
use crate::npm_choice;
use crate::preflight;
use crate::saved_digests;
use crate::stop::StopRequests;
use crate::ui::Ui;
use crate::wall_clock::WallClock;

mod checks;
mod version_only;

/// How often it is said that the registry is still waited for.
const REMINDER_INTERVAL: Duration = Duration::from_secs(15);

/// What a release may do and how it is asked for.
pub(crate) struct FlowOptions {
    /// Release or publish.
    pub(crate) intent: Intent,
    /// The command's name, for the journal.
    pub(crate) command: &'static str,
    /// Whether to act without asking.
    pub(crate) yes: bool,
    /// Whether to stop after the plan and a look at the tarballs.
    pub(crate) dry_run: bool,
    /// A saved plan that must still hold.
    pub(crate) saved: Option<ReleasePlan>,
    /// The saved plan's file, which may lie in the working tree.
    pub(crate) saved_path: Option<Utf8PathBuf>,
    /// Whether lifecycle scripts are left out.
    pub(crate) ignore_scripts: bool,
    /// Tags and pushes.
    pub(crate) finish: FinishOptions,
    /// Where events are logged.
    pub(crate) log_file: Option<Utf8PathBuf>,
    /// Where relay keeps its state.
    pub(crate) state: Utf8PathBuf,
    /// Uploads in flight, where a flag says so.
    pub(crate) concurrency: Option<usize>,
    /// Whether the plan is printed before anything is done.
    pub(crate) show_plan: bool,
}

impl FlowOptions {
    /// The event that begins a run. A saved plan is known by its own id, whatever was observed since.
    fn started(&self, plan: &ReleasePlan, packages: Vec<PackageName>) -> Fact {
        let plan = self.saved.as_ref().map_or(&plan.id, |saved| &saved.id).clone();
        Fact::RunStarted { command: self.command.to_owned(), plan, packages, push: self.finish.push }
    }
}

/// What a flow came to.
pub(crate) struct Flow {
    /// The plan.
    pub(crate) plan: ReleasePlan,
    /// What became of it; `None` where nothing was to be done or only a dry run was wanted.
    pub(crate) report: Option<RunReport>,
    /// Whether there are change files that no release has used.
    pub(crate) change_files_left: bool,
}

/// Makes sessions: one to plan and publish with; where scripts run in between, another one after them, so that no credential
/// is in memory while they run (invariant S3).
pub(crate) type SessionMaker<'a> = &'a (dyn Fn(&Project) -> Result<Session, CliError> + Sync);

/// Runs a release in the repository around `root`.
#[expect(clippy::disallowed_methods, reason = "scripts get the environment that the command has")]
#[expect(clippy::too_many_lines, reason = "the steps of a run, one after the other, in one place")]
pub(crate) async fn run<P: Person>(
    ui: &Ui,
    root: &Utf8Path,
    make_session: SessionMaker<'_>,
    person: &P,
    options: FlowOptions,
    stop: &mut StopRequests,
) -> Result<Flow, CliError> {
    let mut project = open(root, options.concurrency)?;
    if options.dry_run {
        interrupted::warn(ui, &project, &options.state)?;
    } else if interrupted::finish(ui, &project, &options.state)? {
        project = open(root, options.concurrency)?;
    }
    let past_uploads = PastUploads::read(&options.state);
    let mut learnt = Learnt::read(&options.state);
    let session = make_session(&project)?;
    // Nothing may change a file between this packing and the upload: no version step, no time that a person takes.
    let packing_ahead = (options.intent == Intent::Publish && options.yes && !options.dry_run)
        .then(|| PackingAhead::begin(&project.workspace, &project.packing, options.ignore_scripts))
        .flatten();
    let observed = stop.or(patiently(ui, observe(&project, &session, &learnt, options.intent))).await?;
    let mut observed = observed.map_err(explain::observe)?;
    let packed_ahead = packing_ahead.map(PackingAhead::end).unwrap_or_default();
    ui.warnings(&observed.warnings);
    for note in &observed.notes {
        ui.hint(note);
    }
    checks::refuse_drift(ui, &project, options.saved.as_ref(), &mut observed, &past_uploads)?;
    if options.show_plan {
        show_plan(ui, &observed.plan);
    }
    ci_output::annotate_findings(&observed.plan, Severity::Warning, ui);
    let find_owed_work = || -> Result<OwedWork, CliError> {
        let owed_work =
            OwedWork::find(&project, &observed.live, &past_uploads, options.finish).map_err(explain::git)?;
        if !owed_work.made.is_empty() {
            ui.status(format!("Tagged what went live since the last run: {}", owed_work.made.join(", ")));
        }
        Ok(owed_work)
    };
    if observed.plan.is_empty() && options.intent == Intent::Release && !observed.bumps.is_empty() && !options.dry_run {
        return version_only::run(ui, &project, observed, &options);
    }
    if observed.plan.is_empty() {
        if !options.dry_run && !past_uploads.is_empty() {
            let mut folder = StateFolder::open(&options.state).map_err(explain::state_folder)?;
            let _lock = folder.lock().map_err(explain::state_folder)?;
            let owed_work = find_owed_work()?;
            if owed_work.wants_push() || !owed_work.made.is_empty() {
                pay(ui, &project, &owed_work, &options, &observed.plan)?;
            }
        } else if let Some(path) = &options.log_file {
            LogFile::create(path)?;
        }
        if options.intent == Intent::Release {
            ui.hint(preflight::why_not_published(&project, &observed.bumps));
        }
        return Ok(Flow { plan: observed.plan, report: None, change_files_left: !project.change_files.is_empty() });
    }
    if observed.plan.has_errors() {
        if options.command != "rehearse" {
            ci_output::summarise_refused(&observed.plan, ui);
        }
        return Err(explain::findings(&observed.plan));
    }
    checks::check_tree(&project, &options)?;
    if options.intent == Intent::Publish {
        preflight::warn_of_changes(ui, &project)?;
    }
    preflight::check_manifests(&project, observed.plan.packages.iter().map(|planned| &planned.name))?;
    preflight::check_directories(&project, &observed.plan, options.ignore_scripts)?;
    if !observed.bumps.is_empty() {
        preflight::check_commit(&project)?;
    }
    if options.finish.push {
        preflight::warn_of_no_remote(ui, &project);
    }
    let ready = checks::check_finish(ui, &project, &observed, &options)?;
    if options.dry_run {
        let plan = dry_run::run(ui, &project, &observed, options.ignore_scripts)?;
        return Ok(Flow { plan, report: None, change_files_left: !project.change_files.is_empty() });
    }
    // Held from here on, so that no other run of this clone carries out what is planned here.
    let mut folder = StateFolder::open(&options.state).map_err(explain::state_folder)?;
    let _lock = folder.lock().map_err(explain::state_folder)?;
    if PastUploads::read(&options.state) != past_uploads {
        return Err(checks::another_run_was_faster());
    }
    if !options.yes {
        if !ui.confirm(&checks::question(&observed.plan))? {
            return Err(CliError::new(ErrorKind::Interrupted, "nothing was done").hint("the plan was not confirmed"));
        }
        // Whoever was asked may have taken an hour, in which the world went on.
        let now = stop.or(patiently(ui, observe(&project, &session, &learnt, options.intent))).await?;
        checks::refuse_change(&observed, &now.map_err(explain::observe)?)?;
    }
    stop.check()?;
    let secret_variables = checks::declared_variables(&project);
    let names: Vec<PackageName> = observed.plan.packages.iter().map(|planned| planned.name.clone()).collect();
    let limit = project.config.publish.visibility_timeout.0;
    let display = Arc::new(Display::new(ui.clone(), Arc::new(WallClock), limit));
    for planned in observed.plan.packages.iter().filter(|planned| planned.sitting.is_some()) {
        display.needs_person(&planned.name);
    }
    let events = events(&options, &display)?;
    let told = |fact: Fact| events.emit(fact).map_err(|error| CliError::of(ErrorKind::User, &error));
    told(options.started(&observed.plan, names.clone()))?;
    let owed_work = find_owed_work()?;
    owed_work.record(&events).map_err(|error| CliError::of(ErrorKind::User, &error))?;
    let (plan, chosen, bumps) = (observed.plan.clone(), observed.chosen.clone(), observed.bumps.clone());
    let scriptless_before = observed.scriptless_before.clone();
    let agreed = AgreedSettings::of(&project, &session, &plan);
    drop(observed);
    // Before any script of the repository runs, no credential is left in memory. Without scripts the session stays, and its
    // connections with it.
    let runs_scripts =
        !options.ignore_scripts && has_scripts(names.iter().filter_map(|name| project.workspace.package(name)));
    let session = (!runs_scripts).then_some(session);
    if runs_scripts {
        struck_out::forget_all();
    }

    let mut unpublished = None;
    let project = if bumps.is_empty() {
        project
    } else {
        told(Fact::PhaseStarted { phase: Phase::Version })?;
        let commit = write_and_commit(ui, &project, &plan, &bumps, &options.state, &told)?;
        unpublished =
            Some(options.command).filter(|command| *command != "rehearse").map(|_| checks::way_on(commit.as_deref()));
        open(root, options.concurrency)?
    };
    let stopped = |error: CliError| match &unpublished {
        Some(way_on) => error.hint(way_on),
        None => error,
    };

    told(Fact::PhaseStarted { phase: Phase::Pack })?;
    let freeze_options = FreezeOptions {
        ignore_scripts: options.ignore_scripts,
        environment: std::env::vars_os().collect(),
        secret_variables,
        scriptless_before,
        stop: stop.flag(),
        packed_ahead,
    };
    let tarballs = freeze(&project, &plan, &freeze_options, &events).map_err(|e| stopped(explain::freeze(e)))?;
    if let Some(saved) = &options.saved {
        saved_digests::refuse_others(saved, &tarballs).map_err(stopped)?;
    }
    stop.check().map_err(stopped)?;
    preflight::warn_of_unmatched_entries(ui, tarballs.iter().map(|(name, tarball)| (name, unmatched_entries(tarball))));
    preflight::warn_of_concerns(ui, tarballs.iter().map(|(name, tarball)| (name, concerns(tarball))));

    let session = match session {
        Some(session) => session,
        None => checks::session_as_agreed(&project, make_session, &agreed, &plan).map_err(stopped)?,
    };
    let observed = with_credentials(&project, &session, plan, chosen, bumps);
    let head = match &project.repository {
        Some(repository) => repository.head().map_err(explain::git)?,
        None => Head { commit: None, branch: None },
    };
    let prepared_uploads = prepared_uploads(&observed, &tarballs, head.commit.as_deref()).map_err(explain::publish)?;
    let members = names.iter().cloned().collect();
    let jobs =
        jobs(&observed.plan, &project.graph.chain_lengths(&members), &prepared_uploads, &project.config, &past_uploads);
    told(Fact::PhaseStarted { phase: Phase::Publish })?;
    let context = DriverContext {
        prepared_uploads: &prepared_uploads,
        registry: &session.client,
        person,
        events: &events,
        reads_max: reads_max(project.config.publish.concurrency),
        otp: session.otp.clone(),
    };
    let published =
        publish(&observed.plan, jobs, &context, &session, &project.config, &mut learnt, stop.messages()).await;
    let mut report = match published {
        Ok(report) => report,
        Err(error) => {
            display.clear();
            return Err(explain::publish(error));
        }
    };
    if let Err(error) = learnt.write(&options.state) {
        ui.warning(format!("what this run learnt can't be kept: {error}"));
    }
    told(Fact::PhaseStarted { phase: Phase::Finish })?;
    let end = Finish { options: options.finish, head, ready: &ready, owed_work: &owed_work };
    finish(&project, &mut report, &end, &events).map_err(|error| CliError::of(ErrorKind::User, &error))?;
    emit_end(&report, &events).map_err(|error| CliError::of(ErrorKind::User, &error))?;
    display.clear();
    let change_files_left = !project.change_files.is_empty();
    Ok(Flow { plan: observed.plan, report: Some(report), change_files_left })
}

/// The stream of events with its readers: the journal, the log file, the display. Not for dry runs, which leave no trace.
fn events(options: &FlowOptions, display: &Arc<Display>) -> Result<Emitter, CliError> {
    let mut events = Emitter::new(Arc::new(WallClock));
    events.subscribe(Arc::new(Journal::open(&options.state).map_err(|error| CliError::of(ErrorKind::User, &error))?));
    if let Some(path) = &options.log_file {
        events.subscribe(Arc::new(LogFile::create(path)?));
    }
    events.subscribe(Arc::clone(display) as Arc<dyn Subscriber>);
    Ok(events)
}

/// Makes up for what earlier runs owe, where nothing else is to be done.
fn pay(
    ui: &Ui,
    project: &Project,
    owed_work: &OwedWork,
    options: &FlowOptions,
    plan: &ReleasePlan,
) -> Result<(), CliError> {
    let limit = project.config.publish.visibility_timeout.0;
    let display = Arc::new(Display::new(ui.clone(), Arc::new(WallClock), limit));
    let events = events(options, &display)?;
    let failed = |error: NotRecorded| CliError::of(ErrorKind::User, &error);
    events.emit(options.started(plan, Vec::new())).map_err(failed)?;
    owed_work.record(&events).map_err(failed)?;
    let Some(repository) = project.repository.as_ref().filter(|_| owed_work.wants_push()) else { return Ok(()) };
    let head = repository.head().map_err(explain::git)?;
    let pushed = push(repository, &head, owed_work.branch, owed_work.tags.iter().cloned(), &events);
    display.clear();
    pushed.map(drop).map_err(|error| {
        CliError::of(ErrorKind::User, &error)
            .context("what an earlier run released is published and not pushed yet")
            .code("relay::git::push")
    })
}

/// The version step, and its commit where there is a repository.
fn write_and_commit(
    ui: &Ui,
    project: &Project,
    plan: &ReleasePlan,
    bumps: &BumpPlan,
    state: &Utf8Path,
    told: &dyn Fn(Fact) -> Result<(), CliError>,
) -> Result<Option<String>, CliError> {
    let message = project.repository.is_some().then(|| checks::commit_message(project, plan, bumps));
    let written = write_versions(project, bumps, state, message.clone()).map_err(explain::version)?;
    told(Fact::VersionsWritten { packages: written.packages, files: written.files.len() })?;
    for note in &written.notes {
        ui.warning(note);
    }
    let files = written.files.iter().map(Utf8PathBuf::as_path);
    let commit = commit_versions(project, state, files, message.as_deref()).map_err(explain::commit_versions)?;
    if let Some(commit) = &commit {
        told(Fact::Committed { commit: commit.clone() })?;
    }
    Ok(commit)
}

/// Says now and then that something is still waited for.
#[expect(clippy::disallowed_methods, reason = "a reminder comes at an interval")]
pub(crate) async fn patiently<T>(ui: &Ui, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(REMINDER_INTERVAL) => ui.status("still waiting for the registry's answers ..."),
        }
    }
}

/// Opens the project; a flag on the command line wins over `relay.toml`.
pub(crate) fn open(root: &Utf8Path, concurrency: Option<usize>) -> Result<Project, CliError> {
    let mut project = Project::open(root).map_err(explain::project)?;
    if let Some(concurrency) = concurrency {
        project.config.publish.concurrency = concurrency;
    }
    project.packing = npm_choice::pack_choices(&project.workspace, &project.config);
    Ok(project)
}

/// The plan stays what it is; only credentials and destinations are looked up again, after the scripts.
fn with_credentials(
    project: &Project,
    session: &Session,
    plan: ReleasePlan,
    chosen: BTreeMap<PackageName, CredentialId>,
    bumps: BumpPlan,
) -> Observed {
    let mut credentials = BTreeMap::new();
    let mut destinations = BTreeMap::new();
    for planned in &plan.packages {
        let registry = &planned.registry;
        credentials.insert(planned.name.clone(), session.credentials(&planned.name, registry, &project.config));
        destinations.insert(planned.name.clone(), session.destination(registry, &project.config));
    }
    Observed {
        plan,
        chosen,
        bumps,
        change_findings: Vec::new(),
        credentials,
        destinations,
        live: Vec::new(),
        scriptless_before: BTreeMap::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
        requests: 0,
    }
}

/// Prints the plan as a person reads it.
pub(crate) fn show_plan(ui: &Ui, plan: &ReleasePlan) {
    let style = relay_plan::TextStyle {
        width: ui.settings().width.min(120),
        colour: ui.settings().message_colour,
        cuts: ui.settings().message_terminal,
    };
    ui.status(relay_plan::render_text(plan, style).trim_end());
    ui.status("");
}
