//! The way of a release, shared by `release`, `publish`, `resume` and `rehearse`: observe, show, ask, version, pack,
//! publish, finish, report.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use relay_engine::driver::{Outfit, Person};
use relay_engine::event::{Emitter, Fact, Phase};
use relay_engine::finish::{FinishOptions, finish, make_owed_tags};
use relay_engine::freeze::{FreezeOptions, freeze};
use relay_engine::head_start::{HeadStart, has_scripts};
use relay_engine::journal::{Journal, Recollection};
use relay_engine::learnt::Learnt;
use relay_engine::observe::{Intent, Observed, observe};
use relay_engine::project::Project;
use relay_engine::publish::{emit_end, jobs, publish, reads_max, shipments};
use relay_engine::report::RunReport;
use relay_engine::session::Session;
use relay_engine::state_folder::StateFolder;
use relay_engine::versioning::{commit_versions, write_versions};
use relay_plan::{ReleasePlan, Severity};
use relay_workspace::PackageName;
use tokio::sync::mpsc;

use crate::display::Display;
use crate::dry_run;
use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::github;
use crate::interrupted;
use crate::log_file::LogFile;
use crate::preflight;
use crate::saved_bytes;
use crate::ui::Ui;
use crate::wall_clock::WallClock;

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

/// What a flow came to.
pub(crate) struct Flow {
    /// The plan.
    pub(crate) plan: ReleasePlan,
    /// What became of it; `None` where nothing was to be done or only a dry run was wanted.
    pub(crate) report: Option<RunReport>,
}

/// Makes sessions: one to plan and publish with; where scripts run in between, another one after them, so that no credential
/// is in memory while they run (invariant S3).
pub(crate) type SessionMaker<'a> = &'a (dyn Fn(&Project) -> Result<Session, CliError> + Sync);

/// Runs a release in the repository around `root`.
pub(crate) async fn run<P: Person>(
    ui: &Ui,
    root: &Utf8Path,
    make_session: SessionMaker<'_>,
    person: &P,
    options: FlowOptions,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<Flow, CliError> {
    let mut project = open(root, options.concurrency)?;
    if options.dry_run {
        interrupted::warn(ui, &project, &options.state)?;
    } else if interrupted::finish(ui, &project, &options.state)? {
        project = open(root, options.concurrency)?;
    }
    let mut learnt = Learnt::read(&options.state);
    let session = make_session(&project)?;
    // Nothing may change a file between this packing and the upload: no version step, no time that a person takes.
    let head_start = (options.intent == Intent::Publish && options.yes && !options.dry_run)
        .then(|| HeadStart::begin(&project.workspace, options.ignore_scripts))
        .flatten();
    let mut observed = observe(&project, &session, &learnt, options.intent).await.map_err(explain::observe)?;
    let packed_ahead = head_start.map(HeadStart::end).unwrap_or_default();
    for warning in &observed.warnings {
        ui.warning(warning);
    }
    if let Some(saved) = options.saved.as_ref().filter(|saved| saved_bytes::has_any(saved)) {
        saved_bytes::foresee(&project, &mut observed, saved)?;
    }
    refuse_drift(options.saved.as_ref(), &observed)?;
    if options.show_plan {
        show_plan(ui, &observed.plan);
    }
    github::annotate_findings(&observed.plan, Severity::Warning, ui);
    if !options.dry_run && options.finish.tags {
        pay_owed_tags(ui, &project, &observed, &options.state)?;
    }
    if observed.plan.is_empty() {
        if options.intent == Intent::Release {
            ui.hint(format!("nothing to release: {}", preflight::why_nothing(&project, &observed.bumps)));
        }
        return Ok(Flow { plan: observed.plan, report: None });
    }
    if observed.plan.has_errors() {
        return Err(explain::findings(&observed.plan));
    }
    check_tree(&project, options.intent)?;
    if options.intent == Intent::Publish {
        preflight::warn_of_changes(ui, &project)?;
    }
    preflight::check_manifests(&project, observed.plan.packages.iter().map(|planned| &planned.name))?;
    if !observed.bumps.bumps.is_empty() {
        preflight::check_commit(&project)?;
    }
    if options.finish.push {
        preflight::warn_of_no_remote(ui, &project);
    }
    if options.dry_run {
        let plan = dry_run::run(ui, &project, &observed, options.ignore_scripts)?;
        return Ok(Flow { plan, report: None });
    }
    if !options.yes && !ui.confirm(&question(&observed.plan))? {
        return Err(CliError::new(ErrorKind::Interrupted, "nothing was done").hint("the plan was not confirmed"));
    }
    let secret_variables = declared_variables(&project);
    let plan = observed.plan.clone();
    let bumps = observed.bumps.clone();
    let scriptless_before = observed.scriptless_before.clone();
    let names: Vec<PackageName> = plan.packages.iter().map(|planned| planned.name.clone()).collect();
    drop(observed);
    // Before any script of the repository runs, no credential is left in memory. Without scripts the session stays, and its
    // connections with it.
    let runs_scripts =
        !options.ignore_scripts && has_scripts(names.iter().filter_map(|name| project.workspace.package(name)));
    let session = (!runs_scripts).then_some(session);

    let mut folder = StateFolder::open(&options.state).map_err(explain::state_folder)?;
    let state = folder.path().to_owned();
    let _lock = folder.lock().map_err(explain::state_folder)?;
    let recollection = Recollection::read(&state);
    let display = Arc::new(Display::new(ui.clone()));
    let mut events = Emitter::new(Arc::new(WallClock));
    events.subscribe(Arc::new(Journal::open(&state).map_err(|error| CliError::of(ErrorKind::User, &error))?));
    if let Some(path) = &options.log_file {
        events.subscribe(Arc::new(LogFile::create(path)?));
    }
    events.subscribe(Arc::clone(&display) as Arc<dyn relay_engine::event::Subscriber>);
    let told = |fact: Fact| events.emit(fact).map_err(|error| CliError::of(ErrorKind::User, &error));
    told(Fact::RunStarted { command: options.command.to_owned(), plan: plan.id.clone(), packages: names.clone() })?;

    let mut unpublished = None;
    let project = if bumps.bumps.is_empty() {
        project
    } else {
        told(Fact::PhaseStarted { phase: Phase::Version })?;
        let message = project.repository.is_some().then(|| commit_message(&project, &plan));
        let written = write_versions(&project, &bumps, &state, message.clone()).map_err(explain::version)?;
        told(Fact::VersionsWritten { packages: written.packages, files: written.files.len() })?;
        for note in &written.notes {
            ui.warning(note);
        }
        let files = written.files.iter().map(Utf8PathBuf::as_path);
        let commit = commit_versions(&project, &state, files, message.as_deref()).map_err(explain::commit_versions)?;
        if let Some(commit) = &commit {
            told(Fact::Committed { commit: commit.clone() })?;
        }
        unpublished = Some(options.command).filter(|command| *command != "rehearse").map(|_| way_on(commit.as_deref()));
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
        packed_ahead,
    };
    let tarballs = freeze(&project, &names, &freeze_options, &events).map_err(|e| stopped(explain::freeze(e)))?;
    if let Some(saved) = &options.saved {
        saved_bytes::refuse_others(saved, &tarballs).map_err(stopped)?;
    }

    let session = match session {
        Some(session) => session,
        None => make_session(&project)?,
    };
    let observed = with_credentials(&project, &session, plan, bumps)?;
    let head = match &project.repository {
        Some(repository) => repository.head().map_err(explain::git)?.commit,
        None => None,
    };
    let shipments = shipments(&observed, &tarballs, head.as_deref()).map_err(explain::publish)?;
    let members = names.iter().cloned().collect();
    let jobs = jobs(&observed.plan, &project.graph.chain_lengths(&members), &shipments, &project.config, &recollection);
    told(Fact::PhaseStarted { phase: Phase::Publish })?;
    let outfit = Outfit {
        shipments: &shipments,
        uplink: &session.client,
        person,
        events: &events,
        reads_max: reads_max(project.config.publish.concurrency),
        otp: session.otp.clone(),
    };
    let published = publish(&observed.plan, jobs, &outfit, &session, &project.config, &mut learnt, interrupts).await;
    let mut report = match published {
        Ok(report) => report,
        Err(error) => {
            display.clear();
            return Err(explain::publish(error));
        }
    };
    if let Err(error) = learnt.write(&state) {
        ui.warning(format!("what this run learnt can't be kept: {error}"));
    }
    told(Fact::PhaseStarted { phase: Phase::Finish })?;
    finish(&project, &mut report, options.finish, &events).map_err(|error| CliError::of(ErrorKind::User, &error))?;
    emit_end(&report, &events).map_err(|error| CliError::of(ErrorKind::User, &error))?;
    display.clear();
    Ok(Flow { plan: observed.plan, report: Some(report) })
}

/// Versions that an earlier run uploaded may have become live after it had ended: their tags are made up for.
fn pay_owed_tags(ui: &Ui, project: &Project, observed: &Observed, state: &Utf8Path) -> Result<(), CliError> {
    let made = make_owed_tags(project, &observed.live, &Recollection::read(state)).map_err(explain::git)?;
    if !made.is_empty() {
        ui.status(format!("Tagged what went live since the last run: {}", made.join(", ")));
    }
    Ok(())
}

/// Opens the project; a flag on the command line wins over `relay.toml`.
pub(crate) fn open(root: &Utf8Path, concurrency: Option<usize>) -> Result<Project, CliError> {
    let mut project = Project::open(root).map_err(explain::project)?;
    if let Some(concurrency) = concurrency {
        project.config.publish.concurrency = concurrency;
    }
    Ok(project)
}

/// The plan stays what it is; only credentials and destinations are looked up again, after the scripts.
fn with_credentials(
    project: &Project,
    session: &Session,
    plan: ReleasePlan,
    bumps: relay_change::BumpPlan,
) -> Result<Observed, CliError> {
    let mut credentials = BTreeMap::new();
    let mut destinations = BTreeMap::new();
    for planned in &plan.packages {
        let registry = relay_registry::RegistryUrl::parse(&planned.registry)
            .map_err(|error| CliError::of(ErrorKind::Internal, &error))?;
        credentials.insert(planned.name.clone(), session.credentials(&planned.name, &registry, &project.config));
        destinations.insert(planned.name.clone(), session.destination(&registry, &project.config));
    }
    Ok(Observed {
        plan,
        bumps,
        credentials,
        destinations,
        live: Vec::new(),
        scriptless_before: BTreeMap::new(),
        warnings: Vec::new(),
        requests: 0,
    })
}

/// Prints the plan as a person reads it.
pub(crate) fn show_plan(ui: &Ui, plan: &ReleasePlan) {
    let style = relay_plan::TextStyle { width: ui.settings().width.min(120), colour: ui.settings().message_colour };
    ui.status(relay_plan::render_text(plan, style).trim_end());
    ui.status("");
}

fn question(plan: &ReleasePlan) -> String {
    let packages = crate::ui::plural(plan.packages.len(), "package");
    match plan.humans.challenges {
        0 => format!("Publish {packages}?"),
        1 => format!("Publish {packages}? You will be asked for a second factor once."),
        number => format!("Publish {packages}? You will be asked for a second factor up to {number} times."),
    }
}

fn commit_message(project: &Project, plan: &ReleasePlan) -> String {
    use std::fmt::Write as _;
    let mut message = project.config.release.commit_message.clone();
    message.push_str("\n\n");
    for planned in &plan.packages {
        let _ = writeln!(message, "- {}@{}", planned.name, planned.next);
    }
    message
}

fn refuse_drift(saved: Option<&ReleasePlan>, observed: &Observed) -> Result<(), CliError> {
    let Some(saved) = saved else { return Ok(()) };
    let drift = relay_plan::drift(saved, &observed.plan);
    if drift.is_empty() {
        return Ok(());
    }
    let mut error = CliError::user("what was observed has drifted from the saved plan; nothing was done")
        .code("relay::plan::drift")
        .hint("make a new plan with `relay plan --out FILE` and have it reviewed");
    for difference in drift {
        error = error.cause(difference.to_string());
    }
    Err(error)
}

/// A release commits, so the tree must be clean and on a branch that may be released from.
fn check_tree(project: &Project, intent: Intent) -> Result<(), CliError> {
    let Some(repository) = &project.repository else {
        return match intent {
            Intent::Release => Err(CliError::user("this is no git repository, so a release can't be committed")
                .hint("run `git init` and commit, or publish the versions as they are with `relay publish`")
                .code("relay::git::no_repository")),
            Intent::Publish => Ok(()),
        };
    };
    let head = repository.head().map_err(explain::git)?;
    if intent == Intent::Release {
        let dirty = repository.uncommitted().map_err(explain::git)?;
        if !dirty.is_empty() {
            let mut error = CliError::user(format!(
                "the working tree has {}",
                crate::ui::plural(dirty.len(), "uncommitted change")
            ))
            .hint("commit or stash them, then run relay again")
            .code("relay::git::dirty");
            for path in dirty.iter().take(5) {
                error = error.cause(path.clone());
            }
            return Err(error);
        }
        if head.branch.is_none() {
            return Err(CliError::user("HEAD is detached, so the release commit would belong to no branch")
                .hint("check out a branch: `git switch main`")
                .code("relay::git::detached"));
        }
    }
    if let (Some(wanted), Some(branch)) = (&project.config.release.branch, &head.branch)
        && wanted != branch
    {
        return Err(CliError::user(format!("releases are made from `{wanted}`, and this is `{branch}`"))
            .hint(format!("check out `{wanted}`, or change `release.branch` in relay.toml"))
            .code("relay::git::branch"));
    }
    Ok(())
}

fn declared_variables(project: &Project) -> Vec<String> {
    project.config.credential.iter().filter_map(|credential| credential.env.clone()).collect()
}

/// What can be done where the new versions are written and their tarballs can't be sent.
fn way_on(commit: Option<&str>) -> String {
    match commit {
        Some(commit) => format!(
            "the new versions are committed ({}) and not published: put it right, commit, and run the same command again; or \
             take the commit back with `git reset --keep HEAD~1`",
            commit.get(..10).unwrap_or(commit)
        ),
        None => {
            "the new versions are written and not published: put it right and run the same command again".to_owned()
        }
    }
}
